"""Vectors on Vertex AI: `predict` for text models, `embedContent` and `batchEmbedContents` for
Gemini's.

`predict`: "Each request can include up to 250 input texts", "the total number of input tokens is
limited to 20,000", and longer texts "are silently truncated", unless `autoTruncate` is false
(cloud.google.com, "Get text embeddings"). Gemini's requests name no model (it is in the path), and
steer by fields beside the content (REST reference of `models.embedContent`) or by
`embedContentConfig` (google-genai 3.4). Both bill characters without white space or tokens; what is
counted here are tokens.
"""

from typing import Any

from fairlead.emulator import models
from fairlead.emulator.answer.vector import vector
from fairlead.emulator.authority import check
from fairlead.emulator.counting import count_of, pieces, text_tokens
from fairlead.emulator.faces.face import Answered, Put, Trouble, field, items
from fairlead.emulator.faces.gemini.google import answered, unknown_name

__all__ = ["embed", "embed_all", "predict"]

TEXTS, TOKENS = 250, 20_000
_TASKS = frozenset(
    {
        "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY", "CLASSIFICATION",
        "CLUSTERING", "QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY",
    }
)  # fmt: skip
_STEERING = frozenset({"taskType", "title", "outputDimensionality", "autoTruncate"})
_FIELDS = _STEERING | {"content", "embedContentConfig"}
_INSTANCE = frozenset({"content", "task_type", "taskType", "title", "mimeType"})
_NOWHERE = Trouble(404, "")


# --- predict --------------------------------------------------------------------------------------


def predict(put: Put) -> Answered | Trouble:
    """Each instance, one prediction."""
    model = models.find("vertex", put.model)
    if model is None:
        return _NOWHERE
    for name in put.body:
        if name not in ("instances", "parameters"):
            return unknown_name(name)
    instances = items(field(put.body, "instances"))
    if not instances:
        return Trouble(400, "Must provide `instances` for text model prediction.")
    if len(instances) > TEXTS:
        return Trouble(
            400, f"{len(instances)} instance(s) is too many: at most {TEXTS}. (emulated)"
        )
    parameters = put.body.get("parameters") or {}
    if not isinstance(parameters, dict):
        return Trouble(400, "Invalid value at 'parameters'")
    size = parameters.get("outputDimensionality", model.embedding)
    if not isinstance(size, int) or not 1 <= size <= model.embedding:
        return Trouble(400, f"Unsupported output_dimensionality {size!r} for model {put.model}.")
    predictions: list[dict[str, Any]] = []
    total = characters = 0
    for instance in instances:
        trouble = _instance_trouble(instance)
        if trouble is not None:
            return trouble
        text = str(field(instance, "content"))
        found = text_tokens(text)
        truncated = found > model.context_window
        if truncated and parameters.get("autoTruncate") is False:
            return Trouble(400, f"The input token count is {found}: too long. (emulated)")
        found = min(found, model.context_window)
        total += found
        characters += len("".join(text.split()))
        values = [round(one, 8) for one in vector(text, size)]
        statistics = {"truncated": truncated, "token_count": found}
        predictions.append({"embeddings": {"values": values, "statistics": statistics}})
    if total > TOKENS:
        return Trouble(400, f"The input token count is {total}, over {TOKENS}. (emulated)")
    answer = {"predictions": predictions, "metadata": {"billableCharacterCount": characters}}
    return answered(answer, {"input": total})


def _instance_trouble(instance: object) -> Trouble | None:
    if not isinstance(instance, dict) or not isinstance(instance.get("content"), str):
        return Trouble(400, "Invalid instance: `content` must be a string. (emulated)")
    if not instance["content"]:
        return Trouble(400, "The text content is empty.")
    for name in instance:
        if name not in _INSTANCE:
            return Trouble(400, f"Invalid instance: unknown field {name}. (emulated)")
    task = instance.get("task_type", "RETRIEVAL_QUERY")
    if str(task) not in _TASKS:
        return Trouble(400, f"Invalid task_type: {task}. (emulated)")
    if "title" in instance and task != "RETRIEVAL_DOCUMENT":
        return Trouble(400, "`title` is for RETRIEVAL_DOCUMENT alone. (emulated)")
    return None


# --- Gemini's models ------------------------------------------------------------------------------


def embed(put: Put) -> Answered | Trouble:
    """One content, one vector."""
    made = _embedding(put.model, put.body)
    if isinstance(made, Trouble):
        return made
    values, tokens = made
    said = {"embedding": {"values": values}, "usageMetadata": _metadata(tokens)}
    return answered(said, {"input": tokens})


def embed_all(put: Put) -> Answered | Trouble:
    """Several."""
    for name in put.body:
        if name != "requests":
            return unknown_name(name)
    requests = items(field(put.body, "requests"))
    if not requests:
        return Trouble(400, "requests is not specified (emulated)")
    embeddings: list[dict[str, Any]] = []
    total = 0
    for one in requests:
        if not isinstance(one, dict):
            return Trouble(400, "Invalid value at 'requests'")
        made = _embedding(put.model, one)
        if isinstance(made, Trouble):
            return made
        embeddings.append({"values": made[0]})
        total += made[1]
    said = {"embeddings": embeddings, "usageMetadata": _metadata(total)}
    return answered(said, {"input": total})


def _metadata(tokens: int) -> dict[str, Any]:
    details = [{"modality": "TEXT", "tokenCount": tokens}]
    return {"promptTokenCount": tokens, "totalTokenCount": tokens, "promptTokensDetails": details}


def _embedding(name: str, body: dict[str, Any]) -> tuple[list[float], int] | Trouble:
    model = models.find("gemini", name)
    if model is None or not model.embedding:
        return _NOWHERE
    for key in body:
        if key not in _FIELDS:
            return unknown_name(key)
    config = body.get("embedContentConfig") or {}
    if not isinstance(config, dict):
        return Trouble(400, "Invalid value at 'embed_content_config'")
    steering = {**body, **config}
    content = body.get("content")
    faults = check("gemini", "generate", {"contents": [content]}) if content is not None else []
    if faults:
        return Trouble(400, "\n".join(fault.message for fault in faults))
    parts = [part for part in items(field(content, "parts")) if isinstance(part, dict)]
    if not parts:
        return Trouble(400, "content is not specified (emulated)")
    if field(content, "role") not in ("user", "model"):
        return Trouble(400, "Please use a valid role: user, model.")
    if str(steering.get("taskType", "CLUSTERING")) not in _TASKS:
        return Trouble(400, f"Invalid value at 'task_type': {steering['taskType']!r}")
    size = steering.get("outputDimensionality", model.embedding)
    if not isinstance(size, int) or not 1 <= size <= model.embedding:
        return Trouble(400, f"output_dimensionality must be in the range [1, {model.embedding}].")
    text = "\n".join(str(part.get("text") or "") for part in parts)
    tokens = count_of(pieces(model, {"contents": [content]})).total
    return [round(one, 8) for one in vector(text, size)], tokens
