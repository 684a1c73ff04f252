"""A small mixed day, really run: what `make mixed` does with more sessions."""

from pathlib import Path

from benchmarks.day import SHARES, sessions
from benchmarks.mixed_day import MIXES, WAYS, costs


def test_the_same_seed_makes_the_same_day_and_shares_are_kept() -> None:
    assert list(sessions(20, 7)) == list(sessions(20, 7, SHARES))
    mostly = [each.kind for each in sessions(200, 7, MIXES["mostly documents"])]
    assert mostly.count("document") > 120
    assert "media" in {each.kind for each in sessions(50, 7, MIXES["mixed"])}


def test_each_way_is_billed_for_the_same_day(tmp_path: Path) -> None:
    found = {each.way: each for each in costs(tmp_path, "one-off questions", "article", 8, 7)}
    assert list(found) == list(WAYS)
    assert len({each.requests for each in found.values()}) == 1
    flash, haiku = found["always flash"].usd, found["always haiku"].usd
    assert 0 < flash < haiku
    assert flash <= found["cheapest"].usd < haiku
    assert flash < found["random"].usd < haiku
