from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from fairlead.canon import Usage
from fairlead.catalog import load
from fairlead.catalog.model import Model, Price
from fairlead.cost.book import NamedPrices, PriceBook

TODAY, NEW_YEAR = date(2026, 11, 22), date(2027, 1, 1)
CATALOG, FLASH = load(), "gemini-2.5-flash"
MODEL = Model(
    id="m",
    vendor="v",
    prices=(
        Price("input", Decimal(1), "s", TODAY),
        Price("input", Decimal(2), "s", TODAY, valid_from=NEW_YEAR),
    ),
)


def test_a_table_is_compiled_once_a_day() -> None:
    book = PriceBook()
    table = book.table(MODEL, TODAY)
    assert book.table(MODEL, TODAY) is table
    later = book.table(MODEL, NEW_YEAR)
    assert later is not table
    charge = later.charge(Usage(input=1_000_000))
    assert charge is not None
    assert charge.total == 2


def test_replaced_facts_get_a_new_table() -> None:
    book = PriceBook()
    table = book.table(MODEL, TODAY)
    assert book.table(replace(MODEL, prices=()), TODAY) is not table


def test_a_name_has_the_prices_of_what_it_means_on_that_day() -> None:
    prices = NamedPrices(CATALOG)
    before, after = prices.of(FLASH, TODAY), prices.of(FLASH, NEW_YEAR)
    assert before is not None
    assert after is not None
    assert (before.model.id, after.model.id) == (FLASH, "gemini-3.5-flash-lite")
    assert prices.of(FLASH, TODAY) is before, "compiled once"
    assert prices.of("nobody-knows-it", TODAY) is None
