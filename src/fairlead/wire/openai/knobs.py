"""Knobs that OpenAI's dialects say alike: sampling, and thinking as an effort. Pure."""

from typing import Any, Final, get_args

from fairlead.canon import Effort, Loss, Reasoning, Sampling
from fairlead.catalog.model import Model, Thinking

__all__ = ["effort_of", "write_sampling"]

Json = dict[str, Any]
_EFFORTS: Final[tuple[str, ...]] = get_args(Effort)


def write_sampling(
    asked: Sampling, knobs: tuple[str, ...], facts: Model, body: Json, losses: list[Loss]
) -> None:
    """Put those of `knobs` that the model takes into the body; the others are cosmetic losses."""
    taken = facts.sampling
    for knob in knobs:
        value = getattr(asked, knob)
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


def _rival(knob: str, body: Json, groups: tuple[tuple[str, ...], ...]) -> str | None:
    for group in groups:
        if knob in group:
            return next((other for other in group if other in body), None)
    return None


def effort_of(wish: Reasoning, facts: Thinking, dialect: str, losses: list[Loss]) -> str | None:
    """A wish for thinking as the effort that the model takes, None where nothing is to be said.

    `dialect` is what losses call it.
    """
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
        return _effort_of_budget(wish.budget, facts, dialect, losses)
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


def _effort_of_budget(budget: int, facts: Thinking, dialect: str, losses: list[Loss]) -> str | None:
    """The model's effort for a budget, where the catalogue knows one."""
    if budget == -1:
        losses.append(Loss("cosmetic", "reasoning", "thinking_budget", "left to the model"))
        return None
    effort = facts.effort_for(budget) if budget else _nearest("none", facts, losses)
    why = f"{dialect} has no thinking budget" + (f": said as {effort!r}" if effort else "")
    losses.append(Loss("cosmetic", "reasoning", "thinking_budget", why))
    return effort
