"""A core of tests/conformance over real sockets: exact bytes in, exact bytes out, one case per row.

What these rows add to the ones in memory is the kernel: that a refusal arrives although the client still sends, that a cut response
ends by a reset or without its last chunk, and that connections are kept and closed as the bytes on them say.
"""
from support import case
from wire import exactly, request_bytes

HOST_LINE = b"Host: a.example\r\n"
GET = b"GET /a HTTP/1.1\r\n" + HOST_LINE + b"\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\n" + HOST_LINE + b"\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"


def get(fields=b"", target=b"/a"):
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST_LINE + fields + b"\r\n"


def post(fields, content=b""):
    return b"POST /a HTTP/1.1\r\n" + HOST_LINE + fields + b"\r\n" + content


def response(status, fields=b"", content=b""):
    return b"HTTP/1.1 " + status + b"\r\n" + fields + b"\r\n" + content


# (section, sentence, request, status, reason)
REFUSED = [
    ("9112 3", "two SP between method and target", b"GET  /a HTTP/1.1\r\n" + HOST_LINE + b"\r\n", 400, "bad_request"),
    ("9112 3", "SP behind the version", b"GET /a HTTP/1.1 \r\n" + HOST_LINE + b"\r\n", 400, "bad_request"),
    ("9112 2.2", "line ends that are a lone LF", GET.replace(b"\r\n", b"\n"), 400, "bad_request"),
    ("9112 2.2", "a lone CR in a value", get(b"X-Own: a\rX-Other: b\r\n"), 400, "bad_request"),
    ("9110 5.5", "NUL in a value", get(b"X-Own: a\x00b\r\n"), 400, "bad_request"),
    ("9112 5.1", "white space in front of a colon", get(b"X-Own : 1\r\n"), 400, "bad_request"),
    ("9112 5.2", "a folded line", get(b"X-Own: 1\r\n 2\r\n"), 400, "bad_request"),
    ("9112 3.2", "a request without Host", b"GET /a HTTP/1.1\r\n\r\n", 400, "bad_request"),
    ("9112 3.2", "two Host", get(b"Host: b.example\r\n"), 400, "bad_request"),
    ("9112 3.2", "a Host that is no authority", b"GET /a HTTP/1.1\r\nHost: a.example/b\r\n\r\n", 400, "bad_request"),
    ("9112 3.2.4", "an asterisk without OPTIONS", get(target=b"*"), 400, "bad_request"),
    ("9110 4.2.4", "userinfo in the target", get(target=b"http://u:p@a.example/"), 400, "bad_request"),
    ("9112 6.1", "Content-Length beside Transfer-Encoding",
     post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), 400, "bad_request"),
    ("9112 6.3", "two Content-Length that differ", post(b"Content-Length: 5\r\nContent-Length: 0\r\n", b"hello"), 400, "bad_request"),
    ("9112 6.3", "a length with a plus sign", post(b"Content-Length: +5\r\n", b"hello"), 400, "bad_request"),
    ("9112 6.3", "chunked that is not the last coding", post(b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n"), 400, "bad_request"),
    ("9112 6.1", "Transfer-Encoding in HTTP/1.0",
     b"POST /a HTTP/1.0\r\n" + HOST_LINE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"),
    ("9110 9.3.6", "CONNECT", b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", 501, "method_refused"),
    ("9110 9.3.8", "TRACE", b"TRACE /a HTTP/1.1\r\n" + HOST_LINE + b"\r\n", 501, "method_refused"),
    ("9112 3", "a method longer than any", b"M" * 40 + b" /a HTTP/1.1\r\n" + HOST_LINE + b"\r\n", 501, "method_refused"),
    ("9110 15.6.6", "HTTP/2.0 in a request line", b"GET /a HTTP/2.0\r\n" + HOST_LINE + b"\r\n", 505, "unsupported_version"),
    ("9112 3", "a target above the limit", get(target=b"/" + b"x" * 9000), 414, "uri_too_long"),
    ("9110 5.4", "a field section above the limit", get(b"X-Own: " + b"x" * 40000 + b"\r\n"), 431, "headers_too_large"),
    ("9110 15.5.14", "announced content above the limit", post(b"Content-Length: 5000000\r\n", b"x" * 100000), 413, "body_too_large"),
]

# (section, sentence, request, lines that the app's head has, names that it lacks, content)
FORWARDED = [
    ("9112 3.2.2", "absolute-form becomes origin-form, Host is replaced", get(target=b"http://b.example:81/x?y"),
     [b"GET /x?y HTTP/1.1", b"Host: b.example:81"], [], b""),
    ("9112 3.2.4", "OPTIONS for a URI without a path becomes `*`", b"OPTIONS http://b.example HTTP/1.1\r\n" + HOST_LINE + b"\r\n",
     [b"OPTIONS * HTTP/1.1", b"Host: b.example"], [], b""),
    ("9110 7.7", "path and query are not touched", get(target=b"//a/./../%41%2f?b=%0d%0a&&"), [b"GET //a/./../%41%2f?b=%0d%0a&& HTTP/1.1"], [], b""),
    ("9110 7.6.1", "what Connection names is removed", get(b"Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 2\r\n"),
     [b"X-End: 2"], ["x-hop", "connection", "keep-alive"], b""),
    ("9110 7.6.3", "Via says by which version the request came", get(b"Via: 1.0 fred\r\n"), [b"Via: 1.0 fred", b"Via: 1.1 holdfast"], [], b""),
    ("9112 7.1", "chunks are understood, extensions are dropped",
     post(b"Transfer-Encoding: chunked\r\n", b"3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"), [b"Transfer-Encoding: chunked"], ["content-length"], b"hello"),
    ("9110 10.1.4", "TE: trailers goes on as the sender's own", get(b"Connection: TE\r\nTE: gzip, trailers\r\n"),
     [b"TE: trailers", b"Connection: TE"], [], b""),
    ("9110 7.8", "an upgrade to h2c is ignored", get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
     [], ["upgrade", "http2-settings", "connection"], b""),
    ("9112 6", "content is opaque, also when it looks like a request", post(b"Content-Length: %d\r\n" % len(SMUGGLED), SMUGGLED),
     [b"Content-Length: %d" % len(SMUGGLED)], [], SMUGGLED),
    ("9110 7.6.2", "Max-Forwards of OPTIONS is decremented", b"OPTIONS /a HTTP/1.1\r\n" + HOST_LINE + b"Max-Forwards: 5\r\n\r\n",
     [b"Max-Forwards: 4"], [], b""),
]

# (section, sentence, the app's bytes, then, status, content, does it end as its framing says)
ANSWERED = [
    ("9112 7.1", "chunks reach the client", response(b"200 OK", b"Transfer-Encoding: chunked\r\n", CHUNKS), None, 200, b"hello", True),
    ("9112 6.3", "content up to the end of the connection is framed", response(b"200 OK", b"", b"hello"), "close", 200, b"hello", True),
    ("9110 15.3.5", "a 204 ends with its head", response(b"204 No Content", b"Content-Length: 5\r\n", b"hello"), None, 204, b"", True),
    ("9112 9.2", "what is behind a response answers nothing", OK + response(b"200 OK", b"Content-Length: 5\r\n", b"stray"), None, 200, b"hello", True),
    ("9112 8", "a length that is not reached does not look complete", response(b"200 OK", b"Content-Length: 10\r\n", b"hello"), "close",
     200, b"hello", False),
    ("9112 8", "chunks without the last one do not look complete", response(b"200 OK", b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n"), "close",
     200, b"hello", False),
    ("9112 8", "chunks that end by a reset do not look complete", response(b"200 OK", b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n"), "abort",
     None, None, False),
    ("9112 6.3", "two lengths that differ are a bad response", response(b"200 OK", b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello"), None,
     502, None, True),
    ("9112 6.3", "both framings are a bad response", response(b"200 OK", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", CHUNKS), None,
     502, None, True),
    ("9112 5.2", "a folded line is a bad response", response(b"200 OK", b"X-Own: 1\r\n 2\r\nContent-Length: 0\r\n"), None, 502, None, True),
    ("9110 7.8", "a 101 that nobody asked for is a bad response",
     response(b"101 Switching Protocols", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"), None, 502, None, True),
    ("9110 15.6.3", "a connection that closes without a byte is answered for", b"", "close", 502, None, True),
]


def next_is_served(t, client, app):
    """The connection goes on, and the next request gets its own answer."""
    app.handler = exactly(response(b"200 OK", b"Content-Length: 4\r\n", b"next"))
    client.send(request_bytes("GET", "/next"))
    answer = client.response()
    t.equal(answer and (answer.status, answer.content), (200, b"next"), "the next request on the connection")


def refused(section, sentence, request, status, reason):
    @case(f"conformance {section}: refused with {status}, and nothing reaches the app: {sentence}")
    def _(t):
        app, sidecar = t.pair()
        client = sidecar.client()
        client.send(request + SMUGGLED)
        answer = client.response()
        t.require(answer is not None, "no response")
        t.equal((answer.status, answer.header("connection"), answer.header("cache-control")), (status, "close", "no-store"), "the refusal")
        t.check(answer.complete and answer.content.startswith(b'{"error":"'), f"content {answer.content[:200]!r}")
        t.check(client.wait_closed(7), "closed")
        t.check(not client.reset, "closed in order")
        t.equal(sidecar.access(reason=reason)["status"], status, "status in the line")
        t.equal(app.requests, [], "at the app")


def forwarded(section, sentence, request, lines, lacks, content):
    @case(f"conformance {section}: {sentence}")
    def _(t):
        app, sidecar = t.pair(exactly(OK))
        client = sidecar.client()
        client.send(request)
        answer = client.response()
        t.equal(answer and (answer.status, answer.content), (200, b"hello"), "answer")
        t.require(len(app.requests) == 1, f"at the app: {app.requests}")
        seen = app.requests[0]
        for line in lines:
            t.check(line in seen.raw.split(b"\r\n"), f"{line!r} is not in {seen.raw!r}")
        for name in lacks:
            t.check(name not in seen.fields, f"{name} is in {seen.raw!r}")
        t.equal((seen.content, seen.complete), (content, True), "content at the app")
        next_is_served(t, client, app)


def answered(section, sentence, data, then, status, content, complete):
    @case(f"conformance {section}: {sentence}")
    def _(t):
        app, sidecar = t.pair(exactly(data, then))
        client = sidecar.client()
        client.send(GET)
        answer = client.response()
        if status is not None:
            t.equal(answer and answer.status, status, "status")
            t.check(content is None or answer.content == content, f"content {answer.content!r}")
        if complete:
            t.check(answer.complete, "looks incomplete")
            next_is_served(t, client, app)
            return
        t.check(answer is None or answer.status == 502 or not answer.complete, f"looks complete: {answer}")
        if answer is None or answer.status != 502:
            t.check(client.wait_closed(3), "the connection goes on behind a cut response")


for row in REFUSED:
    refused(*row)
for row in FORWARDED:
    forwarded(*row)
for row in ANSWERED:
    answered(*row)


@case("conformance 9112 9.3.2: pipelined requests are answered in order, and nothing behind `close` is processed")
def _(t):
    app, sidecar = t.pair(lambda connection, request: (connection.read_content(request), connection.answer(200, {}, request.target.encode())))
    client = sidecar.client()
    client.send(get(target=b"/1") + post(b"Content-Length: 5\r\n", b"hello") + get(b"Connection: close\r\n", b"/3") + SMUGGLED)
    t.equal([client.response().content for _ in range(3)], [b"/1", b"/a", b"/3"], "answers")
    t.check(client.wait_closed(7) and not client.reset, "closed in order")
    t.equal([request.target for request in app.requests], ["/1", "/a", "/3"], "at the app")


@case("conformance 9110 10.1.1: an expectation goes on, and the app's 100 comes back before any content")
def _(t):
    def handler(connection, request):
        connection.send(response(b"100 Continue"))
        connection.read_content(request)
        connection.send(OK)
    app, sidecar = t.pair(handler)
    client = sidecar.client()
    client.send(post(b"Expect: 100-continue\r\nContent-Length: 5\r\n"))
    interim = client.response(interim=False)
    t.equal(interim and interim.head, b"HTTP/1.1 100 Continue\r\n\r\n", "the interim response")
    client.send(b"hello")
    answer = client.response()
    t.equal(answer and answer.content, b"hello", "the final response")
    t.equal((app.requests[0].header("expect"), app.requests[0].content), ("100-continue", b"hello"), "at the app")


@case("conformance 9112 8: a request that breaks off inside of its content is never complete at the app")
def _(t):
    app, sidecar = t.pair()
    client = sidecar.client()
    client.send(post(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n"))
    client.close()
    t.equal(sidecar.access("/a")["reason"], "client_gone", "reason")
    t.check(all(not request.complete for request in app.requests), f"at the app: {app.requests}")
