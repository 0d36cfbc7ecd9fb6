"""The users API, asked straight at users-service: its input boundary, its pages, its accounts, its runtime, and docs/users-api.yaml."""
import os
import re
import signal
import sqlite3
import time

from support import case, until
from users_client import GOOD, JSON, ask, body_of, content_of, is_error, log_line, log_lines, log_text, registration
from wire import HOST, LAST_CHUNK, Client, chunk, request_bytes

NEEDS = ("users-service",)
PROMPT = 0.3  # seconds that an answer may take beside a busy store
INVALID = "invalid request: "


def send_all(users, count, method, target, content=None):
    """`count` requests, each on a connection of its own that was opened before; nothing is read."""
    clients = [Client((HOST, users.port)) for _ in range(count)]
    for number, client in enumerate(clients):
        one = content(number) if callable(content) else content
        client.send(request_bytes(method, target, JSON if one else {}, content_of(one) if one else None))
    for client in clients:
        users.t.later(client.close)
    return clients


# --- input


def member(name, value, reason, target="/register"):
    """A row: a good registration but for this member."""
    return (target, registration(**{name: value}) if target == "/register" else {name: value}, 400, INVALID + reason)


def raw(content, reason, target="/users"):
    return (target, content, 400, INVALID + reason)


NOT_JSON = "content is not valid JSON in UTF-8 at byte "
NO_OBJECT = "content must be a JSON object"
BAD_EMAIL = "invalid email: must look like ada@example.org"
WEAK = "weak password: at least 8 characters are needed"
GUESSED = "weak password: it is one of those that are guessed first"
# What is refused → (path, content, status, error).
REFUSED = {
    "malformed and truncated JSON": [
        raw(b"", NO_OBJECT), raw(b" ", NOT_JSON + "2"), raw(b"name", NOT_JSON + "2"), raw(b"{", NOT_JSON + "2"),
        raw(b'{"name":"Ada"', NOT_JSON + "14"), raw(b'{"name":"Ada', NOT_JSON + "13"), raw(b'{"name":"Ada",}', NOT_JSON + "15"),
        raw(b"{'name':'Ada'}", NOT_JSON + "2"), raw(b'{name:"Ada"}', NOT_JSON + "3"), raw(b'{"name":"Ada"}x', NOT_JSON + "15"),
        raw(b'{"name":"Ada"}{}', NOT_JSON + "15"), raw(b'{"name":"Ada"/**/}', NOT_JSON + "14"), raw(b'{"name":"A\tda"}', NOT_JSON + "11"),
        raw(b'{"name":"\\x41"}', NOT_JSON + "11"), raw(b'{"name":NaN}', NOT_JSON + "9"), raw(b'{"name":01}', NOT_JSON + "10"),
        raw(b"name=Ada", NOT_JSON + "2")],
    "content that is not UTF-8": [
        raw(b'{"name":"\xff"}', NOT_JSON + "10"), raw(b'{"name":"\xc0\xaf"}', NOT_JSON + "10"), raw(b'{"name":"\xed\xa0\x80"}', NOT_JSON + "11"),
        raw(b'{"name":"\xf5\x80\x80\x80"}', NOT_JSON + "10"), raw(b'{"name":"\xe2\x82"}', NOT_JSON + "12"),
        raw(b'{"name":"\\ud800"}', NOT_JSON + "16"), raw('{"name":"Ada"}'.encode("utf-16"), NOT_JSON + "1"), raw(b'{"name":"Ada\x00"}', NOT_JSON + "13")],
    "what is no object": [raw(content, NO_OBJECT) for content in (b"[]", b'"Ada"', b"7", b"null", b"true", b"[" * 60000)],
    "a doubled key": [
        raw(b'{"name":"Ada","name":"Eve"}', 'key "name" appears twice'), raw(b'{"name":"Ada","n\\u0061me":"Eve"}', 'key "name" appears twice'),
        raw(b'{"x":1,"x":1,"name":"Ada"}', 'key "x" appears twice'), raw(b'{"\xc3\xa9":1,"\xc3\xa9":1}', 'key "é" appears twice')],
    "deep nesting and too many members": [
        raw(b'{"name":' + b"[" * 16 + b"]" * 16 + b"}", "content is nested too deeply"), raw(b'{"x":' * 17 + b"1" + b"}" * 17, "content is nested too deeply"),
        raw(b'{"x":' + b"[" * 30000, "content is nested too deeply"), raw({f"m{n}": n for n in range(65)}, "content has more than 64 members")],
    "a member that is missing or of another type": [
        raw({}, "name is missing"), raw({"Name": "Ada"}, "name is missing"),
        *[raw({"name": value}, "name must be a string") for value in (None, True, 7, 0.5, [], ["Ada"], {}, {"name": "Ada"})],
        *[member(name, None, f"{name} is missing") for name in GOOD],
        *[member(name, value, f"{name} must be a string") for name in ("username", "email", "password") for value in (7, [], True)],
        *[member("age", value, "age must be a whole number") for value in ("36", 36.5, 36.0, True, [], {})]],
    "a number out of range": [
        member("age", 12, "age must be at least 13"), member("age", -1, "age must be at least 13"), member("age", -2**63, "age must be at least 13"),
        member("age", 151, "age must be at most 150"), member("age", 2**63 - 1, "age must be at most 150"), member("age", 2**63, "age must be a whole number"),
        member("age", 2**64 + 36, "age must be a whole number"), member("age", -2**63 - 1, "age must be a whole number"),
        raw(b'{"age":1e400}', "content has a number out of range at byte 12"), raw(b'{"age":-1e999}', "content has a number out of range at byte 13")],
    "a name that is blank, too long or has control characters": [
        *[member("name", value, "name must not be empty", "/users") for value in ("", " ", "\t\n ")], member("username", " ", "username must not be empty"),
        *[member("name", value, "name must not be longer than 256 bytes", "/users") for value in ("a" * 257, "é" * 129)],
        *[member("name", value, "name must not contain control characters", "/users") for value in ("A\nda", "A\x00", "\x7fA")]],
    "an email address that is none": [
        member("email", "", "invalid email: must not be empty"), member("email", "a" * 60 + "@" + "b." * 100 + "org", "invalid email: must not be longer than 254 bytes"),
        *[member("email", value, BAD_EMAIL) for value in (
            "ada", "@example.org", "ada@", "ada@localhost", "a b@example.org", "ada@example..org", ".ada@example.org", "ada.@example.org", "ada@-a.org", "ada@a-.org",
            "ada@exa_mple.org", "ada@example.org\n", "ada@example.org\x00", "é@example.org", "ada@éxample.org", '"a d"@example.org', "ada@[127.0.0.1]",
            "<ada@example.org>", "ada@example.org,eve@example.org", "a" * 65 + "@example.org", "ada@" + "a" * 64 + ".org")]],
    "a weak or unusable password": [
        *[member("password", value, WEAK) for value in ("", "short", "éééé", "1234567")], *[member("password", value, GUESSED) for value in (
            "password", "PassWord123", "12345678", "aaaaaaaa", "        ")],
        member("password", "a1" * 129, "password must not be longer than 256 bytes"), member("password", "new\nline here", "password must not contain control characters")],
}


def refuses(what, rows):
    @case(f"api: {what} is refused with its exact reason", needs=NEEDS)
    def _(t):
        users = t.users(arguments=())
        for target, content, status, error in rows:
            is_error(t, ask(users, "POST", target, content), status, error, f"{target} {content_of(content)[:80]!r}")
        t.equal(body_of(ask(users, "GET", "/users")), {"users": [], "next": None}, "nothing was stored")
        t.equal(ask(users, "POST", "/users", {"name": "Ada"}).status, 200, "the next request")


for refused_what, refused_rows in REFUSED.items():
    refuses(refused_what, refused_rows)


@case("api: content over 64 KiB is 413, and over 2 MiB the connection ends with it", needs=NEEDS)
def _(t):
    users = t.users(arguments=())
    for target in ("/users", "/register"):
        content = content_of({"name": "Ada", "pad": ""})
        full = content[:-2] + b"x" * (65536 - len(content)) + content[-2:]
        t.check(ask(users, "POST", target, full).status in (200, 400), "64 KiB are read")
        is_error(t, ask(users, "POST", target, full + b" "), 413, "content must not be longer than 64KiB", target)
        client = Client((HOST, users.port))
        client.send(request_bytes("POST", target, {**JSON, "Transfer-Encoding": "chunked"}) + chunk(full) + chunk(b" ") + LAST_CHUNK)
        is_error(t, client.response("POST"), 413, "content must not be longer than 64KiB", f"{target} in chunks")
        client.send(request_bytes("GET", "/healthz"))
        t.equal(client.response().status, 200, "the next request on that connection")
        client.close()
        t.equal(ask(users, "POST", target, b" " * (3 << 20)).status, 413, f"{target} 3 MiB")
    t.equal(len(body_of(ask(users, "GET", "/users"))["users"]), 1, "users")


@case("api: a request that is cut off before its end is not carried out", needs=NEEDS)
def _(t):
    users = t.users(arguments=())
    content = content_of({"name": "Ada"})
    for head, sent in (({"Content-Length": "40"}, content), ({"Transfer-Encoding": "chunked"}, chunk(content)), ({"Transfer-Encoding": "chunked"}, chunk(content) + b"0\r\n"),
                       ({"Transfer-Encoding": "chunked"}, b"40\r\n" + content), ({"Content-Length": str(len(content))}, content[:-1])):
        for end in (Client.half_close, Client.close, Client.abort):
            client = Client((HOST, users.port))
            client.send(request_bytes("POST", "/users", {**JSON, **head}) + sent)
            end(client)
            if end is Client.half_close:
                t.check(client.wait_closed(3), "the connection ends")
                client.close()
    t.equal(body_of(ask(users, "GET", "/users")), {"users": [], "next": None}, "nothing was stored")


@case("api: another content type or a content coding is 415", needs=NEEDS)
def _(t):
    users = t.users(arguments=())
    content = {"name": "Ada"}
    for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonp", "json", "text/json", "image/svg+json"):
        for target in ("/users", "/register"):
            is_error(t, ask(users, "POST", target, content, {"Content-Type": kind}), 415, "content must be application/json", kind)
    for coding in ("gzip", "br", "identity, gzip"):
        is_error(t, ask(users, "POST", "/users", content, {**JSON, "Content-Encoding": coding}), 415, "content coding not supported", coding)
    for good in ({}, JSON, {"Content-Type": "Application/JSON; charset=utf-8"}, {"Content-Type": "application/vnd.users+json"},
                 {"Content-Type": "application/x-www-form-urlencoded"}, {**JSON, "Content-Encoding": "identity"}):
        t.equal(ask(users, "POST", "/users", content, good).status, 200, good)


@case("api: an id that is no number, or that overflows, is 400, and one that is free is 404", needs=NEEDS)
def _(t):
    users = t.users(arguments=())
    ask(users, "POST", "/users", {"name": "Ada"})
    for text in ("x", "-1", "+1", "1.0", "1e0", "0x1", "%31", "1%20", "1000000000000000000", "9223372036854775808", "18446744073709551617", "1" * 400, "1;2", "1'"):
        is_error(t, ask(users, "GET", "/users/" + text), 400, INVALID + "id must be a whole number of at most 18 digits", text[:30])
    for text, number in (("0", 0), ("2", 2), ("999999999999999999", 999999999999999999), ("007", 7)):
        is_error(t, ask(users, "GET", "/users/" + text), 404, f"user {number} not found", text)
    for text in ("1", "01"):
        t.equal(ask(users, "GET", "/users/" + text).content, b'{"id":1,"name":"Ada"}', text)


@case("api: pages by id: each user is on exactly one, next leads on, and the last page says null", needs=NEEDS)
def _(t):
    users = t.users(arguments=())
    names = [f"user {number}" for number in range(1, 106)]
    client = Client((HOST, users.port))
    for name in names:
        client.send(request_bytes("POST", "/users", JSON, content_of({"name": name})))
        t.equal(client.response("POST").status, 200, name)
    client.close()

    def page(query=""):
        found = body_of(ask(users, "GET", "/users" + query))
        return [user["id"] for user in found["users"]], found["next"]
    t.equal(page(), (list(range(1, 51)), 50), "50 unless told otherwise")
    t.equal(page("?"), page(), "an empty query")
    t.equal(page("?limit=100"), (list(range(1, 101)), 100), "100 at most")
    t.equal(page("?limit=100&after=5"), (list(range(6, 106)), None), "exactly the rest is the last page")
    t.equal(page("?after=50&limit=2"), ([51, 52], 52), "in any order")
    t.equal(page("?after=105"), ([], None), "beyond the last")
    t.equal(page("?after=999999999999999999"), ([], None), "far beyond")
    seen, after = [], 0
    while after is not None:
        found = body_of(ask(users, "GET", f"/users?limit=40&after={after}"))
        seen += found["users"]
        after = found["next"]
    t.equal(seen, [{"id": number + 1, "name": name} for number, name in enumerate(names)], "all pages")
    limit, after, only = "limit must be 1 to 100", "after must be a whole number of at most 18 digits", "the query may have limit and after only"
    for query, reason in (("limit=0", limit), ("limit=101", limit), ("limit=-1", limit), ("limit=", limit), ("limit", limit), ("limit=1e1", limit), ("limit=%31", limit),
                          ("limit=99999999999999999999", limit), ("after=-1", after), ("after=", after), ("after=x", after), ("after=1000000000000000000", after),
                          ("limit=1&limit=1", "limit appears twice"), ("after=1&after=2", "after appears twice"), ("offset=1", only), ("Limit=1", only), ("limit=1&&", only)):
        is_error(t, ask(users, "GET", "/users?" + query), 400, INVALID + reason, query)


@case("api: SQL in every field is text, and nothing but text", needs=NEEDS)
def _(t):
    users = t.users(store="sqlite:users.db", arguments=())
    texts = ["'; DROP TABLE users; --", '" OR ""="', "Robert'); DELETE FROM users;--", "%' UNION SELECT password_hash FROM users --", "\\'; --", "$1 ? :name @x"]
    for text in texts:
        answer = ask(users, "POST", "/users", {"name": text})
        t.equal(body_of(ask(users, "GET", f"/users/{body_of(answer)['id']}"))["name"], text, "read back")
        is_error(t, ask(users, "POST", "/register", registration(email=text)), 400, INVALID + BAD_EMAIL, text)
        is_error(t, ask(users, "POST", "/register", registration(age=text)), 400, INVALID + "age must be a whole number", text)
        path = "".join(f"%{byte:02X}" for byte in text.encode())
        is_error(t, ask(users, "GET", f"/users/1{path}"), 400, INVALID + "id must be a whole number of at most 18 digits", text)
        is_error(t, ask(users, "GET", f"/users?after=0{path}"), 400, INVALID + "after must be a whole number of at most 18 digits", text)
    sql_address = "x'or'1'='1'--@example.org"  # every character of it is allowed in an address
    answer = ask(users, "POST", "/register", registration(username=texts[0], email=sql_address, password=texts[2]))
    t.equal((answer.status, body_of(answer)), (201, {"id": 7, "username": texts[0], "email": sql_address}), "registered")
    t.equal(ask(users, "POST", "/register", registration(email="x'or'1'='2'--@example.org")).status, 201, "another one")
    t.equal([user["id"] for user in body_of(ask(users, "GET", "/users"))["users"]], list(range(1, 9)), "users")


# --- accounts


@case("api: an email address is taken once, in whatever case, also by sixteen clients at the same time", needs=NEEDS)
def _(t):
    users = t.users(store="sqlite:users.db", arguments=())
    t.equal(ask(users, "POST", "/register", GOOD).status, 201, "the first")
    for email in (GOOD["email"], GOOD["email"].upper(), "gRACE@Example.ORG"):
        is_error(t, ask(users, "POST", "/register", registration(email=email, username="eve", password="another good one")), 409, "already exists", email)
    for name in ("race", "again"):
        clients = send_all(users, 16, "POST", "/register", lambda number: registration(email=f"{name}@example.org" if number % 2 else f"{name.upper()}@example.org"))
        statuses = [client.response("POST", 10).status for client in clients]
        t.equal(sorted(statuses), [201] + [409] * 15, "statuses of a race")
    t.equal(len(body_of(ask(users, "GET", "/users"))["users"]), 3, "users")


@case("api: a password is in no answer, no line and no byte of the database, which has its Argon2id hash", needs=NEEDS)
def _(t):
    users = t.users(store="sqlite:users.db", arguments=())
    secrets = [f"canary-{number}-Zx9" for number in range(8)]
    answers = [ask(users, "POST", "/register", registration(password=secrets[0])),
               ask(users, "POST", "/register", registration(password=secrets[1])),                                  # 409
               ask(users, "POST", "/register", registration(password=secrets[2], email="nobody")),                  # 400
               ask(users, "POST", "/register", registration(password=[secrets[3]])),
               ask(users, "POST", "/register", content_of(registration(password=secrets[4]))[:-1]),                  # truncated
               ask(users, "POST", "/register", content_of(registration(password=secrets[5])), {"Content-Type": "text/plain"}),
               ask(users, "POST", "/register", content_of({**GOOD, "username": secrets[6]})[:-2] + b'","password":"' + secrets[6].encode() + b'"}'),
               ask(users, "POST", "/register", registration(email="b@example.org", password=secrets[7] + "\n"))]
    t.equal([answer.status for answer in answers], [201, 409, 400, 400, 400, 415, 400, 400], "statuses")
    readable = [ask(users, "GET", target) for target in ("/users/1", "/users", "/users?limit=1")]
    with sqlite3.connect(os.path.join(t.directory, "users.db"), timeout=2) as database:
        rows = database.execute("SELECT name, email, age, password_hash FROM users").fetchall()
    t.equal([row[:3] for row in rows], [("grace", "grace@example.org", 36)], "rows")
    t.check(re.fullmatch(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}", rows[0][3]), f"the hash: {rows[0][3]}")
    files = [name for name in os.listdir(t.directory) if name.startswith("users.db")]
    t.check(files, "database files")
    places = {name: open(os.path.join(t.directory, name), "rb").read() for name in files}
    os.kill(users.process.pid, signal.SIGTERM)
    t.equal(users.process.wait(5), 0, "exit code")
    places["log"] = log_text(users).encode()
    places.update({f"answer {number}": answer.head + answer.content for number, answer in enumerate(answers + readable)})
    t.check(rows[0][3].encode() in b"".join(places[name] for name in files), "what is looked for can be found")
    for name, content in places.items():
        t.equal([secret for secret in secrets if secret.encode() in content], [], f"passwords in {name}")
        t.check(name in files or b"argon2" not in content, f"a hash in {name}")


@case("api: with the queue of registrations full the rest gets 503 and Retry-After, and everything else answers at once", needs=NEEDS, alone=True)
def _(t):
    users = t.users(arguments=())
    ask(users, "POST", "/users", {"name": "Ada"})
    count = 100
    clients = send_all(users, count, "POST", "/register", lambda number: registration(email=f"{number}@example.org"))
    waited = {}
    for target in ("/healthz", "/users/1") * 5:
        started = time.monotonic()
        t.equal(ask(users, "GET", target).status, 200, target)
        waited[target] = max(waited.get(target, 0), time.monotonic() - started)
    answers = [client.response("POST", 10) for client in clients]
    accepted = [answer for answer in answers if answer.status == 201]
    shed = [answer for answer in answers if answer.status == 503]
    t.check(accepted and shed, f"{len(accepted)} of {count} were taken, {len(shed)} shed")
    for answer in shed:
        is_error(t, answer, 503, "too many requests in progress")
        t.retry_after(answer)
    for answer in answers:  # on a slow machine 2 s can go by in the queue
        t.check(answer in accepted + shed or body_of(answer) == {"error": "internal error"}, answer)
    t.check(max(waited.values()) < PROMPT, f"seconds: {waited}")
    t.equal(ask(users, "POST", "/register", registration(email="later@example.org")).status, 201, "a registration afterwards")
    listed = body_of(ask(users, "GET", "/users?limit=100"))["users"]
    t.equal(len(listed), len(accepted) + 2, "users in the store")


# --- the runtime


@case("api: eight parallel /slow-store never stall /healthz, and each is given up after 2 s", needs=NEEDS, alone=True)
def _(t):
    users = t.users()
    started = time.monotonic()
    clients = send_all(users, 8, "GET", "/slow-store")
    slowest = 0
    while time.monotonic() - started < 1.9:
        asked = time.monotonic()
        t.equal(ask(users, "GET", "/healthz").status, 200, "/healthz")
        slowest = max(slowest, time.monotonic() - asked)
        time.sleep(0.02)
    for client in clients:
        is_error(t, client.response(), 500, "internal error", "/slow-store")
    t.within(time.monotonic() - started, 1.9, 2.1 + PROMPT, "seconds of /slow-store")
    t.check(slowest < PROMPT, f"the slowest /healthz took {slowest:.3f} s")


@case("api: /boom costs one 500 that says nothing, its cause is logged with the request id, and the connection goes on", needs=NEEDS)
def _(t):
    users = t.users()
    client = Client((HOST, users.port))
    client.send(request_bytes("GET", "/boom", {"x-request-id": "boom-0001"}))
    is_error(t, client.response(), 500, "internal error")
    client.send(request_bytes("GET", "/ok"))
    t.equal(client.response().content, b"ok", "the next request")
    client.close()
    line = until(lambda: log_line(users, msg="handler threw"), 3, "the cause is logged")
    t.equal((line["level"], line["request_id"], line["cause"]), ("error", "boom-0001", "boom: thrown by the handler of /boom"), "the line")


@case("api: /crash leaves one JSON line with a fatal signal and a stack", needs=NEEDS)
def _(t):
    users = t.users()
    client = Client((HOST, users.port))
    client.send(request_bytes("GET", "/crash"))
    t.equal(client.response(), None, "an answer")
    client.close()
    t.check(users.process.wait(5) < 0, "a signal ended the process")
    lines = [line for line in log_lines(users) if line["msg"] == "fatal signal"]
    t.require(len(lines) == 1, f"one line: {log_text(users)[-2000:]}")
    line = lines[0]
    t.equal((line["level"], line["cause"]), ("error", "SIGSEGV"), "the line")
    t.check(line["stack"] and all(isinstance(frame, str) and frame for frame in line["stack"]), f"the stack: {line['stack']}")
    t.check(log_text(users).endswith("}\n"), "the log ends with a whole line")


@case("api: SIGTERM lets what is in flight finish, and the process ends with exit code 0", needs=NEEDS)
def _(t):
    users = t.users()
    idle, slow, hasty = (Client((HOST, users.port)) for _ in range(3))
    slow.send(request_bytes("GET", "/slow?ms=600"))
    hasty.send(request_bytes("POST", "/register", JSON, content_of(GOOD)))
    time.sleep(0.1)
    os.kill(users.process.pid, signal.SIGTERM)
    t.equal(hasty.response("POST").status, 201, "a registration in flight")
    answer = slow.response()
    t.equal((answer.status, answer.complete), (200, True), "a slow request in flight")
    t.equal(users.process.wait(3), 0, "exit code, with an idle connection open")
    t.equal([line["msg"] for line in log_lines(users)][-1], "stopped", "the last line")
    for client in (idle, slow, hasty):
        client.close()
