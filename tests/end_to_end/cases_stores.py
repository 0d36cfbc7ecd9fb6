"""users-service on real databases that go away, fill up, lock, stand still and break: what clients see and what is kept.

The number of registrations is HOLDFAST_REGISTRATIONS where a case says so (600 unless told).
"""
import http.client
import json
import os
import resource
import shutil
import signal
import sqlite3
import sys
import threading
import time

from support import REPOSITORY, case, until

sys.path.insert(0, os.path.join(REPOSITORY, "tests", "support"))
from postgres import Absent, Postgres  # noqa: E402
from registrations import people, register_all  # noqa: E402

NEEDS = ("users-service",)
REGISTRATIONS = int(os.environ.get("HOLDFAST_REGISTRATIONS", "600"))
BOUND = 2.0          # the longest a store call may take
ANSWER_WITHIN = 2.2  # and its answer, with what the machine needs
BACK_WITHIN = 2.0
INTERNAL = {"error": "internal error"}


class SqliteFile:
    def __init__(self, t, name="users.db"):
        self.path = os.path.join(t.directory, name)
        self.store = "sqlite:" + self.path

    def ask(self, sql):
        database = sqlite3.connect(self.path, timeout=5)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()


class PostgresServer(Postgres):
    @property
    def store(self):
        return self.url

    def ask(self, sql):
        return [tuple(int(cell) if cell.isdigit() else cell for cell in row) for row in self.query(sql, timeout=30)]


def postgres(t):
    try:
        server = PostgresServer()
    except Absent as why:
        t.skip(str(why))
    t.later(server.close)
    return server.start()


def answer(users, method, path, content=None, timeout=5):
    """(status, JSON, seconds)"""
    started = time.monotonic()
    host, _, port = users.address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
    try:
        body = None if content is None else json.dumps(content)
        connection.request(method, path, body=body, headers={"content-type": "application/json"} if body else {})
        response = connection.getresponse()
        return response.status, json.loads(response.read()), time.monotonic() - started
    finally:
        connection.close()


def create(users, name):
    return answer(users, "POST", "/users", {"name": name})


def health(users):
    return answer(users, "GET", "/healthz")[0]


def healthy(users, within=BACK_WITHIN):
    until(lambda: health(users) == 200, within, "/healthz 200")


def unhealthy(users, within):
    until(lambda: health(users) == 503, within, "/healthz 503")


def fails(t, users, method, path, content=None, within=ANSWER_WITHIN):
    status, body, seconds = answer(users, method, path, content)
    t.equal((status, body), (500, INTERNAL), f"{method} {path}")
    t.check(seconds <= within, f"{method} {path} took {seconds:.2f} s")
    return seconds


def works(t, users, name):
    """A new user, found again. Returns its id."""
    status, body, _ = create(users, name)
    t.equal(status, 200, f"POST /users: {body}")
    t.equal(answer(users, "GET", f"/users/{body.get('id')}")[:2], (200, {"id": body.get("id"), "name": name}), "read back")
    return body.get("id")


def logged(users, word):
    def found():
        with open(users.log_path, encoding="utf-8", errors="replace") as log:
            return word in log.read()
    until(found, 3, f"{word!r} in the log")


def names(store):
    return [name for name, in store.ask("SELECT name FROM users ORDER BY id")]


# --- many registrations

def nothing_lost(t, store, registrations):
    """Every 201 that a client saw is stored exactly once; nothing else is, but what was answered 500 or not at all."""
    rows = store.ask("SELECT id, email_key FROM users WHERE email_key IS NOT NULL")
    stored = dict((email, number) for number, email in rows)
    t.equal(len(stored), len(rows), "rows per address")
    created = [person for person in registrations if person.status == 201]
    for person in created:
        t.equal(stored.get(person.email.lower()), person.answer["id"], f"the row of {person.email}")
    unsure = {person.email.lower() for person in registrations if person.status in (0, 500)}
    t.check(set(stored) <= {person.email.lower() for person in created} | unsure, "rows that nobody was told of")
    for person in registrations:
        t.check(person.status != 500 or json.loads(person.body) == INTERNAL, f"a 500 says only that: {person.body}")
        t.check(person.refusals <= {b'{"error":"too many requests in progress"}'}, f"a 503 says only that: {person.refusals}")
    return created


def one_row_per_address(t, store):
    users = t.users(store=store.store)
    registrations = people(REGISTRATIONS, taken=0.2)
    started = time.monotonic()
    register_all(("127.0.0.1", users.port), registrations, clients=32, seconds=600)
    seconds = time.monotonic() - started
    created = nothing_lost(t, store, registrations)
    statuses = {status: sum(person.status == status for person in registrations) for status in {person.status for person in registrations}}
    unique = len({person.email.lower() for person in registrations})
    print(f"{len(registrations)} registrations in {seconds:.1f} s: answers {statuses}, {store.ask('SELECT count(*) FROM users')[0][0]} rows for {unique} addresses", flush=True)
    t.equal(statuses, {201: unique, 409: len(registrations) - unique}, "answers")
    t.equal(len(created), unique, "created")
    t.equal(store.ask("SELECT count(*), count(DISTINCT email_key) FROM users"), [(unique, unique)], "rows")
    t.equal(store.ask("SELECT count(*) FROM users WHERE password_hash LIKE '$argon2id$%'"), [(unique,)], "hashes")


@case("stores: SQLite keeps one row per address of 32 clients that register at once", needs=NEEDS, alone=True, seconds=900)
def _(t):
    one_row_per_address(t, SqliteFile(t))


@case("stores: PostgreSQL keeps one row per address of 32 clients that register at once", needs=NEEDS, alone=True, seconds=900)
def _(t):
    one_row_per_address(t, postgres(t))


@case("stores: PostgreSQL killed amid 1,000 registrations has every 201 exactly once, and is used again within 2 s", needs=NEEDS, alone=True, seconds=180)
def _(t):
    server = postgres(t)
    users = t.users(store=server.url)
    registrations = people(1000)
    enough = threading.Event()

    def seen(_):
        if sum(person.status == 201 for person in registrations) >= 150:
            enough.set()
    load = threading.Thread(target=register_all, args=(("127.0.0.1", users.port), registrations, 1000, 120, seen), daemon=True)
    load.start()
    t.require(enough.wait(60), "150 are registered")
    server.kill9()
    unhealthy(users, 4)
    fails(t, users, "GET", "/users/1")
    before = sum(person.status == 201 for person in registrations)
    server.start()
    back = time.monotonic()
    healthy(users)
    until(lambda: create(users, "after")[0] == 200, BACK_WITHIN, "POST /users answers 200")
    t.within(time.monotonic() - back, 0, BACK_WITHIN, "seconds until it is used again")
    load.join(130)
    t.require(not load.is_alive(), "all registrations are answered")
    created = nothing_lost(t, server, registrations)
    lost = sum(person.status == 500 for person in registrations)
    print(f"1000 registrations: {len(created)} created, {lost} failed, {sum(person.status == 0 for person in registrations)} without an answer", flush=True)
    t.check(lost > 0, "the outage was seen")
    t.check(len(created) > before, "registrations went on after it")


@case("stores: a service killed amid registrations has kept every 201 in its file", needs=NEEDS, seconds=60)
def _(t):
    store = SqliteFile(t)
    users = t.users(store=store.store)
    registrations = people(120)

    def seen(person):
        if person.status == 201 and sum(other.status == 201 for other in registrations) == 40:
            users.kill()
    register_all(("127.0.0.1", users.port), registrations, clients=16, seconds=20, seen=seen)
    created = nothing_lost(t, store, registrations)
    t.check(len(created) >= 40, f"{len(created)} created")
    t.equal(store.ask("PRAGMA integrity_check"), [("ok",)], "the file")
    users.start()
    works(t, users, "after")


@case("stores: two services on one SQLite file give an address once and see each other's users", needs=NEEDS, seconds=60)
def _(t):
    store = SqliteFile(t)
    both = [t.users(start=False, store=store.store), t.users(start=False, store=store.store)]
    t.threads(2, lambda number: both[number].start())  # both find no file
    loads = [people(60), people(60)]  # the same addresses
    t.threads(2, lambda number: register_all(("127.0.0.1", both[number].port), loads[number], clients=8, seconds=40))
    answers = [person.status for load in loads for person in load]
    t.equal((answers.count(201), answers.count(409)), (60, 60), "answers")
    nothing_lost(t, store, [person for load in loads for person in load])
    number = works(t, both[0], "seen by both")
    t.equal(answer(both[1], "GET", f"/users/{number}")[:2], (200, {"id": number, "name": "seen by both"}), "from the other")


# --- PostgreSQL

@case("stores: PostgreSQL may be down at start, go away and come back", needs=NEEDS, seconds=60)
def _(t):
    server = postgres(t)
    server.stop()
    users = t.users(store=server.url)
    t.equal(health(users), 503, "/healthz without a database")
    fails(t, users, "POST", "/users", {"name": "too early"})
    logged(users, "Connection refused")
    server.start()
    healthy(users)
    works(t, users, "Ada")
    for end in (server.stop, server.kill9):
        end()
        fails(t, users, "POST", "/users", {"name": "lost"})
        fails(t, users, "GET", "/users/1")
        unhealthy(users, 4)
        server.start()
        until(lambda: create(users, "Grace")[0] == 200, BACK_WITHIN, "POST /users answers 200")
        healthy(users)
    t.equal(names(server), ["Ada", "Grace", "Grace"], "what is stored")


@case("stores: after a restart of PostgreSQL the first call works", needs=NEEDS, seconds=60)
def _(t):
    server = postgres(t)
    users = t.users(store=server.url)
    t.threads(8, lambda number: works(t, users, f"user {number}"))
    server.restart()
    for number in range(8):
        works(t, users, f"after {number}")


@case("stores: a statement of PostgreSQL that takes 10 s is 500 within 2.2 s", needs=NEEDS, alone=True)
def _(t):
    users = t.users(store=postgres(t).url)
    works(t, users, "Ada")
    seconds = fails(t, users, "GET", "/slow-store")
    t.check(seconds > 1.5, f"it was waited for: {seconds:.2f} s")
    logged(users, "store timeout")
    works(t, users, "Grace")
    t.equal(health(users), 200, "/healthz")


@case("stores: a PostgreSQL that stands still costs 500 within 2.2 s, and /healthz answers at once", needs=NEEDS, alone=True)
def _(t):
    server = postgres(t)
    users = t.users(store=server.url)
    works(t, users, "Ada")
    server.pause()
    try:
        results = t.threads(6, lambda number: fails(t, users, "POST", "/users", {"name": f"stuck {number}"}) if number else
                            until(lambda: health(users) == 503, 5, "/healthz 503"))
        t.check(all(not isinstance(result, Exception) for result in results), f"{results}")
        seconds = answer(users, "GET", "/healthz")[2]
        t.check(seconds < 0.2, f"/healthz took {seconds:.2f} s")
    finally:
        server.resume()
    healthy(users)
    works(t, users, "Grace")
    t.check(set(names(server)) <= {"Ada", "Grace"} | {f"stuck {number}" for number in range(6)}, f"names {names(server)}")


@case("stores: a wrong password of PostgreSQL is told to the log, and no password ever is", needs=NEEDS)
def _(t):
    server = postgres(t)
    users = t.users(store=server.url.replace(server.password, "not-the-password"))
    fails(t, users, "POST", "/users", {"name": "Ada"})
    logged(users, "password authentication failed")
    with open(users.log_path, encoding="utf-8") as log:
        text = log.read()
    t.check("not-the-password" not in text, "the log has the password")
    t.check(f'"store":"postgres://postgres@127.0.0.1:{server.port}/postgres"' in text, f"the store's name: {text[:500]}")


@case("stores: an outage of PostgreSQL passes the sidecar as 500 and 503 with nothing internal, its cause under the same id", needs=("curl", "users-service"), seconds=60)
def _(t):
    server = postgres(t)
    users = t.users(store=server.url)
    sidecar = t.sidecar(users)
    t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", "-d", '{"name":"Ada"}', t.url(sidecar, "/users"))[1], "200", "before")
    server.kill9()
    response = sidecar.post("/users", b'{"name":"Grace"}', [("content-type", "application/json")])
    t.require(response, "an answer")
    t.equal((response.status, json.loads(response.content).get("error")), (500, "internal error"), "while it is away")
    logged(users, response.header("x-request-id"))
    for word in ("postgres", "connection", "server", "127.0.0.1", "libpq"):
        t.check(word not in response.content.decode().lower(), f"{word} in {response.content}")
    until(lambda: sidecar.get("/healthz").status == 503, 4, "/healthz 503 through the sidecar")
    server.start()
    until(lambda: sidecar.get("/healthz").status == 200, BACK_WITHIN, "/healthz 200 through the sidecar")
    t.equal(t.curl("-o", "/dev/null", "-w", "%{http_code}", "-d", '{"name":"Grace"}', t.url(sidecar, "/users"))[1], "200", "after")
    t.equal(names(server), ["Ada", "Grace"], "what is stored")


# --- SQLite

@case("stores: an SQLite file locked by another process costs writers 500 within 2.2 s, not readers", needs=NEEDS, alone=True)
def _(t):
    store = SqliteFile(t)
    users = t.users(store=store.store)
    works(t, users, "Ada")
    lock = sqlite3.connect(store.path, isolation_level=None)
    t.later(lock.close)
    lock.execute("BEGIN IMMEDIATE")
    seconds = fails(t, users, "POST", "/users", {"name": "late"})
    t.check(seconds > 1.5, f"the lock was waited for: {seconds:.2f} s")
    logged(users, "database is locked")
    t.equal(answer(users, "GET", "/users/1")[0], 200, "a read")
    t.equal(health(users), 200, "/healthz")
    lock.execute("ROLLBACK")
    works(t, users, "Grace")
    t.equal(names(store), ["Ada", "Grace"], "what is stored")


@case("stores: an SQLite file that may not grow is 500 for writers, loses nothing, and grows again", needs=NEEDS)
def _(t):
    store = SqliteFile(t)
    users = t.users(store=store.store)
    works(t, users, "Ada")
    full = (os.path.getsize(store.path + "-wal"), resource.RLIM_INFINITY)
    resource.prlimit(users.process.pid, resource.RLIMIT_FSIZE, full)
    for number in range(3):
        fails(t, users, "POST", "/users", {"name": f"lost {number}"})
    fails(t, users, "POST", "/register", {"username": "lost", "email": "lost@x.example", "age": 30, "password": "correct horse battery"})
    t.equal(answer(users, "GET", "/users/1")[0], 200, "a read")
    resource.prlimit(users.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    works(t, users, "Grace")
    logged(users, "store unavailable")
    t.equal(names(store), ["Ada", "Grace"], "what is stored")
    t.equal(store.ask("PRAGMA integrity_check"), [("ok",)], "the file")


@case("stores: an SQLite file that may not be written is 500 until it may", needs=("users-service", "setpriv"))
def _(t):
    """Root may write everything: then the service runs as nobody."""
    folder = os.path.join(t.directory, "data")
    os.mkdir(folder)
    store = SqliteFile(t, "data/users.db")
    first = t.users(store=store.store)
    works(t, first, "Ada")
    first.process.terminate()
    first.process.wait(5)
    os.chmod(store.path, 0o444)
    prefix = ()
    if os.geteuid() == 0:
        prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        os.chmod(t.directory, 0o755)
        os.chown(folder, 65534, 65534)
        shutil.copy(t.program("users-service"), t.directory)  # its folder may be closed to others
        t.bin_dir = t.directory
    users = t.users(store=store.store, prefix=prefix)
    t.equal(health(users), 503, "/healthz")
    fails(t, users, "POST", "/users", {"name": "lost"})
    logged(users, "store unavailable: the file may not be written")
    os.chmod(store.path, 0o666)
    works(t, users, "Grace")
    healthy(users)
    t.equal(names(store), ["Ada", "Grace"], "what is stored")


@case("stores: an SQLite file that is none is 500 and left as it is, and a good one in its place is used", needs=NEEDS)
def _(t):
    store = SqliteFile(t)
    garbage = os.urandom(20000)
    t.write("users.db", garbage)
    users = t.users(store=store.store)
    t.equal(health(users), 503, "/healthz")
    fails(t, users, "POST", "/users", {"name": "lost"})
    logged(users, "store corrupt")
    with open(store.path, "rb") as file:
        t.check(file.read() == garbage, "the file is left as it is")
    os.unlink(store.path)
    healthy(users)
    works(t, users, "Ada")


@case("stores: a damaged page of an SQLite file costs those who need it 500, and the service lives", needs=NEEDS)
def _(t):
    store = SqliteFile(t)
    users = t.users(store=store.store)
    works(t, users, "Ada")
    users.process.terminate()
    users.process.wait(5)
    database = sqlite3.connect(store.path)
    database.executemany("INSERT INTO users (name) VALUES (?)", ((f"user {number} " + "x" * 200,) for number in range(2000)))
    database.commit()
    size = database.execute("PRAGMA page_size").fetchone()[0]
    database.close()
    with open(store.path, "r+b") as file:
        file.seek(0, os.SEEK_END)
        pages = file.tell() // size
        file.seek(pages // 2 * size)
        file.write(b"\xff" * size * (pages // 4))
    users.start()
    found = [answer(users, "GET", f"/users/{number}")[:2] for number in range(1, 2001, 20)]
    t.check(any(status == 200 for status, _ in found), "some are found")
    t.check(any(status == 500 for status, _ in found), "some are damaged")
    t.check(all(status == 200 or (status, body) == (500, INTERNAL) for status, body in found), f"{found[:3]}")
    logged(users, "store corrupt")
    t.equal(answer(users, "GET", "/users/1")[0], 200, "the first")


@case("stores: a file of the first program is taken over with all its users", needs=NEEDS)
def _(t):
    store = SqliteFile(t)
    database = sqlite3.connect(store.path)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT")
    database.executemany("INSERT INTO users (name) VALUES (?)", ((f"user {number}",) for number in range(1, 501)))
    database.commit()
    database.close()
    both = [t.users(start=False, store=store.store), t.users(start=False, store=store.store)]
    t.threads(2, lambda number: both[number].start())
    t.equal(answer(both[0], "GET", "/users/500")[:2], (200, {"id": 500, "name": "user 500"}), "an old user")
    t.equal(works(t, both[1], "new"), 501, "the next id")
    t.equal(store.ask("SELECT count(*) FROM users"), [(501,)], "users")


@case("stores: a newer schema is refused, with its version in the log, until the file is changed back", needs=NEEDS)
def _(t):
    store = SqliteFile(t)
    users = t.users(store=store.store)
    works(t, users, "Ada")
    users.process.send_signal(signal.SIGTERM)
    users.process.wait(5)
    database = sqlite3.connect(store.path)
    database.execute("PRAGMA user_version=3")
    users.start()
    fails(t, users, "POST", "/users", {"name": "lost"})
    logged(users, "schema version 3")
    database.execute("PRAGMA user_version=2")
    database.close()
    works(t, users, "Grace")
