"""Amounts in JSON have no exponent."""

import json
from datetime import date
from decimal import Decimal

import pytest
from msgspec import Struct

from fairlead.cost.amounts import encode


class Line(Struct, frozen=True):
    amount: Decimal | None
    on: date = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("5.100E-7", "0.0000005100"),
        ("0E-12", "0.000000000000"),
        ("465.00", "465.00"),
        ("-2E-9", "-0.000000002"),
        ("1E+3", "1000"),
    ],
)
def test_an_amount_is_written_out_to_its_last_digit(amount: str, said: str) -> None:
    line = Line(Decimal(amount))
    found = json.loads(encode({"lines": (line,), "key": "5E-7", "n": 3, "share": 0.5}))
    assert found["lines"] == [{"amount": said, "on": "2026-11-23"}]
    assert (found["key"], found["n"], found["share"]) == ("5E-7", 3, 0.5)


def test_what_has_no_price_stays_null() -> None:
    assert json.loads(encode([Line(None)])) == [{"amount": None, "on": "2026-11-23"}]
