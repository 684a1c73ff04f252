"""The ledger's answers in groups: what a replay under other prices needs, and nothing else."""

import json
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from fairlead.canon import Usage
from fairlead.ledger.parts import over_parts
from fairlead.ledger.query import TOKENS, reading
from fairlead.ledger.span import Span

__all__ = ["Traffic", "daily_cost", "traffic"]

_REUSED = 3 + len(TOKENS)  # so many columns from `elsewhere` on, then what was reused


class Traffic(Struct, frozen=True):
    """Answers of one UTC day, route, model and prompt-size class, summed.

    `size`: each prompt has more tokens than this. `usage` holds sums; its `thinking_known` holds
    for each answer of the group. `comparable`: priced, and without fees of server tools; only
    then is `cost_usd` what these tokens cost. `emulated`: nobody bills them;
    `elsewhere`: given by one of the upstreams that were asked for as such.

    How much of the prompts began others of the same key before is known for `reuse_known` of the
    answers, whose prompts have `reuse_known_prompt` tokens; `reuse_5m` and `reuse_1h` of these
    tokens had been seen within 5 minutes and within an hour. `reuse_size` is the class of
    `reuse_1h`: each has more tokens than this (0: up to 1,023); -1: known for none of the group.
    """

    day: date
    route: str
    model: str
    size: int
    comparable: bool
    priced: bool
    emulated: bool
    requests: int
    cost_usd: Decimal
    usage: Usage
    elsewhere: bool = False
    reuse_size: int = -1
    reuse_known: int = 0
    reuse_known_prompt: int = 0
    reuse_5m: int = 0
    reuse_1h: int = 0


def traffic(
    path: str | Path,
    since: float | None = None,
    until: float | None = None,
    *,
    batches: bool = False,
    elsewhere: Collection[str] = (),
) -> list[Traffic]:
    """Answers with usage from `since` (included) to `until` (not included), Unix seconds; those of
    the upstreams `elsewhere` in groups of their own. With `batches` those of batches too: sums,
    each of which counts as one answer.

    LedgerError for a file that is no ledger.
    """
    asked = Span.between(since, until).parameters() | {
        "batches": batches,
        "elsewhere": json.dumps(sorted(elsewhere)),
    }
    with reading(path) as db:
        found = over_parts(db, "traffic", asked)
    return [_traffic(row) for row in found]


def daily_cost(
    path: str | Path, since: float, until: float, *, emulated: bool = False
) -> list[Decimal]:
    """US dollars of each UTC day from the first that has any to the last before `until`.

    A day between without spend is 0. Empty without any. LedgerError for a file that is no ledger.
    """
    asked = Span.between(since, until).parameters() | {"emulated": emulated}
    with reading(path) as db:
        rows = over_parts(db, "daily_cost", asked)
    found: dict[str, int] = {row["day"]: row["cost_pico_usd"] for row in rows}
    if not found:
        return []
    first = date.fromisoformat(min(found))
    days = (datetime.fromtimestamp(until, UTC).date() - first).days
    dates = (first + timedelta(days=at) for at in range(days))
    return [Decimal(found.get(day.isoformat(), 0)).scaleb(-12) for day in dates]


def _traffic(row: Iterable[Any]) -> Traffic:
    """A row of the statement `traffic`; its tokens stand in the order of `Usage`."""
    day, route, model, size, comparable, known, emulated, priced, reuse_size, *rest = row
    elsewhere, requests, cost, *tokens = (*rest[:_REUSED], known != 0)
    return Traffic(
        _day(day),
        route,
        model,
        size,
        bool(comparable),
        bool(priced),
        bool(emulated),
        requests,
        Decimal(cost).scaleb(-12),
        Usage(*tokens),
        bool(elsewhere),
        reuse_size,
        *rest[_REUSED:],
    )


@lru_cache(maxsize=512)
def _day(text: str) -> date:
    return date.fromisoformat(text)
