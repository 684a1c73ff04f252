"""Price tables, each compiled when it is first asked for: of a day, and of what was long ago."""

from datetime import date

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.catalog.model import Model
from fairlead.cost.price import PriceTable

__all__ = ["NamedPrices", "PriceBook"]


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


class NamedPrices:
    """Hands out the `PriceTable` that a name of the ledger or a bill means on a day; holds them
    all, for reports that look back over many days.
    """

    __slots__ = ("_catalog", "_tables")

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._tables: dict[tuple[str, date], PriceTable | None] = {}

    def of(self, name: str, day: date) -> PriceTable | None:
        """The prices of what it names on that day; None for a name that nobody knows."""
        key = (name, day)
        if key not in self._tables:
            try:
                self._tables[key] = PriceTable(self._catalog.resolve(name, day), day)
            except Failure:
                self._tables[key] = None
        return self._tables[key]
