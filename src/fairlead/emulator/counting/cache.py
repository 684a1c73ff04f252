"""The vendors' prompt caches, imitated.

A prompt is a row of pieces; a prefix is known by a chain of digests, each made of the one before
it and of a piece. A cache remembers prefixes for a while, for one key and one model.

Anthropic writes a prefix at each breakpoint and nowhere else, and looks for one from each
breakpoint back over at most 20 blocks. With A tokens up to the furthest hit, B up to the last
1-hour breakpoint behind it, and C up to the last breakpoint: A are read, B - A written for an hour,
C - B for five minutes, the rest is plain input (documentation on prompt caching, "Mixing different
TTLs"). A hit renews what it hit for its own time. Prefixes below the model's minimum are neither
written nor read.

Google caches by itself: any prefix that was seen shortly before and is long enough is read, and
nothing is said of writes. So does OpenAI with models before GPT-5.6.

From GPT-5.6 on OpenAI writes, at a price: "one implicit breakpoint", "at the end of the newest
eligible message", kept for a "minimum lifetime" of 30 minutes and found "without a content-block
lookback limit", "matched exactly at a breakpoint, without falling back to a shorter unmarked
prefix" (guide on prompt caching, prompt_cache_options; langchain4j 1.21, MODE_IMPLICIT).
Breakpoints of the request's own are not heeded.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b

import msgspec

from fairlead.emulator.counting.piece import Piece
from fairlead.emulator.models import Model

__all__ = ["CacheUse", "PromptCache"]

LIFETIMES = {"5m": 300.0, "1h": 3600.0}
IMPLICIT_LIFETIME = 300.0
BREAKPOINT_LIFETIME = 1800.0
LOOKBACK = 20
MOST_PREFIXES = 20_000


class CacheUse(msgspec.Struct, frozen=True):
    """Prompt tokens by what the cache did for them: `fresh + read + written` is all of them.

    `read_by_modality` splits `read`.
    """

    fresh: int
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0
    read_by_modality: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def total(self) -> int:
        """All prompt tokens."""
        return self.fresh + self.read + self.write_5m + self.write_1h


class _Prefix(msgspec.Struct):
    lifetime: float
    ends: float


class _Row(msgspec.Struct, frozen=True):
    """The chain's links and the tokens up to each."""

    links: list[bytes]
    sums: list[int]

    def up_to(self, place: int) -> int:
        """Tokens up to and with a piece; 0 before the first."""
        return self.sums[place] if place >= 0 else 0


class PromptCache:
    """Remembers prefixes; mutable. `clock` gives seconds and never runs back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._prefixes: dict[bytes, _Prefix] = {}

    def forget(self) -> None:
        """As on the first day."""
        self._prefixes.clear()

    def use(self, scope: str, model: Model, pieces: list[Piece]) -> CacheUse:
        """What the cache does for a prompt, and what it learns of it.

        `scope` is what caches are kept apart by: the API key.
        """
        row = _row(scope, model, pieces)
        found = self._implicit
        if model.vendor == "anthropic":
            found = self._explicit
        elif model.openai is not None and model.openai.cache_writes:
            found = self._at_the_end
        return found(model, pieces, row)

    def _at_the_end(self, model: Model, pieces: list[Piece], row: _Row) -> CacheUse:
        last = len(pieces) - 1
        total = row.up_to(last)
        if total < model.min_cacheable:
            return CacheUse(total)
        hit = next((p for p in range(last, -1, -1) if self._known(row.links[p])), -1)
        if hit >= 0:
            self._renew(row.links[hit])
        self._remember(row.links[last], BREAKPOINT_LIFETIME)
        read = row.up_to(hit)
        return CacheUse(0, read, total - read, read_by_modality=_split(pieces[: hit + 1]))

    def _explicit(self, model: Model, pieces: list[Piece], row: _Row) -> CacheUse:
        marks = [
            place
            for place, piece in enumerate(pieces)
            if piece.mark and row.sums[place] >= model.min_cacheable
        ]
        hit = self._furthest_hit(model, row, marks)
        total, read = row.up_to(len(pieces) - 1), row.up_to(hit)
        behind = [place for place in marks if place > hit]
        hours = [place for place in behind if pieces[place].mark == "1h"]
        long_end = row.up_to(hours[-1]) if hours else read
        end = max(row.up_to(behind[-1]), long_end) if behind else read
        for place in behind:
            self._remember(row.links[place], LIFETIMES[pieces[place].mark or "5m"])
        return CacheUse(
            total - end, read, end - long_end, long_end - read, _split(pieces[: hit + 1])
        )

    def _furthest_hit(self, model: Model, row: _Row, marks: list[int]) -> int:
        """The last piece of the longest prefix that is remembered; -1 for none."""
        furthest = -1
        for mark in marks:
            for place in range(mark, max(mark - LOOKBACK, furthest), -1):
                if row.sums[place] >= model.min_cacheable and self._known(row.links[place]):
                    furthest = place
                    break
        if furthest >= 0:
            self._renew(row.links[furthest])
        return furthest

    def _implicit(self, model: Model, pieces: list[Piece], row: _Row) -> CacheUse:
        long_enough = [
            place for place in range(len(pieces)) if row.sums[place] >= model.min_cacheable
        ]
        # The last piece is always read anew: something has to be.
        candidates = [place for place in long_enough if place < len(pieces) - 1]
        hit = next((p for p in reversed(candidates) if self._known(row.links[p])), -1)
        for place in long_enough:
            self._remember(row.links[place], IMPLICIT_LIFETIME)
        read = row.up_to(hit)
        total = row.up_to(len(pieces) - 1)
        return CacheUse(total - read, read, read_by_modality=_split(pieces[: hit + 1]))

    def _known(self, link: bytes) -> bool:
        prefix = self._prefixes.get(link)
        return prefix is not None and prefix.ends > self._clock()

    def _renew(self, link: bytes) -> None:
        prefix = self._prefixes[link]
        prefix.ends = self._clock() + prefix.lifetime

    def _remember(self, link: bytes, lifetime: float) -> None:
        # Taken out and put back, so that the oldest entries stand first.
        known = self._prefixes.pop(link, None)
        if known is not None and known.ends > self._clock():
            lifetime = max(lifetime, known.lifetime)
        self._prefixes[link] = _Prefix(lifetime, self._clock() + lifetime)
        while len(self._prefixes) > MOST_PREFIXES:
            del self._prefixes[next(iter(self._prefixes))]


def _row(scope: str, model: Model, pieces: Iterable[Piece]) -> _Row:
    row = _Row([], [])
    link, tokens = blake2b(f"{scope}\0{model.name}".encode(), digest_size=16).digest(), 0
    for piece in pieces:
        link = blake2b(link + piece.digest, digest_size=16).digest()
        tokens += piece.tokens
        row.links.append(link)
        row.sums.append(tokens)
    return row


def _split(pieces: list[Piece]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for piece in pieces:
        if piece.tokens:
            sums[piece.modality] = sums.get(piece.modality, 0) + piece.tokens
    return sums
