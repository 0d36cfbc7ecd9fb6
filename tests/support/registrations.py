"""Many registrations at once, by a small HTTP client of its own: what each was answered.

A 503 (the service takes no more just now) is asked again a little later, as its Retry-After says; any other answer counts.
"""
import asyncio
import json
import random
import resource
import time

PASSWORD = "correct horse battery"
OPEN_FILES = 4096


class Registration:
    """One person who wants an account. `status` 0: the connection ended without an answer."""

    def __init__(self, name, email):
        self.name, self.email = name, email
        self.status, self.body, self.refusals = 0, b"", set()

    @property
    def answer(self):
        return json.loads(self.body)


def people(count, taken=0.0):
    """`count` registrations in random order; that part of them has an address that another one has, in other letters."""
    first = round(count * (1 - taken))
    emails = [f"user{number}@load.example" for number in range(first)]
    emails += [random.choice((str.upper, str.title, str))(f"user{number % first}@load.example") for number in range(count - first)]
    random.shuffle(emails)
    return [Registration(f"User {number} 'Ω", email) for number, email in enumerate(emails)]


async def exchange(connection, content):
    reader, writer = connection
    writer.write(b"POST /register HTTP/1.1\r\nhost: load.test\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(content), content))
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length:"))
    return int(head.split()[1]), await reader.readexactly(length)


async def register(address, person, connection, deadline):
    """Returns the connection to go on with."""
    content = json.dumps({"username": person.name, "email": person.email, "age": 30, "password": PASSWORD}).encode()
    while time.monotonic() < deadline:
        try:
            connection = connection or await asyncio.open_connection(*address)
            person.status, person.body = await asyncio.wait_for(exchange(connection, content), 10)
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            person.status, person.body = 0, b""
            return None
        if person.status != 503:
            return connection
        person.refusals.add(person.body)
        await asyncio.sleep(random.uniform(0.3, 1.0))
    return connection


async def client(address, waiting, deadline, seen):
    connection = None
    while waiting and time.monotonic() < deadline:
        person = waiting.pop()
        connection = await register(address, person, connection, deadline)
        seen(person)
    if connection:
        connection[1].close()


def register_all(address, registrations, clients, seconds, seen=lambda person: None):
    """Has `clients` work until all are answered or the time is over. `seen` is called after each, on this thread."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, OPEN_FILES)), hard))

    async def work():
        waiting, deadline = list(registrations), time.monotonic() + seconds
        await asyncio.gather(*(client(address, waiting, deadline, seen) for _ in range(clients)))
    asyncio.run(work())
    return registrations
