"""What the cases stand on: their registry, the processes under test, log and metrics readers, bounded waits.

Every process is started with its own directory, on ports the kernel chose, and is killed by its own pid when its case ends.
A sidecar is also held to what must always be true: each line on its stdout is one JSON object, nothing is on its stderr, and it is
alive at the end unless the case ended it.
"""
import atexit
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from wire import HOST, App, Client, Hole, request_bytes

CASES = []
REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIVE = set()
LIVE_LOCK = threading.Lock()
ACCESS = "request"  # `msg` of an access line


class Failed(AssertionError):
    pass


class Skipped(Exception):
    pass


class Case:
    def __init__(self, sentence, function, alone, seconds, needs):
        self.sentence, self.function, self.alone, self.seconds, self.needs = sentence, function, alone, seconds, needs


def case(sentence, alone=False, seconds=30, needs=()):
    """Registers a case. alone: nothing runs beside it. needs: programs ("curl", "users-service", …) without which it is skipped."""
    def register(function):
        if any(known.sentence == sentence for known in CASES):
            raise ValueError(f"two cases are called {sentence!r}")
        CASES.append(Case(sentence, function, alone, seconds, needs))
        return function
    return register


def until(condition, timeout, what, pause=0.02):
    """Polls until `condition()` is true and returns its value; fails at the deadline."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(pause)


def holds_for(condition, seconds, what, pause=0.02):
    """Polls for `seconds`; fails as soon as `condition()` is false."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            raise Failed(f"did not stay true for {seconds} s: {what}")
        time.sleep(pause)


def kill(process):
    if process.poll() is None:
        try:
            process.kill()
        except OSError:
            pass
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        pass
    with LIVE_LOCK:
        LIVE.discard(process)


@atexit.register
def kill_all():
    for process in list(LIVE):
        kill(process)


def spawn(arguments, **options):
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, **options)
    with LIVE_LOCK:
        LIVE.add(process)
    return process


def verdict(name, broken):
    """Prints what a long run found and ends the process."""
    for promise in broken:
        print(f"BROKEN {promise}"[:2000])
    print(f"{name}: ok" if not broken else f"{name}: {len(broken)} broken promises", flush=True)
    kill_all()
    os._exit(1 if broken else 0)


def free_port():
    """A port the kernel chose, for programs that cannot say which one they got."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return sock.getsockname()[1]


def accepts(port):
    try:
        socket.create_connection((HOST, port), 0.5).close()
        return True
    except OSError:
        return False


def split_address(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def clean_environment(extra=None):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HOLDFAST_") and key != "NO_COLOR"}
    environment.update(extra or {})
    return environment


def flow(mapping):
    return "{" + ", ".join(f"{key}: {value}" for key, value in mapping.items()) + "}"


def policy_text(policies, routes="", profile="standard@1", extra=""):
    """A policy file. `policies`: name → the inside of its flow mapping."""
    text = f"version: 1\nprofile: {profile}\n"
    if policies:
        text += "policies:\n" + "".join(f"  {name}: {{{fields}}}\n" for name, fields in policies.items())
    if routes:
        text += "routes:\n" + "".join(f"  - {{{route}}}\n" for route in ([routes] if isinstance(routes, str) else routes))
    return text + extra


def sidecar_text(upstream, top=None):
    """A holdfast.yaml on kernel-chosen loopback ports. `top`: keys to replace; None leaves a key out."""
    keys = {"version": "1", "service": "users", "listen": f"{HOST}:0", "upstream": f"{{address: {upstream}}}", "telemetry": f"{HOST}:0",
            "admin": f"{HOST}:0", "workers": "1", "log": "{level: info, format: json}", "policy": "policy.yaml"}
    keys.update(top or {})
    return "".join(f"{key}: {value}\n" for key, value in keys.items() if value is not None)


SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Metrics:
    def __init__(self, text):
        self.text, self.samples = text, []
        for line in text.splitlines():
            match = SAMPLE.match(line)
            if match and not line.startswith("#"):
                self.samples.append((match[1], dict(LABEL.findall(match[2] or "")), float(match[3])))

    def series(self, name, **labels):
        return [(found, value) for sample, found, value in self.samples
                if sample == name and all(found.get(key) == str(wanted) for key, wanted in labels.items())]

    def sum(self, name, **labels):
        return sum(value for _, value in self.series(name, **labels))

    def has(self, name):
        return any(sample == name for sample, _, _ in self.samples)


class Sidecar:
    """A running `holdfast run`. `stdout` is a file, read as JSON lines; with a `consumer` it is a pipe, and no line is kept."""

    def __init__(self, t, directory, arguments, environment, binary, consumer=None):
        self.t, self.directory, self.binary, self.consumer = t, directory, binary, consumer
        self.out_path, self.err_path = os.path.join(directory, "stdout"), os.path.join(directory, "stderr")
        self.expect_exit = False   # set by cases that end the process themselves
        self.expect_stderr = False
        self.bad_lines, self.parsed, self.offset, self.partial = [], [], 0, b""
        self.lock = threading.Lock()
        self.data = self.telemetry = self.admin = None
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = spawn([binary, *arguments], stdout=subprocess.PIPE if consumer else out, stderr=err, cwd=directory,
                                 env=clean_environment(environment), pipesize=1 << 20)
        if consumer:
            self.pump = threading.Thread(target=self.hand_on, daemon=True)
            self.pump.start()

    def hand_on(self):
        for raw in self.process.stdout:
            if not self.consumer.skims(raw):
                self.take(raw.rstrip(b"\n"))

    def wait_listening(self, timeout=10):
        def listening():
            self.lines()
            return (self.data and self.telemetry and self.admin) or self.process.poll() is not None
        until(listening, timeout, lambda: f"all three listeners reported; stdout {self.raw_stdout()[:2000]!r} stderr {self.stderr()[:2000]!r}")
        if not (self.data and self.telemetry and self.admin):
            raise Failed(f"holdfast ended with {self.process.poll()} at start: {self.stderr()[:2000]} {self.raw_stdout()[:2000]}")
        return self

    # --- output

    def raw_stdout(self):
        with open(self.out_path, "rb") as file:
            return file.read()

    def stderr(self):
        with open(self.err_path, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def lines(self):
        """All whole lines of stdout so far, parsed. What is no JSON object goes to `bad_lines`."""
        with self.lock:
            with open(self.out_path, "rb") as file:
                file.seek(self.offset)
                data = file.read()
            self.offset += len(data)
            *whole, self.partial = (self.partial + data).split(b"\n")
            for raw in whole:
                self.take(raw)
            return list(self.parsed)

    def take(self, raw):
        try:
            line = json.loads(raw.decode("utf-8", "strict"))
            if not isinstance(line, dict):
                raise ValueError("no object")
        except ValueError as error:
            self.bad_lines.append((raw[:300], str(error)))
            return
        if line.get("msg") == "listening" and line.get("listener") in ("data", "telemetry", "admin"):
            setattr(self, line["listener"], split_address(line["address"]))
        if self.consumer:
            self.consumer(line, raw)
            return
        line["_raw"] = raw.decode("utf-8")
        self.parsed.append(line)

    def access_lines(self, path=None, **fields):
        return [line for line in self.lines() if line.get("msg") == ACCESS
                and (path is None or str(line.get("path", "")).partition("?")[0] == path)
                and all(line.get(key) == value for key, value in fields.items())]

    def access(self, path=None, count=1, timeout=4, **fields):
        """The `count`-th matching access line, waiting for it."""
        def found():
            lines = self.access_lines(path, **fields)
            return lines[count - 1] if len(lines) >= count else None
        return until(found, timeout, lambda: f"access line {count} for {path or 'any path'} {fields}; last lines: {self.tail()}")

    def line_with(self, text, timeout=4, after=0):
        """The first line (from index `after`) whose bytes contain `text`."""
        def found():
            return next((line for line in self.lines()[after:] if text in line["_raw"]), None)
        return until(found, timeout, lambda: f"a log line with {text!r}; last lines: {self.tail()}")

    def tail(self, count=6):
        return " | ".join(line["_raw"][:400] for line in self.lines()[-count:])

    # --- data path

    def client(self, source=None, receive_buffer=None):
        client = Client(self.data, source=source, receive_buffer=receive_buffer)
        self.t.later(client.close)
        return client

    def request(self, method, target, fields=(), content=None, timeout=6, source=None, host="sidecar.test"):
        """One request on a connection of its own. None when the connection ends without an answer."""
        client = Client(self.data, source=source)
        try:
            client.send(request_bytes(method, target, fields, content, host))
            return client.response(method, timeout)
        finally:
            client.close()

    def get(self, target="/", fields=(), **options):
        return self.request("GET", target, fields, **options)

    def post(self, target="/", content=b"", fields=(), **options):
        return self.request("POST", target, fields, content, **options)

    # --- telemetry and admin

    @staticmethod
    def ask(address, method, path, content=None, timeout=5, fields=None):
        """(status, text, fields) by Python's own HTTP client."""
        connection = http.client.HTTPConnection(*address, timeout=timeout)
        try:
            connection.request(method, path, body=content, headers=fields or {})
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8", "replace"), response.headers
        finally:
            connection.close()

    def probe(self, path, method="GET", timeout=5):
        return self.ask(self.telemetry, method, path, timeout=timeout)

    def ready(self):
        try:
            return self.probe("/readyz")[0]
        except OSError:
            return None

    def wait_ready(self, timeout=6):
        until(lambda: self.ready() == 200, timeout, "readyz 200")
        return self

    def ask_admin(self, method, path, content=None, timeout=5):
        return self.ask(self.admin, method, path, content, timeout)

    def metrics(self):
        status, text, _ = self.probe("/metrics")
        if status != 200:
            raise Failed(f"/metrics answered {status}: {text[:300]}")
        return Metrics(text)

    def wait_metric(self, name, value, timeout=4, at_least=False, **labels):
        last = []

        def reached():
            now = self.metrics().sum(name, **labels)
            last[:] = [now]
            return now >= value if at_least else now == value
        until(reached, timeout, lambda: f"{name}{labels} {'>=' if at_least else '=='} {value}, is {last}", pause=0.05)

    def effective(self):
        status, text, _ = self.ask_admin("GET", "/effective")
        return text if status == 200 else ""

    # --- life

    def config_hash(self):
        return [labels.get("hash") for labels, _ in self.metrics().series("holdfast_config_reload_info")]

    def rewrite(self, name, text):
        """Replaces a file in one step, as an editor or a deploy does."""
        path = os.path.join(self.directory, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(path + ".new", path)

    def reload(self, policies, routes=""):
        """Brings a policy that differs from the one in force, and waits until it is in force."""
        before = self.config_hash()
        self.rewrite("policy.yaml", policy_text(policies, routes))
        self.signal(signal.SIGHUP)
        until(lambda: self.config_hash() != before, 5, "the new configuration is in force", pause=0.01)

    def signal(self, number):
        os.kill(self.process.pid, number)

    def wait_exit(self, timeout):
        self.expect_exit = True
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"holdfast still runs {timeout} s later; last lines: {self.tail()}") from None

    def stop(self):
        """Ends it the fast way (two SIGINT), then by force."""
        deadline = time.monotonic() + 3
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                self.process.send_signal(signal.SIGINT)
                self.process.wait(0.1)
            except (OSError, subprocess.TimeoutExpired):
                pass
        kill(self.process)

    def always(self):
        """Faults of what must hold for every sidecar in every case."""
        faults = []
        code = self.process.poll()
        if code is not None and not self.expect_exit:
            faults.append(f"holdfast died with {code}; stderr {self.stderr()[-3000:]!r}; last lines {self.tail()}")
        self.lines()
        faults += [f"a line on stdout is no JSON object ({why}): {raw!r}" for raw, why in self.bad_lines[:3]]
        return faults

    def after_exit(self):
        text = self.stderr()
        if text and not self.expect_stderr:
            return [f"stderr: {text[-3000:]!r}"]
        return []


class Users:
    """The reference backend, on one port across restarts."""

    def __init__(self, t, store="sqlite::memory:", arguments=("--faults",), prefix=()):
        self.t, self.store, self.arguments = t, store, arguments
        self.prefix = prefix  # words before the program, such as those of a program that changes the user
        self.port = free_port()
        self.address = f"{HOST}:{self.port}"
        self.process = None
        self.log_path = None
        self.starts = 0

    def start(self):
        self.starts += 1
        self.log_path = os.path.join(self.t.directory, f"users-{self.port}-{self.starts}.log")
        with open(self.log_path, "wb") as log:
            self.process = spawn([*self.prefix, self.t.program("users-service"), "--listen", self.address, "--store", self.store, *self.arguments],
                                 stdout=log, stderr=log, cwd=self.t.directory, env=clean_environment())
        until(lambda: accepts(self.port) or self.process.poll() is not None, 10, "users-service listens")
        if self.process.poll() is not None:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                raise Failed(f"users-service ended with {self.process.poll()}: {log.read()[:1000]}")
        return self

    def kill(self):
        kill(self.process)

    def close(self):
        if self.process:
            self.kill()


class Test:
    """What a case works with. `check` and `equal` collect failures, `require` ends the case."""

    def __init__(self, bin_dir, quick):
        self.bin_dir, self.quick = bin_dir, quick
        self.directory = tempfile.mkdtemp(prefix="holdfast-e2e-")
        self.failures, self.cleanup, self.sidecars = [], [], []
        self.numbered = 0
        self.ended = threading.Event()

    # --- judging

    def check(self, condition, message):
        if not condition:
            self.failures.append(str(message))
        return bool(condition)

    def equal(self, actual, expected, what=""):
        return self.check(actual == expected, f"{what}: expected {expected!r}, got {actual!r}")

    def require(self, condition, message):
        if not condition:
            raise Failed(str(message))

    def within(self, value, low, high, what):
        return self.check(low <= value <= high, f"{what}: expected {low} to {high}, got {value}")

    def skip(self, why):
        raise Skipped(why)

    # --- making

    def later(self, function):
        self.cleanup.append(function)

    def program(self, name):
        path = os.path.join(self.bin_dir, name)
        if not os.path.exists(path):
            raise Skipped(f"{name} is not in {self.bin_dir}")
        return path

    def fresh_directory(self):
        self.numbered += 1
        path = os.path.join(self.directory, str(self.numbered))
        os.mkdir(path)
        return path

    def write(self, name, text, directory=None):
        path = os.path.join(directory or self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
        return path

    def app(self, handler=None, **options):
        app = App(handler, **options)
        self.later(app.close)
        return app

    def hole(self):
        hole = Hole()
        self.later(hole.close)
        return hole

    def users(self, start=True, **options):
        users = Users(self, **options)
        self.later(users.close)
        return users.start() if start else users

    def event(self):
        event = threading.Event()
        self.later(event.set)
        return event

    def sidecar(self, upstream, policies=None, routes="", profile="standard@1", top=None, arguments=(), environment=None, wait=True,
                policy=None, config=None, consumer=None):
        """A started sidecar. `upstream`: an App, Users or an address; `policies`: name → inside of its flow mapping;
        `policy` and `config` replace the whole text of the files; `consumer(line, raw)` gets the lines
        of a long run, except those of which `consumer.skims(raw)` is true."""
        address = upstream if isinstance(upstream, str) else upstream.address
        directory = self.fresh_directory()
        self.write("policy.yaml", policy if policy is not None else policy_text(policies or {}, routes, profile), directory)
        self.write("holdfast.yaml", config if config is not None else sidecar_text(address, top), directory)
        sidecar = Sidecar(self, directory, ["run", "--config", "holdfast.yaml", *arguments], environment, self.program("holdfast"), consumer)
        self.sidecars.append(sidecar)
        return sidecar.wait_listening() if wait else sidecar

    def pair(self, handler=None, **options):
        app = self.app(handler)
        return app, self.sidecar(app, **options)

    def run(self, *arguments, environment=None, timeout=20, directory=None):
        """Runs `holdfast …` to its end: (exit code, stdout, stderr)."""
        try:
            result = subprocess.run([self.program("holdfast"), *arguments], capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL,
                                    cwd=directory or self.directory, env=clean_environment(environment))
        except subprocess.TimeoutExpired as late:
            raise Failed(f"holdfast {' '.join(arguments)} still runs {timeout} s later: {late.stdout!r} {late.stderr!r}") from None
        return result.returncode, result.stdout.decode("utf-8", "replace"), result.stderr.decode("utf-8", "replace")

    def curl(self, *arguments, timeout=20, binary=False):
        """(exit code, stdout, stderr) of the real curl."""
        result = subprocess.run(["curl", "-sS", "--max-time", str(timeout), *arguments], capture_output=True, timeout=timeout + 5,
                                cwd=self.directory, env=clean_environment({"no_proxy": "*"}))
        out = result.stdout if binary else result.stdout.decode("utf-8", "replace")
        return result.returncode, out, result.stderr.decode("utf-8", "replace")

    def url(self, sidecar, path):
        return f"http://{sidecar.data[0]}:{sidecar.data[1]}{path}"

    def threads(self, count, work):
        """Runs `work(number)` on `count` threads and returns the results in order; an exception is a result."""
        results = [None] * count

        def one(number):
            try:
                results[number] = work(number)
            except Exception as error:  # noqa: BLE001  reported by the case
                results[number] = error
        running = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(count)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join(60)
        return results

    # --- the shape of an answer of our own

    def local_reply(self, response, status, message=None):
        """Checks everything SPEC 5 says of a response of Holdfast's own."""
        if response is None:
            return self.check(False, f"no response at all instead of {status}")
        self.equal(response.status, status, "status")
        self.equal(response.header("content-type"), "application/json", "content-type of a local reply")
        self.equal(response.header("cache-control"), "no-store", "cache-control of a local reply")
        self.check("date" in response.fields, "a local reply has Date")
        self.check(response.complete, "a local reply is complete")
        try:
            body = json.loads(response.content)
        except ValueError:
            return self.check(False, f"a local reply is JSON, got {response.content[:200]!r}")
        self.equal(sorted(body), ["error", "request_id"], "members of a local reply")
        self.equal(body.get("request_id"), response.header("x-request-id"), "request id in body and header")
        self.check(body.get("request_id"), "a local reply has a request id")
        if message is not None:
            self.equal(body.get("error"), message, "error text")
        elif status >= 500 and status not in (501, 505):
            self.equal(body.get("error"), "internal error", "a 5xx says only the configured message")
        else:
            self.check(body.get("error"), "a 4xx says what was wrong")
        if status in (429, 503):
            self.retry_after(response)
        if status == 408:
            self.equal(response.fields.tokens("connection"), ["close"], "Connection of a 408")
        return True

    def retry_after(self, response):
        value = response.header("retry-after") or ""
        self.check(value.isdigit() and int(value) >= 1, f"Retry-After is a number of seconds, got {value!r}")

    def failed_as(self, sidecar, line, reason, status, blame, route="unmatched", count=1):
        """Checks one row of the failure table in the access line and in the metric."""
        self.equal(line.get("reason"), reason, "reason in the log")
        self.equal(line.get("status"), status, f"status in the log of {reason}")
        self.equal(line.get("blame"), blame, f"blame in the log of {reason}")
        try:
            sidecar.wait_metric("holdfast_exchange_failures_total", count, reason=reason, blame=blame, route=route)
        except Failed as failed:
            self.failures.append(f"{failed}; series: {sidecar.metrics().series('holdfast_exchange_failures_total')}")

    # --- end

    def finish(self):
        """Ends everything the case started; returns the broken invariants."""
        faults = []
        for sidecar in self.sidecars:
            faults += sidecar.always()
        for sidecar in self.sidecars:
            sidecar.stop()
            faults += sidecar.after_exit()
        self.close()
        return faults

    def close(self):
        self.ended.set()
        for function in reversed(self.cleanup):
            try:
                function()
            except OSError:
                pass
        for sidecar in self.sidecars:
            kill(sidecar.process)
        shutil.rmtree(self.directory, ignore_errors=True)
