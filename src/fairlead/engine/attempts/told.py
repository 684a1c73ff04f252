"""What is told of attempts: problems of those not sent, and what the decision keeps."""

from msgspec.structs import replace

from fairlead.canon import Problem
from fairlead.engine.attempts.delivery import Delivery
from fairlead.engine.attempts.deployment import Deployment
from fairlead.engine.snapshot import Lane
from fairlead.routing.decision import Decision, Tried

__all__ = ["fallen_back", "full", "hedged", "late_one", "over_quota", "shut", "tried"]


def shut(deployment: Deployment, now: float) -> Problem:
    """The breaker is open, and nothing was sent."""
    breaker = deployment.breaker
    name = deployment.name
    if breaker.state == "refused":
        return Problem(
            "upstream_auth",
            f"{name} is not asked: its key was refused: {breaker.changes[-1].why}",
            hint=f"the gateway's operator must look at the key of '{deployment.label}' and reload"
            " the configuration",
            retryable=True,
            charged=False,
            upstream=deployment.upstream.name,
        )
    why = breaker.changes[-1].why if breaker.changes else ""
    return Problem(
        "overloaded",
        f"{name} is not asked for now: {why}",
        hint="try again later, or name another model",
        retry_after=max(1.0, breaker.until - now),
        retryable=True,
        charged=False,
        upstream=deployment.upstream.name,
    )


def full(name: str, delivery: Delivery) -> Problem:
    """No room, and none came in time."""
    return Problem(
        "overloaded",
        f"too many requests are in flight ({name})",
        hint="try again; the operator can raise max_in_flight",
        retry_after=max(1.0, delivery.queue_seconds),
        retryable=True,
        charged=False,
    )


def over_quota(deployment: Deployment, seconds: float) -> Problem:
    """The key's requests or tokens of this minute are used up."""
    return Problem(
        "rate_limited",
        f"{deployment.name} has no requests or tokens left in this minute",
        hint="wait, or give the upstream a further key",
        retry_after=max(1.0, seconds),
        retryable=True,
        charged=False,
        upstream=deployment.upstream.name,
    )


def tried(lane: Lane, problem: Problem | None, milliseconds: float) -> Tried:
    """One attempt, for the decision."""
    return Tried(
        lane[0].id,
        lane[1].label,
        "ok" if problem is None else problem.kind,
        None if problem is None else problem.upstream_status,
        int(milliseconds * 1000) / 1000,
    )


def late_one(lane: Lane, milliseconds: float) -> Tried:
    """The attempt that was hedged."""
    return Tried(lane[0].id, lane[1].label, "late", None, int(milliseconds * 1000) / 1000)


def hedged(decision: Decision | None, lane: Lane, other: Lane) -> Decision | None:
    """The decision, saying that a second deployment answered, as the first was late."""
    if decision is None:
        return None
    decision = decision.whole()
    route = f"{other[0].id} at {other[1].label}, as {lane[1].label} was late"
    return replace(decision, reason=f"{route}; first: {decision.reason}"[:200], route=route)


def fallen_back(
    decision: Decision | None, lane: Lane, following: Lane, problem: Problem
) -> Decision | None:
    """The decision, saying that it went on to another deployment."""
    if decision is None:
        return None
    decision = decision.whole()
    cause = str(problem.upstream_status or problem.kind)
    model, after = lane[0].id, following[0].id
    if model == after:
        route = f"{after} at {following[1].label} after {lane[1].label} failed ({cause})"
    else:
        route = f"{after} after {model} failed ({cause})"
    reason = f"{route}; first: {decision.reason}"
    failed = tuple(
        replace(c, why=f"chosen first, but failed: {problem.message[:200]}")
        if c.model == model and model != after
        else c
        for c in decision.candidates
    )
    return replace(decision, reason=reason[:200], route=route, candidates=failed)
