"""What a what-if assumes where the ledger cannot tell: factors from `data/assumptions.toml`."""

import tomllib
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from msgspec import Struct

from fairlead.catalog.model import Model
from fairlead.tokens.estimate import recount
from fairlead.tokens.families import family_of

__all__ = ["Assumptions", "Range"]


class Range(NamedTuple):
    """A lower bound, what is expected, an upper bound. Bounds, not a measured confidence."""

    low: Decimal
    expected: Decimal
    high: Decimal

    def __mul__(self, other: object) -> "Range":
        """Bound by bound."""
        if not isinstance(other, Range):
            return NotImplemented
        return Range(self.low * other.low, self.expected * other.expected, self.high * other.high)


_SAME = Range(Decimal(1), Decimal(1), Decimal(1))
_MANY = 1_000_000


class Assumptions(Struct, frozen=True):
    """The factors by table and row of the data file."""

    recount: dict[str, Range]
    output: dict[str, Range]
    thinking: dict[str, Range]
    hits: dict[str, Range]
    decided: dict[str, Range]
    asked_vendors: frozenset[str]

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> "Assumptions":
        """Those that ship."""
        file = resources.files("fairlead.finance").joinpath("data/assumptions.toml")
        tables = tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
        asked = frozenset(tables.pop("asked_vendors"))
        return cls(
            asked_vendors=asked,
            **{
                name: {row: Range(*map(Decimal, factors)) for row, factors in table.items()}
                for name, table in tables.items()
            },
        )

    def tokens(self, source: Model, target: Model) -> Range:
        """How many tokens of `target` a token of `source` is, for the same text: the ratio that
        was fitted on recordings, with its 95 % interval; assumed for tokenizers nobody knows.
        """
        if source.id == target.id:
            return _SAME
        ours, theirs = family_of(source), family_of(target)
        if ours is None or theirs is None:
            return self.recount["unknown"]
        found = recount(_MANY, ours.name, theirs.name)
        return Range(*(Decimal(each) / _MANY for each in (found.low, found.tokens, found.high)))

    def answer(self, source: Model, target: Model) -> Range:
        """How much longer the visible answer is, apart from the tokenizer."""
        return _SAME if source.id == target.id else self.output["other"]

    def thought(self, source: Model, target: Model) -> Range:
        """How much of the thinking stays; see `unasked` for a model that begins to think."""
        if source.id == target.id:
            return _SAME
        if target.thinking.kind in {"none", "unknown"} or (
            source.thinking.default_on and not target.thinking.default_on
        ):
            return self.thinking["dropped"]
        return self.thinking["default" if target.thinking.default_on else "asked"]

    @property
    def unasked(self) -> Range:
        """Thinking of a model that does so unasked, per token of visible output."""
        return self.thinking["unasked"]
