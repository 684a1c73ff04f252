"""The ledger in memory: for tests, and for a gateway that shall keep nothing."""

from collections import deque
from collections.abc import Callable

from msgspec.structs import replace

from fairlead.ledger.health import Health
from fairlead.ledger.record import Accepted, Record
from fairlead.ledger.verdict import Verdict

__all__ = ["MemoryLedger"]


class MemoryLedger:
    """A `Ledger` that holds the newest `keep` records. `on_record` is told of each (tests wait
    on it).

    As in the database: the first record of an id counts, and `close` gives every acceptance
    without one a record with the outcome `unknown`.
    """

    def __init__(
        self, keep: int = 100_000, on_record: Callable[[Record], None] | None = None
    ) -> None:
        self._keep = keep
        self._on_record = on_record
        self._open: dict[str, Accepted] = {}
        self._records: dict[str, Record] = {}
        self._order: deque[str] = deque()
        self._verdicts: deque[Verdict] = deque(maxlen=keep)
        self._closed = False

    def accept(self, accepted: Accepted) -> None:
        """Journal an acceptance."""
        if accepted.id not in self._records:
            self._open.setdefault(accepted.id, accepted)

    def add(self, record: Record) -> None:
        """Keep a record."""
        if record.id in self._records:
            return
        self._open.pop(record.id, None)
        self._records[record.id] = record
        self._order.append(record.id)
        if len(self._order) > self._keep:
            del self._records[self._order.popleft()]
        if self._on_record is not None:
            self._on_record(record)

    def judge(self, verdict: Verdict) -> None:
        """Keep a word on an answer, unless it is what the same source said last."""
        last = [one for one in self.verdicts(verdict.id) if one.source == verdict.source][-1:]
        if [replace(one, at=verdict.at) for one in last] != [verdict]:
            self._verdicts.append(verdict)

    def verdicts(self, request_id: str) -> list[Verdict]:
        """All words on one request, the oldest first."""
        return [one for one in self._verdicts if one.id == request_id]

    def flush(self, timeout: float = 10.0) -> bool:
        """Everything is always where it belongs."""
        del timeout
        return True

    def close(self) -> None:
        """Settle what is still open."""
        for accepted in list(self._open.values()):
            self.add(unknown(accepted))

    def health(self) -> Health:
        """Always well."""
        return Health(ok=True, written=len(self._records) + len(self._open))

    def show(self, request_id: str) -> Record | Accepted | None:
        """One request's record, or its acceptance while it has none."""
        return self._records.get(request_id) or self._open.get(request_id)

    def tail(self, count: int) -> list[Record]:
        """The newest records, newest first."""
        newest = list(self._order)[::-1][:count]
        return [self._records[request_id] for request_id in newest]


def unknown(accepted: Accepted) -> Record:
    """The record of a request whose end nobody saw."""
    return Record(
        id=accepted.id,
        at=accepted.at,
        dialect=accepted.dialect,
        asked_model=accepted.asked_model,
        outcome="unknown",
        status=0,
        stream=accepted.stream,
        key_id=accepted.key_id,
        error_message="the gateway process ended before this request did",
        op=accepted.op,
    )
