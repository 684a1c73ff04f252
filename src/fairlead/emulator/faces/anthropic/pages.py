"""Lists by the page, as Anthropic's API gives them, and what it says of what isn't there."""

from collections.abc import Mapping, Sequence
from typing import Any

from fairlead.emulator.faces.face import Trouble

__all__ = ["no_such", "page_of"]

DEFAULT, MOST = 20, 1000


def page_of(pages: Sequence[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """`limit` of them, behind `after_id` or before `before_id`."""
    wanted = query.get("limit", "")
    limit = min(max(int(wanted), 1), MOST) if wanted.isdecimal() else DEFAULT
    idents = [page["id"] for page in pages]
    after, before = query.get("after_id"), query.get("before_id")
    start, end = 0, len(pages)
    if after in idents:
        start = idents.index(after) + 1
    if before in idents:
        end = idents.index(before)
        start = max(start, end - limit)
    shown = list(pages[start : min(end, start + limit)])
    more = start > 0 if before in idents else start + len(shown) < len(pages)
    return {
        "data": shown,
        "has_more": more,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
    }


def no_such(what: str, ident: str) -> Trouble:
    """A 404; wording our own but for its beginning."""
    return Trouble(404, f"{what} not found: {ident}")
