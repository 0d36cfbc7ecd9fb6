#!/usr/bin/env python3
"""Full load with random faults on both sides, reloads every second, changing log levels, and an app that is killed, stopped and exchanged.

    tests/end_to_end/soak.py --bin-dir build/soak --seconds 1800 [--seed N] [--threads 24] [--processes 2] [--wrk 16]

Clients: soak_clients.py, and wrk for the plain part of the load where it is installed. Apps: soak_app.py or users-service, chosen at each
restart. Everything random comes from the seed. Holds when: no crash and nothing on stderr; each outcome, at the client and in the access
line, is one that its faults allow or that overlaps a disturbance of the app; honest clients are never blamed and no exchange ends as
`internal`; access lines + dropped lines = exchanges = metrics; nothing smuggled reaches the app; descriptors come back to where they began;
over the last third of a run of five minutes or more the resident memory, as means of minutes, stays within 2 %; exit 0 after SIGTERM. Prints rows,
one line per broken promise, and ends with `soak: ok` or `soak: N broken promises`.
"""
import argparse
import datetime
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, deque

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import support  # noqa: E402

BASE = {"rateLimit": "mode: disabled, because: load",
        "timeouts": "clientHeaders: 2s, clientBodyIdle: 2s, connect: 300ms, firstByte: 1500ms, request: 4s, streamIdle: 1500ms, clientIdle: 3s, "
                    "upstreamIdle: 1s",
        "drain": "announce: 500ms, finish: 3s"}
ROUTES = ["name: users, match: POST /users", "name: user, match: GET /users/*", "name: soak, match: GET /s/*"]
# ASan keeps up to 256 MiB of freed memory, which would grow for half an hour, and gives pages back every 5 s, which would make it swing:
# with 16 MiB and no giving back, the resident memory is the high-water mark.
SANITIZERS = {"ASAN_OPTIONS": "quarantine_size_mb=16:thread_local_quarantine_size_kb=64:allocator_release_to_os_interval_ms=-1:detect_leaks=1",
              "UBSAN_OPTIONS": "print_stacktrace=1"}
RESIDENT_APART, DESCRIPTORS_MORE, SAMPLE_EVERY, LONG = 2.0, 2, 5, 300  # %, descriptors, s, s

SHED = {"ok", "queue_full", "queue_timeout"}  # whatever the faults are
APP_REASONS = {
    "early": {"app_reset", "app_truncated"}, "e500": {"app_5xx"}, "reset_before": {"app_reset"}, "reset_head": {"app_reset"},
    "reset_content": {"app_reset", "app_truncated"}, "cut_content": {"app_truncated"}, "cut_chunked": {"app_truncated"},
    "bad_chunk": {"app_truncated", "app_bad_response"}, "stall_before": {"app_first_byte_slow", "app_request_slow"},
    "stall_head": {"app_first_byte_slow", "app_request_slow"}, "stall_content": {"app_stream_idle", "app_request_slow"},
    "garbage": {"app_bad_response", "app_reset", "app_headers_too_large"}, "big_head": {"app_headers_too_large"},
    "tunnel": {"app_truncated", "app_reset", "app_stream_idle"}}
CLIENT_REASONS = {
    **dict.fromkeys(("rst_upload", "rst_response", "rst_pipeline", "half_close", "cut_head", "expect_gone", "wrk"), {"client_gone"}),
    "stall_head": {"client_headers_slow"}, "stall_body": {"client_body_slow"}, "stall_read": {"client_gone", "client_read_slow"},
    "garbage": {"bad_request", "method_refused", "unsupported_version", "client_gone", "headers_too_large", "uri_too_long"},
    "smuggle": {"bad_request"},
    "too_big": {"body_too_large", "headers_too_large", "uri_too_long", "client_gone"}, "tunnel": {"client_gone", "client_read_slow"}}
# lines without a path that says whose they are: heads that were refused, and the paths of users-service
NAMELESS = set().union(*CLIENT_REASONS.values())
LABELS = {"get", "head", "post", "chunked", "tiny", "trickle", "pipeline", "expect", *CLIENT_REASONS}


def blame_of(reason):
    if reason == "ok":
        return "none"
    if reason.startswith("app_"):
        return "app"
    return "client" if reason in NAMELESS else "sidecar"


class Disturbances:
    """When the app was killed, stopped or on its way up."""

    def __init__(self):
        self.spans = []

    def __enter__(self):
        self.spans.append([time.time() - 0.2, float("inf")])

    def __exit__(self, *_):
        self.spans[-1][1] = time.time() + 1.0

    def overlap(self, start, end):
        return any(start <= last and end >= first for first, last in self.spans)


class Lines:
    """Counts the lines of the sidecar as they come, and judges each access line."""

    def __init__(self, disturbances):
        self.disturbances, self.ends, self.odd, self.kinds, self.access = disturbances, Counter(), [], Counter(), 0
        self.reloads = deque(maxlen=6)

    def skims(self, raw):
        """The many lines of wrk are counted by their bytes, one in 32 is read as JSON: Python would not keep up."""
        if b'"path":"/s/wrk/ok?t=wrk&n=2"' not in raw or b'"reason":"ok","blame":"none"' not in raw or self.access % 32 == 0:
            return False
        self.access += 1
        self.ends["ok", "none", "wrk"] += 1
        return True

    def __call__(self, line, raw):
        if line.get("msg") != support.ACCESS:
            if "reload" in line["msg"]:
                self.reloads.append(raw.decode()[:400])
            return
        self.access += 1
        reason, parts = line["reason"], line["path"].partition("?")[0].split("/")
        client, app = (parts[2], parts[3]) if len(parts) == 4 and parts[2] in LABELS else ("", "")
        self.ends[reason, line["blame"], client] += 1
        if line["blame"] != blame_of(reason):
            self.broken("blame", raw)
        elif parts[-1] == "smuggled":
            self.broken("smuggled", raw)
        elif reason not in SHED and not self.allowed(reason, client, app, line):
            self.broken(f"{client}/{app} ended as {reason}", raw)

    def allowed(self, reason, client, app, line):
        if reason in APP_REASONS.get(app, ()) or reason in CLIENT_REASONS.get(client, ()):
            return True
        if client == "" and (reason in NAMELESS or reason == "app_5xx"):
            return True
        # a POST is never sent twice: an idle connection that the app closes may cost it its answer
        if reason == "app_reset" and line["method"] == "POST" and line.get("upstream", {}).get("reused"):
            return True
        end = datetime.datetime.fromisoformat(line["ts"]).timestamp()
        return reason.startswith("app_") and reason != "app_bad_response" and self.disturbances.overlap(end - line["ms"]["total"] / 1000, end)

    def broken(self, what, raw):
        self.kinds[what] += 1
        if self.kinds[what] <= 2 and len(self.odd) < 20:
            self.odd.append(f"{what}: {raw.decode()[:900]}")


class Backend:
    """One of the two apps at a time, on one port."""

    def __init__(self, t, rng):
        self.t, self.rng, self.users, self.process, self.starts = t, rng, t.users(start=False), None, 0
        self.address, self.finds = self.users.address, os.path.join(t.directory, "app-finds")
        t.later(self.kill)

    def start(self, name=None):
        self.starts += 1
        if (name or self.rng.choice(["faults", "faults", "faults", "users"])) == "users":
            self.users.start()
            self.process = self.users.process
            return
        command = [sys.executable, "-B", os.path.join(HERE, "soak_app.py"), str(self.users.port), str(self.rng.getrandbits(32))]
        with open(self.finds, "ab") as finds:
            self.process = support.spawn(command, stdout=finds, stderr=subprocess.DEVNULL)
        support.until(lambda: support.accepts(self.users.port), 10, "the app listens")

    def kill(self):
        if self.process:
            support.kill(self.process)

    def found(self):
        if not os.path.exists(self.finds):
            return []
        with open(self.finds, encoding="utf-8", errors="replace") as finds:
            return [f"at the app: {line.strip()}" for line in finds.readlines()[:20]]


class Clients:
    """The processes that make load. Their events are judged as they come."""

    def __init__(self, t, sidecar, options, disturbances):
        self.disturbances, self.odd, self.counts, self.late, self.lock = disturbances, [], Counter(), 0, threading.Lock()
        address, self.processes, self.wrk = f"{sidecar.data[0]}:{sidecar.data[1]}", [], None
        for number in range(options.processes):
            command = [sys.executable, "-B", os.path.join(HERE, "soak_clients.py"), address, f"{options.seed}-{number}", str(options.threads)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            t.later(lambda process=process: support.kill(process))
            self.processes.append(process)
        self.readers = [threading.Thread(target=self.read, args=(process,), daemon=True) for process in self.processes]
        for reader in self.readers:
            reader.start()
        if options.wrk and shutil.which("wrk"):
            url = f"http://{address}/s/wrk/ok?t=wrk&n=2"
            self.wrk = support.spawn(["wrk", "-t", "1", "-c", str(options.wrk), "-d", f"{options.seconds:.0f}s", url], stdout=subprocess.DEVNULL)
            t.later(lambda: support.kill(self.wrk))

    def read(self, process):
        for raw in process.stdout:
            event = json.loads(raw)
            with self.lock:
                if "counts" in event:
                    self.counts.update(event["counts"])
                    self.late += event["late"]
                elif not self.excused(event) and len(self.odd) < 20:
                    self.odd.append(f"client {raw.decode().strip()}")

    def excused(self, event):
        """Whether a disturbance of the app explains an outcome, or an idle connection that it closed under a POST; the log lines tell."""
        if event["outcome"] == "502" and event["client"] in ("post", "post_chunked", "trickle", "expect", "stall_body", "api"):
            return True
        return event["outcome"] in ("502", "504", "cut200", "cut404") and self.disturbances.overlap(event["from"], event["to"])

    def end(self):
        for process in self.processes:
            process.stdin.close()
        if self.wrk:
            self.wrk.send_signal(signal.SIGINT)
            self.wrk.wait(10)
        for process, reader in zip(self.processes, self.readers):
            process.wait(60)
            reader.join(5)


class Samples:
    """Requests, memory and descriptors every few seconds; a row per minute."""

    def __init__(self, sidecar, seconds):
        self.sidecar, self.seconds, self.started, self.rows, self.printed = sidecar, seconds, time.monotonic(), [], 0
        print("   s  requests      /s  resident MiB  descriptors  connections  cpu s", flush=True)

    def take(self):
        at = time.monotonic() - self.started
        if at < len(self.rows) * SAMPLE_EVERY:
            return
        metrics = self.sidecar.metrics()
        names = ("holdfast_http_requests_total", "process_resident_memory_bytes", "process_open_fds", "holdfast_connections",
                 "process_cpu_seconds_total")
        row = [at, *(metrics.sum(name) for name in names)]
        row[2] /= 1048576
        self.rows.append(row)
        if at >= self.printed * min(60, max(SAMPLE_EVERY, self.seconds / 10)):
            before = self.rows[-13] if len(self.rows) > 13 else self.rows[0]
            rate = (row[1] - before[1]) / max(0.1, at - before[0])
            print(f"{at:4.0f} {row[1]:9.0f} {rate:7.0f} {row[2]:13.1f} {row[3]:12.0f} {row[4]:12.0f} {row[5]:6.0f}", flush=True)
            self.printed += 1

    def broken(self):
        """What is held for a moment differs from sample to sample, so the means of minutes are compared."""
        last = [row for row in self.rows if self.seconds * 2 / 3 <= row[0] <= self.seconds]
        minutes = {}
        for row in last:
            minutes.setdefault(int((row[0] - last[0][0]) / 60), []).append(row[2])
        means = [sum(values) / len(values) for values in minutes.values() if len(values) > 5]
        if not means:
            return []
        apart = 100 * (max(means) / min(means) - 1)
        print(f"last third: {min(means):.1f} to {max(means):.1f} MiB resident in the mean of a minute, {apart:.2f} % apart; "
              f"{min(row[2] for row in last):.1f} to {max(row[2] for row in last):.1f} MiB in {len(last)} samples")
        return [f"resident memory: {apart:.2f} % apart over the last third"] if self.seconds >= LONG and apart > RESIDENT_APART else []


def reload(sidecar, rng, turn):
    limits = (f"concurrency: {rng.randrange(32, 64)}, queue: 32, queueWait: 500ms, body: 256KiB, headers: 16KiB, uri: 4KiB, "
              f"requestsPerConnection: {rng.choice([100, 10000])}")
    policies = {**BASE, "errors": f"message: turn {turn}", "limits": limits}
    before = sidecar.config_hash()  # not later: the changed file is also found without the signal
    if rng.random() < 0.1:  # refused; the one in force stays
        sidecar.rewrite("policy.yaml", support.policy_text({**policies, "limits": "nonsense: 1"}, ROUTES))
        sidecar.signal(signal.SIGHUP)
        support.until(lambda: sidecar.metrics().sum("holdfast_config_reload_success") == 0, 10, "the faulty configuration is refused")
    sidecar.rewrite("policy.yaml", support.policy_text(policies, ROUTES))
    sidecar.signal(signal.SIGHUP)
    support.until(lambda: sidecar.config_hash() != before, 10, "the new configuration is in force", pause=0.05)


def disturb(sidecar, backend, disturbances, samples, rng, seconds):
    """One reload and one log level a second; the app is killed and replaced, or stopped for a second, every 5 to 15 seconds."""
    started, turn, at = time.monotonic(), 0, 3
    while time.monotonic() < started + seconds and sidecar.process.poll() is None:
        turn += 1
        reload(sidecar, rng, turn)
        # never below info: every access line counts
        sidecar.ask_admin("PUT", "/loglevel", rng.choice(["info", "info", "info,policy=debug", "debug"]))
        if time.monotonic() > started + at and time.monotonic() < started + seconds - 3:
            at += rng.uniform(5, 15)
            with disturbances:
                if rng.random() < 0.4:
                    os.kill(backend.process.pid, signal.SIGSTOP)
                    time.sleep(1)
                    os.kill(backend.process.pid, signal.SIGCONT)
                else:
                    backend.kill()
                    time.sleep(rng.uniform(0, 1))
                    backend.start()
        samples.take()
        time.sleep(max(0.0, started + turn - time.monotonic()))


def counts_agree(lines, metrics, clients):
    """Lines, metrics and what the clients saw."""
    total, dropped = metrics.sum("holdfast_http_requests_total"), metrics.sum("holdfast_log_lines_dropped_total")
    broken = []
    if not lines.access <= total <= lines.access + dropped:
        broken.append(f"{lines.access} access lines, {dropped:.0f} dropped lines, {total:.0f} exchanges")
    ended = Counter()
    for (reason, blame, _), count in lines.ends.items():
        ended[reason, blame] += count
    for (reason, blame), count in sorted(ended.items()):
        counted = metrics.sum("holdfast_exchange_failures_total", reason=reason, blame=blame) if reason != "ok" else count
        if not count <= counted <= count + dropped:
            broken.append(f"{reason}, blame {blame}: {count} lines, {counted:.0f} counted")
    print(f"{total:.0f} exchanges, {lines.access} access lines, {dropped:.0f} lines dropped, {sum(clients.counts.values())} visits but wrk's")
    print("reasons: " + ", ".join(f"{reason} ({blame}) {count}" for (reason, blame), count in ended.most_common()))
    by_client = Counter()
    for key, count in clients.counts.items():
        client, _, outcome = key.split(" ", 2)
        by_client[client, outcome] += count
    for client in sorted({client for client, _ in by_client}):
        print(f"  {client:13}" + ", ".join(f"{outcome} {count}" for (name, outcome), count in by_client.most_common() if name == client))
    return broken


def at_rest(sidecar, samples, before):
    """The metrics once nothing is in flight and the descriptors are back, or stay."""
    support.until(lambda: sidecar.metrics().sum("holdfast_exchanges_in_flight") == 0, 15, "no exchange in flight")
    try:
        support.until(lambda: sidecar.metrics().sum("process_open_fds") <= before.sum("process_open_fds") + DESCRIPTORS_MORE, 20, "", pause=0.5)
    except support.Failed:
        pass
    samples.take()
    time.sleep(1)
    return sidecar.metrics()


def promises(sidecar, clients, lines, backend, samples, before):
    broken = list(sidecar.always()) + clients.odd + lines.odd + backend.found()
    if clients.late:
        broken.append(f"{clients.late} clients still wait")
    if sidecar.process.poll() is not None:
        return broken + sidecar.after_exit()
    metrics = at_rest(sidecar, samples, before)
    broken += counts_agree(lines, metrics, clients) + samples.broken()
    first, last = before.sum("process_open_fds"), metrics.sum("process_open_fds")
    print(f"descriptors: {first:.0f} at the start, {last:.0f} at rest")
    if last > first + DESCRIPTORS_MORE:
        broken.append(f"descriptors went from {first:.0f} to {last:.0f}")
    if metrics.sum("holdfast_config_reload_success") != 1:
        broken.append("the last reload failed")
    if sidecar.get("/healthz").status != 200:
        broken.append("the request after the load is not answered 200")
    sidecar.expect_exit = True
    sidecar.signal(signal.SIGTERM)
    code = sidecar.wait_exit(20)
    if code != 0:
        broken.append(f"exit code {code} after SIGTERM")
    return broken + sidecar.after_exit()


def run(t, options):
    rng, disturbances = random.Random(options.seed), Disturbances()
    backend, lines = Backend(t, rng), Lines(disturbances)
    backend.start("faults")
    sidecar = t.sidecar(backend.address, policies=BASE, routes=ROUTES, arguments=["--workers", "2"], environment=SANITIZERS, consumer=lines)
    sidecar.wait_ready()
    before, started = sidecar.metrics(), time.monotonic()
    clients, samples = Clients(t, sidecar, options, disturbances), Samples(sidecar, options.seconds)
    try:
        disturb(sidecar, backend, disturbances, samples, rng, options.seconds)
    except (AssertionError, OSError) as failed:
        raise support.Failed(f"{failed!r}; last lines on reloads: {list(lines.reloads)}") from None
    finally:
        clients.end()
    print(f"{backend.starts} starts of the app, {len(disturbances.spans)} disturbances, {time.monotonic() - started:.0f} s")
    return promises(sidecar, clients, lines, backend, samples, before)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin-dir", default="build/release")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--threads", type=int, default=24, help="of each client process")
    parser.add_argument("--processes", type=int, default=2, help="of faulty clients")
    parser.add_argument("--wrk", type=int, default=16, help="connections of plain load; 0 for none")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"seed {options.seed}", flush=True)
    t, broken = support.Test(os.path.abspath(options.bin_dir), False), []
    try:
        broken = run(t, options)
    except AssertionError as failed:
        broken.append(str(failed))
        for sidecar in t.sidecars:
            broken += sidecar.always() + sidecar.after_exit()
    except support.Skipped as why:
        broken.append(f"cannot run: {why}")
    finally:
        t.close()
    support.verdict("soak", broken)


if __name__ == "__main__":
    main()
