"""The long tail: models that only an installed package knows, priced as it says.

Our own facts lie over it: a name that the catalogue resolves never comes here. A model of the tail
stays `known = False`, so that nothing is ruled out or dropped for it; it has prices and a window.
"""

from collections.abc import Callable

from msgspec.structs import replace

from fairlead.catalog.claims import Sheet
from fairlead.catalog.compile import compile_model
from fairlead.catalog.model import Model
from fairlead.catalog.price_list import PriceList

__all__ = ["Tail", "laid_over"]

_MOST = 1024


class Tail:
    """A price list behind the catalogue. Remembers what it found: names come from clients, so no
    more than 1,024 of them. `served` adds to a model what its upstream makes of its prices.
    """

    __slots__ = ("_found", "_served", "prices")

    def __init__(
        self, prices: PriceList | None = None, served: Callable[[Model], Model] | None = None
    ) -> None:
        self.prices = prices
        self._served = served
        self._found: dict[tuple[str, str], Model] = {}

    @property
    def version(self) -> str:
        """What names the data, for the catalogue's version; empty without any."""
        return "" if self.prices is None else self.prices.source.id

    def ready(self) -> None:
        """Have the list read what it rests on now, and not when the first model is asked for."""
        if self.prices is not None:
            self.prices.find("", "")

    def priced(self, model: Model) -> Model:
        """A model that only its prefix tells of, with what the list says of its id."""
        if self.prices is None:
            return model
        key = (model.vendor, model.id)
        found = self._found.get(key)
        if found is None:
            sheet = self.sheet(model)
            found = model if sheet is None else laid_over(model, sheet)
            if sheet is not None and self._served is not None:
                found = self._served(found)
            if len(self._found) < _MOST:
                self._found[key] = found
        return found

    def sheet(self, model: Model) -> Sheet | None:
        """What the list says of a model, with its source."""
        return None if self.prices is None else self.prices.sheet(model.vendor, model.id)


def laid_over(model: Model, sheet: Sheet, upstream: str | None = None) -> Model:
    """A model that only its prefix tells of, with the prices and limits of a sheet."""
    said = compile_model(sheet, upstream=upstream)
    return replace(model, prices=said.prices, limits=said.limits)
