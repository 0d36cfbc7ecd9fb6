"""The command line, configuration files, exit codes."""
import json
import os
import re
import socket

from support import HOST, Sidecar, case, free_port, policy_text, sidecar_text, until

FAULT = re.compile(r"^(?P<file>[^\s:][^:]*):(?P<line>\d+):(?P<column>\d+): error\[(?P<code>[^\]]+)\]: (?P<text>.+)$", re.M)

SIX_FAULTS = """version: 1
servise: users
listen: 127.0.0.1:{port}
upstream: {{address: 127.0.0.1:3000}}
telemetry: 127.0.0.1:0
telemetry: 127.0.0.1:0
workers: many
terminationGrace: 30
log: {{level: loud, format: json}}
admin: ${{ADMIN}}
"""
SIX_POSITIONS = [(2, 1), (6, 1), (7, 10), (8, 19), (9, 14), (10, 8)]


def faults_of(text):
    return [(int(match["line"]), int(match["column"])) for match in FAULT.finditer(text)]


@case("configuration: three lines are a valid, safe configuration")
def _(t):
    app = t.app()
    config = f"version: 1\nlisten: 127.0.0.1:0\nupstream: {{address: {app.address}}}\n"
    path = t.write("three.yaml", config)
    code, out, err = t.run("check", path)
    t.equal(code, 0, f"check of three lines: {out}{err}")
    # The default telemetry and admin ports may be taken on this machine, so the run gets its own.
    sidecar = t.sidecar(app, config=config, arguments=["--telemetry", f"{HOST}:0", "--admin", f"{HOST}:0"])
    t.equal(sidecar.get("/three").status, 200, "status")
    big = sidecar.post("/three", b"x" * (1024 * 1024 + 1))
    t.local_reply(big, 413)


@case("configuration: a file with six faults gives six errors with line and column, exit 78, and nothing is bound")
def _(t):
    with socket.socket() as taken:  # a port in use would be exit 69 if anything were bound before the file is judged
        taken.bind((HOST, 0))
        taken.listen(1)
        t.write("six.yaml", SIX_FAULTS.format(port=taken.getsockname()[1]))
        for command in (["check", "six.yaml"], ["run", "--config", "six.yaml"]):
            code, out, err = t.run(*command)
            t.equal(code, 78, f"exit code of {command}")
            t.equal(sorted(faults_of(out + err)), SIX_POSITIONS, f"positions of {command}: {out}{err}")
            t.check("did you mean service" in (out + err).replace("'", "").replace("`", "").replace('"', ""), f"a did-you-mean for servise: {out}{err}")
            t.check("fix:" in out + err, "each fault names a fix")
            t.check("listening" not in out, "nothing listens")
    codes = {match["code"] for match in FAULT.finditer(out + err)}
    t.check(len(codes) >= 4, f"different faults have different codes: {codes}")


@case("configuration: check of a good file and a good policy exits 0")
def _(t):
    t.write("policy.yaml", policy_text({"timeouts": "firstByte: 2s, request: 5s"}))
    t.write("holdfast.yaml", sidecar_text("127.0.0.1:3000"))
    code, out, err = t.run("check", "holdfast.yaml", "policy.yaml")
    t.equal(code, 0, f"exit: {out}{err}")
    t.equal(faults_of(out + err), [], "faults")


# What is refused, and where. Each: name, kind of file, text, line, column.
POLICY = "version: 1\nprofile: standard@1\n"
REFUSED = [
    ("an unknown key", "policy", POLICY + "policies:\n  timeouts: {firstBite: 1s}\n", 4, 14),
    ("a key in the wrong case", "policy", POLICY + "policies:\n  timeouts: {firstbyte: 1s}\n", 4, 14),
    ("an unknown policy", "policy", POLICY + "policies:\n  timeout: {firstByte: 1s}\n", 4, 3),
    ("a doubled key", "policy", POLICY + "policies:\n  timeouts: {connect: 1s, connect: 1s}\n", 4, 27),
    ("a tab", "policy", POLICY + "policies:\n\ttimeouts: {connect: 1s}\n", 4, None),
    ("an anchor", "policy", POLICY + "policies:\n  timeouts: &a {connect: 1s}\n", 4, None),
    ("an alias", "policy", POLICY + "policies:\n  timeouts: *a\n", 4, None),
    ("a tag", "policy", POLICY + "policies:\n  timeouts: !!map {connect: 1s}\n", 4, None),
    ("a merge key", "policy", POLICY + "policies:\n  timeouts: {<<: {connect: 1s}}\n", 4, 14),
    ("a second document", "policy", POLICY + "---\nversion: 1\n", None, None),
    ("an unclosed quote", "policy", POLICY + 'policies:\n  errors: {message: "oops}\n', None, None),
    ("a bare number for a duration", "policy", POLICY + "policies:\n  timeouts: {connect: 1}\n", 4, 23),
    ("a size without a unit", "policy", POLICY + "policies:\n  limits: {body: 1000}\n", 4, 18),
    ("a size in a unit that is none of ours", "policy", POLICY + "policies:\n  limits: {body: 1MB}\n", 4, 18),
    ("a negative duration", "policy", POLICY + "policies:\n  timeouts: {connect: -1s}\n", 4, 23),
    ("a bare yes where a word is expected", "policy", POLICY + "policies:\n  limits: {mode: yes}\n", 4, 18),
    ("a mode that does not exist", "policy", POLICY + "policies:\n  limits: {mode: shadow}\n", 4, 18),
    ("report mode on a policy without it", "policy", POLICY + "policies:\n  requestId: {mode: report}\n", 4, 21),
    ("none without because", "policy", POLICY + "policies:\n  limits: {body: none}\n", 4, None),
    ("disabled without because", "policy", POLICY + "policies:\n  accessLog: {mode: disabled}\n", 4, None),
    ("redaction switched off", "policy", POLICY + "policies:\n  redaction: {mode: disabled, because: no}\n", 4, None),
    ("a profile that does not exist", "policy", "version: 1\nprofile: standard@9\n", 2, 10),
    ("a version that does not exist", "policy", "version: 2\nprofile: standard@1\n", 1, 10),
    ("connect longer than firstByte", "policy", POLICY + "policies:\n  timeouts: {connect: 9s, firstByte: 2s}\n", 4, None),
    ("firstByte longer than request", "policy", POLICY + "policies:\n  timeouts: {firstByte: 20s, request: 10s}\n", 4, None),
    ("streamIdle shorter than firstByte", "policy", POLICY + "policies:\n  timeouts: {streamIdle: 5s}\n", 4, None),
    ("drain longer than terminationGrace", "policy", POLICY + "policies:\n  drain: {announce: 20s, finish: 20s}\n", None, None),
    ("a mode on a route", "policy", POLICY + "routes:\n  - {name: a, match: GET /a, limits: {mode: report}}\n", 4, None),
    ("client headers on a route", "policy", POLICY + "routes:\n  - {name: a, match: GET /a, timeouts: {clientHeaders: 1s}}\n", 4, None),
    ("two routes of one name", "policy", POLICY + "routes:\n  - {name: a, match: GET /a}\n  - {name: a, match: GET /b}\n", 5, None),
    ("a route list that seriesMax cannot hold", "policy",
     POLICY + "policies:\n  metrics: {seriesMax: 256}\nroutes:\n" + "".join(f"  - {{name: r{n}, match: GET /r{n}}}\n" for n in range(200)), None, None),
    ("an upstream without address", "sidecar", "version: 1\nlisten: 127.0.0.1:0\nupstream: {health: GET /h}\n", 3, None),
    ("no listen", "sidecar", "version: 1\nupstream: {address: 127.0.0.1:3000}\n", None, None),
    ("no upstream", "sidecar", "version: 1\nlisten: 127.0.0.1:0\n", None, None),
    ("a port above 65535", "sidecar", "version: 1\nlisten: 127.0.0.1:70000\nupstream: {address: 127.0.0.1:3000}\n", 2, 9),
    ("a variable in a value", "sidecar", "version: 1\nlisten: $(POD_IP):8080\nupstream: {address: 127.0.0.1:3000}\n", 2, 9),
    ("an exposed admin listener without because", "sidecar",
     "version: 1\nlisten: 127.0.0.1:0\nupstream: {address: 127.0.0.1:3000}\nadmin: 0.0.0.0:9901\n", 4, None),
    ("an empty file", "sidecar", "", None, None),
    ("a list instead of a mapping", "sidecar", "- version: 1\n", None, None),
    ("a NUL byte", "sidecar", "version: 1\nlisten: 127.0.0.1:0\nservice: a\0b\nupstream: {address: 127.0.0.1:3000}\n", None, None),
]


def refused(name, kind, text, line, column):
    @case(f"configuration: {name} is refused with its place and exit 78")
    def _(t):
        if kind == "policy":
            t.write("policy.yaml", text)
            t.write("holdfast.yaml", sidecar_text("127.0.0.1:3000"))
            code, out, err = t.run("check", "holdfast.yaml", "policy.yaml")
        else:
            t.write("holdfast.yaml", text)
            code, out, err = t.run("check", "holdfast.yaml")
        t.equal(code, 78, f"exit: {out}{err}")
        places = faults_of(out + err)
        t.check(places, f"at least one fault with a place: {out}{err}")
        if line is not None:
            t.check(any(found == line and column in (None, at) for found, at in places), f"a fault at {line}:{column}, got {places}: {out}{err}")


for row in REFUSED:
    refused(*row)


ACCEPTED = [
    ("CRLF line ends", policy_text({"timeouts": "firstByte: 2s"}).replace("\n", "\r\n")),
    ("a BOM", "\ufeff" + policy_text({"timeouts": "firstByte: 2s"})),
    ("block style", "version: 1\nprofile: standard@1\npolicies:\n  timeouts:\n    firstByte: 2s\n    request: 1m30s\n"),
    ("none with because", policy_text({"timeouts": "request: none, because: measured elsewhere"})),
    ("the profile alone", "version: 1\nprofile: standard@1\n"),
    ("observe@1", "version: 1\nprofile: observe@1\n"),
    ("routes", policy_text({}, ["name: create-user, match: POST /users, limits: {body: 64KiB}",
                                "name: events, match: GET /events/*, timeouts: {request: none, because: server-sent events}"])),
    ("a waiver", policy_text({}, extra="acceptRisk:\n  - {check: rateLimit.enforced, until: 2027-12-31, owner: team-users, because: measuring first}\n")),
]


def accepted(name, text):
    @case(f"configuration: {name} is accepted")
    def _(t):
        t.write("policy.yaml", text)
        t.write("holdfast.yaml", sidecar_text("127.0.0.1:3000"))
        code, out, err = t.run("check", "holdfast.yaml", "policy.yaml")
        t.equal(code, 0, f"exit: {out}{err}")


for row in ACCEPTED:
    accepted(*row)


@case("configuration: a missing file is exit 78 and names the file")
def _(t):
    for command in (["check", "nowhere.yaml"], ["run", "--config", "nowhere.yaml"]):
        code, out, err = t.run(*command)
        t.equal(code, 78, f"exit of {command}")
        t.check("nowhere.yaml" in out + err, f"the file is named: {out}{err}")


@case("configuration: a missing policy file is exit 78 and names the file")
def _(t):
    t.write("holdfast.yaml", sidecar_text("127.0.0.1:3000", {"policy": "gone.yaml"}))
    code, out, err = t.run("run", "--config", "holdfast.yaml")
    t.equal(code, 78, "exit")
    t.check("gone.yaml" in out + err, f"the file is named: {out}{err}")


@case("configuration: every fault of both files is printed, not the first file's alone")
def _(t):
    t.write("policy.yaml", POLICY + "policies:\n  timeouts: {firstBite: 1s}\n")
    t.write("holdfast.yaml", sidecar_text("127.0.0.1:3000", {"servise": "x"}))
    code, out, err = t.run("run", "--config", "holdfast.yaml")
    t.equal(code, 78, "exit")
    files = {os.path.basename(match["file"]) for match in FAULT.finditer(out + err)}
    t.equal(files, {"policy.yaml", "holdfast.yaml"}, f"files with faults: {out}{err}")


def port_in_use(listener, flag):
    @case(f"start: a {listener} port in use is exit 69 and one sentence that names it")
    def _(t):
        with socket.socket() as taken:
            taken.bind((HOST, 0))
            taken.listen(1)
            port = taken.getsockname()[1]
            t.write("policy.yaml", policy_text({}))
            t.write("holdfast.yaml", sidecar_text("127.0.0.1:3000"))
            code, out, err = t.run("run", "--config", "holdfast.yaml", flag, f"{HOST}:{port}")
        t.equal(code, 69, f"exit: {out}{err}")
        naming = [line for line in (out + err).splitlines() if str(port) in line and "listening" not in line]
        t.equal(len(naming), 1, f"lines that name port {port}: {out}{err}")


for row in (("data", "--listen"), ("telemetry", "--telemetry"), ("admin", "--admin")):
    port_in_use(*row)


@case("start: a port that another Holdfast listens on is in use too")
def _(t):
    app, first = t.pair(top={"workers": "2"})
    t.write("policy.yaml", policy_text({}))
    t.write("holdfast.yaml", sidecar_text(app.address, {"workers": "2"}))
    code, out, err = t.run("run", "--config", "holdfast.yaml", "--listen", f"{HOST}:{first.data[1]}")
    t.equal(code, 69, f"exit: {out}{err}")
    t.equal(first.get("/x").status, 200, "the first one still serves")


USAGE = [["frobnicate"], ["run", "--no-such-flag"], ["check"], []]


@case("command line: what is not understood is exit 64 with a word on stderr")
def _(t):
    for command in USAGE:
        code, out, err = t.run(*command)
        t.equal(code, 64, f"exit of {command}: {out}{err}")
        t.check(err.strip(), f"{command}: something on stderr")


@case("command line: every command has --help with an example")
def _(t):
    for command in ("run", "check", "effective", "schema", "drain", "version"):
        code, out, err = t.run(command, "--help")
        t.equal(code, 0, f"exit of {command} --help")
        t.check(re.search("example", out, re.I) and f"holdfast {command}" in out, f"{command} --help has an example: {out[:400]}")
    code, out, _ = t.run("--help")
    t.equal(code, 0, "exit of --help")
    t.check(all(word in out for word in ("run", "check", "effective", "schema", "drain", "version")), f"--help lists the commands: {out[:600]}")


@case("command line: no colours when the output is no terminal")
def _(t):
    t.write("six.yaml", SIX_FAULTS.format(port=1))
    for command in (["check", "six.yaml"], ["--help"], ["version"]):
        code, out, err = t.run(*command)
        t.check("\x1b" not in out + err, f"escape sequences in {command}")


@case("command line: version names version, commit, flags and libraries")
def _(t):
    code, out, err = t.run("version")
    t.equal(code, 0, "exit")
    t.check(re.search(r"\d+\.\d+\.\d+", out), f"a version: {out}")
    t.check("libevent" in out.lower(), f"library versions: {out}")


@case("command line: schema is a JSON Schema that names the settings")
def _(t):
    code, out, err = t.run("schema")
    t.equal(code, 0, f"exit: {err}")
    schema = json.loads(out)
    t.check(isinstance(schema, dict), "an object")
    for word in ("firstByte", "replace5xx", "seriesMax", "trustedHops", "terminationGrace", "acceptRisk"):
        t.check(f'"{word}"' in out, f"{word} is in the schema")


@case("command line: effective shows every setting with its value and where it came from")
def _(t):
    t.write("policy.yaml", "version: 1\nprofile: standard@1\npolicies:\n  timeouts:\n    firstByte: 2s\n    request: 5s\n")
    t.write("holdfast.yaml", sidecar_text("127.0.0.1:3000"))
    code, out, err = t.run("effective", "--config", "holdfast.yaml", "--listen", "127.0.0.1:7777")
    t.equal(code, 0, f"exit: {out}{err}")
    rows = out.splitlines()

    def row(*words):
        return any(all(word in line for word in words) for line in rows)
    t.check(row("firstByte", "2s", "policy.yaml:5"), f"firstByte with its line: {[r for r in rows if 'firstByte' in r]}")
    t.check(row("connect", "1s", "profile standard@1"), f"connect from the profile: {[r for r in rows if 'connect' in r]}")
    t.check(row("listen", "127.0.0.1:7777", "--listen"), f"listen from the flag: {[r for r in rows if 'listen' in r]}")
    t.check(row("seriesMax", "2000"), "seriesMax")
    t.check(row("holdfast.yaml:"), "settings of the sidecar file with their lines")


@case("command line: flags alone start a sidecar, without a file")
def _(t):
    app = t.app()
    directory = t.fresh_directory()
    sidecar = Sidecar(t, directory, ["run", "--listen", f"{HOST}:0", "--upstream", app.address, "--telemetry", f"{HOST}:0", "--admin", f"{HOST}:0",
                                     "--workers", "1", "--service", "flags"], None, t.program("holdfast"))
    t.sidecars.append(sidecar)
    sidecar.wait_listening()
    t.equal(sidecar.get("/flags").status, 200, "status")
    t.equal(sidecar.access("/flags").get("service"), "flags", "service in the line")


@case("command line: a flag beats the file, and the running /effective says so")
def _(t):
    app = t.app()
    sidecar = t.sidecar("127.0.0.1:1", arguments=["--upstream", app.address])
    t.equal(sidecar.get("/x").status, 200, "the flag's upstream is used")
    rows = [line for line in sidecar.effective().splitlines() if app.address in line or "--upstream" in line]
    t.check(any("--upstream" in line for line in rows), f"origin of upstream: {rows}")


@case("command line: --policy replaces the policy of the file")
def _(t):
    app = t.app()
    other = t.write("other.yaml", policy_text({"limits": "body: 1KiB"}))
    sidecar = t.sidecar(app, arguments=["--policy", other])
    t.local_reply(sidecar.post("/p", b"x" * 2000), 413)


@case("check --memory: a bound that does not fit the memory is refused")
def _(t):
    t.write("policy.yaml", policy_text({"limits": "connections: 8192"}))
    t.write("holdfast.yaml", sidecar_text("127.0.0.1:3000"))
    code, out, err = t.run("check", "--memory", "64MiB", "holdfast.yaml", "policy.yaml")
    t.equal(code, 78, f"8192 connections of 33 KiB in 64 MiB: {out}{err}")
    t.write("policy.yaml", policy_text({"limits": "connections: 256"}))
    code, out, err = t.run("check", "--memory", "128MiB", "holdfast.yaml", "policy.yaml")
    t.equal(code, 0, f"256 connections in 128 MiB: {out}{err}")


@case("start: the first request after the listeners are reported is answered, thirty starts in a row", seconds=60)
def _(t):
    app = t.app()
    for _ in range(10 if t.quick else 30):
        sidecar = t.sidecar(app)
        t.equal(sidecar.get("/first").status, 200, "status")
        sidecar.stop()
        sidecar.expect_exit = True


@case("start: the upstream may be a Unix socket")
def _(t):
    import threading
    directory = t.fresh_directory()
    path = os.path.join(directory, "app.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    t.later(listener.close)

    def serve():
        while True:
            try:
                sock, _ = listener.accept()
                if sock.recv(65536):
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nunix")
                sock.close()
            except OSError:
                return
    threading.Thread(target=serve, daemon=True).start()
    sidecar = t.sidecar(f"unix:{path}")
    t.equal(sidecar.get("/unix").content, b"unix", "content")


@case("start: localhost is a valid upstream host")
def _(t):
    app = t.app()
    sidecar = t.sidecar(f"localhost:{app.port}")
    t.equal(sidecar.get("/l").status, 200, "status")


@case("start: \":port\" listens dual stack or on IPv4")
def _(t):
    app = t.app()
    port = free_port()
    sidecar = t.sidecar(app, top={"listen": f'":{port}"'})
    t.equal(sidecar.data[1], port, "the port")
    sidecar.data = (HOST, port)
    t.equal(sidecar.get("/d").status, 200, "over IPv4")


@case("start: one worker less or more, the answer is the same", seconds=40)
def _(t):
    app = t.app()
    for workers in ("1", "2", "4", "auto"):
        sidecar = t.sidecar(app, arguments=["--workers", workers])
        answers = t.threads(8, lambda number: sidecar.get(f"/w{number}").status)
        t.equal(answers, [200] * 8, f"--workers {workers}")


@case("log: format pretty is for people and carries no JSON")
def _(t):
    app = t.app()
    directory = t.fresh_directory()
    port = free_port()
    t.write("policy.yaml", policy_text({}), directory)
    t.write("holdfast.yaml", sidecar_text(app.address, {"log": "{level: info, format: pretty}", "listen": f"{HOST}:{port}"}), directory)
    sidecar = Sidecar(t, directory, ["run", "--config", "holdfast.yaml"], None, t.program("holdfast"))
    t.later(sidecar.stop)
    sidecar.data = (HOST, port)

    def served():
        try:
            return sidecar.get("/pretty-path").status == 200
        except OSError:
            return False
    until(served, 10, "serves")
    until(lambda: b"/pretty-path" in sidecar.raw_stdout(), 3, "the request is shown")
    line = next(line for line in sidecar.raw_stdout().splitlines() if b"/pretty-path" in line)
    t.check(not line.startswith(b"{"), f"a pretty line: {line!r}")
    t.check(b"\x1b" not in line, "no colours into a file")
