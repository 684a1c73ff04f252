"""models.dev's `api.json`: providers by id, their models by id, dollars per million tokens."""

from collections.abc import Mapping
from datetime import date

from fairlead.catalog.claims import Source
from fairlead.catalog.price_list import PriceList, Said

__all__ = ["is_models_dev", "models_dev_list"]

_KINDS = {
    "input": "input",
    "output": "output",
    "cache_read": "cache_read",
    "cache_write": "cache_write_5m",
    "reasoning": "thinking",
    "input_audio": "input_audio",
    "output_audio": "output_audio",
}
_BAND = "context_over_200k"
_LIMITS = {"context": "limits.context_window", "output": "limits.max_output"}


def is_models_dev(document: object) -> bool:
    """Whether a JSON document is models.dev's."""
    return isinstance(document, Mapping) and any(
        isinstance(row, Mapping) and isinstance(row.get("models"), Mapping)
        for row in document.values()
    )


def models_dev_list(document: Mapping[str, object], source: Source, seen: date) -> PriceList:
    """The document, read with exact decimals."""

    def find(vendor: str, name: str) -> list[Said] | None:
        row = _table(_table(_table(document, vendor), "models"), name)
        if not row:
            return None
        cost, limit = _table(row, "cost"), _table(row, "limit")
        said = [Said(f"price.{_KINDS[key]}", cost[key]) for key in _KINDS if key in cost]
        band = _table(cost, _BAND)
        said += [
            Said(f"price.{_KINDS[key]}", band[key], over_prompt=200_000)
            for key in _KINDS
            if key in band
        ]
        return said + [Said(_LIMITS[key], limit[key]) for key in _LIMITS if limit.get(key)]

    return PriceList(source, seen, find)


def _table(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}
