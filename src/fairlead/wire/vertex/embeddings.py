"""Embeddings on Vertex AI, of bodies for the Gemini API and back.

There are two ways, as Google's SDK takes them (google-genai 3.4, `_transformers.py`,
`t_is_vertex_embed_content_model`): a name with `gemini` or `maas` in it goes to `embedContent` and
`batchEmbedContents` of v1beta1, whose requests name no model and hold what steers the vector in
`embedContentConfig` (`_EmbedContentConfig_to_vertex`); any other goes to `predict`:

    {"instances": [{"content": "...", "task_type": "...", "title": "..."}],
     "parameters": {"outputDimensionality": 256, "autoTruncate": true}}
    {"predictions": [{"embeddings": {"values": [...],
                                     "statistics": {"token_count": 4, "truncated": false}}}],
     "metadata": {"billableCharacterCount": 11}}

(cloud.google.com, "Text embeddings API"). There `content` is one text.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Failure, Loss, Problem
from fairlead.wire.codec import Encoded

__all__ = ["embed_body", "embedded", "predict_body", "takes_contents"]

_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_LIST: Final = msgspec.json.Decoder(list[dict[str, Raw]])
_TEXT: Final = msgspec.json.Decoder(str)
_ENCODE: Final = msgspec.json.Encoder().encode
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NULL: Final = b"null"
_USER: Final = Raw(b'"user"')
_CONFIG: Final = "embedContentConfig"
_SPELLINGS: Final = {
    "task_type": "taskType",
    "output_dimensionality": "outputDimensionality",
    "auto_truncate": "autoTruncate",
    "embed_content_config": _CONFIG,
}
_STEERING: Final = frozenset({"taskType", "title", "outputDimensionality", "autoTruncate"})
_INSTANCE: Final = {"taskType": "task_type", "title": "title"}


def takes_contents(model: str) -> bool:
    """Whether a model is asked by `embedContent`, else by `predict`."""
    return "gemini" in model or "maas" in model


# --- requests -------------------------------------------------------------------------------------


def embed_body(body: bytes) -> Encoded:
    """A body for the Gemini API's `embedContent` or `batchEmbedContents`, for Vertex's.

    Raises:
        Failure: it cannot be read.
    """
    fields, requests, lone = _read(body)
    told = [_steered(request) for request in requests]
    return Encoded(_ENCODE(told[0] if lone else {**fields, "requests": told}))


def predict_body(body: bytes) -> Encoded:
    """The same for `predict`. What the texts of it have in common goes to the parameters.

    Raises:
        Failure: it cannot be read, holds no text, or wants vectors of several sizes.
    """
    fields, requests, lone = _read(body)
    losses = [_unknown("", name) for name in fields]
    instances: list[dict[str, Raw]] = []
    parameters: list[dict[str, Raw]] = []
    for index, request in enumerate(requests):
        at = "" if lone else f"requests[{index}]."
        steering = dict(_steering(request))
        parts = _parts(request.pop("content", None), at)
        instance = {"content": _joined(parts, at, losses)}
        for name, theirs in _INSTANCE.items():
            if name in steering:
                instance[theirs] = steering.pop(name)
        losses += [_unknown(at, name) for name in request]
        instances.append(instance)
        parameters.append(steering)
    if any(one != parameters[0] for one in parameters):
        raise Failure(
            Problem(
                "unsupported",
                "vectors of different sizes cannot be asked of this model in one call",
                param="requests",
                code="mixed_dimensions",
                hint="send one call for each size",
            )
        )
    more = {"parameters": parameters[0]} if parameters[0] else {}
    return Encoded(_ENCODE({"instances": instances, **more}), tuple(losses))


def _read(body: bytes) -> tuple[dict[str, Raw], list[dict[str, Raw]], bool]:
    """The fields beside the requests, the requests, and whether it is one for one text."""
    try:
        fields = _spelled(_OBJECT.decode(body))
        requests = fields.pop("requests", None)
        fields.pop("model", None)  # the URL names it
        if requests is None:
            return {}, [fields], True
        found = [_spelled(request) for request in _LIST.decode(requests)]
    except _UNREADABLE as error:
        raise Failure.invalid(f"the body is no request for embeddings: {error}") from error
    if not found:
        raise Failure.invalid("is empty", "requests")
    for request in found:
        request.pop("model", None)
    return fields, found, False


def _spelled(fields: dict[str, Raw]) -> dict[str, Raw]:
    """Google takes names in both spellings; a null says nothing."""
    return {_SPELLINGS.get(k, k): v for k, v in fields.items() if bytes(v) != _NULL}


def _steering(request: dict[str, Raw]) -> Iterator[tuple[str, Raw]]:
    """What steers the vector, taken out of a request."""
    for name in [name for name in request if name in _STEERING]:
        yield name, request.pop(name)
    config = request.pop(_CONFIG, None)
    if config is not None:
        try:
            yield from _spelled(_OBJECT.decode(config)).items()
        except _UNREADABLE as error:
            raise Failure.invalid(f"is no object: {error}", _CONFIG) from error


def _steered(request: dict[str, Raw]) -> dict[str, Raw]:
    steering = dict(_steering(request))
    content = request.get("content")
    if content is not None:
        try:
            read = _OBJECT.decode(content)
        except _UNREADABLE:
            read = {"role": _USER}  # the vendor says what is wrong with it
        if bytes(read.get("role", _NULL)) == _NULL:  # "Please use a valid role: user, model."
            request["content"] = Raw(_ENCODE({**read, "role": _USER}))
    return {**request, _CONFIG: Raw(_ENCODE(steering))} if steering else request


def _parts(content: Raw | None, at: str) -> list[dict[str, Raw]]:
    try:
        if content is None:
            raise Failure.invalid("is required", f"{at}content")
        parts = _OBJECT.decode(content).get("parts")
        return [] if parts is None else _LIST.decode(parts)
    except _UNREADABLE as error:
        raise Failure.invalid(f"is no content: {error}", f"{at}content") from error


def _joined(parts: list[dict[str, Raw]], at: str, losses: list[Loss]) -> Raw:
    """The text of a content, verbatim where there is one."""
    path = f"{at}content.parts"
    if not parts:
        raise Failure.invalid("holds no text", path)
    for index, part in enumerate(parts):
        if "text" not in part:
            raise Failure(
                Problem(
                    "unsupported",
                    f"{next(iter(part), 'nothing')} cannot be embedded by this model, only text",
                    param=f"{path}[{index}]",
                    code="media_embedding",
                    hint="name a model of Google's that embeds it",
                )
            )
    if len(parts) == 1:
        return parts[0]["text"]
    why = "Vertex takes one text here; joined by lines"
    losses.append(Loss("semantic", path, "joined_texts", why))
    try:
        return Raw(_ENCODE("\n".join(_TEXT.decode(part["text"]) for part in parts)))
    except _UNREADABLE as error:
        raise Failure.invalid(f"holds no text: {error}", path) from error


def _unknown(at: str, name: str) -> Loss:
    return Loss("semantic", f"{at}{name}", name, f"Vertex has no field for {name} here")


# --- answers --------------------------------------------------------------------------------------


class _Statistics(Struct):
    token_count: float | None = None  # as protobuf's values are: 4 may be 4.0


class _Read(Struct):
    statistics: _Statistics | None = None


class _Prediction(Struct):
    embeddings: Raw


class _Predicted(Struct):
    predictions: list[_Prediction]


_PREDICTED: Final = msgspec.json.Decoder(_Predicted)
_VECTOR: Final = msgspec.json.Decoder(_Read)


def embedded(body: bytes, lone: bool) -> bytes:
    """An answer of `predict` as the Gemini API's, with every digit as it came; any other one as it
    is. The tokens are told where each text's are.
    """
    if b'"predictions"' not in body:
        return body
    try:
        vectors = [one.embeddings for one in _PREDICTED.decode(body).predictions]
        found = [_VECTOR.decode(vector).statistics for vector in vectors]
    except _UNREADABLE:
        return body  # who reads it says that it is no answer
    counts = [one.token_count for one in found if one is not None and one.token_count is not None]
    told: dict[str, object] = {"embeddings": vectors}
    if lone and len(vectors) == 1:
        told = {"embedding": vectors[0]}
    if len(counts) == len(vectors):
        told["usageMetadata"] = {"promptTokenCount": round(sum(counts))}
    return _ENCODE(told)
