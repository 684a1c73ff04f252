"""Answers one by one, whole or in windows."""

from collections import Counter
from pathlib import Path

import pytest

from fairlead.canon import Usage
from fairlead.ledger.answers import Sample, answers
from fairlead.ledger.record import Record
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.traffic import traffic

AT = 1_795_000_000.0


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("answers") / "ledger.db"
    ledger = SqliteLedger(path)
    for number in range(600):
        usage = Usage(input=number * 11 % 7_000 + 150_000 * (number % 50 == 0), output=3)
        ledger.add(
            Record(
                f"r{number}",
                AT + number,
                "anthropic",
                "m",
                "ok",
                200,
                model="m",
                usage=usage,
                prefix=bytes((number % 256,)),
                reuse_5m=0,
                reuse_1h=number * 7 % 5_000,
            )
        )
    ledger.add(Record("refused", AT + 700, "anthropic", "m", "refused", 400))
    ledger.close()
    return path


def test_all_of_them(path: Path) -> None:
    sample = answers(path)
    assert sample.whole
    assert (len(sample.answers), sample.rows) == (600, 601)
    assert [one.at for one in sample.answers] == sorted(one.at for one in sample.answers)
    assert all(one.counted for one in sample.answers)


def test_their_classes_are_those_of_the_sums(path: Path) -> None:
    found = Counter((one.size, one.reuse_size) for one in answers(path).answers)
    sums: Counter[tuple[int, int]] = Counter()
    for group in traffic(path):
        sums[group.size, group.reuse_size] += group.requests
    assert found == sums
    assert len(found) > 6


def test_what_came_shortly_before_does_not_count(path: Path) -> None:
    sample = answers(path, since=AT + 100, until=AT + 200)
    counted = [one for one in sample.answers if one.counted]
    assert [one.at for one in counted] == [AT + number for number in range(100, 200)]
    assert len(sample.answers) == 200


def windows(sample: Sample) -> list[list[float]]:
    found: dict[int, list[float]] = {}
    for one in sample.answers:
        if one.counted:
            found.setdefault(one.window, []).append(one.at)
    return list(found.values())


def test_windows_of_neighbours_when_there_are_too_many(path: Path) -> None:
    sample = answers(path, most=100)
    assert not sample.whole
    assert sample.read == 40
    found = windows(sample)
    assert len(found) == 20
    for run in found:
        assert run == [run[0] + at for at in range(2)]
    # Spread over all of the time, each with as many before it that do not count.
    assert found[0][0] < AT + 30
    assert found[-1][-1] > AT + 570
    assert sum(not one.counted for one in sample.answers) == 40


def test_decisions_are_read_when_asked_for(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    for number, policy in enumerate(("tree", "named", None)):
        ledger.add(
            Record(
                f"r{number}",
                AT,
                "anthropic",
                "auto",
                "ok",
                200,
                model="m",
                usage=Usage(input=1),
                policy=policy,
                decision=b'{"a":1}' if policy else b"",
            )
        )
    ledger.close()
    read = answers(tmp_path / "ledger.db", decisions=True).answers
    assert sorted(one.decision for one in read) == ["", "", '{"a":1}']
    assert all(not one.decision for one in answers(tmp_path / "ledger.db").answers)
