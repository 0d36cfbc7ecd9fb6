#!/usr/bin/env python3
"""The overlays and the base of k8s/: what inject makes of the demo, that the written-out one is the same, and what the webhook is registered for.

New golden files are written by `overlays_test.py --write`; the difference is then read like code.
"""
import os
import re
import subprocess
import sys
import unittest

import harness
import restricted
from demo import MODES, injected, named, normal, read, sidecars
from harness import holdfast, kustomize, objects

sys.path.insert(0, os.path.join(harness.ROOT, "tests", "end_to_end"))
import support  # noqa: E402

GOLDEN = os.path.join(harness.HERE, "golden")


def without_version(text):
    """The status names the version of the injector, which changes without any change to the manifests."""
    return re.sub(r'("version": ?)"[^"]*"', r'\1"VERSION"', text)


class Demo(unittest.TestCase):
    def test_golden(self):
        """the injected demo is what the golden files say, byte for byte but for the version"""
        for mode in MODES:
            with self.subTest(mode):
                golden = read(os.path.join(GOLDEN, f"demo.{mode}.yaml"))
                self.assertEqual(without_version(normal(injected(mode))), without_version(golden))

    def test_twice_and_back(self):
        """injecting the demo twice is the same as once, and uninject gives it back byte for byte"""
        before = kustomize("k8s/overlays/demo")
        for mode, flags in MODES.items():
            once = injected(mode)
            self.assertNotEqual(once, before)
            self.assertEqual(holdfast("inject", "--labelled-only", *flags, "-", text=once), once)
            self.assertEqual(holdfast("uninject", "-", text=once), before)

    def test_says_nothing(self):
        """the demo is injected without a warning, and its database is left alone"""
        before = kustomize("k8s/overlays/demo")
        done = subprocess.run([os.path.join(harness.bin_dir, "holdfast"), "inject", "--labelled-only", "-"], input=before.encode(),
                                      capture_output=True, timeout=30)
        self.assertEqual(done.stderr.decode(), "")
        after = done.stdout.decode()
        self.assertEqual(sidecars(named(after, "StatefulSet", "users-database")), [])
        self.assertEqual(len(sidecars(named(after, "Deployment", "users"))), 1)

    def test_plain_is_the_same(self):
        """the overlay plain is what inject makes of the demo, but for its namespace, the status and the labels that only an injector reads"""
        token = sidecars(named(kustomize("k8s/overlays/plain"), "Deployment", "users"))[0]["env"][0]["value"]
        made, written = injected("container", "--drain-token", token), kustomize("k8s/overlays/plain")
        made = made.replace("holdfast-demo", "holdfast-plain")
        self.assertEqual(by_name(made), by_name(written))

    def test_policies(self):
        """the policies of both overlays are those of the users service, and valid within the sidecar's memory"""
        policy = read(os.path.join(harness.ROOT, "policies", "users.yaml"))
        for overlay in ("demo", "plain"):
            text = kustomize(f"k8s/overlays/{overlay}")
            self.assertEqual(named(text, "ConfigMap", "users-policy")["data"]["policy.yaml"], policy)
            holdfast("check", f"k8s/overlays/{overlay}/policy.yaml", "--memory", "128MiB")

    def test_references(self):
        """each name that a manifest refers to is there: Secrets and ConfigMaps, ports of Services, policies and probes, selectors"""
        made_by_hand = {"holdfast-webhook-certificates", "holdfast-drain-key"}
        for name, text in {"base": kustomize("k8s/base"), "plain": kustomize("k8s/overlays/plain"), "demo": injected("native")}.items():
            with self.subTest(name):
                self.assertEqual(dangling(list(objects(text)), made_by_hand), [])


def by_name(text):
    """Objects by kind and name, without what only an injector reads or writes."""
    found = {}
    for one in objects(text):
        for metadata in [one["metadata"], (restricted.pod_of(one) or [{}])[0]]:
            for list_ in ("annotations", "labels"):
                kept = {key: value for key, value in metadata.get(list_, {}).items() if not key.startswith("holdfast.dev/")}
                metadata.pop(list_, None)
                if kept:
                    metadata[list_] = kept
        found[one["kind"], one["metadata"]["name"]] = one
    return found


def dangling(stream, made_by_hand):
    """Sentences on names that refer to nothing in the stream."""
    there = {(one["kind"], one["metadata"]["name"]) for one in stream} | {("Secret", name) for name in made_by_hand}
    pods = [restricted.pod_of(one) for one in stream if restricted.pod_of(one)]
    found = []
    for _, spec in pods:
        for volume in spec.get("volumes", []):
            for kind, key, field in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
                if key in volume and (kind, volume[key][field]) not in there:
                    found.append(f"{kind} {volume[key][field]}")
        for env in [env for one in spec["containers"] for env in one.get("env", [])]:
            ref = env.get("valueFrom", {}).get("secretKeyRef")
            if ref and ("Secret", ref["name"]) not in there:
                found.append(f"Secret {ref['name']}")
    for one in stream:
        found += ports_without_a_pod(one, pods)
    return found


def ports_without_a_pod(one, pods):
    """Of a Service, NetworkPolicy or PodDisruptionBudget: no pod, or a port that no selected pod has."""
    spec, name = one.get("spec", {}), f"{one['kind']}/{one['metadata']['name']}"
    selector = {"Service": spec.get("selector"), "NetworkPolicy": spec.get("podSelector", {}).get("matchLabels"),
                "PodDisruptionBudget": spec.get("selector", {}).get("matchLabels")}.get(one["kind"])
    if selector is None:
        return []
    chosen = [pod for metadata, pod in pods if selector.items() <= metadata.get("labels", {}).items()]
    declared = {value for pod in chosen for container in pod["containers"] + pod.get("initContainers", [])
                for port in container.get("ports", []) for value in (port.get("name"), port["containerPort"])}
    wanted = {"Service": [port["targetPort"] for port in spec.get("ports", [])] if one["kind"] == "Service" else [],
              "NetworkPolicy": [port["port"] for rule in spec.get("ingress", []) for port in rule.get("ports", [])],
              "PodDisruptionBudget": []}[one["kind"]]
    return ([] if chosen else [f"{name} selects no pod"]) + [f"{name}: port {port}" for port in wanted if port not in declared]


class Runs(unittest.TestCase):
    """The sidecar as the overlays start it, its arguments taken from the manifest; only addresses and paths are those of the test."""

    def start(self, text):
        container = sidecars(named(text, "Deployment", "users"))[0]
        test = support.Test(harness.bin_dir, False)
        self.addCleanup(test.close)
        test.program("users-service")
        users = test.users()
        given = dict(one.removeprefix("--").split("=", 1) for one in container["args"][1:])
        given |= {"listen": "127.0.0.1:0", "telemetry": "127.0.0.1:0", "admin": "127.0.0.1:0", "upstream": users.address,
                  "policy": os.path.join(harness.ROOT, "k8s", "overlays", "demo", "policy.yaml"),
                  "app-probes": given["app-probes"].replace("3000", str(users.port))}
        sidecar = support.Sidecar(test, test.fresh_directory(), ["run", *[f"--{name}={value}" for name, value in given.items()]],
                                  {one["name"]: one["value"] for one in container["env"]}, test.program("holdfast"), None)
        test.sidecars.append(sidecar)
        return sidecar.wait_listening()

    def check(self, text):
        pod = named(text, "Deployment", "users")["spec"]["template"]["spec"]
        sidecar, app = self.start(text), next(one for one in pod["containers"] if one["name"] == "users-service")
        for container in (app, *sidecars(named(text, "Deployment", "users"))):
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                if kind in container:
                    path = container[kind]["httpGet"]["path"]
                    support.until(lambda path=path: sidecar.probe(path)[0] == 200, 5, f"{path} answers 200")
        self.assertEqual(sidecar.get("/users?limit=1").status, 200)
        hook = app["lifecycle"]["preStop"]["httpGet"]["path"]
        self.assertEqual(sidecar.probe(hook[:-1])[0], 404)
        self.assertEqual(sidecar.probe(hook, timeout=30)[0], 200)
        self.assertEqual(sidecar.probe("/readyz")[0], 503)
        self.assertEqual(sidecar.always(), [])

    def test_plain(self):
        """the written-out sidecar starts with its arguments, passes its probes, serves, and its hook drains it"""
        self.check(kustomize("k8s/overlays/plain"))

    def test_injected(self):
        """so does the injected one"""
        self.check(injected("native"))


class Webhook(unittest.TestCase):
    def setUp(self):
        self.text = kustomize("k8s/base")
        self.configuration = named(self.text, "MutatingWebhookConfiguration", "holdfast-webhook")
        self.hook = self.configuration["webhooks"][0]

    def selected(self, labels):
        selector = self.hook["namespaceSelector"]
        kept = all(labels.get(one["key"]) not in one["values"] for one in selector["matchExpressions"])
        return selector["matchLabels"].items() <= labels.items() and kept

    def test_namespaces(self):
        """only opted-in namespaces are seen, and neither the system's nor its own even when labelled"""
        on = {"holdfast.dev/injection": "enabled"}
        self.assertTrue(self.selected({**on, "kubernetes.io/metadata.name": "holdfast-demo"}))
        self.assertFalse(self.selected({"kubernetes.io/metadata.name": "default"}))
        for name in ("kube-system", "holdfast-system", "kube-node-lease"):
            self.assertFalse(self.selected({**on, "kubernetes.io/metadata.name": name}), name)

    def test_settings(self):
        """it fails closed, is asked again after others, has no side effects and 5 seconds"""
        for key, value in {"failurePolicy": "Fail", "reinvocationPolicy": "IfNeeded", "sideEffects": "None", "timeoutSeconds": 5,
                           "matchPolicy": "Equivalent", "admissionReviewVersions": ["v1"]}.items():
            self.assertEqual(self.hook[key], value)
        self.assertEqual(self.hook["rules"], [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
                                               "scope": "Namespaced"}])
        self.assertNotIn("caBundle", self.hook["clientConfig"])

    def test_way(self):
        """the configuration leads to the Service, and the Service to the port the webhook listens on"""
        way = self.hook["clientConfig"]["service"]
        service = named(self.text, "Service", way["name"])
        self.assertEqual(service["metadata"]["namespace"], way["namespace"])
        self.assertEqual(service["spec"]["ports"][0]["port"], way["port"])
        container = named(self.text, "Deployment", "holdfast-webhook")["spec"]["template"]["spec"]["containers"][0]
        ports = {one["name"]: one["containerPort"] for one in container["ports"]}
        self.assertIn(f"--listen=:{ports[service['spec']['ports'][0]['targetPort']]}", container["args"])
        self.assertIn(f"--telemetry=:{ports['telemetry']}", container["args"])

    def test_stays_up(self):
        """one replica may go at a time, and a rollout takes none away"""
        deployment = named(self.text, "Deployment", "holdfast-webhook")["spec"]
        self.assertEqual(deployment["replicas"], 2)
        self.assertEqual(deployment["strategy"]["rollingUpdate"], {"maxUnavailable": 0, "maxSurge": 1})
        self.assertEqual(named(self.text, "PodDisruptionBudget", "holdfast-webhook")["spec"]["minAvailable"], 1)

    def test_flags(self):
        """the webhook accepts the flags it is started with"""
        if not harness.has_command("webhook"):
            self.skipTest("this build of holdfast has no webhook command")
        container = named(self.text, "Deployment", "holdfast-webhook")["spec"]["template"]["spec"]["containers"][0]
        usage = holdfast("webhook", "--help")
        for flag in [one.split("=")[0] for one in container["args"][1:]]:
            self.assertIn(flag, usage)

    def test_images(self):
        """the image of the webhook and the one it gives to sidecars are the same, and that of the overlay plain"""
        container = named(self.text, "Deployment", "holdfast-webhook")["spec"]["template"]["spec"]["containers"][0]
        self.assertIn("--image=$(SIDECAR_IMAGE)", container["args"])
        self.assertEqual(container["env"], [{"name": "SIDECAR_IMAGE", "value": container["image"]}])
        plain = sidecars(named(kustomize("k8s/overlays/plain"), "Deployment", "users"))
        self.assertEqual(plain[0]["image"], container["image"])


def write_golden():
    os.makedirs(GOLDEN, exist_ok=True)
    for mode in MODES:
        with open(os.path.join(GOLDEN, f"demo.{mode}.yaml"), "w", encoding="utf-8") as file:
            file.write(normal(injected(mode)))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write_golden()
    else:
        harness.main()
