"""How the cases of the users API talk to users-service: straight over a socket, and by what its log says."""
import json

from support import Failed
from wire import HOST, Client, request_bytes

JSON = {"Content-Type": "application/json"}
GOOD = {"username": "grace", "email": "grace@example.org", "age": 36, "password": "correct horse battery"}


def registration(**changes):
    """The content of a good registration but for `changes`; None leaves a member out."""
    return {key: value for key, value in {**GOOD, **changes}.items() if value is not None}


def content_of(value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def ask(users, method, target, content=None, fields=None, timeout=5):
    """One request on a connection of its own."""
    client = Client((HOST, users.port))
    try:
        content = None if content is None else content_of(content)
        client.send(request_bytes(method, target, JSON if fields is None and content is not None else fields or {}, content))
        response = client.response(method, timeout)
    finally:
        client.close()
    if response is None:
        raise Failed(f"{method} {target}: no answer")
    return response


def body_of(response):
    try:
        return json.loads(response.content)
    except ValueError:
        raise Failed(f"the content is no JSON: {response!r}") from None


def is_error(t, response, status, text, what=""):
    """Checks that the answer is exactly this error, as the service itself gives it."""
    t.equal(response.status, status, f"{what} status of {response.content[:200]!r}")
    t.equal(response.header("content-type"), "application/json", f"{what} content-type")
    return t.equal(response.content, json.dumps({"error": text}, separators=(",", ":"), ensure_ascii=False).encode(), f"{what} content")


def log_text(users):
    with open(users.log_path, encoding="utf-8") as log:
        return log.read()


def log_lines(users):
    """Every whole line of the current run; each must be one JSON object."""
    lines = []
    for line in log_text(users).split("\n")[:-1]:
        try:
            lines.append(json.loads(line))
        except ValueError:
            raise Failed(f"a line of users-service is no JSON: {line[:300]!r}") from None
    return lines


def log_line(users, **members):
    """The first line with these members, or None."""
    return next((line for line in log_lines(users) if all(line.get(key) == value for key, value in members.items())), None)
