"""Rollouts of an injected pod under load, its drain as the kubelet runs it: not one failed request.

`holdfast inject` of the image writes the pod that is run. The short form shortens the drain: announce 2 s, finish 3 s, and endpoints
are withdrawn within 1.5 s; --long keeps the defaults (5 s and 20 s) and withdraws them within 3 s.
"""
import collections
import concurrent.futures
import contextlib
import itertools
import json
import os

import yaml

import store
from kubelet import Pod
from load import Load
from support import ROOT, case, check, podman, until

Times = collections.namedtuple("Times", "announce finish lag")
SHORT, DEFAULTS, NO_DRAIN = Times(2, 3, 1.5), Times(5, 20, 3.0), Times(0, 0, 1.5)
NUMBERS = itertools.count(10)


def policy(times):
    """The load comes from one address: its rate is not what is tested."""
    drain = {"announce": f"{times.announce}s", "finish": f"{times.finish}s"} if times.finish else {"mode": "disabled", "because": "to see what is lost"}
    return json.dumps({"version": 1, "profile": "standard@1", "policies": {
        "drain": drain,
        "rateLimit": {"mode": "disabled", "because": "one address asks for everybody"}}})


def injected(native, more_arguments=()):
    """The pod of pod.yaml with the sidecar, as the image's own `holdfast inject` writes it."""
    with open(os.path.join(ROOT, "tests", "image", "pod.yaml"), encoding="utf-8") as file:
        text = file.read()
    out = podman("run", "--rm", "-i", "--pull=never", "--network=none", "localhost/holdfast:dev", "inject", "-f", "-",
                 "--image", "localhost/holdfast:dev", "--native", native, "--namespace", "demo", stdin=text)
    manifest = yaml.safe_load(out)
    app = next(one for one in manifest["spec"]["containers"] if one["name"] == "users-service")
    app["args"] += more_arguments
    return manifest


class Deployment:
    """One replica at a time, and the load on it. The next pod starts while the last one drains, so that a rollout costs little time."""

    def __init__(self, name, manifest, times):
        self.name, self.manifest, self.times = name, manifest, times
        self.config = {"users-policy": {"policy.yaml": policy(times)}}
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.pods, self.load, self.next = [], None, None

    def prepare(self):
        number = next(NUMBERS)
        pod = Pod(f"{self.name}{number}", number, self.manifest, self.config)
        self.pods.append(pod)
        self.next = self.pool.submit(pod.start)

    def begin(self):
        self.prepare()
        self.current = self.next.result()
        self.load = Load(self.current.address, 8081, self.times.lag)
        until(lambda: self.load.answered[self.current.address] > 50, 20, "the load runs")

    def roll(self, hooks):
        """One rollout: the new pod is ready, clients begin to hear of it, and the old one is told to go. Returns that one."""
        old, self.current = self.current, self.next.result()
        self.load.move(self.current.address)
        self.prepare()
        old.stop(hooks)
        return old

    def judge(self, pod, hooks):
        """Holds a pod that was stopped to what must be true of every one."""
        sidecar, app = pod.named("holdfast"), pod.named("users-service")
        check(sidecar.code == 0 and app.code == 0, lambda: "exit codes: " + pod.report())
        check(not hooks or app.hook_answer == 200, lambda: "the hook's answer: " + pod.report())
        words = json.loads(sidecar.read_last_words())
        check(words["msg"] == "stopped" and words["drained"] and words["killed"] == 0, lambda: "last words: " + pod.report())
        check(self.load.answered[pod.address] > 0, f"{pod.name} answered nothing")

    def end(self):
        if self.load:
            self.load.end()
        self.pool.shutdown()
        for pod in self.pods:
            pod.remove()


@contextlib.contextmanager
def deployed(name, manifest, times):
    deployment = Deployment(name, manifest, times)
    try:
        deployment.begin()
        deployment.prepare()
        yield deployment
    finally:
        deployment.end()


def rolled(name, native, count, times, hooks=True, more_arguments=()):
    with deployed(name, injected(native, more_arguments), times) as deployment:
        for _ in range(count):
            old = deployment.roll(hooks)
            deployment.judge(old, hooks)
            old.remove()
        deployment.load.end()
        store.say(f"    {count} rollouts: {deployment.load.summary()}")
        for line in deployment.load.failures[:10]:
            store.say("    " + line)
        check(not deployment.load.failures, f"{len(deployment.load.failures)} requests failed")


@case("rollout: native sidecar, hook, then SIGTERM to the app, then to the sidecar: no failed request in 12 rollouts", network=True)
def _():
    rolled("n", "true", 12, SHORT)


@case("rollout: plain containers, hook of the app beside SIGTERM to the sidecar: no failed request in 8 rollouts", network=True)
def _():
    rolled("p", "false", 8, SHORT)


@case("rollout: SIGTERM alone, to everything at once, and the app stays for announce + finish: no failed request in 5 rollouts", network=True)
def _():
    rolled("s", "false", 5, SHORT, hooks=False, more_arguments=["--stop-delay", f"{SHORT.announce + SHORT.finish}s"])


@case("rollout: without a drain the same load sees failed requests", network=True)
def _():
    with deployed("w", injected("true"), NO_DRAIN) as deployment:
        deployment.roll(hooks=True)
        until(lambda: deployment.load.failures, NO_DRAIN.lag + 2, "a request fails; if none does, the other cases show nothing")
        deployment.load.end()
        store.say("    1 rollout: " + deployment.load.summary())


@case("rollout: default times, native sidecar: no failed request in 20 rollouts", network=True, long=True)
def _():
    rolled("dn", "true", 20, DEFAULTS)


@case("rollout: default times, plain containers: no failed request in 20 rollouts", network=True, long=True)
def _():
    rolled("dp", "false", 20, DEFAULTS)


@case("rollout: default times, SIGTERM alone: no failed request in 20 rollouts", network=True, long=True)
def _():
    rolled("ds", "false", 20, DEFAULTS, hooks=False, more_arguments=["--stop-delay", f"{DEFAULTS.announce + DEFAULTS.finish}s"])
