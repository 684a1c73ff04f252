"""Fields that canon has no name for: kept while reading, put back where they stood on writing."""

from collections.abc import Iterable
from typing import Final

import msgspec

from fairlead.canon import Extra
from fairlead.wire.anthropic.types import DIALECT, Fields, Json
from fairlead.wire.losses import Losses

__all__ = ["Extras", "keep_left"]

# Fields that another dialect cannot drop without changing what the model sees, does or where it
# runs (SDK 2.12, types/message_create_params.py and types/beta/message_create_params.py).
_SEMANTIC: Final = frozenset(
    {"container", "mcp_servers", "inference_geo", "fallbacks", "output_config.format"}
)
_FRINGE: Final = frozenset({"fairlead"})
"""The gateway's own hints: read by whoever decides, never sent to a vendor."""


def keep_left(fields: Fields, kept: list[Extra]) -> None:
    """Turn what is left of an object into extras."""
    for key, raw in fields.left():
        path = fields.at(key)
        if path not in _FRINGE:
            kept.append(Extra(DIALECT, path, raw, cosmetic=path not in _SEMANTIC))


class Extras:
    """A request's extras by the object that they belong to."""

    __slots__ = ("_by_parent", "_losses")

    def __init__(self, extras: Iterable[Extra], losses: Losses) -> None:
        self._losses = losses
        self._by_parent: dict[str, list[tuple[str, Extra]]] = {}
        for extra in extras:
            if extra.dialect != DIALECT:
                self._lose(extra, f"the field belongs to the {extra.dialect} dialect")
                continue
            parent, _, key = extra.path.rpartition(".")
            self._by_parent.setdefault(parent, []).append((key, extra))

    def has(self, parent: str) -> bool:
        """Whether an object has fields to be put back."""
        return parent in self._by_parent

    def put_back(self, parent: str, into: Json) -> None:
        """Splice the extras of `parent` into its object; what canon already said stands."""
        if not self._by_parent:
            return
        for key, extra in self._by_parent.pop(parent, ()):
            if key in into:
                self._lose(extra, "another field of the request already says it")
            else:
                into[key] = msgspec.Raw(extra.raw)

    def lose_rest(self) -> None:
        """Name what found no place: its object was merged, moved or dropped."""
        for extras in self._by_parent.values():
            for _, extra in extras:
                self._lose(extra, "the object that it stood in is gone or was merged")
        self._by_parent.clear()

    def _lose(self, extra: Extra, why: str) -> None:
        lose = self._losses.cosmetic if extra.cosmetic else self._losses.semantic
        lose(extra.path, extra.path, why)
