"""A small mixed day, really run: what `make mixed` does with more sessions."""

from decimal import Decimal
from pathlib import Path

from benchmarks.day import SHARES, sessions
from benchmarks.mixed_day import MIXES, PAIRS, Answer, Result, better, given, judged, results
from benchmarks.tasked_day import TASKS, tasked

FLASH, HAIKU = PAIRS["article"]
PLAYED = ("always flash", "always haiku", "random", "held", "held, blind")


def test_the_same_seed_makes_the_same_day_and_shares_are_kept() -> None:
    assert list(sessions(20, 7)) == list(sessions(20, 7, SHARES))
    mostly = [each.kind for each in sessions(200, 7, MIXES["mostly documents"])]
    assert mostly.count("document") > 120
    assert "media" in {each.kind for each in sessions(50, 7, MIXES["mixed"])}


def test_each_turn_has_a_task_of_its_kind_of_session() -> None:
    day = list(tasked(60, 7, MIXES["mixed"]))
    assert day == list(tasked(60, 7, MIXES["mixed"]))
    assert all(len(each.tasks) == len(each.session.turns) for each in day)
    assert all(set(each.tasks) <= set(TASKS[each.session.kind]) for each in day)
    assert len({task for each in day for task in each.tasks}) > 8


def test_what_nobody_took_is_not_held_and_more_held_is_better() -> None:
    by = given(PAIRS["article"])
    assert by["coding"][HAIKU] - by["coding"][FLASH] > 1
    assert judged([Answer("coding", HAIKU), Answer("coding", FLASH)], by) == (0.5, 4.0)
    assert judged([Answer("audio", None), Answer("other", None)], by) == (0.0, 0.0)
    cheap = Result("mixed", "always flash", 2, 0, Decimal(1), 0.5, 4.0)
    good = Result("mixed", "always haiku", 2, 0, Decimal(3), 0.9, 4.5)
    assert better({"always flash": cheap, "always haiku": good}) is good


def test_each_way_is_billed_for_the_same_day(tmp_path: Path) -> None:
    day = results(tmp_path, "without media", "article", 5, 7, told=True, ways=PLAYED)
    found = {each.way: each for each in day}
    assert tuple(found) == PLAYED
    assert len({each.requests for each in found.values()}) == 1
    flash, haiku = found["always flash"], found["always haiku"]
    assert 0 < flash.usd < haiku.usd
    assert flash.usd < found["random"].usd < haiku.usd
    held = found["held"]
    assert held.held == 1
    assert max(flash.held, haiku.held) <= held.held
    assert flash.usd <= held.usd < haiku.usd
