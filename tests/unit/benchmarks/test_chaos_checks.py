"""Each promise of the chaos suite can be broken: what is wrong is seen, and only that."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest
from benchmarks.chaos_checks import MEMORY, Held, Seen, Truth, causes, promises
from benchmarks.chaos_client import DEADLINE, Got, Wish
from benchmarks.chaos_storm import Door, Storm
from msgspec.structs import replace

from fairlead.canon import Usage
from fairlead.emulator import EmulatorThread, Entry
from fairlead.ledger.record import Record

KIND = ("openai", True, "Hello?")
QUIET = Held(0, 7, 30, 3, 3, 100_000)


def got(name: str, **more) -> Got:
    whole = {"status": 200, "text": "Hello you.", "whole": True, "seconds": 0.1, "id": name}
    return Got(Wish(1, *KIND), **(whole | more))


def record(name: str, **more) -> Record:
    whole = {"outcome": "ok", "status": 200, "upstream": "one", "usage": Usage(input=10, output=3)}
    return Record(
        id=name, at=0.0, dialect="openai_chat", asked_model="m", cost_usd=Decimal(0),
        **(whole | more),
    )  # fmt: skip


def entry(**tokens: int) -> Entry:
    return Entry("req", "anthropic", "m", "/v1/messages", "generate", 200, True, "k", "ok", tokens)


def run() -> Seen:
    """Three requests: answered; answered elsewhere after one broke off; a stream that broke."""
    broken = replace(Usage(input=9, output=1), estimated=True)
    return Seen(
        [
            got("a"),
            got("b"),
            got("c", text="Hel", error=True),
            got("d", status=503, text="", error=True),
        ],
        {KIND: Truth("Hello you.", Counter(input=10, output=3))},
        others=0,
        records=[
            record("a"),
            record("b.1", op="attempt", outcome="upstream_error", usage=broken),
            record("b", upstream="two"),
            record("c", outcome="stream_broken", usage=broken),
            record("d", outcome="upstream_error", status=503, usage=None),
        ],
        open_=0,
        sums={"input": 38, "output": 8},
        books={
            "one": [entry(input=10, output=3), entry(input=10, output=2), entry(input=10)],
            "two": [entry(input=10, output=3), entry()],
        },
        met={"reset": 4},
        before=QUIET,
        after=QUIET,
    )


def broken(seen: Seen) -> list[str]:
    return [promise for promise, _, wrong in promises(seen) if wrong]


def test_what_is_right_breaks_no_promise() -> None:
    assert broken(run()) == []


def _got(number: int, **change) -> Callable[[Seen], None]:
    def do(seen: Seen) -> None:
        for name, value in change.items():
            setattr(seen.got[number], name, value)

    return do


def _record(number: int, **change) -> Callable[[Seen], None]:
    def do(seen: Seen) -> None:
        seen.records[number] = replace(seen.records[number], **change)

    return do


def _after(**change) -> Callable[[Seen], None]:
    def do(seen: Seen) -> None:
        seen.after = replace(seen.after, **change)

    return do


SABOTAGE: list[tuple[str, Callable[[Seen], object]]] = [
    ("a right answer", _got(0, text="Hello")),
    ("a right answer", _got(0, text="Hello you. you.")),
    ("a stream that broke", _got(2, text="Hello you. And more")),
    ("an error: told in its dialect", _got(3, error=False)),
    ("within its deadline", _got(1, seconds=DEADLINE + 60)),
    ("complete HTTP", _got(1, whole=False)),
    ("every fault was met", lambda seen: seen.met.update(dns=0)),
    ("ledger rows = accepted", lambda seen: seen.records.pop(3)),
    ("ledger rows = accepted", lambda seen: seen.records.append(seen.records[0])),
    ("ledger rows = accepted", lambda seen: setattr(seen, "open_", 1)),
    ("a record says what the client saw", _record(0, outcome="upstream_error")),
    ("a record says what the client saw", _record(4, outcome="ok")),
    ("usage to the token", _record(0, usage=Usage(input=10, output=2))),
    ("usage to the token", _record(2, usage=replace(Usage(input=10, output=3), estimated=True))),
    ("books = ledger", _record(0, usage=Usage(input=10, output=4))),
    ("books = ledger", _record(0, upstream="two")),
    ("books = ledger", lambda seen: seen.books["two"].clear()),
    ("what broke off", lambda seen: seen.books["two"].append(entry(input=10))),
    ("what broke off", _record(3, usage=None)),
    ("the ledger's sums", lambda seen: seen.sums.update(output=9)),
    ("nothing in flight", _after(in_flight=1)),
    ("no connection left behind", _after(connections=4)),
    ("no task left behind", _after(tasks=8)),
    ("no file left open", _after(files=31)),
    ("memory flat", _after(memory=QUIET.memory + MEMORY + 1)),
]


@pytest.mark.parametrize(("promise", "sabotage"), SABOTAGE)
def test_each_promise_can_be_broken(promise, sabotage) -> None:
    seen = run()
    sabotage(seen)
    assert any(name.startswith(promise) for name in broken(seen))


def test_every_promise_is_in_the_list_of_what_was_broken() -> None:
    names = {name for name, _ in SABOTAGE}
    assert [p for p, _, _ in promises(run()) if not p.startswith(tuple(names))] == []


def test_connections_that_are_kept_are_no_open_files() -> None:
    seen = run()
    _after(files=35, idle=8, connections=8)(seen)
    assert broken(seen) == []


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"error_message": "m at one is not asked for now: 500"}, "every deployment left was shut"),
        ({"error_message": "the time for this request is over"}, "its deadline"),
        ({"error_kind": "rate_limited", "status": 429}, "the vendors' limits"),
        ({"error_kind": "upstream", "status": 502}, "broke off everywhere"),
        ({"error_kind": "overloaded", "status": 503}, "the vendors' errors"),
        ({"error_kind": "unsupported", "status": 400}, "another"),
    ],
)
def test_errors_by_cause(change, cause) -> None:
    seen = run()
    _record(4, **change)(seen)
    found = causes(seen)
    assert found.total() == 2
    assert found["the stream broke after its first byte"] == 1
    assert any(name.startswith(cause) for name in found)


def test_what_flaps_comes_and_goes() -> None:
    with EmulatorThread() as emulator:
        door = Door(emulator)
        storm = Storm([door], 1)
        door.strike("500", 1.0)
        storm._flapping, storm._on = [(door, "500", 1.0)], True
        storm.flap()
        assert len(emulator.faults) == 0
        storm.flap()
        assert len(emulator.faults) == 1
        storm.change()
        storm.calm()
        assert len(emulator.faults) == 0
