"""What a request would cost, asked before it is sent: in each dialect, on a fake transport."""

import json
from decimal import Decimal
from types import SimpleNamespace

import pytest
from tests.unit.server.side_house import CATALOG, FLASH, HAIKU, SideHouse, whole

from fairlead.routing import Features
from fairlead.server.estimates import Refusal, _auto
from fairlead.upstream.transport import ConnectFailed

TEXT = "How many boats lie in the harbour tonight? " * 20
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
CHAT = {"model": "auto", "messages": [{"role": "user", "content": TEXT}]}
RESPONSES = {"model": "auto", "input": TEXT}
ANTHROPIC = {"model": "auto", "max_tokens": 100, "messages": CHAT["messages"]}
GEMINI = {"contents": [{"role": "user", "parts": [{"text": TEXT}]}]}

SHAPES = [
    ("/v1/estimate", CHAT),
    ("/v1/estimate?dialect=openai_responses", RESPONSES),
    ("/v1/estimate?dialect=anthropic", ANTHROPIC),
    ("/v1/estimate?dialect=gemini", GEMINI),
    ("/v1/responses/estimate", RESPONSES),
    ("/v1/messages/estimate", ANTHROPIC),
    ("/v1beta/models/auto:estimate", GEMINI),
    ("/anthropic/v1/messages/estimate", ANTHROPIC),
    ("/estimate", CHAT),
]


async def ask(path, body, *script, house=None, **headers):
    return await (house or SideHouse()).ask("POST", path, body, *script, **headers)


def by_model(answer: dict) -> dict[str, dict]:
    return {each["model"]: each for each in answer["candidates"]}


@pytest.mark.parametrize(("path", "body"), SHAPES)
async def test_every_dialect_gets_the_same_answer_and_no_vendor_is_asked(path, body) -> None:
    reply = await ask(path, body)
    assert (reply.status, reply.sent) == (200, [])
    answer = reply.json()
    assert answer["object"] == "estimate"
    assert answer["model"] == "auto"
    found = by_model(answer)
    assert set(found) == {FLASH, HAIKU}
    assert all(each["serves"] and each["refuses"] == [] for each in found.values())
    for each in found.values():
        tokens = each["prompt_tokens"]
        assert 100 < tokens["low"] < tokens["estimate"] < tokens["high"] < 500
        assert (tokens["coverage"], tokens["how"]) == (95, "fit")
        assert (tokens["counted"], tokens["problem"]) == (None, None)
        low, high = Decimal(each["cost_usd"]["low"]), Decimal(each["cost_usd"]["high"])
        assert 0 < low < high or low == high > 0
    assert answer["cheapest"] == FLASH
    assert answer["auto"]["model"] in found
    record = reply.record
    assert (record.op, record.outcome, record.model) == ("estimate", "ok", None)
    assert (record.usage, record.cost_usd) == (None, 0)
    assert "x-fairlead-model" not in reply.headers


async def test_the_range_is_the_price_list_times_the_tokens() -> None:
    reply = await ask("/v1/estimate", CHAT | {"max_tokens": 1_000, "n": 3})
    each = by_model(reply.json())[FLASH]
    tokens, output = each["prompt_tokens"], each["output_tokens"]
    assert output == {"expected": 1_500, "most": 3_000}
    million = Decimal(10) ** 6
    low = (tokens["estimate"] * Decimal("0.30") + 1_500 * Decimal("2.50")) / million
    high = (tokens["high"] * Decimal("0.30") + 3_000 * Decimal("2.50")) / million
    assert (Decimal(each["cost_usd"]["low"]), Decimal(each["cost_usd"]["high"])) == (low, high)
    assert isinstance(each["cost_usd"]["low"], str)


async def test_cache_marks_make_the_high_end_dearer() -> None:
    marked = {"type": "text", "text": TEXT, "cache_control": {"type": "ephemeral"}}
    plain = ANTHROPIC | {
        "messages": [{"role": "user", "content": [{"type": "text", "text": TEXT}]}]
    }
    cached = ANTHROPIC | {"messages": [{"role": "user", "content": [marked]}]}
    one, other = [
        by_model((await ask("/v1/messages/estimate", body)).json())[HAIKU]
        for body in (plain, cached)
    ]
    assert one["cost_usd"]["low"] == other["cost_usd"]["low"]
    gap = Decimal(other["cost_usd"]["high"]) - Decimal(one["cost_usd"]["high"])
    assert gap == one["prompt_tokens"]["high"] * Decimal("1.00") / 10**6  # a write at 2.00


async def test_what_each_would_refuse_and_why() -> None:
    audio = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    body = CHAT | {"messages": [{"role": "user", "content": [audio]}], "max_tokens": 65_000}
    answer = (await ask("/v1/estimate", body)).json()
    haiku, flash = by_model(answer)[HAIKU], by_model(answer)[FLASH]
    assert not haiku["serves"]
    assert haiku["refuses"][0]["code"] == "modality"
    assert "audio" in haiku["refuses"][0]["why"]
    assert flash["serves"]
    assert (answer["auto"]["model"], answer["cheapest"]) == (FLASH, FLASH)


async def test_each_model_counts_in_its_own_tokenizer() -> None:
    path = "/v1/estimate?models=haiku,claude-haiku-5-5,flash,gpt-5-mini,gpt-99"
    found = by_model((await ask(path, CHAT)).json())
    told = {each["prompt_tokens"]["family"] for each in found.values()}
    assert len(told) >= 4
    # The newer one counts some 30 % more tokens for the same text.
    old, new = (found[each]["prompt_tokens"]["estimate"] for each in (HAIKU, "claude-haiku-5-5"))
    assert 1.2 < new / old < 1.4
    assert found["gpt-5-mini"]["prompt_tokens"]["how"] == "vocabulary"


@pytest.mark.parametrize(
    "field",
    [
        {"previous_response_id": "resp_of_another"},
        {"conversation": "conv_1"},
        {"prompt": {"id": "p"}},
    ],
)
async def test_what_only_the_vendor_has_is_not_counted_as_little(field) -> None:
    """What it points at may be long: no upper bound, neither of tokens nor of dollars."""
    path = "/v1/responses/estimate?models=gpt-5-mini"
    plain = by_model((await ask(path, RESPONSES)).json())["gpt-5-mini"]
    found = by_model((await ask(path, RESPONSES | field)).json())["gpt-5-mini"]
    assert plain["prompt_tokens"]["high"] > plain["prompt_tokens"]["low"]
    assert found["prompt_tokens"]["high"] is None
    assert found["prompt_tokens"]["how"] == "vocabulary+elsewhere"
    assert found["prompt_tokens"]["estimate"] == plain["prompt_tokens"]["estimate"]
    if found["cost_usd"] is not None:
        assert found["cost_usd"]["high"] is None


async def test_auto_goes_on_to_the_next_where_one_cannot_be_told() -> None:
    """A tool that only Gemini runs: a semantic loss at Haiku, as for an answer."""
    body = GEMINI | {"tools": [{"codeExecution": {}}], "fairlead": {"task": "coding"}}
    answer = (await ask("/v1beta/models/auto:estimate", body)).json()
    (refusal,) = by_model(answer)[HAIKU]["refuses"]
    assert (refusal["code"], refusal["param"]) == ("server_tool", "tools.codeExecution")
    assert (answer["auto"]["model"], answer["cheapest"]) == (FLASH, FLASH)
    assert f"not {HAIKU}: " in answer["auto"]["reason"]
    # And so it goes: Gemini is the only one that is asked.
    done = await ask("/v1beta/models/auto:generateContent", body, whole({}, 400))
    assert [FLASH in request.url for request in done.sent] == [True]


async def test_a_loss_that_is_allowed_refuses_nothing() -> None:
    body = GEMINI | {"tools": [{"codeExecution": {}}], "fairlead": {"task": "coding"}}
    reply = await ask("/v1beta/models/auto:estimate", body, x_fairlead_allow_loss="true")
    haiku = by_model(reply.json())[HAIKU]
    assert (haiku["serves"], haiku["refuses"]) == (True, [])
    assert haiku["losses"][0]["kind"] == "semantic"


@pytest.mark.parametrize("stops", [True, False])
def test_auto_stops_where_the_request_is_at_fault(stops) -> None:
    kept = {FLASH: (Refusal("a", "lost", stops=stops),), HAIKU: ()}
    found = {name: SimpleNamespace(refuses=refuses) for name, refuses in kept.items()}
    decided = SimpleNamespace(ranked=(FLASH, HAIKU), reason="so it is")
    auto = _auto(SimpleNamespace(decide=lambda _: decided), Features(), found)
    if stops:
        assert (auto.model, auto.reason) == (None, f"not {FLASH}: lost")
    else:
        assert (auto.model, auto.reason) == (HAIKU, f"so it is; not {FLASH}: lost")


async def test_nobody_can() -> None:
    body = CHAT | {"max_tokens": 1_000_000}
    answer = (await ask("/v1/estimate", body)).json()
    assert (answer["auto"]["model"], answer["cheapest"]) == (None, None)
    assert "exceeds its output limit" in answer["auto"]["reason"]
    assert [each["serves"] for each in answer["candidates"]] == [False, False]


async def test_what_a_translation_loses_or_refuses() -> None:
    body = CHAT | {"seed": 7, "logprobs": True}
    haiku = by_model((await ask("/v1/estimate", body)).json())[HAIKU]
    assert {"seed", "logprobs"} <= {loss["path"] for loss in haiku["losses"]}
    assert haiku["serves"]


async def test_an_address_is_not_fetched_and_not_refused_for_it() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://pictures.test/a.png"}}
    body = CHAT | {"messages": [{"role": "user", "content": [image]}]}
    reply = await ask("/v1/estimate", body)
    assert reply.sent == []
    assert [each["refuses"] for each in reply.json()["candidates"]] == [[], []]


async def test_an_image_weighs() -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    body = CHAT | {"messages": [{"role": "user", "content": [image]}]}
    assert all(each["serves"] for each in (await ask("/v1/estimate", body)).json()["candidates"])


async def test_a_named_model_stands_first_beside_the_policys() -> None:
    answer = (await ask("/v1/estimate", CHAT | {"model": "gemini-3.8-flash"})).json()
    assert answer["candidates"][0]["model"] == "gemini-3.8-flash"
    assert {FLASH, HAIKU} < set(by_model(answer))
    named = (await ask("/v1beta/models/haiku:estimate", GEMINI)).json()
    assert named["candidates"][0]["model"] == HAIKU


async def test_candidates_of_ones_own() -> None:
    answer = (await ask("/v1/estimate?models=gpt-99-unheard-of,flash", CHAT)).json()
    unknown, flash = answer["candidates"]
    assert (unknown["model"], unknown["cost_usd"], unknown["upstream"]) == (
        "gpt-99-unheard-of",
        None,
        "openai",
    )
    assert flash["model"] == FLASH
    assert answer["cheapest"] == FLASH  # what is unpriced is never the cheapest


async def test_a_vendor_that_is_not_configured() -> None:
    answer = (await ask("/v1/estimate", CHAT, house=SideHouse(without="gemini"))).json()
    flash = by_model(answer)[FLASH]
    assert (flash["serves"], flash["upstream"]) == (False, None)
    assert flash["refuses"][0]["code"] == "not_configured"
    assert (answer["auto"]["model"], answer["cheapest"]) == (HAIKU, HAIKU)


@pytest.mark.parametrize(("path", "body"), SHAPES[:7])
async def test_the_vendors_own_counts(path, body) -> None:
    path += "&count=vendor" if "?" in path else "?count=vendor"
    house = SideHouse()
    reply = await ask(path, body, whole({"totalTokens": 2_000, "input_tokens": 2_000}),
                      whole({"totalTokens": 2_000, "input_tokens": 2_000}), house=house)  # fmt: skip
    assert {request.url for request in reply.sent} == {
        "http://anthropic.test/v1/messages/count_tokens",
        f"http://gemini.test/v1beta/models/{FLASH}:countTokens",
    }
    found = by_model(reply.json())
    assert [each["prompt_tokens"]["counted"] for each in found.values()] == [2_000, 2_000]
    out = found[FLASH]["output_tokens"]["expected"]
    assert Decimal(found[FLASH]["cost_usd"]["low"]) * 10**6 == 2_000 * Decimal(
        "0.30"
    ) + out * Decimal("2.50")
    sent = [json.loads(request.body) for request in reply.sent]
    assert all("max_tokens" not in each for each in sent)
    assert reply.record.usage is None


async def test_a_vendor_that_does_not_count_spoils_no_estimate() -> None:
    reply = await ask(
        "/v1/estimate?count=vendor",
        CHAT,
        ConnectFailed("no route", sent=False),
        whole({"x": 1}, 500),
    )
    assert reply.status == 200
    for each in reply.json()["candidates"]:
        assert each["prompt_tokens"]["counted"] is None
        assert each["prompt_tokens"]["problem"]
        assert each["cost_usd"] is not None


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/v1/estimate", b"{", 400, ""),
        ("/v1/estimate", {"model": "auto"}, 400, "messages"),
        ("/v1/estimate", CHAT | {"model": "nobody-knows"}, 404, "nobody-knows"),
        ("/v1/estimate?dialect=klingon", CHAT, 400, "there are anthropic, gemini, openai_chat"),
        ("/v1/estimate?count=always", CHAT, 400, "count is 'vendor'"),
        ("/v1/estimate?modles=flash", CHAT, 400, "unknown query parameter 'modles'"),
        ("/v1/estimate?models=" + "flash," * 17, CHAT, 400, "at most 16"),
        ("/v1/estimate?models=nobody-knows", CHAT, 404, "nobody-knows"),
        ("/v1/estimate", CHAT | {"fairlead": {"policy": "none"}}, 400, "there is no policy 'none'"),
        ("/v1/estimate", CHAT | {"fairlead": {"tsak": "math"}}, 400, "unknown hint 'tsak'"),
        ("/v1/messages/estimate", {"model": "auto", "max_tokens": 1, "messages": [{"role": 3}]}, 400, "messages[0]"),
        ("/v1/responses/estimate", {"model": "auto", "input": [{"type": 7}]}, 400, "input"),
        ("/v1beta/models/auto:estimate", {"contents": "x"}, 400, "contents"),
    ],
)  # fmt: skip
async def test_bad_input_is_told_in_the_clients_dialect(path, body, status, words) -> None:
    reply = await ask(path, body)
    assert reply.status == status
    assert reply.sent == []
    error = reply.json()
    if "messages/" in path:
        assert error["type"] == "error"
    text = json.dumps(error["error"])
    assert words in text
    assert "Traceback" not in text
    assert reply.record.outcome == "refused" or reply.record.status == status


async def test_bad_input_is_told_in_the_dialect_that_was_named() -> None:
    reply = await ask("/v1/estimate?dialect=anthropic", {"model": "auto", "max_tokens": 1})
    assert (reply.status, reply.json()["type"]) == (400, "error")
    assert reply.record.dialect == "anthropic"


async def test_only_who_has_a_key_may_ask() -> None:
    house = SideHouse(keys=True)
    assert (await ask("/v1/estimate", CHAT, house=house)).status == 401
    assert (await house.ask("POST", "/v1/estimate", CHAT, key="ann")).status == 200


async def test_other_methods() -> None:
    reply = await SideHouse().ask("GET", "/v1/estimate")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def test_the_models_of_these_tests_have_the_prices_that_they_use() -> None:
    price = {p.kind: p.usd_per_million for p in CATALOG.models[FLASH].prices if not p.tier}
    assert (price["input"], price["output"]) == (Decimal("0.30"), Decimal("2.50"))
