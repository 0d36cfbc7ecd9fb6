"""Many registrations at once, by a small HTTP client of its own: what each was answered.

A 503 (the service takes no more just now) is asked again a little later, as its Retry-After says. A 500 or a cut
connection leaves open what was stored; who is stubborn asks again then, too.
"""
import asyncio
import json
import random
import resource
import time

PASSWORD = "correct horse battery"
OPEN_FILES = 4096


class Registration:
    """One person who wants an account. `status` 0: the connection ended without an answer. `unsure`: there was such an
    end, or a 500, at some time."""

    def __init__(self, name, email):
        self.name, self.email = name, email
        self.status, self.body = 0, b""
        self.unsure, self.failures = False, set()  # (status, body) of every 5xx

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


async def ask(address, connection, person):
    """Returns the connection to go on with."""
    content = json.dumps({"username": person.name, "email": person.email, "age": 30, "password": PASSWORD}).encode()
    try:
        connection = connection or await asyncio.open_connection(*address)
        person.status, person.body = await asyncio.wait_for(exchange(connection, content), 10)
    except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
        person.status, person.body, connection = 0, b"", None
    if person.status >= 500:
        person.failures.add((person.status, person.body))
    person.unsure |= person.status in (0, 500)
    return connection


async def client(address, waiting, deadline, stubborn, seen):
    connection = None
    while waiting:
        person = waiting.pop()
        connection = await ask(address, connection, person)
        while (person.status == 503 or stubborn and person.status in (0, 500)) and time.monotonic() < deadline:
            await asyncio.sleep(random.uniform(1, 2))  # Retry-After says 1
            connection = await ask(address, connection, person)
        seen(person)
    if connection:
        connection[1].close()


def register_all(address, registrations, clients, seconds, stubborn=False, seen=lambda person: None):
    """Has `clients` work until all are answered, and nobody asks again after `seconds`. `seen` is called after each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, OPEN_FILES)), hard))

    async def work():
        waiting, deadline = list(registrations), time.monotonic() + seconds
        await asyncio.gather(*(client(address, waiting, deadline, stubborn, seen) for _ in range(clients)))
    asyncio.run(work())
    return registrations
