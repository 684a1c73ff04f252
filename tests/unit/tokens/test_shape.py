"""A request as counts."""

from base64 import b64encode

import pytest

from fairlead.canon import (
    Base64,
    Extra,
    FunctionTool,
    Media,
    Opaque,
    OutputFormat,
    PlainText,
    Reasoning,
    Request,
    ServerTool,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from fairlead.tokens.schema import NAMES, measure
from fairlead.tokens.shape import ENVELOPE, TERMS, shape, text_shape

SCHEMA = b"""{"type": "object", "title": "T", "properties": {
  "city": {"type": "string", "description": "Name of the city"},
  "days": {"type": "array", "items": {"enum": ["mon", "tue"]}},
  "place": {"type": "object", "properties": {"lat": {"anyOf": [{"type": "number"}, {"type": "null"}]}}}
}, "required": ["city"]}"""


def user(text: str) -> Turn:
    return Turn("user", (Text(text),))


def test_a_schema_is_taken_apart() -> None:
    found = dict(zip(NAMES, measure(SCHEMA), strict=True))
    assert found["properties"] == 4
    assert found["described"] == 1
    assert found["description_words"] == 4
    assert found["choices"] == 2
    assert found["required"] == 1
    assert found["nested"] == 1
    assert found["arrays"] == 1
    assert found["unions"] == 2
    assert found["keywords"] == 1


@pytest.mark.parametrize("raw", [b"", b"[1]", b"no json", b"true", b'{"properties": 3, "enum": 4}'])
def test_a_schema_that_is_none_does_no_harm(raw: bytes) -> None:
    assert len(measure(raw)) == len(NAMES)


def test_a_deep_schema_ends() -> None:
    deep = b'{"items":' * 400 + b"{}" + b"}" * 400
    assert measure(deep)[NAMES.index("arrays")] > 10


def test_messages_tools_calls_and_results_are_counted() -> None:
    request = Request(
        model="m",
        instructions=(Text("Be brief."),),
        turns=(
            user("What is the weather?"),
            Turn(
                "assistant",
                (
                    Thinking("hm", Signature("gemini", "s" * 40)),
                    ToolCall("1", "weather", '{"city": "Paris", "unit": "C"}'),
                    ToolCall("2", "weather", "{}"),
                ),
            ),
            Turn("tool", (ToolResult("1", (Text("12"),)), ToolResult("2", (Text("13"),)))),
        ),
        tools=(FunctionTool("weather", "Tells the weather", SCHEMA),),
        tool_choice=ToolChoice("required"),
        parallel_tools=False,
        reasoning=Reasoning(budget=1024),
        output=OutputFormat("json_schema", "o", SCHEMA),
    )
    found = shape(request)
    expected = {
        "request": 1, "turns": 3, "answers": 1, "instructions": 1, "tools": 1, "tools_forced": 1,
        "tools_single": 1, "tools_thinking": 1, "functions": 1, "function_described": 1,
        "calls": 2, "calls_beside": 1, "arguments": 2, "results": 2, "thinking": 1,
        "signature_chars": 40, "signed": 1, "thought_words": 1, "schema": 1,
        "tool_properties": 4, "answer_properties": 4, "old_signature_chars": 0,
    }  # fmt: skip
    assert {name: found.of(name) for name in expected} == expected


def test_thinking_of_earlier_turns_is_counted_apart() -> None:
    thought = Turn("assistant", (Thinking("a long thought", Signature("gemini", "s" * 40)),))
    found = shape(Request(model="m", turns=(user("a"), thought, user("b"))))
    assert found.of("old_thought_words") == 3
    assert found.of("old_signature_chars") == 40
    assert found.of("thought_words") == found.of("signed") == 0


def test_media_and_server_tools_are_handed_on() -> None:
    image = Media("image", "image/png", Base64("AAAA"))
    text = Media("document", "text/plain", PlainText("words in a file"), citations=True)
    tool = ServerTool("anthropic", "web_search_20250305", b"{}")
    cited = Opaque("anthropic", "search_result", b'{"citations": {"enabled": true}}')
    turn = Turn("user", (image, text, ToolResult("1", (image, cited))))
    found = shape(Request(model="m", turns=(turn,), tools=(tool,)))
    assert found.media == [image, image]
    assert found.server_tools == [tool]
    assert found.of("documents") == found.of("cited") == found.of("opaque") == 1
    assert found.of("tools") == 0


def test_a_text_file_is_a_text() -> None:
    file = Media("document", "text/plain", Base64(b64encode(b"Some words in a file").decode()))
    found = shape(Request(model="m", turns=(Turn("user", (file,)),)))
    assert found.of("words") == 5
    assert found.of("documents") == 1
    assert found.media == []


def test_thinking_that_is_off_is_no_thinking() -> None:
    for off in (Reasoning(effort="none"), Reasoning(budget=0)):
        found = shape(Request(model="m", turns=(user("a"),), reasoning=off))
        assert found.of("thinking") == found.of("thinking_adaptive") == 0
    found = shape(Request(model="m", turns=(user("a"),), reasoning=Reasoning(adaptive=True)))
    assert found.of("thinking_adaptive") == 1


def test_a_text_alone_has_no_frame() -> None:
    found = text_shape("Hello there")
    assert found.of("words") == 2
    assert found.of("request") == 0
    assert len(found.counts) == len(TERMS)


def test_what_is_sealed_is_no_text() -> None:
    sealed = b'{"type":"compaction","encrypted_content":"' + b"A" * 2_900 + b'"}'
    compacted = Turn("assistant", (Opaque("openai_responses", "compaction", sealed),))
    found = shape(Request(model="m", turns=(compacted, user("x"))))
    assert found.of("sealed_chars") == 2_900 - ENVELOPE
    assert found.of("letters") < 100
    thought = Turn("assistant", (Thinking("t", Signature("openai_responses", "A" * ENVELOPE)),))
    assert shape(Request(model="m", turns=(user("x"), thought))).of("sealed_chars") == 0


def test_a_search_among_tools_until_it_has_found_some() -> None:
    tool = Extra("openai_responses", "tools[0]", b'{"type": "tool_search"}')
    asked = Request(model="m", turns=(user("x"),), extras=(tool,))
    assert (shape(asked).of("tool_search"), shape(asked).of("tools_found")) == (1, 0)
    raw = b'{"type":"tool_search_output","tools":[]}'
    extras = (tool, Extra("openai_responses", "input[2]", raw))
    found = shape(Request(model="m", turns=(user("x"),), extras=extras))
    assert (found.of("tool_search"), found.of("tools_found")) == (0, 1)


@pytest.mark.parametrize(
    ("reasoning", "term"),
    [
        (Reasoning(budget=2_000), "thinking"),
        (Reasoning(adaptive=True, effort="high"), "thinking_adaptive"),
        (Reasoning(effort="high"), "effort"),
        (Reasoning(budget=0), "effort"),
    ],
)
def test_how_it_thinks(reasoning: Reasoning, term: str) -> None:
    found = shape(Request(model="m", turns=(user("x"),), reasoning=reasoning))
    terms = ("thinking", "thinking_adaptive", "effort")
    assert {name for name in terms if found.of(name)} == {term}


def test_signatures_where_readable_thoughts_are_asked_for() -> None:
    turns = (user("a"), Turn("assistant", (Thinking("", Signature("gemini", "s" * 40)),)))
    told = shape(Request(model="m", turns=turns, reasoning=Reasoning(visible=True)))
    assert (told.of("shown_signature_chars"), told.of("signature_chars")) == (40, 0)
    silent = shape(Request(model="m", turns=turns, reasoning=Reasoning(budget=9)))
    assert (silent.of("shown_signature_chars"), silent.of("signature_chars")) == (0, 40)


@pytest.mark.parametrize("text", ["12 degrees", "", '"{}"', "a {b}"])
def test_what_is_no_json_has_no_marks(text: str) -> None:
    turns = (user("a"), Turn("tool", (ToolResult("1", (Text(text),)),)))
    assert shape(Request(model="m", turns=turns)).of("json_marks") == 0


def test_marks_of_json_are_what_is_in_no_key_and_no_string() -> None:
    call = ToolCall("1", "weather", '{"city": "Paris"}')
    result = ToolResult("1", (Text('{"degrees": [12, 13]}'),))
    one = shape(Request(model="m", turns=(user("a"), Turn("assistant", (call,)))))
    both = shape(
        Request(model="m", turns=(user("a"), Turn("assistant", (call,)), Turn("tool", (result,))))
    )
    assert 0 < one.of("json_marks") < both.of("json_marks")
