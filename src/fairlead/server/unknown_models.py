"""Models that an upstream's `models` names and that nobody knows: a prefix alone tells whose.

`claude-haiku-45` may be a model of tomorrow or a typing error; it is served either way, and what it
costs is unknown. So it is told, with the nearest names.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from fairlead.catalog import Catalog, Model
from fairlead.upstream.kinds.identity import REST
from fairlead.upstream.vendors import Upstream

__all__ = ["unknown_models"]

_NEAR: Final = 0.8


def unknown_models(upstream: Upstream, catalog: Catalog) -> Iterator[tuple[str, str]]:
    """By the name of each such model, what people are told of it."""
    for name in upstream.models:
        meant = None if name == REST else catalog.meant(name)
        if not isinstance(meant, Model) or meant.known or meant.prices:
            continue
        near = get_close_matches(name.lower(), catalog.names, n=3, cutoff=_NEAR)
        meaning = f"; did you mean {', '.join(near)}?" if near else ""
        yield name, f"the catalogue does not know '{name}': what it costs is unknown{meaning}"
