"""models/x:embedContent and :batchEmbedContents."""

from typing import Any

from fairlead.emulator import models
from fairlead.emulator.answer.vector import vector
from fairlead.emulator.authority import check
from fairlead.emulator.counting import count_of, pieces
from fairlead.emulator.faces.face import Answered, Put, Trouble, field, items
from fairlead.emulator.faces.gemini.google import answered, unknown_name
from fairlead.emulator.json_value import JsonValue

__all__ = ["embed", "embed_all"]

MOST = 100  # "at most 100 requests can be in one batch" [O]
_NAMES = ("model", "content", "taskType", "title", "outputDimensionality", "embedContentConfig")
_SPELLINGS = {
    spelling
    for name in _NAMES
    for spelling in (name, "".join("_" + c.lower() if c.isupper() else c for c in name))
}


def embed(put: Put) -> Answered | Trouble:
    """One content, one vector."""
    made = _embedding(put.model, put.body)
    if isinstance(made, Trouble):
        return made
    values, tokens = made
    return answered({"embedding": {"values": values}}, {"input": tokens})


def embed_all(put: Put) -> Answered | Trouble:
    """Several requests, each naming the model of the path."""
    requests = items(field(put.body, "requests"))
    if not requests:
        return Trouble(400, "* BatchEmbedContentsRequest.requests: requests is not specified\n")
    if len(requests) > MOST:
        words = f"at most {MOST} requests can be in one batch"
        return Trouble(400, f"* BatchEmbedContentsRequest.requests: {words}\n")
    embeddings: list[dict[str, Any]] = []
    total = 0
    for at, one in enumerate(requests):
        if not isinstance(one, dict):
            return Trouble(400, f"Invalid value at 'requests[{at}]'")
        if str(one.get("model", "")).removeprefix("models/") != put.model:
            words = "* BatchEmbedContentsRequest.model: model must match that of each request\n"
            return Trouble(400, words)
        made = _embedding(put.model, one)
        if isinstance(made, Trouble):
            return made
        embeddings.append({"values": made[0]})
        total += made[1]
    return answered({"embeddings": embeddings}, {"input": total})


def _embedding(name: str, body: dict[str, Any]) -> tuple[list[float], int] | Trouble:
    model = models.find("gemini", name)
    if model is None or not model.embedding:
        return Trouble(
            404,
            f"models/{name} is not found for API version v1beta, or is not supported for "
            "embedContent. Call ListModels to see the list of available models and their supported"
            " methods.",
        )
    for key in body:
        if key not in _SPELLINGS:
            return unknown_name(key)
    content: JsonValue = field(body, "content")
    faults = check("gemini", "generate", {"contents": [content]}) if content is not None else []
    if faults:
        return Trouble(400, "\n".join(fault.message for fault in faults))
    parts = [part for part in items(field(content, "parts")) if isinstance(part, dict)]
    if not parts:
        return Trouble(400, "* EmbedContentRequest.content: contents is not specified\n")
    size = field(body, "outputDimensionality") or model.embedding
    if not isinstance(size, int) or not 1 <= size <= model.embedding:
        words = f"output_dimensionality must be in the range [1, {model.embedding}]."
        return Trouble(400, f"* EmbedContentRequest.output_dimensionality: {words}\n")
    text = "\n".join(str(part.get("text") or "") for part in parts)
    tokens = count_of(pieces(model, {"contents": [content]})).total
    return [round(one, 8) for one in vector(text, size)], tokens
