"""The data path: HTTP/1 on both sides, byte by byte."""
import base64
import hashlib
import re
import threading
import time

from support import HOST, case, holds_for, until
from wire import LAST_CHUNK, answer, chunk, exactly, request_bytes


# --- connections and order

@case("data path: pipelined requests are answered in order, each with its own answer")
def _(t):
    app, sidecar = t.pair(lambda connection, request: (connection.read_content(request), connection.answer(200, {}, request.target.encode())))
    client = sidecar.client()
    client.send(b"".join(request_bytes("GET", f"/p{number}") for number in range(50)))
    t.equal([client.response().content for _ in range(50)], [b"/p%d" % number for number in range(50)], "answers")


@case("data path: a pipelined request behind a body is not taken for content")
def _(t):
    app, sidecar = t.pair()
    client = sidecar.client()
    client.send(request_bytes("POST", "/a", content=b"12345") + request_bytes("GET", "/b")
                + b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"xyz") + LAST_CHUNK + request_bytes("GET", "/d"))
    t.equal([client.response().status for _ in range(4)], [200] * 4, "answers")
    t.equal([(request.target, request.content) for request in app.requests], [("/a", b"12345"), ("/b", b""), ("/c", b"xyz"), ("/d", b"")], "at the app")


@case("data path: requests of many byte-sized writes are understood")
def _(t):
    app, sidecar = t.pair()
    client = sidecar.client()
    for byte in request_bytes("POST", "/bytes", content=b"hello"):
        client.send(bytes([byte]))
    t.equal(client.response().status, 200, "status")
    t.equal(app.requests[0].content, b"hello", "content")


@case("data path: one CRLF before a request line is skipped")
def _(t):
    _, sidecar = t.pair()
    client = sidecar.client()
    client.send(b"\r\n" + request_bytes("GET", "/crlf"))
    t.equal(client.response().status, 200, "status")


@case("data path: a connection is kept open, and Connection: close ends it")
def _(t):
    _, sidecar = t.pair()
    client = sidecar.client()
    for number in range(5):
        client.send(request_bytes("GET", f"/k{number}"))
        t.equal(client.response().status, 200, "kept")
    client.send(request_bytes("GET", "/last", {"Connection": "close"}))
    response = client.response()
    t.check("close" in response.fields.tokens("connection"), "Connection: close")
    t.check(client.wait_closed(3), "closed")
    lines = [sidecar.access("/k4"), sidecar.access("/last")]
    t.equal([line["conn"]["nth"] for line in lines][1] - [line["conn"]["nth"] for line in lines][0], 1, "conn.nth counts")
    t.equal(lines[0]["conn"]["id"], lines[1]["conn"]["id"], "one conn.id")


@case("data path: a client that half-closes after its request gets its answer or an orderly close, never a reset")
def _(t):
    _, sidecar = t.pair()
    client = sidecar.client()
    client.send(request_bytes("GET", "/half"))
    client.half_close()
    response = client.response()
    t.check(response is None or response.status == 200, f"an answer or an orderly close: {response}")
    t.check(not client.reset, "no reset")


# --- versions and framing

@case("data path: a 1.0 client gets its answer without chunks, and its connection is closed")
def _(t):
    app, sidecar = t.pair(exactly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"hello ") + chunk(b"world") + LAST_CHUNK))
    client = sidecar.client()
    client.send(b"GET /old HTTP/1.0\r\n\r\n")
    response = client.response()
    t.equal((response.status, response.content, response.complete), (200, b"hello world", True), "decoded")
    t.check("transfer-encoding" not in response.fields, "no Transfer-Encoding")
    t.equal(app.requests[0].header("host"), app.address, "a 1.0 request without Host gets the upstream's address")
    t.equal(app.requests[0].version, "HTTP/1.1", "version at the app")


@case("data path: a 1.0 client with keep-alive and a known length keeps its connection")
def _(t):
    _, sidecar = t.pair()
    client = sidecar.client()
    for _ in range(2):
        client.send(b"GET /ka HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
        response = client.response()
        if "keep-alive" not in response.fields.tokens("connection"):
            t.check(client.wait_closed(3), "either keep-alive is said or the connection is closed")
            break
        t.equal(response.content, b"ok", "content")


@case("data path: an app that speaks 1.0 without length is passed on whole")
def _(t):
    app, sidecar = t.pair(exactly(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"q" * 100000, "close"))
    client = sidecar.client()
    client.send(request_bytes("GET", "/close-delimited"))
    response = client.response()
    t.equal((response.status, len(response.content), response.complete), (200, 100000, True), "content")
    t.check("chunked" in response.fields.tokens("transfer-encoding") or "close" in response.fields.tokens("connection"), "its end is framed")
    t.equal(sidecar.access("/close-delimited")["truncated"], False, "not a truncation")


@case("data path: HEAD, 204 and 304 carry no content, and the connection stays in step")
def _(t):
    app, sidecar = t.pair()
    app.on("/204", exactly(b"HTTP/1.1 204 No Content\r\n\r\n"))
    app.on("/304", exactly(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n"))
    app.on("/head", exactly(b"HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n"))
    app.on("/head-chunked", exactly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
    client = sidecar.client()
    for method, path, status in (("GET", "/204", 204), ("GET", "/304", 304), ("HEAD", "/head", 200), ("HEAD", "/head-chunked", 200), ("GET", "/end", 200)):
        client.send(request_bytes(method, path))
        response = client.response(method)
        t.equal(response.status, status, path)
        if path == "/204":
            t.check("content-length" not in response.fields and "transfer-encoding" not in response.fields, "204 has no framing fields")
        if path == "/head":
            t.equal(response.header("content-length"), "77", "Content-Length of HEAD")
    t.equal(response.content, b"ok", "the last one")


@case("data path: trailers pass in both directions")
def _(t):
    app, sidecar = t.pair(exactly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" + chunk(b"body") + b"0\r\nX-Sum: 42\r\n\r\n"))
    client = sidecar.client()
    client.send(b"POST /trailers HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\nTrailer: X-Up\r\n\r\n" + chunk(b"up") + b"0\r\nX-Up: 7\r\n\r\n")
    response = client.response()
    t.equal(response.trailers.get("x-sum"), "42", "response trailer")
    t.equal(app.requests[0].trailers.get("x-up"), "7", "request trailer")


@case("data path: 8 MiB pass whole both ways, with a length and with chunks", seconds=60)
def _(t):
    def echo(connection, request):
        content = connection.read_content(request)
        connection.answer(200, {"X-Sum": hashlib.sha256(content).hexdigest()}, content)
    app, sidecar = t.pair(echo, policies={"limits": "body: 64MiB"})
    content = bytes(range(256)) * (32 * 1024)
    digest = hashlib.sha256(content).hexdigest()
    chunks = b"".join(chunk(content[at:at + 70001]) for at in range(0, len(content), 70001)) + LAST_CHUNK
    for data in (request_bytes("POST", "/big", content=content), b"POST /big HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks):
        client = sidecar.client()
        threading.Thread(target=client.send, args=(data, 20), daemon=True).start()
        response = client.response(timeout=20)
        t.equal((response.status, response.header("x-sum")), (200, digest), "what the app got")
        t.equal(hashlib.sha256(response.content).hexdigest(), digest, "what came back")


@case("data path: a slow reader holds the app back, and memory stays small", seconds=40)
def _(t):
    sent = [0]

    def endless(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while sent[0] < 1000000000 and connection.send(b"x" * 100000, 3):
            sent[0] += 100000
    app, sidecar = t.pair(endless)
    client = sidecar.client(receive_buffer=8192)
    client.send(request_bytes("GET", "/endless"))
    t.require(client.head(time.monotonic() + 5), "the head")
    previous = [-1]

    def still():
        before, previous[0] = previous[0], sent[0]
        return before == previous[0]
    until(still, 10, "the app is held back", pause=0.3)
    t.check(sent[0] < 40_000_000, f"bytes the app could send: {sent[0]}")
    resident = sidecar.metrics().sum("process_resident_memory_bytes")
    t.check(0 < resident < 200e6, f"resident bytes: {resident}")


# --- interim responses

@case("data path: interim responses pass to 1.1 clients, at most 16, and not to 1.0 clients")
def _(t):
    app, sidecar = t.pair()
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    app.on("/hints", exactly(hint * 3 + final))
    app.on("/flood", exactly(hint * 40 + final))
    response = sidecar.get("/hints")
    t.equal([earlier.status for earlier in response.interim], [103] * 3, "interim responses")
    t.equal(response.interim[0].header("link"), "</a.css>", "their fields")
    t.equal(response.content, b"ok", "the final one")
    client = sidecar.client()
    client.send(b"GET /hints HTTP/1.0\r\nHost: a\r\n\r\n")
    t.equal(client.response(interim=False).status, 200, "a 1.0 client sees the final one first")
    response = sidecar.get("/flood")
    t.check(response is None or len(response.interim) <= 16, "no more than 16 pass")


@case("data path: Expect: 100-continue is the app's to answer")
def _(t):
    app, sidecar = t.pair(policies={"limits": "body: 64KiB"})

    def willing(connection, request):
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.read_content(request)
        connection.answer()

    def unwilling(connection, request):
        connection.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        connection.wait_closed(3)
        connection.close()
    app.on("/willing", willing)
    app.on("/unwilling", unwilling)
    head = "POST {} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n"
    client = sidecar.client()
    client.send(head.format("/willing", 5).encode())
    first = client.head(time.monotonic() + 5)
    t.equal(first.status, 100, "100 of the app")
    client.send(b"hello")
    t.equal(client.response().status, 200, "final")
    t.equal(app.seen("/willing")[0].content, b"hello", "content")
    t.equal(app.seen("/willing")[0].header("expect"), "100-continue", "the expectation is forwarded")
    client = sidecar.client()
    client.send(head.format("/unwilling", 5).encode())
    response = client.response()
    t.equal((response.status, response.interim), (403, []), "a refusal without 100")
    client = sidecar.client()
    client.send(head.format("/too-large", 100000).encode())
    response = client.response()
    t.equal((response.status, response.interim), (413, []), "limits are checked first")
    t.equal(app.seen("/too-large"), [], "and nothing is asked of the app")


@case("data path: an early final response is passed on while the client uploads")
def _(t):
    app, sidecar = t.pair(policies={"limits": "body: 64MiB"})

    def early(connection, request):
        connection.answer(422, {}, b"no need for more")
        connection.wait_closed(5)
        connection.close()
    app.on("/early", early)
    client = sidecar.client()
    client.send(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 10000)
    response = client.response()
    t.equal((response.status, response.content), (422, b"no need for more"), "the early answer")
    for _ in range(20):
        client.send(b"x" * 10000)
    t.check(client.wait_closed(8), "the connection is closed")
    t.equal(sidecar.get("/next").status, 200, "next")


# --- upgrades

WEBSOCKET = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(), "Sec-WebSocket-Version": "13"}


def tunnel(connection, request):
    """Answers 101 and echoes bytes."""
    connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    deadline = time.monotonic() + 20
    while True:
        if connection.buffer:
            connection.send(connection.take(len(connection.buffer)))
        if not connection.fill(deadline):
            break
    connection.close()


@case("data path: websocket passes as a tunnel, beyond the request deadline and outside concurrency", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "connect: 200ms, firstByte: 400ms, request: 600ms, streamIdle: 5s", "limits": "concurrency: 1, queue: 1"})
    app.on("/ws", tunnel)
    client = sidecar.client()
    client.send(request_bytes("GET", "/ws", WEBSOCKET) + b"early bytes")
    response = client.response()
    t.equal(response.status, 101, "status")
    t.equal(response.header("upgrade"), "websocket", "Upgrade")
    deadline = time.monotonic() + 10
    t.equal(client.read_exactly(11, deadline)[0], b"early bytes", "bytes sent before the 101")
    for number in range(10):
        client.send(b"\x81\x00 frame %d" % number)
        t.check(client.read_until(b"frame %d" % number, deadline), f"frame {number} comes back")
        time.sleep(0.1)
    t.equal(app.requests[0].header("sec-websocket-key"), WEBSOCKET["Sec-WebSocket-Key"], "its key")
    t.equal(sidecar.get("/beside").status, 200, "an ordinary request beside it")
    client.close()
    line = sidecar.access("/ws")
    t.equal((line["status"], line["reason"]), (101, "ok"), "its line")


@case("data path: a tunnel that is idle ends under streamIdle")
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "connect: 200ms, firstByte: 300ms, request: 5s, streamIdle: 700ms"})
    app.on("/ws", tunnel)
    client = sidecar.client()
    client.send(request_bytes("GET", "/ws", WEBSOCKET))
    t.equal(client.response().status, 101, "status")
    started = time.monotonic()
    t.check(client.wait_closed(5), "closed")
    t.within(time.monotonic() - started, 0.6, 2.5, "seconds")


@case("data path: an app that refuses the upgrade answers plainly")
def _(t):
    app, sidecar = t.pair(answer(426, {}, b"no"))
    client = sidecar.client()
    client.send(request_bytes("GET", "/ws", WEBSOCKET))
    t.equal(client.response().status, 426, "status")
    client.send(request_bytes("GET", "/next"))
    t.equal(client.response().status, 426, "the connection goes on")


@case("data path: any other Upgrade is removed and the request is forwarded plainly")
def _(t):
    app, sidecar = t.pair()
    for fields in ({"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}, {"Connection": "Upgrade", "Upgrade": "TLS/1.2"},
                   {"Upgrade": "websocket"}):
        t.equal(sidecar.get("/u", fields).status, 200, f"{fields}")
        t.check("upgrade" not in app.requests[-1].fields and "http2-settings" not in app.requests[-1].fields, f"{fields}: {app.requests[-1].fields}")
    response = sidecar.post("/u", b"x", WEBSOCKET)
    t.equal(response.status, 200, "websocket by POST")
    t.check("upgrade" not in app.requests[-1].fields, "is no upgrade")


@case("data path: a 101 of another protocol than the one asked for is app_bad_response")
def _(t):
    app, sidecar = t.pair(exactly(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "close"))
    client = sidecar.client()
    client.send(request_bytes("GET", "/ws", WEBSOCKET))
    t.local_reply(client.response(), 502)
    t.equal(sidecar.access("/ws")["reason"], "app_bad_response", "reason")


@case("data path: server-sent events leave the request deadline by themselves and come under streamIdle", seconds=30)
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "connect: 200ms, firstByte: 300ms, request: 500ms, streamIdle: 800ms"})

    def events(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(6):
            connection.send(chunk(b"data: %d\n\n" % number))
            time.sleep(0.25)
        connection.wait_closed(5)
    app.on("/events", events)
    client = sidecar.client()
    client.send(request_bytes("GET", "/events"))
    response = client.head(time.monotonic() + 3)
    t.equal(response.status, 200, "status")
    deadline = time.monotonic() + 6
    t.check(client.read_until(b"data: 0", deadline), "the first event comes at once")
    t.check(client.read_until(b"data: 5", deadline), "events after the request deadline")
    t.check(client.wait_closed(4), "silence ends it")
    line = sidecar.access("/events")
    t.equal((line["reason"], line["truncated"]), ("app_stream_idle", True), "its line")


@case("data path: bytes of a stream are passed on as they come, not gathered")
def _(t):
    app, sidecar = t.pair()
    step = threading.Semaphore(0)

    def streamed(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(5):
            connection.send(chunk(b"piece%d" % number))
            step.acquire(timeout=5)
        connection.send(LAST_CHUNK)
    app.on("/stream", streamed)
    client = sidecar.client()
    client.send(request_bytes("GET", "/stream"))
    t.require(client.head(time.monotonic() + 3), "head")
    for number in range(5):
        t.check(client.read_until(b"piece%d" % number, time.monotonic() + 3), f"piece {number} before the next is sent")
        step.release()


# --- pool and re-sending

@case("data path: connections to the app are used again")
def _(t):
    app, sidecar = t.pair()
    for number in range(10):
        t.equal(sidecar.get(f"/r{number}").status, 200, "status")
    t.equal(len({request.connection for request in app.requests}), 1, "connections")


@case("data path: an app that says Connection: close is not asked again on that connection")
def _(t):
    app, sidecar = t.pair(answer(200, {"Connection": "close"}))
    for number in range(3):
        t.equal(sidecar.get(f"/c{number}").status, 200, "status")
    t.equal(len({request.connection for request in app.requests}), 3, "connections")


@case("data path: the app's Keep-Alive: timeout=2 is obeyed as 1 s")
def _(t):
    app, sidecar = t.pair(answer(200, {"Keep-Alive": "timeout=2"}), policies={"timeouts": "upstreamIdle: 30s"})
    sidecar.get("/one")
    number = app.requests[0].connection
    started = time.monotonic()
    until(lambda: not any(connection.number == number for connection in list(app.live)), 5, "the connection is closed")
    t.within(time.monotonic() - started, 0.8, 1.9, "seconds until the close")


@case("data path: a non-idempotent request takes only a connection idle for under 500 ms")
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "upstreamIdle: 10s"})
    sidecar.get("/first")
    t.equal(sidecar.post("/soon", b"x").status, 200, "at once")
    t.equal(app.requests[1].connection, app.requests[0].connection, "the same connection")
    time.sleep(0.8)
    t.equal(sidecar.post("/later", b"x").status, 200, "later")
    t.check(app.requests[2].connection != app.requests[1].connection, "a new connection")
    time.sleep(0.8)
    sidecar.get("/get")
    t.check(app.requests[3].connection in {request.connection for request in app.requests[:3]}, "a GET takes an idle one")


def dies_when_reused(connection, request):
    """Answers the first request of a connection and resets at the second, before any byte."""
    connection.read_content(request)
    if request.nth == 0:
        connection.answer()
    else:
        connection.abort()


@case("data path: a GET on a reused connection that died is sent once more, and the client notices nothing")
def _(t):
    app, sidecar = t.pair(dies_when_reused)
    t.equal(sidecar.get("/first").status, 200, "first")
    t.equal(sidecar.get("/again").status, 200, "second")
    t.equal(len(app.seen("/again")), 2, "times at the app")


@case("data path: a GET is sent at most twice, and one on a fresh connection only once")
def _(t):
    app, sidecar = t.pair(lambda connection, request: (connection.read_content(request), connection.abort()))
    app.on("/ok", answer())
    t.local_reply(sidecar.get("/fresh"), 502)
    t.equal(len(app.seen("/fresh")), 1, "on a fresh connection")
    t.equal(sidecar.get("/ok").status, 200, "a connection to reuse")
    t.local_reply(sidecar.get("/dead"), 502)
    t.equal(len(app.seen("/dead")), 2, "on a reused one")


@case("data path: a POST is never sent twice")
def _(t):
    app, sidecar = t.pair(dies_when_reused)
    for number in range(6):
        sidecar.get(f"/warm{number}")
        response = sidecar.post(f"/pay{number}", b"10 EUR")
        t.check(response.status in (200, 502), f"{response}")
        t.equal(len(app.seen(f"/pay{number}")), 1, f"times POST {number} reached the app")


@case("data path: a PUT whose content has begun is not sent again")
def _(t):
    app, sidecar = t.pair(dies_when_reused)
    sidecar.get("/warm")
    response = sidecar.request("PUT", "/put", content=b"content")
    t.check(len(app.seen("/put")) == 1 or response.status == 200, f"times: {len(app.seen('/put'))}, {response}")


@case("data path: an idle connection that the app closes costs nobody anything", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "upstreamIdle: 30s"})
    for number in range(20):
        t.equal(sidecar.get(f"/i{number}").status, 200, "GET")
        app.drop_connections()
        until(lambda: not app.live, 2, "all are closed")
        t.equal(sidecar.post(f"/p{number}", b"x").status, 200, "POST right after the close")


# --- fields

@case("data path: connection-specific fields and what Connection names are removed in both directions")
def _(t):
    app, sidecar = t.pair(answer(200, {"Connection": "X-Hop, close", "X-Hop": "1", "Proxy-Authenticate": "Basic", "X-End": "1"}))
    response = sidecar.get("/hop", [("Connection", "keep-alive, X-Mine"), ("X-Mine", "1"), ("Keep-Alive", "timeout=3"), ("Proxy-Connection", "keep-alive"),
                                    ("TE", "trailers, gzip"), ("X-End", "1")])
    seen = app.requests[0].fields
    t.equal([name for name in ("x-mine", "keep-alive", "proxy-connection") if name in seen], [], "removed on the way in")
    t.equal(seen.get("x-end"), "1", "others stay")
    t.check("gzip" not in seen.tokens("te"), "TE keeps trailers at most")
    t.check("x-hop" not in response.fields, "removed on the way out")
    t.equal(response.header("x-end"), "1", "others stay on the way out")


@case("data path: a client cannot have essential fields removed through Connection")
def _(t):
    app, sidecar = t.pair()
    response = sidecar.post("/steal", b"hello", [("Connection", "Content-Length, Host, Authorization, Cookie, X-Request-Id"), ("Authorization", "Basic x"),
                                                 ("Cookie", "a=b"), ("X-Request-Id", "client-id-0001")])
    t.equal(response.status, 200, "status")
    seen = app.requests[0].fields
    t.equal([name for name in ("host", "authorization", "cookie", "x-request-id") if name not in seen], [], "still there")
    t.equal(app.requests[0].content, b"hello", "content")


@case("data path: Via on requests, Date on responses that lack it")
def _(t):
    app, sidecar = t.pair()
    response = sidecar.get("/v", {"Via": "1.0 fred"})
    t.equal(app.requests[0].fields.tokens("via"), ["1.0 fred", "1.1 holdfast"], "Via")
    t.check(re.match(r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$", response.header("date") or ""), f"Date: {response.header('date')}")
    app.on("/d", answer(200, {"Date": "Sun, 06 Nov 1994 08:49:37 GMT"}))
    t.equal(sidecar.get("/d").fields.all("date"), ["Sun, 06 Nov 1994 08:49:37 GMT"], "the app's own Date")


FORWARDED = [("X-Forwarded-For", "6.6.6.6, 7.7.7.7"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.test"), ("Forwarded", "for=6.6.6.6;host=evil.test")]


@case("data path: with trustedHops 0 what the client says of itself is dropped and set anew")
def _(t):
    app, sidecar = t.pair()
    sidecar.get("/x", FORWARDED, host="shop.test")
    seen = app.requests[0].fields
    t.equal(seen.all("x-forwarded-for"), [HOST], "X-Forwarded-For")
    t.equal(seen.all("x-forwarded-proto"), ["http"], "X-Forwarded-Proto")
    t.equal(seen.all("x-forwarded-host"), ["shop.test"], "X-Forwarded-Host")
    t.equal(seen.all("host"), ["shop.test"], "Host is unchanged")
    t.check("6.6.6.6" not in str(seen) and "evil.test" not in str(seen), f"{seen}")
    t.equal(sidecar.access("/x")["client"].split(":")[0], HOST, "client in the line")


@case("data path: with trustedHops 1 the chain is appended to, Proto and Host pass, and the client is the first from the right")
def _(t):
    app, sidecar = t.pair(top={"forwarded": "{trustedHops: 1}"})
    sidecar.get("/x", FORWARDED)
    seen = app.requests[0].fields
    t.equal(seen.tokens("x-forwarded-for"), ["6.6.6.6", "7.7.7.7", HOST], "X-Forwarded-For")
    t.equal(seen.all("x-forwarded-proto"), ["https"], "X-Forwarded-Proto")
    t.equal(seen.all("x-forwarded-host"), ["evil.test"], "X-Forwarded-Host")
    t.check(sidecar.access("/x")["client"].startswith("7.7.7.7"), f"client: {sidecar.access('/x')['client']}")


@case("data path: absolute-form becomes origin-form with Host from the target")
def _(t):
    app, sidecar = t.pair()
    sidecar.get("http://real.test/path?q=1", host="other.test")
    t.equal((app.requests[0].target, app.requests[0].fields.all("host")), ("/path?q=1", ["real.test"]), "at the app")
    sidecar.get("http://real.test", host="other.test")
    t.equal(app.requests[1].target, "/", "without a path")


@case("data path: the forwarded target keeps its bytes")
def _(t):
    app, sidecar = t.pair()
    for target in ("/a/../b/./c", "/%41%2f%2e", "//double//slash", "/?", "/a?b=c&d=%20+%ff", "/;p=1/x"):
        t.equal(sidecar.get(target).status, 200, target)
        t.equal(app.requests[-1].target, target, "target")


@case("data path: OPTIONS with Max-Forwards 0 is answered here, and 1 becomes 0")
def _(t):
    app, sidecar = t.pair()
    response = sidecar.request("OPTIONS", "*", {"Max-Forwards": "0"})
    t.check(response.status in (200, 204), f"status {response.status}")
    t.equal(app.requests, [], "the app is not asked")
    sidecar.request("OPTIONS", "/a", {"Max-Forwards": "1"})
    t.equal(app.requests[0].header("max-forwards"), "0", "Max-Forwards at the app")
    t.equal(sidecar.request("OPTIONS", "*").status, 200, "OPTIONS * is forwarded")
    t.equal(app.requests[1].target, "*", "target")


@case("data path: CONNECT and TRACE are 501, and methods nobody knows pass")
def _(t):
    app, sidecar = t.pair()
    t.equal(sidecar.request("TRACE", "/").status, 501, "TRACE")
    client = sidecar.client()
    client.send(b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n")
    t.equal(client.response().status, 501, "CONNECT")
    t.equal(app.requests, [], "at the app")
    for method in ("PROPFIND", "M-SEARCH", "FROB"):
        t.equal(sidecar.request(method, "/").status, 200, method)
        t.equal(app.requests[-1].method, method, "at the app")


@case("data path: values of fields pass byte for byte, in order, doubled ones too")
def _(t):
    app, sidecar = t.pair(answer(200, [("X-A", "1"), ("X-B", "tab\there \xe9"), ("X-A", "2"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]))
    response = sidecar.get("/f", [("X-One", "1"), ("X-Two", 'q"\xfc\t;'), ("X-One", "2"), ("Accept", "*/*")])
    own = [pair for pair in app.requests[0].fields.pairs if pair[0].lower() in ("x-one", "x-two", "accept")]
    t.equal([(name.lower(), value) for name, value in own], [("x-one", "1"), ("x-two", 'q"\xfc\t;'), ("x-one", "2"), ("accept", "*/*")], "request")
    own = [(name.lower(), value) for name, value in response.fields.pairs if name.lower() in ("x-a", "x-b", "set-cookie")]
    t.equal(own, [("x-a", "1"), ("x-b", "tab\there \xe9"), ("x-a", "2"), ("set-cookie", "a=1"), ("set-cookie", "b=2")], "response")


# --- routes

@case("data path: routes match the decoded path, first match wins, and the bytes stay")
def _(t):
    app, sidecar = t.pair(routes=["name: create, match: POST /users", "name: one, match: GET /users/*", "name: deep, match: GET /files/*"])
    table = [("POST", "/users", "create"), ("POST", "/%75sers", "create"), ("POST", "//users", "create"), ("POST", "/a/../users", "create"), ("POST", "/users?x=1", "create"),
             ("GET", "/users/7", "one"), ("HEAD", "/users/7", "one"), ("GET", "/files/a/b/c", "deep"), ("GET", "/users", "unmatched"), ("PUT", "/users/7", "unmatched"),
             ("GET", "/Users/7", "unmatched"), ("GET", "/users%2F7", "unmatched")]
    for number, (method, path, route) in enumerate(table):
        identifier = f"route-case-{number:04d}"
        sidecar.request(method, path, {"X-Request-Id": identifier}, b"" if method == "POST" else None)
        t.equal(sidecar.access(request_id=identifier)["route"], route, f"route of {method} {path}")
        t.equal(app.requests[-1].target, path, "bytes at the app")


@case("data path: two bytes of a hundred clients never mix", seconds=60)
def _(t):
    app, sidecar = t.pair(lambda connection, request: (connection.read_content(request), connection.answer(200, {}, request.target.encode() + b" " + request.content)),
                          arguments=["--workers", "4"])

    def work(number):
        client = sidecar.client()
        for turn in range(20):
            content = b"%d-%d" % (number, turn) * (turn + 1)
            client.send(request_bytes("POST", f"/mix/{number}/{turn}", content=content))
            response = client.response(timeout=20)
            if response.content != b"/mix/%d/%d " % (number, turn) + content:
                return f"{number}/{turn}: {response}"
        return None
    wrong = [result for result in t.threads(20 if t.quick else 60, work) if result is not None]
    t.equal(wrong, [], "mixed answers")


@case("data path: a client that sends garbage for ever costs nothing but its connection")
def _(t):
    _, sidecar = t.pair()
    for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 100, b"\0" * 5000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"G" * 300000, b"\r\n" * 1000):
        client = sidecar.client()
        client.send(data)
        t.check(client.wait_closed(12), f"closed after {data[:12]!r}")
    holds_for(lambda: sidecar.get("/fine").status == 200, 0.2, "others are served")
