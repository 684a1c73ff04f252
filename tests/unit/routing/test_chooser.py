"""A chooser says what `decide` says, whatever it has said before."""

from datetime import date
from decimal import Decimal
from typing import get_args

import msgspec
import pytest
from hypothesis import given
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
