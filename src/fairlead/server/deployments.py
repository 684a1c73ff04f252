"""How the deployments do: what `GET /admin/deployments` tells."""

from collections.abc import Callable, Mapping
from time import perf_counter

import msgspec
from msgspec import Struct

from fairlead.engine.attempts.deployment import Deployment
from fairlead.engine.attempts.loop import Attempts
from fairlead.upstream.vendors import Upstream

__all__ = ["deployments_json", "ready_json"]


class ChangeTold(Struct, frozen=True):
    """A change of a breaker, so many seconds ago."""

    seconds_ago: float
    before: str
    after: str
    why: str


class DeploymentTold(Struct, frozen=True):
    """A model at an upstream with one of its keys. Milliseconds and seconds as named; None: not
    known, or no bound. `call` is what is asked there beside answers (`count_tokens`, `objects`:
    files, batches and caches, whose `model` is which of them); empty for answers and embeddings.
    """

    model: str
    upstream: str
    call: str
    breaker: str
    open_for_seconds: float | None
    rests_for_seconds: float | None
    in_flight: int
    waiting: int
    shed: int
    first_token_ms: float | None
    requests_last_minute: int | None
    tokens_last_minute: int | None
    changes: tuple[ChangeTold, ...]


class AllTold(Struct, frozen=True):
    """All that were asked since the gateway was started."""

    in_flight: int
    waiting: int
    shed: int
    hedged: int
    deployments: tuple[DeploymentTold, ...]


def deployments_json(attempts: Attempts, clock: Callable[[], float] = perf_counter) -> bytes:
    """The state of this process."""
    now = clock()
    whole = attempts.whole
    told = sorted(
        (
            _told(each, now)
            for several in (attempts, *attempts.sides.values())
            for each in several.deployments
        ),
        key=lambda each: (each.call, each.model, each.upstream),
    )
    return msgspec.json.encode(
        AllTold(whole.in_flight, whole.waiting, whole.shed, attempts.hedging.count, tuple(told))
    )


def ready_json(attempts: Attempts, upstreams: Mapping[str, Upstream]) -> bytes:
    """What `/ready` says of a gateway that takes requests: which of its deployments it asks no more
    since their keys were refused, and what the vendor said to that.
    """
    refused = [
        {"deployment": each.name, "why": each.breaker.changes[-1].why}
        for several in (attempts, *attempts.sides.values())
        for each in several.deployments
        if each.breaker.state == "refused" and upstreams.get(each.label) is each.upstream
    ]
    told: dict[str, object] = {"status": "ready"}
    if refused:
        told["refused"] = refused[:_MOST_TOLD]
    return msgspec.json.encode(told)


_MOST_TOLD = 20


def _told(deployment: Deployment, now: float) -> DeploymentTold:
    breaker, bulkhead, quota = deployment.breaker, deployment.bulkhead, deployment.quota
    requests, tokens = (None, None) if quota is None else quota.used(now)
    mean = deployment.timing.mean
    return DeploymentTold(
        deployment.model,
        deployment.label,
        deployment.call,
        breaker.state,
        _left(breaker.until, now) if breaker.state == "open" else None,
        _left(deployment.rest_until, now) if deployment.rest_until > now else None,
        bulkhead.in_flight,
        bulkhead.waiting,
        bulkhead.shed,
        None if mean is None else round(1000 * mean, 1),
        requests,
        tokens,
        tuple(
            ChangeTold(round(now - change.at, 1), change.before, change.after, change.why)
            for change in breaker.changes
        ),
    )


def _left(until: float, now: float) -> float:
    return round(max(0.0, until - now), 1)
