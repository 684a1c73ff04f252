"""The promises of the chaos suite, held against what happened. Pure: each can be shown to fail."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from benchmarks.chaos_client import DEADLINE, Got, Kind
from fairlead.cost.price import BUCKETS
from fairlead.emulator import Entry
from fairlead.engine.attempted import MARK
from fairlead.ledger.record import Record

__all__ = ["Held", "Promise", "Seen", "Truth", "causes", "promises", "told"]

SLACK: Final = 3.0
"""Seconds beyond the deadline for a busy machine to tell of it."""
MEMORY: Final = 32 * 1024
"""KiB that resident memory may vary by: allocators keep what they had."""

Promise = tuple[str, int, int]
"""What was promised, of how many, and how many broke it."""
Tokens = frozenset[tuple[str, int]]


class Truth(Struct, frozen=True):
    """An answer without faults: its text, and what the vendor billed for it."""

    text: str
    tokens: Counter[str]


class Held(Struct, frozen=True):
    """What the gateway's process holds when nothing is to do. `memory` is KiB; `idle` of the
    `connections` to vendors are kept for the next request, which is no leak.
    """

    in_flight: int
    tasks: int
    files: int
    connections: int
    idle: int
    memory: int


class Seen(Struct):
    """All of a run. `others` are requests beside the storm, `open_` acceptances without a record;
    `books` are what each emulator noted, by upstream; `sums` the ledger's own, by bucket; `met`
    how often each fault was met; `before` and `after` the process without work.
    """

    got: list[Got]
    answers: dict[Kind, Truth]
    others: int
    records: list[Record]
    open_: int
    sums: dict[str, int]
    books: dict[str, list[Entry]]
    met: dict[str, int]
    before: Held
    after: Held


def told(record: Record) -> Counter[str]:
    """Tokens by bucket of a record."""
    held = {} if record.usage is None else asdict(record.usage)
    return Counter({kind: held[kind] for kind in BUCKETS if held.get(kind)})


def _guessed(record: Record) -> bool:
    return record.usage is None or record.usage.estimated


def _key(upstream: str | None, tokens: dict[str, int]) -> tuple[str | None, Tokens]:
    return upstream, frozenset((kind, n) for kind, n in tokens.items() if n)


def promises(seen: Seen) -> list[Promise]:
    """Each promise, held against what was seen."""
    return [*_answers(seen), *_ledger(seen), *_bill(seen), *_leaks(seen)]


def _answers(seen: Seen) -> list[Promise]:
    heard = [each for each in seen.got if not each.left]
    good = [each for each in heard if each.status == 200 and not each.error]
    broken = [each for each in heard if each.status == 200 and each.error]
    failed = [each for each in heard if each.status != 200]

    def text(each: Got) -> str:
        return seen.answers[each.wish.kind].text

    return [
        ("a right answer: text neither missing nor twice", len(good),
         sum(each.text != text(each) for each in good)),
        ("a stream that broke: a beginning of the answer, then its error", len(broken),
         sum(not text(each).startswith(each.text) for each in broken)),
        ("an error: told in its dialect", len(failed), sum(not each.error for each in failed)),
        ("within its deadline", len(heard),
         sum(each.seconds > DEADLINE + SLACK for each in heard)),
        ("complete HTTP", len(heard), sum(not each.whole for each in heard)),
        ("every fault was met", len(seen.met), sum(not n for n in seen.met.values())),
    ]  # fmt: skip


def _ledger(seen: Seen) -> list[Promise]:
    rows = {record.id: record for record in seen.records if record.op == "generate"}
    twice = sum(record.op == "generate" for record in seen.records) - len(rows)
    sent = len(seen.got) + seen.others  # those that left had sent all of their request
    heard = [each for each in seen.got if not each.left]
    good = [each for each in heard if each.status == 200 and not each.error]
    exact = 0
    for each in good:
        record = rows.get(each.id)
        if record is not None and not _guessed(record):
            exact += told(record) == seen.answers[each.wish.kind].tokens
    return [
        ("ledger rows = accepted requests", sent, abs(sent - len(rows)) + twice + seen.open_),
        ("a record says what the client saw", len(heard),
         sum(each.id not in rows or (rows[each.id].outcome == "ok") != (each.status == 200
             and not each.error) for each in heard)),
        ("usage to the token, where the answer was right", len(good), len(good) - exact),
    ]  # fmt: skip


def _bill(seen: Seen) -> list[Promise]:
    """A record whose usage the vendor told has its entry in that vendor's books; an entry without
    one is explained by a record of the same vendor that says to be an estimate.
    """
    entries = Counter(
        _key(name, entry.usage)
        for name, book in seen.books.items()
        for entry in book
        if any(entry.usage.values())
    )
    exact: Counter[tuple[str | None, Tokens]] = Counter()
    guesses: Counter[str | None] = Counter()
    sums: Counter[str] = Counter()
    for record in seen.records:
        tokens = told(record)
        sums.update(tokens)
        if tokens and _guessed(record):
            guesses[record.upstream] += 1
        elif tokens:
            exact[_key(record.upstream, tokens)] += 1
    left = entries - exact
    unexplained = Counter[str | None]()
    for (name, _), n in left.items():
        unexplained[name] += n
    same, apart = _tokens(exact), _tokens(left)
    guessed = sum(sums.values()) - same
    return [
        (f"books = ledger: {same:,} tokens told by both", exact.total(),
         (exact - entries).total()),
        (f"what broke off: {apart:,} tokens in the books, estimated as {guessed:,}", left.total(),
         (unexplained - guesses).total()),
        ("the ledger's sums are its rows'", len(seen.records),
         sum(seen.sums.get(kind, 0) != sums[kind] for kind in BUCKETS)),
    ]  # fmt: skip


def _tokens(counted: Counter[tuple[str | None, Tokens]]) -> int:
    return sum(times * sum(n for _, n in tokens) for (_, tokens), times in counted.items())


def _leaks(seen: Seen) -> list[Promise]:
    before, after, many = seen.before, seen.after, len(seen.got)
    sockets = after.idle - before.idle
    return [
        ("nothing in flight at the end", many, after.in_flight),
        ("no connection left behind (idle ones are kept)", many, after.connections - after.idle),
        (f"no task left behind ({before.tasks} before, {after.tasks} after)", many,
         max(0, after.tasks - before.tasks)),
        (f"no file left open ({before.files}, {after.files}; {sockets:+} kept connections)", many,
         max(0, after.files - before.files - sockets)),
        (f"memory flat ({(after.memory - before.memory) / 1024:+.1f} MiB)", many,
         int(after.memory - before.memory > MEMORY)),
    ]  # fmt: skip


Says = Callable[[Record, str], bool]

CAUSES: Final[Sequence[tuple[str, Says]]] = (
    ("the stream broke after its first byte", lambda r, _: r.outcome == "stream_broken"),
    ("every deployment left was shut, the next probe too late",
     lambda _, said: "is not asked for now" in said),
    ("its deadline", lambda _, said: "time for this request is over" in said
     or "took longer than the total time" in said),
    ("the vendors' limits (429), retries used up", lambda r, _: r.error_kind == "rate_limited"),
    ("an answer that was billed cannot be read", lambda _, said: "cannot be read" in said),
    ("broke off everywhere it was sent, never asked twice at one place",
     lambda r, _: r.error_kind in {"upstream", "upstream_timeout", "upstream_unreachable"}
     and r.status in {502, 504}),
    ("the vendors' errors (5xx), retries used up",
     lambda r, _: r.error_kind in {"upstream", "overloaded"}),
)  # fmt: skip
"""Why a request ended as an error; the first that fits."""


def causes(seen: Seen) -> Counter[str]:
    """The requests that ended as an error, by cause."""
    rows: dict[str, Any] = {r.id: r for r in seen.records if MARK not in r.id}
    found: Counter[str] = Counter()
    for each in seen.got:
        if each.left or (each.status == 200 and not each.error):
            continue
        record = rows.get(each.id)
        said = (record.error_message or "") if record is not None else ""
        why = (name for name, says in CAUSES if record is not None and says(record, said))
        found[next(why, "another")] += 1
    return found
