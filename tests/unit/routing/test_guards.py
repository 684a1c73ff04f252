"""No policy, whatever it says, sends a request where a hard limit forbids it."""

import re
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.canon import Failure
from fairlead.catalog import load
from fairlead.catalog.model import Limits, Model
from fairlead.routing import Features, Option, Policy, decide, named
from fairlead.routing.conditions import FEATURES, OPERATORS, Condition
from fairlead.routing.guards import broken_limit, limits_of
from fairlead.routing.objective import NAMED
from fairlead.routing.policy import Rule

SHIPPED = tuple(load().models.values())
NEEDS = ("tools", "forced_tools", "json", "json_schema", "n", "prefill", "audio_output")
KINDS = ("text", "image", "audio", "video", "document")


def overweight(model: Model, features: Features) -> bool:
    """The limits on media that are certain."""
    limits = model.limits
    image = len(b64encode(bytes(features.image_bytes)))
    return (
        (limits.images_max is not None and limits.images_max < features.images)
        or (limits.videos_max is not None and limits.videos_max < features.videos)
        or (limits.image_base64_bytes is not None and limits.image_base64_bytes < image)
        or (limits.document_bytes is not None and limits.document_bytes < features.document_bytes)
        or (limits.request_bytes is not None and limits.request_bytes < features.inline_bytes)
    )


def doubted(model: Model, features: Features) -> bool:
    """What is judged by an estimate: the window and the pages."""
    limits = model.limits
    return (
        (limits.context_window or 10**12) < features.prompt_tokens_high
        or (limits.document_pages or 10**12) < features.document_pages
        or (limits.request_pages or 10**12) < features.pages
    )


def breaks(model: Model, features: Features, available: bool) -> bool:
    """The limits, said once more and plainly, without the code under test."""
    limits = model.limits
    return (
        not available
        or (limits.context_window or 10**12) * 1.1 < features.prompt_tokens
        or (limits.max_output or 10**12) < (features.max_tokens or 0)
        or (limits.candidates_max or 10**12) < features.candidates
        or overweight(model, features)
        or bool(model.modalities_in and set(features.modalities) - set(model.modalities_in))
        or bool(model.features and set(features.needs) - set(model.features))
    )


sizes = st.sampled_from([0, 5, 999, 150_000, 199_999, 200_001, 230_000, 1_048_577, 2_000_000])
media_limits = st.fixed_dictionaries(
    {},
    optional={
        "request_bytes": st.sampled_from([0, 2_000, 100_000]),
        "images_max": st.integers(0, 3),
        "image_base64_bytes": st.sampled_from([4, 1_332, 1_336, 99_999]),
        "videos_max": st.integers(0, 2),
        "document_bytes": st.sampled_from([0, 999, 1_000]),
        "document_pages": st.integers(1, 4),
        "request_pages": st.integers(1, 8),
    },
)
bulk = st.sampled_from([1, 998, 999, 1_000, 1_001, 70_000])


@st.composite
def weights(draw: st.DrawFn) -> dict[str, int]:
    """What some images (inline and by address), PDFs and videos weigh."""
    images, pdfs = draw(st.lists(bulk, max_size=3)), draw(st.lists(bulk, max_size=2))
    pages = [draw(st.integers(0, 5)) for _ in pdfs]
    return {
        "images": len(images) + draw(st.integers(0, 2)),
        "image_bytes": max(images, default=0),
        "videos": draw(st.integers(0, 3)),
        "document_bytes": max(pdfs, default=0),
        "document_pages": max(pages, default=0),
        "pages": sum(pages),
        "inline_bytes": sum(len(b64encode(bytes(size))) for size in images + pdfs),
    }


models = st.one_of(
    st.sampled_from(SHIPPED),
    st.builds(
        lambda name, window, most, n, media, kinds, features: Model(
            id=name,
            vendor="ours",
            limits=Limits(context_window=window, max_output=most, candidates_max=n, **media),
            modalities_in=kinds,
            features=features,
        ),
        st.sampled_from(["a", "b", "c"]),
        st.none() | st.sampled_from([10, 1_000, 200_000, 10**7]),
        st.none() | st.sampled_from([10, 64_000]),
        st.none() | st.integers(1, 4),
        media_limits,
        st.lists(st.sampled_from(KINDS), unique=True).map(tuple),
        st.lists(st.sampled_from(NEEDS), unique=True).map(tuple),
    ),
)
requests = st.builds(
    lambda tokens, margin, media, **rest: Features(
        prompt_tokens=tokens, prompt_tokens_high=tokens + margin, **media, **rest
    ),
    sizes,
    sizes,
    st.just({}) | weights(),
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
            Rule, st.just("?"), st.lists(conditions(), min_size=1, max_size=2).map(tuple),
            st.lists(one, min_size=1, max_size=3, unique=True).map(tuple), st.just("because"),
        ),
        max_size=5,
    )  # fmt: skip
    otherwise = tuple(draw(st.lists(one, min_size=1, max_size=3, unique=True)))
    objective = draw(st.sampled_from([None, *NAMED.values()]))
    return Policy("any", "1", names, tuple(draw(rules)), otherwise, objective=objective)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_policy_breaks_a_hard_limit(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(models, min_size=1, max_size=4, unique_by=lambda m: m.id))
    options = tuple(Option(m, (m.id,), data.draw(st.booleans())) for m in chosen)
    features = data.draw(requests)
    policy = data.draw(policies(tuple(m.id for m in chosen)))
    fit = {o.model.id for o in options if not breaks(o.model, features, o.available)}
    sure = {o.model.id for o in options if o.model.id in fit and not doubted(o.model, features)}
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


@pytest.mark.parametrize(
    ("weight", "told"),
    [
        (
            {"images": 1, "image_bytes": 8_000_000, "inline_bytes": 10_666_668},
            (
                "takes images of at most 10,485,760 bytes as base64, the largest here has "
                "10,666,668 (8,000,000 decoded)"
            ),
        ),
        ({"images": 101}, "takes at most 100 images in a request, this one has 101"),
        (
            {"images": 9, "image_bytes": 7_000_000, "inline_bytes": 40_000_000},
            "takes requests of at most 33,554,432 bytes, the media alone have 40,000,000 as base64",
        ),
    ],
)
def test_media_are_ruled_out_with_both_figures(weight: dict[str, int], told: str) -> None:
    features = Features(modalities=("text", "image"), **weight)
    haiku, flash = load().models["claude-haiku-4-5-20251001"], load().models["gemini-2.5-flash"]
    broken = broken_limit(haiku, features)
    assert broken is not None
    assert (broken.why, broken.param, broken.certain) == (told, "messages", True)
    assert broken_limit(flash, features) is None
    with pytest.raises(Failure, match=re.escape(told)):
        named(haiku, features)


def test_the_largest_image_is_no_doubt() -> None:
    haiku = load().models["claude-haiku-4-5-20251001"]
    at_most = {"images": 1, "inline_bytes": 10_485_760}
    assert broken_limit(haiku, Features(image_bytes=7_864_320, **at_most)) is None
    assert broken_limit(haiku, Features(image_bytes=7_864_321, **at_most)) is not None


def test_too_many_pages_are_doubted() -> None:
    haiku, flash = load().models["claude-haiku-4-5-20251001"], load().models["gemini-2.5-flash"]
    features = Features(document_pages=90, pages=130, document_bytes=9_000, inline_bytes=12_000)
    doubt = "takes at most 100 pages of PDF in a request, this one has about 130"
    policy = Policy("any", "1", ("haiku", "flash"), (), ("haiku",))
    options = (Option(haiku, ("haiku",)), Option(flash, ("flash",)))
    decision = decide(features, policy, options)
    assert decision.ranked == (flash.id,)
    assert decision.candidates[0].ruled_out == doubt
    assert doubt in named(haiku, features).warnings[0]
