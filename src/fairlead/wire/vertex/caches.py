"""Cached contents on Vertex AI: the Gemini API's objects under longer names.

"name - The context cache resource name. Its format is
projects/PROJECT_NUMBER/locations/LOCATION/cachedContents/CACHE_ID", "model - ... Its format is
projects/PROJECT_NUMBER/locations/LOCATION/publishers/PUBLISHER_NAME/models/MODEL_ID", "you must use
the full context cache resource name" (cloud.google.com, "Use a context cache"); "vertex caches only
support model name start with projects" (google-genai 3.4, `t_caches_model`). Ids are numbers there
(`cachedContents/1977495851810947072`), which none of the Gemini API's is.

A client is told the Gemini API's short names and may say either, so that it needs not know where
its cache is: `cachedContents/123` of a gateway is Vertex's, `cachedContents/abc` the Gemini API's.
Google's SDK in its Vertex mode makes the long name of a short one by itself. Express mode (an API
key, no project) has no cached contents (its REST reference lists none).
"""

import re
from typing import Final

import msgspec
from msgspec import Raw

from fairlead.canon import Failure, Problem
from fairlead.wire.codec import Encoded
from fairlead.wire.vertex.gemini import adapted

__all__ = ["made_body", "parent_of", "short_answer"]

_PARENT: Final = re.compile(r"/v1(?:beta1)?/(projects/[^/]+/locations/[^/]+)/cachedContents(?:/|$)")
_LONG: Final = re.compile(r"projects/[^/]+/locations/[^/]+/(cachedContents/[^/]+)")
_MODEL: Final = re.compile(r"(?:projects/[^/]+/locations/[^/]+/)?publishers/google/(models/[^/]+)")
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_LIST: Final = msgspec.json.Decoder(list[dict[str, Raw]])
_TEXT: Final = msgspec.json.Decoder(str)
_ENCODE: Final = msgspec.json.Encoder().encode
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_ITEMS: Final = "cachedContents"


def parent_of(url: str) -> str:
    """`projects/{project}/locations/{location}` of an address of cached contents.

    Raises:
        Failure: there is no project in it.
    """
    found = _PARENT.search(url)
    if found is None:
        raise Failure(
            Problem(
                "not_found",
                "cached contents of Vertex AI want a project, and this gateway's upstream has an"
                " API key (express mode) and none",
                hint="the gateway's operator can give Vertex AI credentials of a project, or a key"
                " of the Gemini API",
            )
        )
    return found[1]


def made_body(body: bytes, parent: str) -> Encoded:
    """The body that makes a cached content at the Gemini API as one for Vertex AI.

    Raises:
        Failure: `body` is no JSON object.
    """
    encoded = adapted(body).encoded
    try:
        said = _TEXT.decode(_OBJECT.decode(body).get("model", Raw(b'""')))
    except _UNREADABLE:  # the vendor says what is wrong with it
        return encoded
    if not said:
        return encoded
    name = f"{parent}/publishers/google/models/{said.removeprefix('models/')}"
    fields = {**_OBJECT.decode(encoded.body), "model": Raw(_ENCODE(name))}
    return Encoded(_ENCODE(fields), encoded.losses)


def short_answer(body: bytes) -> bytes:
    """An answer about a cached content, or a list of them, in the Gemini API's names. What is
    neither stays as it is.
    """
    try:
        fields = _OBJECT.decode(body)
        if _ITEMS in fields:
            items = _LIST.decode(fields[_ITEMS])
            for item in items:
                _shorten(item)
            fields[_ITEMS] = Raw(_ENCODE(items))
        else:
            _shorten(fields)
    except _UNREADABLE:
        return body
    return _ENCODE(fields)


def _shorten(page: dict[str, Raw]) -> None:
    for field, pattern in (("name", _LONG), ("model", _MODEL)):
        if field in page and (found := pattern.fullmatch(_TEXT.decode(page[field]))):
            page[field] = Raw(_ENCODE(found[1]))
