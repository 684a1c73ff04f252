"""How much the model shall think: a client's effort, budget or level to what the model takes.

Gemini 2.5 takes `thinkingBudget` (tokens; 0 off, -1 left to the model), Gemini 3 `thinkingLevel`;
both together are a 400 (ai.google.dev, Thinking). Thoughts are paid from `maxOutputTokens`, as
OpenAI's are from `max_completion_tokens` ("including visible output tokens and reasoning tokens"),
so that the client's limit goes on as it is.
"""

from collections.abc import Callable
from typing import Final

from fairlead.canon import Reasoning
from fairlead.catalog.model import Thinking
from fairlead.wire.losses import Losses

__all__ = ["encode_thinking"]

_PATH: Final = "reasoning_effort"
_PLAIN_LEVELS: Final = {
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}
_Wish = dict[str, object]


def encode_thinking(
    reasoning: Reasoning, facts: Thinking, losses: Losses
) -> dict[str, object] | None:
    """`thinkingConfig`, or None where nothing was asked for or the model doesn't think."""
    if facts.kind == "none":
        if reasoning.effort not in (None, "none") or reasoning.budget or reasoning.level:
            losses.cosmetic(_PATH, "thinking", "the model doesn't think")
        return None
    config = _KINDS.get(facts.kind, _as_said)(reasoning, facts, losses)
    if reasoning.visible is not None:
        config["includeThoughts"] = reasoning.visible
    elif reasoning.visible_unsaid and config.get("thinkingBudget") != 0:
        config["includeThoughts"] = True
    return config or None


def _as_budget(wish: Reasoning, facts: Thinking, losses: Losses) -> _Wish:
    budget = wish.budget
    if wish.adaptive:
        budget = -1
    word = wish.effort or (wish.level.lower() if wish.level else None)
    if word is not None:
        budget = 0 if word == "none" else facts.budget_for(word)
        if budget is None:
            losses.cosmetic(_PATH, "reasoning_effort", f"no budget is known for {word!r}")
            return {}
    if budget is None:
        return {}
    if budget < 0:
        if facts.dynamic:
            return {"thinkingBudget": -1}
        losses.cosmetic(_PATH, "thinking_budget", "the model can't choose its own budget")
        return {}
    least, most = facts.budget_min, facts.budget_max
    if budget == 0:
        if facts.off:
            return {"thinkingBudget": 0}
        losses.cosmetic(_PATH, "thinking_not_off", "the model always thinks: least budget instead")
        return {"thinkingBudget": least} if least else {}
    kept = budget if least is None else max(budget, least)
    kept = kept if most is None else min(kept, most)
    if kept != budget and word is None:
        why = f"the model takes {least} to {most} tokens: {kept} instead of {budget}"
        losses.cosmetic(_PATH, "thinking_budget", why)
    return {"thinkingBudget": kept}


def _as_level(wish: Reasoning, facts: Thinking, losses: Losses) -> _Wish:
    word: str | None = wish.effort
    if wish.budget is not None:
        if wish.budget < 0:
            return {}  # left to the model, which is what it does unasked
        word = facts.effort_for(wish.budget) if wish.budget else "none"
        if word != "none":
            why = f"the model takes levels: {word or 'its own'} for {wish.budget} tokens"
            losses.cosmetic(_PATH, "thinking_budget", why)
    if wish.level is not None:
        word = wish.level.lower()
        if word in facts.levels:
            return {"thinkingLevel": word.upper()}
    if word is None:
        return {}
    if word == "none":
        least = facts.level_for("none") or (facts.levels[0] if facts.levels else "low")
        losses.cosmetic(_PATH, "thinking_not_off", f"the model always thinks: {least} instead")
        return {"thinkingLevel": least.upper()}
    level = facts.level_near(word) or (word if not facts.levels else None)
    if level is None:
        losses.cosmetic(_PATH, "reasoning_effort", f"the model knows no level for {word!r}")
        return {}
    if facts.levels and word not in facts.levels and facts.level_for(word) is None:
        losses.cosmetic(_PATH, "reasoning_effort", f"the nearest level to {word!r} is {level}")
    return {"thinkingLevel": level.upper()}


def _as_said(wish: Reasoning, facts: Thinking, losses: Losses) -> _Wish:
    """A model of unknown thinking: what the client said, in the words nearest to it."""
    if wish.budget is not None:
        return {"thinkingBudget": wish.budget}
    word = (wish.level or wish.effort or "").lower()
    if word == "none":
        return {"thinkingBudget": 0}
    level = facts.level_for(word) or _PLAIN_LEVELS.get(word)
    if word and level is None:
        losses.cosmetic(_PATH, "reasoning_effort", f"Gemini knows no level {word!r}")
    return {"thinkingLevel": level.upper()} if level else {}


_KINDS: Final[dict[str, Callable[[Reasoning, Thinking, Losses], _Wish]]] = {
    "budget": _as_budget,
    "level": _as_level,
}
