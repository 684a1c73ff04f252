"""What happened to canaries (begun, rolled back, resumed), and their requests as trials are read.

The history lies in the ledger's file, append-only, so that every process of the machine and every
restart knows it. No connection is held between calls, so any thread may call anything.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from fairlead.database.migrations import migrate
from fairlead.database.statements import Statements
from fairlead.database.transaction import transaction
from fairlead.ledger.health import LedgerError
from fairlead.ledger.query import reading

__all__ = ["CanaryEvent", "CanaryHistory", "Event", "Rated", "Trials", "Tried"]

Event = Literal["begun", "rolled_back", "resumed"]
PIECE = 500
"""Records read at once: some milliseconds in which a thread holds the interpreter."""


class CanaryEvent(Struct, frozen=True):
    """One event of the canary that `policy_hash` names. `at`: Unix seconds; `figures`: JSON."""

    at: float
    policy: str
    policy_hash: str
    event: Event
    reason: str = ""
    figures: str = ""


class Tried(Struct, frozen=True, gc=False):
    """One request of a canary. `seq` numbers it; `session` and `canary` say whose it was. Times are
    milliseconds after acceptance, None where they were not measured; `first_token_ms` of streamed
    answers only. `outcome` as in `Record`.
    """

    seq: int
    at: float
    session: int
    canary: bool
    outcome: str
    cost_usd: float | None
    first_token_ms: float | None
    last_ms: float | None


class Rated(Struct, frozen=True, gc=False):
    """What somebody said of one request's answer; `seq` numbers the word."""

    seq: int
    at: float
    session: int
    canary: bool
    score: float


class _Step(Struct, frozen=True):
    answer: bool


class _Moment(Struct, frozen=True):
    session: int | None = None
    rolled_back: str = ""


class _Decided(Struct, frozen=True):
    """What of a stored decision says whose a request was."""

    policy_hash: str
    path: tuple[_Step, ...]
    moment: _Moment | None = None


_decode = msgspec.json.Decoder(_Decided).decode


class CanaryHistory:
    """The canaries' events in the ledger file `path`. LedgerError when it cannot be used."""

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = Path(path)
        self._clock = clock

    def prepare(self) -> None:
        """Make the table where it is not there yet."""
        with self._writing() as db:
            _migrate(db, self._clock())

    def note(
        self, policy: str, policy_hash: str, event: Event, reason: str = "", figures: str = ""
    ) -> CanaryEvent:
        """Note an event, unless it says what the last one does; how the canary stands then."""
        with self._writing() as db:
            _migrate(db, self._clock())
            with transaction(db):
                row = db.execute(_sql()["last_event"], (policy_hash,)).fetchone()
                last = None if row is None else CanaryEvent(*row)
                if last is not None and event in (last.event, "begun"):
                    return last
                new = CanaryEvent(self._clock(), policy, policy_hash, event, reason, figures)
                db.execute(_sql()["insert_event"], msgspec.structs.astuple(new))
        return new

    def standing(self) -> dict[str, CanaryEvent]:
        """The newest event of each canary, by the policy's hash."""
        return {each.policy_hash: each for each in self._read("standing")}

    def of(self, policy: str) -> tuple[CanaryEvent, ...]:
        """All that happened to canaries of that name, the oldest first."""
        return tuple(self._read("history", policy))

    def _read(self, name: str, *values: str) -> list[CanaryEvent]:
        with reading(self._path) as db:
            try:
                rows = db.execute(_sql()[name], values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):  # nobody has served a canary yet
                    return []
                raise
        return [CanaryEvent(*row) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        # Only a file that is there already: the ledger makes it, for its owner alone.
        try:
            db = sqlite3.connect(
                f"{self._path.resolve().as_uri()}?mode=rw",
                uri=True,
                timeout=5.0,
                isolation_level=None,
            )
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        try:
            yield db
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        finally:
            db.close()

    def _unusable(self, error: sqlite3.Error) -> LedgerError:
        return LedgerError(
            f"the canaries' history in {self._path} cannot be used: {error}",
            "it is made by the first `serve`; check that you may write to the file",
        )


class Trials:
    """Reads the requests that a canary divided since a point in time (Unix seconds), and what was
    said of them, each once: a second `read` gives what has come since the first. Those of a session
    that nobody could draw for, and those while it was rolled back, are of no arm and left out.

    The database is read in pieces, with `pause` seconds between them: a thread beside requests lets
    them through. LedgerError for a file that is no ledger.
    """

    def __init__(
        self, path: str | Path, policy: str, policy_hash: str, since: float, pause: float = 0.0
    ) -> None:
        self._path = Path(path)
        self._pause = pause
        self._policy, self._hash, self._since = policy, policy_hash, since
        self._row: int | None = None
        self._word = self._sign = 0

    def read(self) -> Iterator[Tried]:
        """Requests in the order in which they were written."""
        with reading(self._path) as db:
            if self._row is None:
                self._row = db.execute(_sql()["before_time"], (self._since,)).fetchone()[0]
            newest = db.execute(_sql()["newest_row"]).fetchone()[0]
            for seq, at, decision, outcome, pico, stream, first, last in self._pieces(
                db, "trials", self._row, newest
            ):
                arm = self._arm(at, decision)
                if arm is not None:
                    cost = None if pico is None else pico * 1e-12
                    yield Tried(seq, at, *arm, outcome, cost, first if stream else None, last)
            self._row = newest

    def ratings(self) -> Iterator[Rated]:
        """What was said of them; the first word of each source on a request counts."""
        with reading(self._path) as db:
            newest = db.execute(_sql()["newest_word"]).fetchone()[0]
            for seq, at, decision, score in self._pieces(db, "ratings", self._word, newest):
                arm = self._arm(at, decision)
                if arm is not None:
                    yield Rated(seq, at, *arm, score)
            self._word = newest

    def signals(self) -> Iterator[tuple[int, bool]]:
        """Session and arm of each of them whose answer carries a bad signal."""
        with reading(self._path) as db:
            newest = db.execute(_sql()["newest_word"]).fetchone()[0]
            for _, at, decision in self._pieces(db, "signals", self._sign, newest):
                arm = self._arm(at, decision)
                if arm is not None:
                    yield arm
            self._sign = newest

    def _pieces(
        self, db: sqlite3.Connection, name: str, after: int, newest: int
    ) -> Iterator[tuple[Any, ...]]:
        """Rows up to `newest`; whatever is behind it comes the next time."""
        while True:
            asked = {"after": after, "newest": newest, "policy": self._policy, "most": PIECE}
            rows = db.execute(_sql()[name], asked).fetchall()
            yield from rows
            if len(rows) < PIECE:
                return
            after = rows[-1][0]
            time.sleep(self._pause)

    def _arm(self, at: float, decision: str | bytes) -> tuple[int, bool] | None:
        """The session, and whether it was the canary's; None where it was nobody's."""
        try:
            decided = _decode(decision)
        except msgspec.MsgspecError:
            return None  # of an older form
        moment = decided.moment
        if decided.policy_hash != self._hash or moment is None or at < self._since:
            return None
        if moment.session is None or moment.rolled_back:
            return None
        return moment.session, bool(decided.path) and decided.path[0].answer


@lru_cache(maxsize=1)
def _sql() -> Statements:
    return Statements.read("fairlead.ledger", "rollout.sql")


def _migrate(db: sqlite3.Connection, now: float) -> None:
    migrate(db, "rollout", _sql(), now, newer_is_well=True)
