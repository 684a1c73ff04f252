"""A chooser says what `decide` says, whatever it has said before."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.canon import Failure, Problem
from fairlead.catalog import load, shipped_policies
from fairlead.routing import (
    Chooser,
    Decision,
    Features,
    Latency,
    Moment,
    Pace,
    Predicted,
    Quality,
    Task,
    Warm,
    decide,
    options_for,
    parse_policies,
    parse_policy,
)
from fairlead.routing.chooser import KNOWN_MOST
from fairlead.routing.policy import Policy

TODAY = date(2026, 11, 22)
CATALOG = load()
OWN = """
name = "own"
version = "1"
candidates = ["flash", "haiku"]
otherwise = "flash"
[[rules]]
question = "many tools?"
when = { tools = { over = 3 }, turns = { over = 2 } }
use = "haiku"
[[rules]]
question = "a long answer?"
when = { max_tokens = { over = 1000 } }
use = "haiku"
[[rules]]
question = "needs a schema?"
when = { needs = { has = "json_schema" } }
use = "haiku"
"""
BARE = 'name = "bare"\nversion = "1"\ncandidates = ["haiku", "flash"]\notherwise = "haiku"\n'
SHIPPED = list(parse_policies({}, shipped_policies()).values())
POLICIES = [*SHIPPED, parse_policy(OWN), parse_policy(BARE)]


def price(features: Features, usual: int | None, _warm: Warm | None) -> Predicted:
    return Predicted(features.prompt_tokens, usual or 7, Decimal(features.prompt_tokens) / 1000)


FEATURES = st.builds(
    Features,
    prompt_tokens=st.sampled_from([0, 7, 150_000, 250_000]),
    prompt_tokens_high=st.sampled_from([0, 9, 210_000, 2_000_000]),
    max_tokens=st.sampled_from([None, 10, 5_000, 10_000_000]),
    modalities=st.sampled_from([("text",), ("text", "audio"), ("text", "image")]),
    needs=st.sampled_from([(), ("tools",), ("json_schema",)]),
    tools=st.integers(0, 5),
    turns=st.integers(0, 5),
    task=st.sampled_from(get_args(Task)),
    task_evidence=st.sampled_from(["", "says code", "says ⚙"]),
    latency=st.sampled_from(get_args(Latency)),
)


def outcome(said: "type[Chooser] | Chooser", policy: Policy, features: Features) -> object:
    try:
        if isinstance(said, Chooser):
            return said.decide(features)
        options = options_for(policy, CATALOG, TODAY, lambda _: True)
        return decide(features, policy, options, lambda _, *asked: price(*asked))
    except Failure as failure:
        return failure.problem


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@given(requests=st.lists(FEATURES, min_size=1, max_size=12))
def test_what_was_said_before_changes_nothing(policy: Policy, requests: list[Features]) -> None:
    options = options_for(policy, CATALOG, TODAY, lambda _: True)
    chooser = Chooser(policy, options, lambda _: price)
    for features in requests * 2:
        said, due = outcome(chooser, policy, features), outcome(Chooser, policy, features)
        assert said == due
        if isinstance(said, Decision) and isinstance(due, Decision):
            assert said.stored() == due.stored() == msgspec.json.encode(due)


def test_figures_are_each_requests_own() -> None:
    policy = parse_policy(BARE)
    options = options_for(policy, CATALOG, TODAY, lambda _: True)
    chooser = Chooser(policy, options, lambda _: price)
    first, second = (chooser.decide(Features(prompt_tokens=tokens)) for tokens in (1, 2))
    assert [each.cost_usd for each in first.candidates] == [Decimal("0.001")] * 2
    assert [each.cost_usd for each in second.candidates] == [Decimal("0.002")] * 2
    assert second.features.prompt_tokens == 2


def test_what_is_kept_is_bounded() -> None:
    policy = parse_policy(
        OWN.replace("needs = { has", "modalities = { has").replace("json_schema", "image")
    )
    chooser = Chooser(policy, options_for(policy, CATALOG, TODAY, lambda _: True))
    said: list[Decision] = [
        chooser.decide(Features(max_tokens=tokens)) for tokens in range(1, 3 * KNOWN_MOST)
    ]
    assert len(chooser._known) <= KNOWN_MOST
    assert said[0] == chooser.decide(Features(max_tokens=1))


MOMENTS = st.builds(
    Moment,
    session=st.sampled_from([None, 1, 2, 3]),
    held=st.sampled_from([None, "gemini-2.5-flash", "claude-haiku-4-5-20251001"]),
    further=st.sampled_from([0, 3]),
    pace=st.dictionaries(
        st.sampled_from(["gemini-2.5-flash", "claude-haiku-4-5-20251001"]),
        st.builds(Pace, st.sampled_from([100.0, 900.0]), st.sampled_from([None, 50.0, 200.0])),
    ),
    quality=st.dictionaries(
        st.sampled_from(["gemini-2.5-flash", "claude-haiku-4-5-20251001"]),
        st.builds(Quality, st.sampled_from([70.0, 80.0]), st.just(60.0), st.just(90.0)),
    ),
    warm=st.dictionaries(
        st.sampled_from(["gemini-2.5-flash", "claude-haiku-4-5-20251001"]),
        st.builds(Warm, st.sampled_from([0, 100_000]), sure=st.sampled_from([0.5, 1.0])),
    ),
)
STICKY = OWN.replace('otherwise = "flash"', 'otherwise = ["haiku", "flash"]').replace(
    'name = "own"', 'name = "sticky"\nobjective = "balanced"\noptions = { sticky = true }'
)
NARROW = STICKY.replace("sticky", "narrow", 1) + "\n[constraints]\nmax_usd = 0.01\n"
CHOOSING = [*POLICIES, parse_policy(STICKY), parse_policy(NARROW)]


def priced(features: Features, _usual: int | None, warm: Warm | None) -> Predicted:
    read = 0 if warm is None else min(warm.tokens, features.prompt_tokens)
    return Predicted(features.prompt_tokens, 7, Decimal(10 * features.prompt_tokens - read) / 10**6)


def told(make: Callable[[], Decision]) -> Decision | Problem:
    try:
        return make()
    except Failure as failure:
        return failure.problem


@pytest.mark.parametrize("policy", CHOOSING, ids=lambda policy: policy.name)
@given(features=FEATURES, moment=MOMENTS)
def test_the_quick_way_takes_the_same_models(
    policy: Policy, features: Features, moment: Moment
) -> None:
    chooser = Chooser(policy, options_for(policy, CATALOG, TODAY, lambda _: True), lambda _: priced)
    due = told(lambda: chooser.decide(features, moment))
    made = told(lambda: chooser.quick(features, moment))
    if not (isinstance(due, Decision) and isinstance(made, Decision)):
        assert made == due
        return
    assert (made.ranked, made.reason, made.policy) == (due.ranked, due.reason, due.policy)
    assert (made.policy_hash, made.warnings, made.features) == (
        due.policy_hash,
        due.warnings,
        features,
    )
    assert made.whole() == due
    assert made.stored() == due.stored()
