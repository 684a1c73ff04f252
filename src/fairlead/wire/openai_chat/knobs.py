"""Knobs of a request toward an upstream: what the model takes, by its facts.

A knob that the facts do not list is left out and named as a cosmetic loss, because an upstream
answers an unknown or refused knob with a 400.
"""

from typing import Any, Final

from msgspec import Raw

from fairlead.canon import Loss, OutputFormat, Reasoning, Request
from fairlead.catalog.model import Model, Thinking
from fairlead.wire.openai.knobs import effort_of, write_sampling

__all__ = ["write_knobs"]

Json = dict[str, Any]
_KNOBS: Final = (
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "stop",
)
# Gemini's and Anthropic's words for the ordinary tier; OpenAI's own pass as they are.
_TIERS: Final = {"standard": "default", "standard_only": "default"}
_MODALITIES: Final = ("text", "audio")


def write_knobs(request: Request, facts: Model, body: Json, losses: list[Loss]) -> None:
    """Put everything into `body` that is neither message nor tool."""
    write_sampling(request.sampling, _KNOBS, facts, body, losses)
    plain: tuple[tuple[str, Any], ...] = (
        ("max_completion_tokens", request.max_tokens),
        ("n", request.n),
        ("logprobs", request.logprobs),
        ("top_logprobs", request.top_logprobs),
        ("user", request.user),
        ("service_tier", _TIERS.get(request.service_tier or "", request.service_tier)),
    )
    for name, value in plain:
        if value is not None:
            body[name] = value
    if request.output is not None:
        body["response_format"] = _output(request.output)
    if request.modalities:
        body["modalities"] = _modalities(request.modalities, losses)
    if request.reasoning is not None:
        _reasoning(request.reasoning, facts.thinking, body, losses)
    if request.stream:
        body["stream"] = True
        if request.include_usage:
            body["stream_options"] = {"include_usage": True}


def _modalities(asked: tuple[str, ...], losses: list[Loss]) -> list[str]:
    """`Optional[List[Literal["text", "audio"]]]` (openai SDK, completion_create_params.py)."""
    for name in asked:
        if name not in _MODALITIES:
            why = f"an answer in OpenAI's chat dialect holds no {name}"
            losses.append(Loss("semantic", "modalities", f"{name}_output", why))
    return [name for name in asked if name in _MODALITIES] or ["text"]


def _output(output: OutputFormat) -> Json:
    if output.kind == "text":
        return {"type": "text"}
    if output.kind == "json":
        return {"type": "json_object"}
    # OpenAI demands a name; dialects that have none get one here.
    schema: Json = {"name": output.name if output.name is not None else "answer"}
    if output.schema is not None:
        schema["schema"] = Raw(output.schema)
    if output.description is not None:
        schema["description"] = output.description
    if output.strict is not None:
        schema["strict"] = output.strict
    return {"type": "json_schema", "json_schema": schema}


# Reasoning


def _reasoning(wish: Reasoning, facts: Thinking, body: Json, losses: list[Loss]) -> None:
    """`reasoning_effort` is all that the dialect has for it."""
    if wish.visible is not None:
        why = "the chat dialect has no switch for readable thoughts"
        losses.append(Loss("cosmetic", "reasoning", "thoughts_visible", why))
    effort = effort_of(wish, facts, "the chat dialect", losses)
    if effort is None:
        return
    if facts.kind == "none" and effort != "none":
        losses.append(
            Loss("cosmetic", "reasoning_effort", "reasoning", "the model has no thinking")
        )
    elif facts.kind != "none":
        body["reasoning_effort"] = effort
