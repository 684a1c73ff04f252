"""Turns into `system` and `messages`.

The vendor's rules, and what this does about each:

- Roles are user and assistant, consecutive ones are one turn ("consecutive `user` or `assistant`
  turns in your request will be combined into a single turn", SDK 2.12): merged here, so that cache
  breakpoints stay on the block that carried them.
- The system prompt stands outside, so system turns are hoisted; one from mid-conversation changes
  its place (`system_moved`). Some of the newest models take them where they stand
  (`mid_system` among the model's features), "immediately after a user turn" (what's new in Claude
  Opus 4.8) and "either last in `messages` or followed by an `assistant` turn" (elgorro/aiquila#413,
  quoting build-with-claude/mid-conversation-system-messages); the first of all never
  ("messages.0: use the top-level 'system' parameter for the initial system prompt",
  LeenHawk/gproxy#209).
- The results of parallel calls stand in the one user turn behind the calls, before anything else in
  it; every call needs its result and every result its call ("Each `tool_result` block must have a
  corresponding `tool_use` block in the previous message"); "tool_use ids must be unique", also
  across turns, where clients of other dialects start over with `call_1`.
- "text content blocks must contain non-whitespace text" and "all messages must have non-empty
  content except for the optional final assistant message": such blocks say nothing, so they go
  without a loss, and a message that is left empty goes with them. White space among an assistant's
  blocks is taken (recorded), and stays: signed thoughts are bound to an unedited history.
- "The final block in an assistant message cannot be `thinking`"; thinking goes back only with a
  signature of this vendor's, and unmodified.
- "final assistant content cannot end with trailing whitespace": cut off a prefill.
- A conversation may begin with the assistant: refused in 2024, accepted today (recorded with
  claude-sonnet-4-5), so nothing is put before it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from fairlead.canon import (
    Failure,
    Media,
    Opaque,
    Part,
    Refusal,
    Request,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from fairlead.catalog.model import Model
from fairlead.wire.anthropic.cache import write_cache
from fairlead.wire.anthropic.calls import Calls
from fairlead.wire.anthropic.extras import Extras
from fairlead.wire.anthropic.headers import unsigned
from fairlead.wire.anthropic.media import write_media
from fairlead.wire.anthropic.messages import Message, settle, take_prefill, unsigned_loop
from fairlead.wire.anthropic.types import DIALECT, Json, as_object, read
from fairlead.wire.losses import Losses

__all__ = ["Conversation", "write_conversation"]

_SYSTEM_ROLES: Final = frozenset({"system", "developer"})
_WIRE_ROLE: Final = {"user": "user", "tool": "user", "assistant": "assistant"}


class Conversation(Struct):
    """What `write_conversation` makes. `prefill`: the last turn is the answer's beginning.

    `plain`: there is nothing in it but texts, without a cache breakpoint.
    """

    system: list[Json]
    messages: list[Json]
    prefill: bool = False
    unsigned_loop: bool = False
    plain: bool = False


class _Id(Struct):
    id: str


_ID = msgspec.json.Decoder(_Id)


class _Writer:
    def __init__(self, facts: Model, losses: Losses, extras: Extras) -> None:
        self.facts = facts
        self.losses = losses
        self.extras = extras
        self.system: list[Json] = []
        self.messages: list[Message] = []
        self.calls = Calls()

    # ---- turns ----------------------------------------------------------------------------------

    def turn(self, turn: Turn, following: str | None) -> None:
        if turn.name:
            self.losses.cosmetic(turn.path, "name", "messages have no name here")
        if turn.role in _SYSTEM_ROLES:
            self._system_turn(turn, following)
            return
        message = self._message(_WIRE_ROLE[turn.role], turn.path)
        self._parts(turn.parts, message, turn.path)
        if self.extras.has(turn.path):
            message.sealed = True

    def _message(self, role: str, path: str) -> Message:
        last = self.messages[-1] if self.messages else None
        if last is not None and last.role == role:
            if not last.sealed and not self.extras.has(path):
                last.paths.append(path)
                return last
        elif role == "assistant":
            self.calls.close()
        message = Message(role, path)
        self.messages.append(message)
        return message

    def _parts(self, parts: tuple[Part, ...], message: Message, path: str) -> None:
        for index, part in enumerate(parts):
            at = f"{path}.content[{index}]" if path else ""
            block = _WRITERS[type(part)](self, part, message, at)
            if block is None:
                continue
            if isinstance(block, dict):
                self.extras.put_back(at, block)
            if isinstance(part, ToolResult):
                message.results.append(block)
            else:
                message.spoken = True
                message.blocks.append(block)

    def _system_turn(self, turn: Turn, following: str | None) -> None:
        own = any(isinstance(p, Opaque) and p.dialect == DIALECT for p in turn.parts)
        last = self.messages[-1] if self.messages else None
        if last is not None and (own or self._may_stand_behind(last, following)):
            message = Message("system", turn.path)
            message.sealed = True  # several in a row are taken (recorded), and stay several
            self.messages.append(message)
            self._parts(turn.parts, message, turn.path)
            return
        if self.messages:
            self.losses.cosmetic(turn.path, "system_moved", "moved to the system prompt")
        self.instructions(turn.parts, turn.path)

    def _may_stand_behind(self, last: Message, following: str | None) -> bool:
        """Whether a system turn may stay in its place: see the rules above."""
        if "mid_system" not in self.facts.features or not (last.blocks or last.results):
            return False
        return last.role in ("user", "system") and following in (None, "assistant")

    def instructions(self, parts: tuple[Part, ...], path: str) -> None:
        """Parts of the system prompt: text only."""
        for index, part in enumerate(parts):
            at = f"{path}.content[{index}]" if path else f"system[{index}]"
            if isinstance(part, Text | Refusal):
                block = _text_block(self, part, at)
                if block is not None:
                    self.extras.put_back(at, block)
                    self.system.append(block)
            elif isinstance(part, Opaque) and part.dialect == DIALECT:
                self.losses.semantic(at, f"block:{part.kind}", "cannot open a conversation")
            else:
                kind = part.kind if isinstance(part, Media | Opaque) else type(part).__name__
                why = "the system prompt is text only"
                self.losses.semantic(at, f"system_{kind.lower()}", why)


def write_conversation(
    request: Request, facts: Model, losses: Losses, extras: Extras
) -> Conversation:
    """`system` and `messages` for a request, with what thinking has to know of them."""
    writer = _Writer(facts, losses, extras)
    writer.instructions(request.instructions, "")
    for turn, following in zip(request.turns, _following(request.turns), strict=True):
        writer.turn(turn, following)
    writer.calls.close()
    messages = settle(writer.messages, losses)
    prefill = take_prefill(messages, facts, losses)
    out = []
    for message in messages:
        entry: Json = {"role": message.role, "content": _content(message.results + message.blocks)}
        extras.put_back(message.path, entry)
        out.append(entry)
    if not out:
        out = _from_system(writer.system, losses)
    return Conversation(writer.system, out, prefill, unsigned_loop(messages))


def _following(turns: Sequence[Turn]) -> list[str | None]:
    """Who speaks next behind each turn, system turns apart; None behind the last who does."""
    roles: list[str | None] = []
    speaker: str | None = None
    for turn in reversed(turns):
        roles.append(speaker)
        if turn.role not in _SYSTEM_ROLES:
            speaker = turn.role
    roles.reverse()
    return roles


def _content(blocks: list[Any]) -> object:
    """A lone plain text goes as a string: "shorthand for an array of one content block"."""
    if len(blocks) == 1 and isinstance(blocks[0], dict):
        block = blocks[0]
        if len(block) == 2 and block["type"] == "text":
            return block["text"]
    return blocks


def _from_system(system: list[Json], losses: Losses) -> list[Json]:
    """The last text of the system prompt as a message: "at least one message is required"."""
    if system:
        losses.cosmetic("messages", "system_as_user", "there is no other message")
        return [{"role": "user", "content": [system.pop()]}]
    if losses.any_semantic:
        return [{"role": "user", "content": "."}]  # all content was lost, and each loss is named
    raise Failure.invalid("hold no content", "messages")


# ---- parts --------------------------------------------------------------------------------------


def _write_text(writer: _Writer, part: Text | Refusal, message: Message, path: str) -> Json | None:
    return _text_block(writer, part, path, blank=message.role == "assistant")


def _text_block(
    writer: _Writer, part: Text | Refusal, path: str, *, blank: bool = False
) -> Json | None:
    text = part.text
    if not text or (text.isspace() and not blank):
        if isinstance(part, Text) and part.cache is not None:
            writer.losses.cosmetic(path, "cache_control", "an empty text cannot be marked")
        return None
    block: Json = {"type": "text", "text": text}
    if isinstance(part, Text):
        _write_text_extras(writer, part, block, path)
    return block


def _write_text_extras(writer: _Writer, part: Text, block: Json, path: str) -> None:
    if part.citations:
        own = [
            msgspec.Raw(c.raw)
            for c in part.citations
            if c.dialect == DIALECT and not unsigned(c.raw)
        ]
        if len(own) < len(part.citations):
            writer.losses.cosmetic(path, "citations", "another vendor's citations")
        if own:
            block["citations"] = own
    _name_signature(writer, part, path)
    write_cache(part.cache, block)


def _name_signature(writer: _Writer, part: Text | ToolCall, path: str) -> None:
    if part.signature is not None:
        why = "only the vendor that signed a part can check it"
        writer.losses.cosmetic(path, "signature_dropped", why)


def _write_thinking(writer: _Writer, part: Thinking, message: Message, path: str) -> Json | None:
    signature = part.signature
    if signature is None or signature.dialect != DIALECT or message.role != "assistant":
        why = "thoughts go back only with this vendor's signature"
        writer.losses.cosmetic(path, "thinking_dropped", why)
        return None
    if part.redacted:
        return {"type": "redacted_thinking", "data": signature.value}
    return {"type": "thinking", "thinking": part.text, "signature": signature.value}


def _write_media(writer: _Writer, part: Media, message: Message, path: str) -> Json | None:
    if message.role != "user":
        # "images and documents in assistant turns" are a 400, under API version 2026-10-21 always.
        writer.losses.semantic(path, f"{message.role}_media", "only users may send media")
        return None
    return write_media(part, writer.facts, writer.losses, path)


def _write_call(writer: _Writer, part: ToolCall, message: Message, path: str) -> Json | None:
    if message.role != "assistant":
        raise Failure.invalid("only the assistant can call a tool", path)
    block: Json = {
        "type": "tool_use",
        "id": writer.calls.open(part.id, message, path),
        "name": part.name,
        "input": _arguments(part, path),
    }
    _name_signature(writer, part, path)
    write_cache(part.cache, block)
    return block


def _arguments(part: ToolCall, path: str) -> object:
    if not part.arguments or part.arguments.isspace():
        return {}
    raw = as_object(part.arguments)
    if raw is None:
        raise Failure.invalid(f"the arguments of {part.name!r} are no JSON object", path)
    return msgspec.Raw(raw)


def _write_result(writer: _Writer, part: ToolResult, message: Message, path: str) -> Json:
    if message.role != "user":
        raise Failure.invalid("a tool result cannot stand in this turn", path)
    block: Json = {
        "type": "tool_result",
        "tool_use_id": writer.calls.answer(part.call_id, path),
    }
    content = []
    for index, inner in enumerate(part.content):
        at = f"{path}.content[{index}]"
        written = _WRITERS[type(inner)](writer, inner, message, at)
        if written is not None:
            if isinstance(written, dict):
                writer.extras.put_back(at, written)
            content.append(written)
    if content:  # an empty list is refused; a result without content is not
        block["content"] = _content(content)
    if part.is_error:
        block["is_error"] = True
    write_cache(part.cache, block)
    return block


def _write_opaque(writer: _Writer, part: Opaque, message: Message, path: str) -> msgspec.Raw | None:
    if part.dialect != DIALECT:
        writer.losses.semantic(path, f"block:{part.kind}", f"only {part.dialect} can say it")
        return None
    message.own_opaque = True
    if part.kind == "tool_use":  # made by code that the vendor runs; its result comes as any other
        writer.calls.adopt(read(_ID, part.raw, path).id, message)
    return msgspec.Raw(part.raw)


_PartWriter = Callable[[_Writer, Any, Message, str], Any]
_WRITERS: Final[dict[type, _PartWriter]] = {
    Text: _write_text,
    Refusal: _write_text,
    Thinking: _write_thinking,
    Media: _write_media,
    ToolCall: _write_call,
    ToolResult: _write_result,
    Opaque: _write_opaque,
}
