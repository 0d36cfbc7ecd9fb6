#!/usr/bin/env python3
"""The clients of a soak: honest ones that check each answer, and faulty ones, on THREADS threads until stdin ends.

    soak_clients.py HOST:PORT SEED THREADS

Each outcome that the fault does not allow is one JSON line on stdout; the last line is the count of every (client, fault of the app, outcome).
"""
import json
import random
import socket
import sys
import threading
import time
from collections import Counter

from soak_app import pattern
from wire import LAST_CHUNK, Client, Late, chunk, request_bytes

ANSWER_MAX = 15  # s: no deadline of the sidecar, nor two of them together, lasts so long
BUSY = {"503", "404", "405"}  # shed; or the app is users-service, which knows none of these paths
# what an honest client may get of each fault of the app, beside BUSY
HONEST = {
    **dict.fromkeys(("ok", "chunked", "interim", "slow", "closing", "idle", "unframed", "extra", "tunnel"), {"200"}),
    "early": {"200", "502", "cut200"}, "e500": {"500"}, "reset_before": {"502"}, "reset_head": {"502"},
    "reset_content": {"cut200", "502"}, "cut_content": {"cut200", "502"}, "cut_chunked": {"cut200", "502"}, "bad_chunk": {"cut200", "502"},
    "stall_before": {"504"}, "stall_head": {"504"}, "stall_content": {"cut200", "504"}, "garbage": {"502"}, "big_head": {"502"}}
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
# heads (behind the request line) and content of requests that must be refused
LAST = b"0\r\n\r\n" + SMUGGLED
SMUGGLING = [
    (b"Content-Length: 4\r\nTransfer-Encoding: chunked", LAST), (b"Transfer-Encoding: chunked\r\nContent-Length: 4", LAST),
    (b"Content-Length: 0\r\nContent-Length: 35", SMUGGLED), (b"Content-Length: +0", SMUGGLED), (b"Content-Length: 0, 35", SMUGGLED),
    (b"Content-Length: 0x0", SMUGGLED), (b"Transfer-Encoding : chunked", LAST), (b"Transfer-Encoding: xchunked", LAST),
    (b"Transfer-Encoding: chunked, identity", LAST), (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", LAST),
    (b"X: 1\r\n Transfer-Encoding: chunked", LAST), (b"X: 1\nTransfer-Encoding: chunked", LAST),
    (b"Transfer-Encoding: chunked", b"0x0\r\n\r\n" + SMUGGLED), (b"Transfer-Encoding: chunked", b"5\r\nabcdefgh0\r\n\r\n" + SMUGGLED),
    (b"Transfer-Encoding: chunked", b"0\n\r\n" + SMUGGLED), (b"Transfer-Encoding: \x0bchunked", LAST), (b"X: a\0b", SMUGGLED)]


class Visitor(threading.Thread):
    def __init__(self, address, seed, crew):
        super().__init__(daemon=True)
        self.address, self.rng, self.crew, self.client = address, random.Random(seed), crew, None
        self.past = []  # what this connection carried

    def run(self):
        while not self.crew.over.is_set():
            self.turn()
        self.leave()

    def turn(self):
        kind = self.rng.choices(KINDS, WEIGHTS)[0]
        started, past = time.time(), self.past[-3:] if self.client else []
        try:
            app, outcome, allowed = kind(self)
        except (Late, AssertionError, ValueError) as odd:
            app, outcome, allowed = "any", f"{type(odd).__name__}: {str(odd)[:300]}", ()
        except OSError:  # refused, or reset while it connects
            app, outcome, allowed = "any", "no connection", {"no connection"}
            time.sleep(0.05)
        if outcome not in allowed:
            self.leave()
        self.past = [*past, f"{kind.__name__} {app} {outcome}"]
        self.crew.note(kind.__name__, app, outcome, outcome in allowed, started, past)

    # --- parts

    def fresh(self, **options):
        self.leave()
        self.client = Client(self.address, **options)
        return self.client

    def kept(self):
        return self.client or self.fresh()

    def leave(self, abort=False):
        if self.client:
            self.client.abort() if abort else self.client.close()
            self.client = None

    def fault(self, honest=0.4):
        """What the app is asked to do: nothing in particular for `honest` of the requests."""
        return "ok" if self.rng.random() < honest else self.rng.choice(FAULTS)

    def head(self, label, app, method="GET", extra="", count=None):
        self.token = f"{self.rng.getrandbits(64):x}"
        self.count = self.rng.choice([2, 2, 100, 3000, 100000]) if count is None else count
        return f"{method} /s/{label}/{app}?t={self.token}&n={self.count} HTTP/1.1\r\nHost: a\r\n{extra}\r\n".encode()

    def read(self, method="GET", content=b"", token=None, count=None, app="ok"):
        """The outcome of an exchange: a status, `cut` before it when it is not whole, `closed` without one. Checks whose answer it is."""
        client, token = self.client, (token or self.token).encode()
        response = client.response(method, ANSWER_MAX)
        if response is None:
            self.leave()
            return "closed"
        if not response.complete or "close" in response.fields.tokens("connection"):
            self.leave()
        if b"SECRET" in response.content:
            raise ValueError("the app's own error text")
        mine = response.header("x-token")
        if mine is not None and mine.encode() != token:
            raise ValueError(f"the answer of another: {mine} instead of {token}")
        if mine and response.status == 200 and method != "HEAD":
            whole = content or pattern(token, self.count if count is None else count)
            whole = whole[:3000] if app == "extra" else whole
            if response.content != b"early" and not (response.content == whole if response.complete else whole.startswith(response.content)):
                if response.complete or len(whole) > 50000 or not pattern(token, 50000).startswith(response.content):
                    raise ValueError(f"{len(response.content)} bytes, complete={response.complete}, are not the answer: {response.content[:100]!r}")
        return str(response.status) if response.complete else f"cut{response.status}"

    # --- honest clients

    def honest(self, label, method="GET", content=b"", framing="", pieces=None, app=None, client=None):
        app = app or self.fault()
        client = client or self.kept()
        data = self.head(label, app, method, framing) + (content if pieces is None else pieces)
        client.send(data)
        return app, self.read(method, content, app=app), HONEST[app] | BUSY

    def get(self):
        return self.honest("get")

    def head_only(self):
        return self.honest("head", "HEAD", app=self.rng.choice(["ok", "chunked", "e500", "slow", "interim", "reset_before", "garbage"]))

    def post(self):
        content = self.rng.randbytes(self.rng.choice([1, 50, 3000, 20000]))
        return self.honest("post", "POST", content, f"Content-Length: {len(content)}\r\n")

    def post_chunked(self):
        content, pieces, at = self.rng.randbytes(self.rng.choice([1, 50, 3000, 20000])), bytearray(), 0
        while at < len(content):
            piece = content[at:at + self.rng.choice([1, 10, 1000, 20000])]
            pieces += chunk(piece)
            at += len(piece)
        pieces += self.rng.choice([LAST_CHUNK, b"0\r\nX-T: 1\r\n\r\n"])
        return self.honest("chunked", "POST", content, "Transfer-Encoding: chunked\r\n", bytes(pieces))

    def tiny(self):
        """Reads byte by byte, nearly."""
        client = self.fresh(receive_buffer=2048)
        client.send(self.head("tiny", "ok", extra="Connection: close\r\n", count=3000))
        deadline = time.monotonic() + ANSWER_MAX
        while time.monotonic() < deadline:
            client.sock.settimeout(ANSWER_MAX)
            data = client.sock.recv(self.rng.choice([1, 5, 50]))
            if not data:
                break
            client.buffer += data
        return "ok", self.read(), HONEST["ok"] | BUSY

    def trickle(self):
        content = self.rng.randbytes(200)
        data, client, at = self.head("trickle", "ok", "POST", f"Content-Length: {len(content)}\r\n") + content, self.fresh(), 0
        while at < len(data):
            size = self.rng.choice([1, 20, 100])
            client.send(data[at:at + size])
            at += size
            time.sleep(self.rng.uniform(0, 0.02))
        return "ok", self.read("POST", content), HONEST["ok"] | BUSY

    def pipeline(self):
        """Several requests in one send; each answer must be the next one's."""
        client, requests, app = self.fresh(), [], self.rng.choice(["ok", "ok", "chunked", "interim", "closing", "extra"])
        data = b""
        for _ in range(self.rng.randrange(2, 16)):
            data += self.head("pipeline", app, count=self.rng.choice([2, 3000]))
            requests.append((self.token, self.count))
        client.send(data)
        outcomes = []
        for token, count in requests:
            outcomes.append(self.read(token=token, count=count, app=app))
            if not self.client:
                break
        return app, min(outcomes, key=lambda outcome: outcome in HONEST[app] | BUSY), HONEST[app] | BUSY

    def expect(self):
        client, content, app = self.fresh(), self.rng.randbytes(3000), self.fault(0.7)
        client.send(self.head("expect", app, "POST", f"Expect: 100-continue\r\nContent-Length: {len(content)}\r\n"))
        first = client.head(time.monotonic() + ANSWER_MAX)
        if first is None or first.status != 100:
            client.content_of(first, "POST", time.monotonic() + ANSWER_MAX) if first else None
            self.leave()
            return app, "closed" if first is None else f"{first.status}", HONEST[app] | BUSY | {"102", "103"}
        client.send(content)
        return app, self.read("POST", content, app=app), HONEST[app] | BUSY

    def api(self):
        """Paths of users-service; the other app answers them 200."""
        client, name = self.kept(), f"u{self.rng.getrandbits(40):x}"
        user = f'{{"name":"{name}","email":"{name}@example.com"}}'.encode()
        method, path, content = self.rng.choice([("POST", "/users", user), ("GET", f"/users/{self.rng.randrange(99)}", b""), ("GET", "/leak", b""),
                                                 ("GET", "/boom", b""), ("POST", "/echo", user)])
        client.send(request_bytes(method, path, {"Content-Type": "application/json"}, content))
        self.token, self.count = "none", 0
        return "ok", self.read(method), {"200", "201", "400", "404", "409", "422", "500", "503"}

    # --- faulty clients: each on a connection of its own, which may have carried an honest request before

    def faulty(self):
        client = self.fresh()
        if self.rng.random() < 0.3:
            client.send(self.head("get", "ok"))
            self.read()
        return self.client or self.fresh()

    def gone(self, label, app, abort=None):
        """The client goes away without reading on."""
        self.leave(self.rng.random() < 0.7 if abort is None else abort)
        return app, "left", {"left"}

    def rst_upload(self):
        client, app = self.faulty(), self.fault(0.6)
        framing, data = self.rng.choice([("Content-Length: 50000\r\n", b"x" * 20000),
                                         ("Transfer-Encoding: chunked\r\n", chunk(b"x" * 9000) + b"ff\r\nab")])
        client.send(self.head("rst_upload", app, "POST", framing) + data[:self.rng.randrange(len(data))])
        time.sleep(self.rng.uniform(0, 0.02))
        return self.gone("rst_upload", app)

    def rst_response(self):
        client, app = self.faulty(), self.rng.choice(["ok", "chunked", "slow", "unframed", "stall_content"])
        client.send(self.head("rst_response", app, count=self.rng.choice([100, 300000, 3000000])))
        if self.rng.random() < 0.7:
            client.fill(time.monotonic() + ANSWER_MAX)
        return self.gone("rst_response", app)

    def rst_pipeline(self):
        client = self.faulty()
        client.send(b"".join(self.head("rst_pipeline", "ok") for _ in range(self.rng.randrange(2, 30))))
        time.sleep(self.rng.uniform(0, 0.01))
        return self.gone("rst_pipeline", "ok")

    def half_close(self):
        client, app = self.faulty(), self.fault(0.6)
        client.send(self.head("half_close", app))
        client.half_close()
        outcome = self.read(app=app)
        self.leave()
        return app, outcome, HONEST[app] | BUSY | {"closed", "cut200"}

    def cut_head(self):
        client = self.faulty()
        data = self.head("cut_head", "ok")
        client.send(data[:self.rng.randrange(len(data) - 1)])
        time.sleep(self.rng.uniform(0, 0.01))
        return self.gone("cut_head", "ok")

    def stall_head(self):
        client = self.faulty()
        data = self.head("stall_head", "ok")
        client.send(data[:self.rng.randrange(1, len(data) - 1)])
        return "ok", self.read(), {"408"}

    def stall_body(self):
        client = self.faulty()
        client.send(self.head("stall_body", "ok", "POST", "Content-Length: 5000\r\n") + b"x" * self.rng.randrange(5000))
        return "ok", self.read("POST"), {"408", "404", "405", "503"}

    def stall_read(self):
        client = self.fresh(receive_buffer=4096)
        client.send(self.head("stall_read", "ok", count=8 << 20))
        self.crew.over.wait(self.rng.uniform(1, 5))
        return self.gone("stall_read", "ok")

    def garbage(self):
        client, data = self.faulty(), bytearray(self.rng.randbytes(self.rng.randrange(1, 3000)))
        if self.rng.random() < 0.5:  # a head with one byte changed, which may still be a request
            data = bytearray(self.head("garbage", "ok"))
            data[self.rng.randrange(len(data))] = self.rng.randrange(256)
        client.send(bytes(data) + b"\r\n\r\n")
        self.token, self.count = "none", 0
        client.half_close()
        client.wait_closed(ANSWER_MAX)
        self.leave()
        return "any", "closed", {"closed"}

    def smuggle(self):
        client = self.faulty()
        fields, content = self.rng.choice(SMUGGLING)
        target = self.head("smuggle", "ok").split(b"\r\n")[0].split(b" ")[1]
        client.send(b"POST " + target + b" HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n\r\n" + content)
        outcome = self.read("POST")
        if self.client and self.client.wait_closed(ANSWER_MAX):
            self.leave()
        return "ok", outcome if not self.client else f"{outcome} and open", {"400", "501", "404", "503"}

    def too_big(self):
        client, upload = self.faulty(), self.head("too_big", "ok", "POST", "Content-Length: 500000\r\n")
        streamed = self.head("too_big", "ok", "POST", "Transfer-Encoding: chunked\r\n") + chunk(b"x" * 400000)
        data, allowed = self.rng.choice([
            (upload, {"413"}), (streamed, {"413", "404", "503"}), (self.head("too_big", "ok", extra="X: " + "v" * 40000 + "\r\n"), {"431"}),
            (b"GET /" + b"u" * 20000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", {"414"})])
        client.send(data)
        outcome = self.read()
        self.leave()
        return "ok", outcome, allowed

    def expect_gone(self):
        client = self.faulty()
        client.send(self.head("expect_gone", "ok", "POST", "Expect: 100-continue\r\nContent-Length: 100\r\n"))
        if self.rng.random() < 0.5:
            client.head(time.monotonic() + ANSWER_MAX)
        return self.gone("expect_gone", "ok")

    def tunnel(self):
        client = self.faulty()
        client.send(self.head("tunnel", "tunnel", extra="Upgrade: websocket\r\nConnection: upgrade\r\n"))
        response = client.response(timeout=ANSWER_MAX)
        if response is None or response.status != 101:
            self.leave()
            return "tunnel", "closed" if response is None else f"{response.status}", BUSY | {"200"}
        for _ in range(self.rng.randrange(12)):
            message = self.rng.randbytes(self.rng.choice([1, 100, 5000]))
            if not client.send(message):
                break
            echoed, whole = client.read_exactly(len(message), time.monotonic() + ANSWER_MAX)
            if not message.startswith(echoed):
                raise ValueError("the tunnel changed bytes")
            if not whole:
                break
        ending = self.rng.randrange(4)
        if ending == 0:
            client.half_close()
        if ending == 1:  # quiet for longer than streamIdle
            self.crew.over.wait(self.rng.uniform(0, 4))
        self.leave(ending == 2)
        return "tunnel", "101", {"101"}


V = Visitor
MIX = {V.get: 30, V.head_only: 4, V.post: 14, V.post_chunked: 10, V.tiny: 1, V.trickle: 2, V.pipeline: 6, V.expect: 4, V.api: 8, V.rst_upload: 5,
       V.rst_response: 5, V.rst_pipeline: 3, V.half_close: 3, V.cut_head: 3, V.stall_head: 1, V.stall_body: 1, V.stall_read: 1, V.garbage: 4,
       V.smuggle: 6, V.too_big: 3, V.expect_gone: 2, V.tunnel: 3}
KINDS, WEIGHTS = list(MIX), list(MIX.values())
# stalls take seconds each: every other fault comes four times as often
FAULTS = [fault for fault in HONEST if fault != "tunnel" for _ in range(1 if fault.startswith("stall") else 4)]


class Crew:
    def __init__(self, address, seed, threads):
        self.over, self.lock, self.counts, self.told = threading.Event(), threading.Lock(), Counter(), 0
        self.visitors = [Visitor(address, f"{seed}-{number}", self) for number in range(threads)]

    def note(self, client, app, outcome, allowed, started, past):
        with self.lock:
            self.counts[f"{client} {app} {outcome if len(outcome) < 20 else 'broken'}"] += 1
            if not allowed and self.told < 10000:
                self.told += 1
                print(json.dumps({"client": client, "app": app, "outcome": outcome, "from": started, "to": time.time(), "past": past}), flush=True)


def main():
    host, _, port = sys.argv[1].rpartition(":")
    socket.setdefaulttimeout(ANSWER_MAX)
    crew = Crew((host, int(port)), sys.argv[2], int(sys.argv[3]))
    for visitor in crew.visitors:
        visitor.start()
    sys.stdin.read()  # ends when the soak ends
    crew.over.set()
    for visitor in crew.visitors:
        visitor.join(2 * ANSWER_MAX)
    late = sum(visitor.is_alive() for visitor in crew.visitors)
    print(json.dumps({"counts": crew.counts, "late": late}), flush=True)


if __name__ == "__main__":
    main()
