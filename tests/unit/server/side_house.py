"""A data plane on a fake transport, with or without virtual keys: one request in, all that became
of it out.
"""

import asyncio
import json
from dataclasses import dataclass

from fairlead.canon import Problem
from fairlead.catalog import load as load_catalog
from fairlead.catalog import shipped_policies
from fairlead.engine.engine import Engine
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.memory import MemoryLedger
from fairlead.ledger.record import Record
from fairlead.limits.keys import KeyInfo
from fairlead.routing import parse_policy
from fairlead.server.compile import CODECS
from fairlead.server.data_plane import DataPlane
from fairlead.upstream.fake import Answer, FakeTransport, Script
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.transport import HttpRequest
from fairlead.upstream.transports import SharedTransport
from fairlead.upstream.vendors import Upstream
from fairlead.vault.memory import MemoryVault

HAIKU, FLASH = "claude-haiku-4-5-20251001", "gemini-2.5-flash"
DAY = 1_790_000_000.0  # 2026-09-21: both models of the article are in force
JSON = {"content-type": "application/json"}
OPERATORS_KEY = "operators-own-key-0000"
CATALOG = load_catalog()
POLICIES = {
    policy.name: policy
    for policy in (parse_policy(t, n, CATALOG) for n, t in shipped_policies().items())
}


@dataclass
class Reply:
    """What the client got, what the ledger has, and what was sent upstream."""

    status: int
    headers: dict[str, str]
    body: bytes
    record: Record | None
    sent: list[HttpRequest]
    whole: bool = True

    def json(self):
        return json.loads(self.body)


class Doorman:
    """Keys `ann` and `ben`; `revoked` ones are refused."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()

    def authenticate(self, authorization: str | None) -> KeyInfo | Problem:
        name = (authorization or "").removeprefix("Bearer ")
        if not self.good(name):
            return Problem("authentication", "unknown key")
        return KeyInfo(name, name, 0.0)

    def good(self, key_id: str) -> bool:
        return key_id in {"ann", "ben"} - self.revoked


class SideHouse:
    """Keeps ledger, vault and owners from request to request."""

    def __init__(self, *, keys: bool = False, without: str = "", **changes) -> None:
        self.fake = FakeTransport()
        self.ledger, self.vault = MemoryLedger(), MemoryVault()
        self.door = Doorman() if keys else None
        self.now = DAY
        upstreams = {
            k.vendors[0]: Upstream.build(k.name, k, Secret(OPERATORS_KEY), f"http://{k.name}.test")
            for k in VENDORS_OWN.values()
            if k.name != without
        }
        snapshot = Snapshot(
            catalog=CATALOG, codecs=CODECS, upstreams=upstreams, policies=POLICIES,
            default_policy="article-tree", fetch=FetchPolicy(), **changes,
        )  # fmt: skip
        engine = Engine(SharedTransport(self.fake), self.ledger, self.vault)
        self.plane = DataPlane(engine, snapshot, self.door, clock=lambda: self.now)

    async def ask(
        self, method, path, body=b"", *script: Script, key=None, leave=False, **headers
    ) -> Reply:
        """`leave`: the client goes away as soon as it has sent its request."""
        self.fake.add(*script)
        before = len(self.fake.requests)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        said = {"host": "gateway.test" if self.door else "localhost", **headers}
        if key is not None:
            said["authorization"] = f"Bearer {key}"
        path, _, query = path.partition("?")
        incoming = [{"type": "http.request", "body": data}]
        outgoing = []

        async def receive():
            if incoming:
                return incoming.pop(0)
            if leave:
                await asyncio.sleep(0)
                return {"type": "http.disconnect"}
            return await asyncio.Event().wait()

        async def send(message):
            outgoing.append(message)

        scope = {
            "type": "http", "method": method, "path": path, "query_string": query.encode(),
            "headers": [(n.replace("_", "-").encode(), v.encode()) for n, v in said.items()],
            "client": ("127.0.0.1", 1), "scheme": "http",
        }  # fmt: skip
        await self.plane(scope, receive, send)
        assert self.fake.unfinished == 0, "an answer was neither read to its end nor closed"
        start = outgoing[0] if outgoing else {"status": 0, "headers": []}
        given = {str(n, "latin-1"): str(v, "latin-1") for n, v in start["headers"]}
        record = self.ledger.show(given.get("x-fairlead-request-id", "")) or next(
            iter(self.ledger.tail(1)), None
        )
        pieces = b"".join(message.get("body", b"") for message in outgoing[1:])
        finished = bool(outgoing) and not outgoing[-1].get("more_body", False)
        return Reply(
            start["status"], given, pieces, record, self.fake.requests[before:],
            finished and len(outgoing) > 1,
        )  # fmt: skip


def whole(value, status: int = 200, **headers: str) -> Answer:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Answer(status, {**JSON, **headers}, (body,) if body else ())
