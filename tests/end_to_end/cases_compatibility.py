"""What a hardened Express or axum service does, and the bugs such services have, shown through Holdfast in front of users-service.

docs/compatibility.md has the tables; the last case holds them and this file together.
"""
import json
import os
import re
import signal
import time

from support import CASES, REPOSITORY, case, until
from users_client import JSON, body_of, content_of, log_line, log_lines, log_text, registration
from wire import LAST_CHUNK, chunk, request_bytes

NEEDS = ("users-service",)
SLACK = 0.4  # seconds that a loaded machine may add
FAST = {"timeouts": "connect: 300ms, firstByte: 600ms, request: 1500ms"}
PATIENT = {"timeouts": "connect: 300ms, firstByte: 4s, request: 5s"}  # the app's own bounds come first
# What an answer to a client must never have in it.
INTERNAL = ("boom", "thrown", "store", "sqlite", "select", "traceback", "/srv/", ".cpp", "cluster.internal", "signal", "exception", "panick")


def behind(t, policies=None, **options):
    users = t.users(**({"store": options.pop("store")} if "store" in options else {}))
    return users, t.sidecar(users, policies=policies or FAST, **options)


def post(sidecar, target, content, **fields):
    return sidecar.post(target, content_of(content), {**JSON, **fields})


def own_line(users, response):
    """The line that users-service wrote for the request of this answer."""
    identifier = response.header("x-request-id")
    return until(lambda: log_line(users, request_id=identifier), 3, lambda: f"a line of users-service for {identifier}")


# --- what hardened services do


@case("compatibility: each request is one JSON line at level info with its id, and the app's own line has the same id", needs=NEEDS)
def _(t):
    users, sidecar = behind(t)
    for number, (method, target, content, status) in enumerate((("GET", "/users?limit=1", None, 200), ("POST", "/users", {"name": "Ada"}, 200), ("GET", "/users/7", None, 404))):
        response = sidecar.request(method, target, JSON if content else (), content and content_of(content))
        lines = until(lambda: sidecar.access_lines(request_id=response.header("x-request-id")), 3, "the line")
        t.equal(len(lines), 1, "lines of one request")
        line = lines[0]
        t.equal((line["level"], line["method"], line["path"], line["status"], line["service"]), ("info", method, target, status, "users"), "the line")
        t.check(line["ms"]["total"] >= 0 and line["ts"].endswith("Z"), f"times: {line}")
        own = own_line(users, response)
        t.equal((own["method"], own["path"], own["status"]), (method, target.partition("?")[0], status), "the app's own line")
        t.equal(len(sidecar.access_lines()), number + 1, "access lines")


@case("compatibility: X-Powered-By and Server of the app reach no client", needs=NEEDS)
def _(t):
    users, sidecar = behind(t)
    direct = sidecar.ask(("127.0.0.1", users.port), "GET", "/leak")[2]
    t.check(direct["X-Powered-By"] and direct["Server"], f"the app sends both: {direct}")
    for target in ("/leak", "/ok", "/users/1", "/nowhere", "/boom"):
        names = sidecar.get(target).fields.names()
        t.check("x-powered-by" not in names and "server" not in names, f"{target}: {names}")


@case("compatibility: no secret of a header or a query, and nobody's name, address or password, is in any line of either program", needs=NEEDS)
def _(t):
    users, sidecar = behind(t, PATIENT, environment={"HOLDFAST_LOG": "trace"})
    secret, person = "canary-5e1f-secret", "canary-5e1f-person"
    fields = {name: f"{name} {secret}" for name in ("Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key")}
    names = ("token", "access_token", "code", "sig", "signature", "key", "password", "TOKEN", "%74oken")
    query = "&".join(f"{name}={secret}" for name in names)
    answers = [sidecar.get(f"{target}?{query}", fields) for target in ("/ok", "/users", "/users/1", "/users/x", "/nowhere", "/boom", "/leak", "/reset", "/garbage")]
    answers += [post(sidecar, f"/register?{query}", content, **fields) for content in (
        registration(username=person, email=f"{person}@example.org", password=secret), registration(username=person, email=f"{person}@example.org", password=secret),
        registration(username=person, email=person, password=secret), b'{"password":"' + secret.encode(), registration(username=person, age=person, password=secret))]
    answers += [post(sidecar, f"/users?{query}", {"name": person}, **fields)]
    t.equal([answer.status for answer in answers], [200, 400, 404, 400, 404, 500, 500, 502, 502, 201, 409, 400, 400, 400, 200], "statuses")
    for raw in (f"GET /ok?token={secret} HTTP/1.1\r\nHost : a\r\n\r\n", f"GET /ok HTTP/1.1\r\nHost: a\r\nCookie: {secret}\r\n x\r\n\r\n"):
        client = sidecar.client()
        client.send(raw.encode())
        t.equal(client.response().status, 400, raw)
    until(lambda: len(sidecar.access_lines()) == len(answers) + 2, 4, "all lines")
    own_line(users, answers[-1])
    places = {"Holdfast": sidecar.raw_stdout().decode() + sidecar.stderr() + sidecar.metrics().text, "users-service": log_text(users)}
    for name, text in places.items():
        for canary in (secret, person):
            t.check(canary not in text, f"{canary} in a line of {name}: {[line for line in text.splitlines() if canary in line][:2]}")
    t.check("token=[redacted]" in sidecar.access("/ok")["path"], "names stay")


@case("compatibility: a good request id of the client is in the answer and in the lines of both programs, any other is replaced in all three", needs=NEEDS)
def _(t):
    users, sidecar = behind(t)
    good = "order-2024.10_7f3a"
    for given in (good, None, "short", "x" * 129, "has space in it", "quote\"-and-{brace}", "caf\xe9-caf\xe9-caf\xe9", "tab\tinside-id"):
        response = sidecar.get("/users/1", {} if given is None else {"X-Request-Id": given})
        identifier = response.header("x-request-id")
        t.equal(response.fields.names().count("x-request-id"), 1, f"ids in the answer to {given!r}")
        t.equal(identifier == given, given == good, f"{given!r} became {identifier!r}")
        t.check(re.fullmatch(r"[A-Za-z0-9._-]{8,128}", identifier), f"the id {identifier!r}")
        until(lambda: sidecar.access_lines(request_id=identifier), 3, f"a line for {identifier}")
        own_line(users, response)
    twice = sidecar.get("/users/1", [("X-Request-Id", "first-of-two"), ("X-Request-Id", "second-of-two")])
    t.check(twice.header("x-request-id") not in ("first-of-two", "second-of-two"), "a doubled one is replaced")


def stalled_head(sidecar):
    client = sidecar.client()
    client.send(b"GET /ok HTTP/1.1\r\nHost: a\r\n")
    return client.response()


def stalled_body(sidecar):
    client = sidecar.client()
    client.send(b"POST /users HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    return client.response("POST")


def sends(raw):
    def ask_so(sidecar):
        client = sidecar.client()
        client.send(raw)
        return client.response()
    return ask_so


def gets(target, **fields):
    return lambda sidecar: sidecar.get(target, {name.replace("_", "-"): value for name, value in fields.items()})


def posts(target, content, **fields):
    return lambda sidecar: post(sidecar, target, content, **fields)


# status → what is answered with it.
ANSWERS = {
    200: [gets("/ok"), posts("/users", {"name": "Ada"}), lambda sidecar: sidecar.request("HEAD", "/users/1")],
    201: [posts("/register", registration())],
    400: [posts("/users", b"{"), sends(b"GET /ok HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), sends(b"NONSENSE\r\n\r\n"), gets("/users/x")],
    404: [gets("/nowhere"), gets("/users/77")],
    405: [lambda sidecar: sidecar.request("DELETE", "/users/1")],
    408: [stalled_head, stalled_body, gets("/slow?ms=900")],
    409: [posts("/register", registration())],
    413: [posts("/users", b"x" * 20000), sends(request_bytes("POST", "/users", {"Transfer-Encoding": "chunked"}) + chunk(b"x" * 20000) + LAST_CHUNK)],
    414: [gets("/" + "u" * 2000)],
    415: [posts("/users", {"name": "Ada"}, **{"Content-Type": "text/plain"})],
    429: [lambda sidecar: [sidecar.get("/big?bytes=2") for _ in range(3)][-1]],
    431: [gets("/ok", X_Wide="w" * 6000), lambda sidecar: sidecar.get("/ok", [(f"X-{number}", "1") for number in range(120)])],
    500: [gets("/boom"), gets("/leak")],
    501: [sends(b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n"), lambda sidecar: sidecar.request("TRACE", "/ok")],
    502: [gets("/reset"), gets("/garbage")],
    504: [gets("/hang")],
    505: [sends(b"GET /ok HTTP/2.0\r\nHost: a\r\n\r\n")],
}


@case("compatibility: every response has a request id of its own, whatever its status, and the line has the same", needs=NEEDS)
def _(t):
    _, sidecar = behind(t, {"timeouts": "clientHeaders: 400ms, clientBodyIdle: 400ms, connect: 300ms, firstByte: 600ms, request: 1500ms",
                            "limits": "uri: 1KiB, headers: 4KiB, body: 16KiB", "rateLimit": "mode: enforce, rate: 1000/s, burst: 1000"},
                        routes=["name: late, match: GET /slow, timeouts: {firstByte: 300ms, expiredStatus: 408}",
                                "name: rare, match: GET /big, rateLimit: {rate: 1/s, burst: 1}"])
    waiting = t.users(start=False)
    answers = [(503, t.sidecar(waiting), gets("/ok"))] + [(status, sidecar, provoke) for status, provokes in ANSWERS.items() for provoke in provokes]
    seen = {}
    for status, through, provoke in answers:
        response = provoke(through)
        t.require(response, f"an answer with {status}")
        identifier = response.header("x-request-id")
        t.equal((response.status, response.fields.names().count("x-request-id")), (status, 1), f"status and number of ids: {response!r}")
        t.check(identifier and identifier not in seen, f"{status}: the id {identifier}")
        seen[identifier] = (through, status)
    for identifier, (through, status) in seen.items():
        lines = until(lambda: through.access_lines(request_id=identifier), 3, f"a line for the {status}")
        t.equal([line["status"] for line in lines], [status], "status in the line")


@case("compatibility: a body over 1 MiB is 413, and never reaches a handler as a complete request", needs=NEEDS)
def _(t):
    users, sidecar = behind(t, PATIENT)
    full, over = b"x" * (1 << 20), b"x" * ((1 << 20) + 1)

    def chunked(target, content, end=LAST_CHUNK):
        client = sidecar.client()
        client.send(request_bytes("POST", target, {"Transfer-Encoding": "chunked"}) + b"".join(chunk(content[at:at + 65536]) for at in range(0, len(content), 65536)) + end)
        return client.response("POST", 10)
    refused = []
    for target in ("/echo", "/users", "/healthz", "/nowhere"):  # one that reads content, two that need none, one that is not there
        refused += [sidecar.post(target, over), chunked(target, over), chunked(target, over * 3, end=b"")]
    for response in refused:
        t.local_reply(response, 413)
        t.check("1MiB" in body_of(response)["error"], f"the limit is named: {response.content}")
    last = chunked("/echo", full)
    t.equal((last.status, len(last.content)), (200, 1 << 20), "exactly 1 MiB passes")
    own_line(users, last)
    handled = {line.get("request_id") for line in log_lines(users) if line["msg"].startswith("request")}
    t.equal([response.header("x-request-id") for response in refused if response.header("x-request-id") in handled], [], "refused, yet handled")
    t.equal(len(handled), 1, "handled requests")


def expired(status, what):
    @case(f"compatibility: expiredStatus {status}: a handler over its time costs {what} on time, blamed on the app, and its late answer goes nowhere", needs=NEEDS)
    def _(t):
        _, sidecar = behind(t, {"timeouts": f"connect: 300ms, firstByte: 600ms, request: 600ms, expiredStatus: {status}"})
        client = sidecar.client()
        for target in ("/slow?ms=900", "/hang"):
            started = time.monotonic()
            response = sidecar.get(target)
            t.within(time.monotonic() - started, 0.58, 0.6 + SLACK, f"seconds of {target}")
            t.local_reply(response, status, "internal error" if status >= 500 else None)
            line = sidecar.access(target.partition("?")[0])
            t.equal((line["status"], line["blame"]), (status, "app"), "the line")
            t.check(line["reason"] in ("app_request_slow", "app_first_byte_slow"), f"reason {line['reason']}")
        client.send(request_bytes("GET", "/slow?ms=800"))
        t.equal(client.response().status, status, "on a kept connection")
        time.sleep(0.4)  # the handler answers now
        t.check(client.closed or client.send(request_bytes("GET", "/ok")), "sent")
        again = client.response()
        t.check(again is None if status == 408 else again.content == b"ok", f"the next answer on that connection: {again!r}")


expired(503, "503")
expired(408, "408")
expired(504, "504")


@case("compatibility: a store call is given up after 2 s with 500, and the line with its cause has the request id", needs=NEEDS, alone=True)
def _(t):
    users, sidecar = behind(t, PATIENT)
    started = time.monotonic()
    response = sidecar.get("/slow-store")
    t.within(time.monotonic() - started, 1.9, 2.1 + SLACK, "seconds of /slow-store")
    t.local_reply(response, 500, "internal error")
    line = until(lambda: log_line(users, msg="call failed") or log_line(users, msg="store call given up"), 3, "the cause is logged")
    t.equal((line["level"], line["request_id"]), ("error", response.header("x-request-id")), "the line")
    t.equal(sidecar.get("/users").status, 200, "the next call")


@case("compatibility: one route can have a bound of 200 ms while another has 2 s", needs=NEEDS)
def _(t):
    _, sidecar = behind(t, {"timeouts": "connect: 200ms, firstByte: 2s, request: 2s"}, routes="name: quick, match: GET /hang, timeouts: {firstByte: 200ms}")
    started = time.monotonic()
    t.local_reply(sidecar.get("/hang"), 504)
    t.within(time.monotonic() - started, 0.19, 0.2 + SLACK, "seconds of the quick route")
    t.equal(sidecar.get("/slow?ms=500").status, 200, "another route")
    t.equal(sidecar.access("/hang")["route"], "quick", "route")


@case("compatibility: bad input is 400, 413 or 415 with its reason, never 500, and passes unchanged", needs=NEEDS)
def _(t):
    users, sidecar = behind(t)
    invalid = "invalid request: "
    rows = [(b"{", 400, invalid + "content is not valid JSON in UTF-8 at byte 2"), (b"", 400, invalid + "content must be a JSON object"),
            (b"[" * 60000, 400, invalid + "content must be a JSON object"), ({"name": 7}, 400, invalid + "name must be a string"), ({}, 400, invalid + "name is missing"),
            (b'{"name":"a","name":"b"}', 400, invalid + 'key "name" appears twice'), (b'{"name":"\xff"}', 400, invalid + "content is not valid JSON in UTF-8 at byte 10"),
            ({"name": "a", "pad": "x" * 66000}, 413, "content must not be longer than 64KiB")]
    for content, status, error in rows:
        response = post(sidecar, "/users", content)
        t.equal((response.status, body_of(response)), (status, {"error": error}), f"{content_of(content)[:60]!r}")
    typed = (("age", 12, "age must be at least 13"), ("age", "36", "age must be a whole number"), ("age", 2**80, "age must be a whole number"),
             ("email", "nobody", "invalid email: must look like ada@example.org"), ("password", "short", "weak password: at least 8 characters are needed"))
    for name, value, reason in typed:
        response = post(sidecar, "/register", registration(**{name: value}))
        t.equal((response.status, body_of(response)), (400, {"error": invalid + reason}), f"{name} {value!r}")
    t.equal(post(sidecar, "/users", {"name": "Ada"}, **{"Content-Type": "text/plain"}).status, 415, "another type")
    t.equal([line for line in log_lines(users) if line["level"] == "error"], [], "error lines of users-service")
    until(lambda: len(sidecar.access_lines()) == len(rows) + len(typed) + 1, 3, "all lines")
    t.equal({line["level"] for line in sidecar.access_lines()}, {"info"}, "levels")


@case("compatibility: a 5xx says only `internal error` and its id, and the cause is in a line with that id", needs=NEEDS)
def _(t):
    users, sidecar = behind(t, PATIENT, store="sqlite:nowhere/users.db", routes="name: stuck, match: GET /hang, timeouts: {firstByte: 300ms}")
    causes = {"/boom": "thrown by the handler", "/leak": "SqlError", "/users": "store unavailable", "/users/1": "store unavailable", "/reset": None, "/garbage": None, "/hang": None}
    for target, cause in causes.items():
        response = sidecar.get(target)
        t.check(response.status >= 500, f"{target}: {response.status}")
        t.local_reply(response, response.status, "internal error")
        told = " ".join([response.text] + [value for name, value in response.fields.pairs if name.lower() != "cache-control"]).lower()
        t.equal([word for word in INTERNAL if word in told], [], f"internal words in the answer to {target}")
        identifier = response.header("x-request-id")
        line = until(lambda: sidecar.access_lines(request_id=identifier), 3, f"a line for {target}")[0]
        t.check(line["level"] == "error" and line["reason"] != "ok", f"the line: {line['_raw']}")
        if cause:
            lines = until(lambda: [one for one in [*sidecar.lines(), *log_lines(users)] if one.get("request_id") == identifier and cause in str(one.get("cause"))], 3,
                          lambda: f"a line of {target} with {cause!r}")
            t.check(lines, f"{target}: the cause")


@case("compatibility: a handler that throws costs its own exchange, and a crash of the process one 502; after its restart all is well", needs=NEEDS)
def _(t):
    users, sidecar = behind(t, PATIENT)
    beside = sidecar.client()
    beside.send(request_bytes("GET", "/slow?ms=300"))
    for _ in range(3):
        t.local_reply(sidecar.get("/boom"), 500)
        t.equal(sidecar.get("/ok").status, 200, "the next request")
    t.equal(beside.response().status, 200, "a request in flight all the while")
    t.local_reply(sidecar.get("/crash"), 502)
    users.process.wait(5)
    t.local_reply(sidecar.get("/ok"), 502)
    users.start()
    t.equal(sidecar.get("/ok").status, 200, "after the restart")
    t.equal(sidecar.probe("/livez")[0], 200, "/livez")


# --- what such services get wrong


@case("compatibility: what escapes a handler, and a crash, are JSON lines like all others, the former with the request id", needs=NEEDS)
def _(t):
    users, sidecar = behind(t, PATIENT)
    thrown = sidecar.get("/boom")
    t.equal(own_line(users, thrown)["cause"], "boom: thrown by the handler of /boom", "the cause")
    t.equal(thrown.header("content-type"), "application/json", "content-type")
    sidecar.get("/crash")
    users.process.wait(5)
    last = [line for line in log_lines(users) if line["msg"] == "fatal signal"]  # log_lines fails on a line that is no JSON
    t.check(last and last[0]["stack"], f"the crash: {log_text(users)[-500:]}")
    t.equal(sorted(set(line["level"] for line in log_lines(users)) - {"info", "warn", "error"}), [], "levels")


@case("compatibility: an answer that dribbles ends at the request deadline, visibly cut", needs=NEEDS)
def _(t):
    _, sidecar = behind(t, {"timeouts": "connect: 300ms, firstByte: 500ms, request: 800ms"})
    started = time.monotonic()
    response = sidecar.get("/big?bytes=1000000&rate=20000&chunked=1")
    t.within(time.monotonic() - started, 0.75, 0.8 + SLACK, "seconds")
    t.equal((response.status, response.complete), (200, False), "the answer is seen to be cut")
    line = sidecar.access("/big")
    t.equal((line["reason"], line["blame"], line["truncated"]), ("app_request_slow", "app", True), "the line")


@case("compatibility: a client that never ends its head is closed with 408, and nobody else waits for it", needs=NEEDS)
def _(t):
    users, sidecar = behind(t, {"timeouts": "clientHeaders: 700ms"})
    slow = [sidecar.client() for _ in range(40)]
    for client in slow:
        client.send(b"GET /ok HTTP/1.1\r\nHost: a\r\n")
    started = time.monotonic()
    for number in range(6):
        t.equal(sidecar.get("/ok").status, 200, "another client")
        for client in slow:
            client.send(f"X-{number}: a\r\n".encode())  # a little every now and then does not help
        time.sleep(0.05)
    answers = [client.response() for client in slow]
    t.within(time.monotonic() - started, 0.5, 0.7 + SLACK, "seconds")
    t.equal({answer.status for answer in answers}, {408}, "statuses")
    t.check(all(client.wait_closed(2) for client in slow), "the connections end")
    t.equal(len([line for line in log_lines(users) if line["msg"].startswith("request")]), 6, "requests that the app saw")


@case("compatibility: requests and connections at once are capped, and what is over is told when to come again", needs=NEEDS)
def _(t):
    _, sidecar = behind(t, {**PATIENT, "limits": "concurrency: 4, queue: 2, queueWait: 3s, connections: 16"})
    clients = [sidecar.client() for _ in range(12)]
    for client in clients:
        client.send(request_bytes("GET", "/slow?ms=400"))
    answers = [client.response() for client in clients]
    t.equal(sorted(answer.status for answer in answers), [200] * 6 + [503] * 6, "statuses")
    for answer in answers:
        if answer.status == 503:
            t.local_reply(answer, 503)
    others = [sidecar.client() for _ in range(6)]
    for client in others:
        client.send(request_bytes("GET", "/ok"))
    statuses = [client.response().status for client in others]
    t.equal(sorted(statuses), [200] * 4 + [503] * 2, "statuses at the limit of connections")


@case("compatibility: SIGTERM finishes what is in flight, and liveness and readiness differ meanwhile", needs=NEEDS)
def _(t):
    users, sidecar = behind(t, {**PATIENT, "drain": "announce: 300ms, finish: 3s"})
    sidecar.wait_ready()
    client = sidecar.client()
    client.send(request_bytes("GET", "/slow?ms=900"))
    until(lambda: sidecar.metrics().sum("holdfast_exchanges_in_flight") == 1, 3, "in flight")
    sidecar.signal(signal.SIGTERM)
    until(lambda: sidecar.ready() == 503, 2, "/readyz 503")
    t.equal(sidecar.probe("/livez")[0], 200, "/livez")
    os.kill(users.process.pid, signal.SIGTERM)
    answer = client.response()
    t.equal((answer.status, answer.complete), (200, True), "the request in flight")
    t.equal(sidecar.wait_exit(6), 0, "exit code of Holdfast")
    t.equal(users.process.wait(3), 0, "exit code of users-service")


# --- the page


def rows_of_page():
    """(heading above, cells) of each row of each table; cells are split at `|`."""
    heading, rows, in_table = "", [], False
    with open(os.path.join(REPOSITORY, "docs/compatibility.md"), encoding="utf-8") as page:
        for line in page:
            if line.startswith("#"):
                heading = line.strip("# \n")
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
            if cells and in_table and not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
                rows.append((heading, cells))
            in_table = bool(cells)
    return rows


@case("compatibility: each row of the page names cases that exist, and each of these cases has a row")
def _(t):
    known = {one.sentence for one in CASES}
    rows, named = rows_of_page(), set()
    t.check(len(rows) >= 29, f"{len(rows)} rows")
    for heading, cells in rows:
        sentences = [sentence.strip() for sentence in cells[-1].split("<br>") if sentence.strip()]
        t.check(sentences, f"{heading}: {cells[0]} names no case")
        t.equal([sentence for sentence in sentences if sentence not in known], [], f"{heading}: {cells[0]}: unknown cases")
        named.update(sentences)
    of_page = {sentence for sentence in known if sentence.startswith("compatibility: ")} - {"compatibility: each row of the page names cases that exist, and each of these cases has a row"}
    t.equal(sorted(of_page - named), [], "cases without a row")
    numbers = [cells[0].split(".")[0] for heading, cells in rows if cells[0].split(".")[0].isdigit()]
    t.equal(numbers, [str(number) for number in range(1, 12)], "numbers of the known bugs")
