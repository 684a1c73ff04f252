"""Messages: from the wire to turns, one turn a message, and the pairing of calls and results.

OpenAI's rule: the messages behind an assistant message with `tool_calls` must be tool messages,
one for each call, before anything else comes ("An assistant message with 'tool_calls' must be
followed by tool messages responding to each 'tool_call_id'."). The legacy pair of `function_call`
and a message of role `function` has no ids; it is matched by name, and gets ids made of the
message's position.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Raw
from msgspec.structs import replace

from fairlead.canon import (
    CacheMark,
    Dialect,
    Failure,
    Media,
    Refusal,
    Role,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from fairlead.canon import Part as CanonPart
from fairlead.wire.openai.faults import missing, not_among
from fairlead.wire.openai_chat.answers import ExtraContentOut
from fairlead.wire.openai_chat.content import cache_mark, read_content
from fairlead.wire.openai_chat.types import (
    Absent,
    ExtraContent,
    MessageIn,
    ReasoningDetail,
    ToolCallIn,
)

__all__ = ["FORMATS", "google_signature", "read_messages", "read_thoughts"]

FORMATS: Final[dict[str, Dialect]] = {
    "anthropic-claude-v1": "anthropic",
    "google-gemini-v1": "gemini",
    "openai-responses-v1": "openai_responses",
}
"""OpenRouter's names (`reasoning_details[].format`) for who can check a signature."""

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_NO_SOUND: Final = (Absent, Raw(b"null"))
_OF_ASSISTANT: Final = ("tool_calls", "function_call", "refusal")


def read_messages(messages: Sequence[MessageIn]) -> tuple[Turn, ...]:
    """All messages as turns. Raises `Failure` at the message or field at fault."""
    if not messages:
        raise Failure.invalid(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an "
            "empty array instead.",
            "messages",
            code="empty_array",
        )
    return _Reading().read(messages)


class _Reading:
    """One pass over the messages; `open` holds the calls that still want their result."""

    __slots__ = ("asked_at", "called", "legacy", "open")

    def __init__(self) -> None:
        self.called: dict[str, ToolCall] = {}  # of the last assistant message
        self.open: dict[str, ToolCall] = {}
        self.asked_at = ""
        self.legacy: dict[str, str] = {}  # function's name -> id that we made

    def read(self, messages: Sequence[MessageIn]) -> tuple[Turn, ...]:
        turns: list[Turn] = []
        for at, message in enumerate(messages):
            path = f"messages[{at}]"
            role = message.role
            if role == "tool":
                turns.append(self._tool(message, path))
                continue
            if self.open:
                self._unanswered()
            self.called = {}
            if role == "assistant":
                turns.append(self._assistant(message, path, at))
            elif role == "function":
                turns.append(self._function(message, path))
            else:
                turns.append(_plain(message, path))
        if self.open:
            self._unanswered()
        return tuple(turns)

    def _unanswered(self) -> None:
        names = ", ".join(list(self.open)[:8])
        raise Failure.invalid(
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            f"{names}",
            f"{self.asked_at}.tool_calls",
        )

    def _tool(self, message: MessageIn, path: str) -> Turn:
        call_id = message.tool_call_id
        if call_id is None:
            raise missing(f"{path}.tool_call_id")
        call = self.called.get(call_id)
        if call is None:
            if not self.called:
                raise Failure.invalid(
                    "Invalid parameter: messages with role 'tool' must be a response to a "
                    "preceding message with 'tool_calls'.",
                    f"{path}.role",
                )
            raise Failure.invalid(
                f"Invalid '{path}.tool_call_id': {call_id[:80]!r} is not the id of a call in "
                f"'{self.asked_at}.tool_calls'.",
                f"{path}.tool_call_id",
            )
        if self.open.pop(call_id, None) is None:
            raise Failure.invalid(
                f"Invalid '{path}.tool_call_id': the call {call_id[:80]!r} has its response "
                "already.",
                f"{path}.tool_call_id",
            )
        return Turn("tool", (_result(message, call, path),), path=path)

    def _function(self, message: MessageIn, path: str) -> Turn:
        if message.name is None:
            raise missing(f"{path}.name")
        call_id = self.legacy.pop(message.name, None)
        if call_id is None:
            raise Failure.invalid(
                "Invalid parameter: messages with role 'function' must be a response to a "
                f"preceding message with a 'function_call' of {message.name[:80]!r}.",
                f"{path}.name",
            )
        call = ToolCall(call_id, message.name, "")
        return Turn("tool", (_result(message, call, path),), path=path)

    def _assistant(self, message: MessageIn, path: str, at: int) -> Turn:
        parts: list[CanonPart] = list(_thoughts(message))
        # Empty text beside a call or a thought is how clients write "no content".
        if message.content or (message.content is not None and not (message.tool_calls or parts)):
            parts.extend(read_content(message.content, "assistant", path))
        if message.refusal:
            parts.append(Refusal(message.refusal))
        if message.cache_control is not None:
            parts = _mark(parts, cache_mark(message.cache_control, path))
        _sign(parts, message.extra_content)
        if message.tool_calls:
            parts.extend(self._calls(message, path))
        if message.function_call is not None:
            call_id = f"call_function_{at}"
            name = message.function_call.name
            self.legacy[name] = call_id
            parts.append(ToolCall(call_id, name, message.function_call.arguments))
        # OpenAI refuses a null that nothing makes up for (github.com/vercel/ai/pull/14950); sound
        # of an earlier answer does: {"role": "assistant", "audio": {"id": ...}} (its audio guide).
        if not parts and message.content is None and message.audio in _NO_SOUND:
            raise _null_content(path)
        return Turn("assistant", tuple(parts), message.name, path)

    def _calls(self, message: MessageIn, path: str) -> list[ToolCall]:
        signed = {
            detail.id: detail.data
            for detail in message.reasoning_details or ()
            if _signs_a_call(detail) and detail.id is not None
        }
        calls: list[ToolCall] = []
        for at, raw in enumerate(message.tool_calls or ()):
            here = f"{path}.tool_calls[{at}]"
            call = _call(raw, here)
            if call.id in self.called:
                raise Failure.invalid(
                    f"Duplicate value for 'tool_call_id' of '{call.id[:80]}' in {here}: each "
                    "call of a message needs an id of its own.",
                    f"{here}.id",
                )
            if call.signature is None and (data := signed.get(call.id)):
                call = replace(call, signature=Signature("gemini", data))
            self.called[call.id] = call
            calls.append(call)
        self.open = dict(self.called)
        self.asked_at = path
        return calls


def _plain(message: MessageIn, path: str) -> Turn:
    """A system, developer or user message."""
    role = _ROLES.get(message.role)
    if role is None:
        raise not_among(message.role, f"{path}.role", _ROLES)
    if message.tool_calls or message.function_call is not None or message.refusal:
        raise _of_assistant(message, path)
    if message.content is None:
        raise _null_content(path)
    parts: Sequence[CanonPart] = read_content(message.content, message.role, path)
    if message.cache_control is not None:
        parts = _mark(list(parts), cache_mark(message.cache_control, path))
    return Turn(role, tuple(parts), message.name, path)


def _of_assistant(message: MessageIn, path: str) -> Failure:
    field = next(field for field in _OF_ASSISTANT if getattr(message, field))
    return Failure.invalid(
        f"Invalid '{path}.{field}': only messages with role 'assistant' have it.",
        f"{path}.{field}",
    )


def _result(message: MessageIn, call: ToolCall, path: str) -> ToolResult:
    if message.content is None:
        raise _null_content(path)
    content = tuple(
        part
        for part in read_content(message.content, message.role, path)
        if isinstance(part, Text | Media)
    )
    return ToolResult(
        call.id,
        content,
        name=message.name,
        custom=call.custom,
        cache=cache_mark(message.cache_control, path),
    )


def _call(raw: ToolCallIn, path: str) -> ToolCall:
    signature = google_signature(raw.extra_content)
    if raw.type == "function" and raw.function is not None:
        return ToolCall(raw.id, raw.function.name, raw.function.arguments, signature=signature)
    if raw.type == "custom" and raw.custom is not None:
        return ToolCall(raw.id, raw.custom.name, raw.custom.input, custom=True)
    if raw.type in ("function", "custom"):
        raise missing(f"{path}.{raw.type}")
    raise not_among(raw.type, f"{path}.type", ("function", "custom"))


# Thoughts


def _thoughts(message: MessageIn) -> Sequence[Thinking]:
    if message.thinking_blocks:
        return [
            Thinking(
                block.thinking or "",
                _anthropic(block.signature or block.data),
                redacted=block.type == "redacted_thinking",
            )
            for block in message.thinking_blocks
        ]
    plain = message.reasoning_content or message.reasoning
    if message.reasoning_details:
        details = [d for d in message.reasoning_details if not _signs_a_call(d)]
        thoughts = read_thoughts(details)
        if len(thoughts) == 1 and plain and not thoughts[0].text and not thoughts[0].redacted:
            return [replace(thoughts[0], text=plain)]
        if thoughts:
            return thoughts
    return [Thinking(plain)] if plain else ()


def _anthropic(value: str | None) -> Signature | None:
    return Signature("anthropic", value) if value else None


def read_thoughts(details: Sequence[ReasoningDetail]) -> list[Thinking]:
    """OpenRouter's reasoning details as thoughts.

    A signature whose format is not named belongs to whoever is asked through this dialect.
    """
    thoughts: list[Thinking] = []
    for detail in details:
        dialect = FORMATS.get(detail.format or "", "openai_chat")
        if detail.type == "reasoning.encrypted":
            if detail.data:
                thoughts.append(Thinking("", Signature(dialect, detail.data), redacted=True))
            continue
        signature = Signature(dialect, detail.signature) if detail.signature else None
        text = detail.text or detail.summary or ""
        if text or signature is not None:
            thoughts.append(Thinking(text, signature))
    return thoughts


def _signs_a_call(detail: ReasoningDetail) -> bool:
    """OpenRouter hands out Gemini's signature of a call as an encrypted detail with its id."""
    return (
        detail.type == "reasoning.encrypted"
        and detail.format == "google-gemini-v1"
        and detail.id is not None
    )


def google_signature(extra: ExtraContent | ExtraContentOut | None) -> Signature | None:
    """Gemini's signature, as Google hands it out in this dialect and takes it back."""
    if extra is None or extra.google is None or not extra.google.thought_signature:
        return None
    return Signature("gemini", extra.google.thought_signature)


def _sign(parts: list[CanonPart], extra: ExtraContent | None) -> None:
    """Put Google's signature of a message's text on its last text, or on an empty one."""
    signature = google_signature(extra)
    if signature is None:
        return
    for at in range(len(parts) - 1, -1, -1):
        part = parts[at]
        if isinstance(part, Text):
            parts[at] = replace(part, signature=signature)
            return
    parts.append(Text("", signature))


def _mark(parts: list[CanonPart], mark: CacheMark | None) -> list[CanonPart]:
    """A message's own `cache_control` stands for its last part's."""
    if parts and mark is not None and isinstance(parts[-1], Text | Media):
        parts[-1] = replace(parts[-1], cache=mark)
    return parts


def _null_content(path: str) -> Failure:
    return Failure.invalid(
        f"Invalid value for '{path}.content': expected a string, got null.", f"{path}.content"
    )
