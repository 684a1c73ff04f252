"""Single answers replayed under a plan: where each would go, what that model's cache would do.

What is found is kept in sums by group of the ledger's traffic, in tokens of the model that
answered; prices, tokenizers and bounds come later (`whatif`). Where only a part of the answers
could be read, the sums are used as shares, and `windows` holds them once more by run of neighbours,
so that the error of the sampling can be told.
"""

from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import Literal

from msgspec import Struct

from fairlead.catalog.model import Model
from fairlead.finance.plan import Plan
from fairlead.finance.prompt_cache import LEAST, Cache, Prompt, asks, cache_of, writes
from fairlead.ledger.answers import Answer, Sample
from fairlead.ledger.traffic import Traffic
from fairlead.tokens.prefix import TOOLS, Prefix

__all__ = ["KINDS", "PROMPT", "TEXT", "Caching", "Counts", "Part", "Replay", "part_of", "tokens_of"]

Caching = Literal["auto", "asked", "off"]
"""`auto`: the gateway asks for caching; `asked`: clients do or nobody; `off`: no prompt cache."""

TEXT = ("input", "cache_read", "cache_write_5m", "cache_write_1h")
PROMPT = (*TEXT, "input_audio", "cache_read_audio", "tool_input")
KINDS = (*PROMPT, "output", "output_audio", "output_image", "thinking")
Key = tuple[object, ...]
_counts = attrgetter(*KINDS)


class Counts(Struct):
    """Sums of `requests`, `tooled` of which bring tools. Tokens are those of the model that
    answered.

    `tokens` are sums by kind as they were. Of the prompts' text `kept` stay cached as they were
    paid, `unknown` have no fingerprint. `spoken` are visible tokens of the answers by the client's
    dialect.
    """

    requests: int = 0
    tooled: int = 0
    tokens: dict[str, int] = {}
    kept: dict[str, int] = {}
    unknown: dict[str, int] = {}
    spoken: dict[str, int] = {}

    def count(self, other: "Counts") -> None:
        """Both together."""
        self.requests += other.requests
        self.tooled += other.tooled
        for own, more in (
            (self.tokens, other.tokens),
            (self.kept, other.kept),
            (self.unknown, other.unknown),
            (self.spoken, other.spoken),
        ):
            for kind, count in more.items():
                own[kind] = own.get(kind, 0) + count


class Part(Counts):
    """What one model would take of a group, for which `paid_pico` were paid, `premium_pico` of it
    for the tiers and regions that they were served in.

    Of the prompts' text that is neither `kept` nor `unknown`, the model's cache read at most `read`
    and wrote `written`. The rest is fresh.
    """

    paid_pico: int = 0
    premium_pico: int = 0
    read: float = 0.0
    written: float = 0.0

    @property
    def text(self) -> int:
        """Tokens of the prompts' text."""
        return sum([self.tokens.get(kind, 0) for kind in TEXT])

    @property
    def prompts(self) -> int:
        """Tokens of the prompts, of any kind."""
        return sum([self.tokens.get(kind, 0) for kind in PROMPT])

    def add(self, answer: Answer) -> None:
        """One more answer."""
        self.requests += 1
        self.paid_pico += answer.cost_pico_usd
        tokens = self.tokens
        for kind, count in zip(KINDS, _counts(answer.usage), strict=True):
            if count:
                tokens[kind] = tokens.get(kind, 0) + count
        self.spoken[answer.dialect] = self.spoken.get(answer.dialect, 0) + answer.usage.output

    def merge(self, other: "Part") -> None:
        """Both together."""
        self.count(other)
        self.paid_pico += other.paid_pico
        self.premium_pico += other.premium_pico
        self.read += other.read
        self.written += other.written


class _Way(Struct, frozen=True):
    """From one model's answers to another model: its cache, and what becomes of tokens that were
    cached (`used`) or not.
    """

    ratio: float
    used: str
    unused: str
    cache: Cache | None
    least: int
    stays: bool


class _Origin(Struct, frozen=True):
    """What is the same for all answers of a model and a day: that model, its own cache where what
    that did matters, and the ways to others.
    """

    model: Model
    cache: Cache | None
    ways: dict[str, _Way] = {}


class Replay:
    """The plan's sums over a sample. `resolve` finds a model by name and day, `ratio` how many
    tokens of the second model one of the first is, `premium` what an answer's tier and region cost.

    `windows` has them by run of neighbours, day and model that answered.
    """

    def __init__(
        self,
        sample: Sample,
        plan: Plan,
        caching: Caching,
        resolve: Callable[[str, Answer], Model],
        ratio: Callable[[Model, Model], float],
        premium: Callable[[Model, date, Answer], int],
    ) -> None:
        self.sample = sample
        self._plan = plan
        self._caching = caching
        self._resolve = resolve
        self._ratio = ratio
        self._premium = premium
        self._caches: dict[str, tuple[Cache | None, int]] = {}
        self._were: dict[str, tuple[Cache | None, int]] = {}
        self._origins: dict[tuple[str, date], _Origin] = {}
        self._groups: dict[Key, dict[str, Part]] = {}
        for answer in sample.answers:
            self._take(answer)
        self.windows: dict[int, dict[tuple[date, str], dict[str, Part]]] = {}
        if not sample.whole:
            self._gather()

    def parts(self, group: Traffic) -> dict[str, Part]:
        """What each model would take of a group of traffic, from the nearest group of answers that
        was read; empty without any.
        """
        keys = [_key(group)] if self.sample.whole else _wider(group)
        for key in keys:
            found = self._groups.get(key)
            if found:
                return found
        return {}

    def _take(self, answer: Answer) -> None:
        prefix = unpacked(answer.prefix)
        counts = answer.counted and answer.comparable
        if prefix is None and not counts:
            return  # it leaves nothing in a cache
        origin = self._origin(answer)
        usage = answer.usage
        whole, estimated = usage.prompt_total, 1 if prefix is None else max(1, prefix.tokens[-1])
        was = None
        if prefix is not None and origin.cache is not None:
            was = origin.cache.use(Prompt(answer.at, answer.key_id, prefix, whole / estimated))
        used = usage.cache_read or usage.cache_write_5m or usage.cache_write_1h
        for name in self._plan.targets(answer):
            way = origin.ways.get(name) or self._way(name, answer, origin)
            fate = way.used if used else way.unused
            read = written = 0.0
            if way.cache is not None and prefix is not None:
                # A cache is filled by all that its model gets, whoever asked for it.
                scale = whole * way.ratio / estimated
                does = way.cache.use(Prompt(answer.at, answer.key_id, prefix, scale))
                if fate == "simulated":
                    read, written = does.read / way.ratio, does.written / way.ratio
                elif fate == "kept" and was is not None and way.stays:
                    # Paid as it was, but for what other company in the cache changes.
                    read, written = does.read - was.read, does.written - was.written
            elif way.cache is not None and fate == "simulated":
                fate = "unknown" if whole * way.ratio >= way.least else fate
            if counts:
                part = self._noted(answer, name, fate)
                if answer.tier or answer.region:
                    part.premium_pico += self._premium(origin.model, answer.day, answer)
                part.read += read
                part.written += written
                part.tooled += prefix is not None and prefix.turns[0] == TOOLS

    def _origin(self, answer: Answer) -> _Origin:
        """Where an answer comes from; its own model's cache is replayed where an answer may stay
        with it.
        """
        key = (answer.model, answer.day)
        held = self._origins.get(key)
        if held is None:
            source, fixed = self._resolve(answer.model, answer), self._plan.fixed
            stays = fixed is None or any(
                self._resolve(name, answer).id == source.id for name in fixed
            )
            cache = _cache(source, self._were)[0] if stays else None
            held = self._origins[key] = _Origin(source, cache, {})
        return held

    def _way(self, name: str, answer: Answer, origin: _Origin) -> _Way:
        """From where an answer comes to another model."""
        source, target = origin.model, self._resolve(name, answer)
        used, unused = (fate(source, target, self._caching, used=each) for each in (True, False))
        cache, least = _cache(target, self._caches)
        ratio = self._ratio(source, target)
        held = _Way(ratio, used, unused, cache, least, source.id == target.id)
        origin.ways[name] = held
        return held

    def _noted(self, answer: Answer, name: str, fate: str) -> Part:
        """The part that an answer counts in, with it."""
        whole = self.sample.whole
        key = _key(answer) if whole else (answer.window, answer.day, *_narrow(answer))
        held = self._groups.get(key)
        if held is None:
            held = self._groups[key] = {}
        part = held.get(name)
        if part is None:
            part = held[name] = Part()
        part.add(answer)
        if fate not in {"simulated", "fresh"}:
            sums = part.kept if fate == "kept" else part.unknown
            for kind in TEXT:
                sums[kind] = sums.get(kind, 0) + getattr(answer.usage, kind)
        return part

    def _gather(self) -> None:
        """From runs of neighbours to what any group of traffic may ask for."""
        found, self._groups = self._groups, {}
        for (window, day, model, size, reuse), parts in found.items():
            narrow = (model, size, reuse)
            places = [self._groups.setdefault(narrow[:end], {}) for end in (3, 2, 1)]
            if isinstance(window, int) and isinstance(day, date):
                run = self.windows.setdefault(window, {})
                places.append(run.setdefault((day, str(model)), {}))
            for name, part in parts.items():
                for place in places:
                    place.setdefault(name, Part()).merge(part)


def _cache(model: Model, held: dict[str, tuple[Cache | None, int]]) -> tuple[Cache | None, int]:
    """The model's cache, and the least that it takes."""
    found = held.get(model.id)
    if found is None:
        least = model.limits.min_cacheable or LEAST
        found = held[model.id] = (cache_of(model), least)
    return found


def _key(of: Answer | Traffic) -> Key:
    """The group of traffic that an answer is in."""
    known = of.usage.thinking_known
    return (of.day, of.route, of.model, of.size, of.reuse_size, of.emulated, known)


def _narrow(of: Answer | Traffic) -> Key:
    return (of.model, of.size, of.reuse_size)


def _wider(group: Traffic) -> Iterator[Key]:
    """What stands for a group where not all was read, the narrowest first."""
    narrow = _narrow(group)
    for end in (3, 2, 1):
        yield narrow[:end]


def fate(source: Model, target: Model, caching: Caching, *, used: bool) -> str:
    """The same by what counts: whether a prompt cache was `used`.

    As it was paid: the same model, but for one that has to be asked and was not. What a client has
    asked one vendor for that wants to be asked, it asks another such for. The rest is simulated.
    """
    if source.id == target.id and (used or caching == "asked" or not asks(target)):
        return "kept"
    if asks(target):
        if used and asks(source):
            return "kept"
        return "simulated" if caching == "auto" else "fresh"
    return "simulated"


@lru_cache(maxsize=20_000)
def unpacked(prefix: bytes) -> Prefix | None:
    """The fingerprint; None for none, or one of another version."""
    if not prefix:
        return None
    try:
        return Prefix.unpack(prefix)
    except ValueError:
        return None


def tokens_of(group: Traffic) -> dict[str, int]:
    """A group's tokens by kind, those that there are."""
    return {kind: n for kind, n in zip(KINDS, _counts(group.usage), strict=True) if n}


def part_of(group: Traffic, source: Model, target: Model, ratio: float, caching: Caching) -> Part:
    """A part by sums alone, where no single answers were read: every reuse is read, which is too
    much by what the first reuse of each beginning has to write.
    """
    usage = group.usage
    paid = int(group.cost_usd.scaleb(12))
    part = Part(requests=group.requests, tokens=tokens_of(group), paid_pico=paid)
    cached = {kind: getattr(usage, kind) for kind in TEXT}
    used = bool(cached["cache_read"] or cached["cache_write_5m"] or cached["cache_write_1h"])
    found = fate(source, target, caching, used=used)
    if found == "kept":
        part.kept = cached
        return part
    least = (target.limits.min_cacheable or LEAST) / ratio
    if found == "fresh" or cache_of(target) is None:
        return part
    if group.reuse_size >= 0 and group.reuse_size + 1 >= least:
        part.read = float(group.reuse_5m)
        part.written = float(group.reuse_known_prompt - group.reuse_5m) if writes(target) else 0.0
    if group.reuse_known < group.requests and group.size + 1 >= least:
        share = 1 - group.reuse_known_prompt / max(1, usage.prompt_total)
        part.unknown = {kind: round(count * share) for kind, count in cached.items()}
    return part
