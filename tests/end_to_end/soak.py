#!/usr/bin/env python3
"""Load for a while with everything going on at once: reloads every second, changing log levels, an app killed and restarted.

    tests/end_to_end/soak.py --bin-dir build/release --seconds 30 [--connections 64]

Holds when: no crash, every request answered or its connection closed, nothing but the expected statuses, access lines + dropped lines =
exchanges = metrics, memory and descriptors back where they were, exit 0 after SIGTERM. Prints one line per broken promise and ends with
`soak: ok` or `soak: N broken promises`.
"""
import argparse
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support  # noqa: E402
from wire import Client, LAST_CHUNK, chunk, request_bytes  # noqa: E402

BASE = {"rateLimit": "mode: disabled, because: load", "timeouts": "connect: 300ms, firstByte: 1s, request: 3s, upstreamIdle: 1s",
        "limits": "concurrency: 48, queue: 32, queueWait: 500ms", "drain": "announce: 500ms, finish: 3s"}
ROUTES = ["name: users, match: POST /users", "name: user, match: GET /users/*"]
EXPECTED = {200, 400, 404, 413, 500, 502, 503, 504, None}


class Load:
    def __init__(self, sidecar, connections, seed):
        self.sidecar, self.stop, self.lock = sidecar, threading.Event(), threading.Lock()
        self.sent, self.answered, self.statuses, self.oddities = 0, 0, {}, []
        self.threads = [threading.Thread(target=self.work, args=(seed + number,), daemon=True) for number in range(connections)]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def next_request(rng):
        kind = rng.random()
        if kind < 0.5:
            return "GET", request_bytes("GET", "/ok")
        if kind < 0.7:
            return "POST", request_bytes("POST", "/users", {"Content-Type": "application/json"}, b'{"name":"Ada"}')
        if kind < 0.8:
            content = rng.randbytes(rng.randrange(1, 20000))
            return "POST", b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(content) + LAST_CHUNK
        if kind < 0.86:
            return "GET", request_bytes("GET", f"/big?bytes={rng.randrange(1, 300000)}")
        if kind < 0.9:
            return "GET", request_bytes("GET", "/users/" + str(rng.randrange(1, 100000)))
        path = rng.choice(["/boom", "/leak", "/garbage", "/reset", f"/slow?ms={rng.randrange(1, 1500)}"])
        return "GET", request_bytes("GET", path)

    def work(self, seed):
        rng, client = random.Random(seed), None
        while not self.stop.is_set():
            if client is None:
                try:
                    client = Client(self.sidecar.data)
                except OSError:
                    time.sleep(0.02)
                    continue
            method, data = self.next_request(rng)
            with self.lock:
                self.sent += 1
            sent = client.send(data)
            status, close = None, True
            try:
                response = client.response(method, timeout=20)
                if response is not None:
                    status = response.status
                    close = not response.complete or "close" in response.fields.tokens("connection")
            except AssertionError as error:
                with self.lock:
                    self.oddities.append(f"{data[:40]!r} sent={sent}: {error}")
            with self.lock:
                self.answered += status is not None
                self.statuses[status] = self.statuses.get(status, 0) + 1
            if close or rng.random() < 0.01:
                client.close()
                client = None

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(25)


def disturb(t, sidecar, users, seconds):
    """One reload a second, log levels to and fro, the app killed at a third and two thirds of the time."""
    started, turn, kills = time.monotonic(), 0, [seconds / 3, 2 * seconds / 3]
    while time.monotonic() < started + seconds:
        turn += 1
        sidecar.reload({**BASE, "errors": f"message: turn {turn}"}, ROUTES)
        # never below info: the count of lines below needs every line
        sidecar.ask_admin("PUT", "/loglevel", random.choice(["info", "debug", "trace", "info,policy=trace"]))
        if kills and time.monotonic() > started + kills[0]:
            kills.pop(0)
            users.kill()
            time.sleep(0.3)
            users.start()
        if sidecar.process.poll() is not None:
            return
        time.sleep(max(0.0, started + turn - time.monotonic()))


def promises(t, sidecar, load, before):
    broken = list(sidecar.always()) + load.oddities[:5]
    if sidecar.process.poll() is not None:
        return broken
    metrics_at_rest = None

    def at_rest():
        nonlocal metrics_at_rest
        metrics_at_rest = sidecar.metrics()
        return metrics_at_rest.sum("holdfast_exchanges_in_flight") == 0
    support.until(at_rest, 10, "no exchange in flight")
    time.sleep(0.5)  # lines are out within 100 ms
    metrics, lines = sidecar.metrics(), sidecar.access_lines()
    total, dropped = metrics.sum("holdfast_http_requests_total"), metrics.sum("holdfast_log_lines_dropped_total")
    if len(lines) + dropped != total:
        broken.append(f"{len(lines)} access lines + {dropped:.0f} dropped != {total:.0f} exchanges")
    if not load.answered <= total <= load.sent:
        broken.append(f"{load.answered} answered <= {total:.0f} exchanges <= {load.sent} sent does not hold")
    odd = set(load.statuses) - EXPECTED
    if odd:
        broken.append(f"unexpected statuses: {odd}")
    if dropped == 0:
        for reason in sorted({line["reason"] for line in lines} - {"ok"}):
            logged, counted = len([line for line in lines if line["reason"] == reason]), metrics.sum("holdfast_exchange_failures_total", reason=reason)
            if logged != counted:
                broken.append(f"{reason}: {logged} lines, {counted:.0f} counted")
    internal = [line["_raw"][:300] for line in lines if line["reason"] == "internal"]
    if internal:
        broken.append(f"{len(internal)} exchanges ended as internal: {internal[0]}")
    for name, slack in (("process_open_fds", 40), ("process_resident_memory_bytes", 64e6)):
        if metrics.sum(name) > before.sum(name) + slack:
            broken.append(f"{name} went from {before.sum(name):.0f} to {metrics.sum(name):.0f}")
    if metrics.sum("holdfast_config_reload_success") != 1:
        broken.append("the last reload failed")
    if sidecar.get("/ok").status != 200:
        broken.append("the request after the load is not answered 200")
    sidecar.expect_exit = True
    sidecar.signal(signal.SIGTERM)
    code = sidecar.wait_exit(8)
    if code != 0:
        broken.append(f"exit code {code} after SIGTERM")
    return broken + sidecar.always() + sidecar.after_exit()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin-dir", default="build/release")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    t = support.Test(os.path.abspath(options.bin_dir), False)
    broken = []
    try:
        users = t.users()
        sidecar = t.sidecar(users, policies=BASE, routes=ROUTES, arguments=["--workers", "2"])
        sidecar.wait_ready()
        before = sidecar.metrics()
        load = Load(sidecar, options.connections, options.seed)
        disturb(t, sidecar, users, options.seconds)
        load.end()
        broken = promises(t, sidecar, load, before)
        print(f"{load.sent} requests, statuses {dict(sorted(load.statuses.items(), key=str))}")
    except AssertionError as failed:
        broken.append(str(failed))
    except support.Skipped as why:
        broken.append(f"cannot run: {why}")
    finally:
        t.close()
    for promise in broken:
        print(f"BROKEN {promise}"[:2000])
    print("soak: ok" if not broken else f"soak: {len(broken)} broken promises", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    support.kill_all()
    os._exit(code)
