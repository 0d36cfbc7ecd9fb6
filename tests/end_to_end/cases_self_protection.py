"""What the process does when it runs short of something itself: memory, descriptors, time."""
import ctypes
import os
import resource
import shutil
import signal
import subprocess
import time

from abuse import MIB, Attacker, cpu_seconds, descriptors, endless_app, figures, gone, resident, sanitized, storm
from support import Sidecar, case, holds_for, policy_text, sidecar_text, until
from wire import answer, request_bytes

# No limit but the memory: connections and exchanges must be able to use it up.
NO_LIMITS = {"rateLimit": "mode: disabled, because: load", "limits": "mode: disabled, because: only the memory is limited",
             "timeouts": "request: 55s, clientIdle: 60s"}


def quiet_sanitizer():
    """Freed memory goes back to the allocator, as without a sanitizer."""
    return {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}


def shed(t, sidecar, path):
    response = sidecar.get(path)
    t.local_reply(response, 503)
    line = sidecar.access(path)
    t.equal((line["reason"], line["status"], line["blame"], line["level"]), ("memory_pressure", 503, "sidecar", "warn"), "the line")
    sidecar.wait_metric("holdfast_exchange_failures_total", 1, at_least=True, reason="memory_pressure", blame="sidecar")


def memory_limit_is(sidecar, limit):
    until(lambda: [value for labels, value in sidecar.metrics().series("holdfast_limit") if labels["name"] == "memory"] == [limit], 4,
          lambda: f"the limit of memory is shown: {sidecar.metrics().series('holdfast_limit')}")


@case("self-protection: near its memory limit new requests are shed and running ones go on, until there is room again", alone=True, seconds=60)
def _(t):
    app = endless_app(t)
    sidecar = t.sidecar(app, policies=NO_LIMITS, environment=quiet_sanitizer())
    sidecar.wait_ready()
    for _ in range(50):
        t.equal(sidecar.get("/ok").status, 200, "before")
    limit = resident(sidecar) // MIB + (240 if sanitized(t) else 40)  # a sanitizer takes up to five times as much for each block
    sidecar.rewrite("holdfast.yaml", sidecar_text(app.address, {"memory": f"{limit}MiB"}))
    sidecar.signal(signal.SIGHUP)
    sidecar.line_with('"msg":"reloaded"')
    t.check(f"memory{' ' * 20}" in sidecar.effective() and f"{limit}MiB" in sidecar.effective(), "the setting in /effective")
    memory_limit_is(sidecar, limit * MIB)

    attack = storm(t, sidecar, keep=256)
    large = request_bytes("GET", "/held", [(f"X-{number}", "h" * 4000) for number in range(40)])  # held while the app thinks
    most, sheds = resident(sidecar), 0
    for _ in range(60):  # 3,000 in all: far more than there is memory for
        for _ in range(50):
            attack.add(Attacker(large))
        attack.run(0.15)
        most = max(most, resident(sidecar))
        sheds = sum(one.statuses() == [503] for one in attack.attackers)
        if sheds > 200:
            break
    t.check(sheds > 50, f"{sheds} of {len(attack.attackers)} were shed")
    t.check(most <= limit * MIB, f"the process used {most / MIB:.1f} of {limit} MiB")
    figures(f"{len(attack.attackers) - sheds} admitted, {sheds} shed, {most / MIB:.1f} of {limit} MiB used")
    line = sidecar.line_with('"msg":"memory is short: new requests are shed"')
    t.check(line["used"] > 0 and line["limit"] == limit * MIB, f"used and limit: {line['_raw']}")
    shed(t, sidecar, "/shed")
    t.equal(sidecar.probe("/livez")[0], 200, "alive meanwhile")
    attack.run(1)
    running = [one for one in attack.attackers if not one.received and not one.ended]
    t.check(len(running) > 50, f"requests that run: {len(running)}")
    app.released = True
    attack.run(10, done=lambda: all(one.received for one in running))
    t.equal([one.statuses() for one in running if one.statuses() != [200]], [], "running exchanges that were not answered")

    attack.close()
    gone(t, sidecar)
    if not sanitized(t):
        sidecar.line_with('"msg":"memory suffices again"', timeout=8)
    until(lambda: sidecar.get("/ok").status == 200, 5, "served again")
    t.equal(len([line for line in sidecar.lines() if "memory is short" in line["_raw"]]) <= 5, True, "a line per shortage, not per request")


CGROUP = 'mount --bind "$0" /sys/fs/cgroup && exec "$@"'


def in_cgroup(t, app, files, policies):
    """A sidecar that sees `files` where the kernel shows the limits of its cgroup."""
    root = os.geteuid() == 0 and shutil.which("unshare")
    if not root or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        t.skip("no mount namespace of our own here")
    cgroup, directory = t.fresh_directory(), t.fresh_directory()
    for name, text in files.items():
        t.write(name, text, cgroup)
    t.write("policy.yaml", policy_text(policies), directory)
    t.write("holdfast.yaml", sidecar_text(app.address), directory)
    arguments = ["--mount", "sh", "-c", CGROUP, cgroup, t.program("holdfast"), "run", "--config", "holdfast.yaml"]
    sidecar = Sidecar(t, directory, arguments, None, "unshare")
    t.sidecars.append(sidecar)
    return sidecar.wait_listening(), cgroup


def kernel_says(cgroup, name, text):
    with open(os.path.join(cgroup, name), "r+", encoding="ascii") as file:  # the sidecar holds it open
        file.write(text)
        file.truncate()


@case("self-protection: the memory limit of the cgroup counts, and what the kernel counts against it less what it can take back", seconds=40)
def _(t):
    limit, app = 4096 * MIB, t.app()
    sidecar, cgroup = in_cgroup(t, app, {"memory.max": f"{limit}\n", "memory.current": f"{limit // 2}\n", "memory.stat": "anon 1\ninactive_file 0\n"},
                                {"timeouts": "firstByte: 20s, request: 30s"})
    sidecar.wait_ready()
    memory_limit_is(sidecar, limit)
    release = t.event()
    app.on("/held", lambda connection, request: (connection.hold(release, 20), connection.answer()))
    running = sidecar.client()
    running.send(request_bytes("GET", "/held"))
    until(lambda: app.seen("/held"), 5, "one request runs")
    kernel_says(cgroup, "memory.stat", f"anon 1\ninactive_file {limit // 2}\n")
    kernel_says(cgroup, "memory.current", f"{limit // 100 * 95}\n")
    holds_for(lambda: sidecar.get("/cache").status == 200, 0.6, "a full page cache sheds nobody")
    kernel_says(cgroup, "memory.stat", "anon 1\ninactive_file 4096\n")
    line = sidecar.line_with('"msg":"memory is short: new requests are shed"')
    t.equal((line["used"], line["limit"], line["level"]), (limit // 100 * 95 - 4096, limit, "warn"), "used, limit and level")
    shed(t, sidecar, "/shed")
    t.check(sidecar.probe("/metrics")[0] == 200 and sidecar.probe("/livez")[0] == 200, "telemetry goes on")
    kernel_says(cgroup, "memory.current", f"{limit // 100 * 87}\n")
    holds_for(lambda: sidecar.get("/still").status == 503, 1.3, "between the bounds nothing changes")
    kernel_says(cgroup, "memory.current", f"{limit // 100 * 80}\n")
    sidecar.line_with('"msg":"memory suffices again"')
    t.equal(sidecar.get("/after").status, 200, "afterwards")
    release.set()
    t.equal(running.response(timeout=10).status, 200, "the one that ran all the time")

    kernel_says(cgroup, "memory.current", f"{limit // 100 * 99}\n")
    until(lambda: len([line for line in sidecar.lines() if "memory is short" in line["_raw"]]) == 2, 5, "short again")
    statuses = [sidecar.get(f"/alone{number}").status for number in range(3)]
    t.equal(statuses, [200] * 3, "one at a time is always served: shedding it would free nothing")


@case("self-protection: a policy that does not fit the memory of the platform file does not start")
def _(t):
    for value, word in (("64MiB", "more than the memory limit 64MiB"), ("64MB", "bad-unit"), ("1MiB", "out-of-range")):
        directory = t.fresh_directory()
        t.write("policy.yaml", policy_text({}), directory)
        t.write("holdfast.yaml", sidecar_text("127.0.0.1:1", {"memory": value}), directory)
        code, out, err = t.run("run", "--config", "holdfast.yaml", directory=directory)
        t.equal((code, word in err + out, "holdfast.yaml:10:" in err + out), (78, True, True), f"memory: {value}: {err}")


def needs_descriptors(t):
    if "undefined" in t.run("version")[1]:
        t.skip("UBSan reads an object's type through a pipe, and there is no descriptor left for one")


def limit_descriptors(sidecar, more):
    """Leaves the process `more` descriptors than it has open now."""
    _, hard = resource.prlimit(sidecar.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(sidecar.process.pid, resource.RLIMIT_NOFILE, (descriptors(sidecar) + more, hard))


def lift_limit(sidecar):
    _, hard = resource.prlimit(sidecar.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(sidecar.process.pid, resource.RLIMIT_NOFILE, (hard, hard))


@case("self-protection: out of descriptors accepting pauses and does not spin, who is connected is served, and probes are answered", seconds=60)
def _(t):
    needs_descriptors(t)
    app, sidecar = t.pair()
    sidecar.wait_ready()
    client = sidecar.client()

    def served():  # often enough for the connection to the app to stay
        client.send(request_bytes("GET", "/served"))
        response = client.response()
        return response is not None and response.status == 200
    t.check(served(), "before")
    limit_descriptors(sidecar, 6)
    waiting = [sidecar.client() for _ in range(40)]
    line = sidecar.line_with("accepting pauses: out of descriptors")
    t.equal(line["level"], "warn", "level")
    before, started = cpu_seconds(sidecar), time.monotonic()
    holds_for(served, 3, "the established connection is served", pause=0.2)
    busy = (cpu_seconds(sidecar) - before) / (time.monotonic() - started)
    t.check(busy < 0.3, f"share of a CPU while accepting pauses: {busy:.2f}")
    for _ in range(3):
        t.equal(sidecar.probe("/livez")[0], 200, "/livez")
        t.equal(sidecar.ask_admin("GET", "/effective")[0], 200, "/effective")
        t.check(sidecar.metrics().sum("holdfast_accept_pauses_total") >= 3, "the metric")
    lines = [line for line in sidecar.lines() if "accepting pauses" in line["_raw"]]
    t.check(1 <= len(lines) <= 2, f"lines about it: {len(lines)}")
    for other in waiting:
        other.abort()
    lift_limit(sidecar)
    until(lambda: sidecar.get("/next").status == 200, 3, "the next request is served")
    t.check(served(), "and who was connected all the time")


@case("self-protection: no descriptor for a connection to the app is internal, blamed on the sidecar, and the next request is served", seconds=40)
def _(t):
    needs_descriptors(t)
    app, sidecar = t.pair(policies={"timeouts": "upstreamIdle: 100ms"})
    sidecar.wait_ready()
    client = sidecar.client()
    client.send(request_bytes("GET", "/first"))
    t.equal(client.response().status, 200, "before")
    until(lambda: sidecar.metrics().sum("holdfast_connections", side="upstream") == 0, 5, "nothing is pooled")
    for number in range(3):
        resource.prlimit(sidecar.process.pid, resource.RLIMIT_NOFILE, (4, resource.prlimit(sidecar.process.pid, resource.RLIMIT_NOFILE)[1]))
        client.send(request_bytes("GET", f"/none{number}"))
        response = client.response()
        lift_limit(sidecar)
        t.local_reply(response, 500)
        t.failed_as(sidecar, sidecar.access(f"/none{number}"), "internal", 500, "sidecar", count=number + 1)
        client.send(request_bytes("GET", f"/next{number}"))
        t.equal(client.response().status, 200, "the next on the same connection")
        until(lambda: sidecar.metrics().sum("holdfast_connections", side="upstream", state="idle") == 0, 5, "nothing is pooled")
    t.equal([request.target for request in app.requests if request.target.startswith("/none")], [], "requests that reached the app")
    t.equal(sidecar.get("/after").status, 200, "afterwards")


SEIZE, INTERRUPT, DETACH, WAIT_ALL = 0x4206, 0x4207, 17, 0x40000000


class Held:
    """One thread of a process, stopped as a debugger stops it; the others go on."""

    def __init__(self, t, thread):
        self.thread, self.libc = thread, ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        if self.libc.ptrace(SEIZE, thread, None, None) != 0:
            t.skip(f"ptrace is not permitted here: {os.strerror(ctypes.get_errno())}")
        t.require(self.libc.ptrace(INTERRUPT, thread, None, None) == 0, "the thread is stopped")
        os.waitpid(thread, WAIT_ALL)

    def release(self):
        self.libc.ptrace(DETACH, self.thread, None, None)


def threads_called(sidecar, name):
    found = []
    for thread in os.listdir(f"/proc/{sidecar.process.pid}/task"):
        with open(f"/proc/{sidecar.process.pid}/task/{thread}/comm", encoding="ascii") as file:
            if file.read().strip() == name:
                found.append(int(thread))
    return sorted(found)


@case("self-protection: a worker whose loop is stuck for 10 s makes /livez 503 that names it, and nothing else does", seconds=60)
def _(t):
    _, sidecar = t.pair(arguments=["--workers", "2"])
    sidecar.wait_ready()
    workers = threads_called(sidecar, "worker")
    t.require(len(workers) == 2, f"threads called worker: {workers}")
    held = Held(t, workers[1])
    started = time.monotonic()
    holds_for(lambda: sidecar.probe("/livez")[0] == 200, 8, "alive before 10 s have passed", pause=0.5)
    until(lambda: sidecar.probe("/livez")[0] == 503, 8, "/livez says it", pause=0.1)
    t.within(time.monotonic() - started, 9, 14, "seconds until /livez said it")
    t.equal(sidecar.probe("/livez")[1], "worker 1 has not turned for 10s\n", "what it says")
    t.check(sidecar.metrics().sum("holdfast_loop_lag_seconds") >= 8, "the lag is shown while it lasts")
    t.equal(sidecar.line_with("a worker has not turned for 10s")["worker"], 1, "the line")
    held.release()
    until(lambda: sidecar.probe("/livez")[0] == 200, 5, "alive again")
    sidecar.line_with("a worker turns again")
    t.equal(sidecar.get("/after").status, 200, "served")


@case("self-protection: a process that stood still for 12 s as a whole is alive the moment it goes on", seconds=60)
def _(t):
    _, sidecar = t.pair(arguments=["--workers", "2"])
    sidecar.wait_ready()
    client = sidecar.client()
    client.send(request_bytes("GET", "/before"))
    t.equal(client.response().status, 200, "before")
    held = Held(t, threads_called(sidecar, "worker")[0])  # it goes on a second later than the thread that answers /livez
    sidecar.signal(signal.SIGSTOP)
    time.sleep(12)
    sidecar.signal(signal.SIGCONT)
    holds_for(lambda: sidecar.probe("/livez")[0] == 200, 1, "/livez is 200 before the workers had their turn")
    held.release()
    holds_for(lambda: sidecar.probe("/livez")[0] == 200, 2, "/livez is 200")
    client.send(request_bytes("GET", "/after"))
    t.equal(client.response().status, 200, "the connection from before")
    t.equal([line for line in sidecar.lines() if "has not turned" in line["_raw"]], [], "lines about a stuck worker")
