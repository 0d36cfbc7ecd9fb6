"""What users-service does when the machine or an enemy is against it: no descriptors left, a log nobody reads, doubtful framing."""
import os
import resource
import signal
import socket
import subprocess
import time

from support import accepts, case, clean_environment, free_port, spawn, until
from users_client import ask, is_error, log_lines
from wire import HOST, Client, request_bytes

NEEDS = ("users-service",)
NAME = b'{"name":"Ada"}'
CHUNKED = b"e\r\n" + NAME + b"\r\n0\r\n\r\n"
NEXT = b"GET /users/1 HTTP/1.1\r\nHost: x\r\n\r\n"
# Fields of a POST whose content a proxy in front could see end elsewhere, and that content.
DOUBTFUL = [("Content-Length: 14\r\nContent-Length: 48", NAME), ("Content-Length: +14", NAME), ("Content-Length : 14", NAME),
            ("Transfer-Encoding: gzip, chunked", CHUNKED), ("Transfer-Encoding: \x0bchunked", CHUNKED),
            ("Transfer-Encoding: chunked\r\nContent-Length: 4", CHUNKED)]


def everything_after(port, content, timeout=3):
    """What comes back for `content` until the service closes; None when it does not."""
    with socket.create_connection((HOST, port), timeout) as sock:
        sock.sendall(content)
        received = b""
        try:
            while part := sock.recv(65536):
                received += part
        except ConnectionError:
            pass  # it closed with our bytes unread
        except TimeoutError:
            return None
        return received


@case("runtime: a request whose content ends in doubt is 400, is not carried out, and is the last on its connection", needs=NEEDS)
def _(t):
    users = t.users()
    for fields, content in DOUBTFUL:
        received = everything_after(users.port, f"POST /users HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n".encode("latin-1") + content + NEXT)
        if t.check(received is not None, f"{fields!r}: the connection stays open"):
            t.equal((received.count(b"HTTP/1.1 "), received[9:12]), (1, b"400"), f"{fields!r}: answers and status")
    is_error(t, ask(users, "GET", "/users/1"), 404, "user 1 not found")


@case("runtime: a long path is answered, and cut in the log", needs=NEEDS)
def _(t):
    users = t.users()
    is_error(t, ask(users, "GET", "/" + "a" * 100000), 404, "no such path")
    line = until(lambda: next((line for line in log_lines(users) if line["msg"] == "request"), None), 3, "the line")
    t.equal(line["path"], "/" + "a" * 511, "path")


@case("runtime: without descriptors the service waits instead of spinning, says so, and serves again", needs=NEEDS)
def _(t):
    users = t.users()
    resource.prlimit(users.process.pid, resource.RLIMIT_NOFILE, (64, 64))
    clients = [Client((HOST, users.port)) for _ in range(100)]

    def refused():
        return [line for line in log_lines(users) if line["msg"] == "cannot accept"]
    until(refused, 5, "a line about it")
    t.equal(refused()[0]["cause"], "Too many open files", "cause")
    before, started = len(refused()), time.monotonic()
    time.sleep(1)
    t.within((len(refused()) - before) / (time.monotonic() - started), 1, 11, "tries per second")
    for client in clients:
        client.close()
    # Not before: UBSan itself needs a descriptor, and takes the lack of one for a fault of the program.
    until(lambda: len(os.listdir(f"/proc/{users.process.pid}/fd")) < 32, 5, "descriptors are back")
    t.equal(ask(users, "GET", "/healthz").status, 200, "the next request")


@case("runtime: a log that nobody reads stops no request, and holds up the end for 5 s at most", needs=NEEDS)
def _(t):
    port = free_port()
    process = spawn([t.program("users-service"), "--listen", f"{HOST}:{port}", "--store", "sqlite::memory:"], stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL, env=clean_environment())
    until(lambda: accepts(port), 10, "users-service listens")
    for _ in range(10):  # 300 lines of 600 bytes: more than a pipe holds
        client = Client((HOST, port))
        client.send(request_bytes("GET", "/" + "a" * 600) * 30)
        t.check(all(client.response().status == 404 for _ in range(30)), "each is answered")
        client.close()
    os.kill(process.pid, signal.SIGTERM)
    t.equal(process.wait(8), 70, "exit code")
    process.stdout.close()
