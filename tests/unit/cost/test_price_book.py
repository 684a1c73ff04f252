from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from fairlead.canon import Usage
from fairlead.catalog.model import Model, Price
from fairlead.cost.book import PriceBook

TODAY, NEW_YEAR = date(2026, 11, 22), date(2027, 1, 1)
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
