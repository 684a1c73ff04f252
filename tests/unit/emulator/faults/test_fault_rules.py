"""Fault rules: reading them, with errors that help, and counting what they hit."""

from pathlib import Path
from typing import Any

import pytest

from fairlead.emulator.faults import (
    BadRule,
    FaultBook,
    FaultRule,
    read_rule,
    read_rules,
    rules_from_file,
)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("429", FaultRule("status", status=429)),
        (
            "429 retry_after=48 vendor=gemini every=3",
            FaultRule("status", status=429, retry_after=48.0, vendor="gemini", every=3),
        ),
        ("status status=503", FaultRule("status", status=503)),
        ("reset", FaultRule("reset")),
        ("reset after=100 model='claude-*'", FaultRule("reset", after=100, model="claude-*")),
        ("stall seconds=2.5s", FaultRule("stall", seconds=2.5)),
        ("malformed-chunk after=1", FaultRule("malformed_chunk", after=1)),
        ("drip bytes=7 interval=0.5", FaultRule("drip", bytes=7, interval=0.5)),
        (
            "500 header.X-A=b body='{}'",
            FaultRule("status", status=500, headers={"x-a": "b"}, body="{}"),
        ),
        ("close stream=false share=0.5", FaultRule("close", stream=False, share=0.5)),
        ("stream_error", FaultRule("stream_error", stream=True)),
        ('{"action": "reset", "after": 3}', FaultRule("reset", after=3)),
    ],
)
def test_rules_are_read(text: str, rule: FaultRule):
    assert read_rule(text) == rule


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty; an action is one of status, reset"),
        ("explode", "'explode' is not one of status, reset"),
        ("reset after", "'after' is not key=value"),
        ("reset after=x", "after='x' is not a number"),
        ("reset after=-1", "after must be at least 0"),
        ("reset seconds=3", "reset takes no 'seconds'; it takes after, vendor"),
        ("status", "needs a status"),
        ("stall", "needs seconds"),
        ("42", "between 200 and 599"),
        ("429 vendor=acme", "'acme' is not one of anthropic, gemini, openai"),
        ("429 every=0", "every must be at least 1"),
        ("429 share=2", "share must be at most 1"),
        ("429 stream=maybe", "neither true nor false"),
        ("429 body='", "quot"),
        ("500 header.a='x\ny'", "no header may hold"),
        ('{"action": "reset", "after": "x"}', r"Expected `int.*\$.after"),
        ('{"action": ', "not valid JSON"),
    ],
)
def test_bad_rules_are_explained(text: str, said: str):
    with pytest.raises(BadRule, match=said):
        read_rule(text)


@pytest.mark.parametrize(
    "raw",
    [
        [{"action": "reset"}],
        {"fault": [{"action": "reset"}]},
        {"faults": [{"action": "reset"}]},
        {"action": "reset"},
        ["reset"],
    ],
)
def test_lists_of_rules(raw: Any):
    assert read_rules(raw, "here") == (FaultRule("reset"),)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (7, "here: expected a list"),
        ({"rules": []}, "here: expected a list of rules under 'fault'"),
        ([{"action": "reset"}, 3], r"here\[1\]: a rule is a table"),
        ([{"after": 3}], r"here\[0\]: action None is not one of"),
    ],
)
def test_bad_lists_are_explained(raw: Any, said: str):
    with pytest.raises(BadRule, match=said):
        read_rules(raw, "here")


def test_files(tmp_path: Path):
    path = tmp_path / "faults.toml"
    path.write_text('[[fault]]\naction = "status"\nstatus = 529\n\n[fault.headers]\nx = "y"\n')
    assert rules_from_file(path) == (FaultRule("status", status=529, headers={"x": "y"}),)
    path.write_text("[[fault")
    with pytest.raises(BadRule, match=r"faults.toml: not valid TOML"):
        rules_from_file(path)
    with pytest.raises(BadRule, match="No such file"):
        rules_from_file(tmp_path / "absent.toml")


def strikes(book: FaultBook, times: int, model: str = "m", *, stream: bool = False) -> list[bool]:
    return [
        book.strike("anthropic", model, "/v1/messages", stream=stream) is not None
        for _ in range(times)
    ]


def test_every_skip_and_times():
    assert strikes(FaultBook([read_rule("429 every=3")]), 6) == [False, False, True] * 2
    assert strikes(FaultBook([read_rule("429 skip=2")]), 4) == [False, False, True, True]
    assert strikes(FaultBook([read_rule("429 times=2")]), 4) == [True, True, False, False]


def test_share_is_a_share_and_no_chance():
    book = FaultBook([read_rule("429 share=0.25")])
    first = strikes(book, 2000)
    assert 400 < sum(first) < 600
    book.replace(book.rules)
    assert strikes(book, 2000) == first


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        ("429 model=m", True),
        ("429 model=M*", False),
        ("429 vendor=gemini", False),
        ("429 path=/v1/*", True),
        ("429 path=/v1beta/*", False),
        ("429 stream=true", False),
        ("429 stream=false", True),
    ],
)
def test_matching(rule: str, *, hit: bool):
    assert strikes(FaultBook([read_rule(rule)]), 1) == [hit]


def test_the_first_rule_that_hits_acts():
    book = FaultBook([read_rule("429 times=1"), read_rule("503")])
    found = [book.strike("gemini", "m", "/", stream=True) for _ in range(2)]
    assert [rule.status for rule in found if rule] == [429, 503]
    assert list(book.hits) == [1, 1]
    book.clear()
    assert len(book) == 0
    book.reset()
    assert len(book) == 2
