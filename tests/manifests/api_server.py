"""A real API server for tests, with the etcd it needs: TEST_ASSET_KUBE_APISERVER and TEST_ASSET_ETCD name the programs, as for envtest.

It listens on loopback, on ports the kernel chose, and knows one user who may do everything. No controller and no kubelet runs: what is
applied is validated, admitted and stored, and nothing comes of it.
"""
import json
import os
import subprocess
import sys
import time
import unittest

import yaml

import harness

sys.path.insert(0, os.path.join(harness.ROOT, "tests", "end_to_end"))
from support import free_port, kill, spawn  # noqa: E402

PROGRAMS = ("TEST_ASSET_KUBE_APISERVER", "TEST_ASSET_ETCD")
TOKEN = "of-the-test"


class ApiServer:
    def __init__(self, folder):
        missing = [name for name in PROGRAMS if not os.access(os.environ.get(name, ""), os.X_OK)]
        if missing:
            raise unittest.SkipTest(f"no real API server: {' and '.join(missing)} do not name programs")
        self.folder, self.processes = folder, []
        self.kubectl = harness.need("kubectl")
        self.port = free_port()
        self.kubeconfig = self.write("kubeconfig", yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": {"server": f"https://127.0.0.1:{self.port}", "insecure-skip-tls-verify": True}}],
            "users": [{"name": "test", "user": {"token": TOKEN}}]}))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def start(self):
        clients, peers = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.spawn("etcd", [os.environ["TEST_ASSET_ETCD"], f"--data-dir={self.folder}/data", f"--listen-client-urls={clients}",
                            f"--advertise-client-urls={clients}", f"--listen-peer-urls={peers}"])
        key = os.path.join(self.folder, "account.key")
        harness.run(["openssl", "genrsa", "-out", key, "2048"])
        tokens = self.write("tokens.csv", f'{TOKEN},admin,admin,"system:masters"\n')
        self.spawn("kube-apiserver", [
            os.environ["TEST_ASSET_KUBE_APISERVER"], f"--etcd-servers={clients}", "--bind-address=127.0.0.1", f"--secure-port={self.port}",
            "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none", f"--cert-dir={self.folder}/certificates",
            "--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC", f"--token-auth-file={tokens}",
            "--service-account-issuer=https://127.0.0.1", f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
            "--disable-admission-plugins=ServiceAccount"])
        deadline = time.monotonic() + 90
        while not self.is_ready():
            ended = [name for name, process in self.processes if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"the API server is not ready; {ended} ended; last lines: {self.tail()}")
            time.sleep(0.5)
        return self

    def spawn(self, name, arguments):
        with open(os.path.join(self.folder, name + ".log"), "wb") as log:
            self.processes.append((name, spawn(arguments, stdout=log, stderr=log, cwd=self.folder)))

    def is_ready(self):
        asked = subprocess.run([self.kubectl, "--kubeconfig", self.kubeconfig, "get", "--raw", "/readyz"], capture_output=True, timeout=30)
        return asked.returncode == 0 and asked.stdout == b"ok"

    def tail(self):
        texts = []
        for name, _ in self.processes:
            with open(os.path.join(self.folder, name + ".log"), encoding="utf-8", errors="replace") as log:
                texts.append(f"{name}: {log.read()[-1500:]}")
        return "\n".join(texts)

    def minor(self):
        version = json.loads(self.run("version", "-o", "json"))["serverVersion"]
        return int("".join(digit for digit in version["minor"] if digit.isdigit()))

    def run(self, *arguments, text="", code=0):
        return harness.run([self.kubectl, "--kubeconfig", self.kubeconfig, *arguments], text, code)

    def close(self):
        for _, process in reversed(self.processes):
            kill(process)
