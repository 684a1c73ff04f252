"""Requests: from canon to OpenAI's chat dialect, for upstreams that speak it.

A turn becomes one message, except that results of tools become messages of their own, first. What
the dialect or the model has no words for is a named loss. An extra of this dialect goes back to
where it stood, at the top or in its message.
"""

import re
from typing import Any, Final

import msgspec
from msgspec import Raw

from fairlead.canon import (
    CacheMark,
    Extra,
    FileRef,
    FunctionTool,
    Loss,
    Media,
    Opaque,
    Refusal,
    Request,
    ServerTool,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
    Url,
)
from fairlead.canon import Part as CanonPart
from fairlead.catalog.model import Model
from fairlead.wire.codec import Encoded, Target
from fairlead.wire.in_words import in_words
from fairlead.wire.json_mode import with_json_word
from fairlead.wire.openai.parts import in_short
from fairlead.wire.openai_chat.knobs import write_knobs
from fairlead.wire.openai_chat.media_out import media_json
from fairlead.wire.openai_chat.response import call_json

__all__ = ["encode_request"]

_ENCODER: Final = msgspec.json.Encoder()
_IN_MESSAGE: Final = re.compile(r"^(messages\[\d+\])\.([A-Za-z_]\w*)$")
_CUSTOM_FORMAT: Final = re.compile(r"^tools\[(\d+)\]\.custom\.format$")
Json = dict[str, Any]


def encode_request(request: Request, target: Target) -> Encoded:
    """The request for `target`. A semantic loss means: do not send unless it is allowed."""
    writer = _Writer(target.facts)
    request, told = in_words(request, "openai_chat")
    writer.losses += told
    request, asked = with_json_word(request)
    writer.losses += asked
    body: Json = {"model": target.model, "messages": writer.messages(request)}
    if request.tools or request.tool_choice is not None:
        writer.tools(request, body)
    write_knobs(request, target.facts, body, writer.losses)
    for extra in request.extras:
        writer.put_back(extra, body)
    return Encoded(_ENCODER.encode(body), tuple(writer.losses))


class _Writer:
    """One request under way; `written` finds a turn's message by the path where it stood."""

    __slots__ = (
        "_breakpoints",
        "_results_hold_media",
        "_takes_video",
        "_thoughts_back",
        "_waiting",
        "losses",
        "offered",
        "written",
    )

    def __init__(self, facts: Model) -> None:
        self._breakpoints = "cache_breakpoints" in facts.features
        self._results_hold_media = "tool_result_media" in facts.features
        self._thoughts_back = facts.thinking.plain_back
        self._takes_video = "video" in facts.modalities_in
        self._waiting: list[Json] = []  # media of results, for behind all results of the step
        self.losses: list[Loss] = []
        self.offered: dict[int, Json | Raw] = {}  # by their place in the request
        self.written: dict[str, Json] = {}

    def messages(self, request: Request) -> list[Json]:
        out: list[Json] = []
        if request.instructions:
            turn = Turn("system", request.instructions, path="instructions")
            self._turn(turn, out)
        for turn in request.turns:
            self._turn(turn, out)
        self._flush(out)
        return out

    def _flush(self, out: list[Json]) -> None:
        """Say what results held beside text, now that all results of the step are there."""
        if self._waiting:
            out.append({"role": "user", "content": self._waiting})
            self._waiting = []

    def _turn(self, turn: Turn, out: list[Json]) -> None:
        rest: list[tuple[int, CanonPart]] = []
        for at, part in enumerate(turn.parts):
            if isinstance(part, ToolResult):
                message = self._result(part, f"{turn.path}.content[{at}]")
                out.append(message)
                self.written.setdefault(turn.path, message)
            else:
                rest.append((at, part))
        if not rest and any(isinstance(part, ToolResult) for part in turn.parts):
            return
        self._flush(out)
        message = {"role": turn.role}
        if turn.name is not None:
            message["name"] = turn.name
        self._fill(message, turn, rest)
        before = out[-1] if out else None
        if turn.role == "assistant" and before is not None and before.get("tool_calls"):
            # One answer in two turns (Gemini's clients send a Content for each call): "An assistant
            # message with 'tool_calls' must be followed by tool messages" (the API's 400).
            self._join(before, message, turn.path)
            message = before
        else:
            out.append(message)
        self.written.setdefault(turn.path, message)

    def _join(self, message: Json, more: Json, path: str) -> None:
        """Take the next message of the same answer into one that calls tools."""
        if more["content"] is not None:
            why = "a message holds its thoughts first, then its content, then its calls"
            self._cosmetic(path, "part_order", why)
            message["content"] = in_short([*_pieces(message), *_pieces(more)])
        if "reasoning_content" in more:
            message["reasoning_content"] = (
                message.get("reasoning_content", "") + more["reasoning_content"]
            )
        message["tool_calls"] += more.get("tool_calls", [])

    def _fill(self, message: Json, turn: Turn, parts: list[tuple[int, CanonPart]]) -> None:
        content: list[Json] = []
        thoughts: list[str] = []
        calls: list[Json] = []
        last = 0
        for at, part in parts:
            path = f"{turn.path}.content[{at}]"
            rank = _RANKS.get(type(part), 1)
            if rank < last:
                why = "a message holds its thoughts first, then its content, then its calls"
                self._cosmetic(turn.path, "part_order", why)
            last = rank
            if isinstance(part, Thinking):
                self._thought(part, thoughts, path)
            elif isinstance(part, ToolCall):
                calls.append(self._call(part, path))
            elif (piece := self._piece(part, path)) is not None:
                content.append(piece)
        # Null is taken beside calls only: "Required unless `tool_calls` or `function_call` is
        # specified" (openai SDK, types/chat/chat_completion_assistant_message_param.py).
        message["content"] = in_short(content) if content or not calls else None
        if thoughts:
            message["reasoning_content"] = "".join(thoughts)
        if calls:
            message["tool_calls"] = calls

    def _thought(self, part: Thinking, out: list[str], path: str) -> None:
        """Thoughts that nobody signed go on as `reasoning_content`: the vendors of this dialect
        that show thoughts want them back (DeepSeek, in a tool loop), but for those that refuse the
        field (OpenAI). Those that another vendor signed are not for this one.
        """
        if part.signature is not None and part.signature.dialect != "openai_chat":
            why = "another vendor's thoughts mean nothing to this one"
            self._cosmetic(path, "thinking_dropped", why)
        elif part.text and not self._thoughts_back:
            why = "the vendor takes no thoughts in plain text back"
            self._cosmetic(path, "thinking_dropped", why)
        elif part.text:
            out.append(part.text)

    def _call(self, part: ToolCall, path: str) -> Json:
        if part.signature is not None:
            why = "a signature can be checked only by the vendor that made it"
            self._cosmetic(path, "thought_signature", why)
            part = msgspec.structs.replace(part, signature=None)
        if part.cache is not None:
            self._cosmetic(path, "cache_control", "calls have no cache breakpoints here")
        return call_json(part)

    def _result(self, part: ToolResult, path: str) -> Json:
        message: Json = {"role": "tool", "tool_call_id": part.call_id}
        if part.name is not None:
            message["name"] = part.name
        if part.is_error:
            why = "tool messages have no mark for a failed call"
            self._cosmetic(path, "tool_error", why)
        pieces = [self._piece(inner, path) for inner in part.content]
        content = [piece for piece in pieces if piece is not None]
        if not self._results_hold_media:
            content = self._text_only(content, part, path)
        self._mark(content[-1] if content else {}, part.cache, path)  # behind the last of it
        message["content"] = in_short(content)
        return message

    def _text_only(self, content: list[Json], part: ToolResult, path: str) -> list[Json]:
        """The texts of a result; media wait: "content: str | Iterable[text parts]" (openai SDK,
        types/chat/chat_completion_tool_message_param.py).
        """
        media = [piece for piece in content if piece["type"] != "text"]
        if not media:
            return content
        why = "tool messages hold text only here: media follow behind"
        self._cosmetic(path, "tool_result_media", why)
        name = f" {part.name}" if part.name else ""
        self._waiting.append({"type": "text", "text": f"Returned by the function{name}:"})
        self._waiting += media
        return [piece for piece in content if piece["type"] == "text"]

    def _piece(self, part: CanonPart, path: str) -> Json | None:
        """A content part, or None with a loss."""
        if isinstance(part, Text):
            piece: Json = {"type": "text", "text": part.text}
            if part.signature is not None:
                why = "a signature can be checked only by the vendor that made it"
                self._cosmetic(path, "thought_signature", why)
            if part.citations:
                self._cosmetic(path, "citation", "messages cannot hold citations")
            return self._mark(piece, part.cache, path)
        if isinstance(part, Refusal):
            return {"type": "refusal", "refusal": part.text}
        if isinstance(part, Media):
            return self._media(part, path)
        what, why = type(part).__name__, "the chat dialect has no such part"
        if isinstance(part, Opaque):
            if part.dialect == "openai_chat":
                return _as_raw(part.raw)
            what, why = f"{part.dialect}:{part.kind}", f"only {part.dialect} can say '{part.kind}'"
        self.losses.append(Loss("semantic", path, what, why))
        return None

    def _media(self, part: Media, path: str) -> Json | None:
        piece = media_json(part)
        if part.kind == "video" and not self._takes_video:
            piece = None  # `video_url` is vLLM's and OpenRouter's; OpenAI refuses it
        if piece is None:
            what = "file_reference" if isinstance(part.source, FileRef) else f"{part.kind}_input"
            why = f"the chat dialect cannot say this {part.kind}"
            self.losses.append(Loss("semantic", path, what, why))
            return None
        for field in ("title", "context", "citations"):
            if getattr(part, field) is not None:
                self._cosmetic(path, f"document_{field}", f"files have no {field} here")
        if part.extra:
            self._cosmetic(path, "media_options", "another dialect's options of this part")
        if part.signature is not None:
            why = "a signature can be checked only by the vendor that made it"
            self._cosmetic(path, "thought_signature", why)
        if part.mime and isinstance(part.source, Url):
            self._cosmetic(path, "media_type", "an address has no MIME type beside it here")
        if part.name is not None and "file" not in piece:
            self._cosmetic(path, "media_name", f"a {part.kind} has no name here")
        return self._mark(piece, part.cache, path)

    def _mark(self, piece: Json, mark: CacheMark | None, path: str) -> Json:
        """The piece with its cache breakpoint, where the model takes them.

        "Supported for `gpt-5.6` and later models [...] The `ttl` defaults to `30m`"; the other is
        `12h` (openai SDK, types/chat/completion_create_params.py): the default stands for the
        default, the longer for the longer. Other models cache prefixes by themselves.
        """
        if mark is None:
            return piece
        if not self._breakpoints:
            self._cosmetic(path, "cache_control", "the model takes no cache breakpoints")
            return piece
        told = {"mode": "explicit"} if mark.ttl == "5m" else {"mode": "explicit", "ttl": "12h"}
        piece["prompt_cache_breakpoint"] = told
        return piece

    def tools(self, request: Request, body: Json) -> None:
        """`tools`, `tool_choice` and `parallel_tool_calls`; the latter two are refused without
        the first ("'tool_choice' is only allowed when 'tools' are specified").
        """
        for at, tool in enumerate(request.tools):
            if (told := self._tool(tool, f"tools[{at}]")) is not None:
                self.offered[at] = told
        offered, choice = self.offered, request.tool_choice
        if offered:
            body["tools"] = list(offered.values())
            if request.parallel_tools is not None:
                body["parallel_tool_calls"] = request.parallel_tools
        if choice is None:
            return
        functions = {tool.name for tool in request.tools if isinstance(tool, FunctionTool)}
        names = tuple(name for name in choice.names if name in functions)
        lost = len(names) < len(choice.names) and not names
        if choice.mode in ("required", "named") and (lost or not offered):
            why = "a call is demanded of a tool that cannot be offered"
            self.losses.append(Loss("semantic", "tool_choice", "tool_choice", why))
        elif offered and not lost:
            body["tool_choice"] = _choice(ToolChoice(choice.mode, names), request)

    def _tool(self, tool: FunctionTool | ServerTool, path: str) -> Json | Raw | None:
        if isinstance(tool, FunctionTool):
            if tool.cache is not None:
                self._cosmetic(path, "cache_control", "tools have no cache breakpoints here")
            return _tool(tool)
        if tool.dialect == "openai_chat":
            return Raw(tool.raw)
        why = f"only {tool.dialect} runs '{tool.kind}'"
        kind = tool.kind
        loss = Loss(
            "cosmetic" if tool.loads_tools else "semantic", path, f"server_tool:{kind}", why
        )
        self.losses.append(loss)
        return None

    def put_back(self, extra: Extra, body: Json) -> None:
        if extra.dialect == "openai_chat":
            if extra.path.isidentifier():
                body.setdefault(extra.path, Raw(extra.raw))
                return
            found = _IN_MESSAGE.match(extra.path)
            if found and (message := self.written.get(found.group(1))) is not None:
                message.setdefault(found.group(2), Raw(extra.raw))
                return
            found = _CUSTOM_FORMAT.match(extra.path)
            if found and isinstance(tool := self.offered.get(int(found.group(1))), dict):
                tool["custom"]["format"] = Raw(extra.raw)
                return
        why = f"a field of the {extra.dialect} dialect"
        path = extra.path
        self.losses.append(Loss("cosmetic" if extra.cosmetic else "semantic", path, path, why))

    def _cosmetic(self, path: str, what: str, why: str) -> None:
        self.losses.append(Loss("cosmetic", path, what, why))


_RANKS: Final[dict[type, int]] = {Thinking: 0, ToolCall: 2}


def _pieces(message: Json) -> list[Json]:
    content = message["content"]
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return content or []


def _as_raw(raw: bytes) -> Json:
    found: Json = msgspec.json.decode(raw)
    return found


def _tool(tool: FunctionTool) -> Json:
    kind = "custom" if tool.custom else "function"
    inner: Json = {"name": tool.name}
    if tool.description is not None:
        inner["description"] = tool.description
    if tool.parameters is not None and not tool.custom:
        inner["parameters"] = Raw(tool.parameters)
    if tool.strict is not None and not tool.custom:
        inner["strict"] = tool.strict
    return {"type": kind, kind: inner}


def _choice(choice: ToolChoice, request: Request) -> str | Json:
    custom = {t.name for t in request.tools if isinstance(t, FunctionTool) and t.custom}

    def named(name: str) -> Json:
        kind = "custom" if name in custom else "function"
        return {"type": kind, kind: {"name": name}}

    if not choice.names:
        return "required" if choice.mode == "named" else choice.mode
    if choice.mode == "named" and len(choice.names) == 1:
        return named(choice.names[0])
    mode = "auto" if choice.mode == "auto" else "required"
    tools = [named(name) for name in choice.names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}
