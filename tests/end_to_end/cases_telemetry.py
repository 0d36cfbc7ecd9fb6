"""Telemetry and admin listeners: metrics, probes, the drain hook, log levels, connections."""
import random
import string
import subprocess
import time

from support import case, holds_for, policy_text, sidecar_text, until
from wire import Client, answer, request_bytes

TOKEN = "token-of-the-test-0123456789abcdef"
SPEC_NAMES = ["holdfast_http_requests_total", "holdfast_http_request_duration_seconds_bucket", "holdfast_upstream_first_byte_seconds_bucket",
              "holdfast_exchange_failures_total", "holdfast_request_body_bytes_total", "holdfast_response_body_bytes_total", "holdfast_connections",
              "holdfast_exchanges_in_flight", "holdfast_exchanges_queued", "holdfast_limit", "holdfast_upstream_connects_total",
              "holdfast_log_lines_dropped_total", "holdfast_loop_lag_seconds", "holdfast_config_reload_success", "holdfast_config_reload_timestamp_seconds",
              "holdfast_config_reload_info", "holdfast_bypass_seen_total", "holdfast_build_info", "process_cpu_seconds_total", "process_resident_memory_bytes",
              "process_open_fds"]


@case("metrics: promtool check metrics finds nothing, before and after traffic", needs=("promtool",))
def _(t):
    app, sidecar = t.pair(routes="name: a, match: GET /a", policies={"rateLimit": "mode: report, rate: 1/s, burst: 1"})
    for traffic in (False, True):
        if traffic:
            app.on("/bad", answer(500))
            for path in ("/a", "/b", "/bad", "/" + "u" * 10000):
                sidecar.get(path)
        text = sidecar.metrics().text
        result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=20)
        t.equal((result.returncode, result.stdout + result.stderr), (0, ""), f"promtool, traffic {traffic}")


@case("metrics: every name of the contract is there")
def _(t):
    app, sidecar = t.pair(policies={"rateLimit": "mode: enforce, rate: 1/s, burst: 1"})
    app.on("/bad", answer(500))
    sidecar.post("/bad", b"x")
    sidecar.get("/limited")
    sidecar.get("/limited")
    sidecar.access(count=3)
    metrics = sidecar.metrics()
    t.equal([name for name in [*SPEC_NAMES, "holdfast_policy_decisions_total"] if not metrics.has(name)
             and not metrics.has(name + "_bucket")], [], "missing names")
    buckets = [labels["le"] for labels, _ in metrics.series("holdfast_http_request_duration_seconds_bucket", route="unmatched")]
    t.equal([float(bucket) for bucket in buckets if bucket != "+Inf"], [.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10], "buckets")


@case("metrics: counts are exact, by route, method and code")
def _(t):
    app, sidecar = t.pair(routes="name: users, match: GET /users/*", arguments=["--workers", "4"])
    app.on("/missing", answer(404))
    for number in range(7):
        sidecar.get(f"/users/{number}")
    sidecar.request("HEAD", "/users/1")
    for _ in range(3):
        sidecar.get("/missing")
    sidecar.post("/p", b"x" * 1000)
    sidecar.request("FROB", "/odd")
    sidecar.access("/odd")
    sidecar.wait_metric("holdfast_http_requests_total", 13)
    metrics = sidecar.metrics()
    table = [({"route": "users", "method": "GET", "code": "200"}, 7), ({"route": "users", "method": "HEAD", "code": "200"}, 1),
             ({"route": "unmatched", "method": "GET", "code": "404"}, 3), ({"route": "unmatched", "method": "POST", "code": "200"}, 1),
             ({"route": "unmatched", "method": "_OTHER", "code": "200"}, 1)]
    for labels, count in table:
        t.equal(metrics.sum("holdfast_http_requests_total", **labels), count, f"{labels}")
    t.equal(metrics.sum("holdfast_http_request_duration_seconds_count"), 13, "histogram")
    t.equal(metrics.sum("holdfast_request_body_bytes_total"), 1000, "request content bytes")


@case("metrics: random paths and methods keep the series under seriesMax", alone=True, seconds=150)
def _(t):
    app, sidecar = t.pair(policies={"metrics": "seriesMax: 400", "accessLog": "sample: 0%"}, routes="name: known, match: GET /known")
    for status in (200, 201, 204, 301, 404, 418, 422, 429, 451, 599):
        app.on(f"/{status}", answer(status, {}, b""))
    count = 2000 if t.quick else 20000

    def work(number):
        client = Client(sidecar.data)
        local = random.Random(number)
        for _ in range(count // 8):
            method = local.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) if local.random() < 0.7 else \
                "".join(local.choice(string.ascii_uppercase) for _ in range(local.randint(1, 20)))
            path = "/" + str(local.choice([200, 201, 204, 301, 404, 418, 422, 429, 451, 599])) if local.random() < 0.5 else \
                "/" + "".join(local.choice(string.ascii_letters + string.digits + "/") for _ in range(local.randint(1, 40)))
            if method in ("TRACE", "CONNECT", "HEAD"):
                method = "GET"
            client.send(request_bytes(method, path))
            response = client.response(method, timeout=20)
            if response is None or response.status in (400, 501) or "close" in response.fields.tokens("connection"):
                client.close()
                client = Client(sidecar.data)
        client.close()
        return True
    t.equal(t.threads(8, work), [True] * 8, "load")
    metrics = sidecar.metrics()
    series = {(name, tuple(sorted(labels.items()))) for name, labels, _ in metrics.samples if not name.startswith("process_")}
    t.check(len(series) <= 400, f"{len(series)} series")
    t.equal(metrics.sum("holdfast_http_requests_total"), count // 8 * 8, "every request is counted")
    t.check(metrics.series("holdfast_http_requests_total", route="other"), "the rest goes to route=\"other\"")
    methods = {labels.get("method") for labels, _ in metrics.series("holdfast_http_requests_total")}
    t.check(methods <= {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "_OTHER"}, f"methods: {methods}")


@case("metrics: a scrape under load does not disturb, and a hundred scrapes agree")
def _(t):
    app, sidecar = t.pair(arguments=["--workers", "2"])
    stop = t.event()
    import threading

    def load():
        client = sidecar.client()
        while not stop.is_set():
            client.send(request_bytes("GET", "/load"))
            client.response()
    running = [threading.Thread(target=load, daemon=True) for _ in range(4)]
    for thread in running:
        thread.start()
    previous = 0
    for _ in range(30):
        now = sidecar.metrics().sum("holdfast_http_requests_total")
        t.check(now >= previous, f"a counter went back from {previous} to {now}")
        previous = now
    stop.set()
    for thread in running:
        thread.join(5)
    t.check(previous > 0, "something was counted")


@case("telemetry: /livez and /readyz are 200, anything else is 404")
def _(t):
    app, sidecar = t.pair()
    sidecar.wait_ready()
    t.equal(sidecar.probe("/livez")[0], 200, "/livez")
    for path in ("/", "/metrics/", "/effective", "/loglevel", "/drain", "/drain/", "/drain/x", "/nowhere", "/livez/x", "/app-probe/app/liveness"):
        t.equal(sidecar.probe(path)[0], 404, path)
    status, _, fields = sidecar.probe("/metrics", method="POST")
    t.check(status in (404, 405), f"POST /metrics: {status}")
    t.check("server" not in {name.lower() for name in fields.keys()}, "no Server field")


@case("telemetry: /readyz follows the app, with the reason; /livez does not; traffic changes neither", seconds=60)
def _(t):
    app = t.app(listening=False)
    sidecar = t.sidecar(app)
    status, text, _ = sidecar.probe("/readyz")
    t.equal(status, 503, "before the app is up")
    t.check(text.strip(), "with a reason")
    t.equal(sidecar.probe("/livez")[0], 200, "/livez")
    app.listen()
    until(lambda: sidecar.ready() == 200, 6, "ready after one success")
    t.equal(sidecar.get("/x").status, 200, "traffic")
    down = time.monotonic()
    app.unlisten()
    for _ in range(20):
        t.equal(sidecar.get("/x").status, 502, "traffic while it is down")
    t.equal(sidecar.ready(), 200, "twenty failures of traffic change nothing")
    until(lambda: sidecar.ready() == 503, 12, "not ready after three failures")
    t.within(time.monotonic() - down, 3.5, 10, "seconds until three checks failed")
    t.equal(sidecar.probe("/livez")[0], 200, "/livez")
    app.listen()
    t.equal(sidecar.get("/x").status, 200, "traffic is served before readyz knows")
    until(lambda: sidecar.ready() == 200, 6, "ready again")


@case("telemetry: health GET /path asks the app, and its 503 is not ready")
def _(t):
    app = t.app()
    healthy = [False]
    app.on("/healthz", lambda connection, request: (connection.read_content(request), connection.answer(200 if healthy[0] else 503)))
    sidecar = t.sidecar(app, top={"upstream": f"{{address: {app.address}, health: GET /healthz}}"})
    until(lambda: app.health_requests > 0, 5, "the app is asked")
    holds_for(lambda: sidecar.ready() == 503, 0.5, "not ready")
    healthy[0] = True
    until(lambda: sidecar.ready() == 200, 6, "ready")
    t.equal(sidecar.access_lines(), [], "health checks have no access line")
    t.equal(sidecar.metrics().sum("holdfast_http_requests_total"), 0, "nor a count")


@case("telemetry: an app that hangs on its health check is down, and the probes answer at once", seconds=40)
def _(t):
    app = t.app()
    app.on("/healthz", lambda connection, request: connection.wait_closed(20))
    sidecar = t.sidecar(app, top={"upstream": f"{{address: {app.address}, health: GET /healthz}}"})
    started = time.monotonic()
    t.equal(sidecar.probe("/readyz")[0], 503, "/readyz")
    t.equal(sidecar.probe("/livez")[0], 200, "/livez")
    t.within(time.monotonic() - started, 0, 1, "seconds for both")


@case("telemetry: probes answer while the data path is full", seconds=40)
def _(t):
    app, sidecar = t.pair(policies={"limits": "connections: 8, concurrency: 2, queue: 2", "timeouts": "firstByte: 10s"})
    sidecar.wait_ready()
    release = t.event()
    app.handler = lambda connection, request: (connection.hold(release), connection.answer())
    clients = [sidecar.client() for _ in range(20)]
    for client in clients:
        client.send(request_bytes("GET", "/full"))
    for _ in range(10):
        t.equal((sidecar.probe("/livez")[0], sidecar.probe("/readyz")[0], sidecar.probe("/metrics")[0], sidecar.ask_admin("GET", "/loglevel")[0]),
                (200, 200, 200, 200), "probes")
    release.set()


@case("telemetry: requests to it have no access line and are not counted as traffic")
def _(t):
    _, sidecar = t.pair()
    for path in ("/metrics", "/livez", "/readyz", "/none"):
        sidecar.probe(path)
    for path in ("/effective", "/loglevel", "/connections"):
        sidecar.ask_admin("GET", path)
    sidecar.get("/data")
    sidecar.access("/data")
    t.equal(len(sidecar.access_lines()), 1, "access lines")
    t.equal(sidecar.metrics().sum("holdfast_http_requests_total"), 1, "requests")


@case("telemetry: strict HTTP there too, and a slow or silent client holds nobody up", seconds=40)
def _(t):
    _, sidecar = t.pair()
    for address in (sidecar.telemetry, sidecar.admin):
        for data in (b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"\0\0\0\0\r\n\r\n", b"GET " + b"/x" * 200000):
            client = Client(address)
            t.later(client.close)
            client.send(data)
            try:
                response = client.response(timeout=12)
                t.check(response is None or response.status >= 400, f"{data[:30]!r}: {response}")
            except AssertionError as error:
                t.failures.append(f"{data[:30]!r}: {error}")
    silent = [Client(sidecar.telemetry) for _ in range(20)]
    for client in silent:
        t.later(client.close)
    t.equal(sidecar.probe("/livez")[0], 200, "/livez beside twenty silent connections")


@case("telemetry: the drain hook needs its token, and is 404 without one set")
def _(t):
    app = t.app()
    plain = t.sidecar(app)
    t.equal(plain.probe(f"/drain/{TOKEN}")[0], 404, "no token set")
    sidecar = t.sidecar(app, environment={"HOLDFAST_DRAIN_TOKEN": TOKEN}, policies={"drain": "announce: 500ms, finish: 2s"})
    sidecar.wait_ready()
    for path in ("/drain/", "/drain/wrong", f"/drain/{TOKEN}x", f"/drain/{TOKEN[:-1]}", f"/drain/{TOKEN.upper()}"):
        t.equal(sidecar.probe(path)[0], 404, path)
    t.equal(sidecar.ready(), 200, "still ready")
    started = time.monotonic()
    t.equal(sidecar.probe(f"/drain/{TOKEN}", timeout=10)[0], 200, "the hook")
    t.within(time.monotonic() - started, 0.4, 5, "seconds: it answers when drained")
    t.equal(sidecar.ready(), 503, "draining")
    t.equal(sidecar.process.poll(), None, "the process stays up")
    t.check(TOKEN not in sidecar.raw_stdout().decode() + sidecar.metrics().text + sidecar.effective(), "the token is in no output")


# --- admin

@case("admin: /effective shows the settings in force with their origins")
def _(t):
    _, sidecar = t.pair(policies={"timeouts": "firstByte: 2s, request: 5s"})
    status, text, _ = sidecar.ask_admin("GET", "/effective")
    t.equal(status, 200, "status")
    t.check("firstByte" in text and "policy.yaml:" in text and "profile standard@1" in text, f"origins: {text[:500]}")


@case("admin: the log level can be read and set, by area, and survives a reload", seconds=40)
def _(t):
    _, sidecar = t.pair(environment={"HOLDFAST_LOG": "info,policy=debug"})
    status, text, _ = sidecar.ask_admin("GET", "/loglevel")
    t.equal(status, 200, "GET")
    t.check("info" in text and "debug" in text, f"levels: {text}")
    status, text, _ = sidecar.ask_admin("PUT", "/loglevel", "error")
    t.check(status in (200, 204), f"PUT: {status} {text}")
    sidecar.get("/silent")
    holds_for(lambda: not sidecar.access_lines("/silent"), 0.5, "an info line at level error")
    status, text, _ = sidecar.ask_admin("GET", "/loglevel")
    t.check("error" in text, f"GET after PUT: {text}")
    sidecar.reload({"errors": "message: another one"})
    t.check("error" in sidecar.ask_admin("GET", "/loglevel")[1], "PUT survives a reload")
    t.check(sidecar.ask_admin("PUT", "/loglevel", "info")[0] in (200, 204), "back")
    sidecar.get("/loud")
    sidecar.access("/loud")
    for bad in ("loud", "info,kitchen=debug", "", "x" * 10000):
        t.check(400 <= sidecar.ask_admin("PUT", "/loglevel", bad)[0] < 500, f"{bad[:20]!r} is refused")
    t.equal(sidecar.ask_admin("DELETE", "/loglevel")[0], 405, "DELETE")


@case("admin: /connections shows what is open, and no secret")
def _(t):
    app, sidecar = t.pair()
    release = t.event()
    app.on("/shown", lambda connection, request: (connection.hold(release), connection.answer()))
    client = sidecar.client()
    client.send(request_bytes("GET", "/shown?token=canary-88", {"Authorization": "canary-88"}))
    until(lambda: app.seen("/shown"), 3, "in flight")
    status, text, _ = sidecar.ask_admin("GET", "/connections")
    t.equal(status, 200, "status")
    t.check("127.0.0.1" in text, f"the client: {text[:300]}")
    t.check("canary-88" not in text, "no secret")
    release.set()


@case("admin: POST /drain drains and leaves the process up; GET does not")
def _(t):
    app, sidecar = t.pair(policies={"drain": "announce: 300ms, finish: 1s"})
    sidecar.wait_ready()
    t.check(sidecar.ask_admin("GET", "/drain")[0] in (404, 405), "GET")
    t.equal(sidecar.ready(), 200, "still ready")
    t.check(sidecar.ask_admin("POST", "/drain", "", timeout=10)[0] in (200, 202, 204), "POST")
    t.equal(sidecar.ready(), 503, "draining")
    t.equal(sidecar.process.poll(), None, "the process stays up")


@case("admin: what is not there is 404")
def _(t):
    _, sidecar = t.pair()
    for path in ("/", "/metrics", "/livez", "/nowhere", "/effective/x"):
        t.equal(sidecar.ask_admin("GET", path)[0], 404, path)


@case("telemetry: a connection that went around the proxy is counted as a bypass", seconds=30)
def _(t):
    app, sidecar = t.pair()
    t.equal(sidecar.get("/through").status, 200, "through")
    t.equal(sidecar.metrics().sum("holdfast_bypass_seen_total"), 0, "nothing yet")
    around = Client(("127.0.0.1", app.port))
    t.later(around.close)
    sidecar.wait_metric("holdfast_bypass_seen_total", 1, at_least=True, timeout=15)


@case("metrics: readings of the process are plausible")
def _(t):
    _, sidecar = t.pair()
    metrics = sidecar.metrics()
    t.within(metrics.sum("process_resident_memory_bytes"), 1e6, 1e9, "resident bytes")
    t.within(metrics.sum("process_open_fds"), 5, 1000, "open descriptors")
    t.within(metrics.sum("process_start_time_seconds"), time.time() - 60, time.time() + 5, "start time")
    t.equal(metrics.sum("holdfast_config_reload_success"), 1, "configured")


@case("configuration: metrics names a route list that does not fit, and one that fits is reserved at start")
def _(t):
    routes = [f"name: r{number}, match: GET /r{number}" for number in range(60)]
    t.write("holdfast.yaml", sidecar_text("127.0.0.1:3000"))
    t.write("policy.yaml", policy_text({"metrics": "seriesMax: 256"}, routes))
    code, out, err = t.run("check", "holdfast.yaml", "policy.yaml")
    t.equal(code, 78, f"60 routes in 256 series: {out}{err}")
    t.check("seriesMax" in out + err, f"names the setting: {out}{err}")
    _, sidecar = t.pair(routes=routes[:20])
    t.equal(sidecar.get("/r19").status, 200, "20 routes in 2,000 series")
    sidecar.wait_metric("holdfast_http_requests_total", 1, route="r19")
