"""What OpenAI's API refuses although its schema takes it.

Each rule is a function from a request to the vendor's refusal, or None; they stand in one table
for each operation, in the order in which they are asked. Sources, at each rule: [R] recorded
traffic, [D] documentation, [S] the SDK's descriptions, [O] answers of the live API that users quote
in public issues and code.
"""

from collections.abc import Callable
from typing import Any

from fairlead.emulator import models
from fairlead.emulator.authority import check as schema_faults
from fairlead.emulator.rules.openai import (
    embedding,
    items,
    limits,
    media,
    messages,
    sampling,
    tools,
)
from fairlead.emulator.rules.openai.request import Known, Request, refuse
from fairlead.emulator.rules.rejection import Rejection

__all__ = ["Known", "Request", "check"]

Rule = Callable[[Request], Rejection | None]

_SHARED: tuple[Rule, ...] = (sampling.sampling, sampling.probabilities, sampling.effort)
_TOOLS: tuple[Rule, ...] = (tools.names, tools.schemas, tools.choice, tools.answer_format)
_ITEMS: tuple[Rule, ...] = (
    items.given,
    items.references,
    items.duplicates,
    items.pairing,
    items.reasoning,
)
RULES: dict[str, tuple[Rule, ...]] = {
    "chat": (
        limits.ranges,
        messages.roles,
        limits.most_tokens,
        limits.stops,
        *_SHARED,
        sampling.search,
        messages.contents,
        *_TOOLS,
        messages.pairing,
        media.media,
        limits.context,
    ),
    "responses": (
        limits.ranges,
        *_SHARED,
        items.included,
        *_TOOLS,
        *_ITEMS,
        media.media,
        limits.context,
    ),
    "input_tokens": (*_ITEMS, media.media),
    "embeddings": (limits.ranges, embedding.dimensions, embedding.inputs),
}
API = {"input_tokens": "responses"}
NOT_SERVED = {
    "chat": (  # [O]
        (
            "This is not a chat model and thus not supported in the v1/chat/completions endpoint. "
            "Did you mean to use v1/completions?"
        ),
        404,
    ),
    "responses": ("The requested model '{}' cannot be used with the Responses API.", 400),
    "embeddings": ("You are not allowed to generate embeddings from this model", 403),
}


def check(op: str, name: str, body: dict[str, Any], known: Known) -> Rejection | None:
    """Why OpenAI would refuse a decoded body; None when it would answer.

    `op`: `chat`, `responses`, `input_tokens`, `embeddings` or `batches`.
    """
    faults = schema_faults("openai", op, body)
    if faults:
        return _fault(op, faults[0].message, faults[0].path, faults[0].code)
    if op not in RULES:
        return None
    model = models.find("openai", name)
    if model is None:
        # Counting wants no model, and one that isn't named has no rules.
        return None if op == "input_tokens" and not name else unknown_model(op, name)
    api = API.get(op, op)
    request = Request(op, model, name, body, known)
    if api not in request.facts.apis:
        words, status = NOT_SERVED[api]
        return refuse(words.replace("{}", name), "model", None, status)
    try:
        return next((found for rule in RULES[op] if (found := rule(request))), None)
    except RecursionError:
        return refuse("Request body is nested too deeply.")


def _fault(op: str, message: str, path: str, code: str) -> Rejection:
    if path == "model" and code == "missing_required_parameter" and op == "chat":
        return refuse("you must provide a model parameter")  # [O]
    return refuse(message, path or None, code or None)


def unknown_model(op: str, name: str) -> Rejection:
    """[R] of both APIs: they differ in status, words and `param`."""
    if op in ("chat", "embeddings"):
        words = f"The model `{name}` does not exist or you do not have access to it."
        return refuse(words, None, "model_not_found", 404)
    words = f"The requested model '{name}' does not exist."
    return refuse(words, "model", "model_not_found")
