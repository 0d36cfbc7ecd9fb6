"""Both ends of a proxy, byte by byte: an exact-bytes HTTP/1 client and a scriptable upstream that records what it saw.

Neither repairs anything: what arrives is what is recorded. Every wait has a deadline. Loopback only.
"""
import socket
import struct
import threading
import time

HOST = "127.0.0.1"
CRLF = b"\r\n"


class Late(AssertionError):
    """A peer did not do in time what a test waits for."""


def rst_on_close(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Stream:
    """A socket with a read buffer. `eof` and `reset` say how the peer ended."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()
        self.eof = False
        self.reset = False
        self.closed = False
        self.received = 0

    def fill(self, deadline):
        """Reads once. False at the end of the stream; raises Late at the deadline."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise Late(f"no bytes in time; {len(self.buffer)} bytes wait: {bytes(self.buffer[:200])!r}")
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(65536)
        except TimeoutError:
            raise Late(f"no bytes in time; {len(self.buffer)} bytes wait: {bytes(self.buffer[:200])!r}") from None
        except OSError:
            self.reset = True
            data = b""
        if not data:
            self.eof = True
            return False
        self.received += len(data)
        self.buffer += data
        return True

    def take(self, count):
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def read_until(self, mark, deadline):
        """Bytes up to and with `mark`; None when the stream ends before."""
        start = 0
        while True:
            at = self.buffer.find(mark, start)
            if at >= 0:
                return self.take(at + len(mark))
            start = max(0, len(self.buffer) - len(mark))
            if not self.fill(deadline):
                return None

    def read_exactly(self, count, deadline):
        """(bytes, whole): fewer bytes and False when the stream ends before."""
        while len(self.buffer) < count:
            if not self.fill(deadline):
                return self.take(len(self.buffer)), False
        return self.take(count), True

    def read_to_end(self, deadline):
        while self.fill(deadline):
            pass
        return self.take(len(self.buffer))

    def read_chunked(self, deadline):
        """(content, trailers, whole)"""
        content = bytearray()
        while True:
            line = self.read_until(CRLF, deadline)
            if line is None:
                return bytes(content), [], False
            try:
                size = int(line.split(b";")[0].strip(), 16)
            except ValueError:
                return bytes(content), [], False
            if size == 0:
                break
            data, whole = self.read_exactly(size, deadline)
            content += data
            if not whole:
                return bytes(content), [], False
            end, whole = self.read_exactly(2, deadline)
            if end != CRLF:
                return bytes(content), [], False
        trailers = []
        while True:
            line = self.read_until(CRLF, deadline)
            if line is None:
                return bytes(content), trailers, False
            if line == CRLF:
                return bytes(content), trailers, True
            trailers.append(split_field(line))

    def send(self, data, timeout=10):
        """False when the peer is gone."""
        try:
            self.sock.settimeout(timeout)
            self.sock.sendall(data)
            return True
        except OSError:
            return False

    def wait_closed(self, timeout):
        """Reads and discards until the peer ends the stream; False when it does not in time."""
        deadline = time.monotonic() + timeout
        try:
            while self.fill(deadline):
                self.buffer.clear()
            return True
        except Late:
            return False

    def kill(self):
        """From another thread: ends the connection; the thread that reads it closes the descriptor (as RST)."""
        try:
            rst_on_close(self.sock)
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def half_close(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        if not self.closed:
            self.closed = True
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.sock.close()

    def abort(self):
        """Closes with RST."""
        if not self.closed:
            self.closed = True
            try:
                rst_on_close(self.sock)
            except OSError:
                pass
            self.sock.close()


def split_field(line):
    name, _, value = line.rstrip(b"\r\n").decode("latin-1").partition(":")
    return name, value.strip(" \t")


class Fields:
    def __init__(self, pairs):
        self.pairs = pairs

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None

    def all(self, name):
        return [value for key, value in self.pairs if key.lower() == name.lower()]

    def tokens(self, name):
        return [token.strip().lower() for value in self.all(name) for token in value.split(",") if token.strip()]

    def names(self):
        return [key.lower() for key, _ in self.pairs]

    def __contains__(self, name):
        return name.lower() in self.names()

    def __repr__(self):
        return repr(self.pairs)


class Response:
    """What a client read. `complete` is False when the content ended before its framing did."""

    def __init__(self, version, status, reason, fields):
        self.version, self.status, self.reason, self.fields = version, status, reason, fields
        self.content, self.trailers, self.interim = b"", Fields([]), []
        self.complete, self.head = True, b""

    def header(self, name):
        return self.fields.get(name)

    @property
    def text(self):
        return self.content.decode("utf-8", "replace")

    def __repr__(self):
        return f"<{self.status} {self.fields.pairs} {self.content[:200]!r} complete={self.complete}>"


class Client(Stream):
    """A client connection. `send` writes exact bytes, `response` reads one response."""

    def __init__(self, address, source=None, receive_buffer=None, timeout=5):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.settimeout(timeout)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            sock.bind((source, 0))
        sock.connect(address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock)

    def head(self, deadline):
        raw = self.read_until(CRLF + CRLF, deadline)
        if raw is None:
            return None
        first, *rest = raw[:-4].split(CRLF)
        version, _, tail = first.decode("latin-1").partition(" ")
        status, _, reason = tail.partition(" ")
        if not version.startswith("HTTP/1.") or not status.isdigit():
            raise AssertionError(f"not a status line: {first!r}")
        response = Response(version, int(status), reason, Fields([split_field(line) for line in rest]))
        response.head = raw
        return response

    def response(self, method="GET", timeout=5, interim=True):
        """The next final response, or None when the connection ends before its first byte."""
        deadline = time.monotonic() + timeout
        earlier = []
        while True:
            response = self.head(deadline)
            if response is None:
                return None
            if response.status >= 200 or response.status == 101 or not interim:
                break
            earlier.append(response)
        response.interim = earlier
        self.content_of(response, method, deadline)
        return response

    def content_of(self, response, method, deadline):
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return
        length = response.header("content-length")
        if "chunked" in response.fields.tokens("transfer-encoding"):
            response.content, trailers, response.complete = self.read_chunked(deadline)
            response.trailers = Fields(trailers)
        elif length is not None:
            response.content, response.complete = self.read_exactly(int(length), deadline)
        else:
            response.content = self.read_to_end(deadline)
            response.complete = not self.reset


def request_bytes(method, target, fields=(), content=None, host="sidecar.test", version="HTTP/1.1"):
    """A request; Host and Content-Length are added unless given."""
    pairs = list(fields.items()) if isinstance(fields, dict) else list(fields)
    names = [name.lower() for name, _ in pairs]
    if "host" not in names and host:
        pairs.insert(0, ("Host", host))
    if content is not None and "content-length" not in names and "transfer-encoding" not in names:
        pairs.append(("Content-Length", str(len(content))))
    head = f"{method} {target} {version}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in pairs) + "\r\n"
    return head.encode("latin-1") + (content or b"")


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


class AppRequest:
    def __init__(self, method, target, version, fields, raw):
        self.method, self.target, self.version, self.fields, self.raw = method, target, version, fields, raw
        self.content, self.trailers, self.complete = b"", Fields([]), None
        self.connection, self.nth, self.at = None, 0, time.monotonic()

    def header(self, name):
        return self.fields.get(name)


class AppConnection(Stream):
    """One connection at the upstream; a handler gets it with each request."""

    def __init__(self, sock, app, number):
        super().__init__(sock)
        self.app, self.number, self.requests = app, number, 0

    def read_request(self):
        deadline = time.monotonic() + 60
        raw = self.read_until(CRLF + CRLF, deadline)
        if raw is None:
            return None
        first, *rest = raw[:-4].split(CRLF)
        method, _, tail = first.decode("latin-1").partition(" ")
        target, _, version = tail.rpartition(" ")
        return AppRequest(method, target, version, Fields([split_field(line) for line in rest]), raw)

    def read_content(self, request, timeout=20):
        """Reads the content once; `request.complete` says whether it ended as its framing promised."""
        if request.complete is not None:
            return request.content
        deadline = time.monotonic() + timeout
        request.complete = False
        if "chunked" in request.fields.tokens("transfer-encoding"):
            request.content, trailers, request.complete = self.read_chunked(deadline)
            request.trailers = Fields(trailers)
        else:
            length = int(request.header("content-length") or 0)
            request.content, request.complete = self.read_exactly(length, deadline)
        return request.content

    def hold(self, event, timeout=15):
        """Waits for a test's event; also ends when the app is closed."""
        deadline = time.monotonic() + timeout
        while not event.wait(0.05) and not self.app.ended and time.monotonic() < deadline:
            pass

    def answer(self, status=200, fields=(), content=b"ok", reason="Any"):
        pairs = list(fields.items()) if isinstance(fields, dict) else list(fields)
        head = f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in pairs)
        return self.send(head.encode("latin-1") + b"Content-Length: %d\r\n\r\n" % len(content) + content)

    def serve(self):
        try:
            while not self.closed and not self.app.ended:
                request = self.read_request()
                if request is None:
                    break
                request.connection, request.nth = self.number, self.requests
                self.requests += 1
                self.app.record(request)
                self.app.handler_of(request)(self, request)
                if self.closed:
                    break
                if request.complete is None:
                    self.read_content(request)
                if not request.complete or "close" in request.fields.tokens("connection"):
                    break
        except (OSError, Late, ValueError):
            pass
        finally:
            self.close()
            self.app.forget(self)


def ok(connection, request):
    connection.read_content(request)
    connection.answer(200, {"Content-Type": "text/plain"}, b"" if request.method == "HEAD" else b"ok")


def answer(status=200, fields=(), content=b"ok", reason="Any"):
    """A handler that reads the request whole and answers with Content-Length."""
    def handler(connection, request):
        connection.read_content(request)
        connection.answer(status, fields, content, reason)
    return handler


def exactly(data, then=None):
    """A handler that reads the request and sends exactly these bytes; then: None, "close" or "abort"."""
    def handler(connection, request):
        connection.read_content(request)
        connection.send(data)
        if then == "close":
            connection.half_close()
            connection.wait_closed(2)
            connection.close()
        elif then == "abort":
            connection.abort()
    return handler


class App:
    """The upstream. Its port is taken at once; while not listening, connections to it are refused."""

    def __init__(self, handler=None, listening=True, receive_buffer=None):
        self.handler = handler or ok
        self.paths = {}
        self.requests, self.health_requests = [], 0
        self.lock = threading.Lock()
        self.live = set()
        self.accepted = 0
        self.ended = False
        self.receive_buffer = receive_buffer
        self.listener = self.bound(0)
        self.port = self.listener.getsockname()[1]
        self.address = f"{HOST}:{self.port}"
        self.listening = False
        if listening:
            self.listen()

    def bound(self, port):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        sock.bind((HOST, port))
        return sock

    def listen(self):
        self.listener.listen(4096)
        self.listening = True
        threading.Thread(target=self.accept_loop, args=(self.listener,), daemon=True).start()

    def unlisten(self, drop_connections=True):
        """Refuses connections from now on, and by default resets those that are open."""
        self.listening = False
        old = self.listener
        try:
            old.shutdown(socket.SHUT_RDWR)  # wakes the accept loop
        except OSError:
            pass
        old.close()
        if drop_connections:
            self.drop_connections()
        self.listener = self.bound(self.port)

    def drop_connections(self):
        with self.lock:
            live = list(self.live)
        for connection in live:
            connection.kill()

    def accept_loop(self, listener):
        while not self.ended:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.accepted += 1
                connection = AppConnection(sock, self, self.accepted)
                self.live.add(connection)
            threading.Thread(target=connection.serve, daemon=True).start()

    def record(self, request):
        with self.lock:
            if request.target == "/healthz":
                self.health_requests += 1
            else:
                self.requests.append(request)

    def forget(self, connection):
        with self.lock:
            self.live.discard(connection)

    def on(self, path, handler):
        """The handler of requests whose path (without query) is `path`."""
        self.paths[path] = handler

    def handler_of(self, request):
        if request.target == "/healthz" and "/healthz" not in self.paths:
            return ok
        return self.paths.get(request.target.partition("?")[0], self.handler)

    def seen(self, path):
        with self.lock:
            return [request for request in self.requests if request.target.partition("?")[0] == path]

    def close(self):
        self.ended = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            live = list(self.live)
        for connection in live:
            connection.kill()


class Hole:
    """A port that neither accepts nor refuses: its backlog is full, so the kernel drops every further SYN."""

    def __init__(self):
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.bind((HOST, 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.address = f"{HOST}:{self.port}"
        self.fillers = []
        for _ in range(4):
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            filler.setblocking(False)
            filler.connect_ex((HOST, self.port))
            self.fillers.append(filler)

    def close(self):
        for sock in [*self.fillers, self.listener]:
            sock.close()
