"""CPU time of one small request, by HTTP client, against a trivial server in another process.

    python benchmarks/transport.py [--requests 4000] [--rounds 10] [--loop uvloop|asyncio]

The client's process time (user + system, `time.process_time`) is divided by the requests; the
server's is not in it. "bare loop" is the floor: the same bytes written and read by the simplest
possible protocol, without HTTP. The clients take turns, each after a warm-up; a row is the best of
the rounds, since on a shared machine every disturbance only adds.
"""

import argparse
import asyncio
import http.client
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from fairlead.upstream.pool import PooledTransport
from fairlead.upstream.transport import HttpRequest

REQUEST_BODY = b'{"contents":[{"role":"user","parts":[{"text":"' + b"x" * 400 + b'"}]}]}'
ANSWER_BODY = b'{"candidates":[{"content":{"parts":[{"text":"' + b"y" * 600 + b'"}]}}]}'
HEADERS = (
    ("content-type", "application/json"),
    ("x-goog-api-key", "k" * 39),
    ("user-agent", "fairlead"),
    ("accept", "application/json"),
)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nVary: Origin\r\n"
    b"Vary: X-Origin\r\nVary: Referer\r\nDate: Sun, 22 Nov 2026 21:00:00 GMT\r\nServer: bench\r\n"
    b"X-XSS-Protection: 0\r\nX-Frame-Options: SAMEORIGIN\r\nX-Content-Type-Options: nosniff\r\n"
    b"Server-Timing: gfet4t7; dur=512\r\nContent-Length: %d\r\n\r\n" % len(ANSWER_BODY)
) + ANSWER_BODY

PATH = "/v1beta/models/gemini-2.5-flash:generateContent"


class Server(asyncio.Protocol):
    """Answers each request that ends with its body; knows nothing of HTTP."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self.transport: Any = transport
        self.tail = b""

    def data_received(self, data: bytes) -> None:
        """Answer when the end of the body is there."""
        self.tail += data
        if self.tail.endswith(REQUEST_BODY):
            self.tail = b""
            self.transport.write(ANSWER)


async def serve() -> None:
    """Serve on a free port and print it."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Bare(asyncio.Protocol):
    """The floor: a round trip of the same bytes."""

    def __init__(self) -> None:
        self.turn: asyncio.Future[None] | None = None
        self.got = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Count to the answer's end."""
        self.got += len(data)
        if self.got >= len(ANSWER) and self.turn is not None:
            self.got = 0
            self.turn.set_result(None)


async def bare(port: int, count: int) -> float:
    """The loop alone."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_connection(Bare, "127.0.0.1", port)
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\n\r\n".encode()
    start = time.process_time()
    for _ in range(count):
        protocol.turn = loop.create_future()
        transport.write(head + REQUEST_BODY)
        await protocol.turn
    spent = time.process_time() - start
    transport.close()
    return spent


async def pooled(port: int, count: int) -> float:
    """Fairlead's client."""
    client = PooledTransport()
    url = f"http://127.0.0.1:{port}{PATH}"
    start = time.process_time()
    for _ in range(count):
        response = await client.send(HttpRequest("POST", url, HEADERS, REQUEST_BODY))
        await response.read(1 << 20)
    spent = time.process_time() - start
    await client.aclose()
    return spent


async def standard(port: int, count: int) -> float:
    """The standard library's client: blocking, without a pool."""
    client = http.client.HTTPConnection("127.0.0.1", port)
    headers = dict(HEADERS)
    start = time.process_time()
    for _ in range(count):
        client.request("POST", PATH, REQUEST_BODY, headers)
        client.getresponse().read()
    spent = time.process_time() - start
    client.close()
    return spent


def library(name: str) -> Callable[[int, int], Coroutine[Any, Any, float]]:
    """An httpx-like client that happens to be installed."""

    async def run(port: int, count: int) -> float:
        module = importlib.import_module(name)
        url = f"http://127.0.0.1:{port}{PATH}"
        headers = dict(HEADERS)
        async with module.AsyncClient() as client:
            start = time.process_time()
            for _ in range(count):
                await client.post(url, content=REQUEST_BODY, headers=headers)
            return time.process_time() - start

    return run


def main() -> None:
    """Run all clients and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        uvloop.run(serve())
        return
    factory = uvloop.new_event_loop if args.loop == "uvloop" else asyncio.new_event_loop
    rows: list[tuple[str, Callable[[int, int], Coroutine[Any, Any, float]], int]] = [
        ("bare loop", bare, args.requests),
        ("PooledTransport", pooled, args.requests),
        ("http.client (blocking)", standard, args.requests // 4),
    ]
    rows += [
        (name, library(name), args.requests // 20)
        for name in ("httpx", "httpx2")
        if importlib.util.find_spec(name)
    ]
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None  # noqa: S101 - narrows for mypy
        port = int(server.stdout.readline())
        costs = {name: float("inf") for name, _, _ in rows}
        for _ in range(args.rounds):
            for name, client, count in rows:
                with asyncio.Runner(loop_factory=factory) as runner:
                    runner.run(client(port, count // 10))
                    spent = runner.run(client(port, count))
                costs[name] = min(costs[name], spent / count * 1e6)
        server.terminate()
    print(f"{'client':24} {'us CPU/request':>14} {'over bare':>10}   ({args.loop})")
    for name, cost in costs.items():
        print(f"{name:24} {cost:14.1f} {cost - costs['bare loop']:10.1f}")


if __name__ == "__main__":
    main()
