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
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import sqrt

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.catalog.model import Model
from fairlead.finance.assumptions import Assumptions, Range
from fairlead.finance.own import Own
from fairlead.finance.plan import Plan
from fairlead.finance.prompt_cache import asks
from fairlead.finance.rates import FRESH, Rates, Tokens
from fairlead.finance.replay import KINDS, TEXT, Caching, Replay, part_of
from fairlead.finance.replay import Part as Sums
from fairlead.ledger.answers import Answer, Sample
from fairlead.ledger.traffic import Traffic

__all__ = ["Caching", "Causes", "Part", "Sampling", "WhatIf", "what_if"]

_ZERO = Decimal(0)
_ONE = Decimal(1)
_PICO = Decimal("1e-12")
_ANSWER = ("output", "output_audio", "output_image")
_PROMPT = tuple(kind for kind in KINDS if kind not in {*_ANSWER, "thinking"})
_END = {"low": 0, "expected": 1, "high": 2}


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

    `emulated` of the compared answers came from the emulator: nobody billed them.
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


class _Slice(Struct, frozen=True):
    """What one model takes of a group, in tokens of the model that answered: sums by kind, and of
    the prompts' text what its cache could read and would write, what stays cached as it was, what
    has no fingerprint; the answers' visible text by the client's dialect. `prompt` is the mean
    prompt's size, `weight` its share of the money.
    """

    weight: Decimal
    tokens: dict[str, Decimal]
    prompt: Decimal
    read: Decimal
    written: Decimal
    kept: dict[str, Decimal]
    unknown: dict[str, Decimal]
    spoken: dict[str, Decimal]


def what_if(
    groups: Iterable[Traffic],
    plan: Plan,
    catalog: Catalog,
    *,
    sample: Sample | None = None,
    caching: Caching = "auto",
    batch_share: Decimal = _ZERO,
) -> WhatIf:
    """Replay `groups` under `plan`. With a `sample` of the answers that the groups are made of,
    prompt caches are replayed one by one; a policy needs it.

    Failure (invalid_request) for a batch share outside 0 to 1, for a policy without a sample, or
    where one of the plan's models has no price for what the traffic needs.
    """
    if not batch_share.is_finite() or not 0 <= batch_share <= 1:
        raise Failure.invalid("the batch share lies between 0 and 1", "batch_share")
    if plan.fixed is None and sample is None:
        raise Failure.invalid("a policy is replayed on single answers: none were read", "model")
    kept = list(groups)
    replay = _Replay(catalog, kept, plan, sample, caching, batch_share)
    days: dict[str, list[_Steps]] = defaultdict(list)
    routes: dict[str, list[_Steps]] = defaultdict(list)
    left_out: dict[str, int] = defaultdict(int)
    emulated = 0
    for group in kept:
        if not group.comparable:
            left_out["unpriced, or with fees of server tools"] += group.requests
            continue
        steps = replay.walk(group)
        emulated += group.requests if group.emulated else 0
        days[group.day.isoformat()].append(steps)
        routes[group.route].append(steps)
    total = _part("total", [each for steps in days.values() for each in steps])
    error = replay.error(total)
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
        emulated=emulated,
        sampling=None
        if sample is None or sample.whole
        else Sampling(sample.read, sample.rows, error.quantize(_PICO)),
        notes=tuple(replay.notes()),
    )


class _Replay:
    """The models' prices by day, what the answers' replay found, what the ledger itself tells."""

    def __init__(
        self,
        catalog: Catalog,
        groups: list[Traffic],
        plan: Plan,
        sample: Sample | None,
        caching: Caching,
        batch_share: Decimal,
    ) -> None:
        self._catalog = catalog
        self._plan = plan
        self._sample = sample
        self._caching = caching
        self._batch = batch_share
        self._assume = Assumptions.load()
        self._rates = Rates()
        self._models: dict[tuple[str, date], Model] = {}
        self._own = Own(groups, sample)
        self._ratios: dict[tuple[str, str], Range] = {}
        self._undisclosed = 0
        self._guessed: set[str] = set()
        self._unmeasured: set[str] = set()
        self._unknown = 0
        self._replay: Replay | None = None
        if sample is not None:
            self._replay = Replay(sample, plan, caching, self._of, self._expected_ratio)

    def walk(self, group: Traffic) -> _Steps:
        """The group's bill, step by step, over all models that share it."""
        walk, low, high = [group.cost_usd] + [_ZERO] * 5, _ZERO, _ZERO
        if not group.usage.thinking_known:
            self._undisclosed += group.requests
        source = self._model(group.model, group.day)
        for name, of in self._slices(group, source):
            steps = self._steps(group, source, self._model(name, group.day), of)
            for at, amount in enumerate(steps.walk):
                walk[at + 1] += amount * of.weight
            low, high = low + steps.low * of.weight, high + steps.high * of.weight
        rounded = tuple(amount.quantize(_PICO) for amount in walk)
        return _Steps(group.requests, rounded, low.quantize(_PICO), high.quantize(_PICO))

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

    def _window(self, held: dict[tuple[object, ...], dict[str, Sums]]) -> tuple[float, float]:
        """What was paid in a window of answers, and what would have been."""
        paid, would = 0.0, _ZERO
        for (day, model, _), parts in held.items():
            if not isinstance(day, date):
                continue
            source = self._model(str(model), day)
            shares = self._plan.fixed
            paid += next(iter(parts.values())).paid_pico if shares else 0
            for name, part in parts.items():
                paid += 0 if shares else part.paid_pico
                weight = shares[name] if shares else _ONE
                target = self._model(name, day)
                of = _slice(part, {kind: Decimal(n) for kind, n in part.tokens.items()}, weight)
                tokens, size = self._tokens(source, target, of, "expected")
                hits = self._hits(target)
                whole = self._cached(source, target, of, tokens, hits.expected, cold=False)
                would += weight * self._rates.bill(target, day, whole, int(size), self._batch)
        return paid / 1e12, float(would)

    def _slices(self, group: Traffic, source: Model) -> Iterable[tuple[str, _Slice]]:
        """What each model takes of the group."""
        usage = group.usage
        whole = {kind: Decimal(getattr(usage, kind)) for kind in KINDS}
        found = {} if self._replay is None else self._replay.parts(group)
        fixed = self._plan.fixed
        if fixed is None:
            found = found or {group.model: self._by_sums(group, source, source)}
            for name, part in found.items():
                yield name, _slice(part, _portion(whole, part, found.values()), _ONE)
            return
        for name, share in fixed.items():
            target = self._model(name, group.day)
            part = found.get(name) or self._by_sums(group, source, target)
            self._unknown += group.requests if part.unknown else 0
            yield name, _slice(part, whole, share)

    def _by_sums(self, group: Traffic, source: Model, target: Model) -> Sums:
        ratio = self._expected_ratio(source, target)
        return part_of(group, source, target, ratio, self._caching)

    def _steps(self, group: Traffic, source: Model, target: Model, of: _Slice) -> _Steps:
        day, same = group.day, of.tokens

        def bill(tokens: Tokens, size: Decimal) -> Decimal:
            return self._rates.bill(target, day, tokens, int(size))

        thinks, size = self._tokens(source, target, of, "expected")
        recounted = {**thinks, "thinking": same["thinking"]}
        hits = self._hits(target)
        cached = self._cached(source, target, of, thinks, hits.expected, cold=False)
        plain = bill(cached, size)
        batched = self._rates.bill(target, day, cached, int(size), self._batch)
        walk = (bill(same, of.prompt), bill(recounted, size), bill(thinks, size), plain, batched)
        if source.id == target.id and cached == same:
            return _Steps(group.requests, walk, walk[-1], walk[-1])
        bounds = [walk[-1]]
        for end in ("low", "high"):
            tokens, at = self._tokens(source, target, of, end)
            for hit in {hits.low, hits.high} if of.read else {hits.expected}:
                for cold in (False, True) if of.unknown else (False,):
                    one = self._cached(source, target, of, tokens, hit, cold=cold)
                    bounds.append(self._rates.bill(target, day, one, int(at), self._batch))
        return _Steps(group.requests, walk, min(bounds), max(bounds))

    def _tokens(
        self, source: Model, target: Model, of: _Slice, end: str
    ) -> tuple[dict[str, Decimal], Decimal]:
        """The tokens that the other model would count, cached as they were, at one end of what is
        assumed, and the mean prompt's.
        """
        place = _END[end]
        prompt, text = self._ratio(source, target), self._assume.tokens(source, target)
        answer = text * self._assume.answer(source, target)
        tokens = {kind: of.tokens[kind] * prompt[place] for kind in _PROMPT}
        tokens |= {kind: of.tokens[kind] * answer[place] for kind in _ANSWER}
        tokens["thinking"] = self._thinking(of, source, target, text)[place]
        return tokens, of.prompt * prompt[place]

    def _cached(
        self,
        source: Model,
        target: Model,
        of: _Slice,
        tokens: dict[str, Decimal],
        hit: Decimal,
        *,
        cold: bool,
    ) -> dict[str, Decimal]:
        """The same tokens with the other model's cache: `hit` of what it could read is read."""
        told = dict(tokens)
        if self._caching == "off":
            for kind, becomes in FRESH.items():
                told[becomes] += told.pop(kind)
            return told
        text = sum((tokens[kind] for kind in TEXT), _ZERO)
        was = sum((of.tokens[kind] for kind in TEXT), _ZERO)
        factor = text / was if was else _ONE
        missed = of.read * (1 - hit) if asks(target) else _ZERO
        read, written = of.read * hit, of.written + missed
        hours = _ZERO
        for held in (of.kept,) if cold else (of.kept, of.unknown):
            read += held.get("cache_read", _ZERO)
            written += held.get("cache_write_5m", _ZERO)
            hours += held.get("cache_write_1h", _ZERO)
        told["cache_read"], told["cache_write_5m"] = read * factor, written * factor
        told["cache_write_1h"] = hours * factor
        told["input"] = text - told["cache_read"] - told["cache_write_5m"] - hours * factor
        if source.id != target.id and asks(target):
            told["input_audio"] += told.pop("cache_read_audio")
        return told

    def _thinking(self, of: _Slice, source: Model, target: Model, ratio: Range) -> Range:
        """Thinking tokens of the other model for the whole group."""
        thought = of.tokens["thinking"]
        begins = target.thinking.default_on and not source.thinking.default_on
        if source.id == target.id or not begins or thought:
            factor = ratio * self._assume.thought(source, target)
            return Range(*(thought * each for each in factor))
        told = [_ZERO, _ZERO, _ZERO]
        for dialect, visible in (of.spoken or {"": of.tokens["output"]}).items():
            own = self._own.thinking(target.id, dialect)
            bounds = self._assume.unasked if own is None else self._assume.thinking["default"]
            if own is None:
                self._guessed.add(target.id)
            for at, each in enumerate(bounds):
                told[at] += visible * ratio.expected * (_ONE if own is None else own) * each
        return Range(*told)

    def _hits(self, target: Model) -> Range:
        """How much of what the other model's cache could read it does."""
        if asks(target):
            return self._assume.hits["asked"]
        own = self._own.hits(target)
        if own is None:
            self._unmeasured.add(target.id)
            return self._assume.hits.get(target.vendor, self._assume.hits["other"])
        return own

    def _ratio(self, source: Model, target: Model) -> Range:
        """Tokens of the other model for a token of a prompt: measured here, or else fitted."""
        held = self._ratios.get((source.id, target.id))
        if held is None:
            own = None if source.id == target.id else self._own.tokens(source.id, target.id)
            held = own or self._assume.tokens(source, target)
            self._ratios[source.id, target.id] = held
        return held

    def _expected_ratio(self, source: Model, target: Model) -> float:
        return float(self._ratio(source, target).expected)

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
        for model in sorted(self._guessed):
            yield (
                f"{model} thinks unasked, and the ledger has too little of its traffic:"
                " how much it would think is assumed."
            )
        for model in sorted(self._unmeasured) if self._caching != "off" else ():
            yield (
                f"{model} caches unasked, and the ledger has too little of its traffic:"
                " how often it would is assumed."
            )


def _portion(whole: Mapping[str, Decimal], part: Sums, parts: Iterable[Sums]) -> dict[str, Decimal]:
    """One model's portion of a group's tokens, by kind."""
    told: dict[str, Decimal] = {}
    among = list(parts)
    requests = sum(each.requests for each in among)
    for kind, count in whole.items():
        all_ = sum(each.tokens.get(kind, 0) for each in among)
        own = part.tokens.get(kind, 0)
        told[kind] = count * own / all_ if all_ else count * part.requests / requests
    return told


def _slice(part: Sums, tokens: dict[str, Decimal], weight: Decimal) -> _Slice:
    """A part's cache on so many tokens."""
    tokens = {kind: tokens.get(kind, _ZERO) for kind in KINDS}
    text = sum((tokens[kind] for kind in TEXT), _ZERO)
    factor = text / part.text if part.text else _ZERO
    whole = sum(part.tokens.get(kind, 0) for kind in _PROMPT)
    spoken = part.tokens.get("output", 0)
    said = tokens["output"] / spoken if spoken else _ZERO
    return _Slice(
        weight,
        tokens,
        Decimal(whole) / max(1, part.requests),
        round(part.read) * factor,
        round(part.written) * factor,
        {kind: count * factor for kind, count in part.kept.items() if count},
        {kind: count * factor for kind, count in part.unknown.items() if count},
        {dialect: count * said for dialect, count in part.spoken.items() if count},
    )


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
