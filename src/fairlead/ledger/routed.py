"""Answers that a policy sent to their models, with the decisions: what a policy is replayed on."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct

from fairlead.canon import Usage
from fairlead.ledger.query import reading
from fairlead.ledger.statements import statements

__all__ = ["Routed", "routed"]

_FOREVER = 1e18
_PICO = Decimal("1e-12")


class Routed(Struct, frozen=True):
    """One answer. `at`: Unix seconds; `decision`: the stored decision's JSON; times in milliseconds
    after acceptance, None where they were not measured; `cost_usd` None for an unpriced model.
    """

    id: str
    at: float
    model: str
    decision: str | bytes
    usage: Usage
    cost_usd: Decimal | None = None
    first_token_ms: float | None = None
    last_ms: float | None = None


def routed(
    path: str | Path, since: float, until: float | None = None, most: int = 20_000
) -> tuple[Routed, ...]:
    """At most the newest `most` from `since` to before `until` (Unix seconds), oldest first.

    LedgerError for a file that is no ledger.
    """
    asked = {"since": since, "until": _FOREVER if until is None else until, "most": most}
    with reading(path) as db:
        rows = db.execute(statements()["routed"], asked).fetchall()
    return tuple([_routed(row) for row in reversed(rows)])


def _routed(row: tuple[Any, ...]) -> Routed:
    id_, at, model, decision, *tokens, pico, first, last = row
    usage = Usage(*tokens)
    cost = None if pico is None else pico * _PICO
    return Routed(id_, at, model, decision, usage, cost, first, last)
