"""Knobs of a request toward an upstream: what the model takes, by its facts.

A knob that the facts do not list is left out and named as a cosmetic loss, because an upstream
answers an unknown or refused knob with a 400.
"""

from typing import Any, Final, get_args

from msgspec import Raw

from fairlead.canon import Effort, Loss, OutputFormat, Reasoning, Request
from fairlead.catalog.model import Model, Thinking

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
_EFFORTS: Final[tuple[str, ...]] = get_args(Effort)


def write_knobs(request: Request, facts: Model, body: Json, losses: list[Loss]) -> None:
    """Put everything into `body` that is neither message nor tool."""
    _sampling(request, facts, body, losses)
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


def _sampling(request: Request, facts: Model, body: Json, losses: list[Loss]) -> None:
    taken = facts.sampling
    for knob in _KNOBS:
        value = getattr(request.sampling, knob)
        if value is None or value == ():
            continue
        if knob not in taken.accepts:
            losses.append(Loss("cosmetic", knob, knob, f"{facts.id} does not take {knob}"))
            continue
        rival = _rival(knob, body, taken.exclusive)
        if rival is not None:
            why = f"{facts.id} takes {rival} or {knob}, not both"
            losses.append(Loss("cosmetic", knob, knob, why))
            continue
        if knob == "temperature" and taken.temperature_max is not None:
            if value > taken.temperature_max:
                why = f"{facts.id} takes at most {taken.temperature_max:g}"
                losses.append(Loss("cosmetic", knob, knob, why))
            value = min(value, taken.temperature_max)
        if knob == "stop" and taken.stop_max is not None and len(value) > taken.stop_max:
            why = f"{facts.id} takes at most {taken.stop_max} stop sequences"
            losses.append(Loss("cosmetic", knob, knob, why))
            value = value[: taken.stop_max]
        body[knob] = value


def _modalities(asked: tuple[str, ...], losses: list[Loss]) -> list[str]:
    """`Optional[List[Literal["text", "audio"]]]` (openai SDK, completion_create_params.py)."""
    for name in asked:
        if name not in _MODALITIES:
            why = f"an answer in OpenAI's chat dialect holds no {name}"
            losses.append(Loss("semantic", "modalities", f"{name}_output", why))
    return [name for name in asked if name in _MODALITIES] or ["text"]


def _rival(knob: str, body: Json, groups: tuple[tuple[str, ...], ...]) -> str | None:
    for group in groups:
        if knob in group:
            return next((other for other in group if other in body), None)
    return None


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
    effort = _effort(wish, facts, losses)
    if effort is None:
        return
    if facts.kind == "none" and effort != "none":
        losses.append(
            Loss("cosmetic", "reasoning_effort", "reasoning", "the model has no thinking")
        )
    elif facts.kind != "none":
        body["reasoning_effort"] = effort


def _effort(wish: Reasoning, facts: Thinking, losses: list[Loss]) -> str | None:
    if wish.effort is not None:
        return _nearest(wish.effort, facts, losses)
    if wish.level is not None:
        if wish.level in _EFFORTS:
            why = "said as a reasoning effort"
            losses.append(Loss("cosmetic", "reasoning", "thinking_level", why))
            return _nearest(wish.level, facts, losses)
        why = f"no reasoning effort is called {wish.level!r}"
        losses.append(Loss("cosmetic", "reasoning", "thinking_level", why))
        return None
    if wish.budget is not None:
        return _effort_of_budget(wish.budget, facts, losses)
    if wish.adaptive:
        why = "left to the model"
        losses.append(Loss("cosmetic", "reasoning", "adaptive_thinking", why))
    return None


def _nearest(word: str, facts: Thinking, losses: list[Loss]) -> str:
    """The effort, or the nearest of those that the model is known to take."""
    if not facts.levels or word in facts.levels:
        return word
    level = facts.level_near(word) or word
    why = f"the model takes {', '.join(facts.levels)}: {level!r} instead of {word!r}"
    losses.append(Loss("cosmetic", "reasoning_effort", "reasoning_effort", why))
    return level


def _effort_of_budget(budget: int, facts: Thinking, losses: list[Loss]) -> str | None:
    """The model's effort for a budget, where the catalogue knows one."""
    if budget == -1:
        why = "left to the model"
        losses.append(Loss("cosmetic", "reasoning", "thinking_budget", why))
        return None
    effort = facts.effort_for(budget) if budget else _nearest("none", facts, losses)
    why = "the chat dialect has no thinking budget" + (f": said as {effort!r}" if effort else "")
    losses.append(Loss("cosmetic", "reasoning", "thinking_budget", why))
    return effort
