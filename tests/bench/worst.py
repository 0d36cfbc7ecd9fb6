"""Requests made to be dear: what a byte of them costs, against a byte of a normal request.

Counted are user instructions under callgrind with every policy and 20 routes, and the bytes that the sender has to put on a wire: each segment
carries 66 bytes of Ethernet, IP and TCP beside its content, which is what a sender of one byte at a time pays. The promise: at most 10 times.
"""
import re
from dataclasses import dataclass

import callgrind
import stand

SEGMENT = 66  # Ethernet 14, IPv4 20, TCP with timestamps 32
MOST = 10
POLICY = """version: 1
profile: standard@1
policies:
  timeouts: {firstByte: 15s, request: 60s, clientHeaders: 60s, clientIdle: 300s, upstreamIdle: 60s}
  limits: {headers: 64KiB, headerCount: 100, uri: 16KiB, connections: 4096, concurrency: 2048, requestsPerConnection: 1000000000}
  rateLimit: {mode: enforce, rate: 1000000/s, burst: 1000000}
  errors: {mode: enforce, proxyStatus: true}
routes:
@routes@
"""
HOST = "Host: a"


def get(target="/0", *fields):
    return stand.request(target, fields=(HOST, *fields))


def upload(content):
    return stand.request("/0", "POST", content, fields=(HOST,), chunked=True)


NAMED = [f"x{n}" for n in range(24)]  # more are refused
CASES = {
    "a normal request": stand.request(),
    "the smallest request": get(),
    "99 fields of one byte": get("/0", *["a:b"] * 99),
    "a field of 32 KiB": get("/0", "a: " + "b" * 32_700),
    "a target of 8 KiB": get("/0/" + "a" * 8180),
    "8 KiB of escapes in the path": get("/0/" + "%61" * 2700),
    "8 KiB of slashes and dots in the path": get("/0" + "/a/.." * 1360),
    "8 KiB of query parameters": get("/0?" + "&".join(["a=b"] * 2040)),
    "8 KiB of secrets in the query": get("/0?" + "&".join(["sig=x"] * 1360)),
    "8 KiB of secrets under escaped names": get("/0?" + "&".join(["%73%69%67=x"] * 680)),
    "a field of 32 KiB of cookies": get("/0", "Cookie: " + "; ".join(["a=b"] * 6500)),
    "90 fields of cookies": get("/0", *["Cookie: a=b"] * 90),
    "24 names in Connection, 96 fields": get("/0", "Connection: " + ",".join(NAMED), *[f"{name}:1" for name in NAMED] * 4),
    "32 KiB of X-Forwarded-For": get("/0", "X-Forwarded-For: " + ",".join(["10.0.0.1"] * 3600)),
    "4,096 chunks of one byte": upload(b"1\r\nx\r\n" * 4096 + b"0\r\n\r\n"),
    "1,024 chunks with an extension": upload(b"1;a=b\r\nx\r\n" * 1024 + b"0\r\n\r\n"),
    "90 trailers": upload(b"1\r\nx\r\n0\r\n" + b"a:b\r\n" * 90 + b"\r\n"),
    "a normal request, one byte in a segment": stand.request(),
}


def segments(name, text):
    return len(text) if "one byte in a segment" in name else -(-len(text) // 1448)


@dataclass
class Measured:
    name: str
    size: int  # bytes on the wire
    cost: callgrind.Cost
    each: float  # instructions per byte
    times: float  # of a normal request's


def measured(place, app, only=""):
    """Every case in one process; the normal request is always the first."""
    proxy, normal = callgrind.Valgrind(place, POLICY, app), None
    for name, text in CASES.items():
        if name != "a normal request" and not re.search(only, name):
            continue
        cut = "one byte in a segment" in name
        few = 32 if cut else 50 if len(text) > 2000 else 200
        cost = proxy.cost_of([text], few=few, many=3 * few, cut=cut)
        size = len(text) + SEGMENT * segments(name, text)
        each = cost.instructions / size
        normal = normal or each
        yield Measured(name, size, cost, each, each / normal)
    proxy.end()


def run(build, only=""):
    failed = passed = 0
    print("| request | bytes on the wire | instructions | per byte | × a normal one | allocations |\n|---|---|---|---|---|---|")
    with stand.Stand(build) as place:
        for case in measured(place, place.origin(), only):
            passed, failed = passed + (case.times <= MOST), failed + (case.times > MOST)
            cost = case.cost
            shown = (case.name, f"{case.size:,}", f"{cost.instructions:,.0f}", f"{case.each:.1f}", f"{case.times:.2f}", f"{cost.allocations:.2f}")
            print("| " + " | ".join(shown) + " |", flush=True)
    print(f"\nNo byte may cost more than {MOST} times one of a normal request.\n{passed} passed, {failed} failed")
    return 1 if failed else 0
