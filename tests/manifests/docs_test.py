#!/usr/bin/env python3
"""docs/kubernetes.md: every command in it is run, in its order, in a copy of the tree, and the page says what is true.

kubectl is that of offline_kubectl.py. A command that needs a cluster is reported as skipped, each with its reason; where the environment names a
real API server (api_server.py), all are run once more on that one.
"""
import os
import re
import shutil
import stat
import tempfile
import unittest

import yaml

import harness
import restricted
import strict
from api_server import ApiServer
from demo import MODES, injected

PAGE = os.path.join(harness.ROOT, "docs", "kubernetes.md")
OLDEST = int(strict.releases()[0].split(".")[1])
FIRST_NATIVE = 29  # minor version, of native sidecars
# What no client can do alone; offline_kubectl.py has the same list.
REASONS = {"delete -k": "a namespace ends only with its controller", "rollout": "a rollout needs controllers and a kubelet",
           "get events": "events come from controllers", "get pods": "pods come from controllers", "describe": "pods come from controllers",
           "logs": "logs come from a kubelet"}


def page():
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


def blocks(text):
    """The commands of each block that is marked as sh."""
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def reason_of(command):
    words = re.sub(r" -n \S+| -A", "", command.removeprefix("kubectl"))
    return next((reason for start, reason in REASONS.items() if words.strip().startswith(start)), None)


class Commands:
    """Runs the page; who inherits says where objects are."""

    def setUp(self):
        self.kubectl = harness.need("kubectl")
        folder = tempfile.TemporaryDirectory(prefix="holdfast-docs-")
        self.addCleanup(folder.cleanup)
        self.tree, self.cluster, self.path = (os.path.join(folder.name, name) for name in ("tree", "cluster", "path"))
        for name in ("k8s", "policies", "config"):
            shutil.copytree(os.path.join(harness.ROOT, name), os.path.join(self.tree, name))
        os.mkdir(self.cluster)
        os.mkdir(self.path)
        self.environment = {**os.environ, "PATH": self.path + os.pathsep + os.environ["PATH"], "OFFLINE_CLUSTER": self.cluster,
                            "OFFLINE_KUBECTL": self.kubectl, "KUBECONFIG": os.devnull}
        self.program("kubectl", f'exec python3 -B {harness.HERE}/offline_kubectl.py "$@"')
        self.program("holdfast", f'exec {harness.bin_dir}/holdfast "$@"')

    def make_namespaces(self):
        for name in ("shop", "monitoring"):
            self.bash(f"printf 'apiVersion: v1\\nkind: Namespace\\nmetadata: {{name: {name}}}\\n' | kubectl apply -f -")

    def program(self, name, text):
        path = os.path.join(self.path, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)

    def bash(self, script):
        return harness.run(["bash", "-euo", "pipefail", "-c", script], timeout=180, cwd=self.tree, env=self.environment)

    def hook(self):
        return self.object("MutatingWebhookConfiguration", "holdfast-webhook")["webhooks"][0]

    def container(self):
        return self.object("Deployment", "holdfast-webhook", "holdfast-system")["spec"]["template"]["spec"]["containers"][0]

    def test_in_order(self):
        """every command is run in the order of the page, and leaves what the page says"""
        has_certs = harness.has_command("certs")
        ran = 0
        for block in blocks(page()):
            with self.subTest(block):
                if "holdfast certs" in block and not has_certs:
                    if "apply -k k8s/base" in block:
                        self.bash("kubectl apply -k k8s/base")
                    self.skipTest("this build of holdfast has no certs command: " + block.strip().replace("\n", "; "))
                self.bash(block)
                ran += len(block.strip().splitlines())
                self.after(block, has_certs)
        self.tell_not_run(ran)

    def after(self, block, has_certs):
        """What must be so once a block was run."""
        if "ca-bundle.json" in block:
            certificates = self.object("Secret", "holdfast-webhook-certificates", "holdfast-system")
            trusted = certificates.get("data", {}).get("ca.crt")
            self.assertTrue(trusted)
            self.assertEqual(self.hook()["clientConfig"]["caBundle"], trusted)
        if "injection=enabled" in block:
            self.assertEqual(self.object("Namespace", "shop")["metadata"]["labels"]["holdfast.dev/injection"], "enabled")
        if "holdfast.dev/injection-" in block:
            self.assertNotIn("holdfast.dev/injection", self.object("Namespace", "shop")["metadata"].get("labels", {}))
        if '"Ignore"' in block or '"Fail"' in block:
            self.assertEqual(self.hook()["failurePolicy"], "Ignore" if '"Ignore"' in block else "Fail")
            self.assertEqual("caBundle" in self.hook()["clientConfig"], has_certs)
        if "set env" in block:
            self.assertEqual([self.container()["image"], self.container()["env"][0]["value"]], ["registry.example/holdfast:0.2.0"] * 2)
        if "delete -k" in block and "OFFLINE_KUBECONFIG" not in self.environment:
            left = [name for name in os.listdir(self.cluster) if "holdfast-system" in name]
            self.assertEqual([name for name in left if not name.startswith("Secret.")], [])
        if "kustomize k8s/overlays/demo | holdfast inject" in block:
            pod = self.object("Deployment", "users", "holdfast-demo")["spec"]["template"]["spec"]
            self.assertEqual([one["image"] for one in pod["initContainers"]], ["localhost/holdfast:dev"])

    def tell_not_run(self, ran):
        with open(os.path.join(self.cluster, "not_run"), encoding="utf-8") as file:
            commands = file.read().splitlines()
        for command in dict.fromkeys(commands):
            with self.subTest(command):
                reason = reason_of(command)
                self.assertTrue(reason, f"{command} was not run, and nobody says why")
                self.skipTest(f"{reason}: {command}")
        print(f"{ran - len(commands)} of {ran} command lines run")


class Offline(Commands, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.make_namespaces()

    def object(self, kind, name, namespace="-"):
        with open(os.path.join(self.cluster, f"{kind}.{namespace}.{name}.yaml"), encoding="utf-8") as file:
            return yaml.safe_load(file)

    def test_again(self):
        """installing over what is there keeps the API server's trust in the certificate"""
        self.bash("kubectl apply -k k8s/base")
        patch = '[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"QUJD"}]'
        self.bash(f"kubectl patch mutatingwebhookconfiguration holdfast-webhook --type=json -p '{patch}'; kubectl apply -k k8s/base")
        self.assertEqual(self.hook()["clientConfig"]["caBundle"], "QUJD")

    def test_a_wrong_command_fails(self):
        """a command that is wrong, or that nobody can run here, ends the block"""
        for wrong in ("kubectl apply -k k8s/nowhere", "kubectl patch deployment nobody -p '{}'", "kubectl frobnicate", "kubectl rollout restrat deployment users",
                      "kubectl get pods --frobnicate", "holdfast inject --frobnicate",
                      "printf 'apiVersion: v1\\nkind: Secret\\nmetadata: {name: s}\\nstringdata: {a: b}\\n' | kubectl apply -f -"):
            with self.subTest(wrong), self.assertRaises(AssertionError):
                self.bash(wrong)


class RealServer(Commands, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.server = ApiServer(self.cluster)
        self.addCleanup(self.server.close)
        self.server.start()
        if self.server.minor() < OLDEST:
            self.skipTest(f"the API server is 1.{self.server.minor()}, and the oldest supported is 1.{OLDEST}")
        self.environment["OFFLINE_KUBECONFIG"] = self.server.kubeconfig
        self.make_namespaces()
        for kind, plural in (("PodMonitor", "podmonitors"), ("PrometheusRule", "prometheusrules")):
            self.server.run("apply", "-f", "-", text=yaml.safe_dump(custom_kind(kind, plural)))
        self.server.run("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
        users = next(one for one in harness.objects(harness.kustomize("k8s/overlays/plain")) if one["kind"] == "Deployment")
        self.server.run("apply", "-f", "-", text=yaml.safe_dump(users).replace("holdfast-plain", "shop"))

    def object(self, kind, name, namespace="-"):
        scope = [] if namespace == "-" else ["-n", namespace]
        return yaml.safe_load(self.server.run("get", kind, name, *scope, "-o", "yaml"))

    def test_restricted(self):
        """Pod Security of the server takes every pod of k8s/, injected ones too, into a namespace that enforces restricted"""
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "strict", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
        self.server.run("apply", "-f", "-", text=yaml.safe_dump(namespace))
        texts = [harness.kustomize(folder) for folder in ("k8s/base", "k8s/overlays/demo", "k8s/overlays/plain")]
        texts += [injected(mode) for mode in MODES if mode == "container" or self.server.minor() >= FIRST_NATIVE]
        taken = 0
        for one in [one for text in texts for one in harness.objects(text) if restricted.pod_of(one)]:
            metadata, spec = restricted.pod_of(one)
            spec.pop("serviceAccountName", None)
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "name": f"pod-{taken}", "namespace": "strict"}, "spec": spec}
            self.server.run("create", "-f", "-", text=yaml.safe_dump(pod))
            taken += 1
        self.assertGreater(taken, 6)
        bad = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bad", "namespace": "strict"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        self.assertIn("restricted", self.server.run("create", "-f", "-", text=yaml.safe_dump(bad), code=1))


def custom_kind(kind, plural):
    """Enough of the Prometheus operator for the API server to store its objects."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.monitoring.coreos.com"},
            "spec": {"group": "monitoring.coreos.com", "scope": "Namespaced", "names": {"kind": kind, "plural": plural},
                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]}}


class Truth(unittest.TestCase):
    def test_annotations(self):
        """the table of annotations is the list that the injector reads"""
        with open(os.path.join(harness.ROOT, "src", "kubernetes", "settings.cpp"), encoding="utf-8") as file:
            known = re.findall(r'^    Annotation\{"([a-z-]+)"', file.read(), re.MULTILINE)
        self.assertGreater(len(known), 8)
        self.assertEqual(re.findall(r"^\| `holdfast\.dev/([a-z-]+)` \|", page(), re.MULTILINE), known)

    def test_links(self):
        """each link leads to a file, or to a heading of the page"""
        text = page()
        headings = {re.sub(r"[^a-z0-9 -]", "", line.lower()).strip().replace(" ", "-") for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
        for target in re.findall(r"\]\(([^)]+)\)", text):
            with self.subTest(target):
                if target.startswith("https://"):
                    continue
                if target.startswith("#"):
                    self.assertIn(target[1:], headings)
                else:
                    self.assertTrue(os.path.exists(os.path.join(os.path.dirname(PAGE), target)))

    def test_headings_of_alerts(self):
        """the headings that alerts name are there"""
        for name in ("sidecar", "webhook"):
            with open(os.path.join(harness.ROOT, "k8s", "monitoring", f"{name}-rules.yaml"), encoding="utf-8") as file:
                for heading in re.findall(r"docs/kubernetes\.md \(([^)]+)\)", file.read()):
                    self.assertIn(f"\n## {heading}\n", page())

    def test_no_unmarked_commands(self):
        """a block with commands is marked as sh, so that it is run"""
        for kind, block in re.findall(r"^```(\w*)\n(.*?)^```$", page(), re.MULTILINE | re.DOTALL):
            if kind != "sh":
                self.assertNotRegex(block, r"(?m)^(kubectl|holdfast) ")


if __name__ == "__main__":
    harness.main()
