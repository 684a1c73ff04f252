"""Policies as files: what is read, and how a mistake is told."""

from datetime import date
from decimal import Decimal

import pytest

from fairlead.catalog import load, shipped_policies
from fairlead.routing import (
    PolicyError,
    always,
    linked,
    parse_policies,
    parse_policy,
    takes_on,
)

CATALOG = load()
TODAY = date(2026, 11, 22)
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
    assert (policy.name, policy.version, policy.otherwise) == ("mine", "1", ("haiku",))
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
    article = {"article-tree", "article-task", "article-length"}
    ours = {"cheapest", "fastest", "best", "balanced", "weighted", "canary"}
    assert set(texts) == article | ours
    policies = parse_policies(texts, {}, CATALOG, takes_on(CATALOG, TODAY))
    for name, policy in policies.items():
        assert policy.name == name
        assert policy.source == ("article-2025-10" if name in article else "fairlead")


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
    ("prompt_tokens = { over = 1_000 }", "hour = { over = 23 }", "when.hour: no hour is over 23"),
    ('name = "mine"', "name = mine", "mine.toml:1: not valid TOML: "),
    ('name = "mine"', "name = " + "[" * 100_000, "mine.toml: not valid TOML: it is nested"),
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


OBJECTIVE = """\
name = "own"
version = "1"
candidates = ["flash", "haiku"]
objective = "cheapest"

[constraints]
max_usd = 0.002

[fallbacks]
flash = "haiku"

[[rules]]
question = "long?"
when = { prompt_tokens = { over = 1_000 } }
use = ["haiku", "flash"]
"""


def test_an_objective_is_read() -> None:
    policy = parse_policy(OBJECTIVE, "own.toml", CATALOG, takes_on(CATALOG, TODAY))
    assert policy.objective is not None
    assert policy.objective.cost == 1
    assert policy.otherwise == ("flash", "haiku")
    assert policy.rules[0].use == ("haiku", "flash")
    assert policy.constraints.max_usd == Decimal("0.002")
    assert policy.fallbacks == (("flash", ("haiku",)),)
    assert policy.chooses


OBJECTIVE_MISTAKES = [
    ('"cheapest"', '"cheap"', "own.toml:4: objective: there is no 'cheap'; there are cheapest"),
    ('"cheapest"', "{ price = 1 }", "own.toml:4: objective.price: unknown key; known are cost"),
    ('"cheapest"', "{ cost = -1 }", "own.toml:4: objective.cost: must be 0 or more"),
    ('"cheapest"', "{ cost = nan }", "own.toml:4: objective.cost: must be a number"),
    ('"cheapest"', "{ cost = true }", "objective.cost: must be a number"),
    ('"cheapest"', "{ cost = 0 }", "own.toml:4: objective: weighs nothing"),
    ('"cheapest"', "3", "own.toml:4: objective: must be a string or a table"),
    ('"cheapest"', '"weighted"', 'own.toml:4: objective: "weighted" takes a table [weights]'),
    (
        '"cheapest"\n',
        '"weighted"\n[weights]\nflash = 1\n',
        "own.toml:5: weights: 'haiku' is missing",
    ),
    (
        '"cheapest"\n',
        '"weighted"\n[weights]\nflash = 0\nhaiku = 0\n',
        "own.toml:5: weights: at least one must be over 0",
    ),
    (
        '"cheapest"\n',
        '"weighted"\n[weights]\nflash = 1\nopus = 1\n',
        "own.toml:7: weights.opus: 'opus' is not among the candidates",
    ),
    (
        '"cheapest"\n',
        '"cheapest"\n[weights]\nflash = 1\nhaiku = 1\n',
        "own.toml:5: weights: serves nothing without",
    ),
    ("max_usd = 0.002", "max_eur = 1", "own.toml:7: constraints.max_eur: unknown key"),
    ("max_usd = 0.002", 'max_usd = "x"', "own.toml:7: constraints.max_usd: must be a number"),
    ("max_usd = 0.002", "max_usd = -1", "own.toml:7: constraints.max_usd: must be 0 or more"),
    ('flash = "haiku"', 'flash = "opus"', "own.toml:10: fallbacks.flash: 'opus' is not among"),
    ('flash = "haiku"', 'opus = "haiku"', "own.toml:10: fallbacks.opus: 'opus' is not among"),
    (
        'flash = "haiku"',
        'flash = "haiku"\nhaiku = ["flash"]',
        "own.toml:10: fallbacks.flash: a cycle: flash -> haiku -> flash",
    ),
    ('flash = "haiku"', 'flash = "flash"', "own.toml:10: fallbacks.flash: a cycle: flash -> flash"),
    ("[fallbacks]", "[options]\nhedge = 1\n[fallbacks]", "options.hedge: must be true or"),
    ("[fallbacks]", "[options]\nfoo = true\n[fallbacks]", "options.foo: unknown option"),
    ("[fallbacks]", "[options]\nsticky = 1\n[fallbacks]", "options.sticky: must be true or false"),
    ('["haiku", "flash"]', '["haiku", "opus"]', "own.toml:15: rules[0].use: 'opus' is not among"),
    ('["haiku", "flash"]', '["haiku", "haiku"]', "rules[0].use: must be a list of different"),
    ('["haiku", "flash"]', "[]", "own.toml:15: rules[0].use: must be a list of different"),
    ('candidates = ["flash", "haiku"]', 'candidates = ["haiku"]', "is not among the candidates"),
    ('version = "1"', 'version = "1"\nmodalities = ["smell"]', "modalities: does not know 'smell'"),
    ('name = "own"', 'name = "always:own"', "own.toml:1: name: names with 'always:'"),
    ('objective = "cheapest"\n', "", "'otherwise' is missing"),
]


@pytest.mark.parametrize(("old", "new", "said"), OBJECTIVE_MISTAKES)
def test_a_mistake_in_an_objective_is_told(old: str, new: str, said: str) -> None:
    assert old in OBJECTIVE
    with pytest.raises(PolicyError) as raised:
        parse_policy(OBJECTIVE.replace(old, new, 1), "own.toml", CATALOG)
    assert said in str(raised.value)


@pytest.mark.parametrize("key", ['objective = "cheapest"', "constraints = { max_usd = 1 }"])
def test_an_objective_needs_several_to_choose_among(key: str) -> None:
    text = GOOD.replace('otherwise = "haiku"', f'otherwise = "haiku"\n{key}')
    with pytest.raises(PolicyError, match=r":5: \w+: chooses nothing"):
        parse_policy(text, "mine.toml")


@pytest.mark.parametrize(
    ("whens", "said"),
    [
        (
            ["turns = { over = 9 }", "turns = { under = 10 }", "stream = { is = true }"],
            "rules[0], rules[1]",
        ),
        (
            [
                "stream = { is = true }",
                'latency = { is = "batch" }',
                "stream = { is = false }",
                'task = { is = "chat" }',
            ],
            "rules[0], rules[2] together",
        ),
        (
            [
                'latency = { any_of = ["batch", "normal"] }',
                'latency = { is = "interactive" }',
                "tools = { over = 3 }",
            ],
            "rules[0], rules[1] together already say yes",
        ),
    ],
)
def test_a_rule_that_earlier_ones_leave_nothing_is_refused(whens: list[str], said: str) -> None:
    text = GOOD.split("[[rules]]", maxsplit=1)[0]
    for when in whens:
        text += f'[[rules]]\nquestion = "q"\nwhen = {{ {when} }}\nuse = "flash"\n'
    with pytest.raises(PolicyError, match=r"is never reached") as raised:
        parse_policy(text)
    assert said in str(raised.value)
    assert f"rules[{len(whens) - 1}].when" in str(raised.value)


def test_a_kind_of_content_without_a_candidate_is_refused() -> None:
    takes = takes_on(CATALOG, TODAY)
    text = GOOD.replace('"flash", "haiku"]', '"haiku"]').replace('use = "flash"', 'use = "haiku"')
    with pytest.raises(PolicyError, match=r"mine.toml:3: candidates: none takes audio"):
        parse_policy(text, "mine.toml", CATALOG, takes)
    meant = text.replace("[[rules]]", 'modalities = ["text", "image"]\n[[rules]]', 1)
    with pytest.raises(PolicyError, match=r"rules\[1\].use: haiku takes no audio, which is what"):
        parse_policy(meant, "mine.toml", CATALOG, takes)
    plain = meant.replace('has = "audio"', 'has = "image"')
    assert parse_policy(plain, "mine.toml", CATALOG, takes).modalities == ("text", "image")


CANARY = """\
name = "bird"
version = "1"
[canary]
base = "article-tree"
policy = "always:haiku"
share = 0.1
"""


def test_a_canary_is_given_its_policies() -> None:
    policies = parse_policies({"bird.toml": CANARY}, shipped_policies(), CATALOG)
    bird = policies["bird"]
    assert bird.canary is not None
    assert [arm.name for arm in bird.canary.arms] == ["article-tree", "always:haiku"]
    assert bird.candidates == ("flash", "haiku")
    other = parse_policies({"bird.toml": CANARY.replace("0.1", "0.2")}, shipped_policies())
    assert bird.hash != other["bird"].hash


CANARY_MISTAKES = [
    ("0.1", "1.5", "bird.toml:6: canary.share: must be between 0 and 1"),
    ("0.1", "0", "bird.toml:6: canary.share: must be between 0 and 1"),
    ("0.1", "'x'", "bird.toml:6: canary.share: must be a number"),
    ("share = 0.1", "", "bird.toml:3: canary: 'share' is missing"),
    ("share = 0.1", "share = 0.1\nbound = 1", "bird.toml:7: canary.bound: unknown key"),
    ("article-tree", "article-treee", "bird.toml:4: canary.base: there is no policy 'article-tre"),
    ("article-tree", "canary", "bird.toml:4: canary.base: 'canary' is a canary itself"),
    ("article-tree", "bird", "bird.toml:4: canary.base: 'bird' is this canary itself"),
    ("article-tree", "always:haiku", "bird.toml:5: canary.policy: 'always:haiku' is the base"),
    ("always:haiku", "always:opuss-9", "bird.toml:5: canary.policy: no such family or model"),
    ('version = "1"', 'version = "1"\notherwise = "flash"', "otherwise: a canary divides"),
]


@pytest.mark.parametrize(("old", "new", "said"), CANARY_MISTAKES)
def test_a_mistake_in_a_canary_is_told(old: str, new: str, said: str) -> None:
    assert old in CANARY
    with pytest.raises(PolicyError) as raised:
        parse_policies({"bird.toml": CANARY.replace(old, new, 1)}, shipped_policies(), CATALOG)
    assert said in str(raised.value)


def test_two_files_of_one_name_are_refused_and_one_of_a_shipped_name_is_taken() -> None:
    with pytest.raises(PolicyError, match=r"b.toml:1: name: 'mine' is the name of a.toml already"):
        parse_policies({"a.toml": GOOD, "b.toml": GOOD}, shipped_policies())
    own = GOOD.replace('"mine"', '"article-tree"')
    assert parse_policies({"a.toml": own}, shipped_policies())["article-tree"].version == "1"
    with pytest.raises(PolicyError, match="there is no policy 'x'"):
        linked(parse_policy(CANARY.replace("article-tree", "x")), {})


def test_always_is_a_policy_by_its_name() -> None:
    policy = always("haiku")
    assert (policy.name, policy.candidates) == ("always:haiku", ("haiku",))
    assert policy.hash != always("flash").hash
