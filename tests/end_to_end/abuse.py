"""What the cases of abuse share: attackers in one thread whatever their number, honest clients meanwhile, and what must hold of both."""
import os
import re
import resource
import selectors
import socket
import threading
import time

from support import split_address, until
from wire import HOST, Client, request_bytes, rst_on_close

PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 1 << 20


def sanitized(t):
    """Whether the binary is built with a sanitizer: slower by a factor, and its resident set says nothing of ours."""
    return re.search(r"sanitize=\S*(address|thread|undefined)", t.run("version")[1]) is not None


def resident(sidecar):
    with open(f"/proc/{sidecar.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE


def cpu_seconds(sidecar):
    with open(f"/proc/{sidecar.process.pid}/stat", encoding="ascii") as file:
        words = file.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(sidecar):
    return len(os.listdir(f"/proc/{sidecar.process.pid}/fd"))


def allow_descriptors(count):
    """Raises the soft limit of this process; False when the hard one is lower."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return True


def figures(text):
    """For who wants to know by how much a bound is kept."""
    if os.environ.get("ABUSE_FIGURES"):
        print(f"      {text}", flush=True)


class Honest:
    """One request every 25 ms: on a connection of its own each, or all on one that was there before."""

    def __init__(self, address, keep=False, path="/ok"):
        self.address, self.keep, self.path = address, keep, path
        self.stop, self.times, self.odd, self.client = threading.Event(), [], [], None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def ask(self):
        if self.client is None:
            self.client = Client(self.address, timeout=10)
        self.client.send(request_bytes("GET", self.path, [] if self.keep else [("Connection", "close")]))
        response = self.client.response(timeout=10)
        if not self.keep or response is None:
            self.client.close()
            self.client = None
        return response.status if response else None

    def run(self):
        while not self.stop.is_set():
            started = time.monotonic()
            try:
                status = self.ask()
            except (OSError, AssertionError) as failed:
                status = repr(failed)
                self.client = None
            self.times.append(time.monotonic() - started)
            if status != 200:
                self.odd.append((round(started % 1000, 2), status))
            self.stop.wait(0.025)

    def end(self):
        """The 99th percentile in seconds."""
        self.stop.set()
        self.thread.join(20)
        if self.client is not None:
            self.client.close()
        ordered = sorted(self.times)
        return ordered[int(len(ordered) * 0.99)] if ordered else float("inf")


class Peak:
    """The largest resident set while it runs, and what it was before."""

    def __init__(self, sidecar):
        self.sidecar, self.before = sidecar, resident(sidecar)
        self.most, self.stop = self.before, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stop.wait(0.05):
            try:
                self.most = max(self.most, resident(self.sidecar))
            except OSError:
                return

    def growth(self):
        self.stop.set()
        self.thread.join(5)
        return self.most - self.before


class Meanwhile:
    """`with Meanwhile(t, sidecar, app):` honest clients are served within bounds, the memory stays, and all is gone afterwards.

    What they wait for is compared with what one waits for that asks the app itself: that is the machine's and the test's own share."""

    def __init__(self, t, sidecar, app, growth=32 * MIB, keep=False, p99=0.25):
        self.t, self.sidecar, self.growth_max, self.p99_max = t, sidecar, growth, p99
        self.app, self.keep, self.slow = split_address(app.address), keep, sanitized(t)

    def __enter__(self):
        self.sidecar.wait_ready()
        for _ in range(20):
            self.sidecar.get("/ok")
        self.peak, self.honest, self.direct = Peak(self.sidecar), Honest(self.sidecar.data, self.keep), Honest(self.app, self.keep)
        until(lambda: len(self.honest.times) >= 5, 10, "honest requests are served")
        return self

    def __exit__(self, kind, *_):
        p99, direct, growth = self.honest.end(), self.direct.end(), self.peak.growth()
        if kind is not None:
            return
        t, count = self.t, len(self.honest.times)
        t.equal(self.honest.odd[:3], [], f"{len(self.honest.odd)} of {count} honest requests, not 200")
        bound = direct + self.p99_max * (6 if self.slow else 1)
        t.check(p99 <= bound, f"p99 of {count} honest requests: {p99 * 1000:.0f} ms; of those sent to the app itself: {direct * 1000:.0f} ms")
        if not self.slow:
            t.check(growth <= self.growth_max, f"the memory grew by {growth / MIB:.1f} MiB, at most {self.growth_max / MIB:.1f}")
        figures(f"{count} honest, p99 {p99 * 1000:.1f} ms (without a sidecar {direct * 1000:.1f} ms), memory +{growth / MIB:.1f} MiB")
        gone(t, self.sidecar)


def gone(t, sidecar, left=0, timeout=15):
    """Nothing is open or in flight any more, and the next request is served."""
    def nothing():
        metrics = sidecar.metrics()
        return metrics.sum("holdfast_connections", side="downstream") <= left and metrics.sum("holdfast_exchanges_in_flight") == 0 \
            and metrics.sum("holdfast_exchanges_queued") == 0
    until(nothing, timeout, lambda: f"all attackers are gone: {sidecar.metrics().series('holdfast_connections')}", pause=0.1)
    response = sidecar.get("/ok")
    t.equal(response.status if response else None, 200, "one request afterwards")


class Attacker:
    """One connection of a Storm. Subclasses say what it sends and what it makes of what it gets."""

    def __init__(self, first=b"", receive_buffer=None, read=True):
        self.out, self.received, self.ended, self.error, self.read = memoryview(first), bytearray(), False, None, read
        self.total, self.sent, self.connected = 0, 0, False
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.setblocking(False)

    def more(self):
        """What to send once everything so far is sent; b"" for nothing."""
        return b""

    def statuses(self):
        return [int(part[:3]) for part in bytes(self.received).split(b"HTTP/1.1 ")[1:]]

    def close(self):
        try:
            rst_on_close(self.sock)
        except OSError:
            pass
        self.sock.close()


class Storm:
    """Drives any number of attackers from one thread."""

    def __init__(self, address, keep=4096):
        self.address, self.keep_bytes = address, keep
        self.selector, self.attackers = selectors.DefaultSelector(), []

    def add(self, attacker):
        attacker.sock.connect_ex(self.address)
        self.attackers.append(attacker)
        self.selector.register(attacker.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, attacker)
        return attacker

    def interest(self, attacker):
        events = (selectors.EVENT_READ if attacker.read else 0) | (selectors.EVENT_WRITE if attacker.out else 0)
        if not events:
            return self.drop(attacker)
        self.selector.modify(attacker.sock, events, attacker)

    def drop(self, attacker):
        try:
            self.selector.unregister(attacker.sock)
        except (KeyError, ValueError):
            pass

    def end(self, attacker, error=None):
        attacker.ended, attacker.error = True, error
        self.drop(attacker)

    def on_readable(self, attacker):
        try:
            data = attacker.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            return self.end(attacker, error)
        if not data:
            return self.end(attacker)
        attacker.total += len(data)
        if len(attacker.received) < self.keep_bytes:
            attacker.received += data

    def on_writable(self, attacker):
        attacker.connected = True
        try:
            for _ in range(8):
                if not attacker.out:
                    attacker.out = memoryview(attacker.more())
                if not attacker.out:
                    break
                sent = attacker.sock.send(attacker.out)
                attacker.sent += sent
                attacker.out = attacker.out[sent:]
            if not attacker.out:
                attacker.out = memoryview(attacker.more())
        except BlockingIOError:
            return
        except OSError as error:
            # The answer may wait behind the reset; nothing more is sent.
            attacker.out, attacker.error = memoryview(b""), error
            if not attacker.read:
                return self.end(attacker, error)
        self.interest(attacker)

    def run(self, seconds, until_all_ended=False, done=None):
        """Turns for so long, or until all connections have ended, or until done()."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if until_all_ended and all(attacker.ended for attacker in self.attackers):
                return True
            if done is not None and done():
                return True
            for key, events in self.selector.select(0.02):
                if events & selectors.EVENT_READ:
                    self.on_readable(key.data)
                if events & selectors.EVENT_WRITE and not key.data.ended:
                    self.on_writable(key.data)
        return False

    def close(self):
        for attacker in self.attackers:
            self.drop(attacker)
            attacker.close()
        self.attackers = []
        self.selector.close()


class EndlessApp:
    """An app in one thread: /ok is answered, /held once it is released, any other target with content without an end, as it is taken."""

    PIECE = b"e" * 65536

    def __init__(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)  # what the kernel holds is not what is measured
        self.listener.bind((HOST, 0))
        self.listener.listen(4096)
        self.listener.setblocking(False)
        self.address = f"{HOST}:{self.listener.getsockname()[1]}"
        self.selector, self.ended, self.heads = selectors.DefaultSelector(), False, {}
        self.held, self.released = [], False
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended:
            if self.released:
                for sock in self.held:
                    self.answer(sock)
                self.held = []
            for key, events in self.selector.select(0.1):
                try:
                    self.step(key.fileobj, events)
                except BlockingIOError:
                    pass
                except OSError:
                    self.forget(key.fileobj)

    def step(self, sock, events):
        if sock is self.listener:
            accepted, _ = sock.accept()
            accepted.setblocking(False)
            self.heads[accepted] = b""
            return self.selector.register(accepted, selectors.EVENT_READ)
        if events & selectors.EVENT_WRITE:
            sock.send(self.PIECE)
            return None
        data = sock.recv(65536)
        if not data:
            return self.forget(sock)
        self.heads[sock] += data
        if b"\r\n\r\n" not in self.heads[sock]:
            return None
        target, self.heads[sock] = self.heads[sock].split(b" ", 2)[1], b""
        if target.startswith(b"/held"):
            return self.held.append(sock)
        if target.startswith(b"/ok"):
            return self.answer(sock)
        sock.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        return self.selector.modify(sock, selectors.EVENT_WRITE)

    @staticmethod
    def answer(sock):
        try:
            sock.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except OSError:
            pass

    def forget(self, sock):
        if sock is self.listener:
            return
        if sock in self.held:
            self.held.remove(sock)
        self.heads.pop(sock, None)
        self.selector.unregister(sock)
        sock.close()

    def close(self):
        self.ended = True
        self.thread.join(2)
        for sock in [*self.heads, self.listener]:
            sock.close()


def endless_app(t):
    app = EndlessApp()
    t.later(app.close)
    return app


def storm(t, sidecar, **options):
    made = Storm(sidecar.data, **options)
    t.later(made.close)
    return made


__all__ = ["MIB", "Attacker", "EndlessApp", "Honest", "Meanwhile", "Peak", "Storm", "allow_descriptors", "cpu_seconds", "descriptors",
           "endless_app", "figures", "gone", "resident", "sanitized", "storm"]
