"""What the ledger's traffic would have cost under another plan. No vendor is called.

The tokens that were counted are walked from the bill that was to the bill that would be, one cause
at a time; each step changes one thing and keeps the rest, so that the causes add up to the whole
difference, to the last digit:

    actual          what the ledger says these answers cost
      price         the same tokens, cached as they were, at the other model's prices of that day
      tokens        recounted for the other model's tokenizer, and the answer's other length
      thinking      what the other model would think
      caching       the prompt cache as asked for
      batching      a share sent as batches
    expected

Each step has a lower and an upper bound, made of the bounds of `assumptions`: both ends take every
assumption at its own end, so they are wider than a confidence interval, and no coverage is claimed.

**Prompt caches are not simulated.** The ledger keeps no fingerprints of prompts yet, so it cannot
tell which prompts began alike. `caching="auto"` carries the measured cache reads and writes over to
the other model, and lets the bounds reach to no caching at all; `"off"` takes every token as fresh.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.catalog.model import Model
from fairlead.cost.price import BUCKETS, PriceTable
from fairlead.finance.assumptions import Assumptions, Range
from fairlead.finance.plan import Plan
from fairlead.ledger.traffic import Traffic

__all__ = ["Caching", "Causes", "Part", "WhatIf", "what_if"]

Caching = Literal["auto", "off"]
Tokens = dict[str, Decimal]
_ZERO = Decimal(0)
_MILLION = Decimal(10**6)
_PICO = Decimal("1e-12")
_ANSWER = ("output", "output_audio", "output_image")
_PROMPT = tuple(kind for kind in BUCKETS if kind not in {*_ANSWER, "thinking"})
_FRESH = {
    "cache_read": "input",
    "cache_read_audio": "input_audio",
    "cache_write_5m": "input",
    "cache_write_1h": "input",
}
ENOUGH = 100
"""Answers of the other model in the ledger from which its own thinking is taken."""


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
    """The answer. `left_out` counts answers that could not be compared, by the reason.

    `emulated` of the compared answers came from the emulator: nobody billed them.
    """

    plan: str
    caching: Caching
    batch_share: Decimal
    total: Part
    by_day: tuple[Part, ...]
    by_route: tuple[Part, ...]
    left_out: dict[str, int]
    emulated: int
    notes: tuple[str, ...]


class _Steps(Struct, frozen=True):
    """The bill after each step: `walk[0]` is what was paid, the last what is expected."""

    requests: int
    walk: tuple[Decimal, ...]
    low: Decimal
    high: Decimal


def what_if(
    groups: Iterable[Traffic],
    plan: Plan,
    catalog: Catalog,
    *,
    caching: Caching = "auto",
    batch_share: Decimal = _ZERO,
) -> WhatIf:
    """Replay `groups` under `plan`. Failure (invalid_request) for a batch share outside 0 to 1,
    or where one of the plan's models has no price for what the traffic needs.
    """
    if not batch_share.is_finite() or not 0 <= batch_share <= 1:
        raise Failure.invalid("the batch share lies between 0 and 1", "batch_share")
    kept = list(groups)
    replay = _Replay(catalog, kept, caching, batch_share)
    days: dict[str, list[_Steps]] = defaultdict(list)
    routes: dict[str, list[_Steps]] = defaultdict(list)
    left_out: dict[str, int] = defaultdict(int)
    emulated = 0
    for group in kept:
        if not group.comparable:
            left_out["unpriced, or with fees of server tools"] += group.requests
            continue
        steps = replay.walk(group, plan)
        emulated += group.requests if group.emulated else 0
        days[group.day.isoformat()].append(steps)
        routes[group.route].append(steps)
    by_day = tuple(_part(key, days[key]) for key in sorted(days))
    return WhatIf(
        plan=plan.name,
        caching=caching,
        batch_share=batch_share,
        total=_part("total", [each for steps in days.values() for each in steps]),
        by_day=by_day,
        by_route=tuple(_part(key, routes[key]) for key in sorted(routes)),
        left_out=dict(left_out),
        emulated=emulated,
        notes=tuple(replay.notes()),
    )


class _Replay:
    """The models' prices by day, and what the ledger itself tells of their thinking."""

    def __init__(
        self, catalog: Catalog, groups: list[Traffic], caching: Caching, batch_share: Decimal
    ) -> None:
        self._catalog = catalog
        self._caching = caching
        self._batch = batch_share
        self._assume = Assumptions.load()
        self._tables: dict[tuple[str, date], PriceTable] = {}
        self._rates: dict[tuple[str, date, int, bool], dict[str, Decimal | None]] = {}
        self._own = _own_thinking(groups)
        self._undisclosed = 0
        self._guessed: set[str] = set()

    def walk(self, group: Traffic, plan: Plan) -> _Steps:
        """The group's bill, step by step, over all models that share it."""
        walk, low, high = [group.cost_usd] + [_ZERO] * 5, _ZERO, _ZERO
        if not group.usage.thinking_known:
            self._undisclosed += group.requests
        source = self._catalog.resolve(group.model, group.day)
        for name, share in plan.shares(group).items():
            target = self._catalog.resolve(name, group.day)
            steps = self._model(group, source, target)
            for at, amount in enumerate(steps.walk):
                walk[at + 1] += amount * share
            low, high = low + steps.low * share, high + steps.high * share
        rounded = tuple(amount.quantize(_PICO) for amount in walk)
        return _Steps(group.requests, rounded, low.quantize(_PICO), high.quantize(_PICO))

    def _model(self, group: Traffic, source: Model, target: Model) -> _Steps:
        same: Tokens = {kind: Decimal(getattr(group.usage, kind)) for kind in BUCKETS}
        ratio = self._assume.tokens(source, target)
        answer = ratio * self._assume.answer(source, target)
        thinking = self._thinking(same, source, target, ratio)
        prompt = Decimal(group.usage.prompt_total) / group.requests

        def tokens(end: Callable[[Range], Decimal], thought: Decimal) -> Tokens:
            of = {kind: same[kind] * end(ratio) for kind in _PROMPT}
            return of | {kind: same[kind] * end(answer) for kind in _ANSWER} | {"thinking": thought}

        def bill(of: Tokens, size: Decimal, *, batch: bool = False) -> Decimal:
            return self._bill(target, group.day, of, int(size), batch=batch)

        expected = tokens(_expected, same["thinking"])
        thinks = tokens(_expected, thinking.expected)
        cached = thinks if self._caching == "auto" else _fresh(thinks)
        size = prompt * ratio.expected
        whole = bill(cached, size)
        batched = bill(cached, size, batch=True)
        walk = (
            bill(same, prompt),
            bill(expected, size),
            bill(thinks, size),
            whole,
            whole + (batched - whole) * self._batch,
        )
        bounds = [walk[-1]]
        for end, thought in ((_low, thinking.low), (_high, thinking.high)):
            of, at = tokens(end, thought), prompt * end(ratio)
            # A prompt cache that stays cold is a bound too, unless the model stays the same one.
            carried = [of] if self._caching == "auto" else []
            fresh = [] if carried and source.id == target.id else [_fresh(of)]
            for one in carried + fresh:
                plain = bill(one, at)
                bounds.append(plain + (bill(one, at, batch=True) - plain) * self._batch)
        return _Steps(group.requests, walk, min(bounds), max(bounds))

    def _thinking(self, same: Tokens, source: Model, target: Model, ratio: Range) -> Range:
        """Thinking tokens of the other model for the whole group."""
        begins = target.thinking.default_on and not source.thinking.default_on
        if source.id == target.id or not begins or same["thinking"]:
            factor = ratio * self._assume.thought(source, target)
            return Range(*(same["thinking"] * each for each in factor))
        visible = same["output"] * ratio.expected
        own = self._own.get(target.id)
        factors = self._assume.unasked
        if own is None:
            self._guessed.add(target.id)
            return Range(*(visible * each for each in factors))
        bounds = self._assume.thinking["default"]
        return Range(*(visible * own * each for each in bounds))

    def _bill(
        self, model: Model, day: date, tokens: Tokens, prompt: int, *, batch: bool
    ) -> Decimal:
        rates = self._rates_of(model, day, prompt, batch=batch)
        total = _ZERO
        for kind, count in tokens.items():
            if not count:
                continue
            rate = rates[kind]
            if rate is None and kind in _FRESH:  # a vendor without that kind takes them as fresh
                rate = rates[_FRESH[kind]]
            if rate is None:
                raise Failure.invalid(
                    f"{model.id} has no price for {kind} on {day}",
                    "model",
                    hint="`fairlead check` tells the catalogue's version; set a price in [models]",
                )
            total += count * rate
        return total / _MILLION

    def _rates_of(
        self, model: Model, day: date, prompt: int, *, batch: bool
    ) -> dict[str, Decimal | None]:
        edge = max((p.over_prompt for p in model.prices if p.over_prompt < prompt), default=0)
        held = self._rates.get((model.id, day, edge, batch))
        if held is None:
            table = self._tables.get((model.id, day))
            if table is None:
                table = self._tables[model.id, day] = PriceTable(model, day)
            held = self._rates[model.id, day, edge, batch] = {
                kind: table.usd_per_million(kind, prompt_tokens=edge + 1, batch=batch)
                for kind in BUCKETS
            }
        return held

    def notes(self) -> Iterable[str]:
        """What the reader has to know about these figures."""
        if self._caching == "auto":
            yield (
                "Prompt caches are NOT simulated (the ledger keeps no fingerprints yet): cached "
                "tokens are carried over as measured; the bounds reach to no caching at all."
            )
        yield "Bounds follow from stated assumptions (docs/finance.md); no coverage is claimed."
        if self._undisclosed:
            yield (
                f"{self._undisclosed} answers hold thinking that their vendor does not tell apart:"
                " it is counted as answer."
            )
        for model in sorted(self._guessed):
            yield (
                f"{model} thinks unasked, and the ledger has too little of its traffic:"
                " how much it would think is assumed."
            )


def _own_thinking(groups: Iterable[Traffic]) -> dict[str, Decimal]:
    """Thinking per token of visible output, for models with enough answers that tell."""
    told: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for group in groups:
        if group.usage.thinking_known:
            held = told[group.model]
            held[0] += group.requests
            held[1] += group.usage.thinking
            held[2] += group.usage.output
    return {
        model: Decimal(thought) / Decimal(visible)
        for model, (requests, thought, visible) in told.items()
        if requests >= ENOUGH and visible
    }


def _fresh(tokens: Tokens) -> Tokens:
    """The same tokens without a prompt cache."""
    fresh = dict(tokens)
    for kind, becomes in _FRESH.items():
        fresh[becomes] += fresh.pop(kind)
    return fresh


def _expected(of: Range) -> Decimal:
    return of.expected


def _low(of: Range) -> Decimal:
    return of.low


def _high(of: Range) -> Decimal:
    return of.high


def _part(key: str, steps: list[_Steps]) -> Part:
    walk = [sum((each.walk[at] for each in steps), _ZERO) for at in range(6)]
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
