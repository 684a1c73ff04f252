from datetime import date
from decimal import Decimal

import pytest

from fairlead.canon import Failure
from fairlead.catalog import load
from fairlead.lab.compare.build import compare
from fairlead.lab.compare.comparison import Cell, Comparison, Row
from fairlead.lab.compare.verdict import verdict

GEMINI, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
TODAY = date(2026, 11, 23)
CATALOG = load()


def row(comparison: Comparison, key: str) -> Row:
    return next(r for d in comparison.dimensions for r in d.rows if r.key == key)


def stated(value: object, source: str = "s") -> Cell:
    return Cell(state="stated", value=value, source=source)  # type: ignore[arg-type]


UNKNOWN = Cell(state="not_disclosed")


def test_there_are_seven_dimensions_and_each_says_something() -> None:
    report = compare(CATALOG, [GEMINI, HAIKU], TODAY)
    assert len(report.dimensions) == 7
    assert all(dimension.rows for dimension in report.dimensions)


def test_both_sides_of_a_disagreement_stand_with_their_sources() -> None:
    by_vendors = row(compare(CATALOG, [GEMINI, HAIKU], TODAY), "limits.max_output").cells[0]
    assert by_vendors.value == 65_536
    assert (8_192, "article-2025-10") in {(d.value, d.source) for d in by_vendors.disputed_by}
    report = compare(CATALOG, [GEMINI, HAIKU], TODAY, source="article-2025-10")
    by_article = row(report, "limits.max_output").cells[0]
    assert (by_article.value, by_article.source) == (8_192, "article-2025-10")
    assert {d.value for d in by_article.disputed_by} == {65_536}


def test_what_the_chosen_source_does_not_say_is_not_disclosed_and_not_compared() -> None:
    report = compare(CATALOG, [GEMINI, HAIKU], TODAY, source="article-2025-10")
    found = row(report, "benchmark.osworld")
    assert found.cells[0] == UNKNOWN
    assert found.verdict is None


def test_the_smallest_cacheable_prompt_counts() -> None:
    report = compare(CATALOG, [GEMINI, HAIKU], TODAY)
    cached = [c for c in report.costs if c.form == "cached" and c.scenario == "chat"]
    assert [c.total for c in cached] == [None, None]
    assert {c.reason for c in cached} == {"prompt below the smallest that is cached"}


def test_a_band_shows_its_prices_and_a_model_without_it_keeps_its_own() -> None:
    report = compare(CATALOG, ["claude-haiku-5-5", GEMINI], TODAY)
    banded = row(report, "price.input.over_100000")
    assert banded.cells[0].value == Decimal("0.50")
    assert banded.cells[1].value == Decimal("0.30")
    assert banded.cells[1].note == "no band over 100,000 tokens"


def test_a_price_to_come_is_told_and_comes() -> None:
    now = compare(CATALOG, ["gemini-3.8-flash", GEMINI], TODAY)
    cell = row(now, "price.input").cells[0]
    assert cell.value == Decimal("0.75")
    assert "from 2027-01-01: 1.5" in (cell.note or "")
    later = compare(CATALOG, ["gemini-3.8-flash", GEMINI], date(2027, 1, 1))
    assert row(later, "price.input").cells[0].value == Decimal("1.50")


def test_an_ended_model_is_compared_as_itself() -> None:
    report = compare(CATALOG, [GEMINI, HAIKU], date(2027, 6, 1))
    assert report.subjects[0].id == GEMINI


@pytest.mark.parametrize(
    ("cells", "better", "expected"),
    [
        ([stated(54), stated(73)], "high", (("b",), "a", 19)),
        ([stated(54), stated(73)], "low", (("a",), "b", 19)),
        ([stated(54), stated(54)], "high", None),
        ([stated(54), UNKNOWN], "high", None),
        ([stated(54), stated(73)], None, None),
        ([stated(True), stated(False)], "high", None),
    ],
)
def test_verdict(cells, better, expected) -> None:
    judged = verdict(cells, ["a", "b"], better)
    assert expected == (judged and (judged.best, judged.next, judged.difference))


def test_a_third_that_is_silent_is_left_out_and_named() -> None:
    judged = verdict([stated(1), UNKNOWN, stated(3, "other")], ["a", "b", "c"], "high")
    assert judged is not None
    assert judged.left_out == ("b",)
    assert judged.mixed_sources


@pytest.mark.parametrize(
    ("names", "source", "told"),
    [
        ([GEMINI], None, "two models"),
        ([GEMINI, GEMINI], None, "two models"),
        ([GEMINI, "gpt-99"], None, "gpt-99"),
        ([GEMINI, "no-such"], None, "no-such"),
        ([GEMINI, HAIKU], "a-friend", "a-friend"),
    ],
)
def test_a_bad_question_is_a_clear_failure(names, source, told) -> None:
    with pytest.raises(Failure, match=told):
        compare(CATALOG, names, TODAY, source=source)


def test_a_source_that_both_agree_with_is_one_source() -> None:
    twice = Cell(state="stated", value=73, source="other", agreed_by=("s",))
    judged = verdict([stated(54), twice], ["a", "b"], "high")
    assert judged is not None
    assert not judged.mixed_sources


def test_audio_that_a_model_does_not_take_is_not_offered() -> None:
    report = compare(CATALOG, [GEMINI, HAIKU], TODAY)
    price = row(report, "price.input_audio").cells
    assert (price[0].state, price[1].state) == ("stated", "not_offered")
    assert price[1].note == "no audio input"


def test_there_are_colours_for_six_models() -> None:
    entries = {f"m{n}": {"vendor": "ours", "price.input": 1.0} for n in range(7)}
    catalog = load(models=entries, today=TODAY)
    assert len(compare(catalog, list(entries)[:6], TODAY).subjects) == 6
    with pytest.raises(Failure, match="6 models at most"):
        compare(catalog, list(entries), TODAY)
