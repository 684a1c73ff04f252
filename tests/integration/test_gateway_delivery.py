"""What an answer says of itself, what the ledger says of it, and what vendors' faults become."""

import json
from decimal import Decimal

import msgspec
import pytest

from fairlead.routing.decision import Decision

ASK = [{"role": "user", "content": "Suggest a name for a boat."}]
HAIKU, FLASH = "claude-haiku-4-5-20251001", "gemini-2.5-flash"


def events(reply) -> list[dict]:
    lines = [line[6:] for line in reply.body.decode().split("\n\n") if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_the_headers_of_an_answer(gateway) -> None:
    reply = gateway.chat({"model": "auto", "messages": ASK, "seed": 3})
    headers = reply.headers
    assert headers["x-fairlead-request-id"].startswith("fl-")
    assert headers["x-fairlead-model"] == HAIKU
    assert headers["x-fairlead-upstream"] == "anthropic"
    assert "article-tree" in headers["x-fairlead-route"]
    assert headers["x-fairlead-losses"] == "seed"
    assert headers["x-fairlead-emulated"] == "true"
    assert Decimal(headers["x-fairlead-cost-usd"]) > 0
    told = reply.json()["fairlead"]
    assert told["cost_usd"] == headers["x-fairlead-cost-usd"]
    assert told["request_id"] == headers["x-fairlead-request-id"]


def test_the_record_of_an_answer(gateway) -> None:
    reply = gateway.chat({"model": "auto", "messages": ASK})
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    usage = reply.json()["usage"]
    assert (record.outcome, record.status, record.model) == ("ok", 200, HAIKU)
    assert record.usage.prompt_total == usage["prompt_tokens"]
    assert record.usage.completion_total == usage["completion_tokens"]
    # The catalogue's prices: 1.00 and 5.00 dollars per million tokens.
    expected = (Decimal(usage["prompt_tokens"]) + 5 * Decimal(usage["completion_tokens"])) / 10**6
    assert record.cost_usd == expected == Decimal(reply.headers["x-fairlead-cost-usd"])
    assert record.emulated
    assert record.price_version
    assert 0 < record.first_byte_ms <= record.last_ms
    decision = msgspec.json.decode(record.decision, type=Decision, strict=False)
    assert decision.policy == "article-tree"
    assert decision.ranked[0] == HAIKU
    assert len(decision.path) == 6
    assert {c.model for c in decision.candidates} >= {HAIKU}
    assert all(c.why for c in decision.candidates)


def test_a_translated_stream_carries_its_cost_in_the_usage_chunk(gateway) -> None:
    wish = {"model": "auto", "messages": ASK, "stream": True,
            "stream_options": {"include_usage": True}}  # fmt: skip
    reply = gateway.chat(wish)
    last = events(reply)[-1]
    assert last["choices"] == []
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    assert Decimal(last["fairlead"]["cost_usd"]) == record.cost_usd > 0
    assert last["usage"]["prompt_tokens"] == record.usage.prompt_total
    assert "x-fairlead-cost-usd" not in reply.headers
    assert record.first_byte_ms <= record.first_token_ms <= record.last_ms


def test_an_answer_in_the_vendors_own_dialect_is_not_touched(gateway) -> None:
    direct = gateway.chat({"model": "gpt-4o-mini", "messages": ASK})
    record = gateway.record(direct.headers["x-fairlead-request-id"])
    assert "fairlead" not in direct.json()
    assert (record.outcome, record.upstream) == ("ok", "openai")
    assert record.usage.prompt_total == direct.json()["usage"]["prompt_tokens"]
    assert (
        record.cost_usd != 0
    )  # priced where the long tail is installed, else unpriced: never free


def test_a_model_without_a_price_is_unpriced_and_not_free(start) -> None:
    gateway = start(env={"FAIRLEAD_CATALOG_LONG_TAIL": "false"})
    direct = gateway.chat({"model": "gpt-4o-mini", "messages": ASK})
    record = gateway.record(direct.headers["x-fairlead-request-id"])
    assert (record.outcome, record.cost_usd) == ("ok", None)


def test_an_unknown_model_of_a_known_vendor_passes_unpriced(gateway) -> None:
    reply = gateway.chat({"model": "claude-nonesuch-9", "messages": ASK})
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    assert reply.status == 404  # the vendor's word, in our client's dialect
    assert reply.json()["error"]["code"] == "model_not_found"
    assert (record.upstream, record.model) == ("anthropic", "claude-nonesuch-9")


def test_hints_never_reach_a_vendor(gateway, emulator) -> None:
    reply = gateway.chat({"model": "gpt-4o-mini", "messages": ASK, "fairlead": {"task": "chat"}})
    assert reply.status == 200


def test_a_route_to_an_ending_model_warns(gateway) -> None:
    reply = gateway.chat({"model": "gemini-flash", "messages": ASK})
    # From 90 days before its end; whatever day this runs on, the catalogue's dates decide.
    if reply.headers["x-fairlead-model"] == FLASH:
        assert "2026-12-01" in reply.headers["x-fairlead-warning"]


@pytest.mark.parametrize(
    ("vendor", "model", "rule", "status", "code", "retry_after"),
    [
        ("anthropic", HAIKU, {"status": 429, "retry_after": 7}, 429, "rate_limit_exceeded", "7"),
        ("gemini", FLASH, {"status": 429, "retry_after": 7}, 429, "rate_limit_exceeded", "7"),
        ("anthropic", HAIKU, {"status": 529}, 503, None, None),
        ("gemini", FLASH, {"status": 503}, 503, None, None),
        ("anthropic", HAIKU, {"status": 500}, 502, None, None),
        ("gemini", FLASH, {"status": 500}, 502, None, None),
    ],
)
def test_a_vendors_error_in_openais_shape(
    gateway, vendor, model, rule, status, code, retry_after
) -> None:
    gateway.fault(action="status", vendor=vendor, **rule)
    reply = gateway.chat({"model": model, "messages": ASK})
    error = reply.json()["error"]
    assert reply.status == status, error
    if code is not None:
        assert error["code"] == code
    if retry_after is not None:
        assert int(reply.headers["retry-after"]) in {7, 8}
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    assert record.outcome == "upstream_error"
    assert record.cost_usd is None


def test_a_refused_key_is_the_operators_affair(start) -> None:
    gateway = start()
    gateway.fault(action="status", vendor="anthropic", status=401)
    reply = gateway.chat({"model": HAIKU, "messages": ASK})
    assert reply.status == 502, reply.json()
    assert gateway.record(reply.headers["x-fairlead-request-id"]).outcome == "upstream_error"


def test_auto_takes_its_next_candidate_when_the_first_fails(gateway) -> None:
    gateway.fault(action="status", vendor="anthropic", status=529)
    reply = gateway.chat({"model": "auto", "messages": ASK})
    assert reply.status == 200
    assert (
        reply.headers["x-fairlead-model"] == FLASH or "gemini" in reply.headers["x-fairlead-model"]
    )
    assert "529" in reply.headers["x-fairlead-route"]
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    assert record.upstream == "gemini"


def test_a_named_model_has_no_fallback(gateway) -> None:
    gateway.fault(action="status", vendor="anthropic", status=529)
    assert gateway.chat({"model": HAIKU, "messages": ASK}).status == 503


@pytest.mark.parametrize("action", ["reset", "close"])
@pytest.mark.parametrize("model", [HAIKU, FLASH])
def test_an_upstream_that_breaks_before_its_answer(gateway, model, action) -> None:
    gateway.fault(action=action)
    reply = gateway.chat({"model": model, "messages": ASK})
    assert reply.status == 502
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    assert record.outcome in {"upstream_error", "upstream_unreachable"}


def test_a_vendor_that_cannot_be_reached(start) -> None:
    gateway = start(env={"FAIRLEAD_ANTHROPIC_BASE_URL": "http://127.0.0.1:9"})
    reply = gateway.chat({"model": HAIKU, "messages": ASK})
    assert reply.status == 502
    assert "anthropic" in reply.json()["error"]["message"]
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    assert record.outcome == "upstream_unreachable"
    # `auto` has a way out.
    assert gateway.chat({"model": "auto", "messages": ASK}).status == 200


def test_only_one_vendor_is_configured(start) -> None:
    gateway = start(env={"ANTHROPIC_API_KEY": "unset", "OPENAI_API_KEY": "unset"})
    reply = gateway.chat({"model": "auto", "messages": ASK})
    assert reply.status == 200
    assert reply.headers["x-fairlead-upstream"] == "gemini"
    reply = gateway.chat({"model": HAIKU, "messages": ASK})
    assert reply.status == 404
    assert "configured" in reply.json()["error"]["message"]


def test_an_alias_of_the_users_own(start) -> None:
    gateway = start(config='[aliases]\nquick = "claude-haiku-4-5"\n')
    reply = gateway.chat({"model": "quick", "messages": ASK})
    assert reply.headers["x-fairlead-model"] == HAIKU
    listed = gateway.request("GET", "/v1/models").json()["data"]
    assert {"id": "quick", "alias_of": HAIKU}.items() <= next(
        row for row in listed if row["id"] == "quick"
    ).items()
