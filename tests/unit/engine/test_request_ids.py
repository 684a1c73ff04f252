"""The id of a request: the vendor's own where it gave one, else ours; once in every answer."""

import json

import pytest

from fairlead.catalog import load as load_catalog
from fairlead.engine.engine import Engine
from fairlead.engine.exchange import Exchange
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.memory import MemoryLedger
from fairlead.server.compile import CODECS
from fairlead.upstream.fake import Answer, FakeTransport
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.kinds.registry import VENDORS_OWN
from fairlead.upstream.secret import Secret
from fairlead.upstream.transports import SharedTransport
from fairlead.upstream.vendors import Upstream
from fairlead.vault.memory import MemoryVault

HAIKU, GPT = "claude-haiku-4-5-20251001", "gpt-4o-mini"
ASK = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
FRONTS = [("anthropic", HAIKU, b"request-id"), ("openai_chat", GPT, b"x-request-id")]


class Client:
    started = gone = False

    async def respond(self, status, headers, body) -> None:
        self.status, self.headers, self.body = status, headers, body


async def ask(dialect, model, answer):
    """The headers of the answer to a client of `dialect`."""
    upstreams = [
        Upstream.build(k.name, k, Secret("k" * 20), "http://up") for k in VENDORS_OWN.values()
    ]
    snapshot = Snapshot(
        catalog=load_catalog(), codecs=CODECS, upstreams={u.vendor: u for u in upstreams},
        policies={}, default_policy="", fetch=FetchPolicy(),
    )  # fmt: skip
    client = Client()
    body = json.dumps({"model": model, **ASK}).encode()
    x = Exchange("fl-1", CODECS[dialect], snapshot, (), body, at=1_790_000_000.0)
    engine = Engine(SharedTransport(FakeTransport(answer)), MemoryLedger(), MemoryVault())
    await engine.serve(x, client)
    return client


@pytest.mark.parametrize(("dialect", "model", "name"), FRONTS)
@pytest.mark.parametrize("status", [200, 400, 401, 429])
@pytest.mark.parametrize("given", [{}, "theirs"])
async def test_every_answer_has_one(dialect, model, name, status, given) -> None:
    said = {"content-type": "application/json"}
    if given:
        said[name.decode()] = given
    client = await ask(dialect, model, Answer(status, said, (b"{}",)))
    ids = [value for key, value in client.headers if key == name]
    theirs = given and status != 401  # what is wrong with our key stays with the operator
    assert ids == [b"theirs" if theirs else b"fl-1"]


@pytest.mark.parametrize(("dialect", "model", "name"), [*FRONTS, ("openai_chat", HAIKU, b"")])
async def test_an_error_tells_whether_to_try_again(dialect, model, name) -> None:
    said = {"x-should-retry": "false", "retry-after-ms": "1500", "set-cookie": "secret"}
    client = await ask(dialect, model, Answer(429, said, (b"{}",)))
    told = dict(client.headers)
    assert (told.get(b"x-should-retry") == b"false") == bool(name)
    assert b"set-cookie" not in told
    assert [key for key, _ in client.headers].count(b"retry-after") == 1
