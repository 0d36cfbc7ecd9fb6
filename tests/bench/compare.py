"""Holdfast against nginx, HAProxy and the floor on the same work: CPU per request, latency, memory, start.

The floor is floor.cpp, which moves bytes and looks at none. Rounds are interleaved and their order rotates, so that the machine's mood meets all
alike: microseconds of two sittings cannot be compared, ratios can. Everything shares one core for CPU per request (the load sleeps while the proxy
works, and no cache line travels); latency and throughput have the proxy alone on one core and the load and the app on the other.
Each proxy's features are proven before it is measured, and its access lines are counted after.
"""
import json
import os
import re
import shutil
import socket
import statistics
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

import stand

CLOSE = [stand.request(close=True)]


@dataclass
class Row:
    name: str
    profile: str
    requests: list
    count: int  # requests in a round of one second, about
    connections: int = 64
    close: bool = False


ROWS = [
    Row("GET 1 KiB, bare", "bare", stand.GET, 20_000),
    Row("GET 1 KiB, parity + log", "parity", stand.GET, 20_000),
    Row("GET 1 KiB, every policy, 20 routes", "full", stand.FULL, 20_000),
    Row("POST 4 KiB, parity + log", "parity", stand.POST, 20_000),
    Row("64 KiB response, parity + log", "parity", [stand.request("/65536")], 6_000),
    Row("1 MiB response, parity + log", "parity", [stand.request("/1048576")], 500),
    Row("new connection per request, parity + log", "parity", CLOSE, 5_000, close=True),
    Row("one busy connection, parity + log", "parity", stand.GET, 15_000, connections=1),
]
NAMES = ("floor", "holdfast", "nginx", "haproxy")


def middle(values):
    return statistics.median(values)


def spread(values):
    """Half of the values lie between these two."""
    if len(values) < 4:
        return min(values), max(values)
    quarters = statistics.quantiles(values, n=4)
    return quarters[0], quarters[2]


def cell(values, digits=2):
    low, high = spread(values)
    return f"{middle(values):.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def cpus():
    """The core of the proxy and the core of the others; on a machine with one, the same."""
    free = sorted(os.sched_getaffinity(0))
    return {free[-1]}, {free[0]}


def subjects_for(profile):
    return ("floor", "holdfast") if profile == "full" else NAMES


def prove(proxy, profile):
    """The features that the table says every proxy has."""
    if profile == "bare":
        return

    def send(data=None, headers=None):
        asked = urllib.request.Request(f"http://127.0.0.1:{proxy.port}/1024", data=data, headers=headers or {})
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:
                return answer.status, answer.headers.get("x-request-id") or ""
        except urllib.error.HTTPError as refused:
            return refused.code, ""
        except OSError:  # refused while it was still sent
            return 413, ""

    assert send(headers={"X-Request-Id": "a-client-id-of-mine"}) == (200, "a-client-id-of-mine"), "the client's request id is not kept"
    assert len(send()[1]) >= 8, "no request id is made"
    assert send(data=b"x" * (2 << 20))[0] == 413, "no body limit"
    with urllib.request.urlopen(f"http://127.0.0.1:{proxy.telemetry}/metrics", timeout=5) as answer:
        assert answer.status == 200, "no metrics"


def lines_match(proxy, name, served):
    """One JSON line for each request that was served. HAProxy has one more, for the look whether it listens."""
    with open(proxy.log, encoding="utf-8") as file:
        lines = [line for line in file if line.startswith("{") and ('"msg"' not in line or '"msg":"request"' in line)]
    json.loads(lines[-1])
    if not served <= len(lines) <= served + 1:
        print(f"  {name}: {len(lines)} access lines for {served} requests", file=sys.stderr)


def cpu_round(place, running, row, one_core, count):
    """CPU microseconds per request of one proxy, and how many requests it served meanwhile."""
    load = stand.Load(place, running.port, row.requests, connections=row.connections, close=row.close, cpus=one_core, real_time=1)
    before = running.cpu_ns()
    load.run(count)
    cost = (running.cpu_ns() - before) / count / 1000
    place.end(load.process)
    return cost, count + (0 if row.close else row.connections)


def compare_cpu(place, rows, rounds, seconds):
    """{row name: {subject: [microseconds per request of each round]}}"""
    core, _ = cpus()
    app = place.origin(cpus=core, real_time=1)
    results = {}
    for row in rows:
        names, count = subjects_for(row.profile), max(100, int(row.count * seconds))
        running = {name: place.subject(name, app, row.profile, cpus=core, real_time=1) for name in names}
        served = dict.fromkeys(names, 0)
        for name in names:
            if name != "floor":
                prove(running[name], row.profile)
                served[name] = 0 if row.profile == "bare" else 3
        costs = {name: [] for name in names}
        for number in range(rounds + 1):
            for name in names[number % len(names):] + names[:number % len(names)]:
                cost, requests = cpu_round(place, running[name], row, core, count)
                served[name] += requests
                if number:  # the first one warms up
                    costs[name].append(cost)
        results[row.name] = costs
        print(f"| {row.name} | " + " | ".join(line_cells(costs)) + " |", flush=True)
        if row.close:  # the floor dials for each client, which is no floor for who keeps connections
            against = [own / base for own, base in zip(costs["holdfast"], costs["nginx"])]
            print(f"| the same as a multiple of nginx | – | {cell(against)} | 1 | – |", flush=True)
        time.sleep(0 if row.profile == "bare" else 1.3)  # nginx writes its lines once a second
        for name in names:
            if name != "floor" and row.profile != "bare":
                lines_match(running[name], f"{name}, {row.name}", served[name])
            place.end(running[name].process)
    return results


def line_cells(costs):
    """Microseconds of the floor, then each as a multiple of the floor, round by round."""
    yield cell(costs["floor"], 1) + " µs"
    for name in NAMES[1:]:
        yield cell([own / base for own, base in zip(costs[name], costs["floor"])]) if name in costs else "–"


def compare_latency(place, rounds, seconds, rate=3000):
    """Open loop: microseconds that a proxy adds to the answer of the app itself."""
    core, other = cpus()
    app = place.origin(cpus=other, real_time=2)  # comes before the load, which does not sleep
    running = {name: place.subject(name, app, "bare" if name == "floor" else "parity", cpus=core, real_time=1) for name in NAMES}
    ports = {"direct": app, **{name: proxy.port for name, proxy in running.items()}}
    seen = {name: ([], []) for name in ports}
    for number in range(rounds + 1):
        for name, port in ports.items():
            load = stand.Load(place, port, stand.GET, connections=32, cpus=other, real_time=1)
            # Longer than this, and the kernel takes the core from what has real-time priority for a while.
            result = load.run(max(500, int(rate * min(seconds, 0.8))), rate)
            place.end(load.process)
            time.sleep(0.3)
            if number:
                seen[name][0].append(result["p50"])
                seen[name][1].append(result["p99"])
    for proxy in running.values():
        place.end(proxy.process)
    print("\n| open loop, 3,000/s: added to direct | floor | Holdfast | nginx | HAProxy |\n|---|---|---|---|---|")
    for place_of, label in enumerate(("p50", "p99")):
        base = middle(seen["direct"][place_of])
        added = (cell([value - base for value in seen[name][place_of]], 0) for name in NAMES)
        print(f"| {label} µs (direct {base:.0f}) | " + " | ".join(added) + " |", flush=True)


def compare_memory(place, rounds, connections):
    app, connections = place.origin(), stand.most_connections(connections)
    print("\n| start and memory, parity + log | floor | Holdfast | nginx | HAProxy |\n|---|---|---|---|---|")
    starts, residents, slopes = {}, {}, {}
    for name in NAMES:
        profile = "bare" if name == "floor" else "parity"
        times = []
        for _ in range(rounds):
            began = time.monotonic()
            proxy = place.subject(name, app, profile)
            with socket.create_connection(("127.0.0.1", proxy.port), 5) as client:
                client.sendall(stand.request())
                assert client.recv(4096).startswith(b"HTTP/1.1 200")
            times.append((time.monotonic() - began) * 1000)
            place.end(proxy.process)
        proxy = place.subject(name, app, profile)
        time.sleep(0.5)
        residents[name] = f"{proxy.memory('Rss') / 1024:.1f} / {proxy.memory() / 1024:.1f}"
        place.end(proxy.process)
        proxy = place.subject(name, app, profile, connections=connections + 300)
        some = stand.Load(place, proxy.port, stand.GET, connections=200)
        some.run(5000)  # pools reach their size
        time.sleep(0.5)
        before = proxy.memory()
        many = stand.Load(place, proxy.port, stand.GET, connections=connections)
        time.sleep(1)
        starts[name], slopes[name] = cell(times, 1), f"{(proxy.memory() - before) / connections:.2f}"
        for process in (some.process, many.process, proxy.process):
            place.end(process)
    slope = f"PSS per idle connection ({connections:,}), KiB"
    for label, values in (("start to first answer, ms", starts), ("RSS / PSS at start, MiB", residents), (slope, slopes)):
        print(f"| {label} | " + " | ".join(values[name] for name in NAMES) + " |", flush=True)


def compare_workers(place, rounds, seconds):
    """Two workers, apps and loads on two cores against one of each on one core: what is shared between workers shows here. Two floors share
    nothing: their gain is what the machine gives."""
    if len(os.sched_getaffinity(0)) < 2:
        return
    one, other = cpus()
    stands = [workers_on(place, [one]), workers_on(place, [one, other]), floors_on(place, [one]), floors_on(place, [one, other])]
    gains, floor_gains = [], []
    for number in range(rounds + 1):
        alone, both, floor, floors = [throughput(place, ports, cores, seconds) for ports, cores in stands]
        if number:
            gains.append(both / alone)
            floor_gains.append(floors / floor)
    print(f"\nTwo workers on two cores serve {cell(gains)} × what one serves on one, two floors {cell(floor_gains)} × what one does: "
          "GET 1 KiB, parity + log; load and app grow alike.", flush=True)


def workers_on(place, cores):
    """One Holdfast with a worker for each core. Returns the port for each core's load, and the cores."""
    app = place.origin(cpus=cores[0], real_time=1)
    for core in cores[1:]:  # another app on the same port shares its connections
        place.start([place.program("tests/bench/bench_origin"), f"port={app}"], cpus=core, real_time=1)
    proxy = place.subject("holdfast", app, "parity", workers=len(cores), cpus=set().union(*cores), real_time=1)
    return [proxy.port] * len(cores), cores


def floors_on(place, cores):
    """A floor and an app of its own on each core."""
    return [place.subject("floor", place.origin(cpus=core, real_time=1), "bare", cpus=core, real_time=1).port for core in cores], cores


def throughput(place, ports, cores, seconds):
    loads = [stand.Load(place, port, stand.GET, cpus=core, real_time=1) for port, core in zip(ports, cores)]
    count = max(500, int(12_000 * seconds))
    began = time.monotonic()
    for load in loads:
        load.ask(count)
    for load in loads:
        load.answer()
    rate = count * len(loads) / (time.monotonic() - began)
    for load in loads:
        place.end(load.process)
    return rate


def missing():
    return [name for name in ("nginx", "haproxy") if not shutil.which(name, path="/usr/sbin:/usr/bin")]


def run(build, rounds, seconds, rows, quick):
    if missing():
        sys.exit(f"{', '.join(missing())} missing: scripts/install bench")
    wanted = [row for row in ROWS if re.search(rows, row.name)]
    with stand.Stand(build) as place:
        if wanted:
            print("| CPU per request | floor | Holdfast × floor | nginx × floor | HAProxy × floor |\n|---|---|---|---|---|", flush=True)
            compare_cpu(place, wanted, rounds, seconds)
    for name, measure in (("open loop", lambda place: compare_latency(place, rounds, seconds)),
                          ("start and memory", lambda place: compare_memory(place, rounds, 1000 if quick else 9500)),
                          ("two workers", lambda place: compare_workers(place, rounds, seconds))):
        if re.search(rows, name):
            with stand.Stand(build) as place:
                measure(place)
