"""Facts with their sources, and who disagrees."""

from datetime import date

from fairlead.catalog import Fact, Model, load
from fairlead.catalog.keys import KEYS

CATALOG = load()
FLASH = CATALOG.models["gemini-2.5-flash"]


def fact(key: str, upstream: str | None = None) -> Fact:
    facts = [f for f in CATALOG.facts_of(FLASH) if (f.key, f.upstream) == (key, upstream)]
    (found,) = [f for f in facts if not f.tier]
    return found


def test_the_article_is_kept_where_it_is_contradicted() -> None:
    output = fact("limits.max_output")
    assert (output.value, output.unit) == (65_536, "tokens")
    assert (output.source, output.seen) == ("litellm-1.109.1", date(2026, 11, 22))
    (dispute,) = output.disputed_by
    assert (dispute.source.id, dispute.value) == ("article-2025-10", 8_192)
    cache = fact("feature.prompt_cache")
    assert cache.value is True
    assert [c.value for c in cache.disputed_by] == [False]


def test_those_who_agree_are_named() -> None:
    price = fact("price.input")
    assert price.agreed_by == ("article-2025-10",)
    assert price.disputed_by == ()


def test_two_dates_for_one_end_are_both_kept() -> None:
    ends = fact("lifecycle.ends", "vertex")
    assert [ends.value, *(c.value for c in ends.disputed_by)] == [
        date(2026, 10, 20),
        date(2026, 10, 16),
    ]


def test_every_shipped_fact_has_a_source_that_is_listed() -> None:
    for model in CATALOG.models.values():
        facts = CATALOG.facts_of(model)
        assert len(facts) > 30
        for each in facts:
            assert each.source in CATALOG.sources
            assert each.unit == KEYS[each.key].unit
            assert each.seen <= date(2026, 11, 22)


def test_an_unknown_model_has_no_facts() -> None:
    assert CATALOG.facts_of(Model.unknown("gpt-9", "openai")) == ()
