"""users-service on SQLite files that are locked, full, closed, damaged, old or new: what clients see and what is kept."""
import os
import resource
import shutil
import signal
import sqlite3

from stores import INTERNAL, NEEDS, SqliteFile, answer, fails, health, healthy, logged, names, works
from support import case


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
