"""The price tables of a day, each compiled when it is first asked for."""

from datetime import date

from fairlead.catalog.model import Model
from fairlead.cost.price import PriceTable

__all__ = ["PriceBook"]


class PriceBook:
    """Hands out the `PriceTable` of a model on a day: two dictionary look-ups after the first time.

    Holds one day's tables: the first question about another day starts afresh. A model whose facts
    were replaced (a reload) gets a new table. The caller passes the day in (UTC): no clock here.
    """

    __slots__ = ("_day", "_tables")

    def __init__(self) -> None:
        self._day: date | None = None
        self._tables: dict[str, PriceTable] = {}

    def table(self, model: Model, at: date) -> PriceTable:
        """The prices of `model` on the day `at`."""
        if at != self._day:
            self._day, self._tables = at, {}
        held = self._tables.get(model.id)
        if held is None or held.model is not model:
            held = self._tables[model.id] = PriceTable(model, at)
        return held
