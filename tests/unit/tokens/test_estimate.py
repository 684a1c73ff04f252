"""Estimates: what they add up to, their intervals, and other tokenizers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fairlead.canon import Base64, Extra, FunctionTool, Media, Request, ServerTool, Text, Turn, Url
from fairlead.catalog import load
from fairlead.catalog.model import Model
from fairlead.tokens.estimate import estimate, estimate_text, recount
from fairlead.tokens.families import FAMILIES

HAIKU = load().models["claude-haiku-4-5-20251001"]
FLASH = load().models["gemini-2.5-flash"]
NEWEST = load().models["claude-haiku-5-5"]
GPT = Model.unknown("gpt-4o", "openai")
NAMES = [family.name for family in FAMILIES]


def chat(*texts: str, tools: tuple[FunctionTool | ServerTool, ...] = ()) -> Request:
    turns = tuple(Turn("user", (Text(text),)) for text in texts)
    return Request(model="m", turns=turns, tools=tools)


def test_openais_chat_is_counted_as_openai_says() -> None:
    # OpenAI's cookbook: 3 a message, its role, 3 for the reply; the text by o200k.
    found = estimate(chat("Hello world, this is a test."), GPT)
    assert found.tokens == 8 + 7
    assert found.how == "vocabulary"
    assert found.family == "openai-4"


def test_a_tool_brings_claudes_own_prompt() -> None:
    tool = FunctionTool("weather", "Tells the weather", b'{"type":"object","properties":{}}')
    plain = estimate(chat("What is the weather?"), HAIKU)
    with_tool = estimate(chat("What is the weather?", tools=(tool,)), HAIKU)
    assert 8 <= plain.tokens <= 16
    assert 350 < with_tool.tokens - plain.tokens < 700
    gemini = estimate(chat("What is the weather?", tools=(tool,)), FLASH)
    assert gemini.tokens < 80


def test_what_stands_elsewhere_has_no_upper_bound() -> None:
    extra = Extra("openai_responses", "previous_response_id", b'"resp_1"')
    whole = estimate(chat("And then?"), GPT)
    found = estimate(replace(chat("And then?"), extras=(extra,)), GPT)
    assert (whole.is_bounded, whole.how) == (True, "vocabulary")
    assert (found.is_bounded, found.how) == (False, "vocabulary+elsewhere")
    assert found.tokens == whole.tokens
    other = Extra("openai_responses", "truncation", b'"auto"')
    assert estimate(replace(chat("And then?"), extras=(other,)), GPT) == whole


def test_media_that_are_only_named_say_so() -> None:
    here = Media("image", "image/png", Base64("aGk="))
    there = Media("image", "image/png", Url("https://example.com/a.png"))
    for media, how in ((here, "fit+media"), (there, "fit+media+named_media")):
        request = Request(model="m", turns=(Turn("user", (media,)),))
        assert estimate(request, HAIKU).how == how


def test_what_was_never_recorded_says_so() -> None:
    text = "Some words of English prose, to be counted. " * 40
    newest, older = estimate_text(text, "claude-5.5"), estimate_text(text, "claude-4.5")
    assert newest.how == "stretched"
    assert newest.tokens == pytest.approx(older.tokens * 1.3, rel=0.01)
    assert (newest.high - newest.low) / newest.tokens > (older.high - older.low) / older.tokens
    assert estimate(chat(text), NEWEST).family == "claude-5.5"


def test_a_stranger_gets_a_wide_interval() -> None:
    found = estimate(chat("Some words of English prose. " * 20), Model.unknown("llama", "meta"))
    assert (found.family, found.how) == ("unknown", "unknown")
    assert found.low < found.tokens * 0.6
    assert found.high > found.tokens * 1.8


def test_media_and_server_tools_are_in_it() -> None:
    image = Media("image", "image/png", Base64("AAAA"))
    turns = (Turn("user", (Text("Look"), image)),)
    found = estimate(Request(model="m", turns=turns), FLASH)
    assert found.how == "fit+media"
    assert found.tokens > 258
    tool = ServerTool("anthropic", "web_search_20250305", b'{"type": "web_search_20250305"}')
    searched = estimate(chat("Look", tools=(tool,)), HAIKU)
    assert searched.how == "fit+server_tools"
    assert searched.tokens > estimate(chat("Look"), HAIKU).tokens


def test_nothing_is_nothing() -> None:
    found = estimate_text("", "claude-4.5")
    assert (found.tokens, found.low, found.high) == (0, 0, 0)


@given(st.text(max_size=400), st.sampled_from([*NAMES, "nobody"]))
@settings(max_examples=150, deadline=None)
def test_intervals_hold_the_estimate_and_nest(text: str, name: str) -> None:
    wide, narrow = estimate_text(text, name), estimate_text(text, name, coverage=80)
    assert 0 <= wide.low <= wide.tokens <= wide.high
    assert wide.low <= narrow.low <= narrow.tokens == wide.tokens
    assert narrow.high <= wide.high


@given(st.text(min_size=1, max_size=60), st.sampled_from([HAIKU, FLASH, NEWEST, GPT]))
@settings(max_examples=100, deadline=None)
def test_more_text_is_never_fewer_tokens(text: str, model: Model) -> None:
    once, often = (estimate(chat(f"{text} " * times), model).tokens for times in (1, 30))
    assert 1 <= once <= often


@pytest.mark.parametrize("name", NAMES)
def test_recount_to_itself_changes_nothing(name: str) -> None:
    same = recount(1_000, name, name)
    assert (same.tokens, same.low, same.high) == (1_000, 1_000, 1_000)


def test_recount_follows_the_tokenizers() -> None:
    newest = recount(10_000, "claude-4.5", "claude-5.5")
    assert newest.tokens == pytest.approx(13_000, rel=0.02)
    gemini = recount(10_000, "claude-4.5", "gemini-2.5")
    assert gemini.low < gemini.tokens < 10_000 < newest.tokens
    narrow = recount(10_000, "claude-4.5", "gemini-2.5", coverage=80)
    assert gemini.low <= narrow.low <= narrow.tokens <= narrow.high <= gemini.high
    there = recount(gemini.tokens, "gemini-2.5", "claude-4.5")
    assert there.tokens == pytest.approx(10_000, rel=0.1)
    assert recount(1_000, "claude-4.5", "nobody").how == "unknown"


@pytest.mark.parametrize(
    "piece", [" ", "\n", "\t\t", ".", "1", "我", "a", "'", "🙂", "AbC", "  {}"]
)
@pytest.mark.parametrize("name", ["claude-4.5", "claude-5.5", "gemini-2.5", "gemini-3/vertex"])
def test_no_class_of_text_takes_tokens_away(piece: str, name: str) -> None:
    prose = "Some words of English prose. " * 100
    plain = estimate_text(prose, name).tokens
    assert estimate_text(prose + piece * 3_000, name).tokens >= plain
