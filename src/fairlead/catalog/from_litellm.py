"""LiteLLM's `model_prices_and_context_window.json`: dollars per token, a key for each scope.

`cache_read_input_token_cost_above_200k_tokens_priority`: the kind, the band, the tier.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from fairlead.catalog.claims import Source
from fairlead.catalog.price_list import PriceList, Said

__all__ = ["is_litellm", "litellm_list"]

_KINDS = {
    "input_cost_per_token": "input",
    "input_cost_per_audio_token": "input_audio",
    "cache_read_input_token_cost": "cache_read",
    "cache_read_input_audio_token_cost": "cache_read_audio",
    "cache_creation_input_token_cost": "cache_write_5m",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "output_cost_per_token": "output",
    "output_cost_per_reasoning_token": "thinking",
    "output_cost_per_audio_token": "output_audio",
    "output_cost_per_image_token": "output_image",
}
_KEY = re.compile(
    f"({'|'.join(sorted(_KINDS, key=len, reverse=True))})"
    r"(?:_above_(\d+)k_tokens)?(?:_(batches|priority|flex))?"
)
_LIMITS = {
    "max_input_tokens": "limits.context_window",
    "max_output_tokens": "limits.max_output",
    "prompt_cache_min_tokens": "limits.min_cacheable",
}
_SPELLINGS = {"google": ("gemini/{}", "{}")}
_PROVIDERS = {"google": ("gemini", "vertex_ai-language-models")}
_MILLION = 1_000_000


def is_litellm(document: object) -> bool:
    """Whether a JSON document is LiteLLM's map."""
    return isinstance(document, Mapping) and any(
        isinstance(row, Mapping) and "litellm_provider" in row for row in document.values()
    )


def litellm_list(document: Mapping[str, object], source: Source, seen: date) -> PriceList:
    """The map, read with exact decimals (`json.loads(..., parse_float=Decimal)`)."""

    def find(vendor: str, name: str) -> list[Said] | None:
        providers = _PROVIDERS.get(vendor, (vendor,))
        for spelling in _SPELLINGS.get(vendor, ("{}",)):
            row = document.get(spelling.format(name))
            if isinstance(row, Mapping) and row.get("litellm_provider") in providers:
                return _row(row)
        return None

    return PriceList(source, seen, find)


def _row(row: Mapping[str, object]) -> list[Said]:
    said: list[Said] = []
    for key, value in row.items():
        if key in _LIMITS and _whole(value) is not None:
            said.append(Said(_LIMITS[key], _whole(value)))
        match = _KEY.fullmatch(key)
        if match is not None and isinstance(value, int | Decimal) and not isinstance(value, bool):
            kind, band, tier = match.groups()
            said.append(
                Said(
                    f"price.{'batch_' if tier == 'batches' else ''}{_KINDS[kind]}",
                    Decimal(value) * _MILLION,
                    over_prompt=int(band or 0) * 1000,
                    tier="" if tier in {None, "batches"} else tier,
                )
            )
    return said


def _whole(value: object) -> int | None:
    """A count; some rows say 4096.0."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
