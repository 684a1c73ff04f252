"""The order in which deployments are tried: routing's models, and for each the best of its doors.

Pure but for the random draw that is passed in. Routing ranks models; here the deployments of each
are put in order, and what cannot be used now is put behind what can. The order is what a request
falls back in: first the other deployments of the same model, then the next model.

- `weighted`: by the upstreams' weights, as shares in the long run.
- `least_outstanding`: of two drawn by weight the one with fewer requests in flight for its weight
  ("the power of two choices": Mitzenmacher, 2001: nearly as good as looking at all, and without
  everybody running to the same one).
- `first_token`: the one whose first tokens came soonest lately; one that nobody knows yet is asked
  first, so that it becomes known, and one request in twenty looks elsewhere, so that what has
  become quick again is noticed.

A session keeps to the deployment that it was with, for its prompt cache is warm there alone. It
leaves it when it cannot be used, and stays with the one it finds then.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Final

from fairlead.engine.attempts.delivery import Balance
from fairlead.engine.attempts.deployment import Deployment
from fairlead.engine.snapshot import Lane

__all__ = ["Draw", "Sessions", "Way", "ordered", "unfit"]

Draw = Callable[[], float]
Way = tuple[Lane, Deployment]

LOOK_ELSEWHERE: Final = 0.05
_KEPT: Final = 20_000


class Sessions:
    """Which deployment each session was with last, by model. Bounded: the longest unused go."""

    __slots__ = ("_old", "_young")

    def __init__(self) -> None:
        self._young: dict[tuple[int, str], str] = {}
        self._old: dict[tuple[int, str], str] = {}

    def of(self, session: int, model: str) -> str | None:
        """The deployment's label."""
        key = session, model
        return self._young.get(key) or self._old.get(key)

    def keep(self, session: int, model: str, label: str) -> None:
        """It is with this one now."""
        if len(self._young) >= _KEPT // 2:
            self._old, self._young = self._young, {}
        self._young[session, model] = label


def ordered(
    ways: Sequence[Way],
    balance: Balance,
    now: float,
    draw: Draw,
    kept: Callable[[str], str | None],
) -> list[Way]:
    """The ways in the order in which they are to be tried. `kept` tells, by model, the label of the
    deployment that the request's session was with.
    """
    found: list[Way] = []
    for model, group in groupby(ways, key=_model):
        doors = list(group)
        if len(doors) > 1:
            doors = _BALANCES[balance](doors, draw)
            label = kept(model)
            if label is not None:
                doors.sort(key=lambda way: way[1].label != label)
            doors.sort(key=lambda way: unfit(way[1], now))
        found += doors
    return found


def _model(way: Way) -> str:
    return way[0][0].id


def unfit(deployment: Deployment, now: float) -> int:
    """0 for one that can take a request now; the more, the worse."""
    if not deployment.breaker.admits(now):
        return 3
    if deployment.rest_until > now:
        return 2
    quota = deployment.quota
    if not deployment.bulkhead.has_room() or (quota is not None and quota.wait(now, 0) > 0):
        return 1
    return 0


def _weighted(doors: list[Way], draw: Draw) -> list[Way]:
    """Drawn one after the other, without putting back."""
    left, found = list(doors), []
    while len(left) > 1:
        point = draw() * sum(lane[1].weight for lane, _ in left)
        for index, (lane, _) in enumerate(left):  # noqa: B007 - the index is what is wanted
            point -= lane[1].weight
            if point < 0:
                break
        found.append(left.pop(index))
    return found + left


def _least_outstanding(doors: list[Way], draw: Draw) -> list[Way]:
    drawn = _weighted(doors, draw)
    if _load(drawn[1]) < _load(drawn[0]):
        drawn[0], drawn[1] = drawn[1], drawn[0]
    return drawn


def _load(way: Way) -> float:
    return way[1].bulkhead.in_flight / way[0][1].weight


def _first_token(doors: list[Way], draw: Draw) -> list[Way]:
    drawn = _weighted(doors, draw)
    if draw() >= LOOK_ELSEWHERE:
        drawn.sort(key=lambda way: way[1].timing.mean or 0.0)
    return drawn


_BALANCES: Final[dict[Balance, Callable[[list[Way], Draw], list[Way]]]] = {
    "weighted": _weighted,
    "least_outstanding": _least_outstanding,
    "first_token": _first_token,
}
