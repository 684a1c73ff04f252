"""An engine before scripted deployments: all but the network, for tests of attempts."""

import json

import msgspec
from msgspec.structs import replace

from fairlead.catalog import load as load_catalog
from fairlead.engine.attempts.delivery import Delivery
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.memory import MemoryLedger
from fairlead.routing.decision import Decision
from fairlead.server.compile import CODECS
from fairlead.upstream.fake import Answer, FakeTransport
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.transport import UpstreamReset
from fairlead.upstream.transports import SharedTransport
from fairlead.upstream.vendors import Upstream
from fairlead.vault.memory import MemoryVault

CATALOG = load_catalog()
HAIKU = "claude-haiku-4-5-20251001"
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}
DAY = 1_795_000_000.0
ANSWER = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": HAIKU,
    "content": [{"type": "text", "text": "Hello."}], "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "output_tokens": 3},
}  # fmt: skip
STREAM = [
    {"type": "message_start", "message": {**ANSWER, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 3},
    },
    {"type": "message_stop"},
]
EVENTS = tuple(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in STREAM)
GONE = UpstreamReset("gone", sent=True)


def ok() -> Answer:
    return Answer(200, JSON, (json.dumps(ANSWER).encode(),))


def streamed(*steps) -> Answer:
    return Answer(200, SSE, steps or EVENTS)


def error(status: int, **headers: str) -> Answer:
    body = {"type": "error", "error": {"type": "api_error", "message": f"status {status}"}}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {**JSON, **more}, (json.dumps(body).encode(),))


class Client:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.started = self.gone = False
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.pieces: list[bytes] = []

    async def respond(self, status, headers, body) -> None:
        await self.start(status, headers)
        self.body = body

    async def start(self, status, headers) -> None:
        assert not self.started
        self.started, self.status = True, status
        self.headers = {n.decode(): v.decode() for n, v in headers}

    async def write(self, data) -> None:
        self.pieces.append(data)
        self.body += data

    async def finish(self, data=b"") -> None:
        self.body += data


class House:
    """An engine before scripted deployments: `script[name]` are the answers of one, in turn."""

    def __init__(self, delivery: Delivery, script: dict, vendor: str = "anthropic", **more) -> None:
        self.script = {name: list(answers) for name, answers in script.items()}
        self.asked: list[str] = []
        kind = VENDORS_OWN[vendor]
        upstreams = {
            name: Upstream.build(name, kind, Secret("k" * 20), f"http://{name}.test", **more)
            for name in script
        }
        self.snapshot = Snapshot(
            catalog=CATALOG, codecs=CODECS, upstreams=upstreams, policies={},
            default_policy="none", fetch=FetchPolicy(), delivery=delivery,
        )  # fmt: skip
        self.ledger = MemoryLedger()
        self.fake = FakeTransport(handler=self._answer)
        self.engine = Engine(SharedTransport(self.fake), self.ledger, MemoryVault())
        self.engine.attempts._draw = lambda: 0.0
        self._number = 0

    def _answer(self, request):
        name = request.url.split("//")[1].split(".")[0]
        self.asked.append(name)
        return self.script[name].pop(0)

    async def ask(self, client=None, dialect="openai_chat", headers=(), **more):
        self._number += 1
        id_ = f"fl-{self._number}"
        body = {
            "model": HAIKU, "max_tokens": 50, "messages": [{"role": "user", "content": "Hello?"}],
            **more,
        }  # fmt: skip
        client = client or Client()
        x = Exchange(
            id_, CODECS[dialect], self.snapshot, headers, json.dumps(body).encode(), at=DAY
        )
        await self.engine.serve(x, client)
        assert self.fake.unfinished == 0
        return client, self.ledger.show(id_)

    @property
    def model(self):
        return CATALOG.models[HAIKU]

    def snapshot_with(self, delivery: Delivery) -> None:
        self.snapshot = replace(self.snapshot, delivery=delivery)

    def in_flight(self) -> int:
        attempts = self.engine.attempts
        return attempts.whole.in_flight + sum(
            each.bulkhead.in_flight for each in attempts.deployments
        )

    def extra(self, number: int = 1):
        return self.ledger.show(f"fl-{self._number}.{number}")


def decision_of(record) -> Decision:
    return msgspec.json.decode(record.decision, type=Decision, strict=False)
