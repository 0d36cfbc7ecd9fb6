#!/usr/bin/env python3
"""What a request may cost, in units that do not depend on the machine's mood: gates.py [--build build/release] [--only REGEX] [--profile FILE]

Instructions and allocations: callgrind over the worker's thread and the log writer's (callgrind.py); the control thread, which works by the clock,
is left out. System calls: strace over the same threads, the difference of two runs likewise. Memory: what only this process has (Private_Dirty: PSS
depends on who else runs) at start and per connection of 8,000 idle ones. The same policies and requests as in scripts/bench (peers/, stand.py).
Ends with `N passed, N failed`.
"""
import argparse
import glob
import os
import re
import shutil
import signal
import sys
import time
from collections import Counter

import callgrind
import stand
import worst

# Name of a gate and its ceiling: 5 % above what was reached. It is lowered when the path gets cheaper; raising one needs a reason.
CEILINGS = {
    "instructions, GET 1 KiB, bare": 9_500,
    "instructions, GET 1 KiB, parity + log": 11_960,
    "instructions, POST 4 KiB, parity + log": 13_580,
    "instructions, GET 1 KiB, every policy, 20 routes": 14_760,
    "instructions, every policy over parity + log": 1.25,
    "allocations, GET 1 KiB, bare": 0.01,
    "allocations, GET 1 KiB, parity + log": 0.01,
    "allocations, POST 4 KiB, parity + log": 0.01,
    "allocations, GET 1 KiB, every policy, 20 routes": 0.01,
    "instructions, start to first answer": 7_700_000,
    "dearest byte of a request, × a normal one": worst.MOST,
    "access lines lost": 0,
    "system calls, GET 1 KiB, parity + log, 64 busy": 4.1,
    "private memory at start, KiB": 610,
    "private memory per idle connection, bytes": 590,
}


def lines_in(path):
    with open(path, encoding="utf-8") as file:
        return sum('"msg":"request"' in line for line in file)


def instruction_gates(place, app, keep):
    costs = {}
    for name, profile, requests in (("GET 1 KiB, bare", "bare", stand.GET), ("GET 1 KiB, parity + log", "parity", stand.GET),
                                    ("POST 4 KiB, parity + log", "parity", stand.POST), ("GET 1 KiB, every policy, 20 routes", "full", stand.FULL)):
        costs[name] = cost = callgrind.cost_of(place, app, profile, requests)
        yield f"instructions, {name}", cost.instructions
        yield f"allocations, {name}", cost.allocations
        if keep:
            with open(f"{keep}.{name.replace(' ', '_').replace(',', '')}", "w", encoding="utf-8") as file:
                file.writelines(line + "\n" for line in cost.profile.table(callgrind.MANY, 200))
    full, parity = costs["GET 1 KiB, every policy, 20 routes"], costs["GET 1 KiB, parity + log"]
    yield "instructions, every policy over parity + log", full.instructions / parity.instructions


def start_gate(place, app):
    proxy = callgrind.Valgrind(place, "parity", app)
    load = stand.Load(place, proxy.subject.port, stand.GET, connections=1)
    yield "instructions, start to first answer", proxy.dump(control=True).total
    load.end()
    proxy.end()


def worst_gate(place, app):
    dearest = max(worst.measured(place, app), key=lambda case: case.times)
    print(f"  the dearest byte is in: {dearest.name}")
    yield "dearest byte of a request, × a normal one", dearest.times


def line_gate(place, app):
    """At full speed: a load that the log cannot follow is counted as dropped, and none may be at this one."""
    proxy = place.subject("holdfast", app, "parity")
    load = stand.Load(place, proxy.port, stand.GET)
    load.run(20_000)
    load.end()
    time.sleep(0.5)
    yield "access lines lost", 20_064 - lines_in(proxy.log)
    place.end(proxy.process)


def calls_of(place, app, count):
    """System calls by name of a whole life that serves `count` requests on 64 connections, but for the control thread's."""
    out = place.path(f"strace.{count}")
    proxy = place.subject("holdfast", app, "parity", wrap=("strace", "-qq", "-ff", "-s", "0", "-e", "signal=none", "-o", out), wait=60)
    load = stand.Load(place, proxy.port, stand.GET)
    load.run(count)
    main = proxy.pids()[1]
    os.kill(main, signal.SIGKILL)  # strace ends with its tracee
    proxy.process.wait(20)
    load.end()
    calls = Counter()
    for path in glob.glob(f"{out}.*"):
        if path != f"{out}.{main}":
            with open(path, encoding="ascii", errors="replace") as file:
                calls.update(line.split("(", 1)[0] for line in file if "(" in line)
    return calls


def system_call_gate(place, app):
    few, many = calls_of(place, app, 2000), calls_of(place, app, 12_000)
    each = {name: (many[name] - few[name]) / 10_000 for name in many}
    print("  " + ", ".join(f"{name} {value:.2f}" for name, value in sorted(each.items(), key=lambda item: -item[1]) if value >= 0.005))
    yield "system calls, GET 1 KiB, parity + log, 64 busy", sum(each.values())


def at_rest(proxy):
    """The least of a second and a half: what starting takes for a moment, and gives back, is not what it costs. Pages of a program that was
    just linked count as private and dirty until they are on the disk."""
    os.sync()
    least = proxy.memory("Private_Dirty")
    for _ in range(5):
        time.sleep(0.3)
        least = min(least, proxy.memory("Private_Dirty"))
    return least


def memory_gates(place, app):
    many = stand.most_connections(8000)
    proxy = place.subject("holdfast", app, "parity", connections=many + 300)
    yield "private memory at start, KiB", at_rest(proxy)
    some = stand.Load(place, proxy.port, stand.GET, connections=200)
    some.run(2000)
    time.sleep(0.5)
    before = proxy.memory("Private_Dirty")
    idle = stand.Load(place, proxy.port, stand.GET, connections=many)
    time.sleep(0.5)
    yield "private memory per idle connection, bytes", (proxy.memory("Private_Dirty") - before) * 1024 / many
    some.end()
    idle.end()
    place.end(proxy.process)


def run(build, only="", keep=""):
    """`only`: groups whose name matches; `keep`: where to write instructions by function, one file per case."""
    missing = [tool for tool in ("valgrind", "vgdb", "strace") if not shutil.which(tool)]
    if missing:
        sys.exit(f"{', '.join(missing)} missing: scripts/install bench")
    groups = {"instructions": lambda place, app: instruction_gates(place, app, keep), "start": start_gate, "worst": worst_gate, "lines": line_gate,
              "calls": system_call_gate, "memory": memory_gates}
    failed = passed = 0
    with stand.Stand(build) as place:
        app = place.origin()
        for name, group in groups.items():
            if not re.search(only, name):
                continue
            for gate, value in group(place, app):
                ceiling, holds = CEILINGS[gate], value <= CEILINGS[gate]
                passed, failed = passed + holds, failed + (not holds)
                shown = f"{value:,.0f}" if ceiling >= 100 else f"{value:.4g}"
                print(f"{'ok' if holds else 'FAILED':6}  {gate:50} {shown:>12}  of {ceiling:>12,}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(stand.ROOT, "build/release"))
    parser.add_argument("--only", default="", help="groups whose name matches: instructions, start, worst, lines, calls, memory")
    parser.add_argument("--profile", default="", help="also write the instructions by function to FILE.CASE")
    options = parser.parse_args()
    sys.exit(run(options.build, options.only, options.profile))
