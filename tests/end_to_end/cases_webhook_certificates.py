"""The certificates of the webhook: how they are made and renewed, loaded again, and what is said when they cannot be used."""
import concurrent.futures
import json
import ssl
import subprocess
import time

from support import case, until
from webhook import JSON, NAME, Webhook, make_secrets, pod, review, secrets_of, serving_of, signed_by_openssl


def subject_of(webhook, bundle):
    """The serial number of the certificate that is served."""
    connection = webhook.connection(bundle)
    try:
        connection.connect()
        return connection.sock.getpeercert()["serialNumber"]
    finally:
        connection.close()


@case("webhook: a certificate that changes is loaded, also through the swap of a mounted Secret; a bad pair is told and the old one stays")
def reload(t):
    text = make_secrets(t)
    webhook, bundle = Webhook(t, serving_of(text)), serving_of(text)["ca.crt"]
    first = subject_of(webhook, bundle)
    kept = webhook.connection(bundle)
    t.later(kept.close)
    kept.request("POST", "/mutate", review(pod()), JSON)
    t.equal(kept.getresponse().read()[:1], b"{", "an answer")
    renewed = serving_of(make_secrets(t, "--renew", "certificate", stdin=text))
    webhook.mount.put(renewed)
    until(lambda: subject_of(webhook, bundle) != first, 8, "the new certificate is served")
    second = subject_of(webhook, bundle)
    kept.request("POST", "/mutate", review(pod()), JSON)
    t.equal(kept.getresponse().status, 200, "a connection from before goes on")
    other = serving_of(make_secrets(t))
    faults = [({**renewed, "tls.key": other["tls.key"]}, "tls.key is not the key of the certificate in tls.crt"),
              ({**renewed, "tls.crt": b"nothing"}, "tls.crt holds no certificate"),
              ({**renewed, "tls.crt": renewed["tls.crt"][:200]}, "tls.crt holds a certificate that cannot be read"),
              ({**renewed, "tls.key": b""}, "tls.key holds no private key")]
    for files, sentence in faults:
        webhook.mount.put(files)
        line = webhook.line_with(sentence, timeout=8)
        t.equal((line["level"], line["msg"]), ("error", "certificate not reloaded: the one in use stays"), "the line")
        t.equal(webhook.metrics().sum("holdfast_certificate_reload_success"), 0, sentence)
        t.equal(subject_of(webhook, bundle), second, f"{sentence}: the old one stays")
        t.equal(webhook.readyz()[0], 200, "it is ready all the same")
    webhook.mount.put(other)
    until(lambda: webhook.metrics().sum("holdfast_certificate_reload_success") == 1, 8, "a good pair is loaded again")
    t.check(subject_of(webhook, other["ca.crt"]), "clients of the new authority are served")


@case("webhook: a certificate that expires says so in /readyz, the log and the metric; one that comes expired does not replace a good one",
      needs=("openssl",))
def expiry(t):
    soon = signed_by_openssl(t, -3600, 6)
    webhook = Webhook(t, soon)
    t.equal(webhook.readyz(), (200, "ready\n"), "before")
    t.within(webhook.metrics().sum("holdfast_certificate_expiry_timestamp_seconds"), time.time() - 1, time.time() + 6, "the metric")
    until(lambda: webhook.readyz()[0] == 503, 10, "not ready afterwards")
    t.check(webhook.readyz()[1].startswith("the certificate expired at "), webhook.readyz())
    t.equal(webhook.line_with("no client accepts this certificate", timeout=8)["level"], "error", "the line")
    good = serving_of(make_secrets(t))
    webhook.mount.put(good)
    until(lambda: webhook.readyz()[0] == 200, 8, "ready with a good one")
    webhook.mount.put(signed_by_openssl(t, -7200, -3600))
    webhook.line_with("the certificate expired at", timeout=8, after=len(webhook.lines()))
    t.equal(webhook.readyz()[0], 200, "the good one stays")
    t.check(subject_of(webhook, good["ca.crt"]), "and is served")
    late = Webhook(t, signed_by_openssl(t, -7200, -3600))
    t.equal(late.readyz()[0], 503, "one that starts expired waits for a better one")
    late.mount.put(good)
    until(lambda: late.readyz()[0] == 200, 8, "and takes it up")


@case("webhook: a renewal in two steps under 50 requests a second fails no call of a client that trusts ca.crt alone", seconds=90, alone=True)
def renewal(t):
    text = make_secrets(t)
    webhook = Webhook(t, serving_of(text))
    trusted = [serving_of(text)["ca.crt"]]  # what the MutatingWebhookConfiguration has
    old_bundle, body = trusted[0], review(pod())
    faults, calls, ended = [], [], t.event()

    def call(_):
        try:
            status, content = webhook.ask(body, trusted[0])
            if status != 200 or not json.loads(content)["response"]["allowed"]:
                faults.append(f"{status} {content[:200]}")
        except (OSError, ssl.SSLError) as error:
            faults.append(repr(error))
        calls.append(time.monotonic())

    def drive():
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            due = time.monotonic()
            while not ended.is_set():
                pool.submit(call, None)
                due += 0.02
                ended.wait(max(0.0, due - time.monotonic()))

    def serial():
        return subject_of(webhook, trusted[0])

    def calls_go_on(count):
        before = len(calls)
        until(lambda: len(calls) >= before + count, 20, f"{count} more calls")

    with concurrent.futures.ThreadPoolExecutor(1) as runner:
        driven = runner.submit(drive)
        try:
            calls_go_on(50)
            step_one = make_secrets(t, "--renew", "authority", stdin=text)
            webhook.mount.put(serving_of(step_one))
            calls_go_on(50)
            trusted[0] = serving_of(step_one)["ca.crt"]
            calls_go_on(50)
            before = serial()
            step_two = make_secrets(t, "--renew", "certificate", stdin=step_one)
            webhook.mount.put(serving_of(step_two))
            until(lambda: serial() != before, 10, "the new certificate is served")
            calls_go_on(50)
            trusted[0] = serving_of(step_two)["ca.crt"]
            calls_go_on(100)
        finally:
            ended.set()
        driven.result(20)
    t.equal(faults, [], f"failed calls of {len(calls)}")
    rate = (len(calls) - 1) / (calls[-1] - calls[0])
    t.within(rate, 35, 60, "calls a second")
    t.check(trusted[0] != old_bundle and secrets_of(step_two)["holdfast-webhook-ca"]["ca.crt"] == trusted[0], "the new authority alone is trusted")
    try:
        webhook.ask(body, old_bundle)
        t.check(False, "a client that trusts the old authority alone was served")
    except ssl.SSLError:
        pass


@case("webhook: certs makes what openssl verifies for the names of the Service, and says what is wrong with its input", needs=("openssl",))
def certs(t):
    files = serving_of(make_secrets(t, "--namespace", "hooks", "--service", "inject", "--days", "30")
                       .replace("inject-certificates", "holdfast-webhook-certificates"))
    for name, content in files.items():
        t.write(name, content)
    for host in ("inject.hooks.svc", "inject.hooks.svc.cluster.local"):
        result = subprocess.run(["openssl", "verify", "-purpose", "sslserver", "-verify_hostname", host, "-x509_strict", "-CAfile", "ca.crt", "tls.crt"],
                                cwd=t.directory, capture_output=True, timeout=20, text=True, check=False)
        t.equal(result.stdout, "tls.crt: OK\n", f"openssl verify {host}: {result.stderr}")
    for arguments, code, sentence in (
            (["certs", "--days", "0"], 64, "--days needs a number from 1 to 825"),
            (["certs", "--days", "400", "--ca-days", "30"], 64, "--ca-days needs a number from that of --days"),
            (["certs", "--renew", "all"], 64, "--renew needs authority or certificate"),
            (["certs", "--namespace", "A B"], 64, "--namespace needs a namespace"),
            (["certs", "--renew", "authority"], 78, "there is no Secret whose name ends with -certificates"),
            (["certs", "--renew", "authority", "-f", "none.yaml"], 78, "none.yaml"),
            (["certs", "--ca-bundle-patch", "--renew", "authority"], 64, "are two steps")):
        got, out, error = t.run(*arguments)
        t.equal((got, out), (code, ""), " ".join(arguments))
        t.check(error.startswith("holdfast: ") and sentence in error and error.count("\n") == 1, f"{arguments}: {error!r}")
