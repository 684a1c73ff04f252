"""Verdicts in the ledger: written by its thread, last word counts, append-only, spilled and back."""

import sqlite3
from decimal import Decimal

import pytest
from msgspec.structs import replace

from fairlead.canon import Usage
from fairlead.ledger.memory import MemoryLedger
from fairlead.ledger.record import Record
from fairlead.ledger.spill import Spill
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.verdict import Verdict
from fairlead.ledger.verdicts import judged, request, verdicts_on, verdicts_since

UP = Verdict("a", 10.0, "user", 1.0)
DOWN = replace(UP, at=11.0, score=0.0)
DECIDED = b'{"policy_hash":"h","features":{"prompt_tokens":9,"task":"math"}}'


def record(id_="a", **changes) -> Record:
    base = Record(
        id_, 5.0, "openai_chat", "auto", "ok", 200, key_id="k", model="m", policy="p",
        decision=DECIDED, usage=Usage(input=3, output=2), cost_usd=Decimal(1),
    )  # fmt: skip
    return replace(base, **changes)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


def kept(path, *entries):
    ledger = SqliteLedger(path)
    for entry in entries:
        (ledger.judge if isinstance(entry, Verdict) else ledger.add)(entry)
    ledger.close()


def test_the_last_word_counts_and_the_same_again_adds_nothing(path) -> None:
    kept(path, UP, replace(UP, at=12.0), DOWN, replace(DOWN, at=13.0), UP)
    assert [one.score for one in verdicts_on(path, "a")] == [1.0, 0.0, 1.0]
    assert verdicts_since(path, 0) == [UP]
    assert verdicts_since(path, 20) == []


def test_sources_and_requests_stand_apart(path) -> None:
    grader = Verdict("a", 10.0, "grader:schema", 0.0, "math", "wrong key")
    task = Verdict("b", 10.0, "user", None, "chat")
    kept(path, UP, grader, task)
    assert verdicts_on(path, "a") == [UP, grader]
    assert [one.comment for one in verdicts_since(path, 0)] == [None, None, None]
    assert verdicts_on(path, "b") == [task]


def test_a_memory_ledger_does_the_same() -> None:
    ledger = MemoryLedger()
    for one in (UP, replace(UP, at=12.0), DOWN, UP):
        ledger.judge(one)
    assert ledger.verdicts("a") == [UP, DOWN, UP]


def test_a_verdict_is_never_changed(path) -> None:
    kept(path, UP)
    db = sqlite3.connect(path)
    for change in ("UPDATE verdicts SET score = 0", "DELETE FROM verdicts"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(change)
    db.close()


def test_a_spilled_verdict_comes_back(path) -> None:
    kept(path, record())
    Spill(path, "0123").append([UP, record("b")])
    SqliteLedger(path).close()
    assert verdicts_on(path, "a") == [UP]


def test_a_word_that_sqlite_refuses_is_cleaned(path) -> None:
    kept(path, replace(UP, comment="\ud800"), DOWN)
    assert [one.comment for one in verdicts_on(path, "a")] == ["?", None]


def test_what_is_known_of_a_request(path) -> None:
    kept(path, record(), UP, DOWN)
    found = request(path, "a")
    assert (found.key_id, found.op, found.outcome, found.model, found.words) == (
        "k", "generate", "ok", "m", 2,
    )  # fmt: skip
    assert request(path, "b") is None


def test_answers_that_tell_of_quality(path) -> None:
    kept(
        path,
        record(),
        record("other", decision=b'{"policy_hash":"h","features":{"prompt_tokens":9}}'),
        record("named", policy="named", decision=b'{"features":{}}'),
        record("left", outcome="client_gone"),
        record("empty", usage=Usage(input=3)),
        record("emulated", emulated=True),
        record("broken", outcome="stream_broken"),
        record("counted", op="count_tokens"),
        record("late", at=99.0),
        record("a.shadow", op="shadow"),
    )
    found = {one.id: one for one in judged(path, 0, 50)}
    assert set(found) == {"a", "a.shadow", "other", "named", "left", "empty"}
    assert [one.id for one in found.values() if one.copy] == ["a.shadow"]
    assert (found["a"].task, found["a"].policy_hash, found["a"].policy) == ("math", "h", "p")
    assert (found["other"].task, found["named"].task) == ("other", None)
    assert [one.id for one in found.values() if one.left] == ["left"]
    assert [one.id for one in found.values() if one.empty] == ["empty"]
    assert "emulated" in {one.id for one in judged(path, 0, 50, emulated=True)}
    assert len(judged(path, 0, most=2)) == 2


def test_an_attempt_counts_where_something_was_said_of_it(path) -> None:
    kept(
        path,
        record("r"),
        record("r.1", op="attempt", model="cheap", decision=b""),
        record("r.2", op="attempt", model="hedge", decision=b""),
        Verdict("r.1", 10.0, "grader:x", 0.0),
    )
    found = {one.id: (one.model, one.task) for one in judged(path, 0, 50)}
    assert found == {"r": ("m", "math"), "r.1": ("cheap", "math")}
