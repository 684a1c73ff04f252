"""A Messages request into canon, and the peek that goes before it."""

from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import (
    Effort,
    Extra,
    Failure,
    Reasoning,
    Request,
    Role,
    Sampling,
    Turn,
)
from fairlead.wire.anthropic.blocks_in import read_content
from fairlead.wire.anthropic.extras import keep_left
from fairlead.wire.anthropic.output import read_format
from fairlead.wire.anthropic.tools import read_tool_choice, read_tools
from fairlead.wire.anthropic.types import DIALECT, Fields, Raw, read
from fairlead.wire.codec import Peek
from fairlead.wire.strict_json import check_text

__all__ = ["decode_request", "peek"]

_ROLES: Final[dict[str, Role]] = {"user": "user", "assistant": "assistant", "system": "system"}
_EFFORTS: Final[dict[str, Effort]] = {
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}
_VISIBLE: Final = {"summarized": True, "omitted": False}


class _Peek(Struct):
    model: str
    stream: bool | None = None
    max_tokens: int | None = None


_PEEK = msgspec.json.Decoder(_Peek)


def peek(body: bytes) -> Peek:
    """Model, stream and max_tokens, without looking at the rest."""
    found = read(_PEEK, body, "")
    return Peek(found.model, bool(found.stream), found.max_tokens)


def decode_request(body: bytes) -> Request:
    """A body of `POST /v1/messages`. Blocks of the vendor's own stay as `Opaque`, fields that
    canon has no name for become extras.

    Raises:
        Failure: malformed JSON or a field of the wrong type, with its path.
    """
    check_text(body)  # values that are kept verbatim are checked by no decoder
    fields = Fields(body, "")
    kept: list[Extra] = []
    choice, parallel = read_tool_choice(fields, kept)
    config = fields.object("output_config")
    format_ = config.object("format") if config is not None else None
    if format_ is None:
        format_ = fields.object("output_format")  # where structured output stood in its beta
    metadata = fields.object("metadata")
    request = Request(
        model=fields.needed_text("model"),
        turns=_read_turns(fields, kept),
        instructions=read_content(fields, "system", kept),
        tools=read_tools(fields, kept),
        tool_choice=choice,
        parallel_tools=parallel,
        sampling=Sampling(
            temperature=fields.number("temperature"),
            top_p=fields.number("top_p"),
            top_k=fields.number("top_k"),
            stop=fields.texts("stop_sequences"),
        ),
        max_tokens=fields.whole("max_tokens"),
        output=read_format(format_, kept),
        reasoning=_read_reasoning(fields, config, kept),
        stream=fields.flag("stream") or False,
        user=metadata.text("user_id") if metadata is not None else None,
        service_tier=fields.text("service_tier"),
    )
    for rest in (config, metadata, fields):
        if rest is not None:
            keep_left(rest, kept)
    return msgspec.structs.replace(request, extras=tuple(kept)) if kept else request


def _read_turns(fields: Fields, kept: list[Extra]) -> tuple[Turn, ...]:
    if "messages" not in fields.raw:
        raise Failure.invalid("is required", "messages")
    return tuple(_read_turn(raw, path, kept) for path, raw in fields.items("messages"))


def _read_turn(raw: Raw, path: str, kept: list[Extra]) -> Turn:
    message = Fields(raw, path)
    word = message.needed_text("role")
    role = _ROLES.get(word)
    if role is None:
        known = ", ".join(_ROLES)
        raise Failure.invalid(f"is {word!r}", message.at("role"), hint=f"known: {known}")
    if "content" not in message.raw:
        raise Failure.invalid("is required", message.at("content"))
    parts = read_content(message, "content", kept)
    if message.raw:
        keep_left(message, kept)
    return Turn(role, parts, path=path)


def _read_reasoning(fields: Fields, config: Fields | None, kept: list[Extra]) -> Reasoning | None:
    """`thinking` and `output_config.effort`. Beside a budget an effort stays an extra: canon holds
    one word of the client's.
    """
    effort = _take_effort(config)
    raw = fields.raw.get("thinking")
    thinking = fields.object("thinking")
    if thinking is None:
        return Reasoning(effort=effort) if effort is not None else None
    kind = thinking.needed_text("type")
    visible = _VISIBLE.get(thinking.text("display") or "")
    if kind == "adaptive":
        found = Reasoning(effort=effort, adaptive=True, visible=visible)
    elif kind in ("enabled", "disabled"):
        budget = thinking.whole("budget_tokens") if kind == "enabled" else 0
        if budget is None:
            raise Failure.invalid("is required", thinking.at("budget_tokens"))
        # "The default depends on the model" (SDK, ThinkingConfigEnabledParam.display); those that
        # take a budget show what they think: the recorded answers to it do.
        found = Reasoning(budget=budget, visible=visible, visible_unsaid=kind == "enabled")
        _keep_effort(effort, kept)
    else:
        kept.append(Extra(DIALECT, "thinking", bytes(raw or b"null")))
        return Reasoning(effort=effort) if effort is not None else None
    keep_left(thinking, kept)
    return found


def _take_effort(config: Fields | None) -> Effort | None:
    if config is None or config.raw.get("effort") is None:
        return None
    word = config.text("effort")
    if word is None:
        return None
    effort = _EFFORTS.get(word)
    if effort is None:
        known = ", ".join(_EFFORTS)
        raise Failure.invalid(f"is {word!r}", config.at("effort"), hint=f"known: {known}")
    return effort


def _keep_effort(effort: Effort | None, kept: list[Extra]) -> None:
    if effort is not None:
        kept.append(Extra(DIALECT, "output_config.effort", msgspec.json.encode(effort)))
