"""A door before an emulator, in a thread of its own: TLS with a private CA whose certificate can
expire at any moment, or plain; and it can hang up on everybody.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

__all__ = ["Front"]


class Front:
    """`port` is where it listens, `expired` how many handshakes saw the expired certificate."""

    def __init__(self, behind: int, ca_file: Path | None = None) -> None:
        self.port = self.expired = 0
        self._behind = behind
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._tls: ssl.SSLContext | None = None
        self._fresh = True
        if ca_file is not None:
            now = datetime.now(UTC)
            ca = trustme.CA()
            ca.cert_pem.write_to_path(str(ca_file))
            self._good = ca.issue_cert("localhost")
            self._old = ca.issue_cert(
                "localhost", not_before=now - timedelta(9), not_after=now - timedelta(1)
            )
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._good.configure_cert(self._tls)
            self._tls.sni_callback = self._seen

    @contextlib.contextmanager
    def open(self) -> "Iterator[Front]":
        """While it listens."""
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        server = asyncio.run_coroutine_threadsafe(start, self._loop).result(20)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self._call(server.close)
            self.hang_up()
            asyncio.run_coroutine_threadsafe(self._rest(), self._loop).result(20)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def hang_up(self) -> None:
        """On everybody."""

        def abort() -> None:
            for writer in tuple(self._open):
                writer.transport.abort()

        self._call(abort)

    def certify(self, *, fresh: bool) -> None:
        """The next handshakes see a certificate that is good, or one that has expired."""

        def swap() -> None:
            if self._tls is not None:
                self._fresh = fresh
                (self._good if fresh else self._old).configure_cert(self._tls)

        self._call(swap)

    def _seen(self, *_: object) -> None:
        self.expired += not self._fresh

    def _call(self, do: Callable[[], object]) -> None:
        done = threading.Event()

        def act() -> None:
            do()
            done.set()

        self._loop.call_soon_threadsafe(act)
        done.wait(20)

    async def _rest(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._open.add(writer)
        try:
            inner, out = await asyncio.open_connection("127.0.0.1", self._behind)
            back = asyncio.ensure_future(_pump(inner, writer))
            try:
                await _pump(reader, out)
            finally:
                back.cancel()
                out.transport.abort()
        except (OSError, ssl.SSLError):
            pass
        finally:
            self._open.discard(writer)
            writer.transport.abort()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Until one side ends; a reset is passed on as one."""
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()
    except (OSError, ssl.SSLError):
        sink.transport.abort()
