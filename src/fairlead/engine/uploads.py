"""Uploads in several requests (Gemini's resumable protocol), through the gateway.

The vendor answers the first request with an address for the others (`x-goog-upload-url`), which it
takes without any key: the address is the permission. So the gateway's own address stands in for it,
with a seal that says for which virtual key and until when; clients send no key with it either
(google-genai 3.4.0, _api_client.py, `_upload_fd`).
"""

import hashlib
import hmac
from urllib.parse import parse_qsl, urlencode, urlsplit

from fairlead.upstream.vendors import Upstream

__all__ = ["LASTS", "SEAL", "address_here", "continues", "opened", "without_seal"]

SEAL = "fairlead_upload"
LASTS = 24 * 3600.0
"""Seconds in which an upload must end; the vendor's own addresses last some days."""

_ID = "upload_id"
_HIDDEN = frozenset({SEAL, "key"})


def without_seal(query: str) -> str:
    """The vendor's part of the query: neither the seal nor anybody's key."""
    return "&".join(pair for pair in query.split("&") if pair.partition("=")[0] not in _HIDDEN)


def address_here(vendors: str, here: str, upstream: Upstream, scope: str | None, now: float) -> str:
    """The address at the gateway (`here`, without a query) that stands for the vendor's."""
    query = without_seal(urlsplit(vendors).query)
    if scope is None:
        return f"{here}?{query}"
    until = int(now + LASTS)
    mac = _mac(upstream, scope, until, _upload_id(query))
    return f"{here}?{query}&{urlencode({SEAL: f'{scope}.{until}.{mac}'})}"


def opened(query: str, upstream: Upstream, now: float) -> str | None:
    """Whose the upload of this address is; None if the seal is missing, wrong or too old."""
    seal = dict(parse_qsl(query)).get(SEAL, "")
    scope, _, rest = seal.partition(".")
    until, _, mac = rest.partition(".")
    if not until.isascii() or not until.isdigit() or len(until) > 15 or int(until) < now:
        return None
    expected = _mac(upstream, scope, int(until), _upload_id(query))
    return scope if hmac.compare_digest(expected, mac) else None


def continues(query: str) -> bool:
    """Whether this is one of an upload's further requests."""
    return _upload_id(query) != ""


def _upload_id(query: str) -> str:
    return dict(parse_qsl(query)).get(_ID, "")


def _mac(upstream: Upstream, scope: str, until: int, upload_id: str) -> str:
    """Bound to the operator's key, so that every process of theirs can open what another sealed."""
    text = "\n".join(("fairlead upload", upstream.name, scope, str(until), upload_id))
    key = upstream.key.reveal().encode("utf-8", "surrogatepass")
    return hmac.new(key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
