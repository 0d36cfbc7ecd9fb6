"""users-service on real databases: many registrations at once, and a PostgreSQL that goes away, stands still and comes back.

The number of registrations is HOLDFAST_REGISTRATIONS where a case says so (600 unless told).
"""
import json
import os
import threading
import time

from stores import BACK_WITHIN, NEEDS, SqliteFile, answer, create, fails, health, healthy, logged, names, postgres, unhealthy, works
from support import case, until

from registrations import people, register_all

REGISTRATIONS = int(os.environ.get("HOLDFAST_REGISTRATIONS", "600"))


# --- many registrations

def nothing_lost(t, store, registrations):
    """Every 201 that a client saw is stored exactly once; nothing else is, but what was answered 500 or not at all."""
    rows = store.ask("SELECT id, email_key FROM users WHERE email_key IS NOT NULL")
    stored = dict((email, number) for number, email in rows)
    t.equal(len(stored), len(rows), "rows per address")
    created = {person.email.lower(): person for person in registrations if person.status == 201}
    for email, person in created.items():
        t.equal(stored.get(email), person.answer["id"], f"the row of {email}")
    untold = set(stored) - set(created) - {person.email.lower() for person in registrations if person.unsure}
    t.check(not untold, f"rows that nobody was told of: {[(person.email, person.status) for person in registrations if person.email.lower() in untold][:5]}")
    failures = set().union(*(person.failures for person in registrations))
    t.check(failures <= {(500, b'{"error":"internal error"}'), (503, b'{"error":"too many requests in progress"}')}, f"what a 5xx says: {failures}")
    return created


def counted(t, registrations):
    """Every address was created once and taken for the others. A slow machine may answer 500, and the next 409 is then no loss."""
    statuses = [person.status for person in registrations]
    unique = len({person.email.lower() for person in registrations})
    unsure = sum(person.unsure for person in registrations)
    t.equal(statuses.count(201) + statuses.count(409), len(statuses), "registrations answered")
    t.within(statuses.count(201), unique - unsure, unique, "created")
    return f"{statuses.count(201)} created, {statuses.count(409)} taken, {unsure} had failed before"


def one_row_per_address(t, store):
    users = t.users(store=store.store)
    registrations = people(REGISTRATIONS, taken=0.2)
    started = time.monotonic()
    register_all(("127.0.0.1", users.port), registrations, clients=32, seconds=800, stubborn=True)
    seconds = time.monotonic() - started
    nothing_lost(t, store, registrations)
    answers = counted(t, registrations)
    unique = round(REGISTRATIONS * 0.8)
    rows = store.ask("SELECT count(*), count(DISTINCT email_key) FROM users")
    t.equal(rows, [(unique, unique)], "rows")
    t.equal(store.ask("SELECT count(*) FROM users WHERE password_hash LIKE '$argon2id$%'"), [(unique,)], "hashes")
    print(f"{len(registrations)} registrations in {seconds:.1f} s: {answers}; {rows[0][0]} rows", flush=True)


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
    load = threading.Thread(target=register_all, args=(("127.0.0.1", users.port), registrations, 1000, 120), kwargs={"seen": seen}, daemon=True)
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
    t.threads(2, lambda number: register_all(("127.0.0.1", both[number].port), loads[number], clients=8, seconds=40, stubborn=True))
    counted(t, loads[0] + loads[1])
    nothing_lost(t, store, loads[0] + loads[1])
    t.equal(store.ask("SELECT count(*) FROM users"), [(60,)], "rows")
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
