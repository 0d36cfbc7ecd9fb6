"""Clients of a service whose pods change: what they send is bounded, and each request that was not answered whole is noted.

As with kube-proxy, a client hears of a new pod late: up to `lag` seconds, each client its own. Until then new connections go to
the old pod; a connection that is open stays with it until the pod closes it. A GET on a connection that was used before and
that ends without a byte is sent once more, as every HTTP client does (RFC 9110 9.2.2) and no client may do with a POST.
"""
import collections
import http.client
import random
import select
import threading
import time

TIMEOUT = 20
ANSWER_MAX = 1 << 20
Kind = collections.namedtuple("Kind", "name clients method path keep think")
KINDS = (
    Kind("GET, kept connection", 6, "GET", "/ok", True, (0.0, 0.1)),
    Kind("POST, kept connection", 4, "POST", "/users", True, (0.02, 0.2)),
    Kind("GET, new connections", 4, "GET", "/ok", False, (0.02, 0.1)),
    Kind("POST, new connections", 2, "POST", "/users", False, (0.05, 0.2)),
    Kind("GET of 256 KiB", 2, "GET", "/big?bytes=262144", True, (0.05, 0.2)),
    Kind("slow GET", 4, "GET", "/slow?ms=1200", True, (0.0, 0.3)),
    Kind("GET, mostly idle", 4, "GET", "/ok", True, (0.3, 2.0)),
)


class Load:
    def __init__(self, address, port, lag, seed=1):
        self.port, self.lag = port, lag
        self.ended, self.lock = threading.Event(), threading.Lock()
        self.answered, self.repeated, self.failures = collections.Counter(), 0, []
        self.began = time.monotonic()
        self.random = random.Random(seed)
        self.clients = [Client(self, kind, address, self.random.random()) for kind in KINDS for _ in range(kind.clients)]
        for client in self.clients:
            client.start()

    def move(self, address):
        """The endpoints are now `address` alone; every client hears of it at a time of its own."""
        now = time.monotonic()
        for client in self.clients:
            client.hears(now + self.random.uniform(0.05, self.lag), address)

    def end(self):
        self.ended.set()
        for client in self.clients:
            client.join(TIMEOUT + 5)

    def note(self, kind, address, problem):
        with self.lock:
            if problem is None:
                self.answered[address] += 1
            else:
                self.failures.append(f"{time.monotonic() - self.began:.2f} s, {kind.name}, {address}: {problem}")

    def summary(self):
        rate = sum(self.answered.values()) / (time.monotonic() - self.began)
        return f"{sum(self.answered.values())} requests answered, {rate:.0f} a second, {len(self.failures)} failed, {self.repeated} GETs sent again"


class Client(threading.Thread):
    def __init__(self, load, kind, address, seed):
        super().__init__(daemon=True)
        self.load, self.kind, self.news = load, kind, [(0, address)]
        self.random = random.Random(seed)
        self.connection, self.connected_to, self.used, self.sent = None, None, 0, 0

    def hears(self, when, address):
        self.news.append((when, address))

    def target(self):
        """The newest address that this client has heard of by now."""
        now = time.monotonic()
        return next(address for when, address in reversed(self.news) if when <= now)

    def run(self):
        while not self.load.ended.wait(self.random.uniform(*self.kind.think)):
            try:
                problem = self.ask()
            except Exception as error:  # noqa: BLE001  noted as a failed request
                problem = repr(error)
            self.load.note(self.kind, self.connected_to, problem)
            if problem or not self.kind.keep:
                self.close()
        self.close()

    def ask(self):
        """One request; None, or what went wrong."""
        try:
            return self.exchange()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            if self.used == 0 or self.kind.method != "GET":
                raise
        with self.load.lock:
            self.load.repeated += 1
        self.close()
        return self.exchange()

    def closed(self):
        """Whether the connection has ended while nothing was asked; clients look before they use one again."""
        return self.connection is None or self.connection.sock is None or bool(select.select([self.connection.sock], [], [], 0)[0])

    def exchange(self):
        if self.closed():
            self.close()
            self.connected_to, self.used = self.target(), 0
            self.connection = http.client.HTTPConnection(self.connected_to, self.load.port, timeout=TIMEOUT)
            self.connection.connect()
            self.connection.auto_open = 0
        self.sent += 1
        content = f'{{"name":"User {self.sent}"}}' if self.kind.method == "POST" else None
        self.connection.request(self.kind.method, self.kind.path, content, {"content-type": "application/json"} if content else {})
        response = self.connection.getresponse()
        text = response.read(ANSWER_MAX)
        self.used += 1
        return None if response.status in (200, 201) else f"{response.status} {text[:200]!r}"

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None
