"""Runs a pod as a kubelet does: containers from the manifest, in their order, with its probes, hooks and signals.

Only what these pods use is understood; anything else in a container fails the case instead of being passed over. What matters here:
a native sidecar (an init container that restarts always) is started first, waited for by its startup probe, and gets its SIGTERM
when the other containers have ended. All other containers get theirs at once, each as soon as its own preStop hook has answered.
"""
import http.client
import json
import os
import shutil
import signal
import tempfile
import threading
import time

from support import RUN, Failed, podman, run, until

BRIDGE, SUBNET = "hf0", "10.231.0"
IGNORED = {"name", "image", "imagePullPolicy", "terminationMessagePolicy", "ports", "resources", "restartPolicy", "livenessProbe"}
UNDERSTOOD = IGNORED | {"args", "env", "securityContext", "volumeMounts", "startupProbe", "readinessProbe", "lifecycle"}


def make_bridge():
    """Pods and clients share one wire; this end of it has the address SUBNET.1."""
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "address", "add", SUBNET + ".1/24", "dev", BRIDGE)
    run("ip", "link", "set", BRIDGE, "up")


class Container:
    """One container of a pod. Signals go to the process itself, as a runtime sends them."""

    def __init__(self, pod, spec):
        unknown = set(spec) - UNDERSTOOD
        if unknown:
            raise Failed(f"container {spec['name']} has what this kubelet does not know: {sorted(unknown)}")
        self.pod, self.spec = pod, spec
        self.name = f"{RUN}-{pod.name}-{spec['name']}"
        self.last_words = os.path.join(pod.folder, spec["name"] + ".termination-log")
        self.pid = self.code = self.hook_answer = None

    def start(self):
        with open(self.last_words, "w", encoding="utf-8"):
            os.chmod(self.last_words, 0o666)
        podman("run", "-d", "--pull=never", "--name", self.name, "--network", "ns:/run/netns/" + self.pod.netns, *self.locks(), *self.mounts(),
               *self.environment(), self.spec["image"], *(self.expanded(word) for word in self.spec["args"]))
        self.pid = int(podman("inspect", self.name, "--format", "{{.State.Pid}}"))

    def locks(self):
        context = self.spec["securityContext"]
        if context.get("privileged") or context.get("allowPrivilegeEscalation") is not False:
            raise Failed(f"{self.name} does not give up privileges")
        flags = ["--security-opt=no-new-privileges", "--user", f"{context['runAsUser']}:{context['runAsGroup']}"]
        flags += ["--cap-drop=" + name for name in context["capabilities"]["drop"]]
        if context["readOnlyRootFilesystem"]:
            flags += ["--read-only", "--read-only-tmpfs=false"]
        limit = self.spec.get("resources", {}).get("limits", {}).get("memory")
        return flags + (["--memory", limit.replace("Mi", "m")] if limit else [])

    def mounts(self):
        flags = ["-v", self.last_words + ":/dev/termination-log"]
        for mount in self.spec.get("volumeMounts", []):
            flags += ["-v", f"{self.pod.volumes[mount['name']]}:{mount['mountPath']}:ro"]
        return flags

    def environment(self):
        return [word for one in self.spec.get("env", []) for word in ("-e", f"{one['name']}={self.value_of(one)}")]

    def value_of(self, variable):
        if "value" in variable:
            return variable["value"]
        if variable["valueFrom"] != {"fieldRef": {"fieldPath": "status.podIP"}}:
            raise Failed(f"{self.name}: {variable}")
        return self.pod.address

    def expanded(self, word):
        for one in self.spec.get("env", []):
            word = word.replace(f"$({one['name']})", self.value_of(one))
        return word.replace("$$", "$")

    def answers(self, probe, timeout=1):
        """The status of an httpGet probe, or 0."""
        try:
            return self.get(probe["httpGet"], timeout)
        except OSError:
            return 0

    def get(self, action, timeout):
        connection = http.client.HTTPConnection(action.get("host", self.pod.address), self.port(action["port"]), timeout=timeout)
        try:
            connection.request("GET", action["path"])
            response = connection.getresponse()
            response.read()
            return response.status
        except http.client.HTTPException:
            return 0
        finally:
            connection.close()

    def port(self, name_or_number):
        if isinstance(name_or_number, int):
            return name_or_number
        return next(port["containerPort"] for port in self.spec["ports"] if port["name"] == name_or_number)

    def pre_stop(self, timeout):
        """Calls the hook, if there is one, and keeps what it said. A hook that fails ends the wait, nothing more."""
        hook = self.spec.get("lifecycle", {}).get("preStop")
        if hook is None:
            return
        try:
            self.hook_answer = self.get(hook["httpGet"], timeout)
        except OSError as error:
            self.hook_answer = repr(error)

    def running(self):
        """Until its parent has fetched its status, an ended process is a zombie."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
                return file.read().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def send(self, number):
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def end(self, deadline):
        """SIGTERM, and SIGKILL at the deadline; then the exit code."""
        self.send(signal.SIGTERM)
        while self.running() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.send(signal.SIGKILL)
        self.code = int(podman("wait", self.name))

    def log(self):
        return podman("logs", self.name)

    def read_last_words(self):
        with open(self.last_words, encoding="utf-8") as file:
            return file.read()


class Pod:
    def __init__(self, name, number, manifest, config_maps):
        """`manifest` is the Pod; `config_maps` are {name: {file: text}}. `number` makes its address."""
        self.name, self.address = name, f"{SUBNET}.{number}"
        self.netns, self.folder = f"hf-{name}", tempfile.mkdtemp(prefix="holdfast-pod-")
        spec = manifest["spec"]
        os.chmod(self.folder, 0o755)
        self.grace = spec.get("terminationGracePeriodSeconds", 30)
        self.volumes = {volume["name"]: self.config_map(config_maps, volume) for volume in spec.get("volumes", [])}
        self.sidecars = [Container(self, one) for one in spec.get("initContainers", [])]
        if any(one.spec.get("restartPolicy") != "Always" for one in self.sidecars):
            raise Failed(f"{name} has an init container that ends")
        self.containers = [Container(self, one) for one in spec["containers"]]
        self.everything = self.sidecars + self.containers

    def config_map(self, config_maps, volume):
        folder = os.path.join(self.folder, volume["name"])
        os.mkdir(folder, 0o755)
        for name, text in config_maps[volume["configMap"]["name"]].items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        return folder

    def named(self, name):
        return next(one for one in self.everything if one.spec["name"] == name)

    def make_network(self):
        outer, inner = f"v{self.address.rsplit('.', 1)[1]}", "eth0"
        run("ip", "netns", "add", self.netns)
        run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", self.netns)
        run("ip", "link", "set", outer, "master", BRIDGE, "up")
        for command in (["link", "set", "lo", "up"], ["address", "add", self.address + "/24", "dev", inner], ["link", "set", inner, "up"]):
            run("ip", "-n", self.netns, *command)

    def start(self, seconds=60):
        """Starts it as a kubelet does and waits until every readiness probe is content."""
        self.make_network()
        for sidecar in self.sidecars:
            sidecar.start()
            until(lambda sidecar=sidecar: sidecar.answers(sidecar.spec["startupProbe"]) == 200, seconds, f"{sidecar.name} has started")
        for container in self.containers:
            container.start()
        until(self.ready, seconds, lambda: f"{self.name} is ready: " + "\n".join(one.log()[-1500:] for one in self.everything))
        return self

    def ready(self):
        probes = [(one, one.spec["readinessProbe"]) for one in self.everything if "readinessProbe" in one.spec]
        return all(container.answers(probe) == 200 for container, probe in probes)

    def stop(self, hooks=True):
        """Ends it as a kubelet does, within the grace period. Without `hooks`, everything gets its SIGTERM at once, as when a node shuts down."""
        deadline = time.monotonic() + self.grace
        if not hooks:
            return in_parallel(lambda one: one.end(deadline), self.everything)

        def hook_then_end(container):
            container.pre_stop(max(0.1, deadline - time.monotonic()))
            container.end(deadline)
        in_parallel(hook_then_end, self.containers)
        for sidecar in reversed(self.sidecars):
            sidecar.end(deadline)
        return None

    def remove(self):
        if not os.path.exists(self.folder):
            return
        podman("rm", "-f", "-t", "0", *(one.name for one in self.everything), allowed=(0, 1))
        run("ip", "netns", "del", self.netns, allowed=(0, 1))
        shutil.rmtree(self.folder, ignore_errors=True)

    def report(self):
        return json.dumps({one.spec["name"]: {"code": one.code, "hook": one.hook_answer, "last words": one.read_last_words()} for one in self.everything})


def in_parallel(work, items):
    failures = []

    def guarded(item):
        try:
            work(item)
        except Exception as error:  # noqa: BLE001  raised below
            failures.append(error)
    threads = [threading.Thread(target=guarded, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
