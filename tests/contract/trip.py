"""One request through the engine, on a transport that answers from a script."""

import json
from dataclasses import dataclass, field
from typing import Any

from fairlead.catalog import load, shipped_policies
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.memory import MemoryLedger
from fairlead.ledger.record import Record
from fairlead.routing import parse_policy
from fairlead.server.compile import CODECS
from fairlead.upstream.fake import Answer, FakeTransport
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.transport import HttpRequest
from fairlead.upstream.transports import SharedTransport
from fairlead.upstream.vendors import Upstream
from fairlead.vault.memory import MemoryVault
from fairlead.vault.vault import Vault

__all__ = ["Got", "error", "events", "told", "trip"]

DAY = 1_790_000_000.0  # 2026-09-21: both models of the article are in force
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}
_CATALOG = load()
_POLICIES = {
    policy.name: policy
    for policy in (parse_policy(t, n, _CATALOG) for n, t in shipped_policies().items())
}


def told(value: object, status: int = 200, **headers: str) -> Answer:
    """A whole answer."""
    return Answer(status, JSON | headers, (json.dumps(value).encode(),))


def error(status: int, value: object, **headers: str) -> Answer:
    """A refusal; `value` as JSON, or bytes as they are."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Answer(status, JSON | headers, (body,))


def events(*pieces: bytes) -> Answer:
    """A stream of server-sent events."""
    return Answer(200, SSE, pieces)


@dataclass
class Got:
    """What a client got, what the ledger says, and what was sent to vendors."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    started: bool = False
    gone: bool = False
    record: Record | None = None
    sent: list[HttpRequest] = field(default_factory=list)

    @property
    def told(self) -> Any:  # JSON
        """The answer as JSON."""
        return json.loads(self.body)

    async def respond(self, status, headers, body) -> None:
        await self.start(status, headers)
        self.body = body

    async def start(self, status, headers) -> None:
        self.started, self.status = True, status
        self.headers = {name.decode(): value.decode() for name, value in headers}

    async def write(self, data) -> None:
        self.body += data

    async def finish(self, data=b"") -> None:
        self.body += data


async def trip(
    body: dict[str, Any] | bytes,
    *script: Any,  # what FakeTransport takes
    client: str = "openai_chat",
    vault: Vault | None = None,
    url: tuple[str, bool] | None = None,
    **changes: Any,  # fields of the snapshot
) -> Got:
    """Send a body through, and collect what comes of it. `url`: model and stream of Gemini's."""
    upstreams = [
        Upstream.build(k.name, k, Secret("k" * 20), "http://up") for k in VENDORS_OWN.values()
    ]
    snapshot = Snapshot(
        catalog=_CATALOG,
        codecs=CODECS,
        upstreams={u.vendor: u for u in upstreams},
        policies=_POLICIES,
        default_policy="article-tree",
        fetch=FetchPolicy(),
        **changes,
    )
    fake, ledger = FakeTransport(*script), MemoryLedger()
    engine = Engine(SharedTransport(fake), ledger, MemoryVault() if vault is None else vault)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    got = Got()
    x = Exchange("fl-1", CODECS[client], snapshot, (), data, at=DAY, in_url=url)
    await engine.serve(x, got)
    assert fake.unfinished == 0, "an answer was neither read to its end nor closed"
    got.record, got.sent = ledger.show("fl-1"), fake.requests
    return got
