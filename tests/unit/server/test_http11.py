"""The listening protocol on a real socket, before a data plane that a test writes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from fairlead.engine.client import Client
from fairlead.server.asgi_client import Receive, Scope
from fairlead.server.http11 import MAX_HEAD, protocol_for
from fairlead.server.incoming import HIGH_WATER, encode_head

Handle = Callable[[Scope, Receive, Client], Awaitable[None]]


class Plane:
    """A data plane that is one function."""

    def __init__(self, handle: Handle) -> None:
        self.handle = handle


class Host:
    """A listening socket with the protocol, as uvicorn has it."""

    def __init__(self, port: int, state: ServerState) -> None:
        self.port = port
        self.state = state

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def say(self, data: bytes) -> bytes:
        """Everything that comes back until the connection is closed."""
        reader, writer = await self.open()
        writer.write(data)
        async with asyncio.timeout(60):
            answer = await reader.read()
        writer.close()
        return answer


@contextlib.asynccontextmanager
async def hosted(
    handle: Handle, patience: float = 300.0, keep_alive: int = 5
) -> AsyncIterator[Host]:
    config = Config(app=lambda: None, timeout_keep_alive=keep_alive)
    state = ServerState()
    protocol = protocol_for(Plane(handle), patience)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    try:
        yield Host(server.sockets[0].getsockname()[1], state)
    finally:
        server.close()
        for connection in list(state.connections):
            connection.close()


async def body_of(receive: Receive) -> bytes | None:
    found = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        found += message["body"]
        if not message["more_body"]:
            return found


async def echo(scope: Scope, receive: Receive, client: Client) -> None:
    body = await body_of(receive)
    said = f"{scope['method']} {scope['path']} {scope['query_string'].decode()} {body!r}"
    await client.respond(200, [(b"content-type", b"text/plain")], said.encode())


async def read_one(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    async with asyncio.timeout(60):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return head, await reader.readexactly(length)


POST = b"POST /a?b=c HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"
LAST = b"GET /last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 7, 30, len(POST) - 5, len(POST) - 1])
async def test_a_request_is_the_same_however_it_is_cut(cut: int) -> None:
    async with hosted(echo) as host:
        reader, writer = await host.open()
        for piece in (POST[:cut], POST[cut:]):
            writer.write(piece)
            await asyncio.sleep(0.02)
        _, body = await read_one(reader)
        assert body == b"POST /a b=c b'hello'"
        writer.write(POST)  # the connection was kept
        assert (await read_one(reader))[1] == body
        writer.close()


async def test_each_byte_may_come_by_itself() -> None:
    async with hosted(echo) as host:
        reader, writer = await host.open()
        for at in range(len(POST)):
            writer.write(POST[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0.001)
        assert (await read_one(reader))[1] == b"POST /a b=c b'hello'"
        writer.close()


async def test_requests_one_behind_the_other_are_answered_in_their_order() -> None:
    async def slow_first(scope: Scope, receive: Receive, client: Client) -> None:
        if scope["path"] == "/slow":
            await asyncio.sleep(0.1)
        await echo(scope, receive, client)

    slow = b"POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi"
    async with hosted(slow_first) as host:
        answer = await host.say(slow + POST + POST + LAST)
        said = [part.rpartition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
        assert said == [
            b"POST /slow  b'hi'", b"POST /a b=c b'hello'", b"POST /a b=c b'hello'",
            b"GET /last  b''",
        ]  # fmt: skip
        assert not host.state.tasks


async def test_chunks_in_the_request() -> None:
    data = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    async with hosted(echo) as host:
        reader, writer = await host.open()
        writer.write(data)
        assert (await read_one(reader))[1] == b"POST /  b'abcde'"
        writer.close()


async def test_a_client_that_waits_is_told_to_go_on() -> None:
    async with hosted(echo) as host:
        reader, writer = await host.open()
        writer.write(
            b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
        )
        async with asyncio.timeout(60):
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ok")
        assert (await read_one(reader))[1] == b"POST /  b'ok'"
        writer.close()


async def test_a_refused_client_that_waits_is_closed() -> None:
    """Whether its body comes all the same nobody could tell from the next request."""

    async def refuse(_scope: Scope, _receive: Receive, client: Client) -> None:
        await client.respond(413, [], b"no")

    async with hosted(refuse) as host:
        answer = await host.say(
            b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in answer


async def test_an_answer_before_the_body_leaves_the_connection_whole() -> None:
    async def early(scope: Scope, receive: Receive, client: Client) -> None:
        if scope["path"] == "/early":
            await client.respond(401, [], b"no key")
        else:
            await echo(scope, receive, client)

    async with hosted(early) as host:
        reader, writer = await host.open()
        writer.write(b"POST /early HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n")
        assert (await read_one(reader))[1] == b"no key"
        writer.write(b"hello")
        writer.write(POST)
        assert (await read_one(reader))[1] == b"POST /a b=c b'hello'"
        writer.close()


async def test_head_and_http_1_0() -> None:
    async with hosted(echo) as host:
        answer = await host.say(b"HEAD /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert answer.endswith(b"content-length: 12\r\nconnection: close\r\n\r\n")
        old = await host.say(b"GET /x HTTP/1.0\r\n\r\n")
        assert b"connection: close" in old
        assert old.endswith(b"GET /x  b''")


async def test_streams_in_chunks_and_without_them() -> None:
    async def stream(_scope: Scope, _receive: Receive, client: Client) -> None:
        await client.start(200, [(b"content-type", b"text/event-stream")])
        await client.write(b"one")
        await client.write(b"")
        await client.finish(b"two")

    async with hosted(stream) as host:
        answer = await host.say(LAST)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head
        assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
        old = await host.say(b"GET / HTTP/1.0\r\n\r\n")
        assert b"chunked" not in old
        assert old.endswith(b"\r\n\r\nonetwo")


async def test_a_client_that_leaves_stops_what_is_done_for_it() -> None:
    stopped: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    begun = asyncio.Event()

    async def forever(_scope: Scope, receive: Receive, client: Client) -> None:
        await body_of(receive)
        begun.set()
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            stopped.set_result(client.gone)
            raise

    async with hosted(forever) as host:
        _, writer = await host.open()
        writer.write(POST)
        async with asyncio.timeout(60):
            await begun.wait()
            writer.close()
            assert await stopped


async def test_a_client_that_leaves_within_its_request_is_no_request() -> None:
    got: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
    begun = asyncio.Event()

    async def read(_scope: Scope, receive: Receive, _client: Client) -> None:
        begun.set()
        got.set_result(await body_of(receive))

    async with hosted(read) as host:
        _, writer = await host.open()
        writer.write(POST[:-1])
        async with asyncio.timeout(60):
            await begun.wait()
            writer.close()
            assert await got is None


def serving_of(host: Host) -> Any:
    """What serves the request of the only connection; None before it is there."""
    return next((connection._serving for connection in host.state.connections), None)


async def test_a_large_body_waits_on_the_wire_until_it_is_read() -> None:
    go = asyncio.Event()

    async def later(scope: Scope, receive: Receive, client: Client) -> None:
        await go.wait()
        body = await body_of(receive)
        await client.respond(200, [], b"%d" % len(body or b""))

    size = 24 * 1024 * 1024
    async with hosted(later) as host:
        reader, writer = await host.open()
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % size)
        writer.write(b"x" * size)
        async with asyncio.timeout(60):
            while not (serving := serving_of(host)) or serving._size <= HIGH_WATER:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.001)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await writer.drain()
        assert HIGH_WATER < serving._size < 1024 * 1024
        go.set()
        assert (await read_one(reader))[1] == b"%d" % size
        writer.close()


async def test_who_does_not_read_is_waited_for() -> None:
    written = 0

    async def flood(_scope: Scope, _receive: Receive, client: Client) -> None:
        nonlocal written
        await client.start(200, [])
        for _ in range(512):
            await client.write(b"x" * 65536)
            written += 1
        await client.finish()

    async with hosted(flood) as host:
        reader, writer = await host.open()
        writer.write(LAST)
        await asyncio.sleep(0.3)
        assert written < 512
        async with asyncio.timeout(60):
            answer = await reader.read()
        assert answer.endswith(b"0\r\n\r\n")
        assert written == 512
        writer.close()


async def test_who_takes_nothing_of_a_stream_is_cut_off() -> None:
    ended = asyncio.Event()

    async def flood(_scope: Scope, receive: Receive, client: Client) -> None:
        await body_of(receive)
        try:
            await client.start(200, [])
            while True:
                await client.write(b"x" * 65536)
        finally:
            ended.set()

    async with hosted(flood, patience=0.2) as host:
        _reader, writer = await host.open()
        writer.transport.pause_reading()
        writer.write(LAST)
        async with asyncio.timeout(60):
            await ended.wait()
        writer.close()


async def test_who_takes_nothing_of_a_whole_answer_is_cut_off() -> None:
    async def much(_scope: Scope, _receive: Receive, client: Client) -> None:
        await client.respond(200, [], b"x" * (64 << 20))

    async with hosted(much, patience=0.2) as host:
        _reader, writer = await host.open()
        writer.transport.pause_reading()
        writer.write(LAST)
        async with asyncio.timeout(60):
            while not host.state.total_requests or host.state.connections:  # noqa: ASYNC110 - uvicorn tells no event
                await asyncio.sleep(0.02)
        writer.close()


class Pipe:
    """A transport to a client that has not taken `left` bytes yet."""

    def __init__(self) -> None:
        self.left = 0
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.left

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        self.aborted = True


async def test_who_takes_a_little_now_and_then_is_waited_for() -> None:
    protocol = protocol_for(Plane(echo), 10.0)
    connection = protocol(config=Config(app=lambda: None), server_state=ServerState(), app_state={})
    pipe = connection._transport = Pipe()
    connection.pause_writing()
    for now, left in enumerate(range(100_000, 60_000, -1000)):
        pipe.left = left
        connection.look(9.0 * now)
    connection.resume_writing()
    connection.pause_writing()  # it has caught up in between: by chance as far as before
    connection.look(1000.0)
    assert not pipe.aborted
    connection.look(1009.0)
    assert not pipe.aborted
    connection.look(1010.0)
    assert pipe.aborted


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * (MAX_HEAD + 10), 431),
        (b"GET / HTTP/1.1\r\nhost", 408),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf", 408),
    ],
)
async def test_what_is_no_request_is_refused_in_json(data: bytes, status: int) -> None:
    async with hosted(echo, patience=0.2) as host:
        answer = await host.say(data)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b'"type":"invalid_request_error"' in answer


async def test_idle_connections_are_closed_in_silence() -> None:
    async with hosted(echo, patience=0.2, keep_alive=0) as host:
        assert await host.say(b"") == b""
        answer = await host.say(POST)
        assert answer.endswith(b"b'hello'")


async def test_a_fault_of_ours_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_scope: Scope, _receive: Receive, _client: Client) -> None:
        raise RuntimeError("mine")

    async with hosted(fail) as host:
        answer = await host.say(LAST)
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"mine" not in answer
    assert "mine" in caplog.text


def test_no_header_starts_a_line_of_its_own() -> None:
    assert encode_head(200, [(b"a", b"b")], keep=True) == b"HTTP/1.1 200 OK\r\na: b\r\n\r\n"
    for value in (b"x\r\ny: z", b"x\ny"):
        with pytest.raises(ValueError, match="line"):
            encode_head(200, [(b"a", value)], keep=True)
