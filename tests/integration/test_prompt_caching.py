"""Sessions through a gateway to the emulator: how much of each prompt was said before, and what
asking for caching does to the vendor's bill, which the ledger says to the cent.
"""

import json
import re
import stat
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice

import pytest
from tests.integration.conftest import start_gateway

from fairlead.catalog import load
from fairlead.cost.price import PriceTable
from fairlead.tokens.prefix import Prefix

HAIKU, FLASH = "claude-haiku-4-5-20251001", "gemini-2.5-flash"
BOOK = "The keeper of the lighthouse wrote down what the sea had brought. " * 400
AUTO = '[routing]\nprompt_caching = "auto"\n'
MESSAGES, CHAT = "/v1/messages", "/v1/chat/completions"
CATALOG = load()


def _grown(steps, book=BOOK):
    """The turns of each request of a conversation."""
    said = [{"role": "user", "content": book}]
    requests = []
    for step in range(steps):
        requests.append(list(said))
        said.append({"role": "assistant", "content": f"Step {step} is answered. " * 20})
        said.append({"role": "user", "content": f"And what about step {step}? " * 30})
    return requests


def _ask(gateway, turns, path=MESSAGES, model=HAIKU, headers=None, **more):
    """The ledger's record of a request, and its answer's headers."""
    body = {"model": model, "max_tokens": 64, "messages": turns, **more}
    reply = gateway.request("POST", path, json.dumps(body).encode(), headers)
    assert reply.status == 200, reply.body
    return gateway.record(reply.headers["x-fairlead-request-id"]), reply.headers


def _dollars(usage, model=HAIKU):
    day = datetime.now(UTC).date()
    table = PriceTable(CATALOG.resolve(model, day), day)
    return sum((n * table.usd_per_million(kind) for kind, n in usage.items()), Decimal(0)) / 10**6


@pytest.fixture(scope="module")
def asking(emulator, tmp_path_factory):
    with ExitStack() as stack:
        yield start_gateway(stack, tmp_path_factory.mktemp("asking"), emulator, {}, AUTO)


@pytest.mark.parametrize(("path", "model"), [(MESSAGES, HAIKU), (CHAT, FLASH), (CHAT, HAIKU)])
def test_a_growing_conversation_is_said_again_and_again(gateway, path, model):
    book = f"{path} {model} {BOOK}"
    records = [_ask(gateway, turns, path, model)[0] for turns in _grown(4, book)]
    first, *later = records
    assert (first.reuse_5m, first.reuse_1h) == (0, 0)
    for before, record in zip(records, later, strict=False):
        # All of the request before, as the model counted it then.
        assert record.reuse_5m == before.usage.prompt_total
        assert record.reuse_5m == record.reuse_1h < record.usage.prompt_total
        packed = Prefix.unpack(record.prefix)
        assert Prefix.unpack(before.prefix).hashes[-1] in packed.hashes
        assert b"lighthouse" not in record.prefix


def test_small_prompts_have_no_figure(gateway):
    record, _ = _ask(gateway, [{"role": "user", "content": "Hello"}])
    assert (record.prefix, record.reuse_5m, record.reuse_1h) == (b"", None, None)


def test_the_salt_lies_beside_the_ledger_and_outlives_the_process(start):
    gateway = start()
    salt = gateway.folder / "fairlead.salt"
    assert len(salt.read_bytes()) == 32
    assert stat.S_IMODE(salt.stat().st_mode) == 0o600
    requests = _grown(3, "outlives " + BOOK)
    first, _ = _ask(gateway, requests[0])
    # On the same folder; an upstream has its own say.
    again = start(config=AUTO + '[upstreams.anthropic]\nprompt_caching = "off"\n')
    records, headers, billed = _run(again, requests)
    assert first.prefix == records[0].prefix
    assert all("x-fairlead-prompt-caching" not in answer for answer in headers)
    assert set(billed) == {"input", "output"}


def test_nothing_is_asked_for_by_default(gateway, emulator):
    for turns in _grown(3, "by default " + BOOK):
        record, headers = _ask(gateway, turns)
        assert record.usage.cache_write_5m == record.usage.cache_read == 0
        assert "x-fairlead-prompt-caching" not in headers


def _run(gateway, requests, **more):
    """Records, headers and what the vendor bills, of requests one after the other."""
    emulator = gateway.emulator
    before = len(emulator.requests)
    pairs = [_ask(gateway, turns, **more) for turns in requests]
    billed = Counter()
    for entry in islice(emulator.requests, before, None):
        billed.update(entry.usage)
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs], +billed


@pytest.mark.parametrize("path", [MESSAGES, CHAT])
@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_is_written_and_read(asking, path, stream):
    def played(hint):
        requests = _grown(5, f"{path} {stream} {hint} {BOOK}")
        return _run(asking, requests, path=path, stream=stream,
                    headers={"x-fairlead-prompt-caching": hint})  # fmt: skip

    records, headers, billed = played("auto")
    first, second, *later = [record.usage for record in records]
    assert first.cache_write_5m == first.cache_read == 0  # a first prompt may be the last
    assert second.cache_write_5m == second.prompt_total
    for usage, before in zip(later, [second, *later], strict=False):
        assert usage.cache_read == before.prompt_total
        assert usage.cache_read + usage.cache_write_5m == usage.prompt_total
    told = [answer.get("x-fairlead-prompt-caching") for answer in headers]
    assert told == [None, *["conversation"] * 4]
    asked = json.loads(records[1].decision)["path"][-1]
    assert re.fullmatch(r"about \d+ of \d+ tokens were sent to it before", asked["because"])

    # The bill is the ledger's, and lower than without.
    cost = sum(record.cost_usd for record in records)
    assert cost == _dollars(billed)
    plain, _, dear = played("off")
    assert sum(record.cost_usd for record in plain) == _dollars(dear) > cost * Decimal("1.6")


def test_a_shared_beginning_is_asked_for_and_not_what_stands_behind_it(asking):
    system = "Answer as the lighthouse keeper would. " + BOOK
    questions = [[{"role": "user", "content": f"Question {n}: {BOOK[:2000]}"}] for n in range(4)]
    records, headers, billed = _run(asking, questions, system=system)
    first, second, *later = [record.usage for record in records]
    assert first.cache_write_5m == 0
    assert 0 < second.cache_write_5m < second.prompt_total - 300
    for usage in later:
        assert (usage.cache_read, usage.cache_write_5m) == (second.cache_write_5m, 0)
    assert headers[1]["x-fairlead-prompt-caching"] == "beginning"
    assert sum(record.cost_usd for record in records) == _dollars(billed)


def test_tools_are_a_beginning_too(asking):
    tool = {"name": "look", "description": BOOK, "input_schema": {"type": "object"}}
    questions = [[{"role": "user", "content": f"Question {n}"}] for n in range(3)]
    records, _, _ = _run(asking, questions, tools=[tool])
    assert records[1].usage.cache_write_5m > 4_096
    assert records[2].usage.cache_read == records[1].usage.cache_write_5m


def test_long_steps_are_found_again(asking):
    """Twenty blocks on the vendor looks no further back: the place where to look is marked."""
    turns = _grown(2, "long steps " + BOOK)
    _run(asking, turns)
    many = [{"type": "text", "text": f"Part {n} of a long step."} for n in range(30)]
    last = [
        *turns[1],
        {"role": "assistant", "content": "Go on."},
        {"role": "user", "content": many},
    ]
    records, _, _ = _run(asking, [last])
    assert records[0].usage.cache_read > 5_000
    assert records[0].usage.input == 0


def test_a_client_that_asks_itself_is_left_alone(asking, emulator):
    mark = {"cache_control": {"type": "ephemeral"}}
    requests = _grown(3, "by itself " + BOOK)
    for turns in requests:
        turns[0] = {
            "role": "user",
            "content": [{"type": "text", "text": "by itself " + BOOK, **mark}],
        }
    records, headers, _ = _run(asking, requests)
    assert all("x-fairlead-prompt-caching" not in answer for answer in headers)
    assert records[0].usage.cache_write_5m == records[1].usage.cache_read
    assert records[2].usage.cache_write_5m == 0


def test_too_short_prompts_are_not_asked_for(asking):
    records, headers, _ = _run(asking, _grown(3, "too short " + BOOK[:6000]))
    assert all("x-fairlead-prompt-caching" not in answer for answer in headers)
    assert all(record.usage.cache_write_5m == 0 for record in records)
