"""Thinking on the way out: what the client wished, what the model takes, what the rules leave.

Models differ in how thinking is said (`facts.thinking.kind`), and the vendor's rules couple it to
three other things. In manual mode (`budget_tokens`):

- "Must be >=1024 and less than `max_tokens`" (SDK 2.12, thinking_config_enabled_param.py).
  Where the client set no max_tokens it is raised; where it set one, the budget shrinks to half of
  it, so that an answer fits behind the thoughts, and below the minimum thinking goes off.
- "Forced tool use is incompatible with manual extended thinking but works with adaptive thinking";
  "you can't prefill the assistant response while thinking is on" (platform.claude.com,
  build-with-claude/thinking, limits). The tool and the prefill win: they are content.
- "When `thinking` is enabled, a final `assistant` message must start with a thinking block
  (preceeding the lastmost set of `tool_use` and `tool_result` blocks). [...] To avoid this
  requirement, disable `thinking`" (the 400's text, deepset-ai/haystack-core-integrations#2146).
  Adaptive mode has no such check ("previous assistant turns don't need to start with thinking
  blocks").

Whatever gives way is a cosmetic loss with a name of its own.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Failure, Problem, Reasoning, Request
from fairlead.catalog.model import Model
from fairlead.wire.anthropic.types import Json
from fairlead.wire.losses import Losses

__all__ = ["FALLBACK_MAX_TOKENS", "Plan", "Scene", "plan_max_tokens", "plan_thinking"]

FALLBACK_MAX_TOKENS: Final = 8_192
"""For a model whose limit nobody discloses: every Claude model that is served today takes more, and
an answer that needs more ends with `max_tokens`, visibly."""

BUDGET_MIN: Final = 1_024
EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")
_DEFAULT_EFFORT: Final = "medium"

_WHERE: Final = "reasoning"


class Scene(Struct, frozen=True):
    """What else in the request thinking has to live with."""

    forced_tool: bool = False
    prefill: bool = False
    unsigned_loop: bool = False


class Plan(Struct, frozen=True):
    """`thinking` and `effort` as they go on the wire (None: not at all)."""

    max_tokens: int
    thinking: Json | None = None
    effort: str | None = None
    on: bool = False


class _Case(Struct, frozen=True):
    """All that a planner looks at. `fixed`: the client has set max_tokens."""

    wish: Reasoning
    fixed: bool
    facts: Model
    scene: Scene
    max_tokens: int
    losses: Losses


def plan_thinking(request: Request, facts: Model, scene: Scene, losses: Losses) -> Plan:
    """The plan for a request, max_tokens included, since the two depend on each other."""
    max_tokens = plan_max_tokens(request, facts)
    wish = request.reasoning
    if wish is None:
        return Plan(max_tokens)
    case = _Case(wish, request.max_tokens is not None, facts, scene, max_tokens, losses)
    return _PLANNERS.get(facts.thinking.kind, _as_asked)(case)


def plan_max_tokens(request: Request, facts: Model) -> int:
    """The limit that the vendor demands: the client's, else the model's."""
    limit = facts.limits.max_output
    asked = request.max_tokens
    if asked is None:
        return limit if limit is not None else FALLBACK_MAX_TOKENS
    # Zero is allowed: "set to `0` to populate the prompt cache without generating a response".
    if asked < 0:
        raise Failure.invalid("must not be negative", "max_tokens")
    if limit is not None and asked > limit:
        message = f"max_tokens is {asked}, but {facts.id} gives at most {limit} tokens"
        hint = f"ask for at most {limit}, or leave it out"
        raise Failure(Problem("unsupported", message, "max_tokens", hint=hint))
    return asked


def _is_off(wish: Reasoning) -> bool:
    return wish.budget == 0 or wish.effort == "none" or wish.level in ("none", "off")


def _word(wish: Reasoning) -> str | None:
    return wish.effort or wish.level


def _shown(wish: Reasoning, thinking: Json) -> Json:
    """With the vendor's `display`: summarized or omitted; unset is the model's default."""
    if wish.visible is not None:
        thinking["display"] = "summarized" if wish.visible else "omitted"
    return thinking


def _disabled(max_tokens: int) -> Plan:
    return Plan(max_tokens, {"type": "disabled"})


# ---- manual thinking: a budget ------------------------------------------------------------------


def _budget(case: _Case) -> Plan:
    wish, facts, losses, max_tokens = case.wish, case.facts, case.losses, case.max_tokens
    if _is_off(wish):
        return _disabled(max_tokens)
    budget = _wanted_budget(wish, facts, losses)
    if budget is None:
        return Plan(max_tokens)
    if reason := _conflict(case.scene):
        losses.cosmetic(_WHERE, f"thinking_off:{reason}", _CONFLICTS[reason])
        return _disabled(max_tokens)
    lowest = facts.thinking.budget_min or BUDGET_MIN
    if not case.fixed:
        if facts.limits.max_output is None:
            max_tokens = max(max_tokens, budget + FALLBACK_MAX_TOKENS)
        budget = min(budget, max_tokens - 1)
    elif budget >= max_tokens:
        budget = max(max_tokens // 2, lowest)
        if budget >= max_tokens:
            losses.cosmetic(_WHERE, "thinking_off:max_tokens", f"max_tokens leaves under {lowest}")
            return _disabled(max_tokens)
        losses.cosmetic(_WHERE, "thinking_budget", f"shrunk to {budget} to fit max_tokens")
    thinking = _shown(wish, {"type": "enabled", "budget_tokens": budget})
    return Plan(max_tokens, thinking, on=True)


_CONFLICTS: Final = {
    "forced_tool": "a forced tool choice and a thinking budget exclude each other",
    "prefill": "an answer cannot be prefilled while thinking is on",
    "tool_loop": "the tool loop began without a thinking block that this vendor signed",
}


def _conflict(scene: Scene) -> str | None:
    if scene.forced_tool:
        return "forced_tool"
    if scene.prefill:
        return "prefill"
    return "tool_loop" if scene.unsigned_loop else None


def _wanted_budget(wish: Reasoning, facts: Model, losses: Losses) -> int | None:
    """The budget within the model's range. Left to the model (-1, adaptive), it is `medium`'s."""
    thinking = facts.thinking
    lowest = thinking.budget_min or BUDGET_MIN
    word = _word(wish)
    if wish.budget is not None and wish.budget > 0:
        wanted = wish.budget
    elif word is not None:
        known = thinking.budget_for(word)
        if known is None:
            losses.cosmetic(_WHERE, "reasoning_effort", f"no budget is known for {word!r}")
            return None
        wanted = known
    else:
        wanted = thinking.budget_for(_DEFAULT_EFFORT) or lowest
        losses.cosmetic(_WHERE, "thinking_adaptive", f"the model takes budgets only: {wanted}")
    if wanted == 0:
        return None
    return _clip(wanted, lowest, thinking.budget_max, losses)


def _clip(wanted: int, lowest: int, highest: int | None, losses: Losses) -> int:
    if wanted < lowest:
        losses.cosmetic(_WHERE, "thinking_budget", f"raised to the minimum of {lowest}")
        return lowest
    if highest is not None and wanted > highest:
        losses.cosmetic(_WHERE, "thinking_budget", f"lowered to the maximum of {highest}")
        return highest
    return wanted


# ---- adaptive thinking: an effort ---------------------------------------------------------------


def _adaptive(case: _Case) -> Plan:
    wish, facts, losses, max_tokens = case.wish, case.facts, case.losses, case.max_tokens
    thinking = facts.thinking
    if _is_off(wish):
        if thinking.off or thinking.kind == "unknown":
            return _disabled(max_tokens)
        least = (thinking.levels or EFFORTS)[0]
        losses.cosmetic(_WHERE, "thinking_stays_on", f"{facts.id} cannot switch it off: {least}")
        return Plan(max_tokens, effort=least, on=True)
    if case.scene.prefill:
        losses.cosmetic(_WHERE, "thinking_off:prefill", _CONFLICTS["prefill"])
        return _disabled(max_tokens)
    effort = _effort(wish, facts, losses)
    # Where thinking is the default an effort says it all; elsewhere it has to be switched on.
    silent = thinking.default_on and not wish.adaptive and wish.visible is None
    config = None if silent and effort is not None else _shown(wish, {"type": "adaptive"})
    return Plan(max_tokens, config, effort, on=True)


def _effort(wish: Reasoning, facts: Model, losses: Losses) -> str | None:
    """The effort among the model's own levels that comes nearest to the wish."""
    thinking = facts.thinking
    levels = thinking.levels or EFFORTS
    word = _word(wish)
    if word is None:
        if wish.budget is None or wish.budget < 0:
            return None
        word = _effort_of_budget(wish.budget, facts)
        what = f"a budget of {wish.budget} tokens became effort {word or 'unset'}"
        losses.cosmetic(_WHERE, "thinking_budget", what)
        return word
    if word in levels:
        return word
    effort = replace(thinking, levels=levels).level_near(word)
    losses.cosmetic(_WHERE, "reasoning_effort", f"{word!r} became {effort or 'the default'!r}")
    return effort


def _effort_of_budget(budget: int, facts: Model) -> str | None:
    """The model's effort for a budget; None where no table says."""
    word = facts.thinking.effort_for(budget)
    return facts.thinking.level_near(word) if word is not None else None


def _effort_only(case: _Case) -> Plan:
    wish, facts, losses, max_tokens = case.wish, case.facts, case.losses, case.max_tokens
    if _is_off(wish) and "none" not in facts.thinking.levels:
        losses.cosmetic(_WHERE, "thinking_stays_on", f"{facts.id} cannot switch thinking off")
        return Plan(max_tokens, on=True)
    return Plan(max_tokens, effort=_effort(wish, facts, losses), on=True)


def _none(case: _Case) -> Plan:
    if not _is_off(case.wish):
        case.losses.cosmetic(_WHERE, "reasoning", f"{case.facts.id} does not think")
    return Plan(case.max_tokens)


def _as_asked(case: _Case) -> Plan:
    """A model that nobody knows: a budget where the client named one, else the newer form."""
    budget = case.wish.budget
    return _budget(case) if budget is not None and budget > 0 else _adaptive(case)


_Planner = Callable[[_Case], Plan]
_PLANNERS: Final[dict[str, _Planner]] = {
    "budget": _budget,
    "adaptive": _adaptive,
    "level": _effort_only,
    "effort": _effort_only,
    "none": _none,
    "unknown": _as_asked,
}
