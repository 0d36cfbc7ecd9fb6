"""The real backend behind the real sidecar, asked by the real curl."""
import json
import re
import time

from support import case, until

NEEDS = ("curl", "users-service")
# policies/users.yaml: firstByte 2s, request 5s, rateLimit enforce, a route for POST /users.
FIRST_BYTE = 0.7
POLICIES = {"timeouts": "connect: 300ms, firstByte: 700ms, request: 3s", "rateLimit": "mode: enforce, rate: 50/s, burst: 100"}
ROUTES = ["name: create-user, match: POST /users, limits: {body: 64KiB}"]
# What /leak of the backend puts into its body must not get out: words of a stack trace, of SQL, of an internal host name.
INTERNAL_WORDS = ["select ", "insert ", "sqlite", "postgres", "stack", "trace", ".cpp", "internal.", ".local", "exception", "password", "at 0x"]


def behind(t, **options):
    users = t.users()
    return users, t.sidecar(users, policies=options.pop("policies", POLICIES), routes=options.pop("routes", ROUTES), **options)


def split(out):
    head, _, body = out.replace("\r\n", "\n").rpartition("\n\n")
    return head.lower(), body


@case("backend: curl creates a user through the sidecar and gets the app's answer with a request id", needs=NEEDS)
def _(t):
    _, sidecar = behind(t)
    code, out, err = t.curl("-i", "-H", "content-type: application/json", "-d", '{"name":"Ada"}', t.url(sidecar, "/users"))
    head, body = split(out)
    t.equal(code, 0, f"curl: {err}")
    t.equal(body.strip(), '{"id":1,"name":"Ada"}', "body")
    t.check(head.startswith("http/1.1 200"), head)
    identifier = re.search(r"^x-request-id: (\S+)", head, re.M)
    t.require(identifier, f"x-request-id in {head}")
    line = sidecar.access("/users")
    t.equal(line["request_id"], identifier[1], "request id in the log")
    t.equal((line["status"], line["reason"], line["route"], line["method"]), (200, "ok", "create-user", "POST"), "the line")
    code, out, err = t.curl(t.url(sidecar, "/users/1"))
    t.equal(out.strip(), '{"id":1,"name":"Ada"}', "read back")


@case("backend: a 4xx of the app passes unchanged", needs=NEEDS)
def _(t):
    _, sidecar = behind(t)
    code, out, _ = t.curl("-i", "-d", '{"name":" "}', t.url(sidecar, "/users"))
    head, body = split(out)
    t.check(" 400" in head.splitlines()[0], head)
    t.equal(json.loads(body), {"error": "invalid request: name must not be empty"}, "body")
    code, out, _ = t.curl("-i", t.url(sidecar, "/users/7"))
    head, body = split(out)
    t.check(" 404" in head.splitlines()[0], head)
    t.equal(json.loads(body), {"error": "user 7 not found"}, "body")


def too_large(name, *extra):
    @case(f"backend: curl really receives 413 for a 2 MiB body sent with {name}", needs=NEEDS)
    def _(t):
        _, sidecar = behind(t, routes="")
        t.write("two-mebibytes", b"a" * (2 << 20))
        code, out, err = t.curl("-i", *extra, "--data-binary", "@two-mebibytes", t.url(sidecar, "/users"))
        head, body = split(out)
        t.equal(code, 0, f"curl: {err}")
        t.check(" 413" in out, f"413 in {out[:300]}")
        t.check("1" in json.loads(body)["error"] or "limit" in json.loads(body)["error"], f"the limit that applied: {body}")
        t.equal(json.loads(body)["request_id"], re.findall(r"^x-request-id: (\S+)", head, re.M)[-1], "request id")
        t.failed_as(sidecar, sidecar.access("/users"), "body_too_large", 413, "client")
        t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", t.url(sidecar, "/ok"))[1], "200", "the next request")


too_large("Content-Length", "-H", "Expect:")
too_large("Content-Length and Expect: 100-continue", "-H", "Expect: 100-continue")
too_large("chunks", "-H", "Expect:", "-H", "Transfer-Encoding: chunked")


@case("backend: the route's own body limit applies to POST /users alone", needs=NEEDS)
def _(t):
    _, sidecar = behind(t)
    t.write("body", json.dumps({"name": "x" * 70000}).encode())
    t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@body", t.url(sidecar, "/users"))[1], "413", "POST /users")
    t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@body", t.url(sidecar, "/echo"))[1], "200", "POST /echo")
    t.failed_as(sidecar, sidecar.access("/users"), "body_too_large", 413, "client", route="create-user")


@case("backend: nothing internal of /leak gets out, and its cause is in the log", needs=NEEDS)
def _(t):
    users, sidecar = behind(t)
    direct = t.curl(f"http://{users.address}/leak")[1]
    code, out, _ = t.curl("-i", t.url(sidecar, "/leak"))
    head, body = split(out)
    t.check(" 500" in head.splitlines()[0], head)
    answer = json.loads(body)
    t.equal(sorted(answer), ["error", "request_id"], "members")
    t.equal(answer["error"], "internal error", "error")
    words = [word for word in INTERNAL_WORDS if word in direct.lower()]
    t.check(len(words) >= 2, f"/leak leaks something to begin with: {direct[:300]}")
    for word in words:
        t.check(word not in out.lower(), f"{word!r} is in the response: {out}")
    t.check("content-length" in head and "server:" not in head and "x-powered-by" not in head, f"head: {head}")
    line = sidecar.access("/leak")
    t.failed_as(sidecar, line, "app_5xx", 500, "app")
    t.equal(line["request_id"], answer["request_id"], "request id")
    t.check(line.get("cause") and direct[:12].strip('{"\n ')[:8] in line["cause"], f"the cause is logged: {line.get('cause')!r} of {direct[:80]!r}")


@case("backend: /hang costs the client 504 within firstByte and 100 ms", needs=NEEDS, alone=True)
def _(t):
    _, sidecar = behind(t)
    t.curl("-o", "/dev/null", t.url(sidecar, "/ok"))
    code, out, _ = t.curl("-o", "/dev/null", "-w", "%{http_code} %{time_starttransfer}", t.url(sidecar, "/hang"))
    status, seconds = out.split()
    t.equal(status, "504", "status")
    t.within(float(seconds), FIRST_BYTE - 0.01, FIRST_BYTE + 0.1, "seconds to the answer")
    line = sidecar.access("/hang")
    t.failed_as(sidecar, line, "app_first_byte_slow", 504, "app")
    t.check("timeouts" in json.dumps(line.get("policy")), f"the policy that ended it: {line.get('policy')}")
    t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", t.url(sidecar, "/ok"))[1], "200", "the next request")


@case("backend: /boom is 500 without its reason, and the next request is 200", needs=NEEDS)
def _(t):
    _, sidecar = behind(t)
    code, out, _ = t.curl("-i", t.url(sidecar, "/boom"), "--next", "-sS", "-i", t.url(sidecar, "/ok"))
    t.check("HTTP/1.1 500" in out and "HTTP/1.1 200" in out, out)
    t.check('"error":"internal error"' in out.replace(" ", "").replace("internalerror", "internal error"), out)
    t.failed_as(sidecar, sidecar.access("/boom"), "app_5xx", 500, "app")


@case("backend: /reset is 502 app_reset and /garbage is 502 app_bad_response", needs=NEEDS)
def _(t):
    _, sidecar = behind(t)
    for path, reason in (("/reset", "app_reset"), ("/garbage", "app_bad_response")):
        code, out, err = t.curl("-i", t.url(sidecar, path))
        head, body = split(out)
        t.check(" 502" in head.splitlines()[0] if head else False, f"{path}: {out} {err}")
        t.equal(json.loads(body or "{}").get("error"), "internal error", path)
        t.failed_as(sidecar, sidecar.access(path), reason, 502, "app")


@case("backend: /crash kills the app; clients see 502, and 200 after its restart", needs=NEEDS)
def _(t):
    users, sidecar = behind(t)
    t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", t.url(sidecar, "/crash"))[1], "502", "/crash")
    until(lambda: users.process.poll() is not None, 3, "the app is dead")
    t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", t.url(sidecar, "/ok"))[1], "502", "while it is dead")
    t.failed_as(sidecar, sidecar.access("/ok"), "app_refused", 502, "app")
    users.start()
    t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", t.url(sidecar, "/ok"))[1], "200", "after its restart")


@case("backend: an app killed in the middle of a response is a truncation that curl sees", needs=NEEDS)
def _(t):
    users, sidecar = behind(t, policies={"timeouts": "connect: 300ms, firstByte: 2s, request: 20s"})
    import threading
    result = []
    download = threading.Thread(target=lambda: result.append(t.curl("-o", "big", t.url(sidecar, "/big?bytes=50000000&rate=1000000"))), daemon=True)
    download.start()
    import os
    until(lambda: os.path.exists(t.directory + "/big") and os.path.getsize(t.directory + "/big") > 0, 5, "some bytes arrived")
    users.kill()
    download.join(15)
    t.require(result, "curl ended")
    t.check(result[0][0] in (18, 56), f"curl's exit code shows the truncation: {result[0][0]} {result[0][2]}")
    line = sidecar.access("/big")
    t.equal(line.get("truncated"), True, "truncated in the line")
    t.failed_as(sidecar, line, "app_truncated", 200, "app")
    t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", t.url(sidecar, "/ok"))[1], "502", "the next request")
    users.start()
    t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", t.url(sidecar, "/ok"))[1], "200", "after the restart")


@case("backend: 503 app_not_ready only while the app has never been up", needs=NEEDS)
def _(t):
    users = t.users(start=False)
    sidecar = t.sidecar(users, policies=POLICIES)
    code, out, _ = t.curl("-i", t.url(sidecar, "/ok"))
    t.check(" 503" in out.splitlines()[0] and "retry-after:" in out.lower(), out)
    t.failed_as(sidecar, sidecar.access("/ok"), "app_not_ready", 503, "app")
    users.start()
    t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", t.url(sidecar, "/ok"))[1], "200", "once it is up")
    users.kill()
    t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", t.url(sidecar, "/ok"))[1], "502", "when it is gone again")


@case("backend: server-sent events outlive the request deadline", needs=NEEDS)
def _(t):
    _, sidecar = behind(t, policies={"timeouts": "connect: 300ms, firstByte: 700ms, request: 1s"})
    started = time.monotonic()
    code, out, _ = t.curl("-N", t.url(sidecar, "/stream"), timeout=3)
    elapsed = time.monotonic() - started
    t.check(code == 28 or (code == 0 and elapsed > 1.2), f"still streaming after 1 s: curl {code} after {elapsed:.1f} s, {out[:200]}")
    t.check("data:" in out, f"events: {out[:200]}")


@case("backend: /echo comes back byte for byte, with Content-Length and with chunks", needs=NEEDS)
def _(t):
    _, sidecar = behind(t)
    content = bytes(range(256)) * 2000
    t.write("payload", content)
    for extra in ([], ["-H", "Transfer-Encoding: chunked"]):
        code, out, err = t.curl("-H", "Expect:", *extra, "--data-binary", "@payload", t.url(sidecar, "/echo"), binary=True)
        t.equal(code, 0, f"curl {extra}: {err}")
        t.check(out == content, f"{extra}: {len(out)} bytes came back of {len(content)}")


@case("backend: /slow-store is answered within the store's own bound", needs=NEEDS)
def _(t):
    _, sidecar = behind(t, policies={"timeouts": "connect: 300ms, firstByte: 4s, request: 5s"})
    started = time.monotonic()
    out = t.curl("-o", "/dev/null", "-w", "%{http_code}", t.url(sidecar, "/slow-store"))[1]
    t.equal(out, "500", "status")
    t.within(time.monotonic() - started, 0.5, 3, "seconds")


@case("backend: HEAD by curl gets the fields of GET and no content", needs=NEEDS)
def _(t):
    _, sidecar = behind(t)
    code, out, err = t.curl("-I", t.url(sidecar, "/ok"))
    t.equal(code, 0, f"curl: {err}")
    t.check(out.startswith("HTTP/1.1 200") or out.startswith("HTTP/1.1 405"), out)


@case("backend: a downloaded body of 20 MB is whole, and Python's own client agrees", needs=NEEDS)
def _(t):
    import urllib.request
    _, sidecar = behind(t, policies={"timeouts": "connect: 300ms, firstByte: 2s, request: 20s"})
    with urllib.request.urlopen(t.url(sidecar, "/big?bytes=20000000"), timeout=20) as response:
        content = response.read()
    t.equal(len(content), 20000000, "bytes")
    line = sidecar.access("/big")
    t.equal((line["status"], line["reason"], line["truncated"]), (200, "ok", False), "the line")
    t.check(line["bytes_out"] >= 20000000, f"bytes_out {line['bytes_out']}")
