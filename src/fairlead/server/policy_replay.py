"""The ledger's requests put to two policies again, with the models of their days."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
from msgspec import Struct

from fairlead.catalog import Catalog
from fairlead.cost.book import NamedPrices
from fairlead.cost.predict import what_if
from fairlead.cost.price import PriceTable
from fairlead.ledger.routed import Routed
from fairlead.routing import (
    Chooser,
    Decision,
    Features,
    Moment,
    Pace,
    Policy,
    options_for,
    predictor,
)
from fairlead.routing.compare import Comparison, Past, compare
from fairlead.routing.pace import Decayed

__all__ = ["day_of", "decisions", "past", "replay"]


class _Stored(Struct, frozen=True):
    """What of a stored decision is asked again."""

    features: Features
    moment: Moment | None = None


_decode = msgspec.json.Decoder(_Stored).decode


def replay(rows: Sequence[Routed], old: Policy, new: Policy, catalog: Catalog) -> Comparison:
    """Both policies over the same requests. What is told of the moment in a stored decision counts;
    where it has none, the paces are the medians of the rows.
    """
    paces = _paces(rows)
    usages = {row.id: row for row in rows}
    prices = NamedPrices(catalog)

    def cost(past: Past, model: str) -> Decimal | None:
        row = usages[past.id]
        if model == row.model:
            return row.cost_usd
        table = prices.of(model, day_of(past.at))
        charge = None if table is None else what_if(table, row.usage)
        return None if charge is None else charge.total

    times = {model: pace.first_token_ms for model, pace in paces.items()}
    return compare(
        past(rows, Moment(pace=paces)),
        decisions(old, catalog),
        decisions(new, catalog),
        cost,
        times,
    )


def past(rows: Sequence[Routed], usual: Moment) -> Iterable[Past]:
    """What is asked again of stored decisions; `usual` where one tells nothing of its moment."""
    for row in rows:
        try:
            stored = _decode(row.decision)
        except msgspec.MsgspecError:
            continue  # of an older form
        yield Past(row.id, row.at, stored.features, stored.moment or usual, row.model)


def decisions(policy: Policy, catalog: Catalog) -> Callable[[Past], Decision]:
    """The policy's decisions, each with the models of its day; every vendor has a key."""
    choosers: dict[date, Chooser] = {}

    def decide(past: Past) -> Decision:
        day = day_of(past.at)
        chooser = choosers.get(day)
        if chooser is None:
            options = options_for(policy, catalog, day, lambda _: True)
            chooser = Chooser(policy, options, lambda model: predictor(PriceTable(model, day)))
            choosers[day] = chooser
        return chooser.decide(past.features, past.moment)

    return decide


def _paces(rows: Iterable[Routed]) -> dict[str, Pace]:
    """Each model's medians over the rows; none of them fades."""
    first: dict[str, Decayed] = {}
    speed: dict[str, Decayed] = {}
    for row in rows:
        if row.first_token_ms is None:
            continue
        first.setdefault(row.model, Decayed()).add(row.first_token_ms, 0.0)
        output = row.usage.completion_total
        if row.last_ms is not None and row.last_ms > row.first_token_ms and output > 1:
            rate = 1000 * (output - 1) / (row.last_ms - row.first_token_ms)
            speed.setdefault(row.model, Decayed()).add(rate, 0.0)
    found: dict[str, Pace] = {}
    for model, values in first.items():
        median = values.quantile(0.5)
        if median is not None:
            rates = speed.get(model)
            told = None if rates is None else rates.quantile(0.5)
            found[model] = Pace(median, told, None, values.weight(0.0))
    return found


def day_of(at: float) -> date:
    """The UTC day of a time in Unix seconds."""
    return datetime.fromtimestamp(at, UTC).date()
