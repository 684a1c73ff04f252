"""What is kept of one decision is true of all that answer alike."""

from datetime import date
from decimal import Decimal
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.canon import Failure
from fairlead.catalog import load, shipped_policies
from fairlead.routing import (
    Chooser,
    Decision,
    Features,
    Latency,
    Predicted,
    Task,
    Warm,
    decide,
    options_for,
    parse_policies,
    parse_policy,
)
from fairlead.routing.kept import alike
from fairlead.routing.policy import Policy

TODAY = date(2026, 11, 22)
CATALOG = load()
ASKING = """
name = "asking"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "flash"
[[rules]]
question = "long, and a \\"schema\\"?"
when = { prompt_tokens = { over = 100 }, schema = { over = 10 } }
use = "haiku"
reason = "long"
[[rules]]
question = "just so many turns?"
when = { turns = { is = 3 }, language = { is = "fr" } }
use = "haiku"
[[rules]]
question = "a short answer to mathematics?"
when = { max_tokens = { under = 50 }, mathematics = { is = false } }
use = "haiku"
[[rules]]
question = "sound, and a schema?"
when = { modalities = { has = "audio" }, schema = { over = 5 } }
use = "haiku"
[[rules]]
question = "reckoned?"
when = { task = { any_of = ["math", "science"] }, prompt_tokens = { over = 300 } }
use = "haiku"
[[rules]]
question = "streamed early?"
when = { stream = { is = true }, hour = { under = 8 } }
use = ["haiku", "flash"]
"""
POLICIES = [*parse_policies({}, shipped_policies()).values(), parse_policy(ASKING)]
KEPT = [policy for policy in POLICIES if alike(policy) is not None]
NEAR = st.sampled_from([0, 100, 101, 299, 300, 301, 4_000, 199_999, 200_000, 200_001, 999_999])
FEATURES = st.builds(
    Features,
    prompt_tokens=NEAR,
    prompt_tokens_high=st.one_of(NEAR, st.just(1_048_576)),
    max_tokens=st.sampled_from([None, 10, 49, 50, 51, 10_000_000]),
    modalities=st.sampled_from([("text",), ("text", "audio"), ("text", "image")]),
    needs=st.sampled_from([(), ("tools",), ("json_schema",)]),
    tools=st.integers(0, 5),
    turns=st.integers(2, 4),
    stream=st.booleans(),
    task=st.sampled_from(get_args(Task)),
    task_evidence=st.sampled_from(["", "says code", 'says "path":[]', "says ⚙ \\ é"]),
    latency=st.sampled_from(get_args(Latency)),
    language=st.sampled_from([None, "fr", "en"]),
    mathematics=st.sampled_from([None, True, False]),
    schema=st.sampled_from([None, 10, 11]),
    hour=st.sampled_from([None, 7, 8]),
)


def price(features: Features, usual: int | None, _warm: Warm | None) -> Predicted:
    if features.prompt_tokens == 100:
        return Predicted(None, None, None)
    return Predicted(features.prompt_tokens, usual or 7, Decimal(features.prompt_tokens) / 10**7)


def due(policy: Policy, features: Features, *, priced: bool) -> Decision | None:
    options = options_for(policy, CATALOG, TODAY, lambda _: True)
    predict = (lambda _, *asked: price(*asked)) if priced else None
    try:
        return decide(features, policy, options, predict)
    except Failure:
        return None


@pytest.mark.parametrize("policy", KEPT, ids=lambda policy: policy.name)
@pytest.mark.parametrize("priced", [True, False])
@settings(max_examples=30)
@given(requests=st.lists(FEATURES, min_size=6, max_size=16))
def test_each_is_told_as_if_it_were_the_first(
    policy: Policy, priced: bool, requests: list[Features]
) -> None:
    options = options_for(policy, CATALOG, TODAY, lambda _: True)
    chooser = Chooser(policy, options, (lambda _: price) if priced else None)
    for features in requests:
        expected = due(policy, features, priced=priced)
        if expected is None:
            continue
        made = chooser.quick(features)
        assert made.stored() == msgspec.json.encode(expected)
        assert made.whole() == chooser.decide(features) == expected
        assert (made.ranked, made.reason, made.route) == (
            expected.ranked,
            expected.reason,
            expected.route,
        )
        assert (made.warnings, made.features, made.moment) == (expected.warnings, features, None)


def test_numbers_are_alike_between_the_figures_that_are_asked_for() -> None:
    key = alike(parse_policy(ASKING))
    assert key is not None
    plain = Features(prompt_tokens=150, turns=2, task="chat", task_evidence="says hello")
    assert key(plain) == key(Features(prompt_tokens=222, turns=2, task="chat"))
    assert key(plain) != key(Features(prompt_tokens=100, turns=2, task="chat"))
    assert key(plain) != key(Features(prompt_tokens=150, turns=3, task="chat"))
    assert key(plain) != key(Features(prompt_tokens=150, turns=2, task="math"))


def test_clients_words_are_not_kept() -> None:
    words = ASKING.replace("task = { any_of", "needs = { any_of")
    assert alike(parse_policy(words)) is None


def test_an_objective_is_not_kept() -> None:
    shipped = {policy.name: policy for policy in POLICIES}
    assert alike(shipped["cheapest"]) is None
    assert alike(shipped["canary"]) is None
    assert alike(shipped["article-tree"]) is not None
