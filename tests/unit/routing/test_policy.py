"""Policies as files: what is read, and how a mistake is told."""

import pytest

from fairlead.catalog import load, shipped_policies
from fairlead.routing import PolicyError, parse_policy

CATALOG = load()
GOOD = """\
name = "mine"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "haiku"

[[rules]]
question = "long?"
when = { prompt_tokens = { over = 1_000 } }
use = "flash"

[[rules]]
question = "sound?"
when = { modalities = { has = "audio" }, stream = { is = true } }
use = "flash"
reason = "it sounds"
"""


def test_a_policy_is_read() -> None:
    policy = parse_policy(GOOD, "mine.toml", CATALOG)
    assert (policy.name, policy.version, policy.otherwise) == ("mine", "1", "haiku")
    assert [rule.reason for rule in policy.rules] == ["long?", "it sounds"]
    assert [(c.feature, c.operator, c.wanted) for c in policy.rules[1].when] == [
        ("modalities", "has", "audio"),
        ("stream", "is", True),
    ]


def test_the_hash_names_the_meaning() -> None:
    same = "# a comment\n" + GOOD.replace("1_000", "1000")
    other = GOOD.replace("1_000", "1001")
    assert parse_policy(same).hash == parse_policy(GOOD).hash != parse_policy(other).hash


def test_the_shipped_policies_are_sound() -> None:
    texts = shipped_policies()
    assert set(texts) == {"article-tree", "article-task", "article-length"}
    for name, text in texts.items():
        policy = parse_policy(text, name, CATALOG)
        assert policy.name == name
        assert policy.source == "article-2025-10"


MISTAKES = [
    ('use = "flash"\n\n', 'use = "sonnet"\n\n', "mine.toml:9: rules[0].use: 'sonnet' is not among"),
    (
        "prompt_tokens =",
        "promt_tokens =",
        "mine.toml:8: rules[0].when.promt_tokens: unknown feature",
    ),
    (
        "over = 1_000",
        "above = 1",
        "mine.toml:8: rules[0].when.prompt_tokens.above: unknown operator",
    ),
    ("over = 1_000", 'has = "x"', "rules[0].when.prompt_tokens.has: does not fit"),
    ("over = 1_000", 'over = "x"', "must be a whole number"),
    ("over = 1_000", "over = -1", "must be a whole number"),
    ("over = 1_000", "over = true", "must be a whole number"),
    ('has = "audio"', 'has = "smell"', "mine.toml:13: rules[1].when.modalities.has: does not know"),
    ('has = "audio"', "any_of = []", "must be a list of different strings"),
    ("is = true", 'is = "yes"', "must be true or false"),
    ('"flash", "haiku"]', '"flash", "hiaku"]', "mine.toml:3: candidates: no such family or model"),
    ('"flash", "haiku"]', '"flash", "flash"]', "candidates: must be a list of different strings"),
    ('otherwise = "haiku"', 'otherwise = "opus"', "mine.toml:4: otherwise: 'opus' is not among"),
    ('version = "1"\n', "", "'version' is missing"),
    ('version = "1"', "version = 1", "mine.toml:2: version: must be a string"),
    ('question = "long?"\n', "", "mine.toml:6: rules[0]: 'question' is missing"),
    ('reason = "it sounds"', 'because = "x"', "mine.toml:15: rules[1].because: unknown key"),
    ("{ prompt_tokens = { over = 1_000 } }", "{}", "rules[0].when: asks nothing"),
    ("{ over = 1_000 }", "5", "must be a table of an operator"),
    ("over = 1_000", "over = 5, under = 6", "no number is over 5 and under 6"),
    ('name = "mine"', "name = mine", "mine.toml: "),
]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES)
def test_a_mistake_is_told_with_file_line_and_key(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(PolicyError) as raised:
        parse_policy(GOOD.replace(old, new, 1), "mine.toml", CATALOG)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("prompt_tokens = { over = 10 }", "prompt_tokens = { over = 10 }"),
        ("prompt_tokens = { over = 10 }", "prompt_tokens = { over = 20 }, stream = { is = true }"),
        ("turns = { under = 10 }", "turns = { under = 5 }"),
        ("turns = { under = 10 }", "turns = { is = 5 }"),
        ('task = { any_of = ["math", "chat"] }', 'task = { is = "chat" }'),
        ('modalities = { any_of = ["audio", "video"] }', 'modalities = { has = "video" }'),
    ],
)
def test_a_rule_that_never_decides_is_refused(earlier: str, later: str) -> None:
    text = GOOD.split("[[rules]]", maxsplit=1)[0]
    for when in (earlier, later):
        text += f'[[rules]]\nquestion = "q"\nwhen = {{ {when} }}\nuse = "flash"\n'
    with pytest.raises(PolicyError, match=r"rules\[1\]\.when: is never reached"):
        parse_policy(text)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("prompt_tokens = { over = 20 }", "prompt_tokens = { over = 10 }"),
        ("prompt_tokens = { over = 10 }, stream = { is = true }", "prompt_tokens = { over = 10 }"),
        ("turns = { over = 10 }", "turns = { under = 50 }"),
        ('task = { is = "chat" }', 'task = { any_of = ["math", "chat"] }'),
        ('modalities = { has = "video" }', 'modalities = { any_of = ["audio", "video"] }'),
    ],
)
def test_a_rule_that_may_decide_is_taken(earlier: str, later: str) -> None:
    text = GOOD.split("[[rules]]", maxsplit=1)[0]
    for when in (earlier, later):
        text += f'[[rules]]\nquestion = "q"\nwhen = {{ {when} }}\nuse = "flash"\n'
    assert len(parse_policy(text).rules) == 2
