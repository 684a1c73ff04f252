"""The package genai-prices, if it is installed: prices of the long tail of models.

It is imported when the list is first asked about a model: half a second and 30 MB, once. Most
commands never do; a gateway does at its start (`Tail.ready`), so that no request waits for it.
"""

import importlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from importlib import util
from pathlib import Path
from typing import Any

from fairlead.catalog.claims import Source
from fairlead.catalog.price_list import PriceList, Said

__all__ = ["PACKAGE", "genai_prices_list"]

PACKAGE = "genai-prices"
_MODULE = "genai_prices"
_KINDS = {
    "input_mtok": "input",
    "input_audio_mtok": "input_audio",
    "cache_read_mtok": "cache_read",
    "cache_audio_read_mtok": "cache_read_audio",
    "cache_write_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_mtok": "output",
    "output_audio_mtok": "output_audio",
    "output_image_mtok": "output_image",
}
# What a variant is for: the prefix of its kinds, its tier. Others (`fast`) have no place here.
_VARIANTS = {
    ("processing", "batch"): ("batch_", ""),
    ("service_tier", "priority"): ("", "priority"),
    ("service_tier", "flex"): ("", "flex"),
}


def genai_prices_list() -> PriceList | None:
    """What the installed package says; None where it is not installed.

    It states no date of its own: `seen` is the day on which it was installed.
    """
    spec = util.find_spec(_MODULE)
    if spec is None or not spec.submodule_search_locations:
        return None
    version = importlib.import_module("importlib.metadata").version(PACKAGE)  # 25 ms of modules
    path = Path(spec.submodule_search_locations[0]) / "data.py"
    seen = datetime.fromtimestamp(path.stat().st_ctime, UTC).date()
    source = Source(f"{PACKAGE}-{version}", "catalogue", f"{PACKAGE} {version}, data.py")
    return PriceList(source, seen, _find)


@lru_cache(maxsize=1)
def _providers() -> dict[str, Any]:
    providers = importlib.import_module(f"{_MODULE}.data").providers
    return {provider.id: provider for provider in providers}


def _find(vendor: str, name: str) -> list[Said] | None:
    provider = _providers().get(vendor)
    model = provider.find_model(name) if provider is not None else None
    return None if model is None else list(_said(model))


def _said(model: Any) -> Iterator[Said]:  # noqa: ANN401  # the package may be absent
    if isinstance(model.context_window, int):
        yield Said("limits.context_window", model.context_window)
    conditional = model.prices if isinstance(model.prices, list) else None
    for row in conditional or [None]:
        prices = model.prices if row is None else row.prices
        yield from _prices(prices, None if row is None else row.constraint, "", "")
    for variant in model.price_variants or ():
        scope = _VARIANTS.get(next(iter(variant.when.items()))) if len(variant.when) == 1 else None
        if scope is not None:
            yield from _prices(variant.prices, variant.constraint, *scope)


def _prices(prices: Any, constraint: Any, prefix: str, tier: str) -> Iterable[Said]:  # noqa: ANN401  # as above
    since = getattr(constraint, "start_date", None)
    if constraint is not None and since is None:
        return  # by the time of the day: nothing here can say so
    for key, kind in _KINDS.items():
        price = getattr(prices, key, None)
        if price is None:
            continue
        bands = getattr(price, "tiers", None)
        yield Said(
            f"price.{prefix}{kind}",
            price if bands is None else price.base,
            tier=tier,
            valid_from=since,
        )
        for band in bands or ():
            yield Said(f"price.{prefix}{kind}", band.price, band.start, tier, since)
