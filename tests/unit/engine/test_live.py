"""What objectives look at: paces, sessions, warm prompt caches; on a fake transport."""

import json

import pytest
from tests.unit.server.side_house import FLASH, HAIKU, SideHouse, whole

from fairlead.canon import Request, Text, Turn
from fairlead.routing.session import session_of
from fairlead.upstream.fake import Answer

LONG = "The harbour master writes down which boats came in, and where from. " * 600
GEMINI = {
    "candidates": [
        {"content": {"role": "model", "parts": [{"text": "ok"}]}, "finishReason": "STOP"}
    ],
    "usageMetadata": {"promptTokenCount": 10_000, "candidatesTokenCount": 50},
}
ANTHROPIC = {
    "id": "m", "type": "message", "role": "assistant", "model": HAIKU, "stop_reason": "end_turn",
    "stop_sequence": None, "content": [{"type": "text", "text": "ok"}],
    "usage": {"input_tokens": 9_000, "output_tokens": 50},
}  # fmt: skip
SSE = {"content-type": "text/event-stream"}


def messages(*turns: str) -> list[dict]:
    roles = ("user", "assistant") * len(turns)
    return [{"role": r, "content": t} for r, t in zip(roles, turns, strict=False)]


def chat(*turns: str, **more) -> dict:
    said = {"model": "auto", "max_tokens": 100, "messages": messages(*turns)}
    return said | {"fairlead": {"policy": "cheapest"}} | more


async def ask(house: SideHouse, body: dict, answer=GEMINI, path="/v1/chat/completions", **more):
    script = answer if isinstance(answer, Answer) else whole(answer)
    reply = await house.ask("POST", path, body, script, **more)
    assert reply.status == 200, reply.body
    return reply


async def preview(house: SideHouse, body: dict) -> dict:
    return (await house.ask("POST", "/v1/route", body)).json()


async def test_a_session_has_its_model_and_a_warm_cache() -> None:
    house = SideHouse()
    await preview(house, chat(LONG))  # from now on somebody looks
    first = await ask(house, chat(LONG))
    assert first.record.model == FLASH
    stored = json.loads(first.record.decision)
    assert stored["moment"]["session"]
    assert "held" not in stored["moment"]
    house.now += 60
    told = await preview(house, chat(LONG, "ok", "and the second?"))
    moment = told["moment"]
    assert moment["session"] == stored["moment"]["session"]
    assert (moment["held"], moment["further"]) == (FLASH, 2)
    warm = moment["warm"][FLASH]
    assert 7_000 < warm["tokens"] < 12_000
    assert warm["seconds"] == 240
    assert warm["sure"] == 0.5
    house.now += 600
    later = (await preview(house, chat(LONG, "ok", "and the second?")))["moment"]
    assert later["warm"][FLASH]["tokens"] == 0
    other = (await preview(house, chat("Who else is there?", "ok", "and now?")))["moment"]
    assert "held" not in other


async def test_how_sure_a_cache_is_is_learned() -> None:
    house, turns = SideHouse(), [LONG]
    usage = GEMINI["usageMetadata"] | {"cachedContentTokenCount": 9_500}
    await preview(house, chat(LONG))
    for number in range(6):
        await ask(house, chat(*turns), GEMINI | {"usageMetadata": usage})
        turns += ["ok", f"And number {number}?"]
        house.now += 5
    told = await preview(house, chat(*turns))
    assert told["moment"]["warm"][FLASH]["sure"] > 0.65


async def test_a_warm_cache_elsewhere_is_worth_more_than_a_lower_price() -> None:
    house = SideHouse()
    mark = {"cache_control": {"type": "ephemeral"}}
    system = [{"type": "text", "text": LONG, **mark}]
    body = {"max_tokens": 60, "system": system, "messages": messages("Who came in?")}
    cheapest = {"fairlead": {"policy": "cheapest"}}
    assert (await preview(house, body | {"model": "auto"} | cheapest))["model"] == FLASH
    named = body | {"model": HAIKU}
    await ask(house, named, ANTHROPIC, "/v1/messages", anthropic_version="2023-06-01")
    house.now += 30
    more = body | {"messages": messages("Who came in?", "ok", "And then?"), "model": "auto"}
    told = await preview(house, more | cheapest)
    assert told["model"] == HAIKU
    assert told["moment"]["warm"][HAIKU]["tokens"] > 8_000
    house.now += 400
    assert (await preview(house, more | cheapest))["model"] == FLASH, "cold again"


def stream(pieces: int) -> Answer:
    part = {"content": {"role": "model", "parts": [{"text": "ok "}]}}
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 40}
    events = [{"candidates": [part]} for _ in range(pieces)]
    events.append({"candidates": [part | {"finishReason": "STOP"}], "usageMetadata": usage})
    steps = tuple(f"data: {json.dumps(event)}\n\n".encode() for event in events)
    return Answer(200, SSE, steps)


async def test_paces_are_measured_once_somebody_looks() -> None:
    house = SideHouse()
    body = chat("hi", stream=True)
    plain = {"model": "auto", "max_tokens": 100, "messages": messages("Prove it."), "stream": True}
    for _ in range(3):
        await ask(house, plain, stream(3))
    assert "pace" not in (await preview(house, body))["moment"]
    for _ in range(3):
        await ask(house, body, stream(3))
    house.now += 1
    pace = (await preview(house, body))["moment"]["pace"]
    assert set(pace) == {FLASH}
    assert pace[FLASH]["output_tokens"] == 40
    assert pace[FLASH]["first_token_ms"] > 0


def request(system: str, user: str, *more: str) -> Request:
    turns = (user, *more)
    roles = ("user", "assistant") * len(turns)
    return Request(
        model="auto",
        instructions=(Text(system),),
        turns=tuple(Turn(role, (Text(text),)) for role, text in zip(roles, turns, strict=False)),
    )


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (request("s", "u", "a", "and?"), True),
        (request("s", "v"), False),
        (request("t", "u"), False),
        (request("su", ""), False),
    ],
)
def test_a_session_is_told_by_its_beginning(other: Request, same: bool) -> None:
    first = session_of(request("s", "u"), "ann")
    assert (session_of(other, "ann") == first) is same
    assert session_of(request("s", "u"), "ben") != first


def test_a_long_beginning_is_told_by_its_ends() -> None:
    long = request("s" * 9_000, "u")
    assert session_of(long, "a") == session_of(request("s" * 9_000, "u", "x", "y"), "a")
    assert session_of(long, "a") != session_of(request("s" * 9_001, "u"), "a")
    assert session_of(request("\ud800", "u"), "a")
