"""A canary beside its control: cost, errors, latency, quality, at any time (`sequential`).

Pure. Requests go in one by one, as they are read; what is known of the arms by then comes out.
"""

from collections.abc import Callable
from math import exp, inf, log, sqrt
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from fairlead.finance.sequential import LEAST, Arm, Gap, gap, one_side, sides
from fairlead.routing.rollout import Limits

__all__ = ["METRICS", "Broken", "Comparison", "Figure", "Metric", "Sides", "Trial"]

Verdict = Literal["better", "worse", "unknown"]
Kind = Literal["ratio", "typical", "difference"]
QUALITY: Final = "quality"
SIGNALS: Final = "signals"
MOST_TIMES: Final = 10_000.0
"""Times the traffic so far beyond which nobody is told how much more is needed."""


class Trial(Struct, frozen=True, gc=False):
    """One request of a canary's sessions. `session`: a number that its requests share. None: not
    measured, or not known.
    """

    session: int
    canary: bool
    failed: bool
    cost_usd: float | None = None
    first_token_ms: float | None = None
    last_ms: float | None = None


class Metric(NamedTuple):
    """One thing that is compared. `kind`: a `ratio` of means, of `typical` values (geometric
    means), or a `difference` of means. `limit` names its limit, `value` reads it.
    """

    name: str
    kind: Kind
    unit: str
    limit: str
    less_is_better: bool
    value: Callable[[Trial], float | None]


def _failed(trial: Trial) -> float:
    return 1.0 if trial.failed else 0.0


def _log_of(name: str) -> Callable[[Trial], float | None]:
    def value(trial: Trial) -> float | None:
        found: float | None = getattr(trial, name)
        return log(found) if found is not None and found > 0 else None

    return value


def _unsignalled(trial: Trial) -> float | None:
    return None if trial.failed else 0.0  # until a signal comes


def _unseen(_: Trial) -> None:
    return None  # comes later, and not from the request


METRICS: Final = (
    Metric("cost", "ratio", "usd", "max_cost_ratio", True, lambda trial: trial.cost_usd),
    Metric("errors", "difference", "share", "max_error_increase", True, _failed),
    Metric(
        "first_token", "typical", "ms", "max_first_token_ratio", True, _log_of("first_token_ms")
    ),
    Metric("latency", "typical", "ms", "max_latency_ratio", True, _log_of("last_ms")),
    Metric(QUALITY, "difference", "score", "max_quality_drop", False, _unseen),
    Metric(SIGNALS, "difference", "share", "max_signal_increase", True, _unsignalled),
)


class Broken(Struct, frozen=True):
    """A limit that is broken for sure: the true figure is at least as bad as `bound`."""

    metric: str
    limit: str
    allowed: float
    estimate: float
    bound: float
    control_sessions: int
    canary_sessions: int

    def told(self) -> str:
        """`cost is 5.20 times the control's, surely at least 3.11 (max_cost_ratio = 1.5)`."""
        name = self.metric.replace("_", " ")
        limit = f"({self.limit} = {self.allowed:g})"
        if self.limit.endswith("_ratio"):
            return (
                f"{name} is {self.estimate:.2f} times the control's, surely at least"
                f" {self.bound:.2f} {limit}"
            )
        estimate, bound = abs(self.estimate), abs(self.bound)
        return (
            f"{name} {'rose' if self.estimate > 0 else 'fell'} by {estimate:.3f}, surely by at"
            f" least {bound:.3f} {limit}"
        )


class Figure(Struct, frozen=True):
    """One metric of both arms. `control` and `canary` are means per request (`typical`: geometric
    ones), None without any. `change` is the canary's over the control's (`ratio`, `typical`) or
    less the control's (`difference`), `low` to `high` its interval, that holds at all times at
    once; None where it is not known or unbounded. `more_sessions`: so many further ones of the
    canary would settle it if the figures stay; None: it is settled, or would take too long.
    """

    metric: str
    kind: Kind
    unit: str
    less_is_better: bool
    control_requests: int
    canary_requests: int
    control_sessions: int
    canary_sessions: int
    control: float | None
    canary: float | None
    change: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    more_sessions: int | None
    limit: str
    allowed: float | None
    broken: bool


class Sides:
    """The two arms of one metric."""

    __slots__ = ("canary", "control", "metric")

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        share, scale = metric.kind == "difference", metric.kind == "typical"
        self.control = Arm(share=share, scale=scale)
        self.canary = Arm(share=share, scale=scale)

    @property
    def ready(self) -> bool:
        """Whether each arm has sessions enough."""
        return min(self.control.sessions, self.canary.sessions) >= LEAST

    def broken(self, allowed: float, alpha: float) -> float | None:
        """How bad the canary is for sure, where that is beyond what is allowed."""
        if not self.ready:
            return None
        found = gap(self.control, self.canary)
        z = one_side(found.weight, alpha)
        metric = self.metric
        if metric.kind == "ratio":
            difference, variance = found.at(allowed)
            if difference <= z * sqrt(variance):
                return None
            return _ratios(found, z)[0]
        difference, variance = found.at()
        margin = z * sqrt(variance)
        if metric.kind == "typical":
            return exp(difference - margin) if difference - margin > log(allowed) else None
        if metric.less_is_better:
            return difference - margin if difference - margin > allowed else None
        return difference + margin if difference + margin < -allowed else None

    def figure(self, limits: Limits, alpha: float) -> Figure:
        """What is known of the metric."""
        metric, control, canary = self.metric, self.control, self.canary
        allowed = getattr(limits, metric.limit)
        tell = exp if metric.kind == "typical" else _same
        change = low = high = None
        verdict: Verdict = "unknown"
        more = None
        if control.requests and canary.requests:
            change = self.change()
            if self.ready:
                low, high = self._interval(alpha)
                verdict = self._verdict(low, high)
            more = None if verdict != "unknown" else self._more(alpha)
        return Figure(
            metric=metric.name,
            kind=metric.kind,
            unit=metric.unit,
            less_is_better=metric.less_is_better,
            control_requests=control.requests,
            canary_requests=canary.requests,
            control_sessions=control.sessions,
            canary_sessions=canary.sessions,
            control=tell(control.mean) if control.requests else None,
            canary=tell(canary.mean) if canary.requests else None,
            change=change,
            low=low,
            high=high,
            verdict=verdict,
            more_sessions=more,
            limit=metric.limit,
            allowed=allowed,
            broken=allowed is not None
            and self.broken(allowed, limits.alpha / limits.stated) is not None,
        )

    def change(self) -> float | None:
        """The canary's beside the control's."""
        a, b = self.control.mean, self.canary.mean
        if self.metric.kind == "typical":
            return exp(b - a)
        if self.metric.kind == "ratio":
            return b / a if a else None
        return b - a

    def _interval(self, alpha: float) -> tuple[float | None, float | None]:
        found = gap(self.control, self.canary)
        z = sides(found.weight, alpha)
        if self.metric.kind == "ratio":
            low, high = _ratios(found, z)
            return low, None if high == inf else high
        difference, variance = found.at()
        margin = z * sqrt(variance)
        if self.metric.kind == "typical":
            return exp(difference - margin), exp(difference + margin)
        return max(-1.0, difference - margin), min(1.0, difference + margin)

    def _verdict(self, low: float | None, high: float | None) -> Verdict:
        same = 0.0 if self.metric.kind == "difference" else 1.0
        if low is not None and low > same:
            return "worse" if self.metric.less_is_better else "better"
        if high is not None and high < same:
            return "better" if self.metric.less_is_better else "worse"
        return "unknown"

    def _more(self, alpha: float) -> int | None:
        """Further sessions of the canary until the interval leaves "no difference" out."""
        sessions = self.canary.sessions
        waiting = max(LEAST / max(1, sessions), LEAST / max(1, self.control.sessions), 1.0)
        if not self.ready:
            return round((waiting - 1) * sessions) if min(sessions, self.control.sessions) else None
        found = gap(self.control, self.canary)
        difference, variance = found.at()
        times = 1.0
        while abs(difference) <= sides(found.weight * times, alpha) * sqrt(variance / times):
            times *= 1.02
            if times > MOST_TIMES:
                return None
        return round((times - 1) * sessions)


class Comparison:
    """All metrics of a canary. Mutable: requests are added, each once."""

    def __init__(self) -> None:
        self.sides = tuple(Sides(metric) for metric in METRICS)
        self.requests = 0

    def add(self, trial: Trial) -> None:
        """One more request."""
        self.requests += 1
        for each in self.sides:
            value = each.metric.value(trial)
            if value is not None:
                (each.canary if trial.canary else each.control).add(trial.session, value)

    def rate(self, session: int, score: float, *, canary: bool) -> None:
        """What somebody says of one request's answer, from 0 to 1."""
        self._arm(QUALITY, canary=canary).add(session, score)

    def signal(self, session: int, *, canary: bool) -> None:
        """One request's answer carries a bad signal; told once for each request."""
        self._arm(SIGNALS, canary=canary).correct(session, 1.0)

    def _arm(self, metric: str, *, canary: bool) -> Arm:
        sides = next(each for each in self.sides if each.metric.name == metric)
        return sides.canary if canary else sides.control

    def sessions(self, *, canary: bool) -> int:
        """How many one arm has."""
        return self._arm("errors", canary=canary).sessions  # each request has that

    def figures(self, limits: Limits) -> tuple[Figure, ...]:
        """Every metric; each interval is one of 1 - `limits.alpha` by itself."""
        return tuple(each.figure(limits, limits.alpha) for each in self.sides)

    def broken(self, limits: Limits) -> Broken | None:
        """The first limit that is broken for sure; the chance of a mistake is shared among all."""
        for each in self.sides:
            allowed = getattr(limits, each.metric.limit)
            if allowed is None:
                continue
            bound = each.broken(allowed, limits.alpha / limits.stated)
            if bound is not None:
                return Broken(
                    each.metric.name,
                    each.metric.limit,
                    allowed,
                    each.change() or 0.0,
                    bound,
                    each.control.sessions,
                    each.canary.sessions,
                )
        return None


def _same(value: float) -> float:
    return value


def _ratios(found: Gap, z: float) -> tuple[float, float]:
    """The factors of the control's mean that the canary's may be (Fieller 1954): those for which
    the difference lies within `z` of its deviations.
    """
    a = found.control**2 - z * z * found.control_variance
    b = found.control * found.canary
    c = found.canary**2 - z * z * found.canary_variance
    if a <= 0:  # the control's mean may be nothing
        root = b * b - a * c
        return (max(0.0, c / (b + sqrt(root))) if c > 0 and root >= 0 else 0.0), inf
    root = sqrt(max(0.0, b * b - a * c))
    return max(0.0, (b - root) / a), (b + root) / a
