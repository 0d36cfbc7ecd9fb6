"""One injected pod: how its containers are locked in, how they end, and a drain that nobody follows up."""
import http.client
import json
import time

import store
from cases_rollout import NUMBERS, SHORT, injected, policy
from kubelet import Pod
from support import RUN, case, check, podman, until

PROXY_PORT = 8081


def one_pod(name, native, times=SHORT, change=None):
    manifest = injected(native)
    if change:
        change(manifest)
    number = next(NUMBERS)
    return Pod(f"{name}{number}", number, manifest, {"users-policy": {"policy.yaml": policy(times)}})


def ask(address, method="GET", path="/users", content=None):
    """(status, content); a refused connection is (0, "")."""
    connection = http.client.HTTPConnection(address, PROXY_PORT, timeout=5)
    try:
        connection.request(method, path, content, {"content-type": "application/json"} if content else {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def status_of(container):
    with open(f"/proc/{container.pid}/status", encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


@case("pod: both containers run as 65532 without capabilities and new privileges, under seccomp, on a read-only root; a request goes through", network=True)
def _():
    pod = one_pod("locked", "true")
    try:
        pod.start()
        check(ask(pod.address, "POST", "/users", '{"name":"Ada"}')[0] in (200, 201), "POST /users through both")
        for container in pod.everything:
            status = status_of(container)
            with open(f"/proc/{container.pid}/mountinfo", encoding="utf-8") as file:
                root = next(line.split() for line in file if line.split()[4] == "/")
            shown = {name: status[name] for name in ("Uid", "Gid", "CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")}
            store.say(f"    {container.spec['name']}: {json.dumps(shown)}, root {root[5].split(',')[0]}")
            check(status["Uid"].split() == ["65532"] * 4 and status["Gid"].split() == ["65532"] * 4, shown)
            check(all(int(status[name], 16) == 0 for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")), shown)
            check(status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", shown)
            check("ro" in root[5].split(","), root)
    finally:
        pod.remove()


@case("pod: SIGTERM drains, exit 0, last words in /dev/termination-log", network=True)
def _():
    pod = one_pod("words", "true")
    try:
        pod.start()
        sidecar = pod.named("holdfast")
        began = time.monotonic()
        sidecar.end(began + pod.grace)
        took = time.monotonic() - began
        check(sidecar.code == 0, pod.report())
        words = json.loads(sidecar.read_last_words())
        check(words["msg"] == "stopped" and words["drained"] and words["killed"] == 0, words)
        check(SHORT.announce <= took <= SHORT.announce + SHORT.finish + 2, f"it took {took:.1f} s")
        check(any(json.loads(line).get("msg") == "stopped" for line in sidecar.log().splitlines()), "the log has them, too")
    finally:
        pod.remove()


@case("image: without /dev/termination-log SIGTERM ends it just the same", network=True)
def _():
    name = RUN + "-alone"
    podman("run", "-d", "--name", name, "--pull=never", "--network=none", "--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL",
           "localhost/holdfast:dev", "run", "--listen=127.0.0.1:8080", "--upstream=127.0.0.1:3000", "--telemetry=127.0.0.1:0", "--admin=127.0.0.1:0",
           "--workers=1")
    try:
        until(lambda: "listening" in podman("logs", name), 20, lambda: podman("logs", name))
        podman("stop", "-t", "29", name)
        code = podman("inspect", name, "--format", "{{.State.ExitCode}}").strip()
        check(code == "0", f"exit {code}: {podman('logs', name)}")
    finally:
        podman("rm", "-f", "-t", "0", name)


@case("pod: a hook that no SIGTERM follows is undone after terminationGrace, with one warning", network=True)
def _():
    grace = SHORT.announce + SHORT.finish + 2

    def shorten(manifest):
        manifest["spec"]["initContainers"][0]["args"].append(f"--termination-grace={grace}s")
    pod = one_pod("undo", "true", change=shorten)
    try:
        pod.start()
        sidecar, app = pod.named("holdfast"), pod.named("users-service")
        began = time.monotonic()
        app.pre_stop(grace)
        check(app.hook_answer == 200, pod.report())
        check(sidecar.answers(sidecar.spec["readinessProbe"]) == 503, "not ready while drained")
        check(ask(pod.address)[0] == 0, "drained: no connection is accepted")
        check(time.monotonic() - began < grace, "drained within the time for it")
        until(lambda: sidecar.answers(sidecar.spec["readinessProbe"]) == 200, grace, "ready again")
        check(time.monotonic() - began >= grace - 0.5, "undone only after terminationGrace")
        until(lambda: ask(pod.address)[0] == 200, 2, "it serves again")
        warnings = [line for line in map(json.loads, sidecar.log().splitlines()) if line["level"] == "warn" and "drain" in line["msg"]]
        check(len(warnings) == 1, warnings)
        pod.stop()
        check(sidecar.code == 0 and app.code == 0 and app.hook_answer == 200, "and drains again when it is meant: " + pod.report())
    finally:
        pod.remove()
