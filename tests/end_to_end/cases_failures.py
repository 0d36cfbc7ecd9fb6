"""Every row of the failure table is made to happen: status, line, metric, shape of the answer."""
import json
import signal
import time

from support import case, until
from wire import LAST_CHUNK, answer, chunk, exactly, request_bytes

FAST = "clientHeaders: 400ms, clientBodyIdle: 400ms, connect: 300ms, firstByte: 500ms, request: 2s, streamIdle: 900ms"
FAST_TIMEOUTS = {"timeouts": FAST}
LARGE = b"z" * (1 << 20)


def silent(connection, request):
    """Reads the request and never answers."""
    connection.read_content(request)
    connection.wait_closed(10)
    connection.close()


def row(sentence, reason, status, blame, handler=None, **options):
    """A case whose body provokes one row and returns its Response and the path of its line."""
    def register(provoke):
        @case(f"failures: {sentence} is {reason}")
        def _(t):
            app, sidecar = t.pair(handler, **{"policies": FAST_TIMEOUTS, **options})
            response, path = provoke(t, app, sidecar)
            t.local_reply(response, status)
            line = sidecar.access(path) if path else sidecar.access()
            t.failed_as(sidecar, line, reason, status, blame)
            if response is not None:
                t.equal(line.get("request_id"), response.header("x-request-id"), "request id in log and response")
            shed_or_ours = status < 500 or reason in ("queue_full", "queue_timeout")
            if status not in (501, 505):  # refused by us, yet a 5xx: either level is right
                t.equal(line.get("level"), "warn" if shed_or_ours else "error", f"level of {reason}")
            t.check(not line.get("truncated"), "not truncated")
    return register


@row("both Content-Length and Transfer-Encoding", "bad_request", 400, "client")
def _(t, app, sidecar):
    client = sidecar.client()
    client.send(b"POST /te HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    response = client.response()
    t.check(client.wait_closed(3), "the connection is closed")
    t.equal(app.requests, [], "nothing reaches the app")
    return response, None


@row("a head that never ends", "client_headers_slow", 408, "client")
def _(t, app, sidecar):
    client = sidecar.client()
    started = time.monotonic()
    client.send(b"GET /slow-head HTTP/1.1\r\nHost: a\r\n")
    response = client.response()
    t.within(time.monotonic() - started, 0.35, 1.5, "seconds until 408")
    t.check(client.wait_closed(3), "the connection is closed")
    t.equal(app.requests, [], "nothing reaches the app")
    return response, None


@row("a request body that stalls", "client_body_slow", 408, "client")
def _(t, app, sidecar):
    client = sidecar.client()
    started = time.monotonic()
    client.send(b"POST /slow-body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    response = client.response()
    t.within(time.monotonic() - started, 0.35, 1.5, "seconds until 408")
    t.check(client.wait_closed(3), "the connection is closed")
    return response, "/slow-body"


@row("a declared length above the limit", "body_too_large", 413, "client")
def _(t, app, sidecar):
    client = sidecar.client()
    client.send(b"POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n")
    response = client.response()
    t.equal(app.requests, [], "nothing is sent upstream")
    return response, "/large"


@row("a chunked body that grows past the limit", "body_too_large", 413, "client", policies={**FAST_TIMEOUTS, "limits": "body: 16KiB"})
def _(t, app, sidecar):
    client = sidecar.client()
    client.send(b"POST /grows HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(40):
        client.send(chunk(b"x" * 1024))
    client.send(LAST_CHUNK)
    response = client.response()
    until(lambda: all(request.complete is not None for request in app.requests), 3, "the app saw the end")
    t.check(not any(request.complete for request in app.requests), "the app sees an aborted request, never a complete one")
    return response, "/grows"


@row("a target above limits.uri", "uri_too_long", 414, "client", policies={"limits": "uri: 1KiB"})
def _(t, app, sidecar):
    return sidecar.get("/" + "u" * 2000), None


@row("more header bytes than limits.headers", "headers_too_large", 431, "client", policies={"limits": "headers: 4KiB"})
def _(t, app, sidecar):
    return sidecar.get("/wide", {"X-Wide": "w" * 6000}), None


@row("more fields than limits.headerCount", "headers_too_large", 431, "client", policies={"limits": "headerCount: 20"})
def _(t, app, sidecar):
    return sidecar.get("/many", [(f"X-{number}", "1") for number in range(40)]), None


@row("CONNECT", "method_refused", 501, "client")
def _(t, app, sidecar):
    client = sidecar.client()
    client.send(b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n")
    return client.response(), None


@row("TRACE", "method_refused", 501, "client")
def _(t, app, sidecar):
    response = sidecar.request("TRACE", "/trace")
    t.equal(app.requests, [], "nothing reaches the app")
    return response, None


@row("a request line of HTTP/2.0", "unsupported_version", 505, "client")
def _(t, app, sidecar):
    client = sidecar.client()
    client.send(b"GET /v2 HTTP/2.0\r\nHost: a\r\n\r\n")
    return client.response(), None


@case("failures: one request above the rate is rate_limited")
def _(t):
    app, sidecar = t.pair(policies={"rateLimit": "mode: enforce, rate: 1/s, burst: 1"})
    for number in range(5):
        path = f"/rate{number}"
        response = sidecar.get(path)
        if response.status == 429:
            break
    t.local_reply(response, 429)
    t.failed_as(sidecar, sidecar.access(path), "rate_limited", 429, "client")
    t.equal(app.seen(path), [], "a refused request does not reach the app")
    sidecar.wait_metric("holdfast_policy_decisions_total", 1, policy="rateLimit", outcome="enforced")


def occupied(t, app, sidecar, count):
    """`count` requests that the app holds until the returned event is set."""
    release = t.event()
    app.on("/held", lambda connection, request: (connection.read_content(request), connection.hold(release), connection.answer()))
    clients = []
    for _ in range(count):
        client = sidecar.client()
        client.send(request_bytes("GET", "/held"))
        clients.append(client)
    until(lambda: len(app.seen("/held")) == count, 5, f"the app holds {count} requests")
    return release, clients


@row("a request beyond concurrency and queue", "queue_full", 503, "sidecar",
     policies={"timeouts": "firstByte: 10s", "limits": "concurrency: 1, queue: 1, queueWait: 8s"})
def _(t, app, sidecar):
    occupied(t, app, sidecar, 1)
    waiting = sidecar.client()
    waiting.send(request_bytes("GET", "/waits"))
    sidecar.wait_metric("holdfast_exchanges_queued", 1)
    return sidecar.get("/full"), "/full"


@row("a request that waits longer than queueWait", "queue_timeout", 503, "sidecar",
     policies={"timeouts": "firstByte: 10s", "limits": "concurrency: 1, queue: 8, queueWait: 300ms"})
def _(t, app, sidecar):
    occupied(t, app, sidecar, 1)
    started = time.monotonic()
    response = sidecar.get("/waits")
    t.within(time.monotonic() - started, 0.28, 1.5, "seconds in the queue")
    return response, "/waits"


@case("failures: one connection above limits.connections is too_many_connections")
def _(t):
    app, sidecar = t.pair(policies={"limits": "connections: 3"})
    kept = [sidecar.client() for _ in range(3)]
    for number, client in enumerate(kept):
        client.send(request_bytes("GET", f"/keeps{number}"))
        t.equal(client.response().status, 200, "within the limit")
    client = sidecar.client()
    client.send(request_bytes("GET", "/above"))
    response = client.response()
    t.local_reply(response, 503)
    t.check(client.wait_closed(8), "the connection is closed")
    t.failed_as(sidecar, sidecar.access(status=503), "too_many_connections", 503, "sidecar")
    kept[0].close()

    def served():
        answer = sidecar.get("/after")
        return answer is not None and answer.status == 200
    until(served, 3, "a freed place is used again")


@case("failures: a request to an app that never was up is app_not_ready")
def _(t):
    app = t.app(listening=False)
    sidecar = t.sidecar(app, policies=FAST_TIMEOUTS)
    response = sidecar.get("/never-up")
    t.local_reply(response, 503)
    t.failed_as(sidecar, sidecar.access("/never-up"), "app_not_ready", 503, "app")
    app.listen()
    t.equal(sidecar.get("/up").status, 200, "once it is up")
    app.unlisten()
    t.equal(sidecar.get("/down").status, 502, "when it is gone again")


@row("an app that was up and refuses", "app_refused", 502, "app")
def _(t, app, sidecar):
    t.equal(sidecar.get("/up").status, 200, "while it is up")
    app.unlisten()
    return sidecar.get("/refused"), "/refused"


@case("failures: an app whose kernel drops every SYN is app_connect_slow")
def _(t):
    hole = t.hole()
    sidecar = t.sidecar(hole, policies=FAST_TIMEOUTS)
    started = time.monotonic()
    response = sidecar.get("/hole")
    t.within(time.monotonic() - started, 0.28, 1.6, "seconds: connect, at most twice")
    t.local_reply(response, 504)
    line = sidecar.access("/hole")
    t.failed_as(sidecar, line, "app_connect_slow", 504, "app")
    sidecar.wait_metric("holdfast_upstream_connects_total", 1, at_least=True)


@row("an app that never answers", "app_first_byte_slow", 504, "app", handler=silent)
def _(t, app, sidecar):
    started = time.monotonic()
    response = sidecar.get("/silent")
    t.within(time.monotonic() - started, 0.48, 1.2, "seconds until 504")
    return response, "/silent"


@row("an app that does not take the body", "app_request_slow", 504, "app",
     handler=lambda connection, request: (connection.hold(connection.app.never, 10), connection.abort()),
     policies={"timeouts": "connect: 300ms, firstByte: 600ms, request: 700ms, streamIdle: 30s", "limits": "body: 64MiB"})
def _(t, app, sidecar):
    import threading
    app.never = t.event()
    client = sidecar.client()
    body = b"b" * (32 << 20)
    threading.Thread(target=lambda: client.send(request_bytes("POST", "/not-taken", content=body), 10), daemon=True).start()
    return client.response(), "/not-taken"


@row("an app that resets before its head", "app_reset", 502, "app",
     handler=lambda connection, request: (connection.read_content(request), connection.abort()))
def _(t, app, sidecar):
    response = sidecar.post("/reset", b"once")
    t.equal(len(app.seen("/reset")), 1, "a POST is sent once")
    return response, "/reset"


@row("an app that closes before its head", "app_reset", 502, "app",
     handler=lambda connection, request: (connection.read_content(request), connection.half_close(), connection.wait_closed(2), connection.close()))
def _(t, app, sidecar):
    return sidecar.post("/closes", b"once"), "/closes"


@row("an app that closes within its head", "app_reset", 502, "app", handler=exactly(b"HTTP/1.1 200 OK\r\nContent-", "close"))
def _(t, app, sidecar):
    return sidecar.post("/half-head", b"once"), "/half-head"


@row("garbage from the app", "app_bad_response", 502, "app", handler=exactly(b"\x16\x03\x01 no http at all\r\n\r\n", "close"))
def _(t, app, sidecar):
    return sidecar.get("/garbage"), "/garbage"


@row("a response with two lengths", "app_bad_response", 502, "app",
     handler=exactly(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", "close"))
def _(t, app, sidecar):
    return sidecar.get("/two-lengths"), "/two-lengths"


@row("a 101 that nobody asked for", "app_bad_response", 502, "app",
     handler=exactly(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", "close"))
def _(t, app, sidecar):
    return sidecar.get("/unasked"), "/unasked"


@row("a response head above 256 KiB", "app_headers_too_large", 502, "app",
     handler=exactly(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"h" * 4000) for n in range(80)) + b"Content-Length: 0\r\n\r\n", "close"))
def _(t, app, sidecar):
    return sidecar.get("/wide-answer"), "/wide-answer"


@case("failures: an app's 5xx is app_5xx with its status and our body")
def _(t):
    app, sidecar = t.pair()
    for status in (500, 502, 503, 504, 599):
        app.on(f"/{status}", answer(status, {"Content-Type": "text/html", "Retry-After": "7"}, b"<h1>java.lang.NullPointerException</h1>"))
        response = sidecar.get(f"/{status}")
        t.local_reply(response, status)
        line = sidecar.access(f"/{status}")
        t.equal((line["reason"], line["status"], line["blame"], line["level"]), ("app_5xx", status, "app", "error"), "the line")
        t.check("NullPointerException" in (line.get("cause") or ""), f"cause: {line.get('cause')}")
    sidecar.wait_metric("holdfast_exchange_failures_total", 5, reason="app_5xx", blame="app", route="unmatched")


@case("failures: a client that goes away is client_gone, 499 in the log alone")
def _(t):
    app, sidecar = t.pair(silent, policies={"timeouts": "firstByte: 5s"})
    client = sidecar.client()
    client.send(request_bytes("GET", "/gone"))
    until(lambda: app.seen("/gone"), 3, "the app has it")
    client.abort()
    t.failed_as(sidecar, sidecar.access("/gone"), "client_gone", 499, "client")
    until(lambda: not any(connection.requests for connection in list(app.live)), 3, "the app's connection is closed too")


@case("failures: a client that goes away during its upload is client_gone, and the app sees an aborted request")
def _(t):
    app, sidecar = t.pair()
    client = sidecar.client()
    client.send(b"POST /leaves HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 5000)
    until(lambda: app.seen("/leaves"), 3, "the app has the head")
    client.abort()
    t.failed_as(sidecar, sidecar.access("/leaves"), "client_gone", 499, "client")
    until(lambda: app.seen("/leaves")[0].complete is not None, 3, "the app saw the end")
    t.equal(app.seen("/leaves")[0].complete, False, "complete at the app")


def cut_after(head, how):
    """Sends a response that is not whole, waits until the client has its beginning, then closes or resets."""
    def handler(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\n" + head)
        connection.hold(connection.app.begun, 5)
        if how == "abort":
            connection.abort()
        else:
            connection.close()
    return handler


@case("failures: an app that dies in its content is app_truncated with the status it sent")
def _(t):
    app, sidecar = t.pair()
    for path, head, how in (("/length", b"Content-Length: 100\r\n\r\nabc", "close"), ("/length-reset", b"Content-Length: 100\r\n\r\nabc", "abort"),
                            ("/chunks", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "close"),
                            ("/chunks-reset", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "abort")):
        app.begun = t.event()
        app.on(path, cut_after(head, how))
        client = sidecar.client()
        client.send(request_bytes("GET", path))
        response = client.head(time.monotonic() + 5)
        t.require(response and response.status == 200, f"{path}: a response began: {response}")
        app.begun.set()
        client.content_of(response, "GET", time.monotonic() + 5)
        t.equal(response.complete, False, f"{path}: the truncation is visible")
        t.check(client.wait_closed(3), f"{path}: the connection is closed")
        line = sidecar.access(path)
        t.equal((line["reason"], line["status"], line["blame"], line["truncated"]), ("app_truncated", 200, "app", True), path)
    sidecar.wait_metric("holdfast_exchange_failures_total", 4, reason="app_truncated", blame="app", route="unmatched")


@case("failures: an app RST on a close-delimited response is a truncation that the client sees as a reset")
def _(t):
    app, sidecar = t.pair()
    seen = t.event()

    def handler(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart of it")
        connection.hold(seen, 5)
        connection.abort()
    app.on("/delimited", handler)
    client = sidecar.client()
    client.send(b"GET /delimited HTTP/1.0\r\nHost: a\r\n\r\n")
    deadline = time.monotonic() + 5
    t.require(client.read_until(b"part of it", deadline), "the first bytes")
    seen.set()
    client.read_to_end(deadline)
    t.check(client.reset, "a 1.0 client, for whom the end of the connection is the end of the body, gets RST")
    line = sidecar.access("/delimited")
    t.equal((line["reason"], line["truncated"]), ("app_truncated", True), "the line")


@case("failures: an app that stalls in its content is app_stream_idle and a truncation")
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "connect: 300ms, firstByte: 400ms, request: 10s, streamIdle: 600ms"})
    app.on("/stalls", lambda connection, request: (connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), connection.wait_closed(8)))
    started = time.monotonic()
    response = sidecar.get("/stalls")
    t.within(time.monotonic() - started, 0.55, 2, "seconds until the cut")
    t.equal((response.status, response.complete), (200, False), "status and completeness")
    line = sidecar.access("/stalls")
    t.failed_as(sidecar, line, "app_stream_idle", 200, "app")
    t.equal(line["truncated"], True, "truncated")


@case("failures: an app that dribbles past the request deadline is app_request_slow and a truncation")
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "connect: 300ms, firstByte: 400ms, request: 800ms, streamIdle: 10s"})
    never = t.event()

    def dribble(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while connection.send(b"x") and not never.wait(0.05):
            pass
    app.on("/dribbles", dribble)
    started = time.monotonic()
    response = sidecar.get("/dribbles")
    t.within(time.monotonic() - started, 0.75, 2.2, "seconds until the cut")
    t.equal((response.status, response.complete), (200, False), "status and completeness")
    t.failed_as(sidecar, sidecar.access("/dribbles"), "app_request_slow", 200, "app")


@case("failures: a client that does not read is client_read_slow and a truncation", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "connect: 300ms, firstByte: 500ms, request: 30s, streamIdle: 1s"})

    def endless(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while connection.send(LARGE, 15):
            pass
    app.on("/endless", endless)
    client = sidecar.client(receive_buffer=4096)
    client.send(request_bytes("GET", "/endless"))
    line = sidecar.access("/endless", timeout=15)
    t.failed_as(sidecar, line, "client_read_slow", 200, "client")
    t.equal(line["truncated"], True, "truncated")


@case("failures: a request that comes while the app is gone during a drain is draining")
def _(t):
    app, sidecar = t.pair(policies={"drain": "announce: 3s, finish: 3s"})
    t.equal(sidecar.get("/before").status, 200, "before")
    sidecar.expect_exit = True
    sidecar.signal(signal.SIGTERM)
    until(lambda: sidecar.ready() == 503, 3, "readyz says draining")
    t.equal(sidecar.get("/announced").status, 200, "served while the app accepts")
    app.unlisten()
    response = sidecar.get("/late")
    t.local_reply(response, 503)
    t.failed_as(sidecar, sidecar.access("/late"), "draining", 503, "sidecar")


@case("failures: a connection on which nothing is sent is closed silently, with no line")
def _(t):
    _, sidecar = t.pair(policies=FAST_TIMEOUTS)
    client = sidecar.client()
    data = client.read_to_end(time.monotonic() + 5)
    t.equal(data, b"", "bytes on a connection without a request")
    t.equal(sidecar.get("/next").status, 200, "the next client")
    sidecar.access("/next")
    t.equal(len(sidecar.access_lines()), 1, "access lines")


@case("failures: bad_request names the rule and the offset, never the bytes")
def _(t):
    _, sidecar = t.pair()
    client = sidecar.client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Canary-Name : canary-value-81234\r\n\r\n")
    response = client.response()
    t.local_reply(response, 400)
    line = sidecar.access()
    t.check("canary-value-81234" not in line["_raw"] + response.text, "the bytes are in neither")
    t.check(any(character.isdigit() for character in json.dumps([line.get("cause"), line.get("policy"), json.loads(response.content)["error"]])),
            f"an offset: {line['_raw']}")


BAD_REQUESTS = {
    "a bare LF": b"GET / HTTP/1.1\nHost: a\n\n",
    "obs-fold": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "white space before the colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "an empty field name": b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
    "a NUL in a value": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    "no Host in 1.1": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "a Host that is no authority": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "differing lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a listed length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na",
    "a signed length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na",
    "an overlong length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\na",
    "a coding that is not chunked": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding in 1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "an authority-form for GET": b"GET a.test:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a bad chunk size": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "a chunk size that overflows": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n",
}


@case("failures: whatever two implementations could read differently is 400 and close")
def _(t):
    app, sidecar = t.pair()
    for name, data in BAD_REQUESTS.items():
        client = sidecar.client()
        client.send(data)
        response = client.response()
        t.check(response is not None and response.status == 400, f"{name}: 400, got {response}")
        t.check(client.wait_closed(3), f"{name}: the connection is closed")
    t.check(not any(request.complete for request in app.requests), f"nothing whole reaches the app: {[r.raw for r in app.requests]}")
    sidecar.wait_metric("holdfast_exchange_failures_total", len(BAD_REQUESTS), reason="bad_request", blame="client")
