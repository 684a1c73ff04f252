"""The JSON of files, batches and cached contents: what has to be read in it or replaced.

Everything else stays verbatim: bodies are taken apart only along the way to a value.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw

from fairlead.canon import Dialect
from fairlead.engine.endpoints import Steps

__all__ = ["MODELS", "Resolve", "listed_at", "raw_at", "text_at", "with_results_here"]

Resolve = Callable[[str, str], str]
"""From a model's name and the path at which it stands to the model's id."""

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_LIST = msgspec.json.Decoder(list[Raw])
_TEXT = msgspec.json.Decoder(str)
_encode = msgspec.json.Encoder().encode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_MODELS = "models/"
_AT_CLOUD = re.compile(r"^(?:projects/[^/]+/locations/[^/]+/)?publishers/google/(?=models/)")
_RESULTS = "results_url"


def text_at(body: bytes | Raw, steps: Steps) -> str | None:
    """The string at the end of `steps`; None if the way or the string is not there."""
    try:
        raw = raw_at(body, steps)
        return None if raw is None else _TEXT.decode(raw)
    except _UNREADABLE:
        return None


def listed_at(body: bytes | Raw, steps: Steps) -> list[Raw]:
    """The items of the list at the end of `steps`; none if the way or the list is not there."""
    try:
        raw = raw_at(body, steps)
        return [] if raw is None else _LIST.decode(raw)
    except _UNREADABLE:
        return []


def raw_at(body: bytes | Raw, steps: Steps) -> bytes | Raw | None:
    """The JSON at the end of `steps`; None if the way ends before.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: something on it is no object.
    """
    raw: bytes | Raw = body
    for step in steps:
        found = _OBJECT.decode(raw).get(step)
        if found is None:
            return None
        raw = found
    return raw


def _one_model(body: bytes, resolve: Resolve) -> bytes:
    """`model` of a cached content: `models/NAME`, below a project for clients of Vertex AI."""
    said = text_at(body, ("model",))
    if said is None:
        return body
    name = _AT_CLOUD.sub("", said)
    model = _MODELS + resolve(name.removeprefix(_MODELS), "model")
    if model == _MODELS + said.removeprefix(_MODELS):
        return body
    return _encode({**_OBJECT.decode(body), "model": Raw(_encode(model))})


def _models_of_requests(body: bytes, resolve: Resolve) -> bytes:
    """`requests[].params.model` of a batch of messages."""
    try:
        fields = _OBJECT.decode(body)
        requests = [_OBJECT.decode(raw) for raw in _LIST.decode(fields["requests"])]
    except (*_UNREADABLE, KeyError):
        return body  # the vendor says what is wrong with it
    changed = False
    for at, request in enumerate(requests):
        name = text_at(_encode(request), ("params", "model"))
        if name is None:
            continue
        model = resolve(name, f"requests[{at}].params.model")
        if model != name:
            params = {**_OBJECT.decode(request["params"]), "model": Raw(_encode(model))}
            request["params"] = Raw(_encode(params))
            changed = True
    return _encode({**fields, "requests": requests}) if changed else body


MODELS: dict[tuple[str, Dialect], Callable[[bytes, Resolve], bytes]] = {
    ("caches.make", "gemini"): _one_model,
    ("batches.make", "anthropic"): _models_of_requests,
}
"""By route and dialect: the body with each name of a model that it holds resolved."""


def with_results_here(body: bytes, here: str) -> bytes:
    """A batch, or a list of them, whose results are at this gateway: the SDK goes to `results_url`
    as it stands (anthropic 2.12.0, resources/messages/batches.py), with the client's key.
    """
    if b'"results_url"' not in body:
        return body
    try:
        fields = _OBJECT.decode(body)
        changed = _results_here(fields, here)
        if "data" in fields:
            items = [_OBJECT.decode(raw) for raw in _LIST.decode(fields["data"])]
            moved = [_results_here(item, here) for item in items]
            if any(moved):
                fields["data"] = Raw(_encode(items))
                changed = True
    except _UNREADABLE:
        return body
    return _encode(fields) if changed else body


def _results_here(fields: dict[str, Raw], here: str) -> bool:
    raw = fields.get(_RESULTS)
    if raw is None or bytes(raw) == b"null":
        return False
    fields[_RESULTS] = Raw(_encode(here + urlsplit(_TEXT.decode(raw)).path))
    return True
