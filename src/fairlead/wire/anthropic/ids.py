"""Tool-call ids: this vendor's alphabet is narrower than other dialects'.

"messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'" is a 400
(reported in HKUDS/nanobot#4356 and many others). Ids that fit stay as they are; the others are
spelled in base64url behind a prefix of ours. Ids that already have the prefix are spelled too, so
that the mapping is one to one: two different ids never become one, and it needs no memory.
"""

import re
from base64 import urlsafe_b64encode
from typing import Final

__all__ = ["PREFIX", "wire_id"]

PREFIX: Final = "flid_"
_FITS = re.compile(r"[a-zA-Z0-9_-]+").fullmatch


def wire_id(call_id: str) -> str:
    """The id that goes on the wire for a canonical call id."""
    if _FITS(call_id) and not call_id.startswith(PREFIX):
        return call_id
    spelled = urlsafe_b64encode(call_id.encode("utf-8", "surrogatepass")).decode("ascii")
    return PREFIX + spelled.rstrip("=")
