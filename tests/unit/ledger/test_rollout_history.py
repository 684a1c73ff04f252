"""What happened to canaries, and their requests read back as trials."""

import sqlite3
import threading
from decimal import Decimal
from itertools import count
from pathlib import Path

import msgspec
import pytest

from fairlead.ledger import rollout
from fairlead.ledger.health import LedgerError
from fairlead.ledger.record import Record
from fairlead.ledger.rollout import CanaryHistory, Trials
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.verdict import Verdict
from fairlead.routing import Decision, Features, Moment, Step

AT = 1_790_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "ledger.db"
    SqliteLedger(file).close()
    return file


def decided(
    session: int | None, *, canary: bool = False, hash_: str = "h1", back: str = ""
) -> bytes:
    return Decision(
        policy="trial",
        policy_hash=hash_,
        path=(Step("in the share?", canary, "drew"),),
        ranked=("m",),
        candidates=(),
        reason="",
        features=Features(),
        moment=Moment(session=session, rolled_back=back),
    ).stored()


def put(path: Path, *records: Record, words: tuple[Verdict, ...] = ()) -> None:
    ledger = SqliteLedger(path)
    for record in records:
        ledger.add(record)
    for word in words:
        ledger.judge(word)
    ledger.close()


def record(number: int, decision: bytes, **more: object) -> Record:
    said: dict[str, object] = {
        "id": f"r{number}", "at": AT + number, "dialect": "openai_chat", "asked_model": "auto",
        "outcome": "ok", "status": 200, "policy": "trial", "decision": decision, "model": "m",
    }  # fmt: skip
    return Record(**(said | more))  # type: ignore[arg-type]


def test_the_newest_event_of_a_hash_says_how_it_stands(path: Path) -> None:
    times = count()
    history = CanaryHistory(path, clock=lambda: float(next(times)))
    assert history.standing() == {}
    begun = history.note("trial", "h1", "begun")
    assert history.note("trial", "h1", "begun") == begun, "once"
    back = history.note("trial", "h1", "rolled_back", "cost is 5 times", "[]")
    assert history.note("trial", "h1", "rolled_back", "again") == back, "the first reason stays"
    assert history.note("trial", "h1", "begun") == back, "a restart gives no share back"
    history.note("trial", "h2", "begun")
    standing = CanaryHistory(path).standing()
    assert {hash_: each.event for hash_, each in standing.items()} == {
        "h1": "rolled_back",
        "h2": "begun",
    }
    assert standing["h1"].reason == "cost is 5 times"
    history.note("trial", "h1", "resumed")
    assert history.standing()["h1"].event == "resumed"
    assert [each.event for each in history.of("trial")] == [
        "begun", "rolled_back", "begun", "resumed",
    ]  # fmt: skip
    assert history.of("other") == ()


def test_events_are_never_taken_back(path: Path) -> None:
    CanaryHistory(path).note("trial", "h1", "begun")
    db = sqlite3.connect(path)
    for change in ("UPDATE canary_events SET event = 'resumed'", "DELETE FROM canary_events"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(change)
    db.close()


def test_several_processes_note_one_roll_back(path: Path) -> None:
    threads = [
        threading.Thread(
            target=CanaryHistory(path).note, args=("trial", "h1", "rolled_back", f"by {n}")
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(CanaryHistory(path).of("trial")) == 1


def test_where_there_is_no_ledger_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(LedgerError):
        CanaryHistory(tmp_path / "none.db").note("trial", "h1", "begun")
    assert not (tmp_path / "none.db").exists()
    broken = tmp_path / "text.db"
    broken.write_text("no database at all, " * 100)
    with pytest.raises(LedgerError):
        CanaryHistory(broken).prepare()


def test_requests_come_back_with_their_arm(path: Path) -> None:
    put(
        path,
        record(1, decided(7, canary=True), cost_usd=None, outcome="upstream_error"),
        record(2, decided(8), stream=True, first_token_ms=30.0, last_ms=90.0),
        record(3, decided(8), first_token_ms=40.0),
        record(4, decided(9, hash_="h0")),
        record(5, decided(None)),
        record(6, decided(10, back="2026-09-21 10:00 UTC")),
        record(7, decided(11), op="shadow"),
        record(8, decided(12), policy="other"),
        record(9, b'{"policy_hash": 5}'),
        record(10, b""),
    )
    found = list(Trials(path, "trial", "h1", AT).read())
    assert [(each.session, each.canary, each.outcome) for each in found] == [
        (7, True, "upstream_error"), (8, False, "ok"), (8, False, "ok"),
    ]  # fmt: skip
    assert found[1].first_token_ms == 30
    assert found[2].first_token_ms is None, "an answer that was not streamed has no first token"


def test_what_a_request_was_tried_on_is_what_it_cost(path: Path) -> None:
    """A cascade's first answer, a hedge that came second: records of their own, under its id."""
    usd = Decimal("0.001")
    put(
        path,
        record(90, b"", id="r1.1", op="attempt", cost_usd=2 * usd),
        record(91, b"", id="r1.2", op="attempt", cost_usd=usd),
        record(92, b"", id="r1.shadow", op="shadow", cost_usd=50 * usd),
        record(93, b"", id="r10.1", op="attempt", cost_usd=50 * usd),
        record(94, b"", id="r2.1", op="attempt", cost_usd=usd),
        record(1, decided(7), cost_usd=usd),
        record(2, decided(8), outcome="upstream_error"),
        record(3, decided(9), cost_usd=usd),
    )
    found = [each.cost_usd for each in Trials(path, "trial", "h1", AT).read()]
    assert found == [pytest.approx(0.004), pytest.approx(0.001), pytest.approx(0.001)]


def test_a_second_look_reads_what_is_new(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "PIECE", 3)
    put(path, *(record(n, decided(n)) for n in range(10)))
    trials = Trials(path, "trial", "h1", AT + 2)
    assert [each.session for each in trials.read()] == list(range(2, 10)), "since a time"
    assert list(trials.read()) == []
    put(path, *(record(n, decided(n)) for n in range(10, 14)), record(99, decided(1, hash_="h0")))
    assert [each.session for each in trials.read()] == [10, 11, 12, 13]
    assert list(trials.read()) == []


def test_ratings_come_after_their_requests(path: Path) -> None:
    put(path, record(1, decided(7, canary=True)), record(2, decided(8)))
    trials = Trials(path, "trial", "h1", AT)
    assert list(trials.ratings()) == []
    put(
        path,
        words=(
            Verdict("r1", AT + 50, "user", 0.2),
            Verdict("r1", AT + 60, "user", 0.9),  # only the first word counts
            Verdict("r2", AT + 70, "grader:mine", 1.0),
            Verdict("r2", AT + 80, "signal:schema", 0.0),
            Verdict("r2", AT + 81, "signal:retry", 0.5),
            Verdict("r1", AT + 82, "signal:cascade:json", 0.0),
            Verdict("unknown", AT + 90, "user", 0.5),
        ),
    )
    found = [(each.session, each.canary, each.score) for each in trials.ratings()]
    assert found == [(7, True, 0.2), (8, False, 1.0)]
    assert list(trials.ratings()) == []
    assert list(trials.signals()) == [(8, False)], "each answer once, and no cascade's check"
    assert list(trials.signals()) == []


def test_figures_are_kept_as_they_were(path: Path) -> None:
    figures = msgspec.json.encode({"cost": [1, 5]}).decode()
    CanaryHistory(path).note("trial", "h1", "rolled_back", "why", figures)
    assert CanaryHistory(path).of("trial")[0].figures == figures
