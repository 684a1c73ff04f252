"""How a canary stands beside its control, from the ledger: for commands and the admin API."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from fairlead.canon import Failure
from fairlead.finance.canary import Comparison, Figure, Trial
from fairlead.ledger.rollout import CanaryEvent, CanaryHistory, Trials, Tried
from fairlead.routing import Policy

__all__ = [
    "ANSWERED",
    "CanaryReport",
    "CanaryState",
    "begun",
    "canary_report",
    "canary_states",
    "resume",
    "roll_back",
    "take_in",
]

UNBEGUN: Final = 30 * 86_400.0
"""Seconds that are looked back on where nobody noted when a canary began."""
ANSWERED: Final = frozenset({"ok", "client_gone"})
"""Outcomes that are no error, as `fairlead usage` counts them."""
BY_HAND: Final = "by hand"


class CanaryReport(Struct, frozen=True):
    """`since`: Unix seconds from which requests count; `state` since `state_at` for `reason`.
    `figures` compares the arms, metric by metric.
    """

    policy: str
    policy_hash: str
    control: str
    canary: str
    share: float
    alpha: float
    since: float
    state: Literal["running", "rolled_back"]
    state_at: float | None
    reason: str
    requests: int
    control_sessions: int
    canary_sessions: int
    figures: tuple[Figure, ...]
    events: tuple[CanaryEvent, ...]


class CanaryState(Struct, frozen=True):
    """How a canary stands; `since`: Unix seconds, None where nothing was noted yet."""

    policy: str
    policy_hash: str
    share: float
    limits: int
    state: str
    since: float | None
    reason: str


def canary_states(path: Path, policies: Iterable[Policy]) -> list[CanaryState]:
    """All canaries among policies; what is noted of them where there is a ledger."""
    standing = CanaryHistory(path).standing() if path.is_file() else {}
    states: list[CanaryState] = []
    for policy in policies:
        canary, last = policy.canary, standing.get(policy.hash)
        if canary is None:
            continue
        back = last is not None and last.event == "rolled_back"
        states.append(
            CanaryState(
                policy.name,
                policy.hash,
                0.0 if back else canary.share,
                canary.limits.stated,
                "rolled_back" if back else "running",
                None if last is None else last.at,
                "" if last is None else last.reason,
            )
        )
    return states


def canary_report(path: Path, policy: Policy, since: float | None = None) -> CanaryReport:
    """What the ledger at `path` has of a canary since then (Unix seconds), else since it began or
    was resumed.

    Raises:
        Failure: the policy is no canary.
        LedgerError: there is no ledger.
    """
    canary = policy.canary
    if canary is None:
        raise Failure.invalid(f"'{policy.name}' is no canary: it has no table [canary]", "POLICY")
    events = CanaryHistory(path).of(policy.name)
    mine = [event for event in events if event.policy_hash == policy.hash]
    last = mine[-1] if mine else None
    begin = since if since is not None else begun(mine)
    comparison = Comparison()
    trials = Trials(path, policy.name, policy.hash, begin)
    take_in(comparison, trials)
    back = last is not None and last.event == "rolled_back"
    return CanaryReport(
        policy=policy.name,
        policy_hash=policy.hash,
        control=canary.base,
        canary=canary.policy,
        share=canary.share,
        alpha=canary.limits.alpha,
        since=begin,
        state="rolled_back" if back else "running",
        state_at=None if last is None else last.at,
        reason=last.reason if last is not None else "",
        requests=comparison.requests,
        control_sessions=comparison.sessions(canary=False),
        canary_sessions=comparison.sessions(canary=True),
        figures=comparison.figures(canary.limits),
        events=events,
    )


def begun(events: Iterable[CanaryEvent]) -> float:
    """When a canary's present run began."""
    at = [event.at for event in events if event.event != "rolled_back"]
    return at[-1] if at else time.time() // 3600 * 3600 - UNBEGUN


def take_in(comparison: Comparison, trials: Trials) -> None:
    """Add what the ledger has of new."""
    for tried in trials.read():
        comparison.add(_trial(tried))
    for rated in trials.ratings():
        comparison.rate(rated.session, rated.score, canary=rated.canary)
    for session, canary in trials.signals():
        comparison.signal(session, canary=canary)


def resume(path: Path, policy: Policy) -> CanaryEvent:
    """Give a canary its share again; what was before does not count any more.

    Raises:
        Failure: it has its share.
    """
    history = CanaryHistory(path)
    last = history.standing().get(policy.hash)
    if last is None or last.event != "rolled_back":
        raise Failure.invalid(f"'{policy.name}' is not rolled back", "POLICY")
    return history.note(policy.name, policy.hash, "resumed", BY_HAND)


def roll_back(path: Path, policy: Policy) -> CanaryEvent:
    """Take a canary's share away.

    Raises:
        Failure: it is no canary, or has none already.
    """
    if policy.canary is None:
        raise Failure.invalid(f"'{policy.name}' is no canary: it has no table [canary]", "POLICY")
    history = CanaryHistory(path)
    last = history.standing().get(policy.hash)
    if last is not None and last.event == "rolled_back":
        raise Failure.invalid(f"'{policy.name}' is rolled back already", "POLICY")
    return history.note(policy.name, policy.hash, "rolled_back", BY_HAND)


def _trial(tried: Tried) -> Trial:
    return Trial(
        tried.session,
        tried.canary,
        tried.outcome not in ANSWERED,
        tried.cost_usd,
        tried.first_token_ms,
        tried.last_ms if tried.outcome == "ok" else None,
    )
