#!/usr/bin/env python3
"""slowhttptest in its four modes against Holdfast, while honest clients go on. Needs root (a network namespace).

    tests/end_to_end/slow_attack.py --bin-dir build/release [--seconds 60] [--connections 1000] [--default-limits]

The attackers come from 127.0.0.2, the honest client from 127.0.0.1. Holds when, in each mode, every honest request is
answered 200, their 99th percentile stays below 250 ms, the memory grows by less than 32 MiB, and all attackers'
connections are gone soon after. That is with 64 connections per client. --default-limits leaves that limit off, as
the default policy does for sidecars behind an ingress: then the table reports, and only a crash breaks a promise.
Prints the table and ends with `slow attack: ok`.
"""
import argparse
import os
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import support  # noqa: E402
from support import HOST  # noqa: E402
from wire import Client, request_bytes  # noqa: E402

ATTACKER, TARGET = "127.0.0.2", "127.0.0.3"
MODES = {"slow headers": ["-H", "-i", "3"], "slow body": ["-B", "-i", "3", "-s", "8192"], "range": ["-R", "-t", "GET"],
         "slow read": ["-X", "-w", "1", "-y", "64", "-n", "2", "-z", "5", "-k", "3"]}
GROWTH_MAX = 32 << 20
P99_MAX = 0.25


def in_namespace():
    """Starts this program again where 127.0.0.3 is reached from 127.0.0.2."""
    if os.environ.get("HOLDFAST_SLOW_ATTACK") == "inside":
        return
    route = f"ip link set lo up && ip route replace local {TARGET} dev lo src {ATTACKER} table local && exec \"$@\""
    environment = {**os.environ, "HOLDFAST_SLOW_ATTACK": "inside"}
    os.execvpe("unshare", ["unshare", "--net", "sh", "-c", route, "sh", sys.executable, "-B", *sys.argv], environment)


class Honest:
    """One request every 50 ms on a connection of its own."""

    def __init__(self, address):
        self.address, self.stop = address, threading.Event()
        self.times, self.odd = [], []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stop.is_set():
            started = time.monotonic()
            try:
                client = Client(self.address, timeout=5)
                client.send(request_bytes("GET", "/ok", [("Connection", "close")]))
                status = client.response().status
                client.close()
            except (OSError, AssertionError) as failed:
                status = repr(failed)
            self.times.append(time.monotonic() - started)
            if status != 200:
                self.odd.append(status)
            time.sleep(0.05)

    def end(self):
        self.stop.set()
        self.thread.join(20)
        ordered = sorted(self.times)
        return ordered[int(len(ordered) * 0.99)] if ordered else float("inf")


def attack(t, sidecar, port, mode, arguments, options):
    resident = sidecar.metrics().sum("process_resident_memory_bytes")
    peak, honest = resident, Honest((HOST, port))
    until, process, waves, most = time.monotonic() + options.seconds, None, 0, 0
    while time.monotonic() < until:
        if process is None or process.poll() is not None:  # it ends once all its connections are closed: then it begins again
            seconds = max(1, round(until - time.monotonic()))
            load = ["-c", str(options.connections), "-r", "200", "-l", str(seconds), "-p", "3"]
            process = support.spawn(["slowhttptest", *load, "-u", f"http://{TARGET}:{port}/big", *arguments],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            t.later(lambda process=process: support.kill(process))
            waves += 1
        metrics = sidecar.metrics()
        peak = max(peak, metrics.sum("process_resident_memory_bytes"))
        most = max(most, metrics.sum("holdfast_connections", side="downstream"))
        time.sleep(0.5)
    support.kill(process)
    p99 = honest.end()
    support.until(lambda: sidecar.metrics().sum("holdfast_connections", side="downstream") <= 2, 40, "the attackers' connections are gone")
    print(f"{mode:14} {waves:3} waves, {len(honest.times):6} honest, {len(honest.odd)} not 200, p99 {p99 * 1000:6.1f} ms, "
          f"{most:5.0f} connections at most, memory +{(peak - resident) / 1048576:.1f} MiB", flush=True)
    if options.default_limits:
        return []
    broken = [f"{mode}: honest answers {honest.odd[:3]}"] if honest.odd else []
    if p99 > P99_MAX:
        broken.append(f"{mode}: p99 of honest clients {p99 * 1000:.0f} ms")
    if peak - resident > GROWTH_MAX:
        broken.append(f"{mode}: memory grew by {(peak - resident) / 1048576:.1f} MiB")
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin-dir", default="build/release")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--default-limits", action="store_true")
    options = parser.parse_args()
    for program in ("slowhttptest", "unshare", "ip"):
        if not shutil.which(program):
            sys.exit(f"{program} is not installed")
    in_namespace()
    t = support.Test(os.path.abspath(options.bin_dir), False)
    broken = []
    try:
        users = t.users()
        port = support.free_port()
        policies = {} if options.default_limits else {"limits": "connectionsPerClient: 64"}
        sidecar = t.sidecar(users, policies=policies, top={"listen": f"0.0.0.0:{port}"})
        sidecar.wait_ready()
        for mode, arguments in MODES.items():
            broken += attack(t, sidecar, port, mode, arguments, options)
        broken += sidecar.always()
    except AssertionError as failed:
        broken.append(str(failed))
    finally:
        t.close()
    support.verdict("slow attack", broken)


if __name__ == "__main__":
    main()
