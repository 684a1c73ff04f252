from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from io import StringIO

import msgspec
import pytest
from rich.console import Console

from fairlead.catalog import load
from fairlead.lab.compare.build import compare
from fairlead.lab.compare.comparison import Comparison
from fairlead.lab.compare.html import html_report
from fairlead.lab.compare.markdown import markdown
from fairlead.lab.compare.rows import DIMENSIONS
from fairlead.lab.compare.sayings import load_sayings
from fairlead.lab.compare.terminal import for_terminal
from fairlead.lab.compare.text import amount, rows_told
from fairlead.lab.compare.words import Words

CATALOG = load()
GEMINI, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
VOID = {"meta", "br", "hr", "img", "link", "input"}


@pytest.fixture(scope="module", params=["article-2025-10", None], ids=["article", "in force"])
def report(request: pytest.FixtureRequest) -> Comparison:
    names = [GEMINI, HAIKU] if request.param else [GEMINI, HAIKU, "haiku-5.5", "gemini-3.8-flash"]
    return compare(CATALOG, names, date(2026, 11, 23), source=request.param)


class Page(HTMLParser):
    """Checks that tags close, and gathers what the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.mark.parametrize(
    ("language", "number", "told"),
    [("en", 1, "1 star"), ("en", 2, "2 stars"), ("zh", 1, "1 星"), ("zh", 2, "2 星")],
)
def test_one_star_is_one(language, number, told) -> None:
    assert amount(Decimal(number), "stars", Words(language)) == told


@pytest.mark.parametrize(("language", "lang"), [("en", "en"), ("zh", "zh-Hans")])
def test_the_page_stands_alone_and_can_be_read_by_all(report, language, lang) -> None:
    text = html_report(report, Words(language))
    page = Page(text)
    assert page.all("html") == [{"lang": lang}]
    for tag in ("script", "link", "img", "iframe", "object"):
        assert page.all(tag) == []
    for outside in ("@import", "url(", "http://", "https://"):
        assert outside not in text.replace('xmlns="http://www.w3.org/2000/svg"', ""), outside
    charts = [svg for svg in page.all("svg") if svg.get("aria-hidden") != "true"]
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert len(charts) == 3
    for chart in charts:
        assert chart["role"] == "img"
        assert set((chart["aria-labelledby"] or "").split()) <= set(ids)
    assert all(cell.get("scope") in {"row", "col"} for cell in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_what_is_not_disclosed_is_a_gap_and_no_bar(report) -> None:
    text = html_report(report, Words("en"))
    rows = next(d.rows for d in report.dimensions if d.key == "benchmarks")
    silent = sum(cell.value is None for row in rows for cell in row.cells)
    missing = sum(cost.total is None for cost in report.costs)
    assert silent
    page = Page(text)
    boxes = [(rect["class"] or "").split()[0] for rect in page.all("rect")]
    assert boxes.count("gap") == silent + missing
    assert all(float(rect["width"] or 0) > 0 for rect in page.all("rect"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_markdown_and_the_terminal_tell_every_row(report, language) -> None:
    words = Words(language)
    text = markdown(report, words)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
    told = sum(len(dimension.rows) for dimension in report.dimensions)
    assert len(rows) == told + 2 * len(report.dimensions)
    out = StringIO()
    Console(file=out, width=200).print(for_terminal(report, words))
    assert words.say("not disclosed") in out.getvalue()
    for dimension in report.dimensions:
        assert words.say(dimension.title) in text
        assert words.say(dimension.title) in out.getvalue()


def test_json_has_amounts_as_decimal_strings(report) -> None:
    encoded = msgspec.json.encode(report)
    costs = msgspec.json.decode(encoded)["costs"]
    assert costs[0]["total"] == "465.00"
    assert all(isinstance(cost["total"], str | None) for cost in costs)


def test_markup_in_a_value_stays_text() -> None:
    entry = {"<b>m</b>": {"vendor": "v|w", "info.note": "x", "info.released": "<i>a|b</i>\nc"}}
    report = compare(load(models=entry, today=date(2026, 1, 1)), ["<b>m</b>", HAIKU], date.max)
    assert "<i>" not in html_report(report, Words())
    assert "<b>m" not in html_report(report, Words())
    assert "<i>" not in markdown(report, Words())


def test_chinese_has_every_label_and_saying() -> None:
    words = Words("zh")
    labels = {line.label for lines in DIMENSIONS.values() for line in lines}
    units = {line.unit for lines in DIMENSIONS.values() for line in lines} - {""}
    sayings = load_sayings(CATALOG.sources)
    names = {"SWE-bench Verified", "OSWorld", "Terminal-Bench", "GPQA Diamond", "AIME 2025"}
    names |= {"Humanity's Last Exam"}
    told = labels | units | set(DIMENSIONS) | set(sayings.scenarios)
    told |= {c.value for rows in sayings.claims.values() for c in rows if isinstance(c.value, str)}
    said = [c for rows in sayings.claims.values() for c in rows if c.key.startswith("rating.")]
    told |= {(c.note or "").removesuffix(" [fairlead]") for c in said}
    assert [text for text in sorted(told - names) if not words.knows(text)] == []
    assert Words("en").say("pricing") == "pricing"
    assert words.say("prompts over 100,000 tokens: input") == "提示词超过 100,000 token：输入"
    assert words.say("nobody knows this") == "nobody knows this"


def test_a_note_on_several_facts_stands_once_in_a_dimension(report) -> None:
    for dimension in report.dimensions:
        for at in range(len(report.subjects)):
            notes = [told[at].note for _, told in rows_told(dimension, Words())]
            sourced = [n for n in notes if n.startswith("Deprecations page")]
            assert len(sourced) <= 1
