"""Whether a body holds what only a translated answer can have left in it.

A thought of another vendor's was told to the client as a reasoning item without encrypted content.
OpenAI does not know it: it answers an id of ours with "Item with id 'rs_...' not found", and an
item with neither id nor encrypted content is nothing to it.
"""

from typing import Final

import msgspec
from msgspec import Struct

__all__ = ["OURS", "left_behind"]

OURS: Final = "rs_fl-"
"""How the ids begin that the gateway gives to reasoning items (`rs_` and its request's id)."""


class _Item(Struct, frozen=True, gc=False):
    type: str | None = None
    id: str | None = None
    encrypted_content: str | None = None


class _Body(Struct, frozen=True, gc=False):
    input: list[_Item] | None = None


_BODY: Final = msgspec.json.Decoder(_Body)


def left_behind(body: bytes) -> bool:
    """True if a reasoning item is neither encrypted nor stored by the vendor. Never raises."""
    if b'"reasoning"' not in body or b'"summary"' not in body:
        return False
    try:
        items = _BODY.decode(body).input or ()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False  # the vendor says what is wrong with it
    return any(
        item.type == "reasoning"
        and not item.encrypted_content
        and (item.id is None or item.id.startswith(OURS))
        for item in items
    )
