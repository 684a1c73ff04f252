"""The emulator as a server: on a running loop, in a thread of its own, or for good."""

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from fairlead.emulator.books import Entry
from fairlead.emulator.desk import Desk
from fairlead.emulator.faults import FaultBook
from fairlead.emulator.google_identity import PROJECT, NoCryptography, kept_account, make_account
from fairlead.emulator.http11.connection import Connection
from fairlead.emulator.scripts import ScriptBook
from fairlead.emulator.scripts.reading import Source, scripts_of
from fairlead.emulator.settings import BadSetting, EmulatorSettings
from fairlead.emulator.signpost import FACES

_Loop = Callable[[], asyncio.AbstractEventLoop]
try:
    import uvloop
except ImportError:  # there is none for Windows
    _new_loop: _Loop | None = None
else:
    _new_loop = uvloop.new_event_loop

__all__ = ["Emulator", "EmulatorThread", "run"]

BACKLOG = 1024


class Emulator:
    """The vendors' APIs on loopback.

        async with Emulator(port=0) as emulator:
            client = anthropic.AsyncAnthropic(base_url=emulator.url, api_key="any")

    Settings are given whole or by name; `script` is a file of scripts, their TOML, or scripts. The
    port is bound when it is made, so `url` is known at once and a busy port raises `OSError` there.
    """

    def __init__(
        self,
        settings: EmulatorSettings | None = None,
        *,
        clock: Callable[[], float] | None = None,
        script: Source = (),
        **changes: Any,  # noqa: ANN401 - fields of EmulatorSettings, checked when it is made
    ) -> None:
        base = settings or EmulatorSettings(port=0)
        if script:
            changes["scripts"] = (*base.scripts, *scripts_of(script))
        self.settings = msgspec.structs.replace(base, **changes) if changes else base
        self.desk = Desk(self.settings) if clock is None else Desk(self.settings, clock)
        self._socket = _bind(self.settings.host, self.settings.port)
        self._port = int(self._socket.getsockname()[1])
        self._server: asyncio.Server | None = None
        self._open: set[Connection] = set()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """Its address, to be used as the base URL of each vendor."""
        host = self.settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def faults(self) -> FaultBook:
        """The rules in force; `add`, `replace` and `clear` change them."""
        return self.desk.faults

    @property
    def scripts(self) -> ScriptBook:
        """The scripts in force and what was played of them; they change in the same way."""
        return self.desk.scripts

    @property
    def requests(self) -> Sequence[Entry]:
        """The last requests, oldest first."""
        return list(self.desk.books.requests)

    def bill(self) -> dict[str, Any]:
        """The emulator's own bill; see `books.Books.bill`."""
        return self.desk.books.bill()

    def service_account(self, project: str = PROJECT) -> dict[str, Any]:
        """A new service account's file, as Google's console gives it. From now on Vertex AI's door
        opens only to tokens that were issued here.

        Raises:
            NoCryptography: the package `cryptography` is missing.
        """
        account, file = make_account(self.url, project)
        self.desk.identity.enroll(account)
        return file

    def write_service_account(self, path: Path, project: str = PROJECT) -> None:
        """The same into a file; one that an emulator wrote earlier keeps its key.

        Raises:
            NoCryptography: the package `cryptography` is missing.
            OSError: the file cannot be written, or is not the emulator's own.
        """
        self.desk.identity.enroll(kept_account(path, self.url, project))

    def reset(self) -> None:
        """Books, caches and faults as at the start."""
        self.desk.reset()

    async def __aenter__(self) -> Self:
        limit = self.settings.size_limit or max(face.size_limit for face in FACES.values())
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self.desk.handle, limit, self._open), sock=self._socket
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._open):
            connection.abort()
        await self._server.wait_closed()
        # Let the loop tell the connections that they are lost.
        await asyncio.sleep(0)


class EmulatorThread:
    """The same in a thread of its own, for tests and programs that are not async.

    with EmulatorThread(port=0) as emulator:
        requests.post(emulator.url + "/v1/messages", ...)
    """

    def __init__(
        self,
        settings: EmulatorSettings | None = None,
        *,
        clock: Callable[[], float] | None = None,
        script: Source = (),
        **changes: Any,  # noqa: ANN401 - fields of EmulatorSettings, checked when it is made
    ) -> None:
        self._emulator = Emulator(settings, clock=clock, script=script, **changes)
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return self._emulator.url

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._emulator.port

    @property
    def faults(self) -> FaultBook:
        """The rules in force."""
        return self._emulator.faults

    @property
    def scripts(self) -> ScriptBook:
        """The scripts in force, and what was played of them."""
        return self._emulator.scripts

    @property
    def requests(self) -> Sequence[Entry]:
        """The last requests, oldest first."""
        return self._emulator.requests

    def bill(self) -> dict[str, Any]:
        """The emulator's own bill."""
        return self._emulator.bill()

    def service_account(self, project: str = PROJECT) -> dict[str, Any]:
        """A new service account's file; as `Emulator.service_account`."""
        return self._emulator.service_account(project)

    def reset(self) -> None:
        """Books, caches and faults as at the start."""
        self._emulator.reset()

    def start(self) -> Self:
        """Start and wait until it listens."""
        self._thread.start()
        self._ready.wait()
        if self._failed is not None:
            raise self._failed
        return self

    def stop(self) -> None:
        """Stop and wait until it has."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._failed = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with self._emulator:
            self._ready.set()
            await self._stop.wait()


def run(
    settings: EmulatorSettings,
    started: Callable[[str], None] | None = None,
    vertex_credentials: Path | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. `started` is told the address once it listens;
    `vertex_credentials` is where a service account is written to.

    Raises:
        OSError: the address is taken or not ours.
        BadSetting: the service account cannot be written.
    """
    emulator = Emulator(settings)
    if vertex_credentials is not None:
        try:
            emulator.write_service_account(vertex_credentials)
        except (NoCryptography, OSError) as error:
            why = getattr(error, "strerror", None) or error
            raise BadSetting(f"--write-vertex-credentials {vertex_credentials}: {why}") from error

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, stop.set)
        async with emulator:
            if started is not None:
                started(emulator.url)
            await stop.wait()

    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(serve())


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock
