"""The app's own probes, performed by the telemetry listener as an injection asks for them."""
import json
import threading

from support import case
from wire import answer, exactly

PROBES = {"api/readiness": {"httpGet": {"path": "/ready", "port": 8080, "httpHeaders": [{"name": "X-Probe", "value": "kubelet"}]}},
          "api/liveness": {"httpGet": {"path": "/live", "port": 8080}, "timeoutSeconds": 1},
          "api/startup": {"tcpSocket": {"port": 8080}}}


def pair(t):
    # A rate that no probe may be measured by.
    return t.pair(policies={"rateLimit": "mode: enforce, rate: 1/s, burst: 1"}, arguments=["--app-probes", json.dumps(PROBES)])


@case("app probes: each tells what the app answers to the original, its fields included")
def _(t):
    app, sidecar = pair(t)
    app.on("/live", answer(500))
    t.equal(sidecar.probe("/app-probe/api/readiness")[0], 200, "a ready app")
    t.equal(sidecar.probe("/app-probe/api/liveness")[0], 503, "an app that says 500")
    t.equal(sidecar.probe("/app-probe/api/startup")[0], 200, "an app that can be connected to")
    t.equal(sidecar.probe("/app-probe/api/other")[0], 404, "a probe that was not passed")
    asked = app.seen("/ready")
    t.equal([request.header("x-probe") for request in asked], ["kubelet"], "the field of the original")


@case("app probes: interim responses before the answer decide nothing")
def _(t):
    app, sidecar = pair(t)
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" * 3
    app.on("/ready", exactly(hints + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    app.on("/live", exactly(hints + b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n"))
    t.equal(sidecar.probe("/app-probe/api/readiness")[0], 200, "200 after 103")
    t.equal(sidecar.probe("/app-probe/api/liveness")[0], 503, "500 after 103")


@case("app probes: who asks at the same time, or within a second, shares one request to the app")
def _(t):
    app, sidecar = pair(t)
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(sidecar.probe("/app-probe/api/readiness")[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    t.equal(statuses, [200] * 8, "statuses")
    t.equal(len(app.seen("/ready")), 1, "requests to the app")


@case("app probes: an app that does not answer in time is not well, and one that is gone refuses")
def _(t):
    app, sidecar = pair(t)
    release = threading.Event()
    app.on("/live", lambda connection, request: connection.hold(release, 5))
    t.equal(sidecar.probe("/app-probe/api/liveness")[1], "no answer in time\n", "a slow app")
    release.set()
    app.close()
    t.equal(sidecar.probe("/app-probe/api/startup")[1], "connection refused\n", "an app that is gone")
