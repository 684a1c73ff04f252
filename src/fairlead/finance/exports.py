"""The vendors' own words about usage and cost, read into one form.

**Anthropic.** `GET /v1/organizations/usage_report/messages` (results with `model`,
`uncached_input_tokens`, `cache_read_input_tokens`, `cache_creation.ephemeral_5m_input_tokens`,
`cache_creation.ephemeral_1h_input_tokens`, `output_tokens`) and `.../cost_report`: "Cost amount in
lowest currency units (e.g. cents) as a decimal string. For example, "123.45" in "USD" represents
$1.23"; `model` is "null if not grouping by description"
(platform.claude.com/docs/en/api/admin/cost_report). The Console's usage CSV has the columns
`usage_date_utc`, `model_version`, `usage_input_tokens_no_cache`, `..._cache_write_5m`,
`..._cache_write_1h`, `..._cache_read`, `usage_output_tokens` (as public parsers of it read them).

**OpenAI.** `GET /v1/organization/usage/completions`: `input_tokens` is "the aggregated number of
input tokens used, including cached and cache-write tokens", `input_cached_tokens`,
`input_cache_write_tokens`, `output_tokens`; `model` "when group_by=model". `.../costs`:
`amount.value` in `amount.currency`, by `line_item` (the official SDK's types).

**Google Cloud.** Standard usage cost data of the BigQuery export, as JSON, JSON lines or CSV:
`usage_start_time`, `sku.description`, `cost`, `credits` (`amount`, negative), `currency`,
`usage.amount` (docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/
standard-usage). Its model stands in the SKU's words: "Generate content input token count gemini 2.5
flash short input text", "Generate content cached input token count ..." (discuss.ai.google.dev).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal

from msgspec import Struct

from fairlead.canon import Failure
from fairlead.finance.rows import Document, Row

__all__ = ["EXPORTS", "Billed", "Tokens"]

_ZERO = Decimal(0)


class Tokens(Struct, frozen=True):
    """Tokens as all three vendors tell them apart. `output` includes thinking."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        """Kind by kind."""
        return Tokens(
            self.input + other.input,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.output + other.output,
        )


class Billed(Struct, frozen=True):
    """What the vendor says of a UTC day and a model. `tokens` or `cost_usd` is None where this
    export does not tell it; `model` is None for what belongs to none (search fees, other SKUs).
    """

    day: date
    model: str | None
    tokens: Tokens | None
    cost_usd: Decimal | None
    what: str = ""


def _anthropic(document: Document) -> Iterator[Billed]:
    if "usage_date_utc" in document.columns:
        yield from map(_anthropic_csv, document.rows)
        return
    for row in document.rows:
        day = row.day("bucket.starting_at")
        if "amount" in row.fields:
            cents = row.number("amount")
            _dollars_only(row, "currency")
            what = row.text("description") or "cost without a model"
            cost = None if cents is None else cents / 100
            yield Billed(day, row.text("model"), None, cost, what)
        elif "uncached_input_tokens" in row.fields:
            written = [f"cache_creation.ephemeral_{ttl}_input_tokens" for ttl in ("5m", "1h")]
            tokens = Tokens(
                row.count("uncached_input_tokens"),
                row.count("cache_read_input_tokens"),
                sum(map(row.count, written)),
                row.count("output_tokens"),
            )
            yield Billed(day, _grouped(row), tokens, None)
        else:
            row.fail("uncached_input_tokens", "neither a usage report nor a cost report")


def _anthropic_csv(row: Row) -> Billed:
    prefix = "usage_input_tokens_"
    tokens = Tokens(
        row.count(f"{prefix}no_cache"),
        row.count(f"{prefix}cache_read"),
        row.count(f"{prefix}cache_write_5m") + row.count(f"{prefix}cache_write_1h"),
        row.count("usage_output_tokens"),
    )
    return Billed(row.day("usage_date_utc"), _grouped(row, "model_version"), tokens, None)


def _openai(document: Document) -> Iterator[Billed]:
    for row in document.rows:
        day = row.day("bucket.start_time")
        if "input_tokens" in row.fields:
            read, written = row.count("input_cached_tokens"), row.count("input_cache_write_tokens")
            fresh = row.count("input_tokens") - read - written
            if fresh < 0:
                row.fail("input_tokens", "fewer than its cached tokens")
            tokens = Tokens(fresh, read, written, row.count("output_tokens"))
            yield Billed(day, _grouped(row), tokens, None)
        elif "amount" in row.fields:
            _dollars_only(row, "amount.currency")
            item = row.text("line_item")
            # A line item reads "gpt-5-mini-2025-08-07, input": the model, a comma, the kind.
            model = item.split(",")[0].strip() if item and "," in item else None
            yield Billed(day, model, None, row.number("amount.value"), item or "cost")


_SKU = re.compile(r"\bgemini[ -]\d[^,(]*", re.IGNORECASE)
_ENDS = frozenset(
    [
        "short",
        "long",
        "input",
        "output",
        "text",
        "audio",
        "image",
        "video",
        "cached",
        "caching",
        "token",
        "tokens",
        "count",
        "ga",
        "thinking",
        "batch",
        "predictions",
        "global",
        "on",
        "for",
        "-",
        "storage",
        "priority",
        "flex",
    ]
)
_KIND = re.compile(r"\b(cached|caching|output|input|thinking|response)\b", re.IGNORECASE)
_KINDS = {"cached": "cache_read", "caching": "cache_read", "input": "input"}


def _google(document: Document) -> Iterator[Billed]:
    for row in document.rows:
        sku = row.text("sku.description")
        if sku is None:
            row.fail("sku.description", "is missing")
        cost = row.number("cost")
        if cost is None:
            row.fail("cost", "is missing")
        _dollars_only(row, "currency")
        found = _SKU.search(sku)
        model = _model_words(found[0]) if found else None
        tokens = _google_tokens(row, sku) if model else None
        yield Billed(row.day("usage_start_time"), model, tokens, cost + _credits(row), sku)


def _model_words(words: str) -> str:
    kept: list[str] = []
    for word in re.split(r"[ -]+", words.strip()):
        if word.lower() in _ENDS:
            break
        kept.append(word.lower())
    return "-".join(kept)


def _google_tokens(row: Row, sku: str) -> Tokens | None:
    """None where the row counts something else than tokens (hours of cache storage, say)."""
    kind = _KIND.search(sku)
    if kind is None or row.text("usage.unit") not in {"count", "tokens"} or "storage" in sku:
        return None
    return Tokens(**{_KINDS.get(kind[1].lower(), "output"): row.count("usage.amount")})


def _credits(row: Row) -> Decimal:
    """Discounts and free quotas, as negative amounts; in CSV only where a query summed them up."""
    listed = row.get("credits")
    if not isinstance(listed, list):
        return row.number("credits.amount") or _ZERO
    amounts = [Row(row.place, c if isinstance(c, dict) else {}).number("amount") for c in listed]
    return sum((amount for amount in amounts if amount is not None), _ZERO)


def _grouped(row: Row, name: str = "model") -> str:
    model = row.text(name)
    if model is None:
        row.fail(name, "is missing: ask for the report grouped by model")
    return model


def _dollars_only(row: Row, name: str) -> None:
    currency = row.text(name)
    if currency is not None and currency.upper() != "USD":
        row.fail(name, f"{currency}: only US dollars can be compared with the ledger")


def _whole(read: Callable[[Document], Iterable[Billed]]) -> Callable[[Document], list[Billed]]:
    def checked(document: Document) -> list[Billed]:
        if document.more:
            raise Failure.invalid(
                "the export is not whole: has_more is true", "file",
                hint="fetch all pages, and put them into one JSON list",
            )  # fmt: skip
        return list(read(document))

    return checked


EXPORTS: dict[str, Callable[[Document], list[Billed]]] = {
    "anthropic": _whole(_anthropic),
    "google": _whole(_google),
    "openai": _whole(_openai),
}
"""By vendor: what reads its exports. Failure with line or path for a row at fault."""
