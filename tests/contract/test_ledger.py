"""What every ledger owes its callers, run over each implementation that ships."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fairlead.canon import Loss, Usage
from fairlead.ledger import query
from fairlead.ledger.memory import MemoryLedger
from fairlead.ledger.record import Accepted, Ledger, Outcome, Record
from fairlead.ledger.sqlite import SqliteLedger


class Readable(Protocol):
    """A ledger and the way to read it back."""

    ledger: Ledger

    def show(self, request_id: str) -> Record | Accepted | None: ...
    def tail(self, count: int) -> list[Record]: ...
    def settled(self) -> bool: ...


class InMemory:
    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.show, self.tail, self.settled = self.ledger.show, self.ledger.tail, self.ledger.flush


class InFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = SqliteLedger(path)
        self.settled = self.ledger.flush

    def show(self, request_id: str) -> Record | Accepted | None:
        return query.show(self.path, request_id)

    def tail(self, count: int) -> list[Record]:
        return query.tail(self.path, count)


@pytest.fixture(params=["memory", "sqlite"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Readable]:
    made: Readable = InMemory() if request.param == "memory" else InFile(tmp_path / "ledger.db")
    yield made
    made.ledger.close()


def accepted(name: str) -> Accepted:
    return Accepted(name, 1_700_000_000.5, "openai_chat", "auto", "key_1", stream=True)


def record(name: str, outcome: Outcome = "ok") -> Record:
    return Record(
        id=name,
        at=1_700_000_000.5,
        dialect="openai_chat",
        asked_model="auto",
        outcome=outcome,
        status=200,
        stream=True,
        key_id="key_1",
        model="claude-haiku-4-5",
        usage=Usage(input=3, output=4, thinking_known=False, server_calls=(("web_search", 2),)),
        cost_usd=Decimal("0.000023"),
        losses=(Loss("cosmetic", "seed", "seed", "the model has no seed"),),
        decision=b'{"policy":"tree"}',
    )


def test_a_record_comes_back_as_it_went_in(book: Readable) -> None:
    book.ledger.accept(accepted("a"))
    book.ledger.add(record("a"))
    assert book.settled()
    assert book.show("a") == record("a")
    assert book.show("b") is None


def test_an_acceptance_shows_while_it_has_no_record(book: Readable) -> None:
    book.ledger.accept(accepted("a"))
    assert book.settled()
    assert book.show("a") == accepted("a")
    assert book.tail(5) == []
    book.ledger.add(record("a"))
    assert book.settled()
    assert book.show("a") == record("a")


def test_tail_gives_the_newest_first(book: Readable) -> None:
    for name in "abcd":
        book.ledger.add(record(name))
    assert book.settled()
    assert [r.id for r in book.tail(3)] == ["d", "c", "b"]
    assert book.tail(0) == []


def test_the_first_record_of_a_request_stands(book: Readable) -> None:
    book.ledger.add(record("a"))
    assert book.settled()
    book.ledger.add(record("a", "internal_error"))
    assert book.settled()
    assert book.tail(5) == [record("a")]


def test_close_writes_everything_and_settles_what_is_open(book: Readable) -> None:
    book.ledger.accept(accepted("open"))
    book.ledger.accept(accepted("done"))
    for at in range(300):
        book.ledger.add(record("done" if at == 0 else f"r{at}"))
    book.ledger.close()
    assert len(book.tail(1000)) == 301
    assert book.show("done") == record("done")
    left = book.show("open")
    assert isinstance(left, Record)
    assert (left.outcome, left.status, left.key_id, left.stream) == ("unknown", 0, "key_1", True)
    assert left.at == accepted("open").at


def test_closing_twice_is_harmless(book: Readable) -> None:
    book.ledger.add(record("a"))
    book.ledger.close()
    book.ledger.close()
    assert book.tail(5) == [record("a")]


token = st.integers(0, 2**40)
words = st.text(st.characters(codec="utf-8"), max_size=20)
maybe = st.none() | words
usages = st.none() | st.builds(
    Usage,
    **dict.fromkeys(
        (
            *("input", "input_audio", "cache_read", "cache_read_audio", "cache_write_5m"),
            *("cache_write_1h", "tool_input", "output", "output_audio", "output_image"),
            "thinking",
        ),
        token,
    ),
    thinking_known=st.booleans(),
    estimated=st.booleans(),
    tier=maybe,
    server_calls=st.lists(st.tuples(words, token), max_size=2).map(tuple),
)
millis = st.none() | st.floats(0, 1e9)
records = st.builds(
    Record,
    id=words,
    at=st.floats(0, 4e9),
    dialect=words,
    asked_model=words,
    outcome=st.sampled_from(["ok", "client_gone", "stream_broken", "unknown"]),
    status=st.integers(0, 599),
    stream=st.booleans(),
    key_id=maybe,
    model=maybe,
    upstream=maybe,
    route=words,
    policy=maybe,
    decision=words.map(str.encode),
    losses=st.lists(
        st.builds(Loss, st.sampled_from(["cosmetic", "semantic"]), words, words, words), max_size=2
    ).map(tuple),
    usage=usages,
    cost_usd=st.none() | st.decimals(0, 100_000, places=12),
    price_version=maybe,
    error_kind=maybe,
    error_message=maybe,
    queue_ms=millis,
    first_byte_ms=millis,
    first_token_ms=millis,
    last_ms=millis,
    emulated=st.booleans(),
)

numbers = count()  # an id counts once in a ledger, and all examples share one


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(records, max_size=10))
def test_every_record_survives_the_trip(book: Readable, many: list[Record]) -> None:
    many = [replace(one, id=f"{one.id}-{next(numbers)}") for one in many]
    for one in many:
        book.ledger.add(one)
    assert book.settled()
    assert [book.show(one.id) for one in many] == many
