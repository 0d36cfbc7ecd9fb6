#!/usr/bin/env python3
"""The alerts of k8s/monitoring: `promtool check rules` and `promtool test rules`, and what must hold for each of them.

alerts.yaml has the cases. Every alert has one that fires and one that does not; a file for promtool is made of each.
"""
import copy
import os
import re
import tempfile
import unittest

import yaml

import harness
import rules

SHORT = {"requests": "holdfast_http_requests_total", "failures": "holdfast_exchange_failures_total", "upstream_healthy": "holdfast_upstream_healthy",
         "draining": "holdfast_draining", "first_byte_bucket": "holdfast_upstream_first_byte_seconds_bucket", "limit": "holdfast_limit",
         "first_byte_count": "holdfast_upstream_first_byte_seconds_count", "in_flight": "holdfast_exchanges_in_flight",
         "connections": "holdfast_connections"}


def cases():
    with open(os.path.join(harness.HERE, "alerts.yaml"), encoding="utf-8") as file:
        return yaml.load(file, yaml.BaseLoader)  # all is text: 0x30 is thirty samples of 0, not 48


def full(series):
    """A short name stands for a metric of the service users in the namespace shop."""
    name, rest = series.split("{", 1)
    if name not in SHORT:
        return series
    pod = "" if 'pod="' in rest else ',pod="a"'
    return f'{SHORT[name]}{{namespace="shop",service="users"{pod}' + ("," + rest if rest != "}" else rest)


def rendered(text, labels, value):
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels.get(found[1], ""), text)
    return re.sub(r"\{\{ \$value \| \w+ \}\}", lambda _: value, text)


def promtool_test(alert, case):
    """One element of `tests:` in a file for `promtool test rules`."""
    expected = []
    if "labels" in case:
        labels = {**case["labels"], **alert["labels"]}
        texts = {key: rendered(text, labels, case.get("value", "?")) for key, text in alert["annotations"].items()}
        expected = [{"exp_labels": labels, "exp_annotations": texts}]
    series = [{"series": full(name), "values": values} for name, values in case["series"].items()]
    return {"interval": "1m", "input_series": series, "alert_rule_test": [
        {"eval_time": case["at"], "alertname": alert["alert"], "exp_alerts": expected}]}


class Promtool(unittest.TestCase):
    def setUp(self):
        self.promtool = harness.need("promtool")
        folder = tempfile.TemporaryDirectory(prefix="holdfast-rules-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.rules = rules.write(os.path.join(self.folder, "rules.yaml"))
        self.by_name = {one["alert"]: one for one in rules.alerts()}

    def play(self, tests, code=0):
        path = os.path.join(self.folder, "cases.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump({"rule_files": [self.rules], "evaluation_interval": "1m", "tests": tests}, file)
        return harness.run([self.promtool, "test", "rules", path], code=code, timeout=200)

    def test_syntax(self):
        """promtool check rules accepts them"""
        self.assertIn("SUCCESS", harness.run([self.promtool, "check", "rules", self.rules]))

    def test_cases(self):
        """each case fires, or stays silent, as alerts.yaml says, with the texts people read"""
        tests = [promtool_test(self.by_name[entry["alert"]], case) for entry in cases() for case in entry["fires"] + entry["silent"]]
        self.play(tests)
        print(f"{len(tests)} cases of {len(self.by_name)} alerts")

    def test_cases_can_fail(self):
        """a case with its verdict turned round fails, for every alert"""
        turned = []
        for entry in cases():
            fires, silent = copy.deepcopy(entry["fires"][0]), copy.deepcopy(entry["silent"][0])
            silent["labels"] = fires.pop("labels")
            turned += [promtool_test(self.by_name[entry["alert"]], case) for case in (fires, silent)]
        failed = re.findall(r"alertname: (\w+), time", self.play(turned, code=1))
        self.assertEqual(sorted(failed), sorted(2 * list(self.by_name)))


class Complete(unittest.TestCase):
    def test_every_alert_has_both(self):
        """every alert has a case that fires and one that does not, and no case is of an alert that is not there"""
        self.assertEqual(missing([one["alert"] for one in rules.alerts()], cases()), [])

    def test_missing_is_seen(self):
        """an alert without one of them is named"""
        one = {"fires": [{"labels": {}}], "silent": [{}]}
        self.assertEqual(missing(["A", "B", "C"], [{"alert": "A", **one}, {"alert": "B", "fires": [], "silent": [{}]}, {"alert": "D", **one}]),
                         ["B has no case that fires", "C has no case", "D is no alert"])

    def test_texts(self):
        """every alert has a severity, a summary, and says who must act and what to do first"""
        for alert in rules.alerts():
            with self.subTest(alert["alert"]):
                self.assertIn(alert["labels"]["severity"], ("page", "ticket"))
                self.assertLess(len(alert["annotations"]["summary"]), 160)
                for part in ("Who must act: ", "Do first: "):
                    self.assertIn(part, alert["annotations"]["description"])

    def test_words(self):
        """each reason that the rules name is one that Holdfast has"""
        reasons = set(re.findall(r'^\s*X\(\w+, *"(\w+)"', read("src/core/failure.h"), re.MULTILINE))
        self.assertGreater(len(reasons), 20)
        for rule in [rule for group in rules.groups() for rule in group["rules"]]:
            for matcher in re.findall(r'reason=~?"([^"]*)"', rule["expr"]):
                self.assertLessEqual(set(matcher.split("|")), reasons, rule)


class Scraping(unittest.TestCase):
    """Both ways to scrape give targets the labels that rules and dashboard go by."""

    def relabelled(self, steps, meta):
        """What Prometheus makes of a target's labels; only the action replace."""
        labels = dict(meta)
        for step in steps:
            source = ";".join(labels.get(name, "") for name in step.get("source_labels", step.get("sourceLabels", [])))
            found = re.fullmatch(step.get("regex", "(.*)"), source)
            if found and step.get("action", "replace") == "replace":
                labels[step.get("target_label", step.get("targetLabel"))] = found.expand(step.get("replacement", "$1").replace("$1", r"\1"))
        return labels.get("service")

    def test_service(self):
        """the label service is the name of the workload, whoever made the pod"""
        operator = list(yaml.safe_load_all(read("k8s/monitoring/pod-monitors.yaml")))
        plain = yaml.safe_load(read("k8s/monitoring/scrape-config.yaml"))["scrape_configs"]
        for steps in (operator[0]["spec"]["podMetricsEndpoints"][0]["relabelings"], plain[0]["relabel_configs"]):
            for pod, kind, name, service in (("users-5d9c7b4f6-x2x4z", "ReplicaSet", "users-5d9c7b4f6", "users"), ("db-0", "StatefulSet", "db", "db"),
                                             ("agent-abcde", "DaemonSet", "agent", "agent"), ("bare-pod", "", "", "bare-pod"),
                                             ("a-b-5d9c7b4f6-x2x4z", "ReplicaSet", "a-b-5d9c7b4f6", "a-b")):
                self.assertEqual(self.relabelled(steps, {"__meta_kubernetes_pod_name": pod, "__meta_kubernetes_pod_controller_kind": kind,
                                                         "__meta_kubernetes_pod_controller_name": name}), service)
        for steps in (operator[1]["spec"]["podMetricsEndpoints"][0]["relabelings"], plain[1]["relabel_configs"]):
            self.assertEqual(self.relabelled(steps, {}), "holdfast-webhook")

    def test_syntax(self):
        """promtool takes the scrape configuration, but for the discovery, which Debian's Prometheus is built without"""
        config = yaml.safe_load(read("k8s/monitoring/scrape-config.yaml"))
        for one in config["scrape_configs"]:
            self.assertEqual(one.pop("kubernetes_sd_configs")[0]["role"], "pod")
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
            yaml.safe_dump(config, file)
            file.flush()
            harness.run([harness.need("promtool"), "check", "config", "--syntax-only", file.name])

    def test_ports(self):
        """the ports that are scraped are those of the sidecar and of the webhook"""
        self.assertIn('telemetry_port_name = "hf-telemetry"', read("src/kubernetes/pod.h"))
        for name in ("pod-monitors.yaml", "scrape-config.yaml"):
            self.assertIn("hf-telemetry", read(f"k8s/monitoring/{name}"))
        self.assertIn("{name: telemetry, containerPort: 9902}", read("k8s/base/webhook.yaml"))


def missing(alerts, entries):
    """Sentences on alerts without a case of either kind."""
    by_name = {entry["alert"]: entry for entry in entries}
    found = []
    for name in alerts:
        entry = by_name.get(name)
        if entry is None:
            found.append(f"{name} has no case")
            continue
        if not [one for one in entry["fires"] if "labels" in one]:
            found.append(f"{name} has no case that fires")
        if not [one for one in entry["silent"] if "labels" not in one]:
            found.append(f"{name} has no case that stays silent")
    return found + [f"{name} is no alert" for name in by_name if name not in alerts]


def read(path):
    with open(os.path.join(harness.ROOT, path), encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    harness.main()
