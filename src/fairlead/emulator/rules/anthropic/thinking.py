"""Extended thinking: modes, budgets, what it excludes, and thinking blocks that come back."""

from typing import Any

from fairlead.emulator.rules.anthropic.request import Request, Turn

__all__ = [
    "budget",
    "effort",
    "forced_tool",
    "mode",
    "off",
    "sampling",
    "signatures",
    "tool_loop",
]

THINKING_BLOCKS = {"thinking", "redacted_thinking"}
INTERLEAVED = "interleaved-thinking-2025-05-14"
DOCS = "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
REFUSED_MODES = {
    "disabled": (  # [D], Opus 5.5
        "`thinking.type.disabled` is not supported for this model. Use `thinking.type.adaptive` "
        "and `output_config.effort` to control thinking behavior."
    ),
    "enabled": (  # [O]
        "`thinking.type.enabled` is not supported for this model. Use `thinking.type.adaptive` and "
        "`output_config.effort` to control thinking behavior."
    ),
    "adaptive": "adaptive thinking is not supported on this model",  # [O]
}


def _on(request: Request) -> bool:
    return request.thinking in ("enabled", "adaptive")


def mode(request: Request) -> str | None:
    """Budgets on older models, adaptive on newer ones."""
    wanted = request.thinking
    if wanted in request.model.thinking or request.body.get("thinking") is None:
        return None
    return REFUSED_MODES.get(wanted, f"`thinking.type.{wanted}` is not supported for this model.")


def budget(request: Request) -> str | None:
    """At least 1,024 and below max_tokens [D, O]; interleaved thinking may exceed it [D]."""
    if request.thinking != "enabled":
        return None
    tokens = request.body["thinking"]["budget_tokens"]
    if tokens < 1024:
        return "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
    asked = request.body.get("max_tokens")
    if asked is not None and tokens >= asked and INTERLEAVED not in request.betas:
        return (
            "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our "
            f"documentation at {DOCS}#max-tokens-and-context-window-size"
        )
    return None


def sampling(request: Request) -> str | None:
    """Thinking goes with temperature 1, no top_k, and top_p from 0.95 on [D, O]."""
    if not _on(request):
        return None
    body = request.body
    note = (
        f"Please consult our documentation at {DOCS}"
        "#important-considerations-when-using-extended-thinking"
    )
    if body.get("temperature", 1) != 1:
        return (
            "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. "
            + note
        )
    if "top_k" in body:
        return "`top_k` must be unset when thinking is enabled or in adaptive mode. " + note
    if body.get("top_p", 1) < 0.95:
        return (
            "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled or in "
            "adaptive mode. " + note
        )
    return None


def forced_tool(request: Request) -> str | None:
    """A forced tool leaves no room to think [O]; adaptive thinking just doesn't think then. Models
    that always think take none at all [D, "Forced tool use is not supported"]; wording our own.
    """
    kind = (request.body.get("tool_choice") or {}).get("type")
    if kind in ("any", "tool") and not request.model.forced_tools:
        return f"tool_choice.{kind}: Forced tool use is not supported for this model."
    if request.thinking == "enabled" and kind in ("any", "tool"):
        return "Thinking may not be enabled when tool_choice forces tool use."
    return None


def effort(request: Request) -> str | None:
    """Only some models know effort [O], and not all of them every level [R]."""
    level = (request.body.get("output_config") or {}).get("effort")
    levels = request.model.efforts
    if level is None or level in levels:
        return None
    if not levels:
        return "This model does not support the effort parameter."
    return (
        f"This model does not support effort level '{level}'. "
        f"Supported levels: {', '.join(sorted(levels))}."
    )


def off(request: Request) -> str | None:
    """Thinking can be switched off "up to high effort" on some models [S]; wording our own."""
    level = (request.body.get("output_config") or {}).get("effort")
    most = request.model.off_efforts
    if request.thinking != "disabled" or level is None or not most or level in most:
        return None
    return f"`thinking.type.disabled` is not supported with effort level '{level}'."


def tool_loop(request: Request) -> str | None:
    """With a budget, the turn that is being continued must start with its thinking [O].

    The turn being continued is a last assistant message, or, in a loop of tools, everything since
    the user last said something.
    """
    if request.thinking != "enabled":
        return None
    turn = _continued(request.turns)
    if turn is None or not turn.blocks:
        return None
    first = turn.blocks[0]
    if first.kind in THINKING_BLOCKS:
        return None
    return (
        f"{first.path}.type: Expected `thinking` or `redacted_thinking`, but found `{first.kind}`. "
        "When `thinking` is enabled, a final `assistant` message must start with a thinking block "
        "(preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you "
        "include thinking blocks from previous turns. To avoid this requirement, disable "
        f"`thinking`. Please consult our documentation at {DOCS}"
    )


def _continued(turns: list[Turn]) -> Turn | None:
    """The first assistant turn of the run that ends the conversation."""
    found = None
    for turn in reversed(turns):
        if turn.role == "assistant":
            found = turn
        elif not turn.of("tool_result"):
            break
    return found


def signatures(request: Request) -> str | None:
    """Thinking comes back with the signature that it was issued with [O]."""
    for block in request.blocks():
        if block.kind == "thinking":
            said: Any = block.body.get("thinking", "")
            if not request.issued(block.body["signature"], said):
                return f"{block.path}: Invalid `signature` in `thinking` block"
        elif block.kind == "redacted_thinking" and not request.issued(block.body["data"], ""):
            return f"{block.path}: Invalid `data` in `redacted_thinking` block"
    return None
