"""Prompt-cache breakpoints: `cache_control` on a block."""

from typing import Literal

import msgspec
from msgspec import Struct

from fairlead.canon import CacheMark
from fairlead.wire.anthropic.types import Fields, Json, is_null

__all__ = ["read_cache", "write_cache"]


class _Control(Struct, forbid_unknown_fields=True):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


_CONTROL = msgspec.json.Decoder(_Control)


def read_cache(fields: Fields) -> CacheMark | None:
    """The breakpoint of a block. A shape that canon can't hold is left, to become an extra."""
    raw = fields.raw.get("cache_control")
    if raw is None or is_null(raw):
        fields.raw.pop("cache_control", None)
        return None
    try:
        control = _CONTROL.decode(raw)
    except msgspec.ValidationError:
        return None
    del fields.raw["cache_control"]
    return CacheMark(control.ttl or "5m")


def write_cache(mark: CacheMark | None, block: Json) -> None:
    """Set a block's breakpoint. Five minutes are the default and go without a `ttl`."""
    if mark is not None:
        control: Json = {"type": "ephemeral"}
        if mark.ttl != "5m":
            control["ttl"] = mark.ttl
        block["cache_control"] = control
