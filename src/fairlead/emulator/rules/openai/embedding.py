"""Inputs of embeddings."""

from typing import Any

from fairlead.emulator.counting.text import text_tokens
from fairlead.emulator.rules.openai.limits import empty
from fairlead.emulator.rules.openai.request import Request, refuse
from fairlead.emulator.rules.rejection import Rejection

__all__ = ["dimensions", "inputs", "inputs_of", "tokens_of"]

MOST = 2048


def inputs_of(given: Any) -> list[Any]:  # noqa: ANN401 - a text, tokens, or a list of either
    """Each input: a text or a list of tokens."""
    if isinstance(given, str):
        return [given]
    return [given] if given and isinstance(given[0], int) else list(given)


def tokens_of(given: str | list[int]) -> int:
    """Tokens of one input."""
    return text_tokens(given) if isinstance(given, str) else len(given)


def inputs(request: Request) -> Rejection | None:
    """At most 2,048, none of them empty, each within the model's window [S, O]."""
    given = request.body["input"]
    if given == []:
        return empty("input")
    found = inputs_of(given)
    if len(found) > MOST:
        return refuse(
            f"Invalid 'input': array too long. Expected an array with maximum length {MOST}, but "
            f"got an array with length {len(found)} instead.",
            "input",
            "array_above_max_length",
        )
    window = request.model.context_window
    for one in found:
        if not one:
            return refuse("Invalid 'input': input cannot be an empty string.", "input")
        tokens = tokens_of(one)
        if tokens > window:
            return refuse(
                f"This model's maximum context length is {window} tokens, however you requested "
                f"{tokens} tokens ({tokens} in your prompt; 0 for the completion). Please reduce "
                "your prompt; or completion length."
            )
    return None


def dimensions(request: Request) -> Rejection | None:
    """Fewer than the model's, where it takes a number at all [S, O]."""
    wanted = request.body.get("dimensions")
    if wanted is None:
        return None
    if not request.facts.shorter:
        return refuse("This model does not support specifying dimensions.")
    if wanted > request.facts.dimensions:
        return refuse(
            f"Invalid value for 'dimensions': {wanted}. Must be at most {request.facts.dimensions} "
            "for this model.",
            "dimensions",
        )
    return None
