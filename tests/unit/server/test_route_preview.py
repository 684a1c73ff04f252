"""`POST /v1/route`: where a request would go, in each dialect; nothing is sent."""

from decimal import Decimal

import pytest
from tests.unit.server.side_house import FLASH, HAIKU, SideHouse

CODE = "Refactor this Python function: def f(x): return x+1"
CHAT = {"model": "auto", "messages": [{"role": "user", "content": CODE}]}
BODIES = [
    ("/v1/route", CHAT),
    ("/v1/route", {"messages": CHAT["messages"]}),
    ("/route", CHAT),
    ("/v1/route?dialect=openai_chat", CHAT),
    ("/v1/route", {"model": "auto", "input": CODE}),
    ("/v1/route", {"model": "auto", "system": "x", "max_tokens": 9, "messages": CHAT["messages"]}),
    ("/v1/route?dialect=anthropic", {"max_tokens": 9, "messages": CHAT["messages"]}),
    ("/v1/route", {"contents": [{"role": "user", "parts": [{"text": CODE}]}]}),
]


@pytest.mark.parametrize(("path", "body"), BODIES)
async def test_every_dialect_is_told_where_and_why(path, body) -> None:
    reply = await SideHouse().ask("POST", path, body)
    assert (reply.status, reply.sent) == (200, [])
    told = reply.json()
    assert (told["model"], told["policy"]) == (HAIKU, "article-tree")
    assert [step["answer"] for step in told["path"]] == [False, False, True]
    assert {each["model"] for each in told["candidates"]} == {FLASH, HAIKU}
    for each in told["candidates"]:
        assert Decimal(each["cost_usd"]) > 0
        assert each["why"]
    assert told["fallbacks"] == [FLASH]
    assert told["flip"][0] == {"change": "prompt_tokens over 200,000", "model": FLASH}
    assert told["features"]["task"] == "coding"
    record = reply.record
    assert (record.op, record.outcome, record.model, record.cost_usd) == ("estimate", "ok", None, 0)


@pytest.mark.parametrize(
    ("policy", "model"),
    [("cheapest", FLASH), ("always:haiku", HAIKU), ("article-length", HAIKU)],
)
async def test_another_policy_may_be_asked(policy, model) -> None:
    told = (await SideHouse().ask("POST", f"/v1/route?policy={policy}", CHAT)).json()
    assert (told["model"], told["policy"]) == (model, policy)
    hinted = CHAT | {"fairlead": {"policy": policy}}
    assert (await SideHouse().ask("POST", "/v1/route", hinted)).json()["model"] == model


async def test_a_named_model_needs_no_policy() -> None:
    body = CHAT | {"model": FLASH}
    told = (await SideHouse().ask("POST", "/v1/route", body)).json()
    assert (told["model"], told["policy"], told["path"]) == (FLASH, "named", [])
    assert Decimal(told["candidates"][0]["cost_usd"]) > 0
    hinted = body | {"fairlead": {"policy": "article-tree"}}
    assert (await SideHouse().ask("POST", "/v1/route", hinted)).json()["policy"] == "named"
    asked = (await SideHouse().ask("POST", "/v1/route?policy=article-tree", body)).json()
    assert asked["model"] == HAIKU


async def test_that_nobody_can_take_it_is_an_answer() -> None:
    audio = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    body = CHAT | {"messages": [{"role": "user", "content": [audio]}]}
    reply = await SideHouse(without="gemini").ask("POST", "/v1/route?policy=always:haiku", body)
    told = reply.json()
    assert (reply.status, told["model"], told["candidates"]) == (200, None, [])
    assert "takes no audio input" in told["reason"]


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/v1/route?policy=nonesuch", CHAT, 400, "there is no policy 'nonesuch'"),
        ("/v1/route?policy=always:nonesuch", CHAT, 400, "there is no policy"),
        ("/v1/route?dialect=latin", CHAT, 400, "there is no dialect 'latin'"),
        ("/v1/route?count=vendor", CHAT, 400, "unknown query parameter 'count'"),
        ("/v1/route", b"{", 400, "no JSON object"),
        ("/v1/route", {"model": "auto"}, 400, "neither messages, input nor contents"),
        ("/v1/route", CHAT | {"model": "nonesuch"}, 404, "does not exist here"),
        ("/v1/route", CHAT | {"messages": 3}, 400, "messages"),
        ("/v1/route", CHAT | {"fairlead": {"tsak": "x"}}, 400, "unknown hint 'tsak'"),
    ],
)
async def test_a_mistake_is_told(path, body, status, said) -> None:
    reply = await SideHouse().ask("POST", path, body)
    assert reply.status == status
    assert said in reply.body.decode()


async def test_a_key_is_needed_as_for_an_answer() -> None:
    house = SideHouse(keys=True)
    assert (await house.ask("POST", "/v1/route", CHAT)).status == 401
    assert (await house.ask("POST", "/v1/route", CHAT, key="ann")).status == 200
    assert (await house.ask("GET", "/v1/route", key="ann")).status == 405
