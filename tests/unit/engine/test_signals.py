"""Signals: what is seen of answers through an engine, whole and streamed, in either lane."""

import json

import pytest
from tests.unit.engine.test_engine_trip import ask
from tests.unit.engine.test_shadow import House as Shadowed
from tests.unit.server.side_house import HAIKU, SideHouse, whole

from fairlead.engine import signals as module
from fairlead.engine.signals import Signals
from fairlead.routing.signals import FINISHES, SIGNALS, SILENT, worst
from fairlead.upstream.fake import Answer

SCHEMA = {
    "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"],
    "additionalProperties": False,
}  # fmt: skip
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}}
TOOL = {"type": "function", "function": {"name": "add", "parameters": SCHEMA}}
USAGE = {"input_tokens": 5, "output_tokens": 4}


def answer(*content: dict, stop: str = "end_turn") -> Answer:
    return whole(
        {
            "id": "m", "type": "message", "role": "assistant", "model": HAIKU,
            "content": list(content), "stop_reason": stop, "stop_sequence": None, "usage": USAGE,
        }
    )  # fmt: skip


def text(said: str, stop: str = "end_turn") -> Answer:
    return answer({"type": "text", "text": said}, stop=stop)


def call(name: str, **arguments) -> Answer:
    return answer(
        {"type": "tool_use", "id": "toolu_1", "name": name, "input": arguments}, stop="tool_use"
    )


def chat(*turns: dict, **more) -> dict:
    said = [{"role": "user", "content": "Refactor this Python function: def f(x): return x+1"}]
    return {"model": "auto", "messages": [*said, *turns], **more}


class Watched:
    """A house whose answers are looked at; what was found is read when all is looked at."""

    def __init__(self) -> None:
        self.house = SideHouse()
        self.watch = self.house.plane.engine.signals = Signals(self.house.ledger)

    async def ask(self, body: dict, script: Answer, path: str = "/v1/chat/completions", **more):
        reply = await self.house.ask("POST", path, body, script, **more)
        assert reply.status == 200, reply.body
        return reply.headers["x-fairlead-request-id"]

    def found(self, request_id: str) -> list[str]:
        self.watch.close()
        words = self.house.ledger.verdicts(request_id)
        assert all(one.score == 1 - SIGNALS[one.source[7:]].weight for one in words)
        return sorted(one.source for one in words)


ANSWERS = [
    (chat(), text("Sure."), []),
    (chat(), text("Su", "max_tokens"), ["signal:cut_off"]),
    (chat(), text("", "refusal"), ["signal:refused"]),
    (chat(response_format=FORMAT), text('{"n": 3}'), []),
    (chat(response_format=FORMAT), text('{"n": "three"}'), ["signal:schema"]),
    (chat(response_format=FORMAT), text("Three."), ["signal:schema"]),
    (
        chat(response_format=FORMAT),
        text('{"n":', "max_tokens"),
        ["signal:cut_off", "signal:schema"],
    ),
    (chat(tools=[TOOL]), call("add", n=1), []),
    (chat(tools=[TOOL]), call("add", m=1), ["signal:calls"]),
    (chat(tools=[TOOL]), call("subtract", n=1), ["signal:calls"]),
    (chat(tools=[TOOL]), text("No need to."), []),
]


@pytest.mark.parametrize(("body", "script", "signals"), ANSWERS)
async def test_what_an_answer_shows(body, script, signals) -> None:
    there = Watched()
    assert there.found(await there.ask(body, script)) == signals


@pytest.mark.parametrize(("n", "signals"), [(3, []), ("three", ["signal:schema"])])
@pytest.mark.parametrize("stream", [False, True])
async def test_the_clients_own_dialect_is_looked_at_too(n, signals, stream) -> None:
    there = Watched()
    body = {
        "model": "auto", "max_tokens": 50, "messages": chat()["messages"], "stream": stream,
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    }  # fmt: skip
    script = streamed(json.dumps({"n": n})) if stream else text(json.dumps({"n": n}))
    assert there.found(await there.ask(body, script, "/v1/messages")) == signals


def streamed(said: str) -> Answer:
    start = {"id": "m", "type": "message", "role": "assistant", "model": HAIKU, "content": [],
             "stop_reason": None, "stop_sequence": None, "usage": USAGE}  # fmt: skip
    events = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": said}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
         "usage": {"output_tokens": 4}},
        {"type": "message_stop"},
    ]  # fmt: skip
    chunks = [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events]
    return Answer(200, {"content-type": "text/event-stream"}, tuple(chunks))


async def test_the_same_again_is_a_retry_of_the_first_and_a_program_is_none() -> None:
    there = Watched()
    ids = []
    for _ in range(4):
        ids.append(await there.ask(chat(), text("Sure.")))
        there.house.now += 30
    there.watch.close()
    found = [[one.source for one in there.house.ledger.verdicts(each)] for each in ids]
    assert found == [["signal:retry"], [], [], []]


@pytest.mark.parametrize("later", [-5.0, 700.0])
async def test_at_the_same_time_or_much_later_is_no_retry(later) -> None:
    there = Watched()
    first = await there.ask(chat(), text("Sure."))
    there.house.now += later
    await there.ask(chat(), text("Sure."))
    assert there.found(first) == []


async def test_another_question_model_or_policy_is_no_retry() -> None:
    there = Watched()
    first = await there.ask(chat(), text("Sure."))
    there.house.now += 9
    await there.ask(chat({"role": "user", "content": "More."}), text("Sure."))
    await there.ask(chat() | {"model": HAIKU}, text("Sure."))
    await there.ask(chat() | {"fairlead": {"policy": "always:haiku"}}, text("Sure."))
    assert there.found(first) == []


@pytest.mark.parametrize(("told", "signals"), [("Error: no", ["signal:tool_error"]), ("3", [])])
async def test_a_tool_that_fails_is_told_of_the_answer_that_called_it(told, signals) -> None:
    there = Watched()
    first = await there.ask(chat(tools=[TOOL]), call("add", n=1))
    made = {"id": "toolu_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    after = [
        {"role": "assistant", "tool_calls": [made]},
        {"role": "tool", "tool_call_id": "toolu_1", "content": told},
    ]
    there.house.now += 2
    await there.ask(chat(*after, tools=[TOOL]), text("Done."))
    assert there.found(first) == signals


async def test_nothing_is_looked_at_that_was_not_decoded_or_is_too_much(monkeypatch) -> None:
    there = Watched()
    body = {"model": HAIKU, "max_tokens": 5, "messages": chat()["messages"]}
    named = await there.ask(body, text("Su", "max_tokens"), "/v1/messages")
    monkeypatch.setattr(module, "MOST_WAITING", 0)
    full = await there.ask(chat(), text("Su", "max_tokens"))
    assert there.found(named) == there.found(full) == []


async def test_the_queue_is_bounded_by_bytes_too(monkeypatch) -> None:
    """What waits holds prompts: 512 long ones would be gigabytes."""
    there = Watched()
    monkeypatch.setattr(module, "MOST_BYTES", 2_000)
    long = await there.ask(chat(user="x" * 3_000), text("Su", "max_tokens"))
    short = await there.ask(chat(), text("Su", "max_tokens"))
    assert there.found(short) == ["signal:cut_off"]
    assert there.found(long) == []
    assert there.watch._put == there.watch._taken > 0, "what was looked at gives its bytes back"


async def test_what_cannot_be_looked_at_does_not_stop_the_rest(monkeypatch, caplog) -> None:
    there = Watched()
    real = module.found_in
    monkeypatch.setattr(module, "found_in", lambda _: 1 / 0)
    broken = await there.ask(chat(), text("Su", "max_tokens"))
    while there.watch._queue or "cannot be looked at" not in caplog.text:
        pass
    monkeypatch.setattr(module, "found_in", real)
    good = await there.ask(chat(), text("Su", "max_tokens"))
    assert there.found(broken) == []
    assert there.found(good) == ["signal:cut_off"]
    assert "Refactor" not in caplog.text


async def test_a_shadows_copy_is_looked_at_too_and_is_no_retry() -> None:
    house = Shadowed()
    watch = house.engine.signals = Signals(house.ledger)
    await house.serve(ask(response_format=FORMAT))
    await house.settled()
    watch.close()
    for request_id in ("fl-1", "fl-1.shadow"):
        found = [one.source for one in house.ledger.verdicts(request_id)]
        assert found == ["signal:schema"], "both models answer in plain words"


def test_the_worst_of_several() -> None:
    assert worst({"retry", "schema", "cut_off"}) == "schema"
    assert worst({"refused", "retry"}) == "refused", "the first of two as great"
    assert worst(set()) == worst({"nonesuch"}) == SILENT
    assert set(FINISHES.values()) <= set(SIGNALS)
