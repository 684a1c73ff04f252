"""Breakpoints where there were none: whatever the body, it says the same and the vendor takes it."""

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.unit.wire.anthropic.models import HAIKU_45, PERMISSIVE
from tests.unit.wire.anthropic.strategies import requests

from fairlead.emulator import rules
from fairlead.emulator.authority import check
from fairlead.wire.anthropic import CODEC
from fairlead.wire.anthropic.ask_caching import LOOKBACK, ask_caching
from fairlead.wire.codec import Target

MARK = {"cache_control": {"type": "ephemeral"}}
TOOLS, SYSTEM, LAST = -2, -1, -1


def _without_marks(value):
    if isinstance(value, list):
        return [_without_marks(each) for each in value]
    if isinstance(value, dict):
        return {key: _without_marks(each) for key, each in value.items() if key != "cache_control"}
    return value


def _refused(body):
    return check("anthropic", "messages", body) or rules.check(
        "anthropic",
        "messages",
        HAIKU_45.id,
        body,
        tokens=lambda: 100,
        issued=lambda _, __: True,
        headers={"anthropic-version": "2023-06-01"},
    )


def _plain(body):
    """A body with each lone text as a string."""
    body = _without_marks(body)
    for holder, name in [(body, "system"), *((m, "content") for m in body["messages"])]:
        held = holder.get(name)
        if isinstance(held, list) and len(held) == 1 and held[0].keys() == {"type", "text"}:
            holder[name] = held[0]["text"]
    return body


@settings(max_examples=40, deadline=None)
@given(requests(), st.data())
def test_the_same_is_said_and_the_vendor_takes_it(request, data):
    body = CODEC.encode_request(request, Target(request.model, PERMISSIVE)).body
    assume(b"cache_control" not in body)
    said = json.loads(body)
    turn = data.draw(st.integers(TOOLS, len(said["messages"]) - 1))
    places = data.draw(st.sampled_from([[(turn, LAST)], [(turn, 0)], [(SYSTEM, LAST), (turn, 0)]]))
    asking = json.loads(ask_caching(body, places))
    assert _plain(asking) == _plain(said)
    assert list(asking) == list(said)  # in the client's order
    if not _refused(said):
        assert not _refused(asking)


def _body(**more):
    messages = [
        {"role": "user", "content": "first"},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "hm", "signature": "x"}],
        },
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ]
    return json.dumps({"model": "m", "messages": messages, **more}).encode()


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ((0, LAST), ["messages", 0, "content", 0]),
        ((2, 0), ["messages", 2, "content", 0]),
        ((2, LAST), ["messages", 2, "content", 1]),
        ((SYSTEM, LAST), ["system", 0]),
        ((TOOLS, LAST), ["tools", 1]),
    ],
)
def test_the_breakpoint_stands_at_its_place(place, path):
    body = _body(system="Be brief.", tools=[{"name": "a"}, {"name": "b"}])
    found = json.loads(ask_caching(body, [place]))
    for step in path:
        found = found[step]
    assert found["cache_control"] == MARK["cache_control"]
    assert ask_caching(body, [place]).count(b"cache_control") == 1


def test_the_blocks_of_a_system_prompt():
    body = _body(system=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])
    first = json.loads(ask_caching(body, [(SYSTEM, 0)]))["system"]
    last = json.loads(ask_caching(body, [(SYSTEM, LAST)]))["system"]
    assert [block.get("cache_control") for block in first] == [MARK["cache_control"], None]
    assert [block.get("cache_control") for block in last] == [None, MARK["cache_control"]]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (_body(), (1, LAST)),  # thinking
        (_body(system=""), (SYSTEM, LAST)),
        (_body(system=[{"type": "text", "text": ""}]), (SYSTEM, LAST)),
        (_body(tools=[{"name": "a", "defer_loading": True}]), (TOOLS, LAST)),
        (_body(tools=[]), (TOOLS, LAST)),
        (_body(), (TOOLS, LAST)),
        (_body(), (SYSTEM, LAST)),
        (_body(), (7, LAST)),
        (_body(), (2, 5)),
        (b'{"messages": 3}', (0, LAST)),
        (b'{"messages": [3]}', (0, LAST)),
        (b'{"messages": [{"role": "user", "content": [7]}]}', (0, LAST)),
        (b'{"messages": [{"role": "user"}]}', (0, LAST)),
        (b"no JSON", (0, LAST)),
    ],
)
def test_where_nothing_can_be_asked_for_nothing_changes(body, place):
    assert ask_caching(body, [place]) is body


def test_the_nearer_place_is_marked_where_the_vendor_would_not_look():
    def asked(blocks: int) -> list[dict[str, object]]:
        many = [{"type": "text", "text": f"part {n}"} for n in range(blocks)]
        turns = [{"role": "user", "content": "one"}, {"role": "user", "content": many}]
        body = json.dumps({"model": "m", "messages": turns}).encode()
        return json.loads(ask_caching(body, [(0, LAST), (1, LAST)]))["messages"]

    near, far = asked(LOOKBACK - 2), asked(LOOKBACK)
    assert near[0]["content"] == "one"
    assert far[0]["content"] == [{"type": "text", "text": "one", **MARK}]
    for turns in (near, far):
        assert turns[1]["content"][-1]["cache_control"] == MARK["cache_control"]
