"""Abuse over real sockets, with honest clients meanwhile: their time, the process's memory, and that all is over afterwards."""
import random
import threading
import time

from abuse import MIB, Attacker, Honest, Meanwhile, allow_descriptors, endless_app, figures, gone, sanitized, storm
from support import case, until
from wire import LAST_CHUNK, Client, exactly, request_bytes

UNLIMITED_RATE = {"rateLimit": "mode: disabled, because: load"}
USERS = ("users-service",)


def with_users(t, **options):
    users = t.users()
    return users, t.sidecar(users, policies={**UNLIMITED_RATE, **options.pop("policies", {})}, **options)


@case("abuse: 10,000 idle connections cost at most 1.5 KiB each, and nobody else any time", alone=True, seconds=60, needs=USERS)
def _(t):
    slow = sanitized(t)
    count = 2000 if slow or t.quick else 10000
    if not allow_descriptors(count + 2000):
        t.skip(f"the descriptor limit is below {count + 2000}")
    users, sidecar = with_users(t, policies={"limits": f"connections: {count + 100}", "timeouts": "clientHeaders: 60s"})
    attack = storm(t, sidecar, keep=64)
    with Meanwhile(t, sidecar, users, growth=count * 1536 + 4 * MIB):
        for start in range(0, count, 100):  # every other one was used before: both kinds of idle
            for number in range(start, start + 100):
                attack.add(Attacker(request_bytes("GET", "/ok") if number % 2 else b""))
            attack.run(10, done=lambda end=start + 100: all(one.connected and (not number % 2 or one.received)
                                                            for number, one in enumerate(attack.attackers[end - 100:end], end - 100)))
        sidecar.wait_metric("holdfast_connections", count, at_least=True, timeout=10, side="downstream")
        attack.run(2)
        t.equal(sum(attacker.ended for attacker in attack.attackers), 0, "ended among the idle ones")
        attack.close()


@case("abuse: a flood of connections beyond the limit is refused, and who is connected is served", alone=True, seconds=60, needs=USERS)
def _(t):
    users, sidecar = with_users(t, policies={"limits": "connections: 200"})
    attack = storm(t, sidecar, keep=512)
    opened = 0
    with Meanwhile(t, sidecar, users, keep=True):
        until_then = time.monotonic() + (3 if t.quick else 6)
        while time.monotonic() < until_then:
            for _ in range(50):
                attack.add(Attacker(b"G"))
                opened += 1
            attack.run(0.02)
            most = sidecar.metrics().sum("holdfast_connections", side="downstream")
            t.check(most <= 200 + 32 + 1, f"open connections: {most}")
            for over in [one for one in attack.attackers if one.ended]:
                over.close()
            attack.attackers = [one for one in attack.attackers if not one.ended]
        t.check(opened > 600, f"connections tried: {opened}")
        refused = sidecar.metrics().sum("holdfast_connections_refused_total", outcome="enforced")
        t.check(refused > 100, f"refused: {refused} of {opened}")
        attack.close()


class Bomb(Attacker):
    """Sends `first`, then `again` for ever or `times` times, then `last`, and keeps the answer."""

    def __init__(self, first, again=b"", times=None, last=b"", most=64 * MIB):
        super().__init__(first)
        self.again, self.times, self.last, self.most = again, times, last, most

    def more(self):
        if self.sent > self.most or not self.again:
            return b""
        if self.times is None:
            return self.again
        self.times -= 1
        if self.times >= 0:
            return self.again
        last, self.last = self.last, b""
        return last


def bombed(t, users, sidecar, bombs, count=20, waves=6, taken=8 * MIB):
    """`bombs`: name → (what makes a bomb, statuses). `count` of each at once: each is answered with one of the statuses or cut, takes
    a bounded number of bytes, and ends."""
    with Meanwhile(t, sidecar, users):
        for what, (make, statuses) in list(bombs.items()) * waves:
            attack = storm(t, sidecar)
            for _ in range(count):
                attack.add(make())
            ended = attack.run(15, until_all_ended=True)
            t.check(ended, f"{what}: {sum(one.ended for one in attack.attackers)} of {count} have ended")
            got = [one.statuses() for one in attack.attackers]
            t.check(all(len(one) <= 1 for one in got), f"{what}: one answer each, got {got[:5]}")
            seen = {status for one in got for status in one}
            t.check(seen and seen <= set(statuses), f"{what}: statuses {sorted(seen)}")
            most = max(one.sent for one in attack.attackers)
            t.check(most <= taken, f"{what}: {most / MIB:.1f} MiB were taken from one")
            attack.close()


HEAD = b"GET /bomb HTTP/1.1\r\nHost: a\r\n"


@case("abuse: header bombs end in 431 or 400 after a bounded number of bytes", alone=True, seconds=60, needs=USERS)
def _(t):
    users, sidecar = with_users(t)
    fields = b"".join(b"X-%d: 1\r\n" % number for number in range(5000))
    bombed(t, users, sidecar, {
        "5,000 fields": (lambda: Bomb(HEAD + fields + b"\r\n"), (431,)),
        "one giant field": (lambda: Bomb(HEAD + b"X-Giant: ", b"g" * 65536), (431,)),
        "an endless head": (lambda: Bomb(HEAD, b"X-Again: and again\r\n" * 1000), (431,)),
        "an endless name": (lambda: Bomb(HEAD, b"n" * 65536), (431, 400)),
    })
    sidecar.wait_metric("holdfast_exchange_failures_total", 120, at_least=True, reason="headers_too_large")


@case("abuse: target and method bombs end in 414 or 400 after a bounded number of bytes", alone=True, seconds=60, needs=USERS)
def _(t):
    users, sidecar = with_users(t)
    dots = b"GET /" + b"../" * 2600 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    bombed(t, users, sidecar, {
        "an endless target": (lambda: Bomb(b"GET /", b"u" * 65536), (414,)),
        "an endless method": (lambda: Bomb(b"M", b"M" * 65536), (400, 414, 431, 501)),
        "empty lines without an end": (lambda: Bomb(b"\r\n", b"\r\n" * 30000), (400,)),
        "dot segments": (lambda: Bomb(dots), (200, 404, 400)),
    })


POST = b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"


@case("abuse: chunk bombs end in 400, and 20,000 chunks of one byte are one upload like any other", alone=True, seconds=60, needs=USERS)
def _(t):
    users, sidecar = with_users(t)
    small = 4000 if sanitized(t) else 20000
    bombed(t, users, sidecar, {
        "chunks of one byte": (lambda: Bomb(POST, b"1\r\nx\r\n" * 500, small // 500, LAST_CHUNK), (200,)),
        "a chunk size of 40 digits": (lambda: Bomb(POST + b"F" * 40 + b"\r\n"), (400,)),
        "a chunk size beyond 64 bits": (lambda: Bomb(POST + b"10000000000000000\r\n"), (400,)),
        "digits without an end": (lambda: Bomb(POST, b"0" * 65536), (400,)),
        "an endless extension": (lambda: Bomb(POST + b"1;a=", b"e" * 65536), (400,)),
        "extensions on every chunk": (lambda: Bomb(POST, (b"1;" + b"e" * 4000 + b"\r\nx\r\n") * 16), (400, 413)),
        "endless trailers": (lambda: Bomb(POST + b"1\r\nx\r\n0\r\n", b"X-Trailer: t\r\n" * 4000), (400, 431)),
    }, count=10)


@case("abuse: 10,000 pipelined requests whose answers nobody reads hold no memory, and are all answered once somebody does", alone=True,
      seconds=60, needs=USERS)
def _(t):
    slow = sanitized(t)
    each = 1000 if slow or t.quick else 10000
    users, sidecar = with_users(t)
    attack = storm(t, sidecar, keep=64 * MIB)
    piece = request_bytes("GET", "/ok") * 100
    with Meanwhile(t, sidecar, users):
        for number in range(4):
            one = attack.add(Bomb(b"", piece, each // 100))
            one.out, one.read = memoryview(piece[:0]), False
        attack.run(3)
        for one in attack.attackers:
            one.read = True
            attack.selector.register(one.sock, 1, one) if one.sock.fileno() not in attack.selector.get_map() else attack.interest(one)
        attack.run(30, done=lambda: all(one.received.count(b"HTTP/1.1 200 ") == each or one.ended for one in attack.attackers))
        for one in attack.attackers:
            t.equal((one.received.count(b"HTTP/1.1 200 "), one.received.count(b"HTTP/1.1 ")), (each, each), "answers in all, and 200 among them")
        attack.close()


@case("abuse: 60 clients that take one byte at a time through the smallest window are cut, and hold little memory", alone=True, seconds=60)
def _(t):
    app = endless_app(t)
    sidecar = t.sidecar(app, policies={**UNLIMITED_RATE, "timeouts": "request: 55s"})
    clients = []
    with Meanwhile(t, sidecar, app):
        for _ in range(60):
            client = Client(sidecar.data, receive_buffer=1)
            t.later(client.abort)
            client.send(request_bytes("GET", "/endless"))
            clients.append(client)

        def sip():  # each some bytes a second, less than 512
            for client in clients:
                client.sock.settimeout(0)
                try:
                    client.eof = client.eof or client.sock.recv(1) == b""
                except BlockingIOError:
                    pass
                except OSError:
                    client.eof = True
            return len(sidecar.access_lines("/endless", reason="client_read_slow")) == 60
        until(sip, 45, lambda: f"60 lines of client_read_slow, there are {len(sidecar.access_lines('/endless'))}: {sidecar.tail(2)}", pause=0.1)


class SlowSender(Attacker):
    """An upload of 1 MB that gets `piece` bytes four times a second."""

    def __init__(self, piece):
        super().__init__(request_bytes("POST", "/echo", [("Content-Length", "1000000")]))
        self.piece = b"x" * piece


class SlowHead(Attacker):
    """A head that never ends and gets a field line four times a second: slowloris."""
    piece = b"X-More: a\r\n"

    def __init__(self):
        super().__init__(HEAD)


class SlowReader(Attacker):
    """Takes 150 bytes four times a second of content without an end."""

    def __init__(self):
        super().__init__(request_bytes("GET", "/endless"), receive_buffer=1, read=False)

    def sip(self):
        try:
            self.ended = self.sock.recv(150) == b""
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True


class HonestPost(Honest):
    """Small requests whose content comes in a packet of its own."""

    def ask(self):
        with_content = Client(self.address, timeout=10)
        with_content.send(request_bytes("POST", "/echo", [("Content-Length", "300"), ("Connection", "close")]))
        with_content.send(b"x" * 300)
        response = with_content.response(timeout=10)
        with_content.close()
        return response.status if response else None


def besieged(t, sidecar, count, make, honest, seconds, grace=3, again=True):
    """`count` attackers, each of which comes back as soon as it is ended; who is honest is served but for the first seconds."""
    attack, begun = storm(t, sidecar, keep=64), time.monotonic()
    for _ in range(count):
        attack.add(make())
    came_back = 0
    while time.monotonic() < begun + seconds:
        attack.run(0.25)
        ended = [one for one in attack.attackers if one.ended]
        came_back += len(ended)
        attack.attackers = [one for one in attack.attackers if not one.ended]
        for one in attack.attackers:
            if isinstance(one, SlowReader):
                one.sip()
            elif one.connected and not one.out:
                one.out = memoryview(one.piece)
                attack.interest(one)
        for one in ended:
            one.close()
            if again:
                attack.add(make())
    after = (begun + grace) % 1000
    for one in honest:
        p99 = one.end()
        odd = [status for started, status in one.odd if started > after]
        print(f"      {type(one).__name__}: {len(one.times)} requests, p99 {p99 * 1000:.0f} ms, not 200: {len(one.odd)}, after {grace} s {len(odd)};"
              f" {came_back} attackers were ended", flush=True)
        t.check(len(one.times) > seconds, f"{type(one).__name__}: {len(one.times)} requests in {seconds} s")
        t.check(len(odd) <= len(one.times) * 0.05, f"{type(one).__name__}: {len(odd)} of {len(one.times)} not 200: {odd[:5]}")
    attack.close()
    gone(t, sidecar)


@case("abuse: 500 uploads of 600 B/s that come back whenever they are ended keep nobody from the app, under default limits", alone=True, seconds=60,
      needs=USERS)
def _(t):
    _, sidecar = with_users(t)
    sidecar.wait_ready()
    besieged(t, sidecar, 250 if t.quick or sanitized(t) else 500, lambda: SlowSender(150), [Honest(sidecar.data), HonestPost(sidecar.data)], 20)
    line = sidecar.access_lines("/echo", reason="client_body_slow")[0]
    t.equal((line["status"], line["cause"]), (408, "slower than 16 KiB/s while others waited"), "the line")


@case("abuse: 500 heads without an end that come back whenever they are ended keep nobody from the app", alone=True, seconds=60, needs=USERS)
def _(t):
    _, sidecar = with_users(t, policies={"timeouts": "clientHeaders: 3s"})
    sidecar.wait_ready()
    besieged(t, sidecar, 250 if t.quick or sanitized(t) else 500, SlowHead, [Honest(sidecar.data), HonestPost(sidecar.data)], 12, grace=0)
    slow = sidecar.metrics().sum("holdfast_exchange_failures_total", reason="client_headers_slow")
    t.check(slow > 500, f"ended for it: {slow}")


@case("abuse: 300 clients that read 600 B/s lose their slots within seconds once others wait, under default limits", alone=True, seconds=60)
def _(t):
    sidecar = t.sidecar(endless_app(t), policies={**UNLIMITED_RATE, "timeouts": "request: 55s"})
    sidecar.wait_ready()
    besieged(t, sidecar, 300, SlowReader, [Honest(sidecar.data)], 25, grace=15, again=False)
    line = sidecar.access_lines("/endless", reason="client_read_slow")[0]
    t.equal((line["status"], line["cause"], line["truncated"]), (200, "slower than 16 KiB/s while others waited", True), "the line")


def echo_target(connection, request):
    connection.read_content(request)
    connection.answer(200, {"X-Target": request.target, "X-Fields": str(len(request.fields.pairs))})


SPLITS = (b"X-A: 1\nX-Injected: 2", b"X-A: 1\rX-Injected: 2", b"X-A: 1\r\n X-Injected: 2", b"X-A: 1\x00X-Injected: 2", b"X-A: 1\r\r\nX-Injected: 2",
          b"X-A\r\n: 1", b"X-A : 1", b": 1", b"X-A: 1\n\nGET /smuggled HTTP/1.1\nHost: a")


@case("abuse: no request splits into two, whatever stands in its fields or its target", seconds=40)
def _(t):
    app, sidecar = t.pair(echo_target, policies=UNLIMITED_RATE)
    for split in SPLITS:
        client = sidecar.client()
        client.send(b"GET /split HTTP/1.1\r\nHost: a\r\n" + split + b"\r\n\r\n" + request_bytes("GET", "/second"))
        data = client.read_to_end(time.monotonic() + 5)
        t.equal((data[:13], data.count(b"HTTP/1.1 ")), (b"HTTP/1.1 400 ", 1), f"{split!r}: one answer and the end")
    t.equal(app.requests, [], "nothing of them reaches the app")
    for target in ("/a%0d%0aX-Injected:%201", "/a%0aGET%20/smuggled", "/a?b=%0d%0a%0d%0aGET%20/smuggled%20HTTP/1.1"):
        response = sidecar.get(target)
        t.equal((response.status, response.header("x-target")), (200, target), "an encoded line end stays encoded")
    for request in app.requests:
        t.check("x-injected" not in request.fields and "smuggled" not in request.target.partition("%")[0], f"what the app saw: {request.target}")
    gone(t, sidecar, left=len(SPLITS))


HELLO = b"Content-Length: 5\r\n\r\nhello"
SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"
RESPONSES = {
    "a bare LF": b"HTTP/1.1 200 OK\r\nX-A: 1\nX-Injected: 2\r\n" + HELLO,
    "a bare CR": b"HTTP/1.1 200 OK\r\nX-A: 1\rX-Injected: 2\r\n" + HELLO,
    "obs-fold": b"HTTP/1.1 200 OK\r\nX-A: 1\r\n X-Injected: 2\r\n" + HELLO,
    "NUL": b"HTTP/1.1 200 OK\r\nX-A: 1\x00\r\n" + HELLO,
    "lines that end in LF": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 55\r\n\r\nhello",
    "a list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello",
    "both framings": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + HELLO,
    "a space in the name": b"HTTP/1.1 200 OK\r\nX-A : 1\r\n" + HELLO,
    "a doubled coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "CR in the reason": b"HTTP/1.1 200 O\rK\r\n" + HELLO,
}


@case("abuse: no response of the app splits into two: one clean 502, and the next request has its own answer", seconds=40)
def _(t):
    app, sidecar = t.pair(policies=UNLIMITED_RATE)
    for number, (what, response) in enumerate(RESPONSES.items()):
        app.on(f"/bad{number}", exactly(response + SECOND, "close"))
        client = sidecar.client()
        client.send(request_bytes("GET", f"/bad{number}"))
        t.local_reply(client.response(), 502)
        t.equal(sidecar.access(f"/bad{number}")["reason"], "app_bad_response", what)
        client.send(request_bytes("GET", "/ok"))
        after = client.response()
        t.equal((after.status, after.content) if after else None, (200, b"ok"), f"{what}: the next answer")
        client.close()
    # A whole second response behind the first is nobody's answer.
    app.on("/two", exactly(b"HTTP/1.1 200 OK\r\n" + HELLO + SECOND))
    for _ in range(20):
        client = sidecar.client()
        client.send(request_bytes("GET", "/two") + request_bytes("GET", "/ok"))
        t.equal([client.response().content, client.response().content], [b"hello", b"ok"], "two requests, their two answers")
        client.close()
    gone(t, sidecar)


class ClosingApp:
    """Answers, says nothing of closing, and closes the connection at a random moment around the next request."""

    def __init__(self):
        self.counts, self.lock = {}, threading.Lock()

    def __call__(self, connection, request):
        connection.read_content(request)
        with self.lock:
            self.counts[request.target] = self.counts.get(request.target, 0) + 1
        connection.answer()
        delay = random.random() * 0.004
        if delay > 0.0005:
            time.sleep(delay)
        connection.abort() if random.random() < 0.3 else connection.close()


@case("abuse: an app that closes idle connections just as they are used costs no GET, and no POST is ever sent twice", alone=True, seconds=60)
def _(t):
    closing = ClosingApp()
    app, sidecar = t.pair(closing, policies=UNLIMITED_RATE)
    client, odd, failed = sidecar.client(), [], 0
    for number in range(300 if t.quick or sanitized(t) else 1000):
        method = "POST" if number % 2 else "GET"
        target = f"/{method.lower()}{number}"
        client.send(request_bytes(method, target, content=b"once" if method == "POST" else None))
        response = client.response()
        status = response.status if response else None
        if status == 502 and method == "POST":
            failed += 1
        elif status != 200:
            odd.append((method, number, status))
        time.sleep(random.random() * 0.003)
    figures(f"{failed} POSTs met the race, {len([1 for count in closing.counts.values() if count > 1])} GETs arrived twice")
    t.equal(odd[:5], [], f"{len(odd)} that are neither 200 nor, for POST, 502")
    twice = {target: count for target, count in closing.counts.items() if target.startswith("/post") and count > 1}
    t.equal(twice, {}, "POSTs that the app saw twice")
    thrice = {target: count for target, count in closing.counts.items() if count > 2}
    t.equal(thrice, {}, "GETs that the app saw more than twice")
    t.equal({line["reason"] for line in sidecar.access_lines(status=502)} - {"app_reset"}, set(), "the reason of each 502")
    client.close()
    gone(t, sidecar)
