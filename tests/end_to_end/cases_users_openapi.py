"""docs/users-api.yaml against the running service: what it says is so, and nothing else is."""
import os
import time

from cases_users_api import NEEDS, send_all
from support import REPOSITORY, Skipped, case
from users_client import GOOD, ask, body_of, registration
from wire import HOST, Client, request_bytes

try:
    import openapi
except ImportError as absent:
    openapi, ABSENT = None, absent.name

# A request that each operation accepts: target, content.
GOOD_REQUESTS = {"createUser": ("/users", {"name": "Ada"}), "listUsers": ("/users", None), "headUsers": ("/users", None), "getUser": ("/users/1", None),
                 "headUser": ("/users/1", None), "registerUser": ("/register", GOOD), "getHealth": ("/healthz", None), "headHealth": ("/healthz", None)}
# The same with something wrong about the path or the query.
BAD_TARGET = {"listUsers": "/users?limit=0", "headUsers": "/users?limit=0", "getUser": "/users/x", "headUser": "/users/x"}
# Behind --faults only, which the document leaves out.
FAULTS = ("/ok", "/boom", "/crash", "/hang", "/slow", "/slow-store", "/leak", "/big", "/echo", "/reset", "/garbage", "/stream")


def document():
    if openapi is None:
        raise Skipped(f"Python's {ABSENT} is not there")
    return openapi.Document(os.path.join(REPOSITORY, "docs/users-api.yaml"))


@case("api: the document is well formed OpenAPI 3.1, every reference leads somewhere, every example is valid")
def _(t):
    api = document()
    t.equal(api.faults(), [], "faults")
    t.equal(sorted(operation.id for operation in api.operations()), sorted(GOOD_REQUESTS), "operations")
    for operation in api.operations():
        asked = [name for media in operation.media().values() for name in media["examples"]]
        asked += [name for parameter in operation.parameters for name in parameter.get("examples", {})]
        if operation.method != "head":
            t.equal(sorted(asked_and_answered(api, operation)), sorted(set(asked)), f"{operation.id}: examples with an answer")


def asked_and_answered(api, operation):
    """Example name → (status, answer), for those that a request example has, too."""
    asked = {name for media in operation.media().values() for name in media.get("examples", {})}
    asked |= {name for parameter in operation.parameters for name in parameter.get("examples", {})}
    found = {}
    for status, response in operation.responses.items():
        for media in api.resolve(response).get("content", {}).values():
            found.update({name: (int(status), example["value"]) for name, example in media.get("examples", {}).items() if name in asked})
    return found


def example_request(operation, name):
    target, query = operation.path, []
    for parameter in operation.parameters:
        if name in parameter.get("examples", {}):
            value = str(parameter["examples"][name]["value"])
            target = target.replace("{" + parameter["name"] + "}", value)
            query += [f"{parameter['name']}={value}"] if parameter["in"] == "query" else []
    contents = [media["examples"][name]["value"] for media in operation.media().values() if name in media["examples"]]
    return target + ("?" + "&".join(query) if query else ""), contents[0] if contents else None


@case("api: every example request of the document gets exactly its documented answer", needs=NEEDS)
def _(t):
    api = document()
    users = t.users(arguments=())
    for operation in api.operations():
        if operation.method == "head":
            continue
        for name, (status, answer) in asked_and_answered(api, operation).items():
            target, content = example_request(operation, name)
            response = ask(users, operation.method.upper(), target, content)
            t.equal((response.status, body_of(response)), (status, answer), f"{operation.id} {name}")
            t.equal(api.faults_of_answer(operation, response), [], f"{operation.id} {name}")
            schema = next((media["schema"] for media in operation.media().values()), None)
            if schema and status < 300:
                t.equal(api.faults_of_schema(schema, content), [], f"{operation.id} {name}: the request itself")


class Causes:
    """Services in the states that the statuses come from: well, without a store, and with everything occupied."""

    def __init__(self, t):
        self.well = t.users(arguments=())
        ask(self.well, "POST", "/users", {"name": "Ada"})
        self.broken = t.users(arguments=(), store="sqlite:nowhere/users.db")
        self.busy = t.users()

    def beside_a_full_store(self, method, target, content):
        """8 threads call the store, 128 calls may wait: 150, and once more for the places that the threads made. It lasts 2 s."""
        answers = []
        while len(answers) < 5 and not any(answer.status == 503 for answer in answers):
            for count in (150, 20):
                send_all(self.busy, count, "GET", "/slow-store")[-1].response()
            answers.append(ask(self.busy, method, target, content))
        return answers

    def answers(self, operation, status):
        """Answers to what causes this status, where the operation has it; at least one."""
        target, content = GOOD_REQUESTS[operation.id]
        method = operation.method.upper()
        if status == 409:
            return [ask(self.well, method, target, content) for _ in range(2)]
        if status == 503 and operation.id == "registerUser":
            clients = send_all(self.busy, 80, method, target, lambda number: registration(email=f"{number}@example.org"))
            return [client.response(method, 10) for client in clients]
        if status == 503 and operation.path != "/healthz":
            return self.beside_a_full_store(method, target, content)
        if status in (500, 503):
            return [ask(self.broken, method, target, content)]
        if status == 201 and content:
            content = {**content, "email": "new@example.org"}
        elif status == 400:
            target, content = BAD_TARGET.get(operation.id, target), content and {}
        elif status == 404 and "{id}" in operation.path:
            target = "/users/99"
        elif status == 413 and content:
            content = b" " * 65537
        return [ask(self.well, method, target, content, {"Content-Type": "text/plain"} if status == 415 else None)]


@case("api: every status of the document can be caused, with the documented answer, and no other is seen", needs=NEEDS, seconds=40, alone=True)
def _(t):
    api, causes = document(), Causes(t)
    statuses = sorted({int(status) for operation in api.operations() for status in operation.responses}, reverse=True)  # 503 first: it passes
    t.equal(statuses, [503, 500, 415, 413, 409, 404, 400, 201, 200], "statuses")
    for status in statuses:
        for operation in api.operations():
            answers = causes.answers(operation, status)
            caused = any(answer.status == status for answer in answers)
            t.check(caused or str(status) not in operation.responses, f"{operation.id}: {status} was not caused: {[answer.status for answer in answers]}")
            for answer in answers:
                t.equal(api.faults_of_answer(operation, answer), [], f"{operation.id} {status}")


@case("api: HEAD is answered as GET is, without the content", needs=NEEDS)
def _(t):
    users = t.users(arguments=())
    ask(users, "POST", "/users", {"name": "Ada"})
    for target in ("/users", "/users?limit=0", "/users/1", "/users/2", "/users/x", "/healthz", "/nowhere"):
        get, head = ask(users, "GET", target), ask(users, "HEAD", target)
        t.equal(head.status, get.status, target)
        for name in ("content-type", "content-length"):
            t.equal(head.header(name), get.header(name), f"{target} {name}")


@case("api: a path that is not in the document is 404, and a method that is not is 405 with Allow", needs=NEEDS)
def _(t):
    api = document()
    users = t.users(arguments=())
    allowed = {}
    for operation in api.operations():
        allowed.setdefault(operation.path, set()).add(operation.method.upper())
    for path, methods in allowed.items():
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            answer = ask(users, method, path.replace("{id}", "1"), b"" if method in ("POST", "PUT", "PATCH") else None)
            t.equal(answer.status == 405, method not in methods, f"{method} {path}: {answer.status}")
            if answer.status == 405:
                t.equal(set(answer.fields.tokens("allow")), {one.lower() for one in methods}, f"Allow of {path}")
                t.equal(api.faults_of_response(api.root["x-other-methods"]["405"], answer, method == "HEAD"), [], f"{method} {path}")
    for path in ("/", "/user", "/users/", "/users/1/", "/users/1/2", "/Users", "/users.json", "//users", "/register/", "/healthz/", "/health", "/metrics", "/docs",
                 "/..", "/users/../healthz", "/%75sers", *FAULTS):
        for method in ("GET", "POST"):
            answer = ask(users, method, path, b"" if method == "POST" else None)
            t.equal(answer.status, 404, f"{method} {path}")
            t.equal(api.faults_of_response(api.root["x-other-paths"]["404"], answer), [], path)


@case("api: what comes before routing is answered as documented, and ends the connection", needs=NEEDS)
def _(t):
    api = document()
    users = t.users(arguments=())
    seen = set()
    for request in (b"NONSENSE\r\n\r\n", b"GET /users HTTP/1.1\r\nno colon\r\n\r\n", b"GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n",
                    *[request_bytes(method, "/users") for method in ("BREW", "TRACE")],
                    request_bytes("POST", "/users", {}, b" " * (3 << 20)), request_bytes("POST", "/users", {"Expect": "bread"}, b"{}")):
        client = Client((HOST, users.port))
        client.send(request)
        answer = client.response()
        t.require(answer, f"an answer to {request[:60]!r}")
        seen.add(str(answer.status))
        t.check(answer.header("content-type") == "text/html" and answer.complete, f"{request[:60]!r}: {answer!r}")
        t.check(client.wait_closed(3), f"{request[:60]!r}: the connection ends")
        client.close()
    t.equal(seen, set(api.root["x-before-routing"]), "statuses")
    client = Client((HOST, users.port))
    client.send(request_bytes("CONNECT", "a.test:80"))
    t.equal(client.head(time.monotonic() + 3).status, 501, "CONNECT")
    client.close()


# Values at the edges of each schema, in ASCII, where a character is a byte.
EDGES = {
    "username": ["", " ", "a", " a ", "a" * 256, "a" * 257, "a\nb", "\x7f", "\x00a", "'; --", 7, None],
    "email": ["", "a@b.c", "a@b", "a" * 64 + "@b.c", "a" * 65 + "@b.c", "a@" + "b" * 63 + ".c", "a@" + "b" * 64 + ".c", "a.b@c.d", "a..b@c.d", ".a@c.d", "a@c.d.",
              "a@-c.d", "a@c-.d", "a@c-d.e", "!#$%&'*+-/=?^_`{|}~@c.d", "a(b)@c.d", "a@b@c.d", "aa@" + "b." * 125 + "c", "aaa@" + "b." * 125 + "c", 7, None],
    "age": [12, 13, 150, 151, -13, 36.5, "36", None, 2**63],
    "password": ["1234567", "abcd efg", "x1" * 128, "x1" * 128 + "x", "good\npassword", "aaaaaaaa", "aaaaaaab", 12345678, None],
}


@case("api: the schemas of the document accept what the service accepts, edge by edge", needs=NEEDS)
def _(t):
    api = document()
    users = t.users(arguments=())
    schemas = {operation.id: operation.media()["application/json"]["schema"] for operation in api.operations() if operation.media()}
    number = 0
    for name, values in EDGES.items():
        for value in values:
            number += 1
            content = {**registration(email=f"{number}@example.org"), name: value}
            answer = ask(users, "POST", "/register", content)
            t.equal(answer.status == 201, not api.faults_of_schema(schemas["registerUser"], content), f"{name} {value!r}: {answer.content[:200]!r}")
            if name == "username":
                answer = ask(users, "POST", "/users", {"name": value})
                t.equal(answer.status == 200, not api.faults_of_schema(schemas["createUser"], {"name": value}), f"name {value!r}")
