"""Conversations that the client leaves with the server: `previous_response_id` and `store`.

Pure: what is kept where, and for how long, is the gateway's store's affair. A stateless body says
all of the conversation in its input, so a stored one becomes stateless by putting the items of the
answers before it (and what led to them) before its own. `instructions` are not among them: "the
instructions from a previous response will not be carried over to the next response" (openai SDK,
types/responses/response_create_params.py).
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Failure
from fairlead.wire.codec import State
from fairlead.wire.strict_json import Reader

__all__ = ["STATE", "expand", "input_items", "previous_id", "wants_store"]


class _Glance(Struct, frozen=True, gc=False):
    """What is read of a request."""

    previous_response_id: str | None = None
    store: bool | None = None
    input: str | list[Raw] | None = None


class _Item(Struct, frozen=True, gc=False):
    type: str | None = None
    id: str | None = None
    role: str | None = None


_GLANCE: Final = Reader(_Glance)
_ITEM: Final = msgspec.json.Decoder(_Item)
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_ENCODE: Final = msgspec.json.Encoder().encode
_REFERENCE: Final = b"item_reference"


def previous_id(body: bytes) -> str | None:
    """The answer that a request goes on from. Raises `Failure` if that is no text."""
    return _GLANCE.read(body)[0].previous_response_id or None


def wants_store(body: bytes) -> bool:
    """Whether the answer is to be kept: yes, unless the client says no (OpenAI's default)."""
    return _GLANCE.read(body)[0].store is not False


def input_items(body: bytes) -> tuple[bytes, ...]:
    """The items that a request adds, as JSON each; a text is a user's message."""
    found = _GLANCE.read(body)[0].input
    if isinstance(found, str):
        content = [{"type": "input_text", "text": found}]
        return (_ENCODE({"type": "message", "role": "user", "content": content}),)
    return tuple([bytes(item) for item in found or ()])


def expand(body: bytes, history: tuple[bytes, ...]) -> bytes:
    """The body with `history` before its input, and without `previous_response_id`.

    Every other value stays as it was written. A reference to an item of the history says what
    already stands there, and goes.

    Raises:
        Failure: the body is no JSON object, or its input no text and no list.
    """
    items = [*history, *_unreferenced(input_items(body), history)]
    try:
        fields = _OBJECT.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure.invalid(f"the body is no JSON object: {error}") from error
    fields.pop("previous_response_id", None)
    fields["input"] = Raw(b"[" + b",".join(items) + b"]")
    return _ENCODE(fields)


def _unreferenced(items: Sequence[bytes], history: Sequence[bytes]) -> list[bytes]:
    if not any(_may_refer(item) for item in items):
        return list(items)
    known = {_item(item).id for item in history} - {None}
    return [item for item in items if not (_may_refer(item) and _refers(_item(item), known))]


def _may_refer(item: bytes) -> bool:
    return _REFERENCE in item or (b'"type"' not in item and b'"role"' not in item)


def _refers(item: _Item, known: set[str | None]) -> bool:
    bare = item.type is None and item.role is None
    return (item.type == "item_reference" or bare) and item.id in known


def _item(raw: bytes) -> _Item:
    try:
        return _ITEM.decode(raw)
    except msgspec.ValidationError:
        return _Item()


def _final(seen: Any) -> bytes:  # noqa: ANN401  # a stream encoder or a tap of this dialect
    final: bytes = seen.final
    return final


STATE: Final = State(
    previous_id=previous_id,
    wants_store=wants_store,
    input_items=input_items,
    expand=expand,
    final=_final,
)
