"""`POST /v1/estimate` over real HTTP: a gateway process before the emulator, in each dialect."""

import json
from decimal import Decimal

import pytest

FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
TEXT = "How many boats lie in the harbour, and how many may still come in tonight? " * 8
SAID = [{"role": "user", "content": TEXT}]
SHAPES = [
    ("/v1/estimate", {"model": "auto", "messages": SAID}),
    ("/v1/responses/estimate", {"model": "auto", "input": TEXT}),
    ("/v1/messages/estimate", {"model": "auto", "max_tokens": 300, "messages": SAID}),
    ("/v1beta/models/auto:estimate", {"contents": [{"parts": [{"text": TEXT}]}]}),
]


def ask(gateway, path: str, body, **headers: str):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return gateway.request("POST", path, data, headers)


@pytest.mark.parametrize(("path", "body"), SHAPES)
def test_each_dialect(gateway, path, body) -> None:
    reply = ask(gateway, path, body)
    assert reply.status == 200, reply.body
    answer = reply.json()
    found = {each["model"]: each for each in answer["candidates"]}
    serving = [each for each in found.values() if each["serves"]]
    assert len(found) == 2
    assert serving
    assert answer["auto"]["model"] in {each["model"] for each in serving}
    costs = {each["model"]: Decimal(each["cost_usd"]["low"]) for each in serving}
    assert answer["cheapest"] == min(costs, key=costs.__getitem__)
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    assert (record.op, record.outcome, record.cost_usd) == ("estimate", "ok", 0)


@pytest.mark.parametrize(("path", "body"), SHAPES)
def test_the_estimate_stands_beside_the_vendors_count(gateway, path, body) -> None:
    answer = ask(gateway, f"{path}?count=vendor", body).json()
    for each in answer["candidates"]:
        tokens = each["prompt_tokens"]
        assert tokens["problem"] is None
        assert tokens["low"] < tokens["estimate"] < tokens["high"]
        assert 60 < tokens["counted"] < 400  # the emulator's own way of counting


def test_what_it_says_is_what_auto_does(gateway) -> None:
    body = {"model": "auto", "messages": SAID, "max_tokens": 50}
    said = ask(gateway, "/v1/estimate", body).json()
    done = ask(gateway, "/v1/chat/completions", body)
    assert done.headers["x-fairlead-model"] == said["auto"]["model"]
    each = next(c for c in said["candidates"] if c["model"] == said["auto"]["model"])
    assert Decimal(done.headers["x-fairlead-cost-usd"]) <= Decimal(each["cost_usd"]["high"])


def test_an_answer_that_nobody_stored_here(gateway) -> None:
    """Only the vendor of its dialect may know it."""
    body = {"model": "auto", "input": "x", "previous_response_id": "resp_none"}
    answer = ask(gateway, "/v1/responses/estimate?models=haiku,gpt-99-unheard-of", body).json()
    haiku, mini = answer["candidates"]
    assert [each["code"] for each in haiku["refuses"]] == ["previous_response_not_found"]
    assert mini["refuses"] == []
    assert (answer["auto"]["model"], answer["cheapest"]) == (None, None)
    assert "resp_none" in answer["auto"]["reason"]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/v1/estimate", b"", 400, "error"),
        ("/v1/estimate", b"\xff\xfe", 400, "error"),
        ("/v1/estimate", b"[" * 100_000, 400, "error"),
        ("/v1/estimate?count=all", SHAPES[0][1], 400, "count is 'vendor'"),
        ("/v1/estimate?dialect=", SHAPES[0][1] | {"model": "no-such"}, 404, "no-such"),
        ("/v1/responses/estimate", {"model": "auto", "input": {"a": 1}}, 400, "input"),
        ("/v1/messages/estimate", {"model": "auto", "max_tokens": "many", "messages": SAID}, 400, "max_tokens"),
        ("/v1beta/models/no-such:estimate", SHAPES[3][1], 404, "no-such"),
        ("/v1beta/models/auto:estimate", {"contents": [{"parts": [{"text": 1}]}]}, 400, "text"),
    ],
)  # fmt: skip
def test_bad_input(gateway, path, body, status, words) -> None:
    reply = ask(gateway, path, body)
    assert reply.status == status, reply.body
    assert words in reply.body.decode()
    assert b"Traceback" not in reply.body
    assert reply.json()["error"]
