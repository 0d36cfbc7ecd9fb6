"""Real databases for the cases of users-service, and what is asked of it again and again."""
import http.client
import json
import os
import sqlite3
import sys
import time

from support import REPOSITORY, until

sys.path.insert(0, os.path.join(REPOSITORY, "tests", "support"))
from postgres import Absent, Postgres  # noqa: E402

NEEDS = ("users-service",)
ANSWER_WITHIN = 2.2  # a store call may take 2 s
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
