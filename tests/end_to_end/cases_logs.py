"""Log lines: one per exchange, complete, unforgeable, and in agreement with the metrics."""
import re
import threading
import time

from support import case, holds_for, until
from wire import answer, chunk, exactly, request_bytes

MEMBERS = ["ts", "level", "msg", "service", "request_id", "trace_id", "method", "path", "route", "status", "reason", "blame", "client", "bytes_in", "bytes_out",
           "ms", "conn"]
TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|\+00:00)$")


@case("log: an access line has every member of the contract, of the right kind")
def _(t):
    app, sidecar = t.pair(routes="name: users, match: POST /users")
    app.on("/users", answer(201, {}, b"y" * 1234))
    sidecar.post("/users?page=2", b"x" * 321)
    line = sidecar.access("/users")
    t.equal([member for member in MEMBERS if member not in line], [], "missing members")
    t.check(TIMESTAMP.match(line["ts"]), f"ts: {line['ts']}")
    t.equal((line["level"], line["service"], line["method"], line["path"], line["route"], line["status"], line["reason"], line["blame"]),
            ("info", "users", "POST", "/users?page=2", "users", 201, "ok", "none"), "values")
    t.check(line["bytes_in"] >= 321 and line["bytes_out"] >= 1234, f"bytes: {line['bytes_in']} {line['bytes_out']}")
    t.check(isinstance(line["ms"], dict) and {"total", "first_byte"} <= set(line["ms"]), f"ms: {line['ms']}")
    t.check(set(line["ms"]) <= {"total", "headers", "queue", "connect", "first_byte", "body"}, f"members of ms: {line['ms']}")
    t.check(all(isinstance(value, (int, float)) and 0 <= value < 10000 for value in line["ms"].values()), f"values of ms: {line['ms']}")
    t.check({"id", "reused", "nth"} <= set(line["conn"]), f"conn: {line['conn']}")
    t.check(line["client"].startswith("127.0.0.1"), f"client: {line['client']}")


@case("log: the times of a line add up to what the client waited")
def _(t):
    def slowly(connection, request):
        connection.read_content(request)
        time.sleep(0.3)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        time.sleep(0.3)
        connection.send(b"cd")
    _, sidecar = t.pair(slowly)
    sidecar.get("/slow")
    times = sidecar.access("/slow")["ms"]
    t.within(times["total"], 590, 900, "total")
    t.within(times["first_byte"], 290, 550, "first_byte")
    t.within(times.get("body", 0), 280, 550, "body")


@case("log: a line is out within 100 ms")
def _(t):
    _, sidecar = t.pair()
    sidecar.get("/warm")
    slow = []
    for number in range(10):
        sidecar.get(f"/soon{number}")
        started = time.monotonic()
        sidecar.access(f"/soon{number}")
        slow.append(time.monotonic() - started)
    t.check(sorted(slow)[5] < 0.2, f"seconds: {slow}")


@case("log: levels are info for what is well and for the app's 4xx, warn for what we refuse, error for 5xx")
def _(t):
    app, sidecar = t.pair(policies={"limits": "body: 1KiB"})
    app.on("/404", answer(404))
    app.on("/500", answer(500))
    sidecar.get("/200")
    sidecar.get("/404")
    sidecar.get("/500")
    sidecar.post("/413", b"x" * 2000)
    app.unlisten()
    sidecar.get("/502")
    table = {"/200": "info", "/404": "info", "/500": "error", "/413": ("warn", "warning"), "/502": "error"}
    for path, level in table.items():
        t.check(sidecar.access(path)["level"] in level if isinstance(level, tuple) else sidecar.access(path)["level"] == level,
                f"level of {path}: {sidecar.access(path)['level']}")


@case("log: HOLDFAST_LOG=error leaves out lines below it")
def _(t):
    app, sidecar = t.pair(environment={"HOLDFAST_LOG": "info"})
    sidecar.ask_admin("PUT", "/loglevel", "warn")
    app.on("/500", answer(500))
    sidecar.get("/200")
    sidecar.get("/500")
    sidecar.access("/500")
    holds_for(lambda: not sidecar.access_lines("/200"), 0.3, "no info line")


# What a hostile client may try; each must give one line that parses, or none of its bytes.
HOSTILE = [
    b'GET /quote"and\\back HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET /x HTTP/1.1\r\nHost: a\r\nUser-Agent: "},{"level":"error","msg":"forged"}\r\n\r\n',
    b"GET /x HTTP/1.1\r\nHost: a\r\nUser-Agent: \xff\xfe\xc0\xaf\xed\xa0\x80\r\n\r\n",
    b"GET /%0d%0a{%22msg%22:%22forged%22} HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /\xff\xfe\xc3\x28 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /nul\0byte HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /cr\rlf HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /lf\n{\"msg\":\"forged\"} HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /x HTTP/1.1\r\nHost: a\r\nX: a\r\n{\"msg\":\"forged\"}\r\n\r\n",
    b"GET /\x1b[31mred HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /\xe2\x80\xa8line\xe2\x80\xa9separator\xc2\x85 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GE\"T /x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"G{E}T! /x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"FORGED'METHOD /x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /x?q=%22%7D%0A&t=\xf0\x9f\x92 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /x HTTP/1.1\r\nHost: a\"b\r\n\r\n",
    b"GET /x HTTP/1.1\r\nHost: a\r\nX-Request-Id: \"}\\n{forged}\r\n\r\n",
    b"GET /x HTTP/1.1\r\nHost: a\r\ntraceparent: 00-\"-\n-01\r\n\r\n",
    b"GET /x HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: \"},{\"forged\":1\r\n\r\n",
    b"GET /" + b"\"" * 7000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /?" + b"token=\"&" * 900 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
]


def hostile(name, options):
    @case(f"log: a hostile client cannot break or forge a line ({name})")
    def _(t):
        app, sidecar = t.pair(**options)
        for data in HOSTILE:
            client = sidecar.client()
            client.send(data)
            try:
                client.response()
            except AssertionError as error:
                t.failures.append(f"{data[:60]!r}: {error}")
            client.close()
        sidecar.get("/end")
        sidecar.access("/end")
        lines = sidecar.access_lines()
        t.equal(len(lines), len(HOSTILE) + 1, "access lines")
        t.check(not any(line.get("msg") == "forged" or "forged" in line for line in sidecar.lines()), "nothing forged")
        t.check(all("\x1b" not in line["_raw"] and "\x7f" not in line["_raw"] for line in sidecar.lines()), "no control characters")
        t.equal(sidecar.bad_lines, [], "lines that do not parse")


hostile("trustedHops 0", {})
hostile("trustedHops 1, level trace", {"top": {"forwarded": "{trustedHops: 1}"}, "environment": {"HOLDFAST_LOG": "trace"}})


@case("log: a hostile app cannot break or forge a line")
def _(t):
    app, sidecar = t.pair(environment={"HOLDFAST_LOG": "trace"})
    bodies = [b'"},{"msg":"forged"}\n{"msg":"forged"}', b"\xff\xfe\xc0\xaf\xed\xa0\x80" * 50, b"\0\x01\x1b[31m\x7f\r\n" * 20, b"\\" * 3000, b"\xf0\x9f\x92" * 1000, b'"' * 4000,
              "café ☕ \u2028".encode() * 200]
    for number, body in enumerate(bodies):
        app.on(f"/h{number}", answer(500, {}, body))
        sidecar.get(f"/h{number}")
        line = sidecar.access(f"/h{number}")
        t.equal(line["reason"], "app_5xx", f"{body[:20]!r}")
    app.on("/phrase", exactly(b"HTTP/1.1 500 \"}\xff\xfe{\r\nContent-Length: 0\r\nContent-Encoding: \"}\xff\r\n\r\n"))
    app.on("/garbage", exactly(b"HTTP/1.1 \"}{\"msg\":\"forged\"\n\r\n\r\n", "close"))
    for path in ("/phrase", "/garbage"):
        sidecar.get(path)
        sidecar.access(path)
    t.check(not any(line.get("msg") == "forged" for line in sidecar.lines()), "nothing forged")


@case("log: lines plus drops equal exchanges equal metrics, whatever the clients do", seconds=90)
def _(t):
    app, sidecar = t.pair(arguments=["--workers", "4"], policies={"limits": "body: 4KiB, concurrency: 4, queue: 4, queueWait: 100ms",
                                                                  "rateLimit": "mode: enforce, rate: 400/s, burst: 50",
                                                                  "timeouts": "connect: 200ms, firstByte: 300ms, request: 1s"})
    app.on("/bad", answer(500, {}, b"stack"))
    app.on("/reset", lambda connection, request: (connection.read_content(request), connection.abort()))
    app.on("/slow", lambda connection, request: (connection.read_content(request), time.sleep(0.4), connection.answer()))
    app.on("/cut", exactly(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "close"))
    sent, lock = [0], threading.Lock()
    kinds = [lambda n: request_bytes("GET", f"/ok{n}"), lambda n: request_bytes("GET", "/bad"), lambda n: request_bytes("GET", "/reset"), lambda n: request_bytes("GET", "/slow"),
             lambda n: request_bytes("GET", "/cut"), lambda n: request_bytes("POST", "/large", content=b"x" * 5000), lambda n: b"GET / HTTP/1.1\r\n\r\n",
             lambda n: request_bytes("POST", "/p", content=b"x" * 100), lambda n: b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n",
             lambda n: b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"x" * 5000)]

    def work(number):
        for turn in range(10 if t.quick else 30):
            client = sidecar.client()
            kind = (number + turn) % (len(kinds) + 1)
            with lock:
                sent[0] += 1
            if kind == len(kinds):
                client.send(request_bytes("GET", "/slow"))  # goes away at once; the head is whole, so it is an exchange
                client.wait_closed(0.05)
                client.close()
                continue
            client.send(kinds[kind](turn))
            client.response(timeout=10)
            client.close()
        return True
    results = t.threads(16, work)
    t.equal([result for result in results if result is not True], [], "clients")

    def settled():
        metrics = sidecar.metrics()
        return metrics.sum("holdfast_exchanges_in_flight") == 0 and metrics.sum("holdfast_http_requests_total") >= sent[0]
    until(settled, 10, lambda: f"every one of {sent[0]} is counted, {sidecar.metrics().sum('holdfast_http_requests_total')} are")
    until(lambda: len(sidecar.access_lines()) >= sent[0], 4, lambda: f"{sent[0]} lines, there are {len(sidecar.access_lines())}")
    metrics, lines = sidecar.metrics(), sidecar.access_lines()
    t.equal(len(lines) + metrics.sum("holdfast_log_lines_dropped_total"), metrics.sum("holdfast_http_requests_total"), "lines + dropped = requests")
    t.equal(metrics.sum("holdfast_http_requests_total"), sent[0], "requests = what was sent")
    t.equal(metrics.sum("holdfast_http_request_duration_seconds_count"), sent[0], "durations")
    t.equal(len({line["request_id"] for line in lines}), len(lines), "one id each")
    for reason in {line["reason"] for line in lines} - {"ok"}:
        t.equal(metrics.sum("holdfast_exchange_failures_total", reason=reason), len([line for line in lines if line["reason"] == reason]), f"failures of {reason}")
    for status in {line["status"] for line in lines}:
        t.equal(metrics.sum("holdfast_http_requests_total", code=status), len([line for line in lines if line["status"] == status]), f"requests with code {status}")
