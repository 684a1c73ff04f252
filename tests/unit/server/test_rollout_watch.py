"""Canaries looked after: compared, rolled back, known to the next process, given their share."""

import logging
import time
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.unit.ledger.test_rollout_history import decided, put, record

from fairlead.canon import Failure
from fairlead.ledger.rollout import CanaryHistory
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.routing import Policy, parse_policies
from fairlead.server.canary_report import canary_report, canary_states, resume, roll_back
from fairlead.server.rollout import RolloutWatch, told_at

TEXT = """name = "trial"
version = "1"
[canary]
base = "always:flash"
policy = "always:haiku"
share = 0.5
max_cost_ratio = {most}
"""


def canary(most: float = 1.5) -> Policy:
    return parse_policies({"trial.toml": TEXT.format(most=most)}, {})["trial"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "ledger.db"
    SqliteLedger(file).close()
    return file


def traffic(path: Path, policy: Policy, *, times: int, first: int = 0) -> None:
    """Sixty sessions in each arm; the canary's cost so many times the control's."""
    put(
        path,
        *(
            record(
                n,
                decided(n, canary=n % 2 == 0, hash_=policy.hash),
                at=time.time(),
                cost_usd=Decimal("0.001") * (times if n % 2 == 0 else 1),
            )
            for n in range(first, first + 120)
        ),
    )


class Watch:
    """A watch whose flags are kept, and whose every look compares."""

    def __init__(self, path: Path, *policies: Policy) -> None:
        self.flags: dict[str, str] = {}
        ticks = iter(range(0, 1_000, 100))
        self._now = 0.0

        def swap(flags) -> None:
            self.flags = dict(flags)

        def clock() -> float:
            self._now = next(ticks) if self._now < 900 else self._now + 100
            return self._now

        self.watch = RolloutWatch(path, lambda: policies, swap, clock=clock)
        self.watch.begin()


def test_a_dear_canary_is_rolled_back_once_and_for_all(path, caplog) -> None:
    caplog.set_level(logging.INFO, "fairlead")
    policy = canary()
    first, beside = Watch(path, policy), Watch(path, policy)
    assert [each.event for each in CanaryHistory(path).of("trial")] == ["begun"]
    traffic(path, policy, times=1)
    first.watch.look()
    assert first.flags == {}
    traffic(path, policy, times=9, first=200)
    first.watch.look()
    event = CanaryHistory(path).of("trial")[1]
    assert first.flags == {policy.hash: told_at(event.at)}
    assert "canary trial" in caplog.text
    assert "is rolled back: cost is" in caplog.text
    first.watch.look()
    assert len(CanaryHistory(path).of("trial")) == 2

    beside.watch.look()
    assert beside.flags == first.flags, "another process on the same file"
    assert Watch(path, policy).flags == first.flags, "the next process knows it from the start"
    other = canary(most=2.0)
    assert other.hash not in Watch(path, other).flags, "a changed policy is another one"
    report = canary_report(path, policy)
    assert (report.state, report.reason) == ("rolled_back", event.reason)
    assert [each.state for each in canary_states(path, [policy, other])] == [
        "rolled_back", "running",
    ]  # fmt: skip


def test_what_was_before_a_resumption_does_not_count(path) -> None:
    policy, begun = canary(), time.time()
    ours = Watch(path, policy)
    traffic(path, policy, times=9)
    ours.watch.look()
    assert policy.hash in ours.flags
    resume(path, policy)
    ours.watch.look()
    assert ours.flags == {}
    ours.watch.look()
    assert ours.flags == {}, "the old figures roll nothing back again"
    assert canary_report(path, policy).requests == 0
    assert canary_report(path, policy, begun).requests == 120
    traffic(path, policy, times=9, first=2_000)
    ours.watch.look()
    assert policy.hash in ours.flags, "new ones do"


def test_by_hand(path) -> None:
    policy = canary()
    ours = Watch(path, policy)
    with pytest.raises(Failure, match="is not rolled back"):
        resume(path, policy)
    roll_back(path, policy)
    with pytest.raises(Failure, match="rolled back already"):
        roll_back(path, policy)
    ours.watch.look()
    assert policy.hash in ours.flags
    plain = replace(policy, canary=None)
    with pytest.raises(Failure, match="is no canary"):
        roll_back(path, plain)
    with pytest.raises(Failure, match="is no canary"):
        canary_report(path, plain)


def test_a_file_that_cannot_be_read_changes_nothing_and_is_told_once(path, caplog) -> None:
    policy = canary()
    ours = Watch(path, policy)
    roll_back(path, policy)
    ours.watch.look()
    before = ours.flags
    path.rename(path.with_suffix(".away"))
    ours.watch.look()
    ours.watch.look()
    assert ours.flags == before != {}
    assert caplog.text.count("canaries cannot be looked after for now") == 1
    path.with_suffix(".away").rename(path)
    ours.watch.look()
    assert ours.flags == before


def test_canaries_without_limits_are_left_alone(path) -> None:
    policy = parse_policies({"t.toml": TEXT.replace("max_cost_ratio = {most}\n", "")}, {})["trial"]
    ours = Watch(path, policy)
    traffic(path, policy, times=50)
    ours.watch.look()
    assert CanaryHistory(path).of("trial") == ()
    assert canary_report(path, policy).figures[0].verdict == "worse"
