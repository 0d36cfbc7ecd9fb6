"""Every limit: enforced, reported, lifted; exact for the process with four workers."""
import threading
import time

from support import case, until
from wire import LAST_CHUNK, Client, chunk, request_bytes

LIFTED = "because: the test lifts it"
FOUR = ("--workers", "4")


class Counter:
    """An app that counts how many requests it works on at once."""

    def __init__(self, seconds=0.02):
        self.seconds, self.now, self.most, self.lock = seconds, 0, 0, threading.Lock()

    def __call__(self, connection, request):
        connection.read_content(request)
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
        connection.answer()


@case("limits: 1,000 parallel requests never exceed concurrency at the app, with four workers", alone=True, seconds=90)
def _(t):
    counter = Counter()
    app, sidecar = t.pair(counter, policies={"limits": "concurrency: 16, queue: 4096, queueWait: 30s, connections: 2048", "timeouts": "request: 60s, firstByte: 10s"},
                          arguments=FOUR)
    count = 200 if t.quick else 1000
    clients = [sidecar.client() for _ in range(count)]
    for client in clients:
        client.send(request_bytes("GET", "/parallel"))
    statuses = [response.status if response else None for response in (client.response(timeout=60) for client in clients)]
    t.equal(statuses.count(200), count, f"answered 200, of {sorted(set(map(str, statuses)))}")
    t.check(counter.most <= 16, f"at most 16 at once, saw {counter.most}")
    t.check(counter.most >= 14, f"the limit is used, saw {counter.most}")
    sidecar.wait_metric("holdfast_exchanges_in_flight", 0)
    sidecar.wait_metric("holdfast_exchanges_queued", 0)


@case("limits: with four workers exactly concurrency plus queue are taken and the rest is shed at once", seconds=60)
def _(t):
    app, sidecar = t.pair(policies={"limits": "concurrency: 5, queue: 7, queueWait: 20s", "timeouts": "firstByte: 20s, request: 40s"}, arguments=FOUR)
    release = t.event()
    app.handler = lambda connection, request: (connection.read_content(request), connection.hold(release, 20), connection.answer())
    answers = []

    def one(number):
        response = sidecar.get(f"/one{number}", timeout=30)
        answers.append(response.status)
        return response
    pending = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(40)]
    for thread in pending:
        thread.start()
    until(lambda: len(answers) == 28, 8, lambda: f"28 of 40 are shed, {len(answers)} are: {sorted(answers)}")
    t.equal(set(answers), {503}, "statuses of what is shed")
    t.equal(len(app.requests), 5, "requests at the app")
    sidecar.wait_metric("holdfast_exchanges_in_flight", 5)
    sidecar.wait_metric("holdfast_exchanges_queued", 7)
    release.set()
    for thread in pending:
        thread.join(20)
    t.equal(sorted(answers), [200] * 12 + [503] * 28, "in the end")
    sidecar.wait_metric("holdfast_exchange_failures_total", 28, reason="queue_full", blame="sidecar")


@case("limits: one hot connection cannot shed while others idle", seconds=40)
def _(t):
    app, sidecar = t.pair(Counter(0.005), policies={"limits": "concurrency: 8, queue: 8"}, arguments=FOUR)
    idle = [sidecar.client() for _ in range(16)]
    for client in idle:
        client.send(request_bytes("GET", "/idle"))
        t.equal(client.response().status, 200, "idle ones are served")
    hot = sidecar.client()
    statuses = set()
    for _ in range(20):
        hot.send(request_bytes("GET", "/hot") * 10)
        statuses |= {hot.response().status for _ in range(10)}
    t.equal(statuses, {200}, "the hot connection")


@case("limits: a freed place goes to who waits on another worker", seconds=40)
def _(t):
    app, sidecar = t.pair(Counter(0.05), policies={"limits": "concurrency: 1, queue: 64, queueWait: 20s", "timeouts": "request: 40s"}, arguments=FOUR)
    results = t.threads(24, lambda number: sidecar.get(f"/w{number}", timeout=20).status)
    t.equal(results, [200] * 24, "all are served one after the other")


@case("limits: a queued client that goes away leaves the queue")
def _(t):
    app, sidecar = t.pair(policies={"limits": "concurrency: 1, queue: 1, queueWait: 20s", "timeouts": "firstByte: 20s, request: 40s"})
    release = t.event()
    app.on("/held", lambda connection, request: (connection.hold(release), connection.answer()))
    first = sidecar.client()
    first.send(request_bytes("GET", "/held"))
    until(lambda: app.seen("/held"), 3, "the first is held")
    second = sidecar.client()
    second.send(request_bytes("GET", "/leaves"))
    sidecar.wait_metric("holdfast_exchanges_queued", 1)
    second.abort()
    sidecar.wait_metric("holdfast_exchanges_queued", 0)
    t.equal(sidecar.access("/leaves")["reason"], "client_gone", "its line")
    release.set()
    t.equal(first.response().status, 200, "the first")
    t.equal(app.seen("/leaves"), [], "it never reached the app")


@case("limits: connections are exact for the process, with four workers", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"limits": "connections: 10"}, arguments=FOUR)
    kept, refused = [], 0
    for number in range(25):
        client = sidecar.client()
        client.send(request_bytes("GET", f"/c{number}"))
        response = client.response()
        if response is not None and response.status == 200:
            kept.append(client)
        else:
            t.check(response is None or response.status == 503, f"refused as 503: {response}")
            refused += 1
    t.equal((len(kept), refused), (10, 15), "kept and refused")


@case("limits: connectionsPerClient counts each client alone")
def _(t):
    app, sidecar = t.pair(policies={"limits": "connectionsPerClient: 2"}, arguments=FOUR)

    def ask(source):
        client = sidecar.client(source=source)
        client.send(request_bytes("GET", "/per-client"))
        response = client.response()
        return response.status if response else None
    t.equal([ask("127.0.0.1"), ask("127.0.0.1")], [200, 200], "two connections of one client")
    third = ask("127.0.0.1")
    t.check(third in (429, 503), f"the third is refused: {third}")
    t.equal([ask("127.0.0.2"), ask("127.0.0.3")], [200, 200], "other clients")


@case("limits: requestsPerConnection ends the connection with Connection: close, after exactly so many")
def _(t):
    app, sidecar = t.pair(policies={"limits": "requestsPerConnection: 3"})
    client = sidecar.client()
    for number in range(3):
        client.send(request_bytes("GET", f"/r{number}"))
        response = client.response()
        t.equal(response.status, 200, f"request {number}")
        t.equal("close" in response.fields.tokens("connection"), number == 2, f"close on request {number}")
    t.check(client.wait_closed(3), "the connection is closed")


@case("limits: a body of exactly the limit passes, one byte more does not", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"limits": "body: 64KiB"})
    limit = 64 * 1024
    t.equal(sidecar.post("/exact", b"x" * limit).status, 200, "exactly")
    t.local_reply(sidecar.post("/above", b"x" * (limit + 1)), 413)
    for size, status in ((limit, 200), (limit + 1, 413)):
        client = sidecar.client()
        client.send(b"POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"y" * size) + LAST_CHUNK)
        t.equal(client.response().status, status, f"chunked {size}")
    t.equal(len(app.seen("/exact")[0].content), limit, "bytes at the app")


@case("limits: a refusal during an upload really arrives")
def _(t):
    app, sidecar = t.pair(policies={"limits": "body: 64KiB"})
    for number in range(5):
        client = sidecar.client()
        client.send(b"POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
        sent = all(client.send(b"x" * 100000) for _ in range(30))
        response = client.response()
        t.local_reply(response, 413)
        t.equal(response.fields.tokens("connection"), ["close"], "Connection: close")
        t.check(client.wait_closed(4), "the connection is closed")
        t.check(sent and not client.reset, "without a reset")


@case("limits: the number of fields and the bytes of a head are exact")
def _(t):
    app, sidecar = t.pair(policies={"limits": "headerCount: 10, uri: 1KiB"})
    t.equal(sidecar.get("/n", [(f"X-{number}", "1") for number in range(9)]).status, 200, "ten fields with Host")
    t.local_reply(sidecar.get("/n", [(f"X-{number}", "1") for number in range(10)]), 431)
    t.equal(sidecar.get("/" + "u" * 1023).status, 200, "a target of 1,024 bytes")
    t.local_reply(sidecar.get("/" + "u" * 1024), 414)


@case("limits: report counts every limit and changes nothing", seconds=60)
def _(t):
    app, sidecar = t.pair(Counter(0.15), policies={
        "limits": "mode: report, body: 1KiB, headers: 2KiB, headerCount: 8, uri: 256B, connections: 4, requestsPerConnection: 2, "
                  "connectionsPerClient: 2, concurrency: 1, queue: 1, queueWait: 100ms", "timeouts": "firstByte: 5s, request: 9s"})

    def would():
        return sidecar.metrics().sum("holdfast_policy_decisions_total", policy="limits", outcome="would_enforce")

    def counted(what, work):
        before = would()
        work()
        try:
            until(lambda: would() > before, 3, what)
        except AssertionError:
            t.failures.append(f"{what}: would_enforce is not counted")

    def served(what, response):
        t.check(response is not None and response.status == 200, f"{what}: {response}")
    counted("body", lambda: served("body", sidecar.post("/body", b"x" * 5000)))
    counted("chunked body", lambda: served("chunked body", sidecar.request("POST", "/c", {"Transfer-Encoding": "chunked"}, chunk(b"x" * 5000) + LAST_CHUNK)))
    counted("headers", lambda: served("headers", sidecar.get("/h", {"X-Wide": "w" * 4000})))
    counted("headerCount", lambda: served("headerCount", sidecar.get("/n", [(f"X-{n}", "1") for n in range(20)])))
    counted("uri", lambda: served("uri", sidecar.get("/" + "u" * 1000)))

    def many_requests():
        client = sidecar.client()
        for _ in range(4):
            client.send(request_bytes("GET", "/r"))
            served("requestsPerConnection", client.response())
        client.close()
    counted("requestsPerConnection", many_requests)

    def refused():
        return sidecar.metrics().sum("holdfast_connections_refused_total", outcome="would_enforce")
    sidecar.wait_metric("holdfast_connections", 0, side="downstream")
    before, clients = refused(), [sidecar.client() for _ in range(3)]
    for client in clients:
        client.send(request_bytes("GET", "/m"))
        served("connectionsPerClient", client.response())
    t.equal(refused() - before, 1, "the third connection of a client would have been refused")
    for client in clients:
        client.close()
    sidecar.wait_metric("holdfast_connections", 0, side="downstream")

    def together():
        for response in t.threads(8, lambda number: sidecar.get(f"/p{number}")):
            served("concurrency and connections", response)
    counted("concurrency and connections", together)
    t.check(app.handler.most >= 4, f"nothing is held back: {app.handler.most} at once")
    t.equal(sidecar.metrics().sum("holdfast_exchange_failures_total"), 0, "failures")
    t.equal(sidecar.metrics().sum("holdfast_policy_decisions_total", policy="limits", outcome="enforced"), 0, "enforced")


@case("limits: the fixed ceilings hold under report and none")
def _(t):
    for limits in ("mode: report", f"headers: none, headerCount: none, {LIFTED}"):
        app, sidecar = t.pair(policies={"limits": limits})
        response = sidecar.get("/", [(f"X-{n}", "y" * 3000) for n in range(100)])
        t.check(response is not None and response.status == 431, f"{limits}: a head of 300 KB: {response}")
        response = sidecar.get("/", [(f"X-{n}", "y") for n in range(1100)])
        t.check(response is not None and response.status == 431, f"{limits}: 1,100 fields: {response}")


@case("limits: disabled and none lift them")
def _(t):
    for limits in (f"mode: disabled, {LIFTED}", f"body: none, headerCount: none, {LIFTED}"):
        app, sidecar = t.pair(policies={"limits": limits})
        t.equal(sidecar.post("/body", b"x" * 3000000).status, 200, f"{limits}: 3 MB")
        t.equal(sidecar.get("/n", [(f"X-{n}", "1") for n in range(300)]).status, 200, f"{limits}: 300 fields")


@case("limits: each limit stands beside its gauge in the metrics")
def _(t):
    _, sidecar = t.pair(policies={"limits": "concurrency: 77, queue: 33, connections: 555"})
    metrics = sidecar.metrics()
    values = {labels.get("name"): value for labels, value in metrics.series("holdfast_limit")}
    t.check({77.0, 33.0, 555.0} <= set(values.values()), f"holdfast_limit: {values}")


# --- rate limit

def burst(sidecar, count, source=None, fields=(), threads=1):
    """(statuses, seconds, Retry-After values) of `count` requests as fast as they go."""
    started = time.monotonic()
    statuses, waits = [], []

    def work(_):
        client = Client(sidecar.data, source=source)
        for _ in range(count // threads):
            client.send(request_bytes("GET", "/rate", fields))
            response = client.response()
            statuses.append(response.status)
            if response.status == 429:
                waits.append(response.header("retry-after"))
                if "close" in response.fields.tokens("connection"):
                    client.close()
                    client = Client(sidecar.data, source=source)
        client.close()
    running = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(20)
    return statuses, time.monotonic() - started, waits


@case("rate limit: exactly the burst passes, then the rate, with four workers", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"rateLimit": "mode: enforce, rate: 1/s, burst: 10"}, arguments=FOUR)
    statuses, seconds, waits = burst(sidecar, 60, threads=6)
    passed = statuses.count(200)
    t.within(passed, 10, 10 + int(seconds), f"passed in {seconds:.2f} s")
    t.equal(statuses.count(429), 60 - passed, "refused")
    t.equal(len(app.seen("/rate")), passed, "at the app")
    t.check(waits and all((value or "").isdigit() and int(value) >= 1 for value in waits), f"Retry-After: {waits[:5]}")
    until(lambda: sidecar.get("/rate").status == 200, 4, "a second later one more passes", pause=0.1)
    sidecar.wait_metric("holdfast_policy_decisions_total", 60 - passed, at_least=True, policy="rateLimit", outcome="enforced")


@case("rate limit: each client has its own")
def _(t):
    app, sidecar = t.pair(policies={"rateLimit": "mode: enforce, rate: 1/s, burst: 3"})
    for source in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        statuses, seconds, _ = burst(sidecar, 8, source=source)
        t.within(statuses.count(200), 3, 3 + int(seconds) + 1, f"{source} in {seconds:.2f} s")


@case("rate limit: behind a trusted hop the client is the last address of X-Forwarded-For, otherwise what it claims is ignored")
def _(t):
    policies = {"rateLimit": "mode: enforce, rate: 1/s, burst: 2"}
    app, sidecar = t.pair(policies=policies, top={"forwarded": "{trustedHops: 1}"})
    statuses = [sidecar.get("/rate", {"X-Forwarded-For": f"9.9.9.9, 10.0.0.{number}"}).status for number in range(6)]
    t.equal(statuses, [200] * 6, "six clients behind one hop")
    t.check(429 in burst(sidecar, 6, fields={"X-Forwarded-For": "10.9.9.9"})[0], "one client behind the hop is limited")
    app, sidecar = t.pair(policies=policies)
    statuses = [sidecar.get("/rate", {"X-Forwarded-For": f"10.0.0.{number}"}).status for number in range(6)]
    t.check(429 in statuses, f"without trusted hops a claim changes nothing: {statuses}")


@case("rate limit: report passes everything and counts exactly what it would have refused")
def _(t):
    app, sidecar = t.pair(policies={"rateLimit": "mode: report, rate: 1/s, burst: 10"})
    statuses, seconds, _ = burst(sidecar, 40)
    t.equal(set(statuses), {200}, "statuses")
    would = sidecar.metrics().sum("holdfast_policy_decisions_total", policy="rateLimit", outcome="would_enforce")
    t.within(would, 30 - int(seconds), 30, f"would_enforce in {seconds:.2f} s")
    t.equal(sidecar.metrics().sum("holdfast_exchange_failures_total", reason="rate_limited"), 0, "failures")


@case("rate limit: disabled limits nothing and counts nothing")
def _(t):
    app, sidecar = t.pair(policies={"rateLimit": f"mode: disabled, {LIFTED}, rate: 1/s, burst: 1"})
    t.equal(set(burst(sidecar, 30)[0]), {200}, "statuses")
    t.equal(sidecar.metrics().sum("holdfast_policy_decisions_total", policy="rateLimit"), 0, "decisions")


@case("rate limit: more clients than keysMax are served")
def _(t):
    app, sidecar = t.pair(policies={"rateLimit": "mode: enforce, rate: 1/s, burst: 2, keysMax: 16"})
    for number in range(60):
        t.equal(sidecar.get("/keys", source=f"127.0.1.{number + 1}").status, 200, f"client {number}")
