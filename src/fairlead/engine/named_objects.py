"""Files and cached contents that a request names by id: they may be another key's.

All virtual keys share one account at the vendor, which would read anybody's file to a model. So an
id that is known to be another key's is refused, wherever in a request it stands. What nobody is
known to own passes: a vendor's tools write files too, which the history then names.
"""

import re

import msgspec

from fairlead.canon import Failure
from fairlead.vault.ownership import Ownership, not_yours

__all__ = ["named_objects", "refuse_others"]

_MARKS = (b"file_id", b"ile_uri", b"ileUri", b"ached", b"\\u00")
"""Without one of these no object is named, however long the body is."""

# OpenAI and Anthropic name files by `file_id`, and OpenAI lists of them; Gemini by the address that
# ends in their name, and cached contents by theirs.
_NAMED = re.compile(
    rb'"(?:file_id|input_file_id|fileUri|file_uri|cachedContent|cached_content)"\s*:\s*'
    rb'"((?:[^"\\]|\\.){1,1000})"'
)
_LISTED = re.compile(rb'"file_ids"\s*:\s*\[([^\]]{1,100000})\]')
_TEXT = re.compile(rb'"((?:[^"\\]|\\.){1,1000})"')
_STRING = msgspec.json.Decoder(str)
# Vertex AI's stand under a project; whose they are is noted by the short name.
_CACHED = re.compile(r"^(?:projects/[^/]+/locations/[^/]+/)?(cachedContents/.+)$")
_FILE = re.compile(r"/(files/[^/?#:]+)$")


def named_objects(body: bytes) -> set[tuple[str, str]]:
    """Kind and id of each object that a JSON body names."""
    if not any(mark in body for mark in _MARKS):
        return set()
    if b"\\u00" in body:  # letters of a name may be escaped
        try:
            body = msgspec.json.encode(msgspec.json.decode(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return set()  # it is no JSON, so no vendor reads it
    found = _NAMED.findall(body)
    for listed in _LISTED.findall(body):
        found += _TEXT.findall(listed)
    return {_object(name) for name in map(_unescaped, found) if name is not None}


def _unescaped(raw: bytes) -> str | None:
    try:
        return _STRING.decode(b'"' + raw + b'"')
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # no vendor reads it either


def _object(name: str) -> tuple[str, str]:
    cached = _CACHED.match(name)
    if cached is not None:
        return "cachedContents", cached[1]
    address = _FILE.search(name)
    return "files", address[1] if address is not None else name


async def refuse_others(scope: str, upstream: str, body: bytes, ownership: Ownership) -> None:
    """Refuse a body that names another scope's object, as if that did not exist.

    Raises:
        Failure: it does.
    """
    for kind, id_ in named_objects(body):
        if await ownership.others(scope, upstream, kind, id_):
            raise Failure(not_yours(kind, id_))
