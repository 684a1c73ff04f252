"""What tokens cost at a model's prices of a day, looked up once."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from fairlead.canon import Failure
from fairlead.catalog.model import Model
from fairlead.cost.price import BUCKETS, PriceTable
from fairlead.ledger.answers import Answer

__all__ = ["FRESH", "Rates", "Tokens"]

Tokens = Mapping[str, Decimal]
_ZERO = Decimal(0)
_MILLION = Decimal(10**6)
FRESH = {
    "cache_read": "input",
    "cache_read_audio": "input_audio",
    "cache_write_5m": "input",
    "cache_write_1h": "input",
}
"""What the tokens of a prompt cache are without it."""


class Rates:
    """US dollars per million tokens by model, day, prompt-size band, batch or not."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, date], PriceTable] = {}
        self._rates: dict[tuple[str, date, int, bool], dict[str, Decimal | None]] = {}

    def bill(
        self, model: Model, day: date, tokens: Tokens, prompt: int, batch: Decimal = _ZERO
    ) -> Decimal:
        """The price of tokens in requests whose prompts have `prompt` tokens, a share as batches.

        Failure (invalid_request) where the model has no price for a kind of them.
        """
        plain = self._bill(model, day, tokens, prompt, batch=False)
        if not batch:
            return plain
        return plain + (self._bill(model, day, tokens, prompt, batch=True) - plain) * batch

    def premium(self, model: Model, day: date, answer: Answer) -> int:
        """How much dearer (cheaper: less than 0) an answer of the model was for the tier or region
        that its vendor served it in, by the list; in 1e-12 dollars.
        """
        if not answer.tier and not answer.region:
            return 0
        usual = self._table(model, day)
        own = usual.variant(answer.tier, answer.region)
        if own is usual:
            return 0
        bills = own.total(answer.usage), usual.total(answer.usage)
        if bills[0] is None or bills[1] is None:
            return 0
        return int((bills[0] - bills[1]).scaleb(12))

    def _table(self, model: Model, day: date) -> PriceTable:
        table = self._tables.get((model.id, day))
        if table is None:
            table = self._tables[model.id, day] = PriceTable(model, day)
        return table

    def _bill(
        self, model: Model, day: date, tokens: Tokens, prompt: int, *, batch: bool
    ) -> Decimal:
        rates = self._of(model, day, prompt, batch=batch)
        total = _ZERO
        for kind, count in tokens.items():
            if not count:
                continue
            rate = rates[kind]
            if rate is None and kind in FRESH:  # a vendor without that kind takes them as fresh
                rate = rates[FRESH[kind]]
            if rate is None:
                raise Failure.invalid(
                    f"{model.id} has no price for {kind} on {day}",
                    "model",
                    hint="`fairlead check` tells the catalogue's version; set a price in [models]",
                )
            total += count * rate
        return total / _MILLION

    def _of(
        self, model: Model, day: date, prompt: int, *, batch: bool
    ) -> dict[str, Decimal | None]:
        edge = max((p.over_prompt for p in model.prices if p.over_prompt < prompt), default=0)
        held = self._rates.get((model.id, day, edge, batch))
        if held is None:
            table = self._table(model, day)
            held = self._rates[model.id, day, edge, batch] = {
                kind: table.usd_per_million(kind, prompt_tokens=edge + 1, batch=batch)
                for kind in BUCKETS
            }
        return held
