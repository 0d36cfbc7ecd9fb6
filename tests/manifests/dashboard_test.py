#!/usr/bin/env python3
"""A real Prometheus scrapes real sidecars: every query of the dashboard and every series that a rule reads must be there.

A misspelt metric or label gives an empty panel and an alert that never fires, and neither says so. Two sidecars stand before the
reference backend: one enforces and is driven into its limits and its app's faults, the other only reports.
"""
import base64
import http.client
import json
import os
import re
import socket
import ssl
import sys
import threading
import time
import unittest
import urllib.parse
import urllib.request

import yaml

import harness
import rules

sys.path.insert(0, os.path.join(harness.ROOT, "tests", "end_to_end"))
import support  # noqa: E402
from support import free_port, spawn, until  # noqa: E402
from wire import Late  # noqa: E402

DASHBOARD = os.path.join(harness.ROOT, "k8s", "monitoring", "dashboard.json")
OF_WEBHOOK = re.compile(r"holdfast_webhook_|holdfast_certificate_|holdfast-webhook")
# Nothing from outside makes Holdfast fail inside; alerts_test.py holds the word against the table of failures.
NOT_TO_BE_CAUSED = {'holdfast_exchange_failures_total{reason="internal"}'}
SECONDS = 90  # until every query must have answered; usually within 15
POLICY = """version: 1
profile: {profile}
policies:
  timeouts: {{connect: 400ms, firstByte: 400ms, request: 800ms}}
  limits: {{concurrency: 2, queue: 1, queueWait: 100ms, headerCount: 20}}
  rateLimit: {{mode: {rate_mode}, rate: 30/s, burst: 30}}
routes:
  - {{name: create-user, match: POST /users, limits: {{body: 1KiB}}}}
"""


def dashboard():
    with open(DASHBOARD, encoding="utf-8") as file:
        return json.load(file)


def panel_queries(board):
    """(title, query) of every target, as Grafana would send it with all variables on All."""
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"]
            for variable, value in (("$__rate_interval", "8s"), ("$__range", "1m"), ("$namespace", ".*"), ("$service", ".*")):
                query = query.replace(variable, value)
            yield panel["title"], query


def variable_queries(board):
    """The series behind each variable of the kind label_values(series, label), as a query that lists the label's values."""
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
            yield f"variable {variable['name']}", f"count by ({label}) ({series.replace('$namespace', '.*')})"


def rule_queries():
    for rule in [rule for group in rules.groups() for rule in group["rules"]]:
        for selector in sorted(rules.selectors(rule["expr"])):
            yield rule.get("alert") or rule["record"], selector


class Shape(unittest.TestCase):
    def test_panels(self):
        """panels have ids of their own, titles, descriptions and places that do not overlap"""
        panels = dashboard()["panels"]
        self.assertEqual(len({one["id"] for one in panels}), len(panels))
        taken = set()
        for one in panels:
            place = one["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, one["title"])
            self.assertLessEqual(place["x"] + place["w"], 24)
            taken |= cells
            if one["type"] != "row":
                self.assertTrue(one["description"].endswith("."), one["title"])

    def test_selectors(self):
        """the series of an expression are found, without its functions, labels and ranges"""
        self.assertEqual(rules.selectors('max by (a) (sum by (b) (rate(x_total{r="1|2"}[5m])) / on (b) y{n="c"}) > 0.8 or absent(up{s="w"} == 1) and z'),
                         {'x_total{r="1|2"}', 'y{n="c"}', 'up{s="w"}', "z"})
        self.assertGreater(len(list(rule_queries())), 40)


class Prometheus:
    """A Prometheus on loopback that scrapes what it is given once a second and evaluates the rules of k8s/monitoring."""

    def __init__(self, test, targets):
        self.port = free_port()
        config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
                  "rule_files": [rules.write(os.path.join(test.directory, "rules.yaml"))],
                  "scrape_configs": [{"job_name": "holdfast", "static_configs": [
                      {"targets": [f"{host}:{port}"], "labels": labels} for (host, port), labels in targets]}]}
        path = test.write("prometheus.yaml", yaml.safe_dump(config))
        self.log = os.path.join(test.directory, "prometheus.log")
        with open(self.log, "wb") as log:
            self.process = spawn([harness.need("prometheus"), f"--config.file={path}", f"--storage.tsdb.path={test.directory}/data",
                                  f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"], stdout=log, stderr=log, cwd=test.directory)
        test.later(lambda: support.kill(self.process))
        until(self.is_ready, 30, "Prometheus is ready")

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:  # not yet, also as 503
            return False

    def ask(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"Prometheus refuses {parameters}: {refused.read().decode()[:500]}") from None

    def answers(self, query):
        """Whether there is a sample that is a number."""
        result = self.ask("query", query=query)["result"]
        return any(one["value"][1] != "NaN" for one in result)


class Load:
    """Requests that end in many ways, until it is closed."""

    def __init__(self, sidecars):
        self.sidecars, self.over = sidecars, threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(5)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        paths = ["/ok", "/users/1", "/boom", "/reset", "/garbage", "/slow?ms=250", "/slow?ms=600", "/users?limit=2"]
        turn = number
        while not self.over.is_set():
            turn += 1
            for sidecar in self.sidecars:
                try:
                    sidecar.get(paths[turn % len(paths)])
                    sidecar.post("/users", b'{"name":"Ada"}', [("content-type", "application/json")])
                    sidecar.post("/users", b"x" * 4000)
                    sidecar.request("BREW", "/ok", [("bad name", "x")])
                except (OSError, Late):  # cut off, or kept waiting: what it is there for
                    pass
            time.sleep(0.02)

    def close(self):
        self.over.set()
        for thread in self.threads:
            thread.join(10)


class Real(unittest.TestCase):
    def setUp(self):
        harness.need("prometheus")
        self.test = support.Test(harness.bin_dir, False)
        self.addCleanup(self.test.close)

    def sidecar(self, profile, rate_mode):
        users = self.test.users()
        text = POLICY.format(profile=profile, rate_mode=rate_mode)
        return self.test.sidecar(users, policy=text, config=support.sidecar_text(users.address, {"memory": "256MiB"}))

    def unanswered(self, prometheus, queries):
        """Those that have no data when the time is up."""
        deadline = time.monotonic() + SECONDS
        left = list(queries)
        while left and time.monotonic() < deadline:
            left = [one for one in left if not prometheus.answers(one[1])]
            time.sleep(0.5)
        return left

    def test_sidecars(self):
        """every query on sidecars returns data, and every rule evaluates without a fault"""
        enforces, reports = self.sidecar("standard@1", "enforce"), self.sidecar("observe@1", "report")
        prometheus = Prometheus(self.test, [
            (enforces.telemetry, {"namespace": "shop", "service": "users", "pod": "users-a"}),
            (reports.telemetry, {"namespace": "shop", "service": "orders", "pod": "orders-a"})])
        load = Load([enforces, reports])
        self.addCleanup(load.close)
        board = dashboard()
        every = [*variable_queries(board), *panel_queries(board), *rule_queries()]
        asked = [one for one in every if not OF_WEBHOOK.search(one[1]) and one[1] not in NOT_TO_BE_CAUSED]
        started = time.monotonic()
        self.assertEqual(self.unanswered(prometheus, asked), [])
        for group in prometheus.ask("rules")["groups"]:
            self.assertEqual([one["name"] for one in group["rules"] if one["health"] != "ok"], [], group["name"])
        reasons = {one["metric"]["reason"] for one in prometheus.ask("query", query="holdfast_exchange_failures_total")["result"]}
        for reason in ("app_first_byte_slow", "app_5xx", "app_reset", "app_bad_response", "rate_limited", "bad_request", "body_too_large"):
            self.assertIn(reason, reasons)
        self.assertTrue(reasons & {"queue_full", "queue_timeout"}, reasons)
        print(f"{len(asked)} queries answered within {time.monotonic() - started:.0f} s; reasons: {' '.join(sorted(reasons))}")

    def test_a_missing_series_is_seen(self):
        """a query on a label that is not there has no answer"""
        sidecar = self.sidecar("standard@1", "enforce")
        prometheus = Prometheus(self.test, [(sidecar.telemetry, {"namespace": "shop", "service": "users", "pod": "users-a"})])
        until(lambda: prometheus.answers("holdfast_build_info"), 30, "a scrape")
        self.assertFalse(prometheus.answers('holdfast_exchanges_in_flight{namespace="elsewhere"}'))
        self.assertFalse(prometheus.answers("holdfast_exchange_in_flight"))

    def test_webhook(self):
        """every query on the injector returns data"""
        for command in ("webhook", "certs"):
            if not harness.has_command(command):
                self.skipTest(f"this build of holdfast has no {command} command, so the queries on the injector are not run")
        webhook = Webhook(self.test)
        prometheus = Prometheus(self.test, [(webhook.telemetry, {"namespace": "holdfast-system", "service": "holdfast-webhook", "pod": "webhook-a"})])
        board = dashboard()
        asked = [one for one in [*panel_queries(board), *rule_queries()] if OF_WEBHOOK.search(one[1])]
        self.assertGreater(len(asked), 8)
        self.assertIn("patch", webhook.review({"name": "http", "containerPort": 80}))
        self.assertFalse(webhook.review({"name": "grpc", "containerPort": 80})["allowed"])
        load = threading.Thread(target=webhook.ask_until, args=(self.test.event(),), daemon=True)
        load.start()
        self.assertEqual(self.unanswered(prometheus, asked), [])


class Webhook:
    """The real webhook as k8s/base starts it, with a certificate of `holdfast certs`; addresses and paths are those of the test."""

    def __init__(self, test):
        self.address, self.telemetry = ("127.0.0.1", free_port()), ("127.0.0.1", free_port())
        base = {one["kind"]: one for one in harness.objects(harness.kustomize("k8s/base"))}
        pod = base["Deployment"]["spec"]["template"]["spec"]
        self.service = base["MutatingWebhookConfiguration"]["webhooks"][0]["clientConfig"]["service"]
        container, volumes = pod["containers"][0], {one["name"]: one["secret"]["secretName"] for one in pod["volumes"]}
        folder = test.fresh_directory()
        secrets = {one["metadata"]["name"]: one for one in harness.objects(harness.holdfast("certs"))}
        for name, value in secrets[volumes["certificates"]]["data"].items():
            test.write(name, base64.b64decode(value), folder)
        self.authority = os.path.join(folder, "ca.crt")
        given = dict(one.removeprefix("--").split("=", 1) for one in container["args"][1:])
        given |= {"listen": "127.0.0.1:%d" % self.address[1], "telemetry": "127.0.0.1:%d" % self.telemetry[1], "certificates": folder,
                  "drain-key-file": test.write("key", "secret", folder), "image": container["env"][0]["value"]}
        arguments = [container["args"][0], *[f"--{name}={value}" for name, value in given.items()]]
        with open(os.path.join(folder, "log"), "wb") as log:
            process = spawn([test.program("holdfast"), *arguments], stdout=log, stderr=log, cwd=folder, env=support.clean_environment())
        test.later(lambda: support.kill(process))
        until(lambda: support.accepts(self.address[1]) or process.poll() is not None, 10, "the webhook listens")
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            url = "http://127.0.0.1:%d%s" % (self.telemetry[1], container[probe]["httpGet"]["path"])
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200, url

    def review(self, port):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
               "spec": {"containers": [{"name": "c", "image": "i", "ports": [port]}]}}
        request = {"uid": "5", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"},
                   "operation": "CREATE", "namespace": "shop", "object": pod}
        text = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).encode()
        # As the API server does: by the name of the Service, and trusting ca.crt alone.
        connection = http.client.HTTPConnection(*self.address, timeout=5)
        connection.sock = ssl.create_default_context(cafile=self.authority).wrap_socket(
            socket.create_connection(self.address, 5), server_hostname=f"{self.service['name']}.{self.service['namespace']}.svc")
        try:
            connection.request("POST", self.service["path"], text, {"content-type": "application/json"})
            return json.load(connection.getresponse())["response"]
        finally:
            connection.close()

    def ask_until(self, over):
        while not over.wait(0.1):
            self.review({"name": "http", "containerPort": 80})
            self.review({"name": "grpc", "containerPort": 80})


if __name__ == "__main__":
    harness.main()
