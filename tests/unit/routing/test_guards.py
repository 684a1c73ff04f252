"""No policy, whatever it says, sends a request where a hard limit forbids it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.canon import Failure
from fairlead.catalog import load
from fairlead.catalog.model import Limits, Model
from fairlead.routing import Features, Option, Policy, decide, named
from fairlead.routing.conditions import FEATURES, OPERATORS, Condition
from fairlead.routing.guards import broken_limit, limits_of
from fairlead.routing.policy import Rule

SHIPPED = tuple(load().models.values())
NEEDS = ("tools", "forced_tools", "json", "json_schema", "n", "prefill", "audio_output")
KINDS = ("text", "image", "audio", "video", "document")


def breaks(model: Model, features: Features, available: bool) -> bool:
    """The limits, said once more and plainly, without the code under test."""
    limits = model.limits
    return (
        not available
        or (limits.context_window or 10**12) * 1.1 < features.prompt_tokens
        or (limits.max_output or 10**12) < (features.max_tokens or 0)
        or (limits.candidates_max or 10**12) < features.candidates
        or bool(model.modalities_in and set(features.modalities) - set(model.modalities_in))
        or bool(model.features and set(features.needs) - set(model.features))
    )


sizes = st.sampled_from([0, 5, 999, 150_000, 199_999, 200_001, 230_000, 1_048_577, 2_000_000])
models = st.one_of(
    st.sampled_from(SHIPPED),
    st.builds(
        lambda name, window, most, n, kinds, features: Model(
            id=name,
            vendor="ours",
            limits=Limits(context_window=window, max_output=most, candidates_max=n),
            modalities_in=kinds,
            features=features,
        ),
        st.sampled_from(["a", "b", "c"]),
        st.none() | st.sampled_from([10, 1_000, 200_000, 10**7]),
        st.none() | st.sampled_from([10, 64_000]),
        st.none() | st.integers(1, 4),
        st.lists(st.sampled_from(KINDS), unique=True).map(tuple),
        st.lists(st.sampled_from(NEEDS), unique=True).map(tuple),
    ),
)
requests = st.builds(
    lambda tokens, margin, **rest: Features(
        prompt_tokens=tokens, prompt_tokens_high=tokens + margin, **rest
    ),
    sizes,
    sizes,
    max_tokens=st.none() | sizes,
    modalities=st.lists(st.sampled_from(KINDS[1:]), unique=True).map(lambda k: ("text", *k)),
    needs=st.lists(st.sampled_from(NEEDS), unique=True, max_size=3).map(tuple),
    candidates=st.integers(1, 5),
    task=st.sampled_from(FEATURES["task"].words),
    latency=st.sampled_from(FEATURES["latency"].words),
    budget=st.sampled_from(FEATURES["budget"].words),
)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    name = draw(st.sampled_from(sorted(FEATURES)))
    feature = FEATURES[name]
    operator = draw(st.sampled_from([n for n, o in OPERATORS.items() if feature.form in o.forms]))
    words = st.sampled_from(feature.words or NEEDS)
    if OPERATORS[operator].takes == "list":
        return Condition(name, operator, tuple(draw(st.lists(words, min_size=1, unique=True))))
    by_form = {"number": sizes, "flag": st.booleans(), "word": words, "names": words}
    return Condition(name, operator, draw(by_form[feature.form]))


@st.composite
def policies(draw: st.DrawFn, names: tuple[str, ...]) -> Policy:
    one = st.sampled_from(names)
    rules = st.lists(
        st.builds(
            Rule, st.just("?"), st.lists(conditions(), min_size=1, max_size=2).map(tuple), one,
            st.just("because"),
        ),
        max_size=5,
    )  # fmt: skip
    return Policy("any", "1", names, tuple(draw(rules)), draw(one))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_policy_breaks_a_hard_limit(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(models, min_size=1, max_size=4, unique_by=lambda m: m.id))
    options = tuple(Option(m, (m.id,), data.draw(st.booleans())) for m in chosen)
    features = data.draw(requests)
    policy = data.draw(policies(tuple(m.id for m in chosen)))
    fit = {o.model.id for o in options if not breaks(o.model, features, o.available)}
    sure = {
        o.model.id
        for o in options
        if o.model.id in fit
        and features.prompt_tokens_high <= (o.model.limits.context_window or 10**12)
    }
    if not fit:
        with pytest.raises(Failure) as raised:
            decide(features, policy, options)
        assert raised.value.problem.status == 400
        assert all(option.model.id in str(raised.value) for option in options)
        return
    decision = decide(features, policy, options)
    assert set(decision.ranked) == (sure or fit)
    assert {c.model for c in decision.candidates} == {m.id for m in chosen}
    assert all((c.ruled_out is None) == (c.model in decision.ranked) for c in decision.candidates)
    assert decide(features, policy, options) == decision


@given(models, requests, st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_named_model_keeps_the_same_limits(
    model: Model, features: Features, available: bool
) -> None:
    if breaks(model, features, available):
        with pytest.raises(Failure, match=re.escape(model.id)):
            named(model, features, available=available)
    else:
        assert named(model, features, available=available).ranked == (model.id,)


@given(models, requests)
@settings(max_examples=200, deadline=None)
def test_the_quick_test_agrees_with_the_guards(model: Model, features: Features) -> None:
    assert limits_of(model)(features) == (broken_limit(model, features) is None)
