"""The eight timeouts, each enforced, reported and lifted (the rows they end in are in cases_failures)."""
import json
import time

from support import case, holds_for, until
from wire import LAST_CHUNK, answer, chunk, request_bytes

LIFTED = "because: the test lifts it"


def after(seconds, then=None):
    """A handler that answers only after `seconds`: an app that takes its time."""
    def handler(connection, request):
        connection.read_content(request)
        time.sleep(seconds)
        (then or answer())(connection, request)
    return handler


def dawdle(sidecar, path):
    """A client that takes 0.7 s for its head and as long for its content."""
    client = sidecar.client()
    client.send(f"POST {path} HTTP/1.1\r\nHost: a\r\n".encode())
    time.sleep(0.7)
    client.send(b"Content-Length: 6\r\n\r\nabc")
    time.sleep(0.7)
    client.send(b"def")
    return client.response()


def report_timeouts(timeouts):
    return {"timeouts": f"mode: report, {timeouts}"}


@case("timeouts: report lets a slow client finish and counts what it would have done")
def _(t):
    app, sidecar = t.pair(policies=report_timeouts("clientHeaders: 300ms, clientBodyIdle: 300ms"))
    response = dawdle(sidecar, "/dawdle")
    t.require(response, "an answer")
    t.equal(response.status, 200, "status")
    t.equal(app.seen("/dawdle")[0].content, b"abcdef", "content at the app")
    sidecar.wait_metric("holdfast_policy_decisions_total", 1, at_least=True, policy="timeouts", outcome="would_enforce")
    t.equal(sidecar.metrics().sum("holdfast_policy_decisions_total", policy="timeouts", outcome="enforced"), 0, "enforced")
    line = sidecar.access("/dawdle")
    t.equal((line["status"], line["reason"]), (200, "ok"), "the line")
    t.check(any("would" in entry["_raw"] for entry in sidecar.lines()), f"the log says what it would have done: {sidecar.tail()}")


@case("timeouts: report lets a slow app finish, firstByte, request and streamIdle alike")
def _(t):
    app, sidecar = t.pair(policies=report_timeouts("connect: 100ms, firstByte: 200ms, request: 400ms, streamIdle: 300ms"))

    def stalls(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
        time.sleep(0.8)
        connection.send(b"def")
    app.on("/first-byte", after(0.6))
    app.on("/stalls", stalls)
    t.equal(sidecar.get("/first-byte").status, 200, "firstByte and request")
    response = sidecar.get("/stalls")
    t.equal((response.content, response.complete), (b"abcdef", True), "streamIdle")
    sidecar.wait_metric("holdfast_policy_decisions_total", 2, at_least=True, policy="timeouts", outcome="would_enforce")
    t.equal(sidecar.metrics().sum("holdfast_exchange_failures_total"), 0, "failures")


@case("timeouts: disabled lets everything take its time and counts nothing")
def _(t):
    app, sidecar = t.pair(policies={"timeouts": f"mode: disabled, {LIFTED}"})
    app.on("/late", after(0.8))
    t.equal(sidecar.get("/late").status, 200, "status")
    t.equal(dawdle(sidecar, "/dawdle").status, 200, "a slow client")
    t.equal(sidecar.metrics().sum("holdfast_policy_decisions_total", policy="timeouts"), 0, "decisions")


@case("timeouts: none lifts one limit and leaves the others")
def _(t):
    app, sidecar = t.pair(policies={"timeouts": f"connect: 200ms, firstByte: 400ms, request: none, {LIFTED}, streamIdle: 5s"})

    def slowly(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(8):
            connection.send(chunk(b"tick"))
            time.sleep(0.15)
        connection.send(LAST_CHUNK)
    app.on("/slowly", slowly)
    app.on("/silent", after(2))
    response = sidecar.get("/slowly")
    t.equal((response.status, response.complete), (200, True), "beyond request")
    t.equal(sidecar.get("/silent").status, 504, "firstByte still holds")


@case("timeouts: a route's own firstByte applies to it alone, and the line names policy, file and line")
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "connect: 200ms, firstByte: 3s, request: 6s"},
                          routes="name: quick, match: GET /quick/*, timeouts: {firstByte: 300ms}")
    app.handler = after(0.7)
    started = time.monotonic()
    t.equal(sidecar.get("/quick/a").status, 504, "the route")
    t.within(time.monotonic() - started, 0.28, 0.69, "seconds")
    t.equal(sidecar.get("/other").status, 200, "another path")
    line = sidecar.access("/quick/a")
    t.equal(line["route"], "quick", "route")
    where = json.dumps(line.get("policy"))
    t.check("timeouts" in where and "policy.yaml:" in where, f"policy with its place: {where}")
    t.failed_as(sidecar, line, "app_first_byte_slow", 504, "app", route="quick")


def expired(status):
    @case(f"timeouts: expiredStatus {status} is the status of a slow app")
    def _(t):
        app, sidecar = t.pair(after(2), policies={"timeouts": f"connect: 200ms, firstByte: 300ms, request: 5s, expiredStatus: {status}"})
        response = sidecar.get("/late")
        t.equal(response.status, status, "status")
        t.failed_as(sidecar, sidecar.access("/late"), "app_first_byte_slow", status, "app")
        if status == 408:
            t.equal(response.fields.tokens("connection"), ["close"], "every 408 carries Connection: close")


for code in (504, 408, 503):
    expired(code)


@case("timeouts: check warns of expiredStatus 408 on a route with POST")
def _(t):
    from support import policy_text, sidecar_text
    t.write("policy.yaml", policy_text({"timeouts": "expiredStatus: 408"}, "name: create, match: POST /users"))
    t.write("holdfast.yaml", sidecar_text("127.0.0.1:3000"))
    code, out, err = t.run("check", "holdfast.yaml", "policy.yaml")
    t.equal(code, 0, "a warning is no fault")
    t.check("warning" in (out + err).lower() and "408" in out + err, f"a warning: {out}{err}")


@case("timeouts: clientIdle closes an idle connection silently, and only an idle one")
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "clientIdle: 600ms"})
    client = sidecar.client()
    client.send(request_bytes("GET", "/one"))
    first = client.response()
    t.equal(first.status, 200, "first")
    started = time.monotonic()
    rest = client.read_to_end(started + 5)
    t.within(time.monotonic() - started, 0.55, 2, "seconds until the close")
    t.equal(rest, b"", "no byte is sent")
    sidecar.access("/one")
    t.equal(len(sidecar.access_lines()), 1, "no line for the close")


@case("timeouts: responses tell the client how long the connection is kept")
def _(t):
    _, sidecar = t.pair(policies={"timeouts": "clientIdle: 30s"})
    response = sidecar.get("/k")
    value = response.header("keep-alive") or ""
    t.check(value.startswith("timeout="), f"Keep-Alive: {value!r}")
    t.within(int(value.partition("=")[2].split(",")[0] or 0), 1, 30, "Keep-Alive timeout")


@case("timeouts: report keeps an idle client connection beyond clientIdle")
def _(t):
    _, sidecar = t.pair(policies=report_timeouts("clientIdle: 300ms"))
    client = sidecar.client()
    client.send(request_bytes("GET", "/one"))
    t.equal(client.response().status, 200, "first")
    time.sleep(0.7)
    client.send(request_bytes("GET", "/two"))
    response = client.response()
    t.check(response and response.status == 200, f"second: {response}")


@case("timeouts: upstreamIdle closes the pooled connection silently")
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "upstreamIdle: 500ms"})
    t.equal(sidecar.get("/one").status, 200, "first")
    number = app.seen("/one")[0].connection

    def kept():
        return any(connection.number == number for connection in list(app.live))
    t.check(kept(), "the connection is kept at first")
    started = time.monotonic()
    until(lambda: not kept(), 4, "the connection is closed")
    t.within(time.monotonic() - started, 0.3, 2, "seconds until the close")
    t.equal(sidecar.get("/two").status, 200, "a new one is made")
    t.check(app.seen("/two")[0].connection != number, "another connection")


@case("timeouts: the request deadline stands still while we wait for the client", seconds=30)
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "connect: 200ms, firstByte: 500ms, request: 800ms, clientBodyIdle: 5s"})
    client = sidecar.client()
    client.send(b"POST /thinks HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n")
    for piece in (b"ab", b"cd", b"ef"):
        time.sleep(0.6)
        client.send(piece)
    response = client.response()
    t.equal(response.status, 200, "1.8 s of client time are not the app's")


@case("timeouts: a body whose bytes keep coming is never cut by clientBodyIdle")
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "clientBodyIdle: 400ms"})
    client = sidecar.client()
    client.send(b"POST /steady HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
    for _ in range(10):
        time.sleep(0.15)
        client.send(b"x")
    t.equal(client.response().status, 200, "status")


@case("timeouts: firstByte starts with the last byte of the request")
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "connect: 200ms, firstByte: 500ms, request: 10s, clientBodyIdle: 5s"})
    client = sidecar.client()
    client.send(b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
    time.sleep(0.9)
    client.send(b"cd")
    t.equal(client.response().status, 200, "an upload longer than firstByte")


@case("timeouts: a 504 of an app that answers late never mixes with the next answer")
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "connect: 200ms, firstByte: 300ms, request: 3s"})
    app.on("/late", after(0.6, answer(200, {}, b"LATE")))
    client = sidecar.client()
    client.send(request_bytes("GET", "/late"))
    first = client.response()
    t.equal(first.status, 504, "first")
    if not client.eof and "close" not in first.fields.tokens("connection"):
        client.send(request_bytes("GET", "/next"))
        second = client.response()
        t.equal((second.status, second.content), (200, b"ok"), "second on the same connection")
    holds_for(lambda: sidecar.get("/again").content == b"ok", 0.8, "no late answer comes out")
