"""A running `holdfast webhook` with its certificates as Kubernetes mounts them, and a client that is as strict as an API server."""
import base64
import copy
import http.client
import json
import os
import socket
import ssl
import subprocess
import time

import yaml

import support
from support import Failed, until

NAME = "holdfast-webhook.holdfast-system.svc"
IMAGE = "registry.example/holdfast:1.0.0"
KEY = "golden"
JSON = {"content-type": "application/json"}


def secrets_of(text):
    """The two Secrets of `holdfast certs`: name → key → bytes."""
    return {one["metadata"]["name"]: {key: base64.b64decode(value) for key, value in one["data"].items()}
            for one in yaml.safe_load_all(text)}


def serving_of(text):
    return secrets_of(text)["holdfast-webhook-certificates"]


def make_secrets(t, *arguments, stdin=None):
    """What `holdfast certs …` prints."""
    result = subprocess.run([t.program("holdfast"), "certs", *arguments], input=stdin, capture_output=True, timeout=20, text=True, check=False)
    t.require(result.returncode == 0, f"certs {arguments}: {result.returncode} {result.stderr}")
    return result.stdout


class Mount:
    """A directory of files as the kubelet keeps it: names are links through `..data`, which is swapped for a new version."""

    def __init__(self, directory):
        self.directory, self.version = directory, 0
        os.makedirs(directory, exist_ok=True)

    def put(self, files):
        self.version += 1
        version = f"..version-{self.version}"
        os.mkdir(os.path.join(self.directory, version))
        for name, content in files.items():
            with open(os.path.join(self.directory, version, name), "wb") as file:
                file.write(content)
            link = os.path.join(self.directory, name)
            if not os.path.islink(link):
                os.symlink(os.path.join("..data", name), link)
        swap = os.path.join(self.directory, "..data_tmp")
        os.symlink(version, swap)
        os.replace(swap, os.path.join(self.directory, "..data"))


class Webhook(support.Sidecar):
    """Its `data` is the address for reviews."""

    def __init__(self, t, files, arguments=(), listen="127.0.0.1:0"):
        directory = t.fresh_directory()
        self.mount = Mount(os.path.join(directory, "tls"))
        self.mount.put(files)
        key = t.write("key", KEY, directory)
        super().__init__(t, directory, ["webhook", "--certificates", "tls", "--image", IMAGE, "--drain-key-file", key, "--listen", listen,
                                        "--telemetry", "127.0.0.1:0", *arguments], None, t.program("holdfast"))
        t.sidecars.append(self)
        until(lambda: self.lines() is not None and (self.data and self.telemetry) or self.process.poll() is not None, 10,
              lambda: f"both listeners: {self.stderr()}")
        if not self.telemetry:
            raise Failed(f"the webhook ended with {self.process.poll()}: {self.stderr()}")

    def take(self, raw):
        super().take(raw)
        line = self.parsed[-1] if self.parsed else {}
        if line.get("msg") == "listening" and line.get("listener") == "webhook":
            self.data = support.split_address(line["address"])

    def reviews(self, **fields):
        return [line for line in self.lines() if line.get("msg") == "review" and all(line.get(key) == value for key, value in fields.items())]

    def connection(self, bundle, timeout=8):
        return Connection(self.data, bundle, timeout)

    def ask(self, content, bundle, path="/mutate", method="POST", fields=None, timeout=8):
        """(status, bytes) on a connection of its own that trusts `bundle` alone."""
        connection = self.connection(bundle, timeout)
        try:
            connection.request(method, path, body=content, headers=JSON if fields is None else fields)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    probe = support.Sidecar.probe

    def metrics(self):
        status, text, _ = support.Sidecar.ask(self.telemetry, "GET", "/metrics")
        if status != 200:
            raise Failed(f"/metrics answered {status}")
        return support.Metrics(text)

    def readyz(self):
        status, text, _ = support.Sidecar.ask(self.telemetry, "GET", "/readyz")
        return status, text


class Connection(http.client.HTTPSConnection):
    """Goes to an address, and checks the certificate for NAME, as an API server does for a Service."""

    def __init__(self, address, bundle, timeout):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=bundle.decode())
        super().__init__(NAME, address[1], timeout=timeout, context=context)
        self.address = address
        self.tls = context

    def connect(self):
        self.sock = self.tls.wrap_socket(socket.create_connection(self.address, self.timeout), server_hostname=NAME)


def pod(name="users", **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": f"{name}-"},
            "spec": {"containers": [{"name": "api", "image": "users:1", "ports": [{"name": "http", "containerPort": 3000}]}], **spec}}


def review(subject, namespace="default", uid="705ab4f5-6393-11e8-b7cc-42010a800002"):
    """As recorded from an API server, but for the pod in it."""
    metadata = subject.get("metadata", {})
    request = {"uid": uid, "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"},
               "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
               "requestResource": {"group": "", "version": "v1", "resource": "pods"}, "name": metadata.get("name", ""), "namespace": namespace,
               "operation": "CREATE",
               "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller", "groups": ["system:authenticated"]},
               "object": copy.deepcopy(subject), "oldObject": None, "dryRun": False,
               "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}}
    return json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}).encode()


def patch_of(response):
    return json.loads(base64.b64decode(response["patch"])) if "patch" in response else None


def started(t, arguments=()):
    files = serving_of(make_secrets(t))
    return Webhook(t, files, arguments), files["ca.crt"]


def signed_by_openssl(t, begin, end, names=f"DNS:{NAME}"):
    """A certificate that is its own authority, valid from `begin` to `end` (seconds from now)."""
    directory = t.fresh_directory()
    config = t.write("ca.cnf", "[ca]\ndefault_ca=c\n[c]\ndatabase=index\nserial=serial\nnew_certs_dir=.\npolicy=p\ndefault_md=sha256\n"
                               f"rand_serial=yes\n[p]\ncommonName=supplied\n[x]\nsubjectAltName={names}\nbasicConstraints=critical,CA:TRUE\n",
                     directory)
    t.write("index", "", directory)

    def moment(offset):
        return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + offset))
    for arguments in (["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={NAME}", "-keyout", "tls.key",
                       "-out", "csr"],
                      ["ca", "-batch", "-config", config, "-selfsign", "-keyfile", "tls.key", "-in", "csr", "-out", "tls.crt", "-notext",
                       "-extensions", "x", "-startdate", moment(begin), "-enddate", moment(end)]):
        result = subprocess.run(["openssl", *arguments], cwd=directory, capture_output=True, timeout=20, check=False)
        t.require(result.returncode == 0, f"openssl {arguments[0]}: {result.stderr.decode()}")
    files = {}
    for name in ("tls.crt", "tls.key"):
        with open(os.path.join(directory, name), "rb") as file:
            files[name] = file.read()
    return {**files, "ca.crt": files["tls.crt"]}
