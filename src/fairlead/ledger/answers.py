"""The ledger's answers one by one: all of a time, or windows of rows spread evenly over it.

Sums (`traffic`) say what was used; some questions need each answer with those before it: what a
prompt cache would have held, where a policy would have sent it. A ledger has too many answers to
ask that of all, so at most `most` are read. Windows of neighbours are, not single rows: prompts
that began alike stand near each other. What stands shortly before a window is read too, and marked
as not counted: a cache would not have been empty at its beginning.
"""

import sqlite3
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from fairlead.canon import Usage
from fairlead.ledger.query import reading
from fairlead.ledger.sizes import reuse_size_of, size_of
from fairlead.ledger.statements import statements

__all__ = ["Answer", "Sample", "answers"]

WINDOWS = 20
IN_WINDOWS = 0.4
"""Of the most that may be read, so much is where windows are: each is read with what is before."""
WARM = 3600.0
"""Seconds before the time asked for from which a cache may still be warm."""

_FOREVER = 1e18
_EPOCH = date(1970, 1, 1)


class Answer(Struct, frozen=True, gc=False):
    """One answer with usage. `at`: Unix seconds; `counted` is False for one that is only there for
    what it left in caches; `window` numbers the run of neighbours that it was read with.
    `decision` is the stored decision's JSON of a request that a policy sent, else empty. `usage`
    has the tokens, and whether thinking is known; `tier` and `region` stand beside it.
    """

    at: float
    day: date
    route: str
    model: str
    key_id: str
    dialect: str
    comparable: bool
    emulated: bool
    decision: str
    asked_model: str
    cost_pico_usd: int
    usage: Usage
    reuse_1h: int | None
    tier: str | None
    region: str | None
    prefix: bytes
    counted: bool
    window: int

    @property
    def size(self) -> int:
        """The prompt's class, as in `Traffic`."""
        return size_of(self.usage.prompt_total)

    @property
    def reuse_size(self) -> int:
        """The class of what was reused, as in `Traffic`."""
        return -1 if self.reuse_1h is None else reuse_size_of(self.reuse_1h)


class Sample(Struct, frozen=True):
    """Answers, oldest first within each window. `whole`: nothing of the time is left out. `rows` of
    the ledger are in the time, of any kind; `read` of them were looked at.
    """

    answers: tuple[Answer, ...]
    whole: bool
    rows: int
    read: int


def answers(
    path: str | Path,
    since: float | None = None,
    until: float | None = None,
    *,
    most: int = 20_000,
    decisions: bool = False,
) -> Sample:
    """Answers from `since` (included) to `until` (not included), Unix seconds: at most about `most`
    that count. `decisions`: read the stored decisions too.

    LedgerError for a file that is no ledger.
    """
    start, end = since or 0.0, _FOREVER if until is None else until
    sql = statements()
    with reading(path) as db:
        asked = {"since": start, "until": end, "most": most + 1}
        rows, first, last = db.execute(sql["answers_extent"], asked).fetchone()
        if rows <= most:
            found = db.execute(
                sql["answers_in_time"],
                {"since": start - WARM, "until": end, "decisions": decisions},
            )
            held = tuple(_answer(row, 0, counted=row[1] >= start) for row in found)
            return Sample(held, whole=True, rows=rows, read=rows)
        first, last = db.execute(sql["answers_ends"], asked).fetchone()
        return _windows(db, first, last, most, decisions=decisions, start=start, end=end)


def _windows(
    db: sqlite3.Connection,
    first: int,
    last: int,
    most: int,
    *,
    decisions: bool,
    start: float,
    end: float,
) -> Sample:
    """`WINDOWS` runs of neighbouring rows, each in the middle of its share of the rows."""
    statement = statements()["answers_in_row"]
    total = last - first + 1
    each, share = max(1, int(most * IN_WINDOWS) // WINDOWS), total / WINDOWS
    held: list[Answer] = []
    for window in range(WINDOWS):
        begin = first + int(share * window + (share - each) / 2)
        asked = {
            "first": max(first, begin - each),
            "last": begin + each - 1,
            "since": start,
            "until": end,
            "decisions": decisions,
        }
        near = db.execute(statement, asked)
        held += [_answer(row, window, counted=row[0] >= begin) for row in near]
    return Sample(tuple(held), whole=False, rows=total, read=WINDOWS * each)


def _answer(row: tuple[Any, ...], window: int, *, counted: bool) -> Answer:
    _, at, route, model, key, dialect, comparable, known, emulated, *rest = row
    decision, asked, cost, *tokens, reuse, tier, region, prefix = rest
    usage = (*tokens, bool(known))
    return Answer(
        at,
        _day(at),
        route,
        model,
        key or "",
        dialect,
        bool(comparable),
        bool(emulated),
        decision or "",
        asked,
        cost,
        Usage(*usage),
        reuse,
        tier,
        region,
        prefix or b"",
        counted,
        window,
    )


_days: dict[int, date] = {}


def _day(at: float) -> date:
    number = int(at // 86_400)
    found = _days.get(number)
    if found is None:
        found = _days[number] = _EPOCH + timedelta(days=number)
    return found
