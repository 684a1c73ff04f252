"""Reading what was said of answers, and the answers that may be judged.

Every function opens its own read-only connection: readers never hold up the writer.
"""

from pathlib import Path
from typing import Any

from msgspec import Struct

from fairlead.ledger.query import reading
from fairlead.ledger.statements import statements
from fairlead.ledger.verdict import Verdict

__all__ = ["Judged", "Request", "judged", "request", "verdicts_on", "verdicts_since"]

MOST = 200_000
"""Answers that are read at most, the newest."""
_FOREVER = 1e18


class Request(Struct, frozen=True):
    """What must be known of a request before a word on it is taken; `words` were said already."""

    at: float
    key_id: str | None
    op: str
    outcome: str
    model: str | None
    words: int = 0


class Judged(Struct, frozen=True, gc=False):
    """One answer that tells of its model's quality. `at`: Unix seconds. `task` is what the request
    was taken for, None where nobody looked; `policy_hash` the policy that chose the model; `copy`:
    a shadow's, of the request whose id stands before the last dot.
    """

    id: str
    at: float
    model: str
    policy: str
    policy_hash: str
    task: str | None
    left: bool = False
    empty: bool = False
    copy: bool = False


def request(path: str | Path, request_id: str) -> Request | None:
    """A request that has its record, None if there is none. LedgerError for no ledger."""
    with reading(path) as db:
        row = db.execute(statements()["judged_request"], (request_id,)).fetchone()
    return None if row is None else Request(*row)


def judged(
    path: str | Path,
    since: float,
    until: float | None = None,
    *,
    emulated: bool = False,
    most: int = MOST,
) -> list[Judged]:
    """Answers of models from `since` to before `until` (Unix seconds), at most the newest `most`.

    Those of the emulator are left out unless they are asked for. LedgerError for no ledger.
    """
    asked = {
        "since": since,
        "until": _FOREVER if until is None else until,
        "emulated": emulated,
        "most": most,
    }
    with reading(path) as db:
        rows = db.execute(statements()["answers_judged"], asked).fetchall()
    return [_judged(row) for row in rows]


def _judged(row: tuple[Any, ...]) -> Judged:
    id_, at, model, policy, hash_, task, seen, left, empty, copy = row
    told = task or ("other" if seen else None)  # a decision leaves its defaults out
    facts = bool(left), bool(empty), bool(copy)
    return Judged(id_, at, model, policy, hash_ or "", told, *facts)


def verdicts_since(path: str | Path, since: float) -> list[Verdict]:
    """The last word of each source on each request, of those said since (Unix seconds)."""
    with reading(path) as db:
        rows = db.execute(statements()["verdicts_since"], {"since": since}).fetchall()
    return [Verdict(*row) for row in rows]


def verdicts_on(path: str | Path, request_id: str) -> list[Verdict]:
    """All words on one request, the oldest first."""
    with reading(path) as db:
        rows = db.execute(statements()["verdicts_on"], (request_id,)).fetchall()
    return [Verdict(*row) for row in rows]
