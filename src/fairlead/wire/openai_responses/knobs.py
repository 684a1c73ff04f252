"""Knobs of a request toward an upstream: what the dialect has and the model takes, by its facts.

The dialect has temperature and top_p of all sampling knobs. A knob that it or the model has not is
left out and named as a cosmetic loss, because an upstream answers one that it refuses with a 400.
"""

from typing import Any, Final, get_args

from fairlead.canon import Effort, Loss, Reasoning, Request
from fairlead.catalog.model import Model, Thinking
from fairlead.wire.openai_responses.settings import write_format

__all__ = ["write_knobs"]

Json = dict[str, Any]
_KNOBS: Final = ("temperature", "top_p")
_ABSENT: Final = ("top_k", "seed", "frequency_penalty", "presence_penalty", "stop")
_EFFORTS: Final[tuple[str, ...]] = get_args(Effort)
_ENCRYPTED: Final = "reasoning.encrypted_content"
_LOGPROBS: Final = "message.output_text.logprobs"
_LEAST: Final = 16
"""max_output_tokens: "integer below minimum value. Expected a value >= 16" (the API's 400)."""
_TIERS: Final = {
    **{t: t for t in ("auto", "default", "flex", "scale", "priority", "fast", "ultrafast")},
    # the ordinary tier in other vendors' words
    "standard": "default",
    "standard_only": "default",
    "on_demand": "default",
}


def write_knobs(
    request: Request, facts: Model, body: Json, losses: list[Loss], *, thoughts: bool
) -> None:
    """Put everything into `body` that is neither item nor tool.

    `thoughts`: the history holds reasoning of this vendor's.
    """
    _sampling(request, facts, body, losses)
    if request.max_tokens is not None:
        body["max_output_tokens"] = max(request.max_tokens, _LEAST)
        if request.max_tokens < _LEAST:
            why = f"the least that the dialect takes is {_LEAST}"
            losses.append(Loss("cosmetic", "max_tokens", "max_tokens", why))
    if request.top_logprobs is not None:
        body["top_logprobs"] = request.top_logprobs
    if request.user is not None:
        body["user"] = request.user
    if request.service_tier is not None:
        _tier(request.service_tier, body, losses)
    if request.output is not None:
        body["text"] = {"format": write_format(request.output)}
    for modality in request.modalities:
        if modality.lower() != "text":
            why = "answers of this dialect are text only"
            losses.append(Loss("semantic", "modalities", f"{modality.lower()}_output", why))
    reasoning: Json = {}
    if request.reasoning is not None:
        _reasoning(request.reasoning, facts.thinking, reasoning, losses)
        if reasoning:
            body["reasoning"] = reasoning
    body["store"] = False
    include = [_LOGPROBS] if request.logprobs else []
    # "Encrypted content is not supported with this model" is the answer of one that doesn't think.
    thinks = facts.thinking.kind not in ("none", "unknown")
    if thoughts or thinks or reasoning.get("effort", "none") != "none":
        include.append(_ENCRYPTED)
    if include:
        body["include"] = include
    if request.stream:
        body["stream"] = True


def _tier(tier: str, body: Json, losses: list[Loss]) -> None:
    known = _TIERS.get(tier)
    if known is None:
        losses.append(Loss("cosmetic", "service_tier", f"service_tier:{tier}", "no such tier"))
    else:
        body["service_tier"] = known


def _sampling(request: Request, facts: Model, body: Json, losses: list[Loss]) -> None:
    taken = facts.sampling
    for knob in (*_ABSENT, *_KNOBS):
        value = getattr(request.sampling, knob)
        if value in (None, ()):
            continue
        if knob in _ABSENT:
            losses.append(Loss("cosmetic", knob, knob, f"the Responses dialect has no {knob}"))
            continue
        if knob not in taken.accepts:
            losses.append(Loss("cosmetic", knob, knob, f"{facts.id} does not take {knob}"))
            continue
        rival = _rival(knob, body, taken.exclusive)
        if rival is not None:
            why = f"{facts.id} takes {rival} or {knob}, not both"
            losses.append(Loss("cosmetic", knob, knob, why))
            continue
        most = taken.temperature_max
        if knob == "temperature" and most is not None and value > most:
            losses.append(Loss("cosmetic", knob, knob, f"{facts.id} takes at most {most:g}"))
            value = most
        body[knob] = value


def _rival(knob: str, body: Json, groups: tuple[tuple[str, ...], ...]) -> str | None:
    for group in groups:
        if knob in group:
            return next((other for other in group if other in body), None)
    return None


# Reasoning


def _reasoning(wish: Reasoning, facts: Thinking, out: Json, losses: list[Loss]) -> None:
    if facts.kind == "none":
        if wish.effort not in (None, "none") or wish.budget or wish.level or wish.adaptive:
            why = "the model has no thinking"
            losses.append(Loss("cosmetic", "reasoning_effort", "reasoning", why))
        return
    effort = _effort(wish, facts, losses)
    if effort is not None:
        out["effort"] = effort
    if wish.visible or (wish.visible is None and wish.visible_unsaid):
        out["summary"] = "auto"


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
        losses.append(Loss("cosmetic", "reasoning", "adaptive_thinking", "left to the model"))
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
        losses.append(Loss("cosmetic", "reasoning", "thinking_budget", "left to the model"))
        return None
    effort = facts.effort_for(budget) if budget else _nearest("none", facts, losses)
    why = "the dialect has no thinking budget" + (f": said as {effort!r}" if effort else "")
    losses.append(Loss("cosmetic", "reasoning", "thinking_budget", why))
    return effort
