"""The catalogue as the configuration has it.

Apart from the rest of what is compiled: commands that only read the ledger need no codecs.
"""

import os
from collections.abc import Mapping
from decimal import Decimal

from fairlead.canon import Failure
from fairlead.catalog import Catalog, CatalogError
from fairlead.catalog import load as load_catalog
from fairlead.catalog.from_genai_prices import genai_prices_list
from fairlead.server.accounts import price_place
from fairlead.server.config import ConfigError, Loaded, placed
from fairlead.server.paths import overlay_path
from fairlead.server.settings import Settings, UpstreamSettings
from fairlead.upstream.kinds.identity import IDENTITIES, REST, Identity

__all__ = ["compile_catalog"]


def compile_catalog(loaded: Loaded, environ: Mapping[str, str] | None = None) -> Catalog:
    """The catalogue with what the configuration lays over it. The environment may say where an
    upstream computes.

    Raises:
        ConfigError: an entry cannot work; the message names the key and its origin.
    """
    settings = loaded.settings
    path = overlay_path(settings)
    try:
        return load_catalog(
            models=settings.models,
            aliases=settings.aliases,
            families=settings.families,
            factors={name: Decimal(str(own.factor)) for name, own in settings.prices.items()},
            doors=_doors(settings, os.environ if environ is None else environ),
            overlay=(str(path), path.read_text(encoding="utf-8")) if path.exists() else None,
            tail=genai_prices_list() if settings.catalog.long_tail else None,
        )
    except CatalogError as error:
        raise ConfigError(placed(loaded, str(error))) from error
    except Failure as failure:
        problem = failure.problem
        key = problem.param or "aliases"
        origin = loaded.origins.get(key, "default")
        raise ConfigError(f"{origin}: {key}: {problem.message}") from failure


def _doors(settings: Settings, env: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """By vendor, whose price list its first upstream has and where it computes."""
    kinds = ((IDENTITIES.get(own.kind or name), own) for name, own in settings.upstreams.items())
    found: dict[str, tuple[str, str]] = {}
    for kind, own in kinds:
        if kind is not None and (not own.models or REST in own.models):
            for vendor in kind.vendors:
                found.setdefault(vendor, (own.door or kind.door, _place(kind, own, env)))
    return {vendor: said for vendor, said in found.items() if any(said)}


def _place(kind: Identity, settings: UpstreamSettings, env: Mapping[str, str]) -> str:
    try:
        return price_place(kind, settings, env)
    except ValueError:  # told with the upstream that cannot be built
        return ""
