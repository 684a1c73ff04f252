"""Model files: what is read, and how a mistake is told."""

from datetime import date
from decimal import Decimal

import pytest

from fairlead.catalog.claims import Source, parse_sheet, parse_sources
from fairlead.catalog.keys import CatalogError

SOURCES = {
    "paper": Source("paper", "article", "A paper"),
    "docs": Source("docs", "vendor", "The vendor's documents"),
}
GOOD = """\
id = "m"
vendor = "v"
aliases = ["mm"]

[[claims]]
source = "docs"
date = 2026-11-01
valid_from = 2027-01-01
over_prompt = 100_000
note = "page 3"
[claims.values]
"price.input" = 0.10
"thinking.effort_budgets" = { none = 0, high = 24_576 }
"sampling.exclusive" = [["temperature", "top_p"]]
"""


def test_a_sheet_is_read() -> None:
    sheet = parse_sheet(GOOD, SOURCES, "m.toml")
    assert (sheet.id, sheet.vendor, sheet.aliases) == ("m", "v", ("mm",))
    price, budgets, exclusive = sheet.claims
    assert price.value == Decimal("0.10")
    assert str(price.value) == "0.10"
    assert (price.seen, price.valid_from) == (date(2026, 11, 1), date(2027, 1, 1))
    assert (price.over_prompt, price.note, price.source.id) == (100_000, "page 3", "docs")
    assert budgets.value == (("none", 0), ("high", 24_576))
    assert exclusive.value == (("temperature", "top_p"),)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "m"', "id = 3", "m.toml.id: must be a string"),
        ('vendor = "v"', "", "m.toml.vendor: must be a string"),
        ('["mm"]', "[1]", "m.toml: aliases must be a list of strings"),
        ('source = "docs"', 'source = "blog"', "m.toml: claims[0].source: 'blog' is not in"),
        ("date = 2026-11-01\n", "", "m.toml: claims[0].date: missing"),
        ("date = 2026-11-01", 'date = "2026-11-01"', "claims[0].date: must be a date"),
        ("over_prompt = 100_000", "over_prompt = -1", "claims[0].over_prompt: must be"),
        ('note = "page 3"', 'nota = "page 3"', "claims[0]: unknown key 'nota'"),
        ("over_prompt = 100_000", 'tier = "flex"', "claims[0].tier: only a price has one"),
        ('"price.input"', '"price.inputs"', "claims[0].values: unknown fact 'price.inputs'"),
        ("= 0.10", "= -0.10", "'price.input' must be an amount in US dollars"),
        ("= 0.10", "= nan", "'price.input' must be an amount in US dollars"),
        ("= 0.10", "= true", "'price.input' must be an amount in US dollars"),
        ("high = 24_576", "high = 1.5", "'thinking.effort_budgets' must be a table"),
        ('"top_p"]', '"heat"]', "'sampling.exclusive' does not know 'heat'"),
        ("id =", "id", "m.toml:1: not valid TOML: "),
    ],
)
def test_a_mistake_is_told_with_file_and_key(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(CatalogError) as raised:
        parse_sheet(GOOD.replace(old, new, 1), SOURCES, "m.toml")
    assert said in str(raised.value)


def test_a_source_of_no_known_kind_is_refused() -> None:
    with pytest.raises(CatalogError, match=r"sources\[0\].kind: unknown kind 'rumour'"):
        parse_sources('[[sources]]\nid = "x"\nkind = "rumour"\ntitle = "t"', "sources.toml")
