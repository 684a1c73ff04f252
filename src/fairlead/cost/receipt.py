"""The receipt of one answer: every line that the vendor bills, and what cannot be told.

A receipt is a `Charge` told in full. Where a charge is refused (a kind without a price), a receipt
still shows the lines that are known: its `total` is then None and `unpriced` says what is missing,
so that nobody takes a sum with holes for the bill.

Tokens of another model. A vendor's server tool may run a second model inside one request: in two
recorded answers with Anthropic's advisor the top-level `input_tokens` are the sum of the iterations
of type `message`, and those of type `advisor_message` (with a `model` of their own) are in no sum.
`Usage.server_calls` names such tokens `<what>:<model>:<bucket>`; that model's own list prices them.

Rounding. Nothing is rounded: no vendor documents a rounding of single requests, and those that tell
an answer's cost tell it in full (OpenRouter's `usage.cost`, xAI's `cost_in_usd_ticks`, recorded).
Invoices round sums; `rounded()` is for people.
"""

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import ANYWHERE, Usage
from fairlead.catalog.keys import STORAGE
from fairlead.cost.price import BUCKETS, Line, PriceTable

__all__ = ["Receipt", "ReceiptLine", "foreign", "receipt", "total"]

TableOf = Callable[[str], PriceTable | None]
"""The prices of another model by its id, None where nobody knows it."""

_STANDARD = ("standard", "default", "on_demand", "auto")


class ReceiptLine(Struct, frozen=True):
    """`amount` = `count` x `usd_per_million` / 1,000,000 dollars, exactly; both None if unpriced.

    `kind` is the bucket of `canon.Usage`, or `call_<name>` / `prompt_<name>`: then `count` counts
    calls or answers, or `cache_storage`: tokens times hours; `unit` says so. `billed_as` is the
    kind of price that was applied, `source` where it stands, `over_prompt` the lower edge of its
    band in prompt tokens (0: every prompt), `tier` and `region` whose price it is. `model` is whose
    list it is from.
    """

    kind: str
    count: int
    unit: str
    model: str
    usd_per_million: Decimal | None = None
    amount: Decimal | None = None
    billed_as: str = ""
    over_prompt: int = 0
    tier: str = ""
    region: str = ""
    source: str = ""


class Receipt(Struct, frozen=True):
    """What one answer cost. `total` is the sum of the lines, None where one of them is unpriced."""

    lines: tuple[ReceiptLine, ...]
    total: Decimal | None
    currency: str
    price_version: str
    model: str
    at: date
    notes: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()

    def rounded(self, places: int = 2) -> Decimal | None:
        """The total as an invoice would show it: cents, rounded half up."""
        if self.total is None:
            return None
        return self.total.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def receipt(
    usage: Usage,
    table: PriceTable,
    *,
    batch: bool = False,
    region: str | None = None,
    others: TableOf | None = None,
    band_of: int | None = None,
) -> Receipt:
    """The receipt for `usage` at the prices of `table`, and at `others`' for tokens of theirs.

    `band_of` is the prompt's size where `usage` is a sum: the size of each prompt counts.
    """
    own, inner = foreign(usage)
    lines = _lines(own, table, batch=batch, region=region, band_of=band_of)
    missing = []
    for model, spent in inner.items():
        of = others(model) if others is not None else None
        if of is None:
            lines += _unpriced(spent, model)
            missing.append(model)
        else:
            lines += _lines(spent, of, batch=batch, region=region, band_of=band_of)
    unpriced = tuple(line.kind for line in lines if line.amount is None)
    priced = None if unpriced or not table.model.prices else _sum(lines)
    return Receipt(
        lines=tuple(lines),
        total=priced,
        currency="USD",
        price_version=table.version,
        model=table.model.id,
        at=table.at,
        notes=_notes(own, table, lines, missing),
        unpriced=unpriced,
    )


def total(usage: Usage, table: PriceTable, others: TableOf) -> Decimal | None:
    """`receipt(...).total`, at the speed of `PriceTable.total` for all but tokens of others."""
    if not usage.server_calls or not any(":" in name for name, _ in usage.server_calls):
        return table.total(usage)
    return receipt(usage, table, others=others).total


def foreign(usage: Usage) -> tuple[Usage, dict[str, Usage]]:
    """The usage of the answer's own model, and that of other models within it by their ids."""
    counts: dict[str, dict[str, int]] = {}
    calls = []
    for name, count in usage.server_calls:
        head, _, bucket = name.rpartition(":")
        _, _, model = head.partition(":")
        if model and bucket in BUCKETS:
            spent = counts.setdefault(model, {})
            spent[bucket] = spent.get(bucket, 0) + count
        else:
            calls.append((name, count))
    if not counts:
        return usage, {}
    inner = {
        model: Usage(**spent, tier=usage.tier, region=usage.region, thinking_known=False)  # type: ignore[arg-type]  # names of buckets
        for model, spent in counts.items()
    }
    return replace(usage, server_calls=tuple(calls)), inner


def _lines(
    usage: Usage, table: PriceTable, *, batch: bool, region: str | None, band_of: int | None
) -> list[ReceiptLine]:
    charged = table.charge(usage, batch=batch, region=region, band_of=band_of)
    if charged is not None:
        return [_told(line, table.model.id) for line in charged.lines]
    # One kind after the other, in the band of the whole prompt: what has a price is shown.
    of = table.variant(usage.tier, usage.region if region is None else region)
    missing = of.unpriced(usage, batch=batch)
    held = Usage(
        **{kind: getattr(usage, kind) for kind in BUCKETS if kind not in missing},
        tier=usage.tier,
        region=usage.region,
        server_calls=tuple(call for call in usage.server_calls if not _is(call[0], missing)),
    )
    size = usage.prompt_total if band_of is None else band_of
    rest = of.charge(held, batch=batch, region=region, band_of=size)
    lines = [] if rest is None else [_told(line, table.model.id) for line in rest.lines]
    return lines + [line for line in _unpriced(usage, table.model.id) if line.kind in missing]


def _is(call: str, missing: tuple[str, ...]) -> bool:
    return call in missing or f"call_{call}" in missing


def _told(line: Line, model: str) -> ReceiptLine:
    batch = line.billed_as.startswith("batch_")
    return ReceiptLine(
        kind=line.kind,
        count=line.tokens,
        unit=_unit(line.kind),
        model=model,
        usd_per_million=line.usd_per_million,
        amount=line.amount,
        billed_as=line.billed_as,
        over_prompt=line.over_prompt,
        tier="batch" if batch else line.tier or "standard",
        region=line.region,
        source=line.source,
    )


def _unpriced(usage: Usage, model: str) -> list[ReceiptLine]:
    counted = [(kind, getattr(usage, kind)) for kind in BUCKETS]
    counted += [
        (name if name == STORAGE else f"call_{name}", calls) for name, calls in usage.server_calls
    ]
    return [ReceiptLine(kind, count, _unit(kind), model) for kind, count in counted if count]


def _unit(kind: str) -> str:
    if kind == STORAGE:
        return "token-hours"
    return {"call": "calls", "prompt": "answers"}.get(kind.partition("_")[0], "tokens")


def _sum(lines: list[ReceiptLine]) -> Decimal:
    return sum((line.amount for line in lines if line.amount is not None), Decimal(0))


def _notes(
    usage: Usage, table: PriceTable, lines: list[ReceiptLine], missing: list[str]
) -> tuple[str, ...]:
    notes = []
    unpriced = [line.kind for line in lines if line.amount is None]
    if usage.estimated:
        notes.append("the vendor told no usage, or not all of it: counts are estimates")
    if not usage.thinking_known:
        notes.append("thinking is billed within the output; how much of it is not disclosed")
    if not table.model.prices:
        notes.append(f"no prices are known of {table.model.id}")
    elif unpriced:
        notes.append("no price is known for: " + ", ".join(unpriced))
    notes += [f"tokens of {of} are billed at its prices, which are not known" for of in missing]
    tier = usage.tier
    if tier and tier not in _STANDARD and all(line.tier != tier for line in lines):
        notes.append(f"no price of the tier '{tier}' is known: billed as the standard one")
    region = usage.region
    if region and region != ANYWHERE and all(line.region != region for line in lines):
        notes.append(f"no price of the region '{region}' is known: billed as the usual one")
    return tuple(notes)
