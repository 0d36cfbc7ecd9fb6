"""Reload and drain: no request is lost, faults change nothing, every wait is bounded."""
import os
import re
import signal
import subprocess
import threading
import time

from support import HOST, Metrics, Sidecar, accepts, case, clean_environment, free_port, holds_for, kill, policy_text, sidecar_text, spawn, until
from wire import Client, request_bytes

ACCESS_LINE = re.compile(rb'"msg":\s*"request"')
DRAIN = {"drain": "announce: 500ms, finish: 3s"}


def body_status(sidecar, size):
    response = sidecar.post("/body", b"x" * size)
    return response.status if response else None


# --- reload

@case("reload: SIGHUP brings the new settings, for new exchanges on old connections too", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"limits": "body: 10KiB"})
    client = sidecar.client()
    client.send(request_bytes("GET", "/before"))
    t.equal(client.response().status, 200, "before")
    t.equal(body_status(sidecar, 5000), 200, "below the old limit")
    hashes = [labels for labels, _ in sidecar.metrics().series("holdfast_config_reload_info")]
    before = len(sidecar.lines())
    sidecar.rewrite("policy.yaml", policy_text({"limits": "body: 1KiB"}))
    sidecar.signal(signal.SIGHUP)
    until(lambda: body_status(sidecar, 5000) == 413, 4, "the new limit is in force")
    client.send(request_bytes("POST", "/old-connection", content=b"x" * 5000))
    t.equal(client.response().status, 413, "on the old connection")
    t.equal(sidecar.metrics().sum("holdfast_config_reload_success"), 1, "success")
    t.check([labels for labels, _ in sidecar.metrics().series("holdfast_config_reload_info")] != hashes, "another hash")
    line = sidecar.line_with("reload", after=before)
    t.check(any("body" in later["_raw"] and "1KiB" in later["_raw"] for later in sidecar.lines()[before:] if later.get("msg") != "request"),
            f"the log says what changed: {line['_raw']}")


@case("reload: a running exchange keeps the settings it began with", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"timeouts": "connect: 200ms, firstByte: 5s, request: 6s"})
    release = t.event()
    app.on("/runs", lambda connection, request: (connection.hold(release), connection.answer()))
    client = sidecar.client()
    client.send(request_bytes("GET", "/runs"))
    until(lambda: app.seen("/runs"), 3, "in flight")
    sidecar.reload({"timeouts": "connect: 100ms, firstByte: 200ms, request: 300ms"})
    app.on("/new", lambda connection, request: (connection.hold(release), connection.answer()))
    until(lambda: sidecar.get("/new").status == 504, 8, "new ones end after 200 ms")
    release.set()
    t.equal(client.response().status, 200, "the running one")


@case("reload: a changed file is noticed without a signal", seconds=40)
def _(t):
    _, sidecar = t.pair(policies={"limits": "body: 10KiB"})
    t.equal(body_status(sidecar, 5000), 200, "before")
    sidecar.rewrite("policy.yaml", policy_text({"limits": "body: 1KiB"}))
    until(lambda: body_status(sidecar, 5000) == 413, 10, "the new limit is in force", pause=0.2)


@case("reload: the symlink swap of a mounted ConfigMap is noticed", seconds=40)
def _(t):
    app = t.app()
    volume = t.fresh_directory()
    for name, limit in (("..2026_1", "10KiB"), ("..2026_2", "1KiB")):
        t.write(f"{name}/policy.yaml", policy_text({"limits": f"body: {limit}"}), volume)
    os.symlink("..2026_1", os.path.join(volume, "..data"))
    os.symlink("..data/policy.yaml", os.path.join(volume, "policy.yaml"))
    sidecar = t.sidecar(app, top={"policy": os.path.join(volume, "policy.yaml")})
    t.equal(body_status(sidecar, 5000), 200, "before")
    os.symlink("..2026_2", os.path.join(volume, "..data_tmp"))
    os.replace(os.path.join(volume, "..data_tmp"), os.path.join(volume, "..data"))
    until(lambda: body_status(sidecar, 5000) == 413, 12, "the new limit is in force", pause=0.2)


@case("reload: a file that is still being written is not taken", seconds=40)
def _(t):
    _, sidecar = t.pair(policies={"limits": "body: 10KiB"})
    path = os.path.join(sidecar.directory, "policy.yaml")
    whole = policy_text({"limits": "body: 1KiB"})
    for end in range(10, len(whole) + 1, 7):  # grows for about two seconds
        with open(path, "w", encoding="utf-8") as file:
            file.write(whole[:end])
        time.sleep(0.2)
        t.equal(sidecar.metrics().sum("holdfast_config_reload_success"), 1, f"no faulty reload of {end} bytes")
    with open(path, "w", encoding="utf-8") as file:
        file.write(whole)
    until(lambda: body_status(sidecar, 5000) == 413, 10, "the whole file is in force", pause=0.2)


@case("reload: a faulty file keeps what runs, logs the faults as check does, and shows in the metric", seconds=40)
def _(t):
    _, sidecar = t.pair(policies={"limits": "body: 10KiB"})
    sidecar.rewrite("policy.yaml", policy_text({"limits": "body: 1KiB, boddy: 7"}))
    sidecar.signal(signal.SIGHUP)
    sidecar.wait_metric("holdfast_config_reload_success", 0)
    line = sidecar.line_with("error[")
    t.check("policy.yaml:4:" in line["_raw"] and "boddy" in line["_raw"], f"the fault with its place: {line['_raw']}")
    code, out, err = t.run("check", "policy.yaml", directory=sidecar.directory)
    fault = next(part for part in (out + err).splitlines() if "error[" in part)
    t.check(fault.partition("error[")[2][:30] in line["_raw"], f"the same words: {fault} and {line['_raw']}")
    t.equal(body_status(sidecar, 5000), 200, "the old limit is in force")
    t.equal(sidecar.process.poll(), None, "still running")
    sidecar.rewrite("policy.yaml", policy_text({"limits": "body: 1KiB"}))
    sidecar.signal(signal.SIGHUP)
    sidecar.wait_metric("holdfast_config_reload_success", 1)
    t.equal(body_status(sidecar, 5000), 413, "the repaired file is in force")


@case("reload: a missing file keeps what runs", seconds=40)
def _(t):
    _, sidecar = t.pair()
    os.rename(os.path.join(sidecar.directory, "policy.yaml"), os.path.join(sidecar.directory, "gone.yaml"))
    sidecar.signal(signal.SIGHUP)
    sidecar.wait_metric("holdfast_config_reload_success", 0)
    t.equal(sidecar.get("/x").status, 200, "still serving")


@case("reload: a setting that needs a restart refuses the reload and says so", seconds=60)
def _(t):
    for key, value in (("workers", "2"), ("listen", f"{HOST}:65001"), ("telemetry", f"{HOST}:65002"), ("admin", f"{HOST}:65003")):
        app, sidecar = t.pair(policies={"limits": "body: 10KiB"})
        before = len(sidecar.lines())
        sidecar.rewrite("policy.yaml", policy_text({"limits": "body: 1KiB"}))
        sidecar.rewrite("holdfast.yaml", sidecar_text(app.address, {key: value}))
        sidecar.signal(signal.SIGHUP)
        sidecar.wait_metric("holdfast_config_reload_success", 0)
        line = sidecar.line_with("restart", after=before)
        t.check(key in line["_raw"], f"{key} is named: {line['_raw']}")
        t.equal(body_status(sidecar, 5000), 200, f"{key}: nothing of the new files is in force")


@case("reload: rate limit and concurrency keep their state", seconds=40)
def _(t):
    policies = {"rateLimit": "mode: enforce, rate: 1/s, burst: 3", "limits": "concurrency: 1, queue: 1, queueWait: 200ms", "timeouts": "firstByte: 10s"}
    app, sidecar = t.pair(policies=policies)
    release = t.event()
    app.on("/held", lambda connection, request: (connection.hold(release, 20), connection.answer()))
    client = sidecar.client(source="127.0.0.9")
    client.send(request_bytes("GET", "/held"))
    until(lambda: app.seen("/held"), 3, "in flight")
    statuses = [sidecar.get("/rate").status for _ in range(6)]
    t.check(429 in statuses, f"limited before: {statuses}")
    sidecar.reload({**policies, "errors": "message: another one"})
    statuses = [sidecar.get("/rate").status for _ in range(4)]
    t.check(statuses.count(429) >= 2, f"still limited after: {statuses}")
    t.equal(sidecar.get("/third", source="127.0.0.10").status, 503, "the place is still taken")
    release.set()
    t.equal(client.response().status, 200, "the held one")


@case("reload: under load nothing is lost, twenty in a row", seconds=60)
def _(t):
    app, sidecar = t.pair(arguments=["--workers", "4"], policies={"rateLimit": "mode: disabled, because: load"})
    stop = t.event()
    bad = []

    def load(number):
        client = sidecar.client()
        while not stop.is_set():
            client.send(request_bytes("GET", f"/load{number}"))
            response = client.response()
            if response is None or response.status != 200 or not response.complete:
                bad.append(repr(response))
                client = sidecar.client()
    running = [threading.Thread(target=load, args=(number,), daemon=True) for number in range(8)]
    for thread in running:
        thread.start()
    for number in range(20):
        sidecar.reload({"rateLimit": "mode: disabled, because: load", "limits": f"body: {number + 1}KiB"})
    stop.set()
    for thread in running:
        thread.join(5)
    t.equal(bad[:3], [], f"{len(bad)} bad answers")
    t.equal(body_status(sidecar, 20 * 1024 + 1), 413, "the last limit")
    t.equal(body_status(sidecar, 20 * 1024), 200, "the last limit, from below")


@case("reload: a tunnel and a stream live on", seconds=40)
def _(t):
    from cases_data_path import WEBSOCKET, tunnel
    app, sidecar = t.pair()
    app.on("/ws", tunnel)
    client = sidecar.client()
    client.send(request_bytes("GET", "/ws", WEBSOCKET))
    t.equal(client.response().status, 101, "status")
    for number in range(3):
        sidecar.reload({"limits": f"body: {number + 2}KiB"})
        client.send(b"ping%d" % number)
        t.check(client.read_until(b"ping%d" % number, time.monotonic() + 3), f"echo after reload {number}")


# --- drain

class Load:
    """Clients that ask for ever, on connections of their own, and note every request that was not answered whole."""

    def __init__(self, sidecar, clients=8, keep=True):
        self.sidecar, self.keep = sidecar, keep
        self.stop, self.lost, self.answered, self.refused, self.raced = threading.Event(), [], 0, 0, 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def work(self):
        client, used = None, 0
        while not self.stop.is_set():
            if client is None:
                try:
                    client, used = Client(self.sidecar.data), 0
                except OSError:
                    with self.lock:
                        self.refused += 1
                    return
            sent = client.send(request_bytes("GET", "/load"))
            try:
                response = client.response(timeout=20) if sent else None
            except AssertionError as error:
                response = error
            whole = response is not None and not isinstance(response, AssertionError) and response.status == 200 and response.complete
            with self.lock:
                if whole:
                    self.answered += 1
                elif response is None and used > 0:
                    self.raced += 1  # closed while idle, as it was used again: the race that HTTP leaves to the client
                else:
                    self.lost.append(f"request {used} of a connection: {response!r}")
            used += 1
            if not whole or not self.keep or "close" in response.fields.tokens("connection"):
                client.close()
                client = None

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(25)


def drained_by(number):
    @case(f"drain: {number.name} under load loses no accepted request and exits 0 in time, with last words", seconds=60)
    def _(t):
        app, sidecar = t.pair(lambda connection, request: (connection.read_content(request), time.sleep(0.01), connection.answer()),
                              policies={"drain": "announce: 1s, finish: 5s", "rateLimit": "mode: disabled, because: load"}, arguments=["--workers", "2"])
        sidecar.wait_ready()
        load = Load(sidecar)
        until(lambda: load.answered > 50, 10, "load is running")
        started = time.monotonic()
        sidecar.expect_exit = True
        sidecar.signal(number)
        until(lambda: sidecar.ready() != 200, 2, "not ready any more")
        t.within(time.monotonic() - started, 0, 0.9, "seconds until readyz says so")
        holds_for(lambda: accepted(sidecar), 0.4, "everything is accepted while announcing")
        until(lambda: time.monotonic() > started + 1.5, 3, "the finish phase has begun")
        load.end()
        code = sidecar.wait_exit(7)
        t.equal(code, 0, "exit code")
        t.within(time.monotonic() - started, 1, 7, "seconds until the exit")
        t.equal(load.lost[:3], [], f"{len(load.lost)} lost of {load.answered}")
        t.check(load.raced <= 8, f"connections closed under a request: {load.raced}")
        words = last_words(sidecar)
        t.check(words, f"last words: {sidecar.tail()}")


def accepted(sidecar):
    try:
        response = sidecar.get("/announce")
    except OSError:
        return False
    return response is not None and response.status == 200


def last_words(sidecar):
    return next((line for line in reversed(sidecar.lines()) if "drained" in line and "killed" in line), None)


for signal_number in (signal.SIGTERM, signal.SIGINT):
    drained_by(signal_number)


@case("drain: a request in flight is finished, its answer says Connection: close, and the process ends right after it", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"drain": "announce: 200ms, finish: 10s", "timeouts": "firstByte: 10s"})
    release = t.event()
    app.on("/slow", lambda connection, request: (connection.hold(release), connection.answer()))
    client = sidecar.client()
    client.send(request_bytes("GET", "/slow"))
    until(lambda: app.seen("/slow"), 3, "in flight")
    idle = sidecar.client()
    idle.send(request_bytes("GET", "/idle"))
    t.equal(idle.response().status, 200, "idle")
    sidecar.expect_exit = True
    sidecar.signal(signal.SIGTERM)
    t.check(idle.wait_closed(5), "an idle connection is closed")
    t.equal(sidecar.process.poll(), None, "it waits for the one in flight")
    release.set()
    response = client.response()
    t.equal((response.status, response.fields.tokens("connection")), (200, ["close"]), "the one in flight")
    t.equal(sidecar.wait_exit(5), 0, "exit code")
    words = last_words(sidecar)
    t.check(words and words["drained"] and not words["killed"], f"last words: {words}")


@case("drain: finish is a bound, and what it kills is in the last words", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"drain": "announce: 200ms, finish: 1s", "timeouts": "firstByte: 10s"})
    app.on("/never", lambda connection, request: connection.wait_closed(20))
    client = sidecar.client()
    client.send(request_bytes("GET", "/never"))
    until(lambda: app.seen("/never"), 3, "in flight")
    sidecar.expect_exit = True
    started = time.monotonic()
    sidecar.signal(signal.SIGTERM)
    t.equal(sidecar.wait_exit(4), 0, "exit code")
    t.within(time.monotonic() - started, 1.1, 2.5, "seconds")
    words = last_words(sidecar)
    t.check(words and words["killed"], f"last words: {words}")
    t.equal(len(sidecar.access_lines("/never")), 1, "the killed exchange has its line")


@case("drain: a tunnel ends at finish", seconds=40)
def _(t):
    from cases_data_path import WEBSOCKET, tunnel
    app, sidecar = t.pair(policies={"drain": "announce: 200ms, finish: 1s"})
    app.on("/ws", tunnel)
    client = sidecar.client()
    client.send(request_bytes("GET", "/ws", WEBSOCKET))
    t.equal(client.response().status, 101, "status")
    sidecar.expect_exit = True
    sidecar.signal(signal.SIGTERM)
    until(lambda: sidecar.ready() != 200, 2, "draining")
    client.send(b"still here")
    t.check(client.read_until(b"still here", time.monotonic() + 1), "it lives while finishing")
    t.check(client.wait_closed(4), "closed at finish")
    t.equal(sidecar.wait_exit(3), 0, "exit code")


@case("drain: a second SIGTERM changes nothing, a second SIGINT exits at once", seconds=40)
def _(t):
    policies = {"drain": "announce: 1s, finish: 4s", "timeouts": "firstByte: 10s"}
    for number, fast in ((signal.SIGTERM, False), (signal.SIGINT, True)):
        app, sidecar = t.pair(policies=policies)
        release = t.event()
        app.on("/held", lambda connection, request, release=release: (connection.hold(release), connection.answer()))
        client = sidecar.client()
        client.send(request_bytes("GET", "/held"))
        until(lambda app=app: app.seen("/held"), 3, "in flight")
        sidecar.wait_ready()
        sidecar.expect_exit = True
        sidecar.signal(number)
        until(lambda sidecar=sidecar: sidecar.ready() != 200, 2, "draining")
        started = time.monotonic()
        sidecar.signal(number)
        if fast:
            sidecar.wait_exit(1)
            t.within(time.monotonic() - started, 0, 0.5, "seconds until the exit")
        else:
            holds_for(lambda sidecar=sidecar: sidecar.process.poll() is None, 0.5, "still draining")
            release.set()
            t.equal(client.response().status, 200, "the one in flight")
            t.equal(sidecar.wait_exit(6), 0, "exit code")


@case("drain: the listener closes once a second passed without a new connection", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"drain": "announce: 200ms, finish: 8s", "timeouts": "firstByte: 10s"})
    release = t.event()
    app.on("/held", lambda connection, request: (connection.hold(release), connection.answer()))
    client = sidecar.client()
    client.send(request_bytes("GET", "/held"))
    until(lambda: app.seen("/held"), 3, "in flight")
    sidecar.expect_exit = True
    sidecar.signal(signal.SIGTERM)
    started = time.monotonic()
    while time.monotonic() < started + 2.5:  # new connections keep the listener open
        t.check(accepted(sidecar), "served while they keep coming")
        time.sleep(0.3)

    def refused():
        return not any(line.split()[1].endswith(f":{sidecar.data[1]:04X}") and line.split()[3] == "0A"
                       for line in open("/proc/net/tcp", encoding="ascii").read().splitlines()[1:])
    until(refused, 3, "the listening socket is gone")
    release.set()
    t.equal(client.response().status, 200, "the one in flight")
    t.equal(sidecar.wait_exit(4), 0, "exit code")


@case("drain: disabled ends at once, still with exit 0")
def _(t):
    _, sidecar = t.pair(policies={"drain": "mode: disabled, because: the test switches it off"})
    sidecar.expect_exit = True
    started = time.monotonic()
    sidecar.signal(signal.SIGTERM)
    t.equal(sidecar.wait_exit(4), 0, "exit code")
    t.within(time.monotonic() - started, 0, 2.5, "seconds")


@case("drain: holdfast drain asks the running one, answers when drained, and leaves it up", seconds=40)
def _(t):
    _, sidecar = t.pair(policies={"drain": "announce: 500ms, finish: 2s"})
    sidecar.wait_ready()
    with open(os.path.join(sidecar.directory, "drain.yaml"), "w", encoding="utf-8") as file:
        file.write(sidecar_text("127.0.0.1:1", {"admin": f"{HOST}:{sidecar.admin[1]}"}))
    started = time.monotonic()
    code, out, err = t.run("drain", "--admin", f"{HOST}:{sidecar.admin[1]}", timeout=15)
    t.equal(code, 0, f"exit: {out}{err}")
    t.within(time.monotonic() - started, 0.4, 6, "seconds")
    t.equal(sidecar.ready(), 503, "draining")
    t.equal(sidecar.process.poll(), None, "the process stays up")
    sidecar.expect_exit = True
    sidecar.signal(signal.SIGTERM)
    t.equal(sidecar.wait_exit(6), 0, "SIGTERM after it")


@case("drain: holdfast drain with nobody there is an error with a sentence")
def _(t):
    code, out, err = t.run("drain", "--admin", f"{HOST}:{free_port()}")
    t.check(code not in (0, None), f"exit {code}")
    t.check(err.strip(), "a sentence on stderr")


@case("drain: without a SIGTERM within terminationGrace it is undone, with a warning", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"drain": "announce: 200ms, finish: 500ms"}, top={"terminationGrace": "4s"})
    sidecar.wait_ready()
    t.check(sidecar.ask_admin("POST", "/drain", "", timeout=10)[0] in (200, 202, 204), "POST /drain")
    t.equal(sidecar.ready(), 503, "draining")
    until(lambda: sidecar.ready() == 200, 10, "ready again")
    until(lambda: accepted(sidecar), 3, "and serving")
    t.equal(len([line for line in sidecar.lines() if line.get("level") in ("warn", "warning") and "drain" in line["_raw"]]), 1, "one warning")


@case("drain: lines are all flushed at exit")
def _(t):
    _, sidecar = t.pair(policies={"drain": "announce: 100ms, finish: 500ms"})
    client = sidecar.client()
    for number in range(200):
        client.send(request_bytes("GET", f"/flush{number}"))
        client.response()
    client.close()
    sidecar.expect_exit = True
    sidecar.signal(signal.SIGTERM)
    t.equal(sidecar.wait_exit(4), 0, "exit code")
    t.equal(len(sidecar.access_lines()), 200, "access lines")


@case("life: an app that is killed and restarted under load costs only the requests of that time", needs=("users-service",), seconds=60)
def _(t):
    users = t.users()
    sidecar = t.sidecar(users, policies={"rateLimit": "mode: disabled, because: load"})
    stop, statuses = t.event(), []

    def work():
        client = sidecar.client()
        while not stop.is_set():
            client.send(request_bytes("GET", "/ok"))
            response = client.response()
            statuses.append(response.status if response else None)
            if response is None or "close" in response.fields.tokens("connection"):
                client = sidecar.client()
    running = [threading.Thread(target=work, daemon=True) for _ in range(4)]
    for thread in running:
        thread.start()
    until(lambda: len(statuses) > 100, 10, "load is running")
    users.kill()
    until(lambda: 502 in statuses, 5, "502 while it is dead")
    users.start()
    mark = len(statuses)
    until(lambda: statuses[mark:].count(200) > 100, 10, "200 after the restart")
    stop.set()
    for thread in running:
        thread.join(5)
    t.check(set(statuses) <= {200, 502, 504}, f"statuses: {set(statuses)}")
    t.equal(statuses[-4:], [200] * 4, "the last ones")


@case("life: a stdout nobody reads holds nobody up, and drops are counted", seconds=60)
def _(t):
    app = t.app()
    directory = t.fresh_directory()
    t.write("policy.yaml", policy_text({"rateLimit": "mode: disabled, because: load"}), directory)
    data, telemetry, admin = free_port(), free_port(), free_port()
    t.write("holdfast.yaml", sidecar_text(app.address, {"listen": f"{HOST}:{data}", "telemetry": f"{HOST}:{telemetry}", "admin": f"{HOST}:{admin}"}), directory)
    process = spawn([t.program("holdfast"), "run", "--config", "holdfast.yaml"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=directory,
                    env=clean_environment())
    t.later(lambda: kill(process))
    until(lambda: accepts(data), 10, "serves")
    client = Client((HOST, data))
    t.later(client.close)
    slowest, path = 0.0, "/" + "p" * 900
    count = 2000 if t.quick else 6000
    for _ in range(count):
        started = time.monotonic()
        client.send(request_bytes("GET", path))
        t.require(client.response().status == 200, "status")
        slowest = max(slowest, time.monotonic() - started)
    t.check(slowest < 1.5, f"the slowest answer took {slowest:.2f} s")

    def dropped():  # asked again each time: the last request's line may be dropped after its answer arrived
        return Metrics(Sidecar.ask((HOST, telemetry), "GET", "/metrics")[1]).sum("holdfast_log_lines_dropped_total")
    t.check(dropped() > 0 or t.quick, "drops are counted")
    output = bytearray()

    def read():
        while piece := os.read(process.stdout.fileno(), 65536):
            output.extend(piece)

    def written():
        return len(ACCESS_LINE.findall(bytes(output)))
    threading.Thread(target=read, daemon=True).start()
    until(lambda: written() + dropped() >= count, 10, lambda: f"{written()} lines + {dropped()} dropped = {count}")
    t.equal(written() + dropped(), count, "lines + dropped = requests")


@case("life: a fatal signal leaves one last line with the stack, after every line that waited")
def _(t):
    sidecar = t.sidecar(t.app())
    for n in range(20):
        t.equal(sidecar.get(f"/n{n}").status, 200, "status")
    # An answer arrives before its line is made; the only worker answers the next request when it has made that line.
    t.equal(sidecar.get("/one-more").status, 200, "status")
    sidecar.signal(signal.SIGSEGV)
    t.equal(sidecar.wait_exit(10), -signal.SIGSEGV, "it dies of the signal")
    last = sidecar.lines()[-1]
    t.equal((last["msg"], last["level"], last["name"]), ("fatal signal", "error", "SIGSEGV"), "the line")
    t.check(last["stack"] and all("+0x" in frame for frame in last["stack"]), f"the stack: {last['stack']}")
    lines = [line["path"] for line in sidecar.access_lines() if line["path"] != "/one-more"]
    t.equal(lines, [f"/n{n}" for n in range(20)], "lines before it")
