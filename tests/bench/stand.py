"""The measuring stand: an origin, a proxy in front of it and a load, all on loopback, and what the kernel says about the proxy.

Programs of tests/bench come from the same build directory as holdfast (`ninja bench_programs`). Everything that is started here is
ended here, by its process id.
"""
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ROUTES = [f"  - {{name: resource-{n}, match: GET /1024/resource-{n}/*}}" for n in range(1, 21)]
# What a browser or a service sends with a request: nine fields, about 400 bytes.
FIELDS = ("Host: svc.default.local:8080", "User-Agent: bench-client/1.0 (linux; x86_64)", "Accept: application/json, */*;q=0.5",
          "Accept-Encoding: gzip, deflate", "Authorization: Bearer eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
          "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "X-Forwarded-Proto: http", "Cache-Control: no-cache")


def request(target="/1024", method="GET", content=b"", fields=FIELDS, chunked=False, close=False):
    lines = [f"{method} {target} HTTP/1.1", *fields]
    if close:
        lines.append("Connection: close")
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    elif content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def with_id(text):
    """The same request with an id of the client's, which a proxy must keep."""
    return text.replace(b"\r\n", b"\r\nX-Request-Id: 00c0ffee-bench-client-id\r\n", 1)


GET = [request(), with_id(request())]
POST = [request("/1024", "POST", b"b" * 4096), with_id(request("/1024", "POST", b"b" * 4096))]
FULL = [request("/1024/resource-20/list?page=2&token=s3cr3t-of-the-client&sort=name"),
        with_id(request("/1024/resource-20/list?page=2&token=s3cr3t-of-the-client&sort=name"))]


def most_connections(wished):
    """As many as the limit of descriptors allows a relay that has two for each."""
    return min(wished, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 500)


def free_port(given=set()):
    """A port that nobody has, and that this process was not given before: the kernel offers one again once it is free."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in given:
            given.add(port)
            return port


def fill(text, profile, values):
    """A peer's file with its @names@ filled in and without the lines between #[ and #] that are for the other comparison."""
    other = "parity" if profile == "bare" else "bare"
    text = re.sub(rf"^ *#\[ {other}\n.*?^ *#\]\n", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"@(\w+)@", lambda match: str(values[match.group(1)]), text)


class Subject:
    """A running proxy: its process and all below it."""

    def __init__(self, process, port, telemetry, log):
        self.process, self.port, self.telemetry, self.log = process, port, telemetry, log
        self.pid = process.pid

    def pids(self):
        found = [self.pid]
        for pid in found:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                found += [int(child) for child in file.read().split()]
        return found

    def cpu_ns(self):
        """Time on a CPU of all threads, in nanoseconds, as the scheduler counts it."""
        total = 0
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[0])
        return total

    def memory(self, key="Pss"):
        """KiB of all processes, from smaps_rollup."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                total += int(re.search(rf"^{key}: +(\d+)", file.read(), re.MULTILINE).group(1))
        return total


class Load:
    """Connections that are open and have served one request each; every run() sends more requests on them."""

    def __init__(self, stand, port, requests, connections=64, close=False, cut=False, cpus=None, allow_refused=False, real_time=0):
        files = ",".join(stand.write(f"request-{stand.number()}", each) for each in requests)
        self.allow_refused, self.asked = allow_refused, 0
        self.process = stand.start([stand.program("tests/bench/bench_load"), f"port={port}", f"request={files}", f"connections={connections}",
                                    f"close={int(close)}", f"cut={int(cut)}"], pipe=True, cpus=cpus, real_time=real_time)
        self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the load ended: " + self.process.stderr.read().decode())
        return json.loads(line)

    def ask(self, count, rate=0):
        self.process.stdin.write(f"run {count} {rate}\n".encode())
        self.process.stdin.flush()
        self.asked = count

    def answer(self):
        result = self.read()
        if result["errors"] or result["ok"] + result["refused"] != self.asked or (result["refused"] and not self.allow_refused):
            raise RuntimeError(f"not every request was answered: {result}")
        return result

    def run(self, count, rate=0):
        self.ask(count, rate)
        return self.answer()

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


class Stand:
    """Use it in a `with`: leaving it ends every process and removes every file."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.processes, self.count = [], 0
        self.directory = None

    def __enter__(self):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # access lines must not be a test of the disk
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what a time limit sends: nothing may stay behind
        self.directory = tempfile.mkdtemp(prefix="holdfast-bench.", dir=memory)
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            self.end(process)
        shutil.rmtree(self.directory, ignore_errors=True)

    def number(self):
        self.count += 1
        return self.count

    def program(self, name):
        path = os.path.join(self.build, name)
        if not os.path.exists(path):
            sys.exit(f"{path} is missing: build holdfast and bench_programs there")
        return path

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return self.path(name)

    def start(self, command, log=None, cpus=None, pipe=False, real_time=0):
        """`real_time` is a priority: others of this machine wait meanwhile, where one may ask for that."""
        def place():
            if cpus:
                os.sched_setaffinity(0, cpus)
            if real_time:
                try:
                    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(real_time))
                except PermissionError:
                    pass
        with open(log or os.devnull, "wb") as out:
            said = subprocess.PIPE if pipe else out
            self.processes.append(subprocess.Popen(command, stdin=subprocess.PIPE if pipe else subprocess.DEVNULL, stdout=said, stderr=said,
                                                   preexec_fn=place if cpus or real_time else None))
        return self.processes[-1]

    def end(self, process):
        """nginx ends its workers only when asked; the others need no farewell."""
        if process.poll() is None:
            process.send_signal(signal.SIGTERM if "nginx" in str(process.args) else signal.SIGKILL)
        process.wait(20)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()
        self.processes.remove(process)

    def origin(self, cpus=None, real_time=0):
        port = free_port()
        self.start([self.program("tests/bench/bench_origin"), f"port={port}"], cpus=cpus, real_time=real_time)
        wait_for(port)
        return port

    def command(self, name, profile, values):
        if name == "floor":
            return [self.program("tests/bench/bench_floor"), f"port={values['port']}", f"app={values['app']}"]
        if name in ("nginx", "haproxy"):
            file = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}[name]
            binary = shutil.which(name, path="/usr/sbin:/usr/bin") or sys.exit(f"{name} is not installed: scripts/install bench")
            with open(os.path.join(HERE, "peers", file), encoding="utf-8") as source:
                path = self.write(f"{values['port']}-{file}", fill(source.read(), profile, values))
            return [binary, "-c", path, "-p", self.directory] if name == "nginx" else [binary, "-db", "-f", path]
        self.write(f"{values['port']}-policy.yaml", fill(policy_text(profile), profile, values))
        with open(os.path.join(HERE, "peers", "holdfast.yaml"), encoding="utf-8") as source:
            text = fill(source.read(), profile, values).replace("policy.yaml", f"{values['port']}-policy.yaml")
        return [self.program("holdfast"), "run", "--config", self.write(f"{values['port']}-holdfast.yaml", text)]

    def subject(self, name, app, profile="parity", workers=1, wrap=(), cpus=None, real_time=0, connections=2048, wait=30):
        """Starts a proxy in front of `app`. `profile`: a file of peers/, or the text of a policy; `wrap`: a command to run it under."""
        values = {"app": app, "port": free_port(), "telemetry": free_port(), "workers": workers, "connections": connections,
                  "room": connections + 600, "routes": "\n".join(ROUTES), "dir": self.directory}
        values["log"] = self.path(f"{values['port']}-{name}.log")
        command = self.command(name, profile, values)
        log = self.path(f"{values['port']}-nginx.out") if name == "nginx" else values["log"]
        process = self.start([*wrap, *command], log=log, cpus=cpus, real_time=real_time)
        wait_for(values["port"], wait, process, log)
        return Subject(process, values["port"], values["telemetry"], values["log"])


def policy_text(profile):
    if "\n" in profile:
        return profile
    with open(os.path.join(HERE, "peers", profile + ".yaml"), encoding="utf-8") as file:
        return file.read()


def wait_for(port, seconds=10, process=None, log=None):
    end = time.monotonic() + seconds
    while time.monotonic() < end and (process is None or process.poll() is None):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.001)
    said = open(log, encoding="utf-8", errors="replace").read()[-2000:] if log else ""
    sys.exit(f"nothing listens on port {port}\n{said}")
