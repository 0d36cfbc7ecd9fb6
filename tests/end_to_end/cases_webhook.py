"""The admission webhook over real TLS: versions, reviews of every golden pod, bad requests, start and end, a real API server."""
import base64
import concurrent.futures
import glob
import json
import os
import signal
import socket
import subprocess
import time

import yaml

from support import HOST, REPOSITORY, Sidecar, case, free_port, holds_for, until
from webhook import IMAGE, JSON, KEY, NAME, Webhook, make_secrets, patch_of, pod, review, serving_of, signed_by_openssl, started

GOLDEN = os.path.join(REPOSITORY, "tests", "kubernetes", "golden")
POD_AT = {"Pod": (), "Deployment": ("spec", "template"), "StatefulSet": ("spec", "template"), "DaemonSet": ("spec", "template"),
          "ReplicaSet": ("spec", "template"), "ReplicationController": ("spec", "template"), "Job": ("spec", "template"),
          "CronJob": ("spec", "jobTemplate", "spec", "template")}


def curl(t, webhook, bundle, *arguments, path="/mutate", timeout=10):
    """(status, content, what curl says) of the real curl, which checks the certificate for the name of the Service."""
    ca = os.path.join(t.directory, "trusted.crt")
    if not os.path.exists(ca):
        t.write("trusted.crt", bundle)
    code, out, error = t.curl("--cacert", ca, "--resolve", f"{NAME}:{webhook.data[1]}:{HOST}", "-w", "\n%{http_code} %{http_version}", *arguments,
                              f"https://{NAME}:{webhook.data[1]}{path}", timeout=timeout)
    content, _, tail = out.rpartition("\n")
    return (int(tail.split()[0]) if code == 0 else code), content, error


# --- TLS

@case("webhook: curl is answered over TLS 1.2 and 1.3, and 1.1 is refused with a reason in the log", needs=("curl",))
def versions(t):
    webhook, bundle = started(t)
    body = t.write("review.json", review(pod()))
    for version in ("1.2", "1.3"):
        status, content, error = curl(t, webhook, bundle, f"--tlsv{version}", "--tls-max", version, "-H", "content-type: application/json",
                                      "--data-binary", f"@{body}")
        t.equal(status, 200, f"TLS {version}: {error}")
        t.equal(json.loads(content)["response"]["allowed"], True, "allowed")
    code, _, error = curl(t, webhook, bundle, "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")
    t.equal(code, 35, "TLS 1.1: handshake error of curl")
    t.check("alert protocol version" in error, error)
    webhook.line_with("unsupported protocol")
    t.equal(webhook.metrics().sum("holdfast_tls_handshakes_total", result="ok"), 2, "handshakes")
    t.equal(webhook.metrics().sum("holdfast_tls_handshakes_total", result="failed"), 1, "failed handshakes")
    t.equal(webhook.metrics().sum("holdfast_webhook_reviews_total", outcome="patched"), 2, "patched")
    for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds", "start_time_seconds"):
        t.check(webhook.metrics().has(f"process_{name}"), f"process_{name}")


@case("webhook: a client that says nothing, or half a handshake, is closed within seconds and keeps nobody else waiting", seconds=40)
def silent_clients(t):
    webhook, bundle = started(t)
    silent = [socket.create_connection(webhook.data) for _ in range(40)]
    for number, one in enumerate(silent):
        t.later(one.close)
        if number % 2:
            one.sendall(b"\x16\x03\x01\x02\x00\x01")
    begun = time.monotonic()
    t.equal(webhook.ask(review(pod()), bundle)[0], 200, "another client")
    t.within(time.monotonic() - begun, 0, 2, "its time")
    for one in silent:
        one.settimeout(10)
        try:
            t.equal(one.recv(1), b"", "a silent client is closed")
        except ConnectionResetError:
            pass
    t.within(time.monotonic() - begun, 3, 9, "seconds until they are closed")


@case("webhook: promtool finds nothing wrong with its metrics", needs=("promtool",))
def metric_names(t):
    webhook, bundle = started(t)
    webhook.ask(review(pod()), bundle)
    webhook.ask(b"", bundle)
    text = webhook.metrics().text
    result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=20, check=False)
    t.equal((result.returncode, result.stdout + result.stderr), (0, ""), "promtool")
    for name in ("holdfast_webhook_reviews_total", "holdfast_webhook_review_duration_seconds_count", "holdfast_certificate_expiry_timestamp_seconds",
                 "holdfast_certificate_reload_success", "holdfast_build_info", "process_resident_memory_bytes", "holdfast_draining"):
        t.check(webhook.metrics().has(name), f"{name} is shown")


# --- reviews

def golden_pods():
    """(name, pod, namespace) of every manifest: pods as they are, workloads as the pods that their controllers make."""
    for path in sorted(glob.glob(os.path.join(GOLDEN, "*.in.*"))):
        name = os.path.basename(path).split(".in.")[0]
        with open(path, encoding="utf-8") as file:
            try:
                documents = list(yaml.safe_load_all(file))
            except yaml.YAMLError:
                continue  # denied by the command line as a text; no API server has it
        for number, document in enumerate(documents):
            for item, found in enumerate(pods_in(document)):
                yield f"{name} {number}.{item}", *found


def pods_in(value):
    if not isinstance(value, dict):
        return
    if isinstance(value.get("items"), list):
        for one in value["items"]:
            yield from pods_in(one)
        return
    path = POD_AT.get(value.get("kind"))
    if path is None:
        return
    template = value
    for step in path:
        template = template.get(step) if isinstance(template, dict) else None
    if not isinstance(template, dict):
        return
    metadata = dict(template.get("metadata") or {})
    owner = value.get("metadata") or {}
    if path:
        metadata["generateName"] = f"{owner.get('name', 'nameless')}-"
    namespace = str(metadata.pop("namespace", None) or owner.get("namespace") or "default")
    try:
        made = json.loads(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.get("spec")}))
    except TypeError:
        return  # a date where a text should be: no JSON has it
    yield made, namespace


class Block(yaml.SafeDumper):
    """YAML as people write it: nothing stands for null."""


Block.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", ""))


def by_command_line(t, subject, namespace):
    """(exit code, object, what is said) of `holdfast inject`: of the object as JSON, or as YAML where JSON cannot be edited in place."""
    code, out, said = inject(t, json.dumps(subject, ensure_ascii=False), namespace)
    if "[not-editable]" in said:
        code, out, said = inject(t, yaml.dump(subject, Dumper=Block, sort_keys=False), namespace)
    return code, yaml.safe_load(out) if out else None, said


def inject(t, text, namespace):
    result = subprocess.run([t.program("holdfast"), "inject", "--image", IMAGE, "--drain-key-file", os.path.join(t.directory, "drain-key"),
                             "--namespace", namespace], input=text.encode(), capture_output=True, timeout=20, check=False)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def by_kubectl(directory, subject, patch):
    """What Kubernetes' own code makes of a JSON Patch."""
    paths = [os.path.join(directory, name) for name in ("pod.json", "patch.json")]
    for path, value in zip(paths, (subject, patch)):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(value, file)
    result = subprocess.run(["kubectl", "patch", "--local", "--type=json", "-f", paths[0], "--patch-file", paths[1], "-o", "json"],
                            capture_output=True, timeout=60, check=False, env={**os.environ, "KUBECONFIG": "/dev/null"})
    return json.loads(result.stdout) if result.returncode == 0 else f"kubectl: {result.stderr.decode()}"


@case("webhook: for every golden pod curl, the JSON Patch and kubectl make the very object of holdfast inject", seconds=300, needs=("curl", "kubectl"))
def golden(t):
    webhook, bundle = started(t)
    t.write("drain-key", KEY)
    t.write("ca.crt", bundle)
    counts = {"patched": 0, "unchanged": 0, "denied": 0}

    def compare(found):
        name, subject, namespace = found
        directory = t.fresh_directory()
        code, wanted, said = by_command_line(t, subject, namespace)
        body = t.write("review.json", review(subject, namespace), directory)
        status, content, error = curl(t, webhook, bundle, "-H", "content-type: application/json", "--data-binary", f"@{body}", timeout=30)
        if not t.equal(status, 200, f"{name}: {error} {content[:300]}"):
            return
        response = json.loads(content)["response"]
        if not response["allowed"]:
            counts["denied"] += 1
            sentence = response["status"]["message"].split("; fix: ")[0].split(" (at /")[0]
            expected = code != 0 and sentence in said or "[unnamed-port]" in said and "has no name" in sentence
            t.check(expected, f"{name}: denied for {sentence!r}, the command line says {code} {said}")
            return
        t.equal(code, 0, f"{name}: allowed, the command line says {said}")
        patch = patch_of(response)
        counts["patched" if patch else "unchanged"] += 1
        t.equal(by_kubectl(directory, subject, patch) if patch else subject, wanted, name)

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        list(pool.map(compare, golden_pods()))
    t.check(counts["patched"] >= 60 and counts["denied"] >= 20, f"all kinds are among them: {counts}")
    for outcome, count in counts.items():
        t.equal(webhook.metrics().sum("holdfast_webhook_reviews_total", outcome=outcome), count, f"counted as {outcome}")


@case("webhook: called again with its own result, it answers without a patch and without a warning", needs=("kubectl",))
def reinvocation(t):
    webhook, bundle = started(t)
    subject = pod()
    first = json.loads(webhook.ask(review(subject), bundle)[1])["response"]
    injected = by_kubectl(t.directory, subject, patch_of(first))
    injected["spec"]["containers"].append({"name": "istio-proxy", "image": "proxy:1"})
    again = json.loads(webhook.ask(review(injected, uid="2"), bundle)[1])["response"]
    t.equal(again, {"uid": "2", "allowed": True}, "the answer")


@case("webhook: what is no review gets a 4xx with one sentence, and is logged and counted as refused", needs=("curl",))
def refusals(t):
    webhook, bundle = started(t)
    good = review(pod())
    as_json = {"content-type": "application/json"}
    rows = [
        ("/mutate", "GET", None, as_json, 405, "reviews are sent with POST"),
        ("/mutate", "PUT", good, as_json, 405, "reviews are sent with POST"),
        ("/", "POST", good, as_json, 404, "there is no such path"),
        ("/mutate/", "POST", good, as_json, 404, "there is no such path"),
        ("/mutate", "POST", good, {"content-type": "text/plain"}, 415, "the Content-Type is not application/json"),
        ("/mutate", "POST", good, {}, 415, "the Content-Type is not application/json"),
        ("/mutate", "POST", good, {**as_json, "content-encoding": "gzip"}, 415, "content with a coding is not accepted"),
        ("/mutate", "POST", b"", as_json, 400, "the request is no JSON"),
        ("/mutate", "POST", good[:-1], as_json, 400, "the request is no JSON"),
        ("/mutate", "POST", b'{"kind":1,"kind":1}', as_json, 400, "the request has the member 'kind' twice"),
        ("/mutate", "POST", b"[" * 3000, as_json, 400, "the request is nested more than 100 levels deep"),
        ("/mutate", "POST", good.replace(b"users:1", b"users:\xff"), as_json, 400, "the request is no JSON"),
        ("/mutate", "POST", good.replace(b"admission.k8s.io/v1", b"admission.k8s.io/v1beta1"), as_json, 400, "apiVersion is not"),
        ("/mutate", "POST", good.replace(b'"AdmissionReview"', b'"Review"'), as_json, 400, "kind is not AdmissionReview"),
        ("/mutate", "POST", review(pod(), uid=""), as_json, 400, "request.uid is empty"),
    ]
    for path, method, content, fields, status, sentence in rows:
        got, text = webhook.ask(content, bundle, path, method, fields)
        t.equal(got, status, f"{method} {path} {sentence}")
        t.check(text.decode().startswith(sentence) and text.endswith(b"\n"), f"{sentence!r}: {text[:200]!r}")
    until(lambda: len(webhook.reviews(outcome="refused")) == len(rows), 3, lambda: f"a line for each: {webhook.tail()}")
    t.equal(webhook.metrics().sum("holdfast_webhook_reviews_total", outcome="refused"), len(rows), "counted")
    charset = {"content-type": "Application/JSON; charset=utf-8"}
    t.equal(webhook.ask(good, bundle, "/mutate?timeout=5s", fields=charset)[0], 200, "as API servers ask")


@case("webhook: a pod that cannot be injected is denied with a message for people, never with a 500")
def denials(t):
    webhook, bundle = started(t)
    unnamed = pod()
    del unnamed["spec"]["containers"][0]["ports"][0]["name"]
    status, content = webhook.ask(review(unnamed), bundle)
    response = json.loads(content)["response"]
    t.equal((status, response["allowed"], response["status"]["code"]), (200, False, 403), "a denial")
    t.check("port 3000 has no name" in response["status"]["message"] and "fix: name the port" in response["status"]["message"], response)
    line = until(lambda: webhook.reviews(outcome="denied"), 3, "its line")[0]
    t.equal((line["code"], line["namespace"], line["pod"]), ("unnamed-port", "default", "users"), "the line says which pod and why")
    opted_out = pod()
    opted_out["metadata"]["labels"] = {"holdfast.dev/inject": "false"}
    t.equal(json.loads(webhook.ask(review(opted_out, uid="x"), bundle)[1])["response"], {"uid": "x", "allowed": True}, "opted out")
    warned = json.loads(webhook.ask(review(pod(hostNetwork=True)), bundle)[1])["response"]
    t.check(warned["allowed"] and "patch" not in warned and warned["warnings"][0].startswith("holdfast: a pod in the network"), warned)


@case("webhook: content of 3 MiB is read, more is refused, and slow senders get 408 while others are served", seconds=60)
def bodies(t):
    webhook, bundle = started(t)
    room = 3 << 20
    good = review(pod())
    t.equal(webhook.ask(good + b" " * (room - len(good)), bundle)[0], 200, "exactly 3 MiB")
    t.equal(webhook.ask(good + b" " * (room + 1 - len(good)), bundle)[0], 413, "one byte more")
    slow = []
    for _ in range(30):
        connection = webhook.connection(bundle, 15)
        connection.connect()
        connection.sock.sendall(b"POST /mutate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{")
        t.later(connection.close)
        slow.append(connection.sock)
    begun = time.monotonic()
    for _ in range(5):
        t.equal(webhook.ask(good, bundle, timeout=5)[0], 200, "while 30 uploads hang")
    t.within(time.monotonic() - begun, 0, 5, "seconds for five reviews")
    answers = [one.recv(200).split(b"\r\n")[0] for one in slow]
    t.check(all(answer.startswith((b"HTTP/1.1 408", b"HTTP/1.1 503")) for answer in answers), f"their answers: {set(answers)}")
    t.check(any(b" 408" in answer for answer in answers), f"their answers: {set(answers)}")
    t.within(time.monotonic() - begun, 0, 14, "seconds until the last is gone")
    until(lambda: webhook.reviews(outcome="refused", code="client_body_slow"), 3, "a line of a slow one")


# --- process

@case("webhook: wrong flags, keys, certificates and addresses end the start with their exit code and one sentence")
def starts(t):
    for name, content in serving_of(make_secrets(t)).items():
        t.write(f"tls/{name}", content)
    t.write("key", KEY)
    t.write("empty", "")
    os.mkdir(os.path.join(t.directory, "none"))
    base = {"--certificates": "tls", "--image": IMAGE, "--drain-key-file": "key", "--listen": f"{HOST}:0", "--telemetry": f"{HOST}:0"}
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        busy = f"{HOST}:{taken.getsockname()[1]}"
        for change, code, sentence in (
                ({"--image": None}, 64, "--image is missing"), ({"--certificates": None}, 64, "--certificates is missing"),
                ({"--listen": "nowhere"}, 64, "--listen: "), ({"--native": "maybe"}, 64, "--native needs auto, true or false"),
                ({"--kube-version": "2"}, 64, "--kube-version needs a version"), ({"--log-level": "loud"}, 64, "--log-level: "),
                ({"--drain-key-file": "missing"}, 78, "missing"), ({"--drain-key-file": "empty"}, 78, "empty is empty"),
                ({"--certificates": "none"}, 78, "--certificates none: cannot read none/tls.crt"), ({"--listen": busy}, 69, "another process listens there"),
                ({"--telemetry": busy}, 69, "(telemetry)")):
            flags = [word for flag, value in {**base, **change}.items() if value is not None for word in (flag, value)]
            got, out, error = t.run("webhook", *flags)
            t.equal(got, code, f"{change}: {error}")
            t.check(sentence in error and error.count("\n") == 1, f"{change}: {error!r} {out[:200]!r}")
    code, out, _ = t.run("webhook", "--help")
    t.check(code == 0 and "Example:" in out, "help")


@case("webhook: SIGTERM takes it out of /readyz first, serves on meanwhile, and ends with 0 once no connections come", seconds=40)
def drain(t):
    webhook, bundle = started(t)
    kept = webhook.connection(bundle)
    t.later(kept.close)
    kept.request("POST", "/mutate", review(pod()), JSON)
    kept.getresponse().read()
    webhook.signal(signal.SIGTERM)
    until(lambda: webhook.readyz() == (503, "draining\n"), 3, "not ready")
    holds_for(lambda: webhook.ask(review(pod()), bundle)[0] == 200, 2, "reviews are answered while endpoints forget it")
    kept.request("POST", "/mutate", review(pod()), JSON)
    t.equal(kept.getresponse().status, 200, "on a connection from before, too")
    kept.close()
    holds_for(lambda: webhook.ask(review(pod()), bundle)[0] == 200, 6, "new connections are served as long as they come")
    t.equal(webhook.wait_exit(4), 0, "exit code, a moment after the last")
    t.equal(webhook.line_with('"msg":"stopped"')["drained"], True, "drained")


@case("webhook: without the program beside it, holdfast says what is missing")
def program_missing(t):
    lonely = os.path.join(t.directory, "holdfast")
    os.link(t.program("holdfast"), lonely) if os.stat(t.bin_dir).st_dev == os.stat(t.directory).st_dev else copy_file(t.program("holdfast"), lonely)
    result = subprocess.run([lonely, "certs"], capture_output=True, timeout=20, text=True, check=False)
    t.equal(result.returncode, 70, "exit code")
    t.check("holdfast-webhook: No such file" in result.stderr and "install it beside holdfast" in result.stderr, result.stderr)


def copy_file(source, target):
    with open(source, "rb") as read, open(target, "wb") as written:
        written.write(read.read())
    os.chmod(target, 0o755)


# --- a real API server

class ApiServer:
    """etcd and kube-apiserver on loopback, with one administrator."""

    def __init__(self, t, etcd, server):
        self.t, self.port = t, free_port()
        directory = t.fresh_directory()
        store, peers = free_port(), free_port()
        t.write("tokens.csv", "secret-of-the-test,admin,1,system:masters\n", directory)
        subprocess.run(["openssl", "genrsa", "-out", "sa.key", "2048"], cwd=directory, capture_output=True, timeout=60, check=True)
        self.spawn(directory, "etcd", [etcd, "--data-dir", "etcd", "--listen-client-urls", f"http://{HOST}:{store}", "--advertise-client-urls",
                                       f"http://{HOST}:{store}", "--listen-peer-urls", f"http://{HOST}:{peers}"])
        self.spawn(directory, "apiserver",
                   [server, "--etcd-servers", f"http://{HOST}:{store}", "--cert-dir", "certs", "--bind-address", HOST, "--secure-port", str(self.port),
                    "--token-auth-file", "tokens.csv", "--authorization-mode", "AlwaysAllow", "--disable-admission-plugins", "ServiceAccount",
                    "--service-account-issuer", "https://test.example", "--service-account-key-file", "sa.key", "--service-account-signing-key-file",
                    "sa.key", "--service-cluster-ip-range", "10.0.0.0/24"])
        until(lambda: self.kubectl("get", "namespace", "default")[0] == 0, 90, lambda: f"the API server serves: {self.kubectl('get', 'namespace')}",
              pause=0.5)

    def spawn(self, directory, name, arguments):
        with open(os.path.join(directory, f"{name}.log"), "wb") as log:
            process = subprocess.Popen(arguments, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603
        self.t.later(lambda: (process.kill(), process.wait(10)))

    def kubectl(self, *arguments, stdin=""):
        result = subprocess.run(["kubectl", "--server", f"https://{HOST}:{self.port}", "--token", "secret-of-the-test", "--insecure-skip-tls-verify",
                                 *arguments], input=stdin, capture_output=True, timeout=30, text=True, check=False,
                                env={**os.environ, "KUBECONFIG": "/dev/null", "HOME": self.t.directory})
        return result.returncode, result.stdout, result.stderr


def register(api, webhook, bundle):
    hook = {"name": "inject.holdfast.dev", "clientConfig": {"url": f"https://{HOST}:{webhook.data[1]}/mutate", "caBundle": bundle},
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
            "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail", "reinvocationPolicy": "IfNeeded", "timeoutSeconds": 5,
            "namespaceSelector": {"matchLabels": {"holdfast.dev/injection": "enabled"}}}
    return api.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
                                                              "metadata": {"name": "holdfast-webhook"}, "webhooks": [hook]}))


@case("webhook: a real API server injects, denies and warns by it", seconds=180, alone=True, needs=("kubectl", "openssl"))
def api_server(t):
    etcd, server = os.environ.get("TEST_ASSET_ETCD"), os.environ.get("TEST_ASSET_KUBE_APISERVER")
    if not etcd or not server:
        t.skip("TEST_ASSET_ETCD and TEST_ASSET_KUBE_APISERVER name no etcd and kube-apiserver")
    files = signed_by_openssl(t, -3600, 86400, f"DNS:{NAME},IP:{HOST}")
    webhook = Webhook(t, files, ["--kube-version", "1.28"])  # plain containers: every server takes those
    api = ApiServer(t, etcd, server)
    code, _, error = register(api, webhook, base64.b64encode(files["ca.crt"]).decode())
    t.require(code == 0, f"registered: {error}")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"holdfast.dev/injection": "enabled"}}}
    t.equal(api.kubectl("create", "-f", "-", stdin=json.dumps(namespace))[0], 0, "a namespace")

    def create(subject, name):
        subject["metadata"] = {**subject["metadata"], "name": name, "namespace": "shop"}
        subject["metadata"].pop("generateName", None)
        return api.kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(subject))
    # A configuration is in force a moment after it was created.
    until(lambda: create(pod(), f"users-{time.monotonic_ns()}")[0] == 0 and webhook.reviews(outcome="patched"), 30, "an injected pod", pause=1)
    code, out, error = create(pod(), "users")
    t.equal(code, 0, f"created: {error}")
    names = [one["name"] for one in json.loads(out)["spec"]["containers"]]
    t.equal(names, ["api", "holdfast"], "containers")
    unnamed = pod()
    del unnamed["spec"]["containers"][0]["ports"][0]["name"]
    code, _, error = create(unnamed, "unnamed")
    t.check(code != 0 and 'admission webhook "inject.holdfast.dev" denied the request: port 3000 has no name' in error, error)
    code, out, error = create(pod(hostNetwork=True), "host")
    t.check(code == 0 and "Warning: holdfast: a pod in the network of its node" in error, error)
    opted_out = pod()
    opted_out["metadata"]["labels"] = {"holdfast.dev/inject": "false"}
    code, out, error = create(opted_out, "out")
    t.equal([one["name"] for one in json.loads(out)["spec"]["containers"]], ["api"], f"opted out: {error}")
    t.equal(Sidecar.ask(webhook.telemetry, "GET", "/readyz")[0], 200, "ready")
