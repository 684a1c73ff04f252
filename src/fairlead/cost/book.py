"""The price tables of a day, each compiled when it is first asked for."""

from datetime import date

from fairlead.catalog.model import Model
from fairlead.cost.price import PriceTable

__all__ = ["PriceBook"]


class PriceBook:
    """Hands out the `PriceTable` of a model on a day: two dictionary look-ups after the first time.

    Holds one day's tables: the first question about another day starts afresh. A model whose facts
    were replaced (a reload) gets a new table, and one that several doors serve has a table for
    each. The caller passes the day in (UTC): no clock here.
    """

    __slots__ = ("_behind", "_day", "_tables")

    def __init__(self) -> None:
        self._day: date | None = None
        self._tables: dict[str, PriceTable] = {}
        self._behind: dict[tuple[str, str, str], PriceTable] = {}

    def table(self, model: Model, at: date) -> PriceTable:
        """The prices of `model` on the day `at`."""
        if at != self._day:
            self._day, self._tables, self._behind = at, {}, {}
        held = self._tables.get(model.id)
        if held is None or held.model is not model:
            if held is not None and (model.door, model.region) != (
                held.model.door,
                held.model.region,
            ):
                return self._of_door(model, at)
            held = self._tables[model.id] = PriceTable(model, at)
        return held

    def _of_door(self, model: Model, at: date) -> PriceTable:
        """The prices behind another door than the one that the model was first asked for."""
        key = model.id, model.door, model.region
        held = self._behind.get(key)
        if held is None or held.model is not model:
            held = self._behind[key] = PriceTable(model, at)
        return held
