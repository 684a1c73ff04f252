"""How people say through this dialect how much the model shall think, and one reading of it all.

There are six ways: OpenAI's `reasoning_effort`; OpenRouter's `reasoning`; Anthropic's `thinking`
as LiteLLM takes it; Google's `google.thinking_config`, at the top or below `extra_body`; and
Qwen's `enable_thinking` with `thinking_budget`. One may be used, or several that say the same;
two that contradict each other are a 400 that names both.
"""

from collections.abc import Iterator
from typing import Any, Final, cast, get_args

from msgspec.structs import replace

from fairlead.canon import Effort, Failure, Reasoning
from fairlead.wire.openai.faults import not_among
from fairlead.wire.openai_chat.types import ChatRequest, Google

__all__ = ["read_reasoning"]

_EFFORTS: Final[tuple[str, ...]] = get_args(Effort)
_THINKING_TYPES: Final[dict[str, Reasoning]] = {
    "enabled": Reasoning(budget=-1),
    "disabled": Reasoning(budget=0),
    "adaptive": Reasoning(adaptive=True),
}
_WORDS: Final = ("effort", "budget", "level")


def read_reasoning(asked: ChatRequest) -> Reasoning | None:
    """The one wish that all fields of the request come to, or None."""
    if (
        asked.reasoning_effort is None
        and asked.reasoning is None
        and asked.thinking is None
        and asked.google is None
        and asked.extra_body is None
        and asked.enable_thinking is None
        and asked.thinking_budget is None
    ):
        return None
    merged: Reasoning | None = None
    first = ""
    for path, wish in _wishes(asked):
        if merged is None:
            merged, first = wish, path
        else:
            merged = _merge(merged, first, wish, path)
    return merged


def _wishes(asked: ChatRequest) -> Iterator[tuple[str, Reasoning]]:
    if asked.reasoning_effort is not None:
        effort = _effort(asked.reasoning_effort, "reasoning_effort")
        yield "reasoning_effort", Reasoning(effort=effort)
    if asked.reasoning is not None:
        yield from _openrouter(asked)
    if asked.thinking is not None:
        yield from _anthropic(asked)
    yield from _google(asked.google, "google.thinking_config")
    if asked.extra_body is not None:
        yield from _google(asked.extra_body.google, "extra_body.google.thinking_config")
    if asked.enable_thinking is False:
        yield "enable_thinking", Reasoning(budget=0)
    elif asked.thinking_budget is not None:
        yield "thinking_budget", Reasoning(budget=_budget(asked.thinking_budget, "thinking_budget"))
    elif asked.enable_thinking:
        yield "enable_thinking", Reasoning(budget=-1)


def _openrouter(asked: ChatRequest) -> Iterator[tuple[str, Reasoning]]:
    wish = asked.reasoning
    if wish is None:
        return
    visible = None if wish.exclude is None else not wish.exclude
    if wish.effort is not None and wish.max_tokens is not None:
        raise _contradiction("reasoning.effort", "reasoning.max_tokens")
    if wish.enabled is False:
        if wish.max_tokens or wish.effort not in (None, "none"):
            other = "reasoning.max_tokens" if wish.max_tokens else "reasoning.effort"
            raise _contradiction("reasoning.enabled", other)
        yield "reasoning.enabled", Reasoning(effort="none", visible=visible)
    elif wish.effort is not None:
        effort = _effort(wish.effort, "reasoning.effort")
        yield "reasoning.effort", Reasoning(effort=effort, visible=visible)
    elif wish.max_tokens is not None:
        budget = _budget(wish.max_tokens, "reasoning.max_tokens")
        yield "reasoning.max_tokens", Reasoning(budget=budget, visible=visible)
    elif wish.enabled:
        # "enabled: Default: inferred from effort or max_tokens" and "medium effort" otherwise
        # (openrouter.ai/docs/use-cases/reasoning-tokens).
        yield "reasoning.enabled", Reasoning(effort="medium", visible=visible)
    elif visible is not None:
        yield "reasoning.exclude", Reasoning(visible=visible)


def _anthropic(asked: ChatRequest) -> Iterator[tuple[str, Reasoning]]:
    wish = asked.thinking
    if wish is None or (wish.type is None and wish.budget_tokens is None):
        return
    base = _THINKING_TYPES.get(wish.type or "enabled")
    if base is None:
        raise not_among(wish.type or "", "thinking.type", tuple(_THINKING_TYPES))
    if wish.budget_tokens is not None:
        if base.budget != -1:
            raise _contradiction("thinking.type", "thinking.budget_tokens")
        budget = _budget(wish.budget_tokens, "thinking.budget_tokens", least=1)
        base = replace(base, budget=budget)
    if wish.display is not None:
        base = replace(base, visible=wish.display != "omitted")
    yield "thinking", base


def _google(google: Google | None, path: str) -> Iterator[tuple[str, Reasoning]]:
    if google is None or (config := google.thinking_config) is None:
        return
    if config.thinking_budget is not None and config.thinking_level is not None:
        raise _contradiction(f"{path}.thinking_budget", f"{path}.thinking_level")
    budget = config.thinking_budget
    if budget is not None:
        budget = _budget(budget, f"{path}.thinking_budget")
    level = config.thinking_level.lower() if config.thinking_level is not None else None
    if budget is not None or level is not None or config.include_thoughts is not None:
        yield path, Reasoning(budget=budget, level=level, visible=config.include_thoughts)


def _merge(one: Reasoning, one_path: str, other: Reasoning, other_path: str) -> Reasoning:
    if _off(one) and _off(other):
        visible = one.visible if one.visible is not None else other.visible
        return replace(one, visible=visible)
    if (_off(one) and _speaks(other)) or (_off(other) and _speaks(one)):
        raise _contradiction(one_path, other_path)
    one, other = _beside(one, other), _beside(other, one)
    merged: dict[str, Any] = {}
    for field in (*_WORDS, "visible"):
        mine, theirs = getattr(one, field), getattr(other, field)
        if mine is not None and theirs is not None and mine != theirs:
            raise _contradiction(one_path, other_path)
        merged[field] = mine if mine is not None else theirs
    if sum(merged[field] is not None for field in _WORDS) > 1:
        raise _contradiction(one_path, other_path)
    return replace(one, adaptive=one.adaptive or other.adaptive, **merged)


def _beside(wish: Reasoning, other: Reasoning) -> Reasoning:
    """A mere "on" (`thinking: {type: enabled}`) gives way to a wish that says how much."""
    return replace(wish, budget=None) if wish.budget == -1 and _speaks(other) else wish


def _off(wish: Reasoning) -> bool:
    return wish.effort == "none" or wish.budget == 0


def _speaks(wish: Reasoning) -> bool:
    return wish.adaptive or any(getattr(wish, field) is not None for field in _WORDS)


def _effort(value: str, path: str) -> Effort:
    if value not in _EFFORTS:
        raise not_among(value, path, _EFFORTS)
    return cast("Effort", value)


def _budget(value: int, path: str, least: int = -1) -> int:
    if not least <= value <= 10_000_000:
        raise Failure.invalid(
            f"Invalid '{path}': expected an integer between {least} and 10000000, but got "
            f"{value} instead.",
            path,
            code="integer_out_of_range",
        )
    return value


def _contradiction(one: str, other: str) -> Failure:
    return Failure.invalid(
        f"'{one}' and '{other}' contradict each other.",
        other,
        hint="Say in one way only how much the model shall think.",
        code="invalid_value",
    )
