"""A dialect behind an address of another shape: what goes out, what comes back, what is refused."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.contract.upstream_house import Client

from fairlead.catalog import load
from fairlead.engine import prepare
from fairlead.engine.engine import Engine
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.memory import MemoryLedger
from fairlead.server.compile import CODECS
from fairlead.server.data_plane import DataPlane
from fairlead.upstream.account import Account
from fairlead.upstream.fake import Answer, FakeTransport
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.kinds.registry import KINDS
from fairlead.upstream.secret import Secret
from fairlead.upstream.signing import NotReady
from fairlead.upstream.transport import HttpRequest
from fairlead.upstream.transports import SharedTransport
from fairlead.upstream.vendors import Upstream
from fairlead.vault.memory import MemoryVault

NOW = datetime(2026, 11, 20, tzinfo=UTC).timestamp()
KEY = Secret("bedrock-api-key-0123456789")
MESSAGE = {
    "id": "msg_bdrk_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
    "content": [{"type": "text", "text": "hello"}], "stop_reason": "end_turn",
    "stop_sequence": None, "usage": {"input_tokens": 5, "output_tokens": 2},
}  # fmt: skip
CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7},
    "metrics": {"latencyMs": 1},
}
OK = {"invoke": MESSAGE, "converse": CONVERSE}
PLAIN = {"model": "claude-haiku-4-5", "max_tokens": 9}
HI = [{"role": "user", "content": "hi"}]


class Unready:
    def sign(self, request: HttpRequest) -> HttpRequest:
        raise NotReady("secret words about the account")

    async def refresh(self) -> None: ...

    def due(self) -> float:
        return 0


class House:
    def __init__(self, api: str, *, ready: bool = True) -> None:
        self.fake, self.ledger = FakeTransport(), MemoryLedger(keep=2)
        account = Account(KEY, region="us-east-1")
        upstream = Upstream.build("b", KINDS["bedrock"].apis[api], KEY, account=account)
        if not ready:
            upstream = prepare.replace(upstream, signer=Unready())
        snapshot = Snapshot(
            catalog=load(), codecs=CODECS, upstreams={"b": upstream}, policies={},
            default_policy="", fetch=FetchPolicy(),
        )  # fmt: skip
        engine = Engine(SharedTransport(self.fake), self.ledger, MemoryVault())
        self.plane = DataPlane(engine, snapshot, None, clock=lambda: NOW)

    async def ask(
        self, path: str, body: dict[str, Any], answer: Answer, *more: tuple[bytes, bytes]
    ) -> Client:
        self.fake.add(answer)
        client = Client()
        scope = {
            "type": "http", "method": "POST", "path": path, "query_string": b"",
            "headers": [(b"host", b"localhost"), *more], "client": ("127.0.0.1", 1),
        }  # fmt: skip
        received = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]

        async def receive() -> dict[str, Any]:
            return received.pop(0)

        await self.plane.handle(scope, receive, client)
        return client

    @property
    def sent(self) -> Any:
        return json.loads(self.fake.requests[-1].body)


def answer(body: object, status: int = 200, **headers: str) -> Answer:
    told = {"content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return Answer(status, told, (json.dumps(body).encode(),))


@pytest.fixture(params=["invoke", "converse"])
def house(request) -> House:
    return House(request.param)


def good(house: House) -> Answer:
    api = house.plane.snapshot.upstreams["b"].kind.paths[0][1].args[0][""]
    return answer(OK[api], x_amzn_requestid="r-1")


@pytest.mark.parametrize("front", ["anthropic", "openai_chat"])
async def test_pictures_of_the_web_are_fetched_since_bedrock_reads_no_urls(
    house, front, monkeypatch
) -> None:
    async def fetched(url: str, **_: object) -> tuple[str, bytes]:
        assert url == "https://example.com/a.png"
        return "image/png", PNG

    monkeypatch.setattr(prepare, "fetch_media", fetched)
    part = {
        "anthropic": {
            "type": "image",
            "source": {"type": "url", "url": "https://example.com/a.png"},
        },
        "openai_chat": {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    }[front]
    path = {"anthropic": "/v1/messages", "openai_chat": "/v1/chat/completions"}[front]
    body = {**PLAIN, "messages": [{"role": "user", "content": [part]}]}
    client = await house.ask(path, body, good(house))
    assert client.status == 200, client.body
    (block,) = house.sent["messages"][0]["content"]
    data = base64.b64encode(PNG).decode()
    source = block.get("source") or block["image"]["source"]
    assert data in source.values()


async def test_what_the_address_cannot_take_is_refused_unless_losses_are_allowed(house) -> None:
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    body = {**PLAIN, "messages": HI, "tools": tools}
    refused = await house.ask("/v1/messages", body, good(house))
    assert refused.status == 400
    assert "tools[0]" in refused.json()["error"]["message"]
    assert not house.fake.requests
    allow = (b"x-fairlead-allow-loss", b"true")
    client = Client()
    client = await house.ask("/v1/messages", body, good(house), allow)
    assert client.status == 200, client.body
    assert "server_tool:web_search_20250305" in client.headers["x-fairlead-losses"]
    assert "tools" not in house.sent


async def test_what_is_lost_without_harm_is_named_in_the_answer(house) -> None:
    body = {**PLAIN, "messages": HI, "service_tier": "auto"}
    beta = (b"anthropic-beta", b"fast-mode-2026-02-01,context-1m-2025-08-07")
    client = await house.ask("/v1/messages", body, good(house), beta)
    assert client.status == 200
    told = client.headers["x-fairlead-losses"]
    assert told == "service_tier, beta:fast-mode-2026-02-01"
    assert "context-1m-2025-08-07" in json.dumps(house.sent)
    sent = dict(house.fake.requests[-1].headers)
    assert not {"anthropic-beta", "anthropic-version"} & sent.keys()
    assert house.ledger.tail(1)[0].usage.input == 5


async def test_refusals_come_in_the_clients_dialect(house) -> None:
    refusal = answer({"message": "nope"}, 400, x_amzn_errortype="ValidationException:x")
    told = await house.ask("/v1/messages", {**PLAIN, "messages": HI}, refusal)
    assert told.status == 400
    assert told.json()["error"] == {
        "type": "invalid_request_error",
        "message": "nope",
        "details": {"error_code": "ValidationException"},
    }
    chat = await house.ask("/v1/chat/completions", {**PLAIN, "messages": HI}, refusal)
    assert chat.json()["error"]["type"] == "invalid_request_error"


async def test_an_answer_in_another_shape_is_an_error_and_no_guess() -> None:
    told = await House("converse").ask("/v1/messages", {**PLAIN, "messages": HI}, answer([1]))
    assert told.status == 502
    assert told.json()["error"]["type"] == "api_error"


async def test_credentials_that_are_not_there_are_the_operators_affair() -> None:
    house = House("invoke", ready=False)
    told = await house.ask("/v1/messages", {**PLAIN, "messages": HI}, answer(MESSAGE))
    assert told.status == 502
    assert "secret words" not in told.body.decode()
    assert not house.fake.requests


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
