"""What a cascade is expected to cost, by the ledger: before it may be switched on, and after.

Each answer that any policy sent to its model is put to this one again. Where it goes to the
cascade's second model, and there is something to check, the cascade would have asked the first:

    expected cost  =  agree x cost on the first  +  share that fails x cost on the second

Costs are of each answer's own tokens, on the model that did not give it without a prompt cache, as
in a receipt. The share that fails is what earlier cascades saw (their checks' verdicts), else what
signals tell of the first model's own answers, which says the least, since not each was looked at;
else nobody knows, and a share is assumed, which is said.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from math import sqrt
from statistics import median
from typing import Final, Literal

import msgspec
from msgspec import Struct

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.cost.book import NamedPrices
from fairlead.cost.predict import what_if
from fairlead.ledger.routed import Routed
from fairlead.ledger.verdict import GRADER, SIGNAL, Verdict
from fairlead.routing import NO_MOMENT, Features, Policy
from fairlead.routing.cascade import Cascade, checks_foreseen
from fairlead.server.policy_replay import day_of, decisions, past

__all__ = ["LEAST", "CascadeReport", "Source", "cascade_report"]

LEAST: Final = 30
"""Answers that a share must rest on."""
ASSUMED: Final = 0.25
"""The share that is assumed to fail where nothing is known."""
_Z: Final = 1.96
_SIGNALS: Final = {
    "complete": ("cut_off", "refused", "empty"),
    "schema": ("schema",),
    "tools": ("calls",),
}
_CASCADE: Final = f"{SIGNAL}cascade:"

Source = Literal["cascades", "signals", "given", "assumed"]


class CascadeReport(Struct, frozen=True, kw_only=True):
    """Dollars are of a request, latencies of an answer's last token in milliseconds; None: not
    known. `requests` were routed in the span, `chosen` of them go to `then`, `checkable` of those
    the cascade would have tried. `fails` is the share that fails a check, with its 95 % interval
    and the number of answers that it rests on. `ratio` is the cascade's cost in costs of `then`
    alone, over what it would have tried; `breaks_even` the share from which on it costs more.
    """

    policy: str
    ask: str
    then: str
    checks: tuple[str, ...]
    requests: int
    chosen: int
    checkable: int
    fails: float
    fails_low: float | None = None
    fails_high: float | None = None
    fails_by: Source
    fails_of: int
    cost_ask: Decimal | None = None
    cost_then: Decimal | None = None
    cost_cascade: Decimal | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    accepted: float | None = None
    breaks_even: float | None = None
    latency_ask: float | None = None
    latency_then: float | None = None
    latency_cascade: float | None = None

    @property
    def refused(self) -> bool:
        """Whether it is expected to cost more than is accepted, by figures that are known."""
        known = self.fails_by != "assumed" and self.ratio is not None
        return known and self.accepted is not None and (self.ratio or 0) > self.accepted


def cascade_report(
    rows: Sequence[Routed],
    verdicts: Iterable[Verdict],
    policy: Policy,
    catalog: Catalog,
    fails: float | None = None,
) -> CascadeReport:
    """What the cascade of a policy is expected to cost by these answers. `fails`: the share that is
    to be assumed to fail, None where it is to be found.

    Raises:
        Failure: the policy has no cascade.
    """
    cascade = policy.cascade
    if cascade is None:
        hint = "add a table [cascade] to its file (docs/cascade.md)"
        raise Failure.invalid(f"'{policy.name}' has no cascade", "POLICY", hint=hint)
    meant = _Meant(cascade, catalog)
    chosen = _chosen(rows, policy, catalog, meant)
    tried = [
        (row, checks) for row, features in chosen if (checks := checks_foreseen(cascade, features))
    ]
    share, low, high, by, of = _share(fails, rows, verdicts, cascade, meant)
    costs = _Costs([row for row, _ in tried], meant, catalog)
    ratios = [costs.ratio(at) for at in (share, low, high)]
    asks, thens = (_latency(rows, meant, then=which) for which in (False, True))
    takes = None
    if asks is not None and thens is not None:
        takes = asks * cascade.agree + share * thens
    asked = dict.fromkeys(name for _, names in tried for name in names)
    return CascadeReport(
        policy=policy.name,
        ask=cascade.ask,
        then=cascade.then,
        checks=tuple(asked),
        requests=len(rows),
        chosen=len(chosen),
        checkable=len(tried),
        fails=share,
        fails_low=low,
        fails_high=high,
        fails_by=by,
        fails_of=of,
        cost_ask=costs.each(costs.ask),
        cost_then=costs.each(costs.then),
        cost_cascade=costs.each(costs.expected(share)),
        ratio=ratios[0],
        ratio_low=ratios[1],
        ratio_high=ratios[2],
        accepted=cascade.accepted_cost_ratio,
        breaks_even=costs.breaks_even(),
        latency_ask=asks,
        latency_then=thens,
        latency_cascade=takes,
    )


class _Meant:
    """The models that a cascade's names mean, day by day."""

    def __init__(self, cascade: Cascade, catalog: Catalog) -> None:
        self.cascade = cascade
        self._catalog = catalog
        self._known: dict[date, tuple[str, str]] = {}

    def at(self, at: float) -> tuple[str, str]:
        """Ids of the first and the second model at a time in Unix seconds."""
        day = day_of(at)
        if day not in self._known:
            names = (self.cascade.ask, self.cascade.then)
            first, second = (self._catalog.resolve(name, day).id for name in names)
            self._known[day] = first, second
        return self._known[day]


def _chosen(
    rows: Sequence[Routed], policy: Policy, catalog: Catalog, meant: _Meant
) -> list[tuple[Routed, Features]]:
    """The answers that the policy would have had of the second model, where the first could serve,
    with what was known of their requests.
    """
    by_id, decide = {row.id: row for row in rows}, decisions(policy, catalog)
    found: list[tuple[Routed, Features]] = []
    for each in past(rows, NO_MOMENT):
        try:
            ranked = decide(each).ranked
        except Failure:
            continue  # no model can take it
        first, second = meant.at(each.at)
        if ranked[0] == second and first in ranked:
            found.append((by_id[each.id], each.features))
    return found


class _Costs:
    """Sums over what the cascade would have tried, as far as both models are priced."""

    def __init__(self, tried: Iterable[Routed], meant: _Meant, catalog: Catalog) -> None:
        self._agree = meant.cascade.agree
        self.ask = self.then = Decimal(0)
        self.count = 0
        prices = NamedPrices(catalog)
        for row in tried:
            first, second = (_priced(row, model, prices) for model in meant.at(row.at))
            if first is not None and second is not None:
                self.ask += first
                self.then += second
                self.count += 1

    def expected(self, share: float | None) -> Decimal:
        """Of all of them, where this share fails."""
        return self.ask * self._agree + self.then * Decimal(str(share or 0))

    def each(self, total: Decimal) -> Decimal | None:
        """Of one."""
        return total / self.count if self.count else None

    def ratio(self, share: float | None) -> float | None:
        """In costs of the second model alone."""
        if share is None or not self.then:
            return None
        return float(self.expected(share) / self.then)

    def breaks_even(self) -> float | None:
        """The share that may fail before it costs more than the second model alone; below 0: it
        does even if none fails.
        """
        if not self.then:
            return None
        return float(1 - self.ask * self._agree / self.then)


def _share(
    given: float | None,
    rows: Sequence[Routed],
    verdicts: Iterable[Verdict],
    cascade: Cascade,
    meant: _Meant,
) -> tuple[float, float | None, float | None, Source, int]:
    """The share that fails, its interval, where it is from and on how many answers it rests."""
    if given is not None:
        return given, None, None, "given", 0
    words = list(verdicts)
    wanted = {f"{_CASCADE}{name}" for name in (*cascade.checks, "agree")}
    wanted |= {f"{GRADER}{name}" for name in cascade.graders}
    by_cascade = [word for word in words if word.source in wanted and word.score is not None]
    like = {row.id for row in rows if _asked_first(meant.at(row.at)[0]) in _text(row.decision)}
    named = [word.id.partition(".")[0] for word in by_cascade]
    judged = like.intersection(named)
    failed = {word.id.partition(".")[0] for word in by_cascade if not word.score} & judged
    if len(judged) >= LEAST:
        return *_wilson(len(failed), len(judged)), "cascades", len(judged)
    signals = {f"{SIGNAL}{s}" for name in cascade.checks for s in _SIGNALS.get(name, ())}
    wrong = {word.id for word in words if word.source in signals}
    own = [row for row in rows if row.model == meant.at(row.at)[0]]
    own = [row for row in own if checks_foreseen(cascade, _features(row))]
    if len(own) >= LEAST and not cascade.graders and cascade.agree == 1:
        return *_wilson(sum(row.id in wrong for row in own), len(own)), "signals", len(own)
    return ASSUMED, None, None, "assumed", 0


def _asked_first(model: str) -> str:
    """What the decision says of a request whose cascade asked this model (`engine.cascade`)."""
    return f'"cascade: {model} is asked first'


def _text(decision: str | bytes) -> str:
    return decision if isinstance(decision, str) else decision.decode("utf-8", "replace")


class _Stored(Struct, frozen=True):
    features: Features


_decode = msgspec.json.Decoder(_Stored).decode


def _features(row: Routed) -> Features:
    try:
        return _decode(row.decision).features
    except msgspec.MsgspecError:
        return Features()


def _wilson(hits: int, of: int) -> tuple[float, float, float]:
    """A share and its 95 % interval (Wilson's)."""
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return share, max(0.0, middle - half), min(1.0, middle + half)


def _latency(rows: Iterable[Routed], meant: _Meant, *, then: bool) -> float | None:
    """The median time to an answer's last token, of a model's own answers."""
    own = [row.last_ms for row in rows if row.model == meant.at(row.at)[then]]
    times = [time for time in own if time is not None]
    return median(times) if len(times) >= LEAST else None


def _priced(row: Routed, model: str, prices: NamedPrices) -> Decimal | None:
    """What an answer cost on its own model, or would have on another."""
    if row.model == model:
        return row.cost_usd
    table = prices.of(model, day_of(row.at))
    charge = None if table is None else what_if(table, row.usage)
    return None if charge is None else charge.total
