"""Priced answers of one upstream, one by one in the order in which they were accepted."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec import Struct

from fairlead.ledger.query import reading
from fairlead.ledger.statements import statements

__all__ = ["Answer", "in_order", "models_of"]

_EPOCH = date(1970, 1, 1)
_CALLS = msgspec.json.Decoder(tuple[tuple[str, int], ...])


@lru_cache(maxsize=64)
def _day(number: int) -> str:
    return (_EPOCH + timedelta(days=number)).isoformat()


class Answer(Struct, frozen=True, gc=False):
    """What is summed of a priced answer, and by what: as `query.usage` groups it. `tokens` are all
    of it, prompt and answer; `server_calls`: the calls of server tools as JSON, whose fees are in
    the cost, else None.
    """

    id: str
    at: float
    model: str
    route: str
    outcome: str
    policy: str
    upstream: str
    key: str
    op: str
    cost_pico_usd: int
    tokens: int
    server_calls: str | None

    @property
    def day(self) -> str:
        """The UTC day, as `usage` names it."""
        return _day(int(self.at // 86_400))

    def calls(self, name: str) -> int:
        """How often it used a server tool."""
        if self.server_calls is None:
            return 0
        return sum(count for one, count in _CALLS.decode(self.server_calls) if one == name)


def in_order(
    path: str | Path,
    upstream: str,
    models: Iterable[str],
    since: float,
    until: float,
    *,
    emulated: bool = False,
    fees: bool = False,
) -> Iterator[Answer]:
    """From `since` (included) to `until` (not included), Unix seconds; with `fees` those alone that
    used a server tool. A reader that stops early has read no more than it took. LedgerError for a
    file that is no ledger.
    """
    asked = {
        "upstream": upstream,
        "models": msgspec.json.encode(list(models)).decode(),
        "since": since,
        "until": until,
        "emulated": emulated,
        "fees": fees,
    }
    with reading(path) as db:
        for row in db.execute(statements()["in_order"], asked):
            yield Answer(*row)


def models_of(path: str | Path) -> list[str]:
    """The models that the ledger has records of, and perhaps some names more."""
    with reading(path) as db:
        return [name for (name,) in db.execute(statements()["models_of_sums"])]
