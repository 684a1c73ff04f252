"""A bill in one line, for tests: the prices are compiled each time."""

from datetime import date

from fairlead.canon import Usage
from fairlead.catalog.model import Model
from fairlead.cost.price import Charge, PriceTable


def charge(usage: Usage, model: Model, at: date, *, batch: bool = False) -> Charge | None:
    """The bill for `usage` of `model` on the day `at`; None where it cannot be priced."""
    return PriceTable(model, at).charge(usage, batch=batch)
