"""Answers whose vendors said what they cost, as the ledger has them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from fairlead.ledger.query import reading
from fairlead.ledger.statements import statements

__all__ = ["StatedCost", "stated_costs"]

_FOREVER = 1e12


class StatedCost(Struct):
    """Those of one UTC day, upstream and model: dollars by the prices here (of `priced` of them
    that have any) and by the vendor, whose `alike` is its sum of those same `priced`.
    """

    day: date
    upstream: str
    model: str
    requests: int = 0
    stated_usd: Decimal = Decimal(0)
    priced: int = 0
    here_usd: Decimal = Decimal(0)
    alike_usd: Decimal = Decimal(0)


def stated_costs(
    path: str | Path, since: float | None = None, until: float | None = None
) -> list[StatedCost]:
    """By day, upstream and model, from `since` (included) to `until` (not included), Unix seconds.
    The emulator's answers are left out.

    LedgerError for a file that is no ledger.
    """
    asked = {"since": since or 0.0, "until": _FOREVER if until is None else until}
    found: dict[tuple[date, str, str], StatedCost] = {}
    with reading(path) as db:
        for at, upstream, model, here, stated in db.execute(statements()["stated_costs"], asked):
            key = datetime.fromtimestamp(at, UTC).date(), upstream or "", model or ""
            held = found.setdefault(key, StatedCost(*key))
            held.requests += 1
            held.stated_usd += Decimal(stated)
            if here is not None:
                held.priced += 1
                held.here_usd += Decimal(here)
                held.alike_usd += Decimal(stated)
    return [found[key] for key in sorted(found)]
