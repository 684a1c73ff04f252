"""Reading the ledger: sums by model, day, key, ...; one request; the newest ones.

Every function opens its own read-only connection: readers never hold up the writer.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

from msgspec import Struct

from fairlead.canon import Failure
from fairlead.database.migrations import version
from fairlead.ledger import rows
from fairlead.ledger.health import LedgerError
from fairlead.ledger.parts import over_parts
from fairlead.ledger.record import Accepted, Record
from fairlead.ledger.span import Span
from fairlead.ledger.statements import statements

__all__ = [
    "TOKENS",
    "Dimension",
    "Report",
    "Sums",
    "attempts_of",
    "reading",
    "show",
    "tail",
    "usage",
]

Dimension = Literal["model", "day", "route", "outcome", "policy", "upstream", "key", "op"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

TOKENS = (
    *("input", "input_audio", "cache_read", "cache_read_audio", "cache_write_5m"),
    *("cache_write_1h", "tool_input", "output", "output_audio", "output_image", "thinking"),
)
"""Kinds of tokens, as in `canon.Usage`: the prompt's seven, then the answer's."""

_COUNTS = ("requests", "errors", "unknown", "unpriced", "emulated", "estimated")


class Sums(Struct, frozen=True, kw_only=True):
    """Sums over a group of requests.

    `group` holds the group's values in the order of `Report.by` (empty in the totals). `errors`:
    every outcome but an answer and a client that left; `unknown` of them: nobody saw the end.
    `unpriced`: the vendor told usage but no price was known, so `cost_usd` lacks them. `emulated`:
    answered by the emulator (their cost is computed, and nobody bills it). `estimated`: usage that
    the vendor did not state. Tokens by kind, as in `canon.Usage`. `cost_usd` is exact.
    """

    group: tuple[str, ...] = ()
    requests: int = 0
    errors: int = 0
    unknown: int = 0
    unpriced: int = 0
    emulated: int = 0
    estimated: int = 0
    input: int = 0
    input_audio: int = 0
    cache_read: int = 0
    cache_read_audio: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    tool_input: int = 0
    output: int = 0
    output_audio: int = 0
    output_image: int = 0
    thinking: int = 0
    cost_usd: Decimal = Decimal(0)

    @property
    def prompt_tokens(self) -> int:
        """All input-side tokens, cached ones included."""
        return sum(getattr(self, kind) for kind in TOKENS[:7])

    @property
    def completion_tokens(self) -> int:
        """All output-side tokens, thinking included."""
        return sum(getattr(self, kind) for kind in TOKENS[7:])


class Report(Struct, frozen=True):
    """`rows` by the dimensions in `by`, and the `totals` over all of them."""

    by: tuple[Dimension, ...]
    rows: tuple[Sums, ...]
    totals: Sums


def usage(
    path: str | Path,
    by: Sequence[Dimension] = ("model",),
    since: float | None = None,
    until: float | None = None,
) -> Report:
    """Sums from `since` (included) to `until` (not included), Unix seconds; None is unbounded.

    Days are UTC days. Failure for an unknown dimension, LedgerError for a file that is no ledger.
    """
    for name in by:
        if name not in DIMENSIONS:
            known = ", ".join(DIMENSIONS)
            raise Failure.invalid(f"{name!r} is no dimension", "by", hint=f"one of: {known}")
    asked: dict[str, object] = {f"by_{name}": name in by for name in DIMENSIONS}
    asked |= Span.between(since, until).parameters()
    with reading(path) as db:
        found = over_parts(db, "usage", asked)
    sums = tuple(_sums(row, by) for row in found)
    return Report(tuple(by), sums, _total(sums))


def show(path: str | Path, request_id: str) -> Record | Accepted | None:
    """One request's record; its acceptance while it has none; None if it was never accepted."""
    with reading(path) as db:
        sql = statements()
        found = db.execute(sql["show_record"], (request_id,)).fetchone()
        if found is not None:
            return rows.record(found)
        found = db.execute(sql["show_accepted"], (request_id,)).fetchone()
        return None if found is None else rows.accepted(found)


def attempts_of(path: str | Path, request_id: str) -> list[Record]:
    """What was billed for a request beside its answer (`engine.attempted`), in order."""
    with reading(path) as db:
        sql = statements()["attempts_of"]
        found = db.execute(sql, {"request": request_id}).fetchall()
    return [rows.record(row) for row in found]


def tail(path: str | Path, count: int = 20) -> list[Record]:
    """The newest records, newest first."""
    with reading(path) as db:
        found = db.execute(statements()["tail"], (max(count, 0),)).fetchall()
    return [rows.record(row) for row in found]


@contextmanager
def reading(path: str | Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection; what goes wrong is a LedgerError."""
    file = Path(path)
    if not file.is_file():
        raise LedgerError(f"there is no ledger at {file}", "it is made by the first `serve`")
    db = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)
    try:
        yield db
    except sqlite3.Error as error:
        raise _unreadable(db, file, error) from error
    finally:
        db.close()


def _unreadable(db: sqlite3.Connection, file: Path, error: sqlite3.Error) -> LedgerError:
    newest = statements().migrations()[-1][0]
    with suppress(sqlite3.Error):
        found = version(db, "ledger")
        if found == 0:  # the file may be there for the virtual keys alone
            return LedgerError(f"there is no ledger in {file} yet", "the first `serve` makes it")
        if found < newest:
            return LedgerError(
                f"the ledger {file} is of schema version {found}, older than {newest}",
                "start `fairlead serve` once with it: that brings it up to date",
            )
    return LedgerError(
        f"the ledger {file} cannot be read: {error}",
        "check that it is a Fairlead ledger and that you may read it",
    )


def _sums(row: sqlite3.Row, by: Sequence[Dimension]) -> Sums:
    numbers: dict[str, Any] = {name: row[name] for name in (*_COUNTS, *TOKENS)}
    cost = Decimal(row["cost_pico_usd"]).scaleb(-12)
    return Sums(group=tuple(row[name] for name in by), cost_usd=cost, **numbers)


def _total(sums: tuple[Sums, ...]) -> Sums:
    numbers: dict[str, Any] = {
        name: sum(getattr(one, name) for one in sums) for name in (*_COUNTS, *TOKENS)
    }
    return Sums(cost_usd=sum((one.cost_usd for one in sums), Decimal(0)), **numbers)
