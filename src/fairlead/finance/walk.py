"""From what was paid to what would be: one portion of traffic at another model, step by step."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from msgspec import Struct

from fairlead.catalog.model import Model
from fairlead.finance.assumptions import Assumptions, Range
from fairlead.finance.own import Own
from fairlead.finance.portion import Portion
from fairlead.finance.prompt_cache import asks, writes
from fairlead.finance.rates import FRESH, Rates
from fairlead.finance.replay import KINDS, PROMPT, TEXT, Caching
from fairlead.ledger.answers import Answer

__all__ = ["STEPS", "Steps", "Walk"]

STEPS = ("price", "tokens", "thinking", "caching", "batching")
_ZERO, _ONE = Decimal(0), Decimal(1)
_ANSWER = ("output", "output_audio", "output_image")
_LOW, _EXPECTED, _HIGH = 0, 1, 2
Told = dict[str, Decimal]


class Steps(Struct, frozen=True):
    """The bill after each of `STEPS`; the last is what is expected, between `low` and `high`."""

    bills: tuple[Decimal, ...]
    low: Decimal
    high: Decimal


class Walk:
    """Prices of the days, factors between models: the ledger's own where it has them."""

    def __init__(self, own: Own, caching: Caching, batch: Decimal) -> None:
        self._own = own
        self._caching = caching
        self._batch = batch
        self._assume = Assumptions.load()
        self._rates = Rates()
        self._ratios: dict[tuple[str, str], tuple[Range, Range, Range]] = {}
        self._hits: dict[str, Range] = {}
        self._thought_guessed: set[str] = set()
        self._hits_guessed: set[str] = set()

    def steps(self, source: Model, target: Model, day: date, of: Portion) -> Steps:
        """The bill of a portion, step by step."""
        same = {kind: Decimal(of.tokens.get(kind, 0)) for kind in KINDS}

        # What stays with its model stays in its tier and region; another has its usual prices.
        dearer = of.dearer if source.id == target.id else _ONE

        def bill(tokens: Told, size: Decimal, batch: Decimal = _ZERO) -> Decimal:
            usual = self._rates.bill(target, day, tokens, int(size), batch)
            return usual if dearer == 1 else usual * dearer

        thinks, size = self._tokens(source, target, of, same, _EXPECTED)
        hits = self._hit(target)
        cached = self._cached(source, target, of, thinks, hits.expected)
        first = bill(same, Decimal(of.prompt))
        last = bill(cached, size, self._batch)
        if source.id == target.id and cached == same:
            return Steps((first, first, first, first, last), last, last)
        bills = (
            first,
            bill(thinks | {"thinking": same["thinking"]}, size),
            bill(thinks, size),
            bill(cached, size) if self._batch else last,
            last,
        )
        bounds = [last]
        for end in (_LOW, _HIGH):
            tokens, at = self._tokens(source, target, of, same, end)
            for hit in {hits.low, hits.high} if of.read else {hits.expected}:
                for cold in (False, True) if of.unknown else (False,):
                    one = self._cached(source, target, of, tokens, hit, cold=cold)
                    bounds.append(bill(one, at, self._batch))
        return Steps(bills, min(bounds), max(bounds))

    def expected(self, source: Model, target: Model, day: date, of: Portion) -> Decimal:
        """The last bill alone."""
        same = {kind: Decimal(of.tokens.get(kind, 0)) for kind in KINDS}
        tokens, size = self._tokens(source, target, of, same, _EXPECTED)
        whole = self._cached(source, target, of, tokens, self._hit(target).expected)
        bill = self._rates.bill(target, day, whole, int(size), self._batch)
        return bill * of.dearer if source.id == target.id else bill

    def premium(self, model: Model, day: date, answer: Answer) -> int:
        """What its tier and region cost an answer, in 1e-12 dollars."""
        return self._rates.premium(model, day, answer)

    def ratio(self, source: Model, target: Model) -> float:
        """Tokens of the other model for a token of a prompt."""
        return float(self._factors(source, target)[0].expected)

    def band(self, target: Model, source: Model, prompt: int) -> int:
        """The lower edge of the price band in which a prompt would lie."""
        if all(not price.over_prompt for price in target.prices):
            return 0
        size = int(prompt * self._factors(source, target)[0].expected)
        return max((p.over_prompt for p in target.prices if p.over_prompt < size), default=0)

    def notes(self) -> Iterable[str]:
        """What had to be assumed for want of the ledger's own figures."""
        for model in sorted(self._thought_guessed):
            yield (
                f"{model} thinks unasked, and the ledger has too little of its traffic:"
                " how much it would think is assumed."
            )
        for model in sorted(self._hits_guessed) if self._caching != "off" else ():
            yield (
                f"{model} caches unasked, and the ledger has too little of its traffic:"
                " how often it would is assumed."
            )

    def _factors(self, source: Model, target: Model) -> tuple[Range, Range, Range]:
        """Tokens of the other model for one of a prompt (measured here, or else fitted), for one
        of a text, and for one of an answer.
        """
        held = self._ratios.get((source.id, target.id))
        if held is None:
            own = None if source.id == target.id else self._own.tokens(source.id, target.id)
            text = self._assume.tokens(source, target)
            held = (own or text, text, text * self._assume.answer(source, target))
            self._ratios[source.id, target.id] = held
        return held

    def _tokens(
        self, source: Model, target: Model, of: Portion, same: Told, end: int
    ) -> tuple[Told, Decimal]:
        """The tokens that the other model would count, cached as they were, at one end of what is
        assumed, and the mean prompt's.
        """
        prompt, text, answer = self._factors(source, target)
        tokens = {kind: same[kind] * prompt[end] for kind in PROMPT}
        if of.tooled and prompt is text and source.id != target.id:
            # The fitted ratio is that of texts; what a vendor adds for tools comes on top.
            more = target.tool_overhead_tokens - source.tool_overhead_tokens * prompt[end]
            whole = sum((tokens[kind] for kind in TEXT), _ZERO)
            factor = max(_ZERO, 1 + of.tooled * more / whole) if whole else _ONE
            tokens |= {kind: tokens[kind] * factor for kind in TEXT}
        tokens |= {kind: same[kind] * answer[end] for kind in _ANSWER}
        tokens["thinking"] = self._thinking(source, target, of, text)[end]
        return tokens, of.prompt * prompt[end]

    def _thinking(self, source: Model, target: Model, of: Portion, ratio: Range) -> Range:
        """Thinking tokens of the other model."""
        thought = Decimal(of.tokens.get("thinking", 0))
        begins = target.thinking.default_on and not source.thinking.default_on
        if source.id == target.id or not begins or thought:
            factor = ratio * self._assume.thought(source, target)
            return Range(*(thought * each for each in factor))
        told = [_ZERO, _ZERO, _ZERO]
        for dialect, visible in (of.spoken or {"": of.tokens.get("output", 0)}).items():
            own = self._own.thinking(target.id, dialect)
            bounds = self._assume.unasked if own is None else self._assume.thinking["default"]
            if own is None:
                self._thought_guessed.add(target.id)
            for at, each in enumerate(bounds):
                told[at] += visible * ratio.expected * (_ONE if own is None else own) * each
        return Range(*told)

    def _hit(self, target: Model) -> Range:
        """How much of what the other model's cache could read it does."""
        held = self._hits.get(target.id)
        if held is None:
            held = self._hits[target.id] = self._found_hit(target)
        return held

    def _found_hit(self, target: Model) -> Range:
        if asks(target):
            return self._assume.hits["asked"]
        own = self._own.hits(target)
        if own is None:
            self._hits_guessed.add(target.id)
            return self._assume.hits.get(target.vendor, self._assume.hits["other"])
        return own

    def _cached(
        self,
        source: Model,
        target: Model,
        of: Portion,
        tokens: Told,
        hit: Decimal,
        *,
        cold: bool = False,
    ) -> Told:
        """The same tokens with the other model's cache: `hit` of what it could read is read, and
        unless it is `cold` what has no fingerprint stays cached as it was.
        """
        told = dict(tokens)
        if self._caching == "off":
            for kind, becomes in FRESH.items():
                told[becomes] += told.pop(kind)
            return told
        text = sum((tokens[kind] for kind in TEXT), _ZERO)
        was = sum([of.tokens.get(kind, 0) for kind in TEXT])
        factor = text / was if was else _ONE
        read, hours = of.read * hit, 0
        written = of.written + (of.read * (1 - hit) if writes(target) else _ZERO)
        for held in (of.kept,) if cold else (of.kept, of.unknown):
            read += held.get("cache_read", 0)
            written += held.get("cache_write_5m", 0)
            hours += held.get("cache_write_1h", 0)
        told["cache_read"], told["cache_write_5m"] = read * factor, written * factor
        told["cache_write_1h"] = hours * factor
        told["input"] = text - (read + written + hours) * factor
        if source.id != target.id and asks(target):
            told["input_audio"] += told.pop("cache_read_audio")
        return told
