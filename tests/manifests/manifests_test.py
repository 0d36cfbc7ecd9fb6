#!/usr/bin/env python3
"""The manifests of k8s/, and injected pods: what the oldest and the newest supported Kubernetes take, and restricted.

Supported: 1.25, the first release whose Pod Security admission is stable (with sidecars as plain containers), to 1.36; native
sidecars from 1.29.
"""
import copy
import glob
import json
import os
import tempfile
import unittest

import yaml

import harness
import restricted
import strict
from demo import MODES, injected, named, read, sidecars
from harness import holdfast, kustomize, objects

OLDEST, FIRST_NATIVE, NEWEST = strict.releases()[0], "1.29", strict.releases()[-1]
FOLDERS = ["k8s/base", "k8s/overlays/demo", "k8s/overlays/plain", "k8s/monitoring"]
BEYOND_PYYAML = {"tab_in_text"}


def schema_faults(text, release):
    types = strict.Types(release)
    return [fault for one in objects(text) for fault in types.faults(one)]


def restricted_faults(text):
    return [f"{one['kind']}/{one['metadata']['name']}: {fault}" for one in objects(text) if restricted.pod_of(one)
            for fault in restricted.faults(*restricted.pod_of(one))]


class Schema(unittest.TestCase):
    def test_folders(self):
        """every folder of k8s/ is schema-clean for the oldest and the newest Kubernetes"""
        for folder in FOLDERS:
            text = kustomize(folder)
            for release in (OLDEST, NEWEST):
                with self.subTest(folder=folder, release=release):
                    self.assertEqual(schema_faults(text, release), [])

    def test_injected(self):
        """the injected demo is schema-clean: plain containers from the oldest on, native sidecars from 1.29 on"""
        for mode, releases in {"container": (OLDEST, NEWEST), "native": (FIRST_NATIVE, NEWEST)}.items():
            for release in releases:
                with self.subTest(mode=mode, release=release):
                    self.assertEqual(schema_faults(injected(mode), release), [])

    def test_injected_goldens(self):
        """no golden pod of the injector has a fault for the newest Kubernetes that it did not have before injection"""
        folder = os.path.join(harness.ROOT, "tests", "kubernetes", "golden")
        names = sorted(name for name in os.listdir(folder) if ".out." in name)
        self.assertGreater(len(names), 40)
        for name in names:
            if name.split(".")[0] in BEYOND_PYYAML:
                continue
            before, after = (schema_faults(read(os.path.join(folder, one)), NEWEST) for one in (name.replace(".out.", ".in."), name))
            with self.subTest(name):
                self.assertEqual(after, before)

    def test_the_check_can_fail(self):
        """the strict check names unknown fields, wrong types, missing fields and unknown kinds"""
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [
            {"name": "c", "imagePullpolicy": "Always", "ports": [{"containerPort": "80"}], "env": [{"value": "x"}]}]}}
        text = "\n".join(strict.Types(NEWEST).faults(pod))
        for part in ("imagePullpolicy: V1Container has no such field", "containerPort: expected number, got '80'", "env[0].name: required"):
            self.assertIn(part, text)
        self.assertIn("is no kind", strict.Types(NEWEST).faults({"apiVersion": "apps/v1beta1", "kind": "Deployment"})[0])
        native = copy.deepcopy(pod)
        native["spec"] = {"initContainers": [{"name": "h", "restartPolicy": "Always"}], "containers": [{"name": "c"}]}
        self.assertIn("no such field in " + OLDEST, strict.Types(OLDEST).faults(native)[0])
        self.assertEqual(strict.Types(FIRST_NATIVE).faults(native), [])


class RealTypes(unittest.TestCase):
    """kubectl decodes into the types of its own release, and drops what that release does not know."""

    def clients(self):
        """(minor version, path) of each kubectl.1.NN beside the one on PATH."""
        folder = os.path.dirname(os.path.realpath(harness.need("kubectl")))
        return sorted((int(path.rsplit(".", 1)[1]), path) for path in glob.glob(os.path.join(folder, "kubectl.1.*")))

    def test_nothing_is_dropped(self):
        """the types of each kubectl.1.NN on this machine have every field of every workload"""
        clients = [one for one in self.clients() if one[0] >= int(OLDEST.split(".")[1])]
        if not clients:
            self.skipTest("no kubectl.1.NN lies beside kubectl, so the tables of types/ alone were asked")
        for minor, client in clients:
            texts = [kustomize("k8s/base"), kustomize("k8s/overlays/plain"), injected("container")]
            texts += [injected("native")] if minor >= int(FIRST_NATIVE.split(".")[1]) else []
            for one in [one for text in texts for one in objects(text) if restricted.pod_of(one)]:
                with self.subTest(client=minor, name=one["metadata"]["name"]):
                    self.assertEqual(list(dropped(one, typed(client, one), "")), [])

    def test_a_drop_is_seen(self):
        """a field that a release does not know is named"""
        self.assertEqual(list(dropped({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}]}, "")), [".a[0].c"])


def typed(client, workload):
    """The object as this kubectl understands it. It prints only what it changed, so it changes an image."""
    name = restricted.pod_of(workload)[1]["containers"][0]["name"]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        yaml.safe_dump(workload, file)
        file.flush()
        return json.loads(harness.run([client, "set", "image", "--local", "-f", file.name, f"{name}=another", "-o", "json"]))


def dropped(before, after, at):
    """Paths of what is in the first and not in the second."""
    if isinstance(before, dict):
        for key, value in before.items():
            if key not in after:
                yield f"{at}.{key}"
            else:
                yield from dropped(value, after[key], f"{at}.{key}")
    elif isinstance(before, list):
        for index, (one, other) in enumerate(zip(before, after)):
            yield from dropped(one, other, f"{at}[{index}]")


class Restricted(unittest.TestCase):
    def test_folders(self):
        """every pod of k8s/ keeps the rules of the profile restricted"""
        for folder in FOLDERS:
            with self.subTest(folder):
                self.assertEqual(restricted_faults(kustomize(folder)), [])

    def test_injected(self):
        """injected pods keep them, too, in both modes"""
        for mode in MODES:
            with self.subTest(mode):
                text = injected(mode)
                self.assertEqual(restricted_faults(text), [])
                self.assertEqual(len(sidecars(named(text, "Deployment", "users"))), 1)

    def test_only_the_sidecar_needs_to(self):
        """a sidecar keeps them by itself, in a pod that sets nothing"""
        bare = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - {name: c, image: i, ports: [{name: http, containerPort: 80}]}\n"
        for mode, flags in MODES.items():
            faults = restricted_faults(holdfast("inject", *flags, "-", text=bare))
            self.assertTrue(faults, mode)
            self.assertEqual([one for one in faults if "container holdfast" in one], [], mode)

    def test_the_check_can_fail(self):
        """each rule of the profile is seen when it is broken"""
        good = {"containers": [{"name": "c", "securityContext": {"allowPrivilegeEscalation": False, "runAsNonRoot": True,
                                "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}}]}
        self.assertEqual(restricted.faults({}, good), [])
        for path, value, word in BROKEN:
            bad = copy.deepcopy(good)
            place = bad
            for step in path[:-1]:
                place = place[step] if isinstance(place, list) else place.setdefault(step, {})
            place[path[-1]] = value
            with self.subTest(path):
                self.assertTrue([one for one in restricted.faults({}, bad) if word in one])


CONTEXT = ("containers", 0, "securityContext")
BROKEN = [
    (("hostNetwork",), True, "hostNetwork"), (("hostPID",), True, "hostPID"), (("hostIPC",), True, "hostIPC"),
    (("volumes",), [{"name": "v", "hostPath": {"path": "/"}}], "hostPath"),
    (("securityContext", "runAsUser"), 0, "user 0"), (("securityContext", "sysctls"), [{"name": "kernel.msgmax"}], "sysctl"),
    ((*CONTEXT, "privileged"), True, "privileged"), ((*CONTEXT, "allowPrivilegeEscalation"), True, "allowPrivilegeEscalation"),
    ((*CONTEXT, "capabilities"), {"drop": ["NET_RAW"]}, "drop ALL"), ((*CONTEXT, "capabilities"), {"drop": ["ALL"], "add": ["NET_ADMIN"]}, "adds"),
    ((*CONTEXT, "runAsNonRoot"), False, "runAsNonRoot"), ((*CONTEXT, "seccompProfile"), None, "no seccomp"),
    ((*CONTEXT, "seccompProfile"), {"type": "Unconfined"}, "seccomp Unconfined"), ((*CONTEXT, "procMount"), "Unmasked", "procMount"),
    ((*CONTEXT, "seLinuxOptions"), {"user": "u"}, "SELinux"), (("containers", 0, "ports"), [{"containerPort": 1, "hostPort": 1}], "hostPort"),
]


if __name__ == "__main__":
    harness.main()
