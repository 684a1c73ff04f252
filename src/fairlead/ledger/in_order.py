"""Priced answers of one upstream, one by one in the order in which they were accepted."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from fairlead.ledger.query import reading
from fairlead.ledger.statements import Statements

__all__ = ["Answer", "in_order"]


class Answer(Struct, frozen=True):
    """What is summed of a priced answer, and by what: as `query.usage` groups it. `tokens` are all
    of it, prompt and answer; `fees`: server tools were used, whose fees are in `cost_usd`.
    """

    id: str
    at: float
    model: str
    day: str
    route: str
    outcome: str
    policy: str
    upstream: str
    key: str
    op: str
    cost_usd: Decimal
    tokens: int
    fees: bool
    emulated: bool


def in_order(
    path: str | Path, upstream: str, since: float, until: float, *, emulated: bool = False
) -> Iterator[Answer]:
    """From `since` (included) to `until` (not included), Unix seconds. A reader that stops early
    has read no more than it took. LedgerError for a file that is no ledger.
    """
    asked = {"upstream": upstream, "since": since, "until": until, "emulated": emulated}
    with reading(path) as db:
        for *facts, cost, tokens, fees in db.execute(Statements.load()["in_order"], asked):
            told = (*facts, Decimal(cost).scaleb(-12), tokens, bool(fees), emulated)
            yield Answer(*told)
