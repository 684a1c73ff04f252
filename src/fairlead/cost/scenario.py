"""What a steady workload costs a month, on a model, with and without caching and batches.

A `Scenario` is requests a day and tokens a request; `Share`s say how much of each prompt is a
prefix that the cache may hold, and how many requests may wait for a batch. Everything is linear in
these, so a bill is exact in Decimal; only the share of cold requests (`warmth`) is a model.

What a model cannot do (no cache, no batches, a prefix below its smallest cacheable size) it does
plainly, and the bill says so: a combination is what the user asks for, `cached` and `batched` what
took effect.
"""

import tomllib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from fairlead.canon import FairleadError
from fairlead.catalog.model import Model
from fairlead.cost.price import PriceTable
from fairlead.cost.warmth import Warmth, warmth

__all__ = [
    "COMBINATIONS",
    "MOST",
    "Bill",
    "BillLine",
    "Combination",
    "Scenario",
    "ScenarioError",
    "bill",
    "bills",
    "monthly",
    "parse_scenarios",
]

Combination = Literal["plain", "cached", "batched", "both"]
COMBINATIONS: dict[Combination, tuple[bool, bool]] = {
    "plain": (False, False),
    "cached": (True, False),
    "batched": (False, True),
    "both": (True, True),
}
"""Whether the scenario's cached share and its batch share are applied."""

MOST = 10**9
"""Requests a day, tokens of a request, prefixes: more is a slip of the finger, and a month's cost
would need more digits than Decimal reckons with.
"""

_MILLION = Decimal(1_000_000)
_NONE, _ONE = Decimal(0), Decimal(1)


class ScenarioError(FairleadError):
    """A scenario's data or name is at fault; the message says where and why."""


class Scenario(Struct, frozen=True, kw_only=True):
    """A workload. Token figures are for one request; shares lie between 0 and 1.

    `cached_share` is the part of each prompt that is the same as before, `prefixes` over how many
    different ones the requests are spread; `batch_share` the part of the requests that may wait.
    `source` and `seen` say who states it and when, empty for a user's own.
    """

    name: str
    requests_per_day: int
    input_tokens: int
    output_tokens: int
    thinking_tokens: int = 0
    cached_share: Decimal = _ONE
    batch_share: Decimal = _ONE
    prefixes: int = 1
    days: int = 30
    title: str = ""
    aliases: tuple[str, ...] = ()
    source: str = ""
    seen: date | None = msgspec.field(default=None, name="date")

    def __post_init__(self) -> None:
        counts = ("requests_per_day", "input_tokens", "output_tokens", "thinking_tokens")
        for name in counts:
            if getattr(self, name) < 0:
                raise ScenarioError(f"scenario '{self.name}': {name} is below 0")
        for name in (*counts, "prefixes"):
            if getattr(self, name) > MOST:
                raise ScenarioError(f"scenario '{self.name}': {name} is above {MOST:,}")
        for name in ("prefixes", "days"):
            if getattr(self, name) < 1:
                raise ScenarioError(f"scenario '{self.name}': {name} is below 1")
        for name in ("cached_share", "batch_share"):
            share: Decimal = getattr(self, name)
            if not (share.is_finite() and _NONE <= share <= _ONE):
                raise ScenarioError(f"scenario '{self.name}': {name} is not between 0 and 1")

    @property
    def requests(self) -> int:
        """Requests a month."""
        return self.requests_per_day * self.days


class BillLine(Struct, frozen=True):
    """`amount` = `tokens` x `usd_per_million` / 1,000,000. `kind` as in `Price.kind`."""

    kind: str
    tokens: Decimal
    usd_per_million: Decimal
    amount: Decimal


class Bill(Struct, frozen=True):
    """A month's bill in US dollars: `total` = `input` + `output`, of which `lines` are the parts.

    `output` holds thinking. `cached` and `batched` say what took effect; `warmth` is how the cache
    is kept, `too_short` that the prefix is below `limits.min_cacheable`.
    """

    model: str
    combination: Combination
    total: Decimal
    input: Decimal
    output: Decimal
    lines: tuple[BillLine, ...]
    cached: bool = False
    batched: bool = False
    too_short: bool = False
    warmth: Warmth | None = None


class _File(Struct, forbid_unknown_fields=True):
    scenarios: list[Scenario]


def parse_scenarios(text: str, where: str = "scenarios.toml") -> dict[str, Scenario]:
    """Scenarios by name and alias. Raises `ScenarioError`."""
    try:
        rows = msgspec.convert(tomllib.loads(text, parse_float=Decimal), _File).scenarios
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ScenarioError(f"{where}: {error}") from error
    return {name: row for row in rows for name in (row.name, *row.aliases)}


def bills(model: Model, scenario: Scenario, at: date) -> tuple[Bill, ...] | None:
    """A bill for each combination, in their order; None where the model is unpriced."""
    table = PriceTable(model, at)
    made = [bill(model, table, scenario, each) for each in COMBINATIONS]
    return None if any(each is None for each in made) else tuple(b for b in made if b is not None)


def bill(
    model: Model, table: PriceTable, scenario: Scenario, combination: Combination
) -> Bill | None:
    """The month's bill of one combination; None where a needed price is not known."""
    wants_cache, wants_batch = COMBINATIONS[combination]
    cached = scenario.cached_share if wants_cache else _NONE
    batched = scenario.batch_share if wants_batch else _NONE
    kept = kept_warm(model, table, scenario) if cached else None
    too_short = kept is not None and not long_enough(model, scenario, cached)
    if too_short:
        kept = None
    can_batch = batches(model) and bool(batched)
    lines = _lines(
        table, scenario, cached if kept else _NONE, batched if can_batch else _NONE, kept
    )
    if lines is None:
        return None
    output = sum((row.amount for row in lines if _is_output(row.kind)), _NONE)
    total = sum((row.amount for row in lines), _NONE)
    return Bill(
        model.id, combination, total, total - output, output, lines,
        cached=kept is not None, batched=can_batch, too_short=too_short, warmth=kept,
    )  # fmt: skip


def monthly(
    model: Model, table: PriceTable, scenario: Scenario, cached: Decimal, batched: Decimal
) -> Decimal | None:
    """The month's total with these shares, whatever the smallest cacheable size is."""
    kept = kept_warm(model, table, scenario)
    lines = _lines(
        table,
        scenario,
        cached if kept else _NONE,
        batched if batches(model) else _NONE,
        kept,
    )
    return None if lines is None else sum((row.amount for row in lines), _NONE)


def batches(model: Model) -> bool:
    """Whether the model takes batches and a price for them is known."""
    return "batches" in model.features and any(p.kind.startswith("batch_") for p in model.prices)


def kept_warm(model: Model, table: PriceTable, scenario: Scenario) -> Warmth | None:
    """How the scenario's prefixes are kept cached on this model, None if it has no cache."""
    each = Decimal(scenario.prefixes)
    return warmth(
        model,
        table,
        requests_per_day=scenario.requests_per_day / each,
        requests=scenario.requests / each,
        prompt=scenario.input_tokens,
    )


def long_enough(model: Model, scenario: Scenario, cached: Decimal) -> bool:
    """Whether a prefix of that share of the prompt may be cached; yes where no limit is known."""
    least = model.limits.min_cacheable
    return least is None or cached * scenario.input_tokens >= least


def _lines(
    table: PriceTable,
    scenario: Scenario,
    cached: Decimal,
    batched: Decimal,
    kept: Warmth | None,
) -> tuple[BillLine, ...] | None:
    """The lines of what goes at once and of what goes in batches."""
    lines: list[BillLine] = []
    for batch, share in ((False, _ONE - batched), (True, batched)):
        requests = scenario.requests * share
        for kind, tokens in _tokens(scenario, cached, kept):
            if not (tokens and requests):
                continue
            price = table.usd_per_million(kind, prompt_tokens=scenario.input_tokens, batch=batch)
            if price is None:
                return None
            count = requests * tokens
            name = f"batch_{kind}" if batch else kind
            lines.append(BillLine(name, count, price, count * price / _MILLION))
    return tuple(lines)


def _tokens(
    scenario: Scenario, cached: Decimal, kept: Warmth | None
) -> Iterable[tuple[str, Decimal]]:
    """A request's tokens by kind, on average."""
    prefix = scenario.input_tokens * cached
    cold = kept.cold if kept is not None else _NONE
    yield "input", scenario.input_tokens - prefix
    yield "cache_read", prefix * (_ONE - cold)
    if kept is not None and kept.write is not None:
        yield kept.write, prefix * cold
    yield "output", Decimal(scenario.output_tokens)
    yield "thinking", Decimal(scenario.thinking_tokens)


def _is_output(kind: str) -> bool:
    return kind.removeprefix("batch_") in {"output", "thinking"}
