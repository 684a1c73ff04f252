"""Knobs of a request toward an upstream: what the dialect has and the model takes, by its facts.

The dialect has temperature and top_p of all sampling knobs. A knob that it or the model has not is
left out and named as a cosmetic loss, because an upstream answers one that it refuses with a 400.
"""

from typing import Any, Final

from fairlead.canon import Loss, Reasoning, Request
from fairlead.catalog.model import Model, Thinking
from fairlead.wire.openai.knobs import effort_of, write_sampling
from fairlead.wire.openai_responses.settings import write_format

__all__ = ["write_knobs"]

Json = dict[str, Any]
_KNOBS: Final = ("temperature", "top_p")
_ABSENT: Final = ("top_k", "seed", "frequency_penalty", "presence_penalty", "stop")
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
    losses += [
        Loss("cosmetic", knob, knob, f"the Responses dialect has no {knob}")
        for knob in _ABSENT
        if getattr(request.sampling, knob) not in (None, ())
    ]
    write_sampling(request.sampling, _KNOBS, facts, body, losses)
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


# Reasoning


def _reasoning(wish: Reasoning, facts: Thinking, out: Json, losses: list[Loss]) -> None:
    if facts.kind == "none":
        if wish.effort not in (None, "none") or wish.budget or wish.level or wish.adaptive:
            why = "the model has no thinking"
            losses.append(Loss("cosmetic", "reasoning_effort", "reasoning", why))
        return
    effort = effort_of(wish, facts, "the dialect", losses)
    if effort is not None:
        out["effort"] = effort
    if wish.visible or (wish.visible is None and wish.visible_unsaid):
        out["summary"] = "auto"
