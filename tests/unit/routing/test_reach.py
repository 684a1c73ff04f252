"""Whether a rule can ever decide, against trying every request there is."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing import Features, Latency, PolicyError, Rule, parse_policy
from fairlead.routing.conditions import Condition
from fairlead.routing.reach import MOST_NAMES, reached

KINDS = [("text",), ("text", "audio"), ("text", "video"), ("text", "audio", "video")]
EVERY = [
    Features(turns=turns, stream=stream, latency=latency, modalities=kinds, max_tokens=most)
    for turns, stream, latency, kinds, most in product(
        range(8), (True, False), get_args(Latency), KINDS, (None, 0, 1, 2, 3)
    )
]
small = st.integers(0, 6)
conditions = st.one_of(
    st.builds(Condition, st.just("turns"), st.sampled_from(["over", "under", "is"]), small),
    st.builds(Condition, st.just("max_tokens"), st.sampled_from(["over", "under"]), st.just(2)),
    st.builds(Condition, st.just("stream"), st.just("is"), st.booleans()),
    st.builds(Condition, st.just("latency"), st.just("is"), st.sampled_from(get_args(Latency))),
    st.builds(
        Condition,
        st.just("latency"),
        st.just("any_of"),
        st.lists(st.sampled_from(get_args(Latency)), min_size=1, unique=True).map(tuple),
    ),
    st.builds(Condition, st.just("modalities"), st.just("has"), st.sampled_from(["audio", "text"])),
    st.just(Condition("modalities", "any_of", ("audio", "video"))),
)
rules = st.builds(
    Rule,
    st.just("?"),
    st.lists(conditions, min_size=1, max_size=3).map(tuple),
    st.just(("a",)),
    st.just("because"),
)


def deciding(asked: list[Rule]) -> set[int]:
    """Which rules decide for some request; `len(asked)`: none of them does."""
    found = set()
    for features in EVERY:
        yes = (n for n, rule in enumerate(asked) if rule.ask(features).answer)
        found.add(next(yes, len(asked)))
    return found


@given(st.lists(rules, min_size=1, max_size=5))
def test_a_rule_is_reached_where_a_request_reaches_it(asked: list[Rule]) -> None:
    said = {index for index in range(len(asked) + 1) if reached(asked, index)}
    assert said == deciding(asked)


def test_what_would_take_too_long_is_taken_to_be_reached() -> None:
    names = tuple(f"need{n}" for n in range(MOST_NAMES + 1))
    rule = Rule("?", (Condition("needs", "any_of", names),), ("a",), "because")
    assert reached((rule, rule), 1)


def test_words_that_are_the_users_own_have_others_beside_them() -> None:
    text = """
name = "teams"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "haiku"
[[rules]]
question = "ours?"
when.team.any_of = ["tools", "sales"]
use = "flash"
[[rules]]
question = "one of these keys?"
when.key.is = "key_1"
use = "flash"
"""
    assert len(parse_policy(text).rules) == 2
    again = '[[rules]]\nquestion = "again?"\nwhen.team.is = "sales"\nuse = "haiku"\n'
    with pytest.raises(PolicyError, match="is never reached"):
        parse_policy(text + again)


def test_a_share_of_a_budget_may_be_unknown() -> None:
    text = """
name = "thrifty"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "haiku"
[[rules]]
question = "much?"
when.budget_pressure.over = 50
use = "flash"
[[rules]]
question = "little?"
when.budget_pressure.under = 51
use = "flash"
[[rules]]
question = "no budget?"
when.tools.over = 0
use = "flash"
"""
    assert len(parse_policy(text).rules) == 3
