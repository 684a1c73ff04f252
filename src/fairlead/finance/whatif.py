"""What the ledger's traffic would have cost under another plan. No vendor is called.

The tokens that were counted are walked from the bill that was to the bill that would be, one cause
at a time; each step changes one thing and keeps the rest, so that the causes add up to the whole
difference, to the last digit:

    actual          what the ledger says these answers cost
      price         the same tokens, cached as they were, at the other model's prices of that day
      tokens        recounted for the other model's tokenizer, and the answer's other length
      thinking      what the other model would think
      caching       what the other model's prompt cache would hold, by the prompts' fingerprints
      batching      a share sent as batches
    expected

Each step has a lower and an upper bound, made of the bounds of `assumptions` and of what the ledger
itself tells (`own`): both ends take every assumption at its own end, so they are wider than a
confidence interval. Where a part of the answers was read, the error of that is added.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import sqrt

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.catalog.model import Model
from fairlead.finance.assumptions import Assumptions
from fairlead.finance.commitments import Owed
from fairlead.finance.own import Own
from fairlead.finance.plan import Plan
from fairlead.finance.portion import Portion, share_of
from fairlead.finance.replay import Caching, Replay, part_of, tokens_of
from fairlead.finance.replay import Part as Sums
from fairlead.finance.walk import STEPS, Walk
from fairlead.ledger.answers import Answer, Sample
from fairlead.ledger.traffic import Traffic

__all__ = ["Caching", "Causes", "Part", "Sampling", "WhatIf", "what_if"]

_ZERO = Decimal(0)
_ONE = Decimal(1)
_PICO = Decimal("1e-12")


class Causes(Struct, frozen=True):
    """Where the difference comes from, in US dollars; together they are the difference."""

    price: Decimal = _ZERO
    tokens: Decimal = _ZERO
    thinking: Decimal = _ZERO
    caching: Decimal = _ZERO
    batching: Decimal = _ZERO


class Part(Struct, frozen=True):
    """A day, a route, or all: what was paid, and what would be. US dollars."""

    key: str
    requests: int
    actual: Decimal
    expected: Decimal
    low: Decimal
    high: Decimal
    difference: Decimal
    causes: Causes


class WhatIf(Struct, frozen=True):
    """The answer. `left_out` counts answers that could not be compared, by the reason; `stayed`
    those that a policy could not be asked about, which stay with their model.

    `emulated` of the compared answers came from the emulator: nobody billed them. `commitments`
    are what is owed beside all this, as it was: in neither sum.
    """

    plan: str
    caching: Caching
    batch_share: Decimal
    total: Part
    by_day: tuple[Part, ...]
    by_route: tuple[Part, ...]
    left_out: dict[str, int]
    stayed: dict[str, int]
    emulated: int
    sampling: "Sampling | None"
    notes: tuple[str, ...]
    commitments: tuple[Owed, ...] = ()


class Sampling(Struct, frozen=True):
    """Where not all answers were read: how many rows of how many, and the error that this adds to
    the total's bounds (1.96 standard errors, US dollars).
    """

    read: int
    rows: int
    error: Decimal


class _Steps(Struct, frozen=True):
    """The bill after each step: `walk[0]` is what was paid, the last what is expected."""

    requests: int
    walk: tuple[Decimal, ...]
    low: Decimal
    high: Decimal


class _Bundle(Struct):
    """One day of one route: what was paid, and what each model takes of which model's answers, by
    price band (and apart those with thinking, which is carried over).
    """

    requests: int = 0
    paid: Decimal = _ZERO
    portions: dict[tuple[str, str, int, bool], Portion] = {}


def what_if(
    groups: Iterable[Traffic],
    plan: Plan,
    catalog: Catalog,
    *,
    sample: Sample | None = None,
    caching: Caching = "auto",
    batch_share: Decimal = _ZERO,
    commitments: tuple[Owed, ...] = (),
) -> WhatIf:
    """Replay `groups` under `plan`. With a `sample` of the answers that the groups are made of,
    prompt caches are replayed one by one; a policy needs it. The groups are iterated over once,
    when the sample has been replayed: they may still be read while it is.

    Failure (invalid_request) for a batch share outside 0 to 1, for a policy without a sample, or
    where one of the plan's models has no price for what the traffic needs.
    """
    if not batch_share.is_finite() or not 0 <= batch_share <= 1:
        raise Failure.invalid("the batch share lies between 0 and 1", "batch_share")
    if plan.fixed is None and sample is None:
        raise Failure.invalid("a policy is replayed on single answers: none were read", "model")
    if sample is not None:
        sample = _of_models_here(catalog, sample)
    own = Own(sample)
    asked = _Question(catalog, own, plan, sample, caching, batch_share)
    kept, left_out = _priced_here(catalog, groups)
    own.learn_thinking(kept)
    bundles: dict[tuple[date, str], _Bundle] = {}
    for group in kept:
        if group.comparable:
            bundle = bundles.get((group.day, group.route))
            if bundle is None:
                bundle = bundles[group.day, group.route] = _Bundle(portions={})
            asked.bundle(group, bundle)
        else:
            left_out["unpriced, or with fees of server tools"] += group.requests
    days: dict[str, list[_Steps]] = defaultdict(list)
    routes: dict[str, list[_Steps]] = defaultdict(list)
    for (day, route), bundle in bundles.items():
        steps = asked.walk(day, bundle)
        days[day.isoformat()].append(steps)
        routes[route].append(steps)
    total = _part("total", [each for steps in days.values() for each in steps])
    error = asked.error(total)
    widened = _Widened(error, total.requests)
    return WhatIf(
        plan=plan.name,
        caching=caching,
        batch_share=batch_share,
        total=widened.part(total),
        by_day=tuple(widened.part(_part(key, days[key])) for key in sorted(days)),
        by_route=tuple(widened.part(_part(key, routes[key])) for key in sorted(routes)),
        left_out=dict(left_out),
        stayed=dict(plan.stayed),
        emulated=sum(group.requests for group in kept if group.emulated and group.comparable),
        sampling=None
        if sample is None or sample.whole
        else Sampling(sample.read, sample.rows, error.quantize(_PICO)),
        notes=(*asked.notes(), *plan.notes),
        commitments=commitments,
    )


def _priced_here(
    catalog: Catalog, groups: Iterable[Traffic]
) -> tuple[list[Traffic], dict[str, int]]:
    """The groups whose model the catalogue prices, and how many answers are in none. What only its
    vendor prices (an aggregator's model that nobody here knows) cannot be compared.
    """
    kept, left_out = [], defaultdict[str, int](int)
    known: dict[tuple[str, date], bool] = {}
    for group in groups:
        key = group.model, group.day
        if key not in known:
            known[key] = _is_priced(catalog, *key)
        if known[key] or not group.comparable:
            kept.append(group)
        else:
            left_out["of models whose prices only their upstreams know"] += group.requests
    return kept, left_out


def _of_models_here(catalog: Catalog, sample: Sample) -> Sample:
    known = {
        key: _is_priced(catalog, *key)
        for key in {(answer.model, answer.day) for answer in sample.answers}
    }
    held = tuple(answer for answer in sample.answers if known[answer.model, answer.day])
    return sample if len(held) == len(sample.answers) else replace(sample, answers=held)


def _is_priced(catalog: Catalog, name: str, day: date) -> bool:
    try:
        return bool(catalog.resolve(name, day).prices)
    except Failure:
        return False


class _Question:
    """One plan put to one ledger: who takes what of each group, and what that would cost."""

    def __init__(
        self,
        catalog: Catalog,
        own: Own,
        plan: Plan,
        sample: Sample | None,
        caching: Caching,
        batch_share: Decimal,
    ) -> None:
        self._catalog = catalog
        self._plan = plan
        self._caching = caching
        self._models: dict[tuple[str, date], Model] = {}
        self._walk = Walk(own, caching, batch_share)
        self._undisclosed = 0
        self._unknown = 0
        self._replay: Replay | None = None
        if sample is not None:
            self._replay = Replay(
                sample, plan, caching, self._of, self._walk.ratio, self._walk.premium
            )

    def bundle(self, group: Traffic, into: _Bundle) -> None:
        """Add a group's portions to its day and route."""
        if not group.usage.thinking_known:
            self._undisclosed += group.requests
        into.requests += group.requests
        into.paid += group.cost_usd
        source = self._model(group.model, group.day)
        for name, part, tokens in self._parts(group, source):
            self._unknown += group.requests if part.unknown else 0
            target = self._model(name, group.day)
            band = self._walk.band(target, source, part.prompts // max(1, part.requests))
            key = (group.model, name, band, "thinking" in tokens)
            held = into.portions.get(key)
            if held is None:
                held = into.portions[key] = Portion()
            held.take(part, tokens)

    def walk(self, day: date, bundle: _Bundle) -> _Steps:
        """The bill of one day and route, step by step, over all models that share it."""
        walk, low, high = [bundle.paid] + [_ZERO] * len(STEPS), _ZERO, _ZERO
        for (model, name, _, _), own in bundle.portions.items():
            source, target, weight = self._model(model, day), self._model(name, day), _ONE
            if self._plan.fixed is not None:
                weight = self._plan.fixed[name]
            steps = self._walk.steps(source, target, day, own)
            for at, amount in enumerate(steps.bills):
                walk[at + 1] += amount * weight
            low, high = low + steps.low * weight, high + steps.high * weight
        if self._plan.fixed is None and any(one != other for one, other, _, _ in bundle.portions):
            again = Assumptions.load().decided["anew"]
            low, high = low * again.low, high * again.high
        rounded = tuple(amount.quantize(_PICO) for amount in walk)
        return _Steps(bundle.requests, rounded, low.quantize(_PICO), high.quantize(_PICO))

    def error(self, total: Part) -> Decimal:
        """1.96 standard errors of the total for having read a part of the answers: the windows'
        bills beside what was paid in each, as a ratio estimator has it.
        """
        replay = self._replay
        if replay is None or replay.sample.whole:
            return _ZERO
        pairs = [self._window(held) for held in replay.windows.values()]
        paid, would = (sum(pair[at] for pair in pairs) for at in (0, 1))
        if not paid or len(pairs) < 2:
            return total.expected
        ratio = would / paid
        spread = sum((y - ratio * x) ** 2 for x, y in pairs) * len(pairs) / (len(pairs) - 1)
        unread = max(0.0, 1 - replay.sample.read / max(1, replay.sample.rows))
        return Decimal(1.96 * sqrt(spread * unread) / paid) * total.actual

    def _window(self, held: dict[tuple[date, str], dict[str, Sums]]) -> tuple[float, float]:
        """What was paid in a window of answers, and what would have been."""
        paid, would = 0, 0.0
        shares = self._plan.fixed
        for (day, model), parts in held.items():
            source = self._model(model, day)
            for name, part in parts.items():
                weight = 1.0 if shares is None else float(shares[name])
                target = self._model(name, day)
                own = Portion()
                own.take(part, part.tokens)
                would += weight * float(self._walk.expected(source, target, day, own))
            each = [part.paid_pico for part in parts.values()]
            paid += sum(each) if shares is None else each[0]
        return paid / 1e12, would

    def _parts(self, group: Traffic, source: Model) -> Iterator[tuple[str, Sums, dict[str, int]]]:
        """What each model takes of the group: answers that stand for it, on so many tokens."""
        whole = tokens_of(group)
        found = {} if self._replay is None else self._replay.parts(group)
        if self._plan.fixed is None:
            found = found or {group.model: self._by_sums(group, source, source)}
            for name, part in found.items():
                yield name, part, share_of(whole, part, found.values())
            return
        for name in self._plan.fixed:
            target = self._model(name, group.day)
            yield name, found.get(name) or self._by_sums(group, source, target), whole

    def _by_sums(self, group: Traffic, source: Model, target: Model) -> Sums:
        ratio = self._walk.ratio(source, target)
        return part_of(group, source, target, ratio, self._caching)

    def _of(self, name: str, answer: Answer) -> Model:
        return self._model(name, answer.day)

    def _model(self, name: str, day: date) -> Model:
        held = self._models.get((name, day))
        if held is None:
            held = self._models[name, day] = self._catalog.resolve(name, day)
        return held

    def notes(self) -> Iterable[str]:
        """What the reader has to know about these figures."""
        yield "Bounds follow from stated assumptions (docs/finance.md); no coverage is claimed."
        if self._unknown and self._caching != "off":
            yield (
                f"{self._unknown} answers are in groups with prompts of which no fingerprint is"
                " kept: what was cached of them is carried over; the bounds reach to no caching."
            )
        if self._undisclosed:
            yield (
                f"{self._undisclosed} answers hold thinking that their vendor does not tell apart:"
                " it is counted as answer."
            )
        yield from self._walk.notes()


class _Widened(Struct, frozen=True):
    """Bounds with the sampling's error: a part's is larger as it has fewer of the answers."""

    error: Decimal
    requests: int

    def part(self, part: Part) -> Part:
        """The same with wider bounds."""
        if not self.error or not part.requests:
            return part
        share = Decimal(sqrt(part.requests / self.requests))
        error = (self.error * share).quantize(_PICO)
        return replace(part, low=max(_ZERO, part.low - error), high=part.high + error)


def _part(key: str, steps: list[_Steps]) -> Part:
    walk = [sum((each.walk[at] for each in steps), _ZERO) for at in range(len(STEPS) + 1)]
    moves = [later - earlier for earlier, later in pairwise(walk)]
    return Part(
        key=key,
        requests=sum(each.requests for each in steps),
        actual=walk[0],
        expected=walk[-1],
        low=sum((each.low for each in steps), _ZERO),
        high=sum((each.high for each in steps), _ZERO),
        difference=walk[-1] - walk[0],
        causes=Causes(*moves),
    )
