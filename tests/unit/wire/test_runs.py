"""Runs of deltas: `told` says what the long way says, and `encode_run` what `encode` says."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.canon import (
    Delta,
    Deltas,
    Event,
    Folder,
    PartStart,
    Refusal,
    Start,
    Text,
    Thinking,
    ToolCall,
    fold,
)
from fairlead.wire import anthropic, gemini, openai_chat, openai_responses
from fairlead.wire.anthropic.stream import Decoder
from fairlead.wire.codec import Reply

CODECS = {
    "openai_chat": openai_chat.CODEC,
    "openai_responses": openai_responses.CODEC,
    "anthropic": anthropic.CODEC,
    "gemini": gemini.CODEC,
    "gemini array": gemini.ARRAY_CODEC,
}
REPLY = Reply("m", 1, "req_1")

START = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "content": []}}
BLOCKS: list[dict[str, Any]] = [
    {"type": "text", "text": ""},
    {"type": "thinking", "thinking": "", "signature": ""},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}},
    {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {"a": 1}},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
]
words = st.text(max_size=8) | st.sampled_from(
    ["", '"', "\\", "\n\n", "\r", "event: content_block_delta\ndata: {", "🚢", "}}"]
)
indexes = st.integers(0, 2)
deltas = st.one_of(
    st.builds(lambda t: {"type": "text_delta", "text": t}, words),
    st.builds(lambda t: {"type": "thinking_delta", "thinking": t}, words),
    st.builds(lambda t: {"type": "input_json_delta", "partial_json": t}, words),
    st.builds(lambda t: {"type": "text_delta", "thinking": t}, words),
    st.builds(lambda t: {"type": "signature_delta", "signature": t}, words),
    st.just({"type": "text_delta", "text": 5}),
    st.just({"type": "news_delta", "news": "n"}),
    st.just({}),
)
events = st.one_of(
    st.builds(
        lambda i, d: {"type": "content_block_delta", "index": i, "delta": d}, indexes, deltas
    ),
    st.builds(lambda d: {"type": "content_block_delta", "index": 0, "delta": d}, deltas),
    st.builds(
        lambda i, b: {"type": "content_block_start", "index": i, "content_block": b},
        indexes,
        st.sampled_from(BLOCKS),
    ),
    st.builds(lambda i: {"type": "content_block_stop", "index": i}, indexes),
    st.sampled_from(
        [
            START,
            {"type": "ping"},
            {"type": "content_block_delta"},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
            {"type": "message_stop"},
        ]
    ),
)


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """One event as a server may write it: padded, spaced, over lines, or spoilt."""
    told = draw(events)
    spaced = draw(st.sampled_from([(",", ":"), (", ", ": "), (",\n", ":"), (" ,", ":\r")]))
    body = json.dumps(told, separators=spaced, ensure_ascii=draw(st.booleans()))
    body = (
        body.replace("}}", "}" + " " * draw(st.integers(0, 3)) + "}")
        if draw(st.booleans())
        else body
    )
    name = draw(st.sampled_from([told["type"], told["type"], told["type"], "content_block_delta"]))
    end = draw(st.sampled_from(["\n\n", "\n\n", "\n\n", "\n\n\n", "\r\n\r\n", "}\n\n", "\n"]))
    head = draw(st.sampled_from([f"event: {name}\n", f"event: {name}\n", "", f"event:{name}\n"]))
    return f"{head}data: {body}{end}".encode("utf-8", "replace")


def long_way(stream: bytes) -> list[Event]:
    """The events as the parser alone tells them: it gets the bytes one by one."""
    decoder = Decoder()
    told = [event for at in range(len(stream)) for event in decoder.feed(stream[at : at + 1])]
    return told + decoder.close()


def each(told: Any) -> list[Event]:
    """With runs unrolled; none of them is empty, or has an empty text."""
    found: list[Event] = []
    for event in told:
        if isinstance(event, Deltas):
            assert len(event.texts) > 1
            assert all(event.texts)
            found += event.each()
        else:
            found.append(event)
    return found


OPENING = f"event: message_start\ndata: {json.dumps(START)}\n\n".encode()
DELTA = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"a"}}\n\n'
)


@given(st.lists(written(), max_size=8), st.booleans(), st.lists(st.integers(0, 600), max_size=4))
@example([DELTA, DELTA], True, [])
@example([DELTA * 3, b"\xef\xbb\xbf" + DELTA, DELTA], False, [])
@example([DELTA, DELTA.replace(b'"a"', b'"a\xff"'), DELTA], True, [])
@example([DELTA, DELTA.replace(b'"index":0,', b'"index":0,\n'), DELTA], True, [])
def test_anthropics_runs_say_what_the_parser_says(
    pieces: list[bytes], begun: bool, cuts: list[int]
) -> None:
    stream = (OPENING if begun else b"") + b"".join(pieces)
    decoder, told, at = Decoder(), [], 0
    for cut in [*sorted(cuts), len(stream)]:
        told += each(decoder.told(stream[at:cut]))
        at = max(at, min(cut, len(stream)))
    told += decoder.close()
    assert told == long_way(stream)


def test_deltas_of_one_read_come_as_one_run() -> None:
    decoder = Decoder()
    *_, run = decoder.told(OPENING + DELTA * 3)
    assert run == Deltas(0, ["a", "a", "a"])
    assert decoder.told(DELTA) == [Delta(0, "a")]


openings = st.lists(
    st.sampled_from(
        [
            PartStart(0, Text("")),
            PartStart(0, Text("x")),
            PartStart(0, Thinking("")),
            PartStart(0, Refusal("")),
            PartStart(0, ToolCall("c", "f", "")),
            PartStart(0, ToolCall("c", "f", "", custom=True)),
            PartStart(1, Text("")),
            PartStart(0, Text(""), 1),
            Delta(0, "y"),
        ]
    ),
    max_size=3,
)
runs = st.builds(
    Deltas,
    st.integers(0, 1),
    st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4),
    st.integers(0, 1),
)


@pytest.mark.parametrize("name", CODECS)
@given(openings, st.lists(runs, max_size=3))
def test_a_run_is_written_as_its_deltas_are(
    name: str, opening: list[Event], several: list[Deltas]
) -> None:
    one, other = CODECS[name].stream_encoder(REPLY), CODECS[name].stream_encoder(REPLY)
    for event in [Start("id", "m", 1), *opening]:
        assert one.encode(event) == other.encode(event)
    for run in several:
        assert one.encode_run(run) == b"".join([other.encode(delta) for delta in run.each()])
    assert one.close() == other.close()
    assert one.losses == other.losses


@given(openings, st.lists(runs | openings.map(tuple), max_size=5))
def test_a_run_folds_as_its_deltas_do(
    opening: list[Event], several: list[Deltas | tuple[Event, ...]]
) -> None:
    folder, plain = Folder(), list(opening)
    for event in opening:
        folder.add(event)
    for more in several:
        folds: Sequence[Event | Deltas] = more if isinstance(more, tuple) else [more]
        for told in folds:
            folder.add(told)
            plain += told.each() if isinstance(told, Deltas) else [told]
    assert folder.response() == fold(plain)
