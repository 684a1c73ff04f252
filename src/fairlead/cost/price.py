"""What an answer cost: usage by kind times the catalogue's prices, exactly.

Two rules, and everything here follows from them.

1. **Each token is paid once.** `canon.Usage` has disjoint buckets; each bucket with tokens becomes
   one `Line`, and the total is the sum of the lines. Sums are whole numbers of a unit so small (the
   last decimal place of the band's prices per token) that every price is a whole number of it, and
   become a Decimal at the end, in a context that traps inexact results: nothing is rounded; only
   `dollars()` rounds, for people.
2. **Never cheaper than the vendor.** Where a vendor lists no price of its own for a bucket,
   `band.FALLBACKS` says what it is billed as, and only where the vendor's rule is known or the
   other price is the dearer one. Where that is not so, the whole request is unpriced (None): a
   total that leaves tokens out would be a guess.

`band` tells which row of prices counts for which kind of token; here is whose rows they are.

A row of a service tier, a region or an upstream counts for requests of that tier, region or
upstream alone, and there before a row for all of them. A tier without rows is billed as the normal
one, a region likewise. Where the answer does not say where it was computed, the region that the
model's upstream is set to counts. The batch is a tier too, with prices of its own kinds: usage
whose tier is `batch` takes them.

Fees: `call_<name>` is the price of a million calls of a server tool, `prompt_<name>` of a million
answers that used it, however often (Gemini 2.5's grounding: "each API call using the google_search
tool counts as a single billable grounding request, even if multiple search queries are performed
for one response", Google's staff at discuss.ai.google.dev/t/102927).

`cache_storage` is the price of keeping a million tokens in a cached content for an hour. It is the
one count that may be negative: what was booked for hours that were cut off again.
"""

import hashlib
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from msgspec import Struct

from fairlead.canon import Usage
from fairlead.catalog.model import Model, Price
from fairlead.cost.band import (
    BUCKETS,
    CALL,
    FALLBACKS,
    PROMPT,
    STORAGE,
    Band,
    Rate,
    compile_band,
    exactly,
)
from fairlead.cost.display import dollars

__all__ = ["BUCKETS", "FALLBACKS", "Charge", "Line", "PriceTable", "dollars"]

_BATCH = "batch"
_WHERE = " {0.tier}/{0.region}/{0.upstream}"


class Line(Struct, frozen=True):
    """One line of the bill: `amount` = `tokens` x `usd_per_million` / 1,000,000, exactly.

    `kind` is the bucket (or `call_<name>`: then `tokens` counts calls), `billed_as` the kind of
    price that was applied, `source` where that price stands, `over_prompt` the lower edge of its
    band, `tier` and `region` what it is the price of ("": of all).
    """

    kind: str
    tokens: int
    usd_per_million: Decimal
    amount: Decimal
    source: str
    billed_as: str = ""
    over_prompt: int = 0
    tier: str = ""
    region: str = ""


class Charge(Struct, frozen=True):
    """What one answer cost, in US dollars. `version` names the prices that were applied."""

    total: Decimal
    lines: tuple[Line, ...]
    version: str


class PriceTable:
    """One model's prices on one day, compiled so that a charge is a few multiplications.

    Made once per model and day; a table without prices charges nothing and gives None. Its prices
    are those behind the model's own `door`; `tier` and `region` (None: the model's) are what they
    are for, besides those that are for all.
    """

    __slots__ = (
        "_bands",
        "_edges",
        "_only",
        "_own",
        "_tiers",
        "_variants",
        "at",
        "model",
        "regions",
        "version",
    )

    def __init__(
        self, model: Model, at: date, *, tier: str = "", region: str | None = None
    ) -> None:
        self.model, self.at = model, at
        door, here = model.door, model.region if region is None else region
        valid = [row for row in model.prices if row.holds(at) and row.upstream in ("", door)]
        rows = [row for row in valid if row.tier in ("", tier) and row.region in ("", here)]
        self._own = (tier, here)
        self._tiers = frozenset(row.tier for row in valid if row.tier)
        self.regions = frozenset(row.region for row in valid if row.region)
        # None where no price depends on the tier or the region: the request path looks no further.
        varied = bool(self._tiers or self.regions)
        self._variants: dict[tuple[str, str], PriceTable] | None = {} if varied else None
        self._edges = tuple(sorted({row.over_prompt for row in rows} | {0}, reverse=True))
        self._bands = tuple(
            (compile_band(rows, edge, batch=False), compile_band(rows, edge, batch=True))
            for edge in self._edges
        )
        self._only = self._bands[0] if len(self._bands) == 1 else None
        self.version = _version(rows)

    def variant(self, tier: str | None = None, region: str | None = None) -> "PriceTable":
        """The prices of a service tier and a region: this table where none depends on them.

        No tier is the table's own, a region of None too; one that no price is for is the usual.
        """
        held = self._variants
        if held is None:
            return self
        own_tier, own_region = self._own
        if tier:
            own_tier = tier if tier in self._tiers else ""
        if region is not None:
            own_region = region if region in self.regions else ""
        key = (own_tier, own_region)
        if key == self._own:
            return self
        found = held.get(key)
        if found is None:
            found = held[key] = PriceTable(self.model, self.at, tier=key[0], region=key[1])
        return found

    def charge(
        self,
        usage: Usage,
        *,
        batch: bool = False,
        tier: str | None = None,
        region: str | None = None,
        band_of: int | None = None,
    ) -> Charge | None:
        """The bill for `usage`; None where a bucket with tokens has no price, or a count is < 0.

        A usage of no tokens costs 0, unless the model has no prices at all: then None. `tier` and
        `region` are the usage's own where they are not given; `band_of` is the prompt's size where
        `usage` is a part.
        """
        tier = usage.tier if tier is None else tier
        of = self.variant(tier, usage.region if region is None else region)
        if of is not self:
            return of.charge(usage, batch=batch, tier=tier, region=region, band_of=band_of)
        prompt = usage.prompt_total if band_of is None else band_of
        band = (self._only or self._at(prompt))[batch or tier == _BATCH]
        rates, places = band.rates, -band.places
        if not rates:
            return None
        lines: list[Line] = []
        total = 0
        for kind, tokens in _billed(usage, rates):
            if tokens == 0:
                continue
            rate = rates.get(kind)
            if rate is None or (tokens < 0 and kind != STORAGE):
                return None
            units = tokens * rate.units
            total += units
            lines.append(_line(kind, tokens, rate.price, exactly(units, places)))
        return Charge(exactly(total, places), tuple(lines), self.version)

    def total(self, usage: Usage, *, batch: bool = False) -> Decimal | None:
        """`charge(usage).total` without its lines: for the request path."""
        region = usage.region
        if self._variants is not None and (
            usage.tier in self._tiers or (region is not None and region != self._own[1])
        ):
            of = self.variant(usage.tier, region)
            if of is not self:
                return of.total(usage, batch=batch)
        band = (self._only or self._at(usage.prompt_total))[batch or usage.tier == _BATCH]
        if not band.rates:
            return None
        if _is_plain(usage) and (total := band.plain(usage.input, usage.output)) is not None:
            return total
        units = 0
        for kind, tokens in _billed(usage, band.rates):
            if tokens:
                rate = band.rates.get(kind)
                if rate is None or (tokens < 0 and kind != STORAGE):
                    return None
                units += tokens * rate.units
        return exactly(units, -band.places)

    def estimate(self, prompt: int, output: int) -> Decimal | None:
        """`charge(Usage(input=prompt, output=output)).total`: what a router compares models by."""
        band = (self._only or self._at(prompt))[False]
        total = band.plain(prompt, output)
        return self.total(Usage(input=prompt, output=output)) if total is None else total

    @property
    def estimating(self) -> Callable[[int, int], Decimal | None]:
        """`estimate` for one who asks often: the band itself where there is but one."""
        band = None if self._only is None else self._only[False]
        if band is None or band.input is None or band.output is None:
            return self.estimate
        return band.plain

    def unpriced(self, usage: Usage, *, batch: bool = False) -> tuple[str, ...]:
        """The kinds in `usage` that have no price: why `charge` gave None."""
        rates = self._at(usage.prompt_total)[batch or usage.tier == _BATCH].rates
        return tuple(kind for kind, count in _billed(usage, rates) if count and kind not in rates)

    def usd_per_million(
        self, kind: str, *, prompt_tokens: int = 0, batch: bool = False
    ) -> Decimal | None:
        """What a bucket is billed at for a prompt of that size; None if unpriced."""
        rate = self._at(prompt_tokens)[batch].rates.get(kind)
        return None if rate is None else rate.price.usd_per_million

    @property
    def edges(self) -> tuple[int, ...]:
        """The lower edges of the prompt-size bands, highest first; the last is 0."""
        return self._edges

    def edge(self, prompt_tokens: int) -> int:
        """The lower edge of the band that a prompt of this size is billed in."""
        return next((edge for edge in self._edges if prompt_tokens > edge), 0)

    def _at(self, prompt_tokens: int) -> tuple[Band, Band]:
        """The band of a prompt's size: its normal prices, its batch prices."""
        for edge, band in zip(self._edges, self._bands, strict=True):
            if prompt_tokens > edge:
                return band
        return self._bands[-1]


def _is_plain(usage: Usage) -> bool:
    """Whether there is nothing but input and output: attributes one by one are the fastest look."""
    return not (
        usage.cache_read
        or usage.cache_write_5m
        or usage.cache_write_1h
        or usage.thinking
        or usage.server_calls
        or usage.input_audio
        or usage.cache_read_audio
        or usage.tool_input
        or usage.output_audio
        or usage.output_image
    )


def _line(kind: str, tokens: int, price: Price, amount: Decimal) -> Line:
    return Line(
        kind,
        tokens,
        price.usd_per_million,
        amount,
        price.source,
        price.kind,
        price.over_prompt,
        price.tier,
        price.region,
    )


def _billed(usage: Usage, rates: dict[str, Rate]) -> list[tuple[str, int]]:
    """Kinds and their counts, many of them 0."""
    if _is_plain(usage):
        return [("input", usage.input), ("output", usage.output)]
    billed = [(bucket, getattr(usage, bucket)) for bucket in BUCKETS]
    for name, calls in usage.server_calls:
        if name == STORAGE:
            billed.append((name, calls))
        elif PROMPT + name in rates:
            billed.append((PROMPT + name, min(calls, 1)))
        else:
            billed.append((CALL + name, calls))
    return billed


def _version(rows: list[Price]) -> str:
    """`<newest day seen>-<hash>`: changes exactly when a valid price changes."""
    if not rows:
        return "unpriced"
    facts = sorted(
        f"{row.kind} {row.over_prompt} {row.usd_per_million.normalize():f} {row.source}"
        f"{_WHERE.format(row) if row.tier or row.region or row.upstream else ''}"
        for row in rows
    )
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    return f"{max(row.seen for row in rows):%Y-%m-%d}-{digest[:8]}"
