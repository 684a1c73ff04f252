"""Every upstream at one gateway, each before the emulator: settings as an operator writes them,
the real transport, the real signer. A new upstream is a row of `DOORS`.
"""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from fairlead.emulator import EmulatorThread
from fairlead.emulator.aws_identity import EXAMPLE
from fairlead.engine.engine import Engine
from fairlead.ledger.memory import MemoryLedger
from fairlead.ledger.record import Record
from fairlead.server.compile import compile_snapshot
from fairlead.server.config import load
from fairlead.server.data_plane import DataPlane
from fairlead.upstream.keeper import Keeper, signers_of
from fairlead.upstream.transports import Transports
from fairlead.vault.memory import MemoryVault

CLAUDE, GEMINI, GPT = "claude-haiku-4-5", "gemini-2.5-flash", "gpt-5-mini"
GEMINI_NOW = "gemini-3.5-flash-lite"
AWS = {"AWS_ACCESS_KEY_ID": EXAMPLE.id, "AWS_SECRET_ACCESS_KEY": EXAMPLE.secret}


@dataclass(frozen=True)
class Door:
    """An upstream: its kind and lines under `[upstreams.KIND]`, the environment, a model behind it, and the
    emulator's word for whose bill it is on. `prepare` may add environment before the start, of the
    emulator and a folder for files. `path`: behind the address. `thoughts`: how a client of
    Anthropic's dialect gets thinking from there, where no tool is called.
    """

    name: str
    kind: str
    settings: str
    model: str
    vendor: str
    env: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[EmulatorThread, Path], dict[str, str]] | None = None
    path: str = ""

    @property
    def thoughts(self) -> Literal["signed", "unsigned", "untold"]:
        """Claude signs each; Gemini its calls alone; OpenAI's chat tells none and bills them."""
        return {CLAUDE: "signed", GPT: "untold"}.get(self.model, "unsigned")


DOORS = [
    Door("anthropic", "anthropic", "", CLAUDE, "anthropic", {"ANTHROPIC_API_KEY": "any"}),
    Door("gemini", "gemini", "", GEMINI, "gemini", {"GEMINI_API_KEY": "any"}),
    Door("openai", "openai", "", GPT, "openai", {"OPENAI_API_KEY": "any"}),
    Door(
        "bedrock invoke",
        "bedrock",
        'region = "us-east-1"',
        CLAUDE,
        "bedrock",
        AWS,
    ),
    Door(
        "bedrock converse",
        "bedrock",
        'region = "eu-central-1"\napi = "converse"',
        CLAUDE,
        "bedrock",
        AWS,
    ),
    Door(
        "bedrock bearer",
        "bedrock",
        "",
        CLAUDE,
        "bedrock",
        {"AWS_BEARER_TOKEN_BEDROCK": "any", "AWS_REGION": "us-west-2"},
    ),
]


def _account(emulator: EmulatorThread, folder: Path) -> dict[str, str]:
    file = folder / "account.json"
    file.write_text(json.dumps(emulator.service_account("proj-1")))
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}


def _machine(emulator: EmulatorThread, _folder: Path) -> dict[str, str]:
    host = emulator.url.removeprefix("http://")
    return {"GCE_METADATA_HOST": host, "GOOGLE_CLOUD_PROJECT": "proj-1", "HOME": "/nowhere"}


DOORS += [
    Door("vertex gemini", "vertex", "", GEMINI_NOW, "vertex", prepare=_account),
    Door(
        "vertex claude",
        "vertex",
        'region = "europe-west1"',
        CLAUDE,
        "vertex",
        prepare=_account,
    ),
    Door("vertex on a machine", "vertex", 'region = "us"', CLAUDE, "vertex", prepare=_machine),
    Door(
        "aggregator",
        "openai_compatible",
        'lacks = ["developer", "seed"]\n'
        'models = { "gpt-5-mini" = "openai/gpt-5-mini" }\n'
        'api_key = "any"',
        GPT,
        "aggregator",
        path="/aggregator/api/v1",
    ),
]


class Client:
    """Collects what a client gets; leaves after `stay` writes."""

    def __init__(self, stay: int | None = None) -> None:
        self.started, self.gone = False, False
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self._stay = stay

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def json(self) -> Any:
        return json.loads(self.body)

    async def respond(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        await self.start(status, headers)
        self.pieces.append(body)

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.started, self.status = True, status
        self.headers = {n.decode(): v.decode("latin-1") for n, v in headers}

    async def write(self, data: bytes) -> None:
        self.pieces.append(data)
        if self._stay is not None and len(self.pieces) >= self._stay:
            self.gone = True
            raise asyncio.CancelledError

    async def finish(self, data: bytes = b"") -> None:
        self.pieces.append(data)


class House:
    """A gateway in this process whose one upstream is a door."""

    def __init__(self, door: Door, emulator: EmulatorThread, folder: Path) -> None:
        self.door, self.emulator = door, emulator
        self.runner = asyncio.Runner()
        more = door.prepare(emulator, folder) if door.prepare else {}
        env = {"FAIRLEAD_HOME": str(folder), **door.env, **more}
        config = folder / "fairlead.toml"
        where = f'base_url = "{emulator.url}{door.path}"'
        own = f"[upstreams.{door.kind}]\n{door.settings}\n{where}\n"
        config.write_text(own + "[delivery]\nretries = 0\n")
        with environment(env):
            loaded = load(config, env)
            self.snapshot = compile_snapshot(loaded, env)
            self.ledger = MemoryLedger(keep=8)
            self.transports = Transports()
            self.keeper = Keeper()
            signers = signers_of(self.snapshot.upstreams.values())
            self.runner.run(self._begin(signers))
        self.renew()

    def renew(self) -> None:
        """Forget what went wrong so far: failures of one test open no breaker for the next."""
        engine = Engine(self.transports, self.ledger, MemoryVault())
        self.plane = DataPlane(engine, self.snapshot, None)

    async def _begin(self, signers: list[Any]) -> None:
        self.keeper.watch(signers)
        await self.keeper.settle(signers, 30)

    def close(self) -> None:
        async def end() -> None:
            await self.keeper.close()
            await self.transports.aclose()

        self.runner.run(end())
        self.runner.close()

    def ask(
        self,
        path: str,
        body: dict[str, Any],
        *,
        stay: int | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> Client:
        """One request of a client's."""
        client = Client(stay)
        self.runner.run(self._ask(path, body, client, headers))
        return client

    async def _ask(
        self,
        path: str,
        body: dict[str, Any],
        client: Client,
        headers: tuple[tuple[bytes, bytes], ...],
    ) -> None:
        scope = {
            "type": "http",
            "method": "POST",
            "path": path.partition("?")[0],
            "query_string": path.partition("?")[2].encode(),
            "headers": [(b"host", b"localhost"), (b"content-type", b"application/json"), *headers],
            "client": ("127.0.0.1", 1),
        }
        received = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]

        async def receive() -> dict[str, Any]:
            return received.pop(0)

        try:
            await self.plane.handle(scope, receive, client)
        except asyncio.CancelledError:
            if not client.gone:
                raise

    def limit(self, name: str) -> int | None:
        """A limit that the catalogue states for the door's model."""
        snapshot = self.snapshot
        model, _ = snapshot.ways(snapshot.model(self.door.model, datetime.now(UTC).date()))[0]
        found: int | None = getattr(model.limits, name)
        return found

    def record(self) -> Record:
        """The newest record."""
        return self.ledger.tail(1)[0]


@contextmanager
def environment(wanted: dict[str, str]) -> Iterator[None]:
    """The process's environment without any cloud's own variables, and with these: libraries of
    the clouds read it themselves.
    """
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("AWS_", "GOOGLE_", "GCLOUD_", "CLOUDSDK_")):
            del os.environ[name]
    os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", **wanted}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
