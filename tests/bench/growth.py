"""How cost grows: with connections, routes, request fields, reloads and series. What should be flat is shown as a multiple of its first row.

Instructions are the worker's, under callgrind. CPU times are interleaved rounds at full speed; they see what instructions do
not: caches that no longer fit, and the kernel's own tables.
"""
import os
import re
import signal
import statistics
import time
import urllib.request

import callgrind
import compare
import stand

POLICY = """version: 1
profile: standard@1
policies:
  timeouts: {firstByte: 15s, request: 60s, clientIdle: 300s, upstreamIdle: 60s}
  limits: {connections: @connections@, concurrency: 2048, requestsPerConnection: 1000000000}
  rateLimit: {mode: enforce, rate: 1000000/s, burst: 1000000}
  metrics: {seriesMax: SERIES}
"""
SERIES = ((0, 2000), (20, 2000), (20, 4000), (200, 20_000))  # routes, seriesMax
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "ODD1", "ODD2")


def policy(routes, series=2000):
    rows = "".join(f"  - {{name: route-{n}, match: /1024/route-{n}/*}}\n" for n in range(1, routes + 1))
    return POLICY.replace("SERIES", str(series)) + ("routes:\n" + rows if routes else "")


def table(title, columns, rows):
    print(f"\n| {title} | " + " | ".join(columns) + " |\n" + "|---" * (len(columns) + 1) + "|", flush=True)
    for name, *values in rows:
        print(f"| {name} | " + " | ".join(values) + " |", flush=True)


def flat(rows):
    """Adds what each row is as a multiple of the first."""
    first = None
    for name, value in rows:
        first = first or value
        yield name, f"{value:,.0f}" if value >= 100 else f"{value:.2f}", f"{value / first:.3f}"


def by_connections(place, app, counts):
    """16 busy ones among many that are open and silent."""
    for count in counts:
        proxy = callgrind.Valgrind(place, "parity", app, connections=count + 100)
        silent = stand.Load(place, proxy.subject.port, stand.GET, connections=max(1, count - 16))
        busy = stand.Load(place, proxy.subject.port, stand.GET, connections=min(count, 16))
        yield f"{count:,}", proxy.cost(busy).instructions
        place.end(busy.process)
        place.end(silent.process)
        proxy.end()


def cpu_by_connections(place, app, counts, rounds):
    """CPU microseconds per request, 64 busy among many silent, interleaved."""
    core = {max(os.sched_getaffinity(0))}
    running, times = {}, {count: [] for count in counts}
    for count in counts:
        proxy = place.subject("holdfast", app, "parity", connections=count + 100, cpus=core, real_time=1)
        silent = stand.Load(place, proxy.port, stand.GET, connections=max(1, count - 64), cpus=core)
        running[count] = proxy, stand.Load(place, proxy.port, stand.GET, connections=min(count, 64), cpus=core, real_time=1), silent
    for number in range(rounds + 1):
        for count, (proxy, busy, _) in running.items():
            before = proxy.cpu_ns()
            busy.run(10_000)
            if number:
                times[count].append((proxy.cpu_ns() - before) / 1e7)
    for count, values in times.items():
        yield f"{count:,}", statistics.median(values)


def by_routes(place, app, counts):
    """A request of the last route, which is the dearest to find."""
    for count in counts:
        requests = [stand.request(f"/1024/route-{count}/x")]
        yield f"{count:,}", callgrind.cost_of(place, app, policy(count, 100_000), requests).instructions


def with_fields(count):
    """A request with always the same number of bytes in its fields."""
    size = 2000 // count
    return stand.request(fields=["Host: a"] + [f"X-F{n:02}: ".ljust(size - 2, "v") for n in range(count)])


def by_fields(place, app, counts):
    for count in counts:
        yield f"{count}", callgrind.cost_of(place, app, "parity", [with_fields(count)]).instructions


def cpu_by_fields(place, app, counts, rounds):
    """CPU microseconds per request, interleaved, beside the proxies that look at fields too; each as a multiple of its own first row."""
    core, names = {max(os.sched_getaffinity(0))}, compare.NAMES[1:]
    running = {name: place.subject(name, app, "parity", cpus=core, real_time=1) for name in names}
    rows = [compare.Row(f"{count}", "parity", [with_fields(count)], 10_000) for count in counts]
    times = {(name, row.name): [] for name in names for row in rows}
    for number in range(rounds + 1):
        for row in rows:
            for name in names:
                cost, _ = compare.cpu_round(place, running[name], row, core, row.count)
                if number:
                    times[name, row.name].append(cost)
    middle = {key: statistics.median(values) for key, values in times.items()}
    for row in rows:
        yield row.name, *(f"{middle[name, row.name]:.2f} ({middle[name, row.name] / middle[name, rows[0].name]:.3f})" for name in names)


def by_reload(place, app, counts):
    """A reload that changes a value; the control thread's part and the worker's."""
    for count in counts:
        proxy = callgrind.Valgrind(place, policy(20).replace("burst: 1000000", "burst: 999999"), app, connections=count + 100)
        silent = stand.Load(place, proxy.subject.port, stand.GET, connections=count) if count else None
        busy = stand.Load(place, proxy.subject.port, stand.GET, connections=16)
        file = place.path(f"{proxy.subject.port}-policy.yaml")
        with open(file, encoding="utf-8") as source:
            text = source.read()
        proxy.dump()
        place.write(os.path.basename(file), text.replace("999999", "999998"))
        os.kill(proxy.subject.pid, signal.SIGHUP)
        wait_for_line(proxy.subject.log, '"reload')
        busy.run(16)  # the worker has the new one
        yield f"{count:,}", proxy.dump(control=True).total
        for load in filter(None, (silent, busy)):
            place.end(load.process)
        proxy.end()


def wait_for_line(path, part):
    for _ in range(500):
        with open(path, encoding="utf-8") as file:
            if any(part in line for line in file):
                return
        time.sleep(0.02)
    raise RuntimeError(f"no line with {part} in {path}")


def idle_by_connections(place, app, counts):
    """CPU of the whole process in a second in which nobody asks anything; 12 s hold two of every look that it takes around."""
    running = []
    for count in counts:
        proxy = place.subject("holdfast", app, "parity", connections=count + 100)
        running.append((count, proxy, stand.Load(place, proxy.port, stand.GET, connections=count) if count else None))
    time.sleep(1)
    before = [proxy.cpu_ns() for _, proxy, _ in running]
    time.sleep(12)
    after = [proxy.cpu_ns() for _, proxy, _ in running]
    for (count, proxy, load), first, last in zip(running, before, after):
        yield f"{count:,}", f"{(last - first) / 12e6:.2f}"
        for process in filter(None, (load and load.process, proxy.process)):
            place.end(process)


def by_series(place, app, sizes):
    """Every method on every route and on many paths that no route knows: /metrics stays within seriesMax."""
    for routes, series in sizes:
        proxy = place.subject("holdfast", app, policy(routes, series))
        paths = [f"/1024/route-{n}/x" for n in range(1, routes + 1)] + [f"/1024/unknown-{n}" for n in range(50)]
        requests = [stand.request(path, method) for path in paths for method in METHODS]
        load = stand.Load(place, proxy.port, requests, connections=min(len(requests), 1500))
        load.run(2 * len(requests))
        place.end(load.process)
        before, began = proxy.cpu_ns(), time.monotonic()
        with urllib.request.urlopen(f"http://127.0.0.1:{proxy.telemetry}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        took, cpu = (time.monotonic() - began) * 1000, (proxy.cpu_ns() - before) / 1e6
        lines = [line for line in text.splitlines() if line.startswith("holdfast_")]
        yield f"{routes} routes, seriesMax {series:,}", f"{len(lines):,}", f"{len(text) / 1024:,.0f}", f"{took:.1f}", f"{cpu:.1f}"
        place.end(proxy.process)


def run(build, only="", quick=False):
    counts = (1, 100) if quick else (1, 16, 100, 1000, min(10_000, 2 * stand.most_connections(10_000)))
    flats = ("instructions per request", "× first")
    times = ("µs per request", "× first")
    fewer = {"rounds": 2} if quick else {"rounds": 9}
    measures = {
        "open connections, at most 16 busy": (flats, by_connections, counts),
        "open connections, at most 64 busy": (times, cpu_by_connections, counts),
        "open connections, all silent": (("CPU ms per second",), idle_by_connections, (0, 100) if quick else (0, 1000, 9000)),
        "routes": (flats, by_routes, (1, 20) if quick else (1, 20, 200, 1000)),
        "request fields of 2,000 bytes together": (flats, by_fields, (1, 50) if quick else (1, 5, 10, 20, 50)),
        "request fields of 2,000 bytes together, CPU": (("Holdfast, µs (× first)", "nginx", "HAProxy"), cpu_by_fields, (1, 50) if quick else (1, 10, 50)),
        "reload with open connections": (("instructions", "× first"), by_reload, (0, 100) if quick else (0, 1000, 10_000)),
        "metrics": (("lines", "KiB", "ms", "CPU ms"), by_series, SERIES),
    }
    for title, (columns, measure, sizes) in measures.items():
        if not re.search(only, title):
            continue
        with stand.Stand(build) as place:
            rows = measure(place, place.origin(), sizes, **(fewer if measure in (cpu_by_connections, cpu_by_fields) else {}))
            table(title, columns, flat(rows) if "× first" in columns else rows)
    return 0
