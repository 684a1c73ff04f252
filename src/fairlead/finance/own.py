"""What the user's own ledger says where an assumption would have to stand in.

Each figure is a ratio of sums over hours of traffic; its interval is 1.96 standard errors of such a
ratio, taken from how much the hours differ. Where there is too little, there is none.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from math import sqrt

from fairlead.catalog.model import Model
from fairlead.finance.assumptions import Range
from fairlead.finance.prompt_cache import Prompt, asks, cache_of
from fairlead.finance.replay import unpacked
from fairlead.ledger.answers import Sample
from fairlead.ledger.traffic import Traffic

__all__ = ["ENOUGH", "Own"]

ENOUGH = 50
"""Answers from which a model's own figure is taken."""
WARM = 30
"""Prompts that a cache could have held from which its hit rate is taken."""
WIDE = 1.96
_HOUR = 3600.0
Sums = dict[int, list[float]]


class Own:
    """By model id: thinking per visible token, true to estimated prompt tokens, and how much of
    what an unasked cache could have read it did.
    """

    def __init__(self, sample: Sample | None) -> None:
        self._thinking: dict[str, Decimal] = {}
        self._thought: dict[tuple[str, str], tuple[int, int, int]] = {}
        self._prompts: dict[str, Sums] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
        self._counts: dict[str, int] = defaultdict(int)
        self._sample = sample
        self._hits: dict[str, Range | None] = {}
        for answer in () if sample is None else sample.answers:
            usage = answer.usage
            if answer.counted and usage.thinking_known:
                key = (answer.model, answer.dialect)
                requests, thought, visible = self._thought.get(key, (0, 0, 0))
                self._thought[key] = (
                    requests + 1,
                    thought + usage.thinking,
                    visible + usage.output,
                )
            prefix = unpacked(answer.prefix) if answer.counted else None
            if prefix is not None and not (usage.input_audio or usage.cache_read_audio):
                held = self._prompts[answer.model][int(answer.at // _HOUR)]
                held[0] += usage.prompt_total
                held[1] += prefix.tokens[-1]
                self._counts[answer.model] += 1

    def learn_thinking(self, groups: Iterable[Traffic]) -> None:
        """Take thinking per visible token from sums, where answers read one by one are too few."""
        self._thinking = _thinking(groups)

    def thinking(self, model: str, dialect: str = "") -> Decimal | None:
        """Thinking per token of visible output, for requests of a dialect if there are enough of
        them: where a client says nothing of thinking, dialects mean different things by it.
        """
        requests, thought, visible = self._thought.get((model, dialect), (0, 0, 0))
        if requests >= ENOUGH and visible:
            return Decimal(thought) / visible
        return self._thinking.get(model)

    def tokens(self, source: str, target: str) -> Range | None:
        """How many tokens of `target` a token of `source` is, by what both counted here."""
        if min(self._counts[source], self._counts[target]) < ENOUGH:
            return None
        (ours, off), (theirs, wide) = (_ratio(self._prompts[one]) for one in (source, target))
        if not ours or not theirs:
            return None
        return _range(theirs / ours, WIDE * sqrt((off / ours) ** 2 + (wide / theirs) ** 2))

    def hits(self, model: Model) -> Range | None:
        """What was read of what could have been, for a model whose cache is not asked."""
        if model.id not in self._hits:
            self._hits[model.id] = self._measured(model)
        return self._hits[model.id]

    def _measured(self, model: Model) -> Range | None:
        cache = cache_of(model)
        if cache is None or asks(model) or self._sample is None:
            return None
        sums: Sums = defaultdict(lambda: [0.0, 0.0])
        warm = 0
        for answer in self._sample.answers:
            prefix = unpacked(answer.prefix) if answer.model == model.id else None
            if prefix is None:
                continue
            scale = answer.usage.prompt_total / max(1, prefix.tokens[-1])
            could = cache.use(Prompt(answer.at, answer.key_id, prefix, scale)).read
            if could and answer.counted:
                held = sums[int(answer.at // _HOUR)]
                held[0] += answer.usage.cache_read
                held[1] += could
                warm += 1
        if warm < WARM:
            return None
        rate, off = _ratio(sums)
        return _range(rate, WIDE * off / rate if rate else 0.0)


def _ratio(sums: Sums) -> tuple[float, float]:
    """A ratio of sums over hours, and its standard error by how much the hours differ."""
    top, bottom = (sum(each[at] for each in sums.values()) for at in (0, 1))
    if not bottom:
        return 0.0, 0.0
    ratio, hours = top / bottom, len(sums)
    if hours < 2:
        return ratio, ratio
    spread = sum((a - ratio * b) ** 2 for a, b in sums.values()) * hours / (hours - 1)
    return ratio, sqrt(spread) / bottom


def _range(expected: float, relative: float) -> Range:
    ends = (expected * max(0.0, 1 - relative), expected, expected * (1 + relative))
    return Range(*(Decimal(round(end, 9)).quantize(_NANO) for end in ends))


_NANO = Decimal("1e-9")


def _thinking(groups: Iterable[Traffic]) -> dict[str, Decimal]:
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
