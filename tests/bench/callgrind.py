"""Holdfast under valgrind's callgrind: instructions and allocations of one request, and the table of a profile.

Counted are user instructions of the worker's thread and of the log writer's. A cost is the difference of two runs over the difference of their
requests, on connections that are open already: that leaves out start, connections and most of what runs by the clock.
"""
import os
import re
import subprocess
import time
from collections import Counter

import stand

FEW, MANY = 1000, 4000  # requests of the two runs

# libstdc++'s operator new ends in malloc, so these are every allocation of a program.
ALLOCATORS = re.compile(r"^(?:malloc|calloc|realloc|aligned_alloc|posix_memalign|memalign)(?:'\d+)?$")


class Profile:
    """Dumps added up. `own` are instructions in a function itself, `whole` with what it calls, `calls` how often it was called."""

    def __init__(self, *paths):
        self.own, self.whole, self.calls, self.lines, self.total = Counter(), Counter(), Counter(), Counter(), 0
        for path in paths:
            with open(path, encoding="utf-8", errors="replace") as file:
                self._read(file)

    def _read(self, file):
        names, function, called, times, source, line = {}, "", "", None, "", 0

        def name_of(text):
            match = re.match(r"\((\d+)\)(?: (.*))?", text)
            if not match:
                return text
            if match.group(2):
                names[match.group(1)] = match.group(2)
            return names.get(match.group(1), "?")

        for row in file:
            if row.startswith("fn="):
                function = name_of(row[3:].rstrip())
            elif row.startswith("cfn="):
                called = name_of(row[4:].rstrip())
            elif row.startswith(("fl=", "fi=", "fe=")):
                source = row[3:].rstrip()
            elif row.startswith("calls="):
                times = int(row[6:].split()[0])
            elif row[:1].isdigit() or row[:1] in "+-*":
                parts = row.split()
                line = position(parts[0], line)
                cost = int(parts[1]) if len(parts) > 1 else 0
                if times is None:
                    self.own[function] += cost
                    self.whole[function] += cost
                    self.lines[(source, line)] += cost
                    self.total += cost
                else:
                    self.calls[called] += times
                    if plain(function) != plain(called):  # a recursive call is in the sum already
                        self.whole[function] += cost
                    times = None

    def allocations(self):
        return sum(times for name, times in self.calls.items() if ALLOCATORS.match(name))

    def table(self, requests, rows=60):
        """Instructions per request by function: in itself, and with what it calls."""
        yield f"{self.total / requests:10.1f} instructions per request"
        yield f"{'itself':>10} {'with calls':>10} {'calls':>8}  function"
        for name, cost in self.own.most_common(rows):
            yield f"{cost / requests:10.1f} {self.whole[name] / requests:10.1f} {self.calls[name] / requests:8.2f}  {name[:180]}"


def position(text, last):
    """callgrind writes a line number in full, or relative to the last one."""
    if text[0] == "*":
        return last
    return last + int(text) if text[0] in "+-" else int(text, 0)


def plain(name):
    return name.split("'", 1)[0]


class Cost:
    """What one more request costs: two profiles, the second of more requests."""

    def __init__(self, few, many, requests):
        self.instructions = (many.total - few.total) / requests
        self.allocations = max(0, many.allocations() - few.allocations()) / requests
        self.profile = many


class Valgrind:
    """A holdfast under callgrind; dump() takes the costs since the last one."""

    def __init__(self, place, profile, app, **more):
        self.out = place.path(f"callgrind.{place.number()}")
        wrap = ("valgrind", "--tool=callgrind", "--quiet", "--separate-threads=yes", f"--callgrind-out-file={self.out}", "--compress-strings=no",
                "--compress-pos=no")
        self.subject = place.subject("holdfast", app, profile, wrap=wrap, wait=60, **more)
        self.place, self.dumps = place, 0

    def dump(self, control=False):
        """Of the worker and the log's writer; of the control thread, which works by the clock and not by the request, only if asked."""
        subprocess.run(["vgdb", f"--pid={self.subject.pid}", "dump", "cost"], capture_output=True, check=True, timeout=60)
        self.dumps += 1
        threads = [f"{self.out}.{self.dumps}-{thread:02}" for thread in range(1, 4)]
        for path in threads:
            wait_until_written(path)
        profile = Profile(*(threads if control else threads[1:]))
        for path in threads:
            os.unlink(path)
        return profile

    def cost(self, load, few=FEW, many=MANY):
        """Of a request of `load`, once it has sent some."""
        load.run(few)  # pools and buffers reach their size
        self.dump()
        load.run(few)
        first = self.dump()
        load.run(many)
        return Cost(first, self.dump(), many - few)

    def cost_of(self, requests, connections=16, cut=False, **runs):
        load = stand.Load(self.place, self.subject.port, requests, connections=connections, cut=cut)
        cost = self.cost(load, **runs)
        load.end()
        return cost

    def end(self):
        self.place.end(self.subject.process)


def wait_until_written(path):
    for _ in range(500):
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                if "\ntotals: " in file.read()[-200:]:
                    return
        time.sleep(0.02)
    raise RuntimeError(f"callgrind wrote no {path}")


def cost_of(place, app, profile, requests, **runs):
    """Of a request under a policy, in a process of its own."""
    proxy = Valgrind(place, profile, app)
    cost = proxy.cost_of(requests, **runs)
    proxy.end()
    return cost
