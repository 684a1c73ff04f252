"""How prompts begin, as values: a prompt's boundaries, and an index of those that were seen before.

A boundary is the end of a block of a prompt, with a fingerprint of all that stands before it and
the tokens that this is likely to be. Two prompts share the longest beginning at whose boundary they
have the same fingerprint. `tokens.boundaries` reads them off a request.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

__all__ = [
    "FIVE_MINUTES",
    "HOUR",
    "MOST",
    "SYSTEM",
    "TOOLS",
    "WHOLE",
    "Counted",
    "Place",
    "Prefix",
    "PrefixIndex",
    "Reuse",
]

MOST = 64
"""Boundaries that are kept of one prompt."""

FIVE_MINUTES, HOUR = 300.0, 3_600.0

TOOLS, SYSTEM = -2, -1
WHOLE = -1

_FINGERPRINT = 8
_VERSION = 1

Counted = tuple[str, int]
"""A model's id, and the prompt tokens that it counted."""


class Place(NamedTuple):
    """Where a boundary is: at the end of the `turn` of that number (`TOOLS`, `SYSTEM`: before the
    first), or behind its `block` of that number, both from 0 on.
    """

    turn: int
    block: int = WHOLE


class Prefix(Struct, frozen=True):
    """A prompt's boundaries, the first to the last; the last is the end of the prompt.

    `hashes` are 64 bits each, `tokens` estimates of all up to the boundary: good for shares of this
    prompt and nothing else. `turns` and `blocks`: see `Place`.
    """

    hashes: tuple[int, ...]
    tokens: tuple[int, ...]
    turns: tuple[int, ...]
    blocks: tuple[int, ...]

    def place(self, number: int) -> Place:
        """Where a boundary is."""
        return Place(self.turns[number], self.blocks[number])

    def pack(self) -> bytes:
        """As the ledger keeps it, some 12 bytes a boundary: the fingerprint, then by how many
        tokens and turns it lies behind the one before, and its block plus one.
        """
        out = bytearray((_VERSION,))
        tokens, turn = 0, TOOLS
        columns = zip(self.hashes, self.tokens, self.turns, self.blocks, strict=True)
        for value, upto, at, block in columns:
            out += value.to_bytes(_FINGERPRINT, "little")
            _put(out, upto - tokens)
            if 0 <= at - turn < 128 and block < 127:
                out += bytes((at - turn, block + 1))
            else:
                _put(out, at - turn)
                _put(out, block + 1)
            tokens, turn = upto, at
        return bytes(out)

    @classmethod
    def unpack(cls, data: bytes) -> "Prefix":
        """The boundaries that `pack` wrote.

        Raises:
            ValueError: it did not, or another version did.
        """
        if data[:1] != bytes((_VERSION,)):
            raise ValueError("no packed prefix of this version")
        hashes, tokens, turns, blocks = [], [], [], []
        at, upto, turn = 1, 0, TOOLS
        length, from_bytes = len(data), int.from_bytes
        try:
            while at < length:
                end = at + _FINGERPRINT
                hashes.append(from_bytes(data[at:end], "little"))
                more, at = (data[end], end + 1) if data[end] < 128 else _take(data, end)
                further, block = data[at], data[at + 1]
                if further < 128 and block < 128:
                    at += 2
                else:
                    further, at = _take(data, at)
                    block, at = _take(data, at)
                upto, turn = upto + more, turn + further
                tokens.append(upto)
                turns.append(turn)
                blocks.append(block - 1)
        except IndexError as error:
            raise ValueError("a packed prefix ends in the middle") from error
        return cls(tuple(hashes), tuple(tokens), tuple(turns), tuple(blocks))


def _put(out: bytearray, number: int) -> None:
    """Seven bits a byte, the lowest first."""
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def _take(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while data[at] & 128:
        number |= (data[at] & 127) << shift
        shift += 7
        at += 1
    return number | data[at] << shift, at + 1


# --- remembering ----------------------------------------------------------------------------------


class Reuse(NamedTuple):
    """How much of a prompt began another one of the same scope: tokens of the prefix's estimate.

    `boundary` is the number of the boundary that was seen within five minutes, -1 for none;
    `continues` whether another prompt ended there: then this one is that conversation's next.
    `counted_5m`, `counted_1h`: the model that answered such a prompt, and what it counted.
    """

    within_5m: int = 0
    within_1h: int = 0
    boundary: int = -1
    continues: bool = False
    counted_5m: Counted | None = None
    counted_1h: Counted | None = None


_UNSEEN = Reuse()


def _keys(scope: str, prefix: Prefix) -> list[int]:
    """The prefix's fingerprints, told apart from those of other scopes."""
    mask = hash(scope)
    return [value ^ mask for value in prefix.hashes]


class PrefixIndex:
    """When which beginning was last used, by scope (a key's id). Bounded; for one process.

    Two generations: when the younger one is full it becomes the elder one, and what was in that is
    forgotten. So the `max_entries` / 2 that were used last are always there.
    """

    def __init__(self, max_entries: int = 200_000) -> None:
        self._half = max(MOST, max_entries // 2)
        self._young: dict[int, float] = {}
        self._old: dict[int, float] = {}
        # Where a prompt ended, and what a model counted up to there.
        self._ends: dict[int, Counted | None] = {}
        self._old_ends: dict[int, Counted | None] = {}

    def __len__(self) -> int:
        """How many beginnings are held, twice those that are in both generations."""
        return len(self._young) + len(self._old)

    def reuse(self, scope: str, prefix: Prefix, at: float) -> Reuse:
        """What was seen before `at` (Unix seconds); the prefix counts as used at that moment."""
        keys, found = _keys(scope, prefix), _UNSEEN
        if not (self._young.keys().isdisjoint(keys) and self._old.keys().isdisjoint(keys)):
            found = self._look(keys, 0, prefix.tokens, at)
        self._note(keys, at)
        return found

    def look(self, scope: str, prefix: Prefix, at: float) -> Reuse:
        """What was seen before `at`. Nothing is noted: the prompt has not been answered yet."""
        return self._look(prefix.hashes, hash(scope), prefix.tokens, at)

    def note(self, scope: str, prefix: Prefix, at: float) -> None:
        """All beginnings of the prompt are used now: "the cache is refreshed for no additional cost
        each time the cached content is used" (platform.claude.com, Prompt caching).
        """
        self._note(_keys(scope, prefix), at)

    def _look(self, hashes: Sequence[int], mask: int, tokens: tuple[int, ...], at: float) -> Reuse:
        """From the end on: what goes on is found after a few steps."""
        young, old = self._young, self._old
        hour = -1
        for number in range(len(hashes) - 1, -1, -1):
            key = hashes[number] ^ mask
            used = young.get(key)
            if used is None and (used := old.get(key)) is None:
                continue
            age = at - used
            if hour < 0 and age <= HOUR:
                hour = number
            if age <= FIVE_MINUTES:
                continues, counted = self._end(key)
                longer = counted if hour == number else self._end(hashes[hour] ^ mask)[1]
                return Reuse(tokens[number], tokens[hour], number, continues, counted, longer)
        if hour < 0:
            return _UNSEEN
        return Reuse(0, tokens[hour], counted_1h=self._end(hashes[hour] ^ mask)[1])

    def _note(self, keys: list[int], at: float) -> None:
        if len(self._young) > self._half:
            self._old, self._young = self._young, {}
            self._old_ends, self._ends = self._ends, {}
        self._young.update(dict.fromkeys(keys, at))
        self._ends.setdefault(keys[-1], None)

    def count(self, scope: str, prefix: Prefix, counted: Counted) -> None:
        """What a model counted for a prompt that was noted."""
        self._ends[prefix.hashes[-1] ^ hash(scope)] = counted

    def _end(self, key: int) -> tuple[bool, Counted | None]:
        """Whether a prompt ended there, and what was counted."""
        counted = self._ends.get(key)
        if counted is None and (key in self._old_ends):
            return True, self._old_ends[key]
        return key in self._ends, counted
