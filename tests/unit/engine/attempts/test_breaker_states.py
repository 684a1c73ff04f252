"""The breaker as a state machine."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fairlead.engine.attempts.breaker import FORBIDDEN, Breaker
from fairlead.engine.attempts.delivery import BreakerRules

RULES = BreakerRules(window=10, least=4, errors=0.5, in_a_row=3, open_seconds=5, probes=2)


def tripped(now: float = 0.0) -> Breaker:
    breaker = Breaker(RULES)
    for _ in range(RULES.in_a_row):
        breaker.failed(breaker.enter(now), now, "500")
    return breaker


def test_faults_in_a_row_open_it_and_good_probes_close_it() -> None:
    breaker = tripped()
    assert breaker.state == "open"
    assert breaker.enter(4.9) is None
    for moment in (5.0, 5.1):
        number = breaker.enter(moment)
        assert breaker.state == "half_open"
        assert breaker.enter(moment) is None, "one probe at a time"
        breaker.ok(number, moment)
    assert breaker.state == "closed"
    assert [change.after for change in breaker.changes] == ["open", "half_open", "closed"]


def test_a_failed_probe_opens_it_for_twice_as_long() -> None:
    breaker = tripped()
    breaker.failed(breaker.enter(5.0), 5.0, "500")
    assert breaker.until == 5.0 + 10.0
    breaker.failed(breaker.enter(15.0), 15.0, "500")
    assert breaker.until == 15.0 + 20.0


def test_a_share_of_faults_opens_it_once_there_are_enough() -> None:
    breaker = Breaker(RULES)
    for good in (True, False, True):
        number = breaker.enter(0.0)
        breaker.ok(number, 0.0) if good else breaker.failed(number, 0.0, "500")
    assert breaker.state == "closed"
    breaker.failed(breaker.enter(0.0), 0.0, "500")
    assert breaker.state == "open"


def test_old_faults_are_forgotten() -> None:
    breaker = Breaker(RULES)
    for moment in (0.0, 1.0):
        breaker.failed(breaker.enter(moment), moment, "500")
    breaker.ok(breaker.enter(1.0), 1.0)
    for moment in (20.0, 20.1):
        breaker.ok(breaker.enter(moment), moment)
    breaker.failed(breaker.enter(20.2), 20.2, "500")
    assert breaker.state == "closed"


def test_slowness_opens_it() -> None:
    rules = BreakerRules(window=10, least=4, slow_seconds=1.0, slow=0.5)
    breaker = Breaker(rules)
    for seconds in (0.1, 2.0, 0.1, 2.0):
        breaker.ok(breaker.enter(0.0), 0.0, seconds)
    assert breaker.state == "open"


def test_a_refused_key_stays_refused() -> None:
    breaker = Breaker(RULES)
    breaker.refused(breaker.enter(0.0), 0.0, 401)
    assert breaker.state == "refused"
    assert breaker.enter(1e9) is None


def test_403_takes_several_in_a_row() -> None:
    breaker = Breaker(RULES)
    for _ in range(FORBIDDEN - 1):
        breaker.refused(breaker.enter(0.0), 0.0, 403)
    breaker.ok(breaker.enter(0.0), 0.0)
    for _ in range(FORBIDDEN - 1):
        breaker.refused(breaker.enter(0.0), 0.0, 403)
    assert breaker.state == "closed"
    breaker.refused(breaker.enter(0.0), 0.0, 403)
    assert breaker.state == "refused"


def test_no_credit_opens_it_for_a_time() -> None:
    breaker = Breaker(RULES)
    breaker.refused(breaker.enter(0.0), 0.0, 402)
    assert breaker.state == "open"
    assert breaker.enter(RULES.open_seconds) is not None


def test_what_began_in_an_earlier_state_says_nothing() -> None:
    breaker = Breaker(RULES)
    early = breaker.enter(0.0)
    for _ in range(RULES.in_a_row):
        breaker.failed(breaker.enter(0.0), 0.0, "500")
    probe = breaker.enter(5.0)
    breaker.ok(early, 5.0)
    breaker.left(early)
    assert breaker.enter(5.0) is None, "the probe is still out"
    breaker.left(probe)
    assert breaker.enter(5.0) is not None


class Life(RuleBasedStateMachine):
    """Requests enter and leave in any order, while time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(RULES)
        self.now = 0.0
        self.inside: list[int] = []

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def enter(self) -> None:
        admitted = self.breaker.admits(self.now)
        number = self.breaker.enter(self.now)
        assert (number is not None) == admitted
        if number is not None:
            self.inside.append(number)

    @precondition(lambda self: self.inside)
    @rule(how=st.sampled_from(["ok", "failed", "left", 401, 402, 403]), data=st.data())
    def leave(self, how: str | int, data: st.DataObject) -> None:
        number = self.inside.pop(data.draw(st.integers(0, len(self.inside) - 1)))
        if how == "ok":
            self.breaker.ok(number, self.now, 0.1)
        elif how == "failed":
            self.breaker.failed(number, self.now, "500")
        elif how == "left":
            self.breaker.left(number)
        else:
            self.breaker.refused(number, self.now, how)

    @invariant()
    def the_changes_tell_the_whole_way(self) -> None:
        state = "closed"
        changes = self.breaker.changes
        if changes:
            state = changes[0].before
        for change in changes:
            assert change.before == state
            assert change.after != state or change.after == "open"
            state = change.after
        assert state == self.breaker.state

    @invariant()
    def at_most_one_probe_is_out(self) -> None:
        if self.breaker.state == "half_open":
            assert self.inside.count(self.breaker.number) <= 1

    @invariant()
    def it_is_never_shut_for_good_but_by_a_refused_key(self) -> None:
        if self.breaker.state == "open":
            assert self.breaker.until <= self.now + RULES.most_open_seconds
        if self.breaker.state == "half_open" and self.breaker.number not in self.inside:
            assert self.breaker.admits(self.now)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
