"""Fingerprints of conversations: what is the same again, and which one a failed call goes back to."""

from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fairlead.canon import (
    Base64,
    CacheMark,
    FunctionTool,
    Media,
    Request,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from fairlead.routing.asked_again import LARGEST, traces_of

ASK = Turn("user", (Text("Is it raining in Oslo?"),))
CALL = Turn("assistant", (ToolCall("1", "weather", '{"place":"Oslo"}'),))


def result(text: str, role: str = "tool", **facts) -> Turn:
    return Turn(role, (ToolResult("1", (Text(text),), **facts),))


def of(*turns: Turn, model: str = "auto", scope: str = "k", **facts):
    return traces_of(Request(model=model, turns=turns, **facts), scope)


def test_marks_and_signatures_make_no_difference() -> None:
    marked = Turn(
        "user", (Text("Is it raining in Oslo?", Signature("gemini", "x"), (), CacheMark()),)
    )
    thought = replace(CALL, parts=(Thinking("hm"), *CALL.parts))
    assert of(marked) == of(ASK)
    assert of(ASK, CALL).whole != of(ASK).whole
    # A thought that is left out the next time is told apart by its place only: as a part.
    assert of(ASK, thought).whole != of(ASK, CALL).whole


@pytest.mark.parametrize(
    "other",
    [
        {"turns": (Turn("user", (Text("Is it raining in Rome?"),)),)},
        {"turns": (Turn("system", ASK.parts),)},
        {"turns": (ASK, ASK)},
        {"turns": (Turn("user", (*ASK.parts, Media("image", "image/png", Base64("AAAA")))),)},
        {"model": "flash"},
        {"instructions": (Text("Be short."),)},
        {"tools": (FunctionTool("add"),)},
    ],
)
def test_what_differs_is_another_conversation(other) -> None:
    plain = Request(model="auto", turns=(ASK,))
    assert traces_of(replace(plain, **other), "k") != traces_of(plain, "k")
    assert traces_of(plain, "other key") != traces_of(plain, "k")


ERRORS = [
    result("no such place", is_error=True),
    result('{"error": "no such place"}'),
    result("Error: no such place"),
    result("  Traceback (most recent call last)\n  File ..."),
    result("no such place", role="user", is_error=True),
]
FINE = [
    result("12 degrees"),
    result('{"error": null, "degrees": 12}'),
    result('{"errors": 0}'),
    result("{ this is no JSON"),
    result("The word Error: stands in here"),
]


@pytest.mark.parametrize("told", ERRORS)
def test_a_failed_call_goes_back_to_the_question(told) -> None:
    assert of(ASK, CALL, told).before == of(ASK).whole
    assert of(ASK, CALL, told, CALL, told).before == of(ASK, CALL, told).whole
    assert of(ASK, CALL, result("ok"), told).before == of(ASK).whole
    after = of(ASK, CALL, told, Turn("assistant", (Text("Sorry."),)), ASK)
    assert after.before is None, "that was an answer ago"


@pytest.mark.parametrize("told", FINE)
def test_what_is_no_error_goes_nowhere(told) -> None:
    assert of(ASK, CALL, told).before is None
    assert of(told).before is None


def test_a_conversation_that_is_too_large_is_not_looked_at() -> None:
    assert of(Turn("user", (Text("x" * LARGEST),))) is not None
    assert of(Turn("user", (Text("x" * (LARGEST + 1)),))) is None


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5), st.data())
def test_where_texts_are_cut_is_told_apart(texts, data) -> None:
    whole = of(*[Turn("user", (Text(text),)) for text in texts])
    assert whole == of(*[Turn("user", (Text(text),)) for text in texts])
    cut = data.draw(st.integers(0, len(texts) - 1))
    split = [Turn("user", tuple(Text(t) for t in (text, "") if n == cut or t == text))
             for n, text in enumerate(texts)]  # fmt: skip
    if len(split[cut].parts) > 1 and texts[cut]:
        assert of(*split) != whole


def test_what_is_hashed_does_not_change() -> None:
    """Else no conversation of before an update would be known after it."""
    said = b"kauto\3add\1Text\2Be short.\0user\1Text\2Is it raining in Oslo?"
    asked = of(ASK, instructions=(Text("Be short."),), tools=(FunctionTool("add"),))
    assert asked.whole.to_bytes(8, "big") == blake2b(said, digest_size=8).digest()
