"""A break-even in words."""

from decimal import ROUND_HALF_UP, Decimal

from fairlead.cost.breakeven import Bilinear, BreakEven, Interval

__all__ = ["amount", "percent", "sentences"]

_MICRO = Decimal("0.000001")


def sentences(each: BreakEven, *, plain: bool = True) -> list[str]:
    """A break-even in words; `plain`: also of what needs neither caching nor batches."""
    said: list[str] = []
    one, other = each.model, each.other
    if each.never:
        said.append(f"{one} never gets cheaper than {other} by caching and batches.")
    elif not each.cached and not each.batched:
        # Only both together do it: a corner of the square of shares.
        said.append(
            f"{one} gets cheaper than {other} above a cached share of"
            f" {_start(each.cached_all_batched)} and a batch share of"
            f" {_start(each.batched_all_cached)}: that much caching with everything batched, that"
            " many batches with everything cached."
        )
        if each.border is not None:
            said.append(_border(each.border))
    else:
        for what, found in (
            ("a cached share of {} with nothing batched", each.cached),
            ("a cached share of {} with everything batched", each.cached_all_batched),
            ("a batch share of {} with nothing cached", each.batched),
            ("a batch share of {} with everything cached", each.batched_all_cached),
        ):
            if found:
                spans = " and ".join(_span(low, high) for low, high in found)
                said.append(f"{one} is cheaper than {other} at {what.format(spans)}.")
    if plain and each.thinking is not None and each.thinking > 0:
        said.append(
            f"{other} may think {each.thinking:,.0f} tokens a request until it costs as much as"
            f" {one} without thinking (nothing cached or batched)."
        )
    if plain and each.ratio is not None:
        said.append(f"At {each.ratio:.2f} input tokens per output token both cost the same, plain.")
    return said


def _border(form: Bilinear) -> str:
    """The hyperbola between both models."""
    return (
        f"In between: batch share > ({amount(form.one)} {_signed(form.x)} x cached share) /"
        f" ({amount(-form.y)} {_signed(-form.xy)} x cached share), in dollars a month."
    )


def _signed(value: Decimal) -> str:
    return f"{'-' if value < 0 else '+'} {amount(abs(value))}"


def _start(found: tuple[Interval, ...]) -> str:
    return percent(found[0][0]) if found else "100 %"


def _span(low: Decimal, high: Decimal) -> str:
    return f"{percent(low)} to {percent(high)}"


def amount(value: Decimal) -> str:
    """Dollars in two to six places, so that cents stay cents: `465.00`, `0.0123`."""
    rounded = value.quantize(_MICRO, rounding=ROUND_HALF_UP)
    text = f"{rounded:f}".rstrip("0")
    whole, _, places = text.partition(".")
    return f"{whole}.{places:0<2}"


def percent(share: Decimal) -> str:
    """A share in percent, to one decimal place."""
    return f"{share * 100:.1f} %"
