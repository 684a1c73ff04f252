"""Comparing two arms of sessions at any time: means of clusters and confidence sequences.

A test that is looked at again and again until it says something will say it: at the 5 % level a
plain 95 % interval, looked at after each of 1,000 requests, excludes the truth in every other A/A
comparison. A *confidence sequence* holds the truth at all times at once, with probability
1 - alpha, so it may be looked at whenever one likes, and the roll-back may rest on it.

**The sequence.** A mixture of Gaussian likelihood ratios is a martingale, so Ville's inequality
bounds it at all times (Robbins 1970). With an estimated variance v of the estimate this is
asymptotic: "Time-uniform central limit theory and asymptotic confidence sequences", Waudby-Smith,
Arbour, Sinha, Kennedy, Ramdas, Annals of Statistics 2024 (arxiv.org/abs/2103.06476), Theorem 2.2
for two sides, Proposition B.1 for one. With e = rho^2 n:

    two sides   |estimate - truth| < sqrt(v (1 + 1/e) (ln(1 + e) - 2 ln alpha))
    one side     estimate - truth  < sqrt(2 v (1 + 1/e) ln(1 + sqrt(1 + e) / (2 alpha)))

rho sets where it is tightest: at n = `TIGHTEST` requests, early, because harm is to be found early.
Not before `LEAST` sessions in each arm does it say anything: a limit theorem needs some data. So it
is asymptotic, and says so; what it keeps at small numbers, with heavy tails and rare errors, is
measured (tests/unit/finance/test_sequential.py, `make rollout`), not proved.

**The unit is the session.** Sessions are drawn, so sessions are what is independent; the requests
of one are alike. The figure is the mean over requests, R = sum of values / sum of requests, and its
variance that of a ratio over clusters (Cochran 1977, section 6.4: linearised, between sessions):

    v = m / (m - 1) * sum over sessions (values - R requests)^2 / (all requests)^2

or that of single requests, where that is more.

**Sessions grow**, also after they were counted, so the sums are no random walk of finished units.
That errs on the safe side: the noise of a session at a later time is that of before plus more of
the same sign (requests of a session are alike), so cov(noise at s, noise at t) >= var(noise at s).
A Gaussian process that is more correlated than a Brownian motion of the same variances crosses a
boundary less often (Slepian 1962). Under "no difference" the arms' labels are drawn independently
of everything, whatever the traffic does over the day.

**Money is heavy-tailed**: its mean is what is paid, so no value is cut off. A rare dear request
widens the interval by as much as it moves the mean. **Times** are compared by their geometric mean,
near the median: one stalled request must not decide; what happens only in the tail is not seen.
**Shares** (errors) get Agresti's and Caffo's pseudo-counts (2000), one of each kind in each arm, so
that no error at all is not taken for certainty.

**A small arm borrows.** Five sessions in a hundred may not have met a dear request yet: then their
mean is low and their variance too, and the interval says "cheaper" for sure (measured: one A/A run
in eight). So the arm with fewer requests is taken to scatter at least as the other does (`gap`).
"""

from itertools import islice
from math import inf, log, sqrt
from typing import NamedTuple

__all__ = ["LEAST", "TIGHTEST", "Arm", "Gap", "gap", "one_side", "sides"]

LEAST = 30
"""Sessions in each arm before anything is said."""
TIGHTEST = 50
"""Requests (`Gap.weight`) at which the sequence is as tight as it can be."""
OPEN = 50_000
"""Sessions of an arm that may go on growing; the oldest are taken to be over, and one of them that
comes back counts as another."""
STEADIEST = 0.05
"""No value is taken to be steadier than this share of its mean: that of one request deviates by
at least so much. Costs of like requests may all be equal, and an arm of equals has no variance."""

_RHO_AT = 0.05
_RHO2 = (-2 * log(_RHO_AT) + log(-2 * log(_RHO_AT) + 1)) / TIGHTEST  # the paper's appendix B.2


class Arm:
    """One arm's requests so far, by session. Mutable; each request is added once.

    `share`: values are 0 or 1. `scale`: values are logarithms, whose steadiness is absolute.
    """

    __slots__ = (
        "_each",
        "_nn",
        "_ns",
        "_open",
        "_ss",
        "requests",
        "scale",
        "sessions",
        "share",
        "total",
    )

    def __init__(self, *, share: bool = False, scale: bool = False) -> None:
        self.share = share
        self.scale = scale
        self.requests = self.sessions = 0
        self.total = 0.0
        self._open: dict[int, tuple[int, float]] = {}
        self._nn = 0  # sums over sessions: requests squared, requests x values, values squared
        self._ns = self._ss = 0.0
        self._each = 0.0  # sum over requests: values squared

    def add(self, session: int, value: float) -> None:
        """One more request of a session."""
        n, s = self._open.get(session, (0, 0.0))
        if not n:
            self.sessions += 1
            if len(self._open) >= OPEN:
                for old in list(islice(self._open, OPEN // 2)):
                    del self._open[old]
        self._open[session] = (n + 1, s + value)
        self._nn += 2 * n + 1
        self._ns += s + (n + 1) * value
        self._ss += (2 * s + value) * value
        self._each += value * value
        self.requests += 1
        self.total += value

    def correct(self, session: int, by: float) -> None:
        """One request of the session, whose value was taken to be 0, has this value."""
        n, s = self._open.get(session, (0, 0.0))
        self._open[session] = (n, s + by)
        self._ns += n * by
        self._ss += (2 * s + by) * by
        self._each += by * by
        self.total += by

    @property
    def mean(self) -> float:
        """Per request; 0 without any."""
        return self.total / self.requests if self.requests else 0.0

    def variance(self) -> float:
        """Of the mean; infinite with fewer than two sessions."""
        m, n = self.sessions, self.requests
        if m < 2:
            return inf
        mean = self.total / n
        between = max(0.0, self._ss - 2 * mean * self._ns + mean * mean * self._nn)
        single = max(0.0, self._each - n * mean * mean)
        found = max(between * m / (m - 1), single * n / (n - 1)) / (n * n)
        if self.share:
            near = (self.total + 1) / (n + 2)
            least = near * (1 - near)
        else:
            least = (STEADIEST if self.scale else STEADIEST * mean) ** 2
        return max(found, least / n)


class Gap(NamedTuple):
    """Two arms beside each other: means, variances of the means, and how many requests in one arm
    would tell as much as both do.
    """

    control: float
    canary: float
    control_variance: float
    canary_variance: float
    weight: float

    def at(self, factor: float = 1.0) -> tuple[float, float]:
        """Canary's mean less `factor` times the control's, and its variance."""
        variance = self.canary_variance + factor * factor * self.control_variance
        return self.canary - factor * self.control, variance


def gap(control: Arm, canary: Arm) -> Gap:
    """What lies between two arms that have a request or more each."""
    of, to = control.variance(), canary.variance()
    n, m = control.requests, canary.requests
    if m < n:
        to = max(to, of * n / m)
    else:
        of = max(of, to * m / n)
    return Gap(control.mean, canary.mean, of, to, n * m / (n + m))


def sides(weight: float, alpha: float) -> float:
    """How many standard deviations the estimate lies from the truth at most, at any time, with
    probability 1 - `alpha`, to either side.
    """
    e = _RHO2 * weight
    return sqrt((1 + 1 / e) * (log(1 + e) - 2 * log(alpha))) if e else inf


def one_side(weight: float, alpha: float) -> float:
    """The same to one side only."""
    e = _RHO2 * weight
    return sqrt(2 * (1 + 1 / e) * log(1 + sqrt(1 + e) / (2 * alpha))) if e else inf
