"""What an attempt's end says about its deployment: to the breaker, the timing, and when to rest."""

from math import inf
from typing import Final

from fairlead.canon import Problem, Remedy
from fairlead.engine.attempts.deployment import Deployment
from fairlead.engine.exchange import Exchange

__all__ = ["given_up", "judged"]

_FAULTS = frozenset({"upstream", "upstream_timeout", "upstream_unreachable", "overloaded"})
"""Problems for which the deployment is to blame; what else is told is the request's own fault, or
the account's."""

_REFUSED_AS: Final[dict[Remedy, int | None]] = {"key": 401, "payment": None, "clock": None}
"""The status that a refusal of the account counts as, whatever it came with: 401 is the key's, and
no time mends it; money and clocks are seen to without the configuration."""

_AT_ITS_LIMIT = 0.05
"""Seconds before the request's own end in which a timeout says nothing about the deployment."""


def judged(
    x: Exchange,
    deployment: Deployment,
    number: int,
    started: float,
    now: float,
    problem: Problem | None,
) -> None:
    """Note how an attempt ended that began at `started`. `problem` None: it was answered, be it
    with a stream that broke (`x.problem`).
    """
    breaker = deployment.breaker
    if problem is not None and problem.kind == "upstream_timeout":
        given_up(x, deployment, now - started)
    if problem is None and x.outcome == "stream_broken":
        problem = x.problem
    if problem is None:
        first = x.first_token if x.stream else None
        seconds = (now if first is None else first) - started
        if first is not None:
            deployment.timing.observe(seconds)
        breaker.ok(number, now, seconds)
    elif problem.upstream is None or problem.kind not in _FAULTS:
        _other(deployment, number, now, problem)
    elif x.until is not None and now >= x.until - _AT_ITS_LIMIT:
        breaker.left(number)
    else:
        _rest(deployment, now, problem)
        breaker.failed(number, now, str(problem.upstream_status or problem.kind))
    if breaker.number != deployment.told:
        deployment.tell_changes()


def given_up(x: Exchange, deployment: Deployment, seconds: float) -> None:
    """Nobody waits for the attempt any longer: that a stream had no token by then is known."""
    if x.stream and x.asked and x.first_token is None:
        deployment.timing.given_up(seconds)


def _other(deployment: Deployment, number: int, now: float, problem: Problem) -> None:
    if problem.kind == "upstream_auth" and problem.upstream_status is not None:
        remedy, signer = problem.remedy, deployment.upstream.signer
        status = problem.upstream_status if remedy is None else _REFUSED_AS[remedy]
        if signer is not None and status == 401 and signer.due() != inf:
            signer.doubt()  # its credentials change by themselves: the next may be good
            status = None
        deployment.breaker.refused(number, now, status, problem.message)
        return
    if problem.kind == "rate_limited":
        _rest(deployment, now, problem)
    deployment.breaker.left(number)


def _rest(deployment: Deployment, now: float, problem: Problem) -> None:
    if problem.retry_after is not None:
        deployment.rest_until = max(deployment.rest_until, now + problem.retry_after)
