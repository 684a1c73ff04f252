"""A vendor's list, reduced to what one key owns.

The vendor's list names what all keys made, page by page. Each page is filtered; the cursors that
the vendor gave stay in force, because they point at places in its list and not in ours.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Failure, Problem

__all__ = ["PAGES", "Page", "closed", "owned"]

PAGES = 50
"""Pages of a vendor's list that are looked through for something of the key's own."""

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_ITEMS = msgspec.json.Decoder(list[dict[str, Raw]])
_WORD = msgspec.json.Decoder(str | None)
_FLAG = msgspec.json.Decoder(bool)
_encode = msgspec.json.Encoder().encode


class Page(Struct, frozen=True):
    """A page of a list: the answer's `body`, the ids of what is left in it, and the query parameter
    that asks for the vendor's next page (None: there is none).
    """

    body: bytes
    ids: tuple[str, ...]
    following: tuple[str, str] | None


def owned(body: bytes, items: str, id_field: str, own: frozenset[str], after: str) -> Page:
    """The page in `body` with the items of `own` alone. `after` is the name of the parameter that
    takes an id to go on from, where the vendor pages by ids.

    Raises:
        Failure: it is no list.
    """
    try:
        fields = _OBJECT.decode(body)
        found = _ITEMS.decode(fields[items]) if items in fields else []  # protobuf leaves out []
        kept = [item for item in found if _id(item, id_field) in own]
        following = _following(fields, found, id_field, after)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = Problem("upstream", f"the vendor's list cannot be read: {error}")
        raise Failure(problem) from error
    ids = tuple(_id(item, id_field) for item in kept)
    if len(kept) == len(found):
        return Page(body, ids, following)
    fields[items] = Raw(_encode(kept))
    for name, end in (("first_id", 0), ("last_id", -1)):
        if name in fields:
            fields[name] = Raw(_encode(ids[end] if ids else None))
    return Page(_encode(fields), ids, following)


def closed(body: bytes) -> bytes:
    """The last page: what the vendor says of further ones is others'."""
    fields = _OBJECT.decode(body)
    if "has_more" in fields:
        fields["has_more"] = Raw(b"false")
    if "next_page" in fields:
        fields["next_page"] = Raw(b"null")
    fields.pop("nextPageToken", None)
    return _encode(fields)


def _id(item: dict[str, Raw], field: str) -> str:
    return _WORD.decode(item.get(field, Raw(b"null"))) or ""


def _following(
    fields: dict[str, Raw], found: Sequence[dict[str, Raw]], id_field: str, after: str
) -> tuple[str, str] | None:
    """Three ways of paging: a token (Gemini's and Anthropic's newer), or the last id."""
    for field, parameter in (("nextPageToken", "pageToken"), ("next_page", "page")):
        if field in fields and (token := _WORD.decode(fields[field])):
            return parameter, token
    if "has_more" in fields and _FLAG.decode(fields["has_more"]) and found:
        return after, _id(found[0 if after == "before_id" else -1], id_field)
    return None
