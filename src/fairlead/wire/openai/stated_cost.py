"""What an answer in one of OpenAI's dialects says that it cost, in US dollars.

OpenAI's own answers don't say it. Of those that do (all recorded):

- OpenRouter: `usage.cost`, "the total amount charged to your account" in credits, which are bought
  for a dollar each; `cost_details.upstream_inference_cost`, "the actual cost charged by the
  upstream AI provider" (openrouter.ai/docs, Usage Accounting). With a key of one's own (`is_byok`)
  the provider bills that beside OpenRouter's fee: both together are the cost.
- xAI: `cost_in_usd_ticks`, "where 1 USD = 10,000,000,000 ticks" (docs.x.ai, Cost Tracking).
- Perplexity: `usage.cost` is an object, whose `total_cost` is the sum of its others.

The digits are taken as they stand in the JSON. What has another shape, is negative or absurd is
taken for nothing stated: an answer must not fail for that.
"""

from decimal import Decimal
from typing import Final

from msgspec import DecodeError, Raw, Struct, json

__all__ = ["as_stated", "stated_cost"]

_MOST: Final = Decimal(100_000)
"""Dollars of one answer; more is another unit, or nonsense."""
_DIGITS: Final = 30
_TICKS: Final = Decimal(10**10)


class _Sum(Struct):
    total_cost: Decimal


class _Details(Struct):
    upstream_inference_cost: Decimal | None = None


_NUMBER: Final = json.Decoder(Decimal)
_SUM: Final = json.Decoder(_Sum)
_DETAILS: Final = json.Decoder(_Details)


def stated_cost(cost: Raw, details: Raw, byok: Raw, ticks: Raw) -> Decimal | None:
    """US dollars, None where nothing is stated. Each is the field's JSON, empty where absent:
    `cost`, `cost_details`, `is_byok`, `cost_in_usd_ticks`.
    """
    try:
        if ticks:
            return _sound(_NUMBER.decode(ticks) / _TICKS)
        if bytes(cost).startswith(b"{"):
            return _sound(_SUM.decode(cost).total_cost)
        told = _NUMBER.decode(cost)
        if bytes(byok) == b"true":
            beside = _DETAILS.decode(details).upstream_inference_cost if details else None
            return None if beside is None else _sound(told + beside)
        return _sound(told)
    except (DecodeError, ArithmeticError):
        return None


def as_stated(usd: Decimal) -> Raw:
    """The number as `usage.cost`, digit by digit."""
    return Raw(format(usd, "f").encode("ascii"))


def _sound(told: Decimal) -> Decimal | None:
    if not told.is_finite() or told < 0 or told > _MOST:
        return None
    sign, digits, exponent = told.as_tuple()
    short = isinstance(exponent, int) and len(digits) <= _DIGITS and exponent >= -_DIGITS
    return told if short and not sign else None
