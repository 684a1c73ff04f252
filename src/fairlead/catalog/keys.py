"""What a fact may be about: every key with its unit and the form of its value.

A key that is not in this table is refused, so that a misspelt fact cannot be silently without
effect. Values come from TOML read with `parse_float=Decimal`, so that a price is exact.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Literal, cast, get_args

from msgspec import Struct

from fairlead.canon import FairleadError
from fairlead.catalog.model import ThinkingKind

__all__ = ["FEATURES", "KEYS", "MODALITIES", "PRICE_KINDS", "CatalogError", "Key", "Value", "check"]

Value = (
    bool
    | int
    | Decimal
    | str
    | date
    | tuple[str, ...]
    | tuple[tuple[str, ...], ...]
    | tuple[tuple[str, str | int], ...]
)

Form = Literal[
    "count", "number", "money", "flag", "text", "day", "names", "groups", "budgets", "words"
]

FEATURES = (
    "tools",
    "parallel_tools",
    "forced_tools",
    "json",
    "json_schema",
    "json_schema_tools",
    "json_with_tools",
    "logprobs",
    "n",
    "seed",
    "prefill",
    "mid_system",
    "prompt_cache",
    "cache_breakpoints",
    "media_urls",
    "tool_result_media",
    "batches",
)
"""Names that `Model.features` may hold, in this order."""

MODALITIES = ("text", "image", "audio", "video", "document")

BUCKETS = (
    "input",
    "input_audio",
    "cache_read",
    "cache_read_audio",
    "cache_write_5m",
    "cache_write_1h",
    "tool_input",
    "output",
    "output_audio",
    "output_image",
    "thinking",
)
"""The buckets of `canon.Usage` that a price may be stated for."""

FEES = {"call_web_search": "calls", "prompt_web_search": "answers", "call_web_fetch": "calls"}
"""Fees of server tools, and of what they are dollars for a million: of calls, or of the answers
that used them.
"""

STORAGE = "cache_storage"
"""Keeping a cached content (Gemini's explicit caches): dollars for a million tokens and hour."""

PRICE_KINDS = (*BUCKETS, *(f"batch_{bucket}" for bucket in BUCKETS), *FEES, STORAGE)

SAMPLING = (
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "stop",
)
BENCHMARKS = (
    "swe_bench_verified",
    "osworld",
    "terminal_bench",
    "gpqa_diamond",
    "aime_2025",
    "humanitys_last_exam",
)


class CatalogError(FairleadError):
    """A catalogue's file or a user's model entry is at fault; the message says where and why."""


class Key(Struct, frozen=True):
    """What a fact's value is: its unit, its form, and the words that it may use (if limited)."""

    unit: str
    form: Form
    words: tuple[str, ...] = ()


KEYS: dict[str, Key] = {
    "limits.context_window": Key("tokens", "count"),
    "limits.max_output": Key("tokens", "count"),
    "limits.min_cacheable": Key("tokens", "count"),
    "limits.candidates_max": Key("candidates", "count"),
    "limits.request_bytes": Key("bytes, media as base64", "count"),
    "limits.images_max": Key("images", "count"),
    "limits.image_base64_bytes": Key("bytes as base64", "count"),
    "limits.videos_max": Key("videos", "count"),
    "limits.document_bytes": Key("bytes", "count"),
    "limits.document_pages": Key("pages", "count"),
    "limits.request_pages": Key("pages", "count"),
    "modalities_in": Key("names", "names", MODALITIES),
    "thinking.kind": Key("name", "text", get_args(ThinkingKind)),
    "thinking.budget_min": Key("tokens", "count"),
    "thinking.budget_max": Key("tokens", "count"),
    "thinking.off": Key("yes/no", "flag"),
    "thinking.dynamic": Key("yes/no", "flag"),
    "thinking.below_max_tokens": Key("yes/no", "flag"),
    "thinking.default_on": Key("yes/no", "flag"),
    "thinking.levels": Key("names", "names"),
    "thinking.effort_budgets": Key("tokens by effort", "budgets"),
    "thinking.effort_levels": Key("level by effort", "words"),
    "sampling.accepts": Key("names", "names", SAMPLING),
    "sampling.temperature_max": Key("temperature", "number"),
    "sampling.exclusive": Key("names", "groups", SAMPLING),
    "sampling.stop_max": Key("sequences", "count"),
    "lifecycle.status": Key("name", "text"),
    "lifecycle.ends": Key("day", "day"),
    "lifecycle.served_as": Key("model", "text"),
    "lifecycle.successor": Key("model", "text"),
    "estimate.chars_per_token": Key("characters per token", "number"),
    "estimate.tool_overhead_tokens": Key("tokens", "count"),
    "billing.thinking_as": Key("price kind", "text", BUCKETS),
    "billing.tool_input_as": Key("price kind", "text", BUCKETS),
    "billing.input_audio_as": Key("price kind", "text", BUCKETS),
    "billing.cache_read_audio_as": Key("price kind", "text", BUCKETS),
    "free.searches_a_day": Key("answers that searched", "count"),
    "free.searches_a_month": Key("searches", "count"),
    "info.released": Key("month or day", "text"),
    "info.knowledge_cutoff": Key("month", "text"),
    "info.reasoning": Key("words", "text"),
    "info.first_token_latency": Key("words", "text"),
    "info.output_tokens_per_second": Key("tokens per second", "number"),
    "info.note": Key("words", "text"),
    **{f"price.{kind}": Key("US dollars per million tokens", "money") for kind in PRICE_KINDS},
    **{f"price.{fee}": Key(f"US dollars per million {of}", "money") for fee, of in FEES.items()},
    f"price.{STORAGE}": Key("US dollars per million tokens and hour", "money"),
    **{f"feature.{name}": Key("yes/no", "flag") for name in FEATURES},
    **{f"benchmark.{name}": Key("percent", "number") for name in BENCHMARKS},
    "benchmark.intelligence_index_reasoning": Key("points", "number"),
    "benchmark.intelligence_index_non_reasoning": Key("points", "number"),
}


def check(key: str, value: object, where: str) -> Value:
    """The value of a fact in its form.

    Raises `CatalogError` that names `where` for an unknown key or a value of another form.
    """
    known = KEYS.get(key)
    if known is None:
        raise CatalogError(f"{where}: unknown fact '{key}'; known are {', '.join(sorted(KEYS))}")
    formed = _FORMS[known.form](value)
    if formed is None:
        wanted = _WANTED[known.form]
        raise CatalogError(f"{where}: '{key}' must be {wanted}, got {value!r:.80}")
    for word in _words(formed) if known.words else ():
        if word not in known.words:
            raise CatalogError(
                f"{where}: '{key}' does not know '{word:.80}'; known are {', '.join(known.words)}"
            )
    return formed


def _words(value: Value) -> list[str]:
    """The words of a value that is made of words."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        items = [item if isinstance(item, tuple) else (item,) for item in value]
        return [word for item in items for word in item if isinstance(word, str)]
    return []


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() and number >= 0 else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _day(value: object) -> date | None:
    return value if type(value) is date else None


def _names(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) and v for v in value):
        return None
    return tuple(cast("list[str]", value))


def _groups(value: object) -> tuple[tuple[str, ...], ...] | None:
    if not isinstance(value, list | tuple):
        return None
    groups = [_names(group) for group in value]
    return None if None in groups else tuple(cast("list[tuple[str, ...]]", groups))


def _budgets(value: object) -> tuple[tuple[str, int], ...] | None:
    if not isinstance(value, Mapping):
        return None
    pairs = [(k, v) for k, v in value.items() if isinstance(k, str) and type(v) is int]
    return tuple(pairs) if len(pairs) == len(value) and all(v >= -1 for _, v in pairs) else None


def _pairs(value: object) -> tuple[tuple[str, str], ...] | None:
    if not isinstance(value, Mapping):
        return None
    pairs = [(k, v) for k, v in value.items() if isinstance(k, str) and isinstance(v, str)]
    return tuple(pairs) if len(pairs) == len(value) else None


_FORMS: dict[Form, Callable[[object], Value | None]] = {
    "count": _count,
    "number": _number,
    "money": _number,
    "flag": _flag,
    "text": _text,
    "day": _day,
    "names": _names,
    "groups": _groups,
    "budgets": _budgets,
    "words": _pairs,
}
_WANTED: dict[Form, str] = {
    "count": "a whole number, 0 or more",
    "number": "a number, 0 or more",
    "money": "an amount in US dollars, 0 or more",
    "flag": "true or false",
    "text": "a string that is not empty",
    "day": "a date (2026-12-01, without quotes)",
    "names": "a list of strings",
    "groups": "a list of lists of strings",
    "budgets": "a table from an effort to whole numbers",
    "words": "a table from an effort to strings",
}
