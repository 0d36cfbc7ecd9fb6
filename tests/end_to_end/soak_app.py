#!/usr/bin/env python3
"""The app of a soak: answers `/s/CLIENT/FAULT?t=TOKEN&n=BYTES` as FAULT says, by a seeded generator; prints what no proxy may send it.

    soak_app.py PORT SEED

It reads requests strictly: one that does not parse, has two framings or was smuggled is a line on its stdout, and a finding.
"""
import asyncio
import random
import re
import socket
import struct
import sys

REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (/\S*) HTTP/1\.1")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
TARGET = re.compile(rb"/s/([a-z_]+)/([a-z0-9_]+)\?t=([0-9a-z]+)&n=(\d+)")
PLAIN = b"GET /s/wrk/ok?t=wrk&n=2 HTTP/1.1\r\n"
PLAIN_ANSWER = b"HTTP/1.1 200 OK\r\nX-Token: wrk\r\nContent-Length: 2\r\n\r\nwr"
BAD_HEADS = [b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n"] + [
    b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\n" for fields in (
        b"no colon", b"Content-Length: 1\r\nContent-Length: 2", b"Content-Length: -1", b"X: a\0b", b"Transfer-Encoding: chunked, gzip")] + [
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"]
POISON = b"HTTP/1.1 200 OK\r\nX-Token: poison\r\nContent-Length: 6\r\n\r\npoison"
CONTENT_MAX = 8 << 20


class Gone(Exception):
    pass


def pattern(token, count):
    """The content of an answer: whoever gets another's answer sees it."""
    return (token * (count // len(token) + 1))[:count]


class Peer(asyncio.Protocol):
    rng = random.Random()

    def connection_made(self, transport):
        self.transport, self.buffer, self.task, self.more, self.lost = transport, bytearray(), None, None, False
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, _):
        self.lost = True
        self.wake()

    def data_received(self, data):
        self.buffer += data
        self.wake()
        if self.task is None:
            self.serve()

    def wake(self):
        if self.more is not None and not self.more.done():
            self.more.set_result(None)

    def serve(self):
        """The plain request of the load is answered here; any other gets a task."""
        while not self.lost and not self.transport.is_closing():
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.buffer[:end])
            del self.buffer[:end + 4]
            if not head.startswith(PLAIN):
                self.task = asyncio.get_running_loop().create_task(self.exchange(head))
                return
            self.transport.write(PLAIN_ANSWER)

    async def exchange(self, head):
        try:
            await self.respond(head)
        except Gone:
            pass
        self.task = None
        self.serve()

    async def wait(self):
        if self.lost:
            raise Gone
        self.more = asyncio.get_running_loop().create_future()
        await self.more
        self.more = None
        if self.lost:
            raise Gone

    async def take(self, count):
        while len(self.buffer) < count:
            await self.wait()
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    async def line(self):
        while (end := self.buffer.find(b"\r\n")) < 0:
            await self.wait()
        return (await self.take(end + 2))[:-2]

    async def content(self):
        """The request's content; asks for it when the client waits to be asked."""
        if self.expects:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self.chunked:
            return await self.take(self.length)
        whole = bytearray()
        while size := int(await self.line(), 16):
            whole += await self.take(size)
            if await self.take(2) != b"\r\n":
                self.odd("chunk without its end")
        while await self.line():
            pass
        return bytes(whole)

    def odd(self, what, head=b""):
        print(f"{what}: {head[:300]!r}", flush=True)
        self.abort()
        raise Gone

    def abort(self):
        if self.lost:
            return
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
        self.lost = True

    async def stall(self):
        while True:
            self.buffer.clear()
            await self.wait()

    async def nap(self, low, high):
        await asyncio.sleep(self.rng.uniform(low, high))

    async def respond(self, head):
        first, *lines = head.split(b"\r\n")
        request = REQUEST_LINE.fullmatch(first)
        fields = [FIELD.fullmatch(line) for line in lines]
        if not request or not all(fields):
            self.odd("not a request", head)
        names = [(field[1].lower(), field[2].strip().lower()) for field in fields]
        lengths = [value for name, value in names if name == b"content-length"]
        codings = [value for name, value in names if name == b"transfer-encoding"]
        if len(lengths) + len(codings) > 1 or codings not in ([], [b"chunked"]):
            self.odd("two framings", head)
        self.length, self.chunked = int(lengths[0]) if lengths else 0, bool(codings)
        self.expects = (b"expect", b"100-continue") in names
        self.upgrade = (b"upgrade", b"websocket") in names
        self.method, self.token, target = request[1], None, request[2]
        match = TARGET.fullmatch(target)
        if match:
            self.token, self.count = match[3], min(int(match[4]), CONTENT_MAX)
            await FAULTS.get(match[2].decode(), ok)(self)
        elif b"smuggled" in target or b"poison" in head:
            self.odd("smuggled", head)
        else:
            await self.content()
            self.answer(b"ok")

    def head(self, extra, status=b"200 OK"):
        return b"HTTP/1.1 " + status + b"\r\n" + (b"X-Token: " + self.token + b"\r\n" if self.token else b"") + extra + b"\r\n"

    def answer(self, content, extra=b"", status=b"200 OK"):
        body = b"" if self.method == b"HEAD" else content
        self.transport.write(self.head(extra + b"Content-Length: %d\r\n" % len(content), status) + body)

    async def reply_content(self):
        """What was sent, or `n` bytes of the token's pattern."""
        sent = await self.content()
        return sent if sent else pattern(self.token, self.count)


async def ok(peer):
    peer.answer(await peer.reply_content())


async def chunked(peer, end=b"0\r\nX-Sum: 1\r\n\r\n", most=None):
    content = await peer.reply_content()
    if peer.method == b"HEAD":
        return peer.transport.write(peer.head(b"Transfer-Encoding: chunked\r\n"))
    peer.transport.write(peer.head(b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n"))
    at, whole = 0, content if most is None else content[:most]
    while at < len(whole):
        size = peer.rng.choice([1, 7, 1000, 70000]) if len(whole) < 3000 else 30000
        piece = whole[at:at + size]
        peer.transport.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        at += len(piece)
    peer.transport.write(end)


async def interim(peer):
    content = await peer.reply_content()
    for _ in range(peer.rng.randrange(1, 4)):
        peer.transport.write(peer.rng.choice([b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"]))
        await peer.nap(0, 0.02)
    peer.answer(content)


async def early(peer):
    """The answer comes before the content is read; what follows differs."""
    peer.answer(b"early", b"Connection: close\r\n")
    await peer.nap(0, 0.05)
    ending = peer.rng.randrange(3)
    if ending == 0:
        peer.expects = False
        await peer.content()
    if ending == 1:
        peer.abort()
    peer.transport.close()


async def slow(peer):
    content = await peer.reply_content()
    whole = peer.head(b"Content-Length: %d\r\n" % len(content)) + (b"" if peer.method == b"HEAD" else content)
    step = max(1, len(whole) // 20)
    for at in range(0, len(whole), step):
        peer.transport.write(whole[at:at + step])
        await peer.nap(0, 0.02)


async def closing(peer):
    peer.answer(await peer.reply_content(), b"Connection: close\r\n")
    peer.transport.close()


async def idle(peer):
    """Closes the kept connection at a moment of its own, unless a request is on it."""
    peer.answer(await peer.reply_content())
    end = peer.rng.choice([peer.transport.close, peer.abort])
    asyncio.get_running_loop().call_later(peer.rng.uniform(0, 1.2), lambda: end() if peer.task is None else None)


async def unframed(peer):
    content = await peer.reply_content()
    peer.transport.write(peer.head(b"") + (b"" if peer.method == b"HEAD" else content))
    peer.transport.close()


async def extra(peer):
    """A second answer that nobody asked for. It comes in one piece with the first: later it would look like the next request's."""
    content = (await peer.reply_content())[:3000]
    peer.transport.write(peer.head(b"Content-Length: %d\r\n" % len(content)) + (b"" if peer.method == b"HEAD" else content) + POISON)


async def e500(peer):
    await peer.content()
    peer.answer(b"SECRET trace " * peer.rng.randrange(1, 2000), status=b"500 Internal")


async def reset_before(peer):
    await peer.nap(0, 0.02)
    peer.abort()


async def reset_head(peer):
    await peer.content()
    peer.transport.write(b"HTTP/1.1 200 OK\r\nX-Half: ")
    await peer.nap(0, 0.02)
    peer.abort()


async def part(peer):
    await peer.content()
    peer.transport.write(peer.head(b"Content-Length: 50000\r\n") + pattern(peer.token, peer.rng.randrange(40000)))
    await peer.nap(0, 0.02)


async def reset_content(peer):
    await part(peer)
    peer.abort()


async def cut_content(peer):
    await part(peer)
    peer.transport.close()


async def cut_chunked(peer):
    peer.count = max(peer.count, 10)
    await chunked(peer, end=b"", most=5)
    peer.transport.close()


async def bad_chunk(peer):
    await chunked(peer, end=peer.rng.choice([b"zz\r\n", b"0\r\nX: a\0b\r\n\r\n", b"-1\r\n", b"fffffffffffffffff\r\n"]))
    await peer.stall()


async def stall_before(peer):
    await peer.content()
    await peer.stall()


async def stall_head(peer):
    await peer.content()
    peer.transport.write(b"HTTP/1.1 200 OK\r\nX-Half: ")
    await peer.stall()


async def stall_content(peer):
    await part(peer)
    await peer.stall()


async def garbage(peer):
    await peer.content()
    peer.transport.write(peer.rng.choice([*BAD_HEADS, peer.rng.randbytes(peer.rng.randrange(5, 2000)) + b"\r\n\r\n"]))
    await peer.nap(0, 0.05)
    peer.transport.close()


async def big_head(peer):
    await peer.content()
    peer.transport.write(peer.head(b"".join(b"X-%d: %s\r\n" % (at, b"v" * 1000) for at in range(200)) + b"Content-Length: 0\r\n"))


async def tunnel(peer):
    if not peer.upgrade:
        return await ok(peer)
    peer.transport.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")
    left = peer.rng.randrange(1, 12)
    while left := left - 1:
        while not peer.buffer:
            await peer.wait()
        peer.transport.write(bytes(peer.buffer))
        peer.buffer.clear()
    peer.rng.choice([peer.abort, peer.transport.close])()


FAULTS = {made.__name__: made for made in
          (ok, chunked, interim, early, slow, closing, idle, unframed, extra, e500, reset_before, reset_head, reset_content, cut_content, cut_chunked,
           bad_chunk, stall_before, stall_head, stall_content, garbage, big_head, tunnel)}


async def main(port, seed):
    Peer.rng = random.Random(seed)
    server = await asyncio.get_running_loop().create_server(Peer, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
