"""Models that the configuration names and that nobody knows: a prefix alone tells whose.

`claude-haiku-45` may be a model of tomorrow or a typing error; it is served either way, and what it
costs is unknown. So it is told, with the nearest names.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from fairlead.catalog import Catalog, Model
from fairlead.upstream.kinds.identity import REST

__all__ = ["unknown_models"]

_NEAR: Final = 0.8


def unknown_models(names: Iterable[str], catalog: Catalog) -> Iterator[str]:
    """What people are told of each of some names that is such a model's."""
    for name in names:
        meant = None if name == REST else catalog.meant(name)
        if not isinstance(meant, Model) or meant.known or meant.prices:
            continue
        alike = get_close_matches(name.lower(), catalog.names, n=3, cutoff=_NEAR)
        models = [each for each in map(catalog.meant, alike) if isinstance(each, Model)]
        near = dict.fromkeys(each.id for each in models)
        meaning = f"; did you mean {', '.join(near)}?" if near else ""
        yield f"the catalogue does not know '{name}': what it costs is unknown{meaning}"
