"""Token estimates: against the vendors' own counts, and as a function of the text alone."""

import argparse
import inspect
import re
import statistics
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.routing.recorded import Counted, counted_requests

from fairlead.canon import (
    FunctionTool,
    Opaque,
    OutputFormat,
    Request,
    ServerTool,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from fairlead.catalog import load
from fairlead.routing import extract, prompt_tokens_for
from fairlead.routing.tokens import WHOLE, estimate, estimate_texts, text_tokens
from fairlead.tokens import quick

SOURCE = inspect.getsource(argparse)
PROSE = (Path(__file__).parents[3] / "docs" / "policies.md").read_text(encoding="utf-8")
NEWER = ("opus-4-7", "opus-4-8", "opus-5", "sonnet-5", "fable")


@pytest.fixture(scope="module")
def recorded() -> list[Counted]:
    return list(counted_requests())


def chat(*texts: str) -> Request:
    return Request(model="auto", turns=tuple(Turn("user", (Text(text),)) for text in texts))


def test_claude_counts_are_met(recorded: list[Counted]) -> None:
    haiku = load().models["claude-haiku-4-5-20251001"]
    rows = [
        row
        for row in recorded
        if row.provider == "anthropic"
        and not row.media
        and row.tokens >= 100
        and not any(name in row.model for name in NEWER)
    ]
    assert len(rows) > 80
    errors = sorted(
        abs(prompt_tokens_for(extract(row.request, None, row.size), haiku) / row.tokens - 1)
        for row in rows
    )
    assert errors[len(errors) // 2] < 0.08
    assert errors[int(len(errors) * 0.9)] < 0.5


def test_real_counts_rarely_exceed_the_high_estimate(recorded: list[Counted]) -> None:
    over = [
        row.id
        for row in recorded
        if extract(row.request, None, row.size).prompt_tokens_high < row.tokens
    ]
    assert len(recorded) > 400
    assert len(over) / len(recorded) < 0.01


def test_gemini_is_not_underestimated(recorded: list[Counted]) -> None:
    rows = [r for r in recorded if r.model.startswith("gemini-2") and not r.media]
    ratios = [estimate(row.request).best / row.tokens for row in rows if row.tokens >= 20]
    assert statistics.median(ratios) >= 1.0


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 0),
        ("The quick brown fox jumps over the lazy dog. " * 20, 160, 260),
        ("0123456789" * 20, 100, 250),
        ("今天天气很好，我们去公园散步吧。" * 10, 120, 230),
        ("Привет, как дела сегодня? " * 10, 80, 160),
        ("🙂" * 10, 10, 40),
        ("\ud800" * 10, 1, 40),
        ("def f(x):\n    return x + 1\n" * 20, 150, 300),
    ],
)
def test_each_class_of_characters_has_its_rate(text: str, least: int, most: int) -> None:
    assert least <= text_tokens(text) <= most


@given(st.text(max_size=300), st.integers(1, 60))
@settings(max_examples=150, deadline=None)
def test_a_text_is_like_its_parts(text: str, times: int) -> None:
    line = f"{text}\n"
    times = min(times, WHOLE // len(line))
    assert text_tokens(line * times) == pytest.approx(text_tokens(line) * times, rel=0.1, abs=1)


def test_a_long_text_is_sampled_close_to_its_whole() -> None:
    prose = "The licence is granted to every person who obtains a copy of this software. "
    mixed = prose * 3_000 + "x = [1, 2, 3]; y = {'a': 4}\n" * 8_000 + "今天天气很好。" * 5_000
    assert len(mixed) > 10 * WHOLE
    pieces = [mixed[at : at + WHOLE] for at in range(0, len(mixed), WHOLE)]
    assert text_tokens(mixed) == pytest.approx(sum(map(text_tokens, pieces)), rel=0.15)


@pytest.mark.parametrize("size", [4_097, 6_000, 16_384, 40_000, 130_000])
def test_a_sample_is_off_by_a_few_per_cent(size: int) -> None:
    """Of the kinds of text that prompts are, one after the other."""
    kinds = [(SOURCE, "code"), (PROSE, "prose"), (PROSE[:20_000] + SOURCE[:9_000], "both")]
    for text, kind in kinds:
        whole = (text * (1 + size // len(text)))[:size]
        pieces = [whole[at : at + WHOLE] for at in range(0, size, WHOLE)]
        assert text_tokens(whole) == pytest.approx(sum(map(text_tokens, pieces)), rel=0.08), kind


def test_everything_in_a_request_counts() -> None:
    words = "several words that are counted " * 20
    plain = estimate(chat("hi")).best
    schema = ('{"description": "' + words + '"}').encode()
    call = Turn("assistant", (ToolCall("1", "f", f'{{"a": "{words}"}}'),))
    answer = Turn("tool", (ToolResult("1", (Text(words),)),))
    base = chat("hi")
    richer = [
        Request(model="m", turns=base.turns, instructions=(Text(words),)),
        Request(model="m", turns=(*base.turns, call)),
        Request(model="m", turns=(*base.turns, answer)),
        Request(model="m", turns=(*base.turns, Turn("assistant", (Thinking(words),)))),
        Request(model="m", turns=(Turn("user", (Opaque("anthropic", "x", schema),)),)),
        Request(model="m", turns=base.turns, tools=(FunctionTool("f", words),)),
        Request(model="m", turns=base.turns, tools=(FunctionTool("f", None, schema),)),
        Request(model="m", turns=base.turns, tools=(ServerTool("gemini", "x", schema),)),
        Request(model="m", turns=base.turns, output=OutputFormat("json_schema", "s", schema)),
    ]
    for request in richer:
        assert estimate(request).best > plain + 80


def test_the_body_bounds_what_a_text_can_take() -> None:
    dense = chat("{}[]()<>" * 10_000)
    size = 80_050
    bounded = extract(dense, None, size)
    assert bounded.prompt_tokens_high <= max(bounded.prompt_tokens, size + 600)
    assert bounded.prompt_tokens <= bounded.prompt_tokens_high


def plainly(text: str) -> float:
    """The tokens of an ASCII text, character by character."""
    letters = sum(c.isalpha() for c in text)
    digits = sum(c.isdigit() for c in text)
    spaces = sum(c in " \t\n\r\x0b\x0c" for c in text)
    words = len(re.findall(r"[^ \t\n\r\x0b\x0c]+", text))
    return (
        letters * quick.LETTER
        + digits * quick.DIGIT
        + (len(text) - letters - digits - spaces) * quick.PUNCTUATION
        + words * quick.WORD
        + text.count("\n") * quick.NEWLINE
    )


@given(st.text(st.sampled_from("abZ 01\n\t.,'\x00\x0b\x1c\x7f"), max_size=60))
def test_the_quick_count_is_the_plain_one(text: str) -> None:
    assert text_tokens(text) == pytest.approx(plainly(text), abs=1e-9)


@pytest.mark.parametrize("length", [0, 10, 5_000, 40_000])
def test_that_a_requests_size_is_known_changes_no_estimate(length: int) -> None:
    texts = ["A word.", "x y " * (length // 4), "né"]
    size = sum(len(text.encode()) for text in texts) + 100
    assert estimate_texts(texts, 3, size) == estimate_texts(texts, 3)
