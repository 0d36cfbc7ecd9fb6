"""Request id, redaction, errors, access log, metrics and tracing, each in every mode."""
import gzip
import json
import re

from support import case, holds_for, policy_text, sidecar_text
from wire import LAST_CHUNK, answer, chunk, exactly, request_bytes

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
OFF = "mode: disabled, because: the test switches it off"


# --- request id

@case("request id: a good one of the client is kept, for the app, the log and the answer")
def _(t):
    app, sidecar = t.pair()
    for identifier in ("client-id-0001", "A" * 8, "z" * 128, "a.b_c-D.0123"):
        response = sidecar.get("/kept", {"X-Request-Id": identifier})
        t.equal(response.fields.all("x-request-id"), [identifier], "response")
        t.equal(app.requests[-1].fields.all("x-request-id"), [identifier], "app")
        line = sidecar.access(request_id=identifier)
        t.check(not line.get("request_id_replaced"), "not replaced")


@case("request id: one is made when there is none, a UUID and never twice the same")
def _(t):
    app, sidecar = t.pair()
    made = [sidecar.get("/made").header("x-request-id") for _ in range(30)]
    t.check(all(UUID.match(identifier or "") for identifier in made), f"UUIDs: {made[:3]}")
    t.equal(len(set(made)), 30, "different ids")
    t.equal([request.header("x-request-id") for request in app.requests], made, "the app gets the same")


@case("request id: an unacceptable or doubled one is replaced, and the line says so")
def _(t):
    app, sidecar = t.pair()
    bad = [[("X-Request-Id", "short")], [("X-Request-Id", "x" * 129)], [("X-Request-Id", "has space in it")], [("X-Request-Id", 'quote"inside-it')],
           [("X-Request-Id", "sl/ash-and-so-on")], [("X-Request-Id", "good-id-number-1"), ("X-Request-Id", "good-id-number-2")], [("X-Request-Id", "")],
           [("X-Request-Id", "caf\xe9-and-so-on")]]
    for number, fields in enumerate(bad):
        response = sidecar.get(f"/bad{number}", fields)
        t.check(UUID.match(response.header("x-request-id") or ""), f"{fields}: replaced by {response.header('x-request-id')}")
        t.equal(app.requests[-1].fields.all("x-request-id"), [response.header("x-request-id")], f"{fields} at the app")
        line = sidecar.access(f"/bad{number}")
        t.check(line.get("request_id_replaced"), f"{fields}: request_id_replaced in the line")


@case("request id: the app's own response value is overwritten, our own errors carry it, a 400 too")
def _(t):
    app, sidecar = t.pair(answer(200, {"X-Request-Id": "of-the-app-itself"}))
    response = sidecar.get("/own", {"X-Request-Id": "of-the-client-00"})
    t.equal(response.fields.all("x-request-id"), ["of-the-client-00"], "response")
    app.unlisten()
    t.equal(sidecar.get("/down", {"X-Request-Id": "of-the-client-01"}).header("x-request-id"), "of-the-client-01", "our own 502")
    client = sidecar.client()
    client.send(b"GET / HTTP/1.1\r\n\r\n")
    t.check(client.response().header("x-request-id"), "a 400 has an id")


@case("request id: another header and another length can be configured")
def _(t):
    app, sidecar = t.pair(policies={"requestId": "header: x-correlation-id, acceptLength: 4-12"})
    response = sidecar.get("/c", {"X-Correlation-Id": "abcd", "X-Request-Id": "passes-unchanged"})
    t.equal(response.header("x-correlation-id"), "abcd", "kept")
    t.equal(app.requests[-1].header("x-request-id"), "passes-unchanged", "the other name is an ordinary field")
    t.check(sidecar.get("/c", {"X-Correlation-Id": "a" * 13}).header("x-correlation-id") != "a" * 13, "too long is replaced")


@case("request id: disabled leaves the client's value alone, and the line still has an id")
def _(t):
    app, sidecar = t.pair(answer(200, {"X-Request-Id": "of-the-app-itself"}), policies={"requestId": OFF})
    response = sidecar.get("/off", {"X-Request-Id": "bad id !"})
    t.equal(app.requests[-1].header("x-request-id"), "bad id !", "app")
    t.equal(response.header("x-request-id"), "of-the-app-itself", "the app's value passes")
    t.check(sidecar.access("/off").get("request_id"), "an id in the line")


# --- redaction

CANARY = "canary-9f2c41-do-not-log"


def all_output(t, sidecar):
    """Everything Holdfast said: stdout, stderr, metrics, admin pages."""
    parts = [sidecar.raw_stdout().decode("utf-8", "replace"), sidecar.stderr(), sidecar.metrics().text]
    for path in ("/effective", "/connections", "/loglevel"):
        parts.append(sidecar.ask_admin("GET", path)[1])
    return "\n".join(parts)


@case("redaction: Authorization and ?token= are in no output, at level trace")
def _(t):
    app, sidecar = t.pair(environment={"HOLDFAST_LOG": "trace"})
    sidecar.get(f"/login?token={CANARY}&page=7", {"Authorization": f"Bearer {CANARY}"})
    t.equal(app.requests[-1].target, f"/login?token={CANARY}&page=7", "the app gets the value")
    t.equal(app.requests[-1].header("authorization"), f"Bearer {CANARY}", "the app gets the field")
    line = sidecar.access("/login")
    t.check("token=[redacted]" in line["path"], f"names stay: {line['path']}")
    t.check("page=7" in line["path"], f"other values stay: {line['path']}")
    t.check(CANARY not in all_output(t, sidecar), "the canary is nowhere")


@case("redaction: canaries in many places are in no output, at level trace")
def _(t):
    app, sidecar = t.pair(environment={"HOLDFAST_LOG": "trace"}, policies={"errors": "keepCause: 2KiB"})
    leaked = json.dumps({"user": "ada", "password": CANARY, "nested": {"Secret": CANARY, "list": [{"token": CANARY}]}, "note": "shown"}).encode()
    app.on("/leak", answer(500, {"Content-Type": "application/json", "Set-Cookie": f"sid={CANARY}", "X-Api-Key": CANARY}, leaked))
    app.on("/cookie", answer(200, {"Set-Cookie": f"sid={CANARY}; HttpOnly"}))
    queries = [f"token={CANARY}", f"%74oken={CANARY}", f"TOKEN={CANARY}", f"ToKeN={CANARY}", f"a=1&access_token={CANARY}", f"password={CANARY}&b=2",
               f"%70%61%73%73%77%6F%72%64={CANARY}", f"code={CANARY}", f"sig={CANARY}", f"SIGNATURE={CANARY}", f"key={CANARY}", f"token={CANARY}&token={CANARY}",
               f"x=1&token=a{CANARY}=b", f"token=%2B{CANARY}"]
    for query in queries:
        sidecar.get(f"/q?{query}")
    for name in ("Authorization", "AUTHORIZATION", "Proxy-Authorization", "Cookie", "COOKIE", "X-Api-Key"):
        sidecar.get("/h", {name: f"v {CANARY}"})
    t.check(f"sid={CANARY}" in (sidecar.get("/cookie").header("set-cookie") or ""), "Set-Cookie passes to the client")
    sidecar.get("/leak", {"Authorization": CANARY})
    for raw in (f"GET /t?token={CANARY} HTTP/1.1\r\nHost : a\r\n\r\n", f"GET /t?token={CANARY} HTTP/2.0\r\nHost: a\r\n\r\n",
                f"GET /t HTTP/1.1\r\nHost: a\r\nAuthorization: {CANARY}\r\n x\r\n\r\n", f"GET /t?token={CANARY}\0 HTTP/1.1\r\nHost: a\r\n\r\n"):
        client = sidecar.client()
        client.send(raw.encode())
        client.response()
    sidecar.get(f"http://user:{CANARY}@sidecar.test/abs?token={CANARY}")
    line = sidecar.access("/leak")
    t.check("shown" in (line.get("cause") or "") and "[redacted]" in line["cause"], f"the cause keeps what is no secret: {line.get('cause')}")
    sidecar.access("/q", count=len(queries))
    output = all_output(t, sidecar)
    t.check(CANARY not in output, f"the canary is in: {[part for part in output.splitlines() if CANARY in part][:3]}")


@case("redaction: a secret in a cause that is cut, badly formed or spread over chunks stays secret")
def _(t):
    app, sidecar = t.pair(environment={"HOLDFAST_LOG": "trace"})
    bodies = {"/cut": b'{"password": "' + CANARY.encode() * 400, "/bad": b'{password: "' + CANARY.encode() + b'", "password" : "' + CANARY.encode() + b'"',
              "/escaped": b'{"pass\\u0077ord": "' + CANARY.encode() + b'"}', "/spaced": b'{ "password"\n:\t"' + CANARY.encode() + b'" }',
              "/form": b"password=" + CANARY.encode() + b"&user=ada"}
    for path, body in bodies.items():
        app.on(path, answer(500, {"Content-Type": "application/json"}, body))
        sidecar.get(path)
        sidecar.access(path)

    def spread(connection, request):
        connection.read_content(request)
        connection.send(b"HTTP/1.1 500 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in b'{"password":"' + CANARY.encode() + b'"}':
            connection.send(chunk(bytes([byte])))
        connection.send(LAST_CHUNK)
    app.on("/spread", spread)
    sidecar.get("/spread")
    sidecar.access("/spread")
    output = all_output(t, sidecar)
    t.check(CANARY not in output, f"the canary is in: {[part[:400] for part in output.splitlines() if CANARY in part][:3]}")


@case("redaction: a name of one's own is redacted, and one taken out needs because")
def _(t):
    app, sidecar = t.pair(environment={"HOLDFAST_LOG": "trace"},
                          policies={"redaction": "headers: [authorization, proxy-authorization, cookie, set-cookie, x-api-key, x-session], "
                                                 "query: [token, access_token, code, sig, signature, key, password, ticket], json: [password, secret, token, pin]"})
    app.on("/own", answer(500, {"Content-Type": "application/json"}, json.dumps({"pin": CANARY}).encode()))
    sidecar.get(f"/own?ticket={CANARY}", {"X-Session": CANARY})
    sidecar.access("/own")
    t.check(CANARY not in all_output(t, sidecar), "the canary is nowhere")
    t.write("holdfast.yaml", sidecar_text("127.0.0.1:3000"))
    t.write("policy.yaml", policy_text({"redaction": "query: [token]"}))
    t.equal(t.run("check", "holdfast.yaml", "policy.yaml")[0], 78, "losing names without because")
    t.write("policy.yaml", policy_text({"redaction": "query: [token], because: the others are public here"}))
    t.equal(t.run("check", "holdfast.yaml", "policy.yaml")[0], 0, "losing names with because")


# --- errors

FIELDS_5XX = [("Content-Type", "text/html"), ("ETag", '"v1"'), ("Last-Modified", "Sun, 01 Nov 2026 00:00:00 GMT"), ("Content-Language", "en"),
              ("Content-Location", "/internal"), ("Content-Disposition", "inline"), ("Digest", "sha-256=x"), ("Content-Digest", "sha-256=:x:"), ("Repr-Digest", "sha-256=:x:"),
              ("Content-MD5", "x"), ("Retry-After", "9"), ("WWW-Authenticate", "Basic realm=x"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"),
              ("Server", "express/4"), ("X-Powered-By", "PHP/5.3"), ("X-Own", "kept")]


@case("errors: a 5xx loses its body and what describes it, and keeps what the client needs")
def _(t):
    app, sidecar = t.pair()
    app.on("/500", answer(503, FIELDS_5XX, b"<h1>stack</h1>", reason="Secret Reason"))
    response = sidecar.get("/500")
    t.local_reply(response, 503)
    gone = ("etag", "last-modified", "content-language", "content-location", "content-disposition", "digest", "content-digest", "repr-digest", "content-md5",
            "server", "x-powered-by")
    t.equal([name for name in gone if name in response.fields], [], "fields that are dropped")
    t.equal(response.header("retry-after"), "9", "Retry-After")
    t.equal(response.header("www-authenticate"), "Basic realm=x", "WWW-Authenticate")
    t.equal(response.fields.all("set-cookie"), ["a=1", "b=2"], "Set-Cookie")
    t.check("Secret" not in response.reason, f"the reason phrase is ours: {response.reason}")


@case("errors: trailers of a replaced 5xx are dropped, and the connection stays in step")
def _(t):
    app, sidecar = t.pair()
    app.on("/trailers", exactly(b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\nTrailer: X-Stack\r\n\r\n5\r\nstack\r\n0\r\nX-Stack: at main.js\r\n\r\n"))
    client = sidecar.client()
    for _ in range(3):
        client.send(request_bytes("GET", "/trailers"))
        response = client.response()
        t.local_reply(response, 500)
        t.check("x-stack" not in response.trailers, "no trailers")
        t.check("trailer" not in response.fields, "no Trailer field")
        client.send(request_bytes("GET", "/fine"))
        t.equal(client.response().content, b"ok", "the next answer on the connection")


@case("errors: HEAD of a 5xx and 304 are left alone")
def _(t):
    app, sidecar = t.pair()
    app.on("/head", exactly(b"HTTP/1.1 500 Oops\r\nContent-Length: 1234\r\nETag: \"v1\"\r\n\r\n"))
    app.on("/304", exactly(b"HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n"))
    response = sidecar.request("HEAD", "/head")
    t.equal((response.status, response.header("content-length"), response.header("etag")), (500, "1234", '"v1"'), "HEAD")
    response = sidecar.get("/304")
    t.equal((response.status, response.header("etag"), response.content), (304, '"v1"', b""), "304")
    t.equal(sidecar.access("/head")["reason"], "app_5xx", "the HEAD still counts as app_5xx")


@case("errors: 4xx of the app pass unchanged")
def _(t):
    app, sidecar = t.pair()
    for status in (400, 401, 404, 409, 413, 418, 422, 429):
        app.on(f"/{status}", answer(status, {"Content-Type": "text/plain", "X-Own": "1"}, b"the app's own words"))
        response = sidecar.get(f"/{status}")
        t.equal((response.status, response.content, response.header("x-own")), (status, b"the app's own words", "1"), f"{status}")
        line = sidecar.access(f"/{status}")
        t.equal((line["reason"], line["blame"], line["level"]), ("ok", "none", "info"), f"the line of {status}")


@case("errors: keepCause bounds what is kept, and a coded body is named, not kept")
def _(t):
    app, sidecar = t.pair(policies={"errors": "keepCause: 64B"})
    app.on("/long", answer(500, {"Content-Type": "text/plain"}, b"begin " + b"x" * 5000 + b" end"))
    coded = gzip.compress(b"stack " * 100)
    app.on("/gzip", answer(500, {"Content-Encoding": "gzip"}, coded))
    t.local_reply(sidecar.get("/long"), 500)
    cause = sidecar.access("/long")["cause"]
    t.check(cause.startswith("begin ") and len(cause) <= 90 and " end" not in cause, f"cause: {cause!r}")
    response = sidecar.get("/gzip", {"Accept-Encoding": "gzip"})
    t.local_reply(response, 500)
    t.check("content-encoding" not in response.fields, "Content-Encoding is dropped")
    t.equal(sidecar.access("/gzip")["cause"], f"[gzip, {len(coded)} bytes]", "cause of a coded body")


@case("errors: a 5xx with an endless body is answered at once, and its connection is not used again")
def _(t):
    import time
    app, sidecar = t.pair()

    def endless(connection, request):
        connection.send(b"HTTP/1.1 500 Oops\r\nContent-Length: 100000000\r\n\r\nbeginning ")
        connection.wait_closed(8)
        connection.close()
    app.on("/endless", endless)
    started = time.monotonic()
    response = sidecar.get("/endless")
    t.local_reply(response, 500)
    t.within(time.monotonic() - started, 0, 1, "seconds")
    t.equal(sidecar.get("/next").content, b"ok", "next")
    t.check(app.seen("/next")[0].connection != app.seen("/endless")[0].connection, "another connection")
    t.check((sidecar.access("/endless").get("cause") or "").startswith("beginning"), "what came is the cause")


@case("errors: replace5xx false and mode disabled pass the app's 5xx, strip still applies to the former")
def _(t):
    for errors, stripped in (("replace5xx: false", True), (OFF, False)):
        app, sidecar = t.pair(answer(500, {"Server": "express", "X-Powered-By": "PHP", "Content-Type": "text/html"}, b"<h1>own</h1>"), policies={"errors": errors})
        response = sidecar.get("/own")
        t.equal((response.status, response.content), (500, b"<h1>own</h1>"), errors)
        t.equal("server" not in response.fields and "x-powered-by" not in response.fields, stripped, f"{errors}: strip")
        line = sidecar.access("/own")
        t.equal((line["reason"], line["status"]), ("app_5xx", 500), f"{errors}: the line")
        app.unlisten()
        t.local_reply(sidecar.get("/refused"), 502)


@case("errors: report passes the app's 5xx and counts what it would have done")
def _(t):
    app, sidecar = t.pair(answer(500, {"Content-Type": "text/html", "Server": "express"}, b"<h1>own</h1>"), policies={"errors": "mode: report"})
    response = sidecar.get("/own")
    t.equal((response.status, response.content, response.header("server")), (500, b"<h1>own</h1>", "express"), "nothing is changed")
    sidecar.wait_metric("holdfast_policy_decisions_total", 1, policy="errors", outcome="would_enforce")


@case("errors: strip applies to every response and its trailers, and can be changed")
def _(t):
    app, sidecar = t.pair(policies={"errors": "strip: [server, x-powered-by, x-internal]"})
    app.on("/t", exactly(b"HTTP/1.1 200 OK\r\nServer: a\r\nX-Internal: b\r\nX-Kept: c\r\nTransfer-Encoding: chunked\r\nTrailer: X-Internal, X-Sum\r\n\r\n"
                         b"2\r\nok\r\n0\r\nX-Internal: d\r\nX-Sum: 7\r\n\r\n"))
    response = sidecar.get("/t", {"TE": "trailers"})
    t.check("server" not in response.fields and "x-internal" not in response.fields, f"fields: {response.fields}")
    t.equal(response.header("x-kept"), "c", "others stay")
    t.check("x-internal" not in response.trailers, f"trailers: {response.trailers}")
    t.equal(response.trailers.get("x-sum"), "7", "other trailers stay")


@case("errors: the message can be changed")
def _(t):
    app, sidecar = t.pair(answer(500), policies={"errors": "message: please try again later"})
    response = sidecar.get("/m")
    t.local_reply(response, 500, "please try again later")


@case("errors: format problem is RFC 9457")
def _(t):
    app, sidecar = t.pair(answer(500), policies={"errors": "format: problem"})
    for response, status in ((sidecar.get("/p"), 500), (sidecar.post("/p", b"x" * 1100000), 413)):
        t.equal(response.status, status, "status")
        t.equal(response.header("content-type"), "application/problem+json", "content-type")
        body = json.loads(response.content)
        t.equal(body.get("status"), status, "status member")
        t.check(body.get("title"), f"a title: {body}")
        t.check(response.header("x-request-id") in json.dumps(body), f"the request id: {body}")


@case("errors: proxyStatus adds Proxy-Status to our own responses")
def _(t):
    app, sidecar = t.pair(policies={"errors": "proxyStatus: true"})
    t.check("proxy-status" not in sidecar.get("/fine").fields, "not on the app's responses")
    response = sidecar.post("/large", b"x" * 1100000)
    t.equal(response.header("proxy-status"), "holdfast; error=http_request_error", "413")
    app.unlisten()
    t.equal(sidecar.get("/refused").header("proxy-status"), "holdfast; error=connection_refused", "502")
    other = t.sidecar(t.app(listening=False))
    t.check("proxy-status" not in other.get("/x").fields, "off by default")


@case("errors: a route can keep its app's 5xx")
def _(t):
    app, sidecar = t.pair(answer(500, {}, b"own"), routes="name: raw, match: GET /raw, errors: {replace5xx: false}")
    t.equal(sidecar.get("/raw").content, b"own", "the route")
    t.local_reply(sidecar.get("/other"), 500)


# --- access log

@case("access log: sample 0% leaves out what went well and nothing else")
def _(t):
    app, sidecar = t.pair(policies={"accessLog": "sample: 0%"})
    app.on("/bad", answer(500))
    for _ in range(20):
        sidecar.get("/good")
    sidecar.get("/bad")
    sidecar.access("/bad")
    t.equal(sidecar.access_lines("/good"), [], "lines of what went well")
    sidecar.wait_metric("holdfast_http_requests_total", 21)


@case("access log: sample 50% writes about half of what went well")
def _(t):
    app, sidecar = t.pair(policies={"accessLog": "sample: 50%"})
    client = sidecar.client()
    for _ in range(400):
        client.send(request_bytes("GET", "/half"))
        client.response()
    app.on("/last", answer(500))
    sidecar.get("/last")
    sidecar.access("/last")
    t.within(len(sidecar.access_lines("/half")), 120, 280, "lines of 400")


@case("access log: disabled writes no access lines, and the metrics go on")
def _(t):
    app, sidecar = t.pair(policies={"accessLog": OFF})
    for _ in range(5):
        sidecar.get("/quiet")
    sidecar.wait_metric("holdfast_http_requests_total", 5)
    holds_for(lambda: not sidecar.access_lines(), 0.4, "no access line")


# --- metrics

@case("metrics: disabled leaves out the request series, and /metrics still answers")
def _(t):
    app, sidecar = t.pair(policies={"metrics": OFF})
    t.equal(sidecar.get("/m").status, 200, "status")
    sidecar.access("/m")
    metrics = sidecar.metrics()
    t.equal(metrics.sum("holdfast_http_requests_total"), 0, "requests counted")
    t.check(metrics.has("holdfast_build_info"), "the process still shows itself")


# --- tracing

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@case("tracing: a valid traceparent and its tracestate pass byte for byte, and the line has the trace id")
def _(t):
    app, sidecar = t.pair()
    for parent in (TRACE, TRACE[:-2] + "00", "00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-00"):
        sidecar.get("/t", [("traceparent", parent), ("tracestate", "vendor=a:b,  other=c")])
        t.equal(app.requests[-1].fields.all("traceparent"), [parent], "traceparent")
        t.equal(app.requests[-1].fields.all("tracestate"), ["vendor=a:b,  other=c"], "tracestate")
        sidecar.access("/t", trace_id=parent[3:35])


@case("tracing: an invalid traceparent is removed with its tracestate")
def _(t):
    app, sidecar = t.pair()
    invalid = ["00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
               "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "garbage", TRACE + "-x", TRACE[:-1]]
    for number, parent in enumerate(invalid):
        sidecar.get(f"/i{number}", [("traceparent", parent), ("tracestate", "a=b")])
        t.equal((app.requests[-1].header("traceparent"), app.requests[-1].header("tracestate")), (None, None), parent)
        identifier = sidecar.access(f"/i{number}").get("trace_id") or ""
        t.check(re.fullmatch("[0-9a-f]{32}", identifier) and identifier != parent[3:35], f"{parent}: a trace id of our own, {identifier}")
    sidecar.get("/two", [("traceparent", TRACE), ("traceparent", TRACE)])
    t.equal(app.requests[-1].header("traceparent"), None, "a doubled one")


@case("tracing: without a traceparent one id is made for our lines only")
def _(t):
    app, sidecar = t.pair()
    sidecar.get("/none")
    t.equal(app.requests[-1].header("traceparent"), None, "at the app")
    t.check(re.fullmatch("[0-9a-f]{32}", sidecar.access("/none").get("trace_id") or ""), "trace_id in the line")


@case("tracing: disabled passes everything as it came")
def _(t):
    app, sidecar = t.pair(policies={"tracing": OFF})
    sidecar.get("/d", [("traceparent", TRACE), ("tracestate", "a=b")])
    t.equal(app.requests[-1].header("traceparent"), TRACE, "valid")
    sidecar.get("/d", [("traceparent", "garbage")])
    t.equal(app.requests[-1].header("traceparent"), "garbage", "invalid")
