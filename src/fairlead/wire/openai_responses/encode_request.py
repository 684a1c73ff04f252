"""Requests: from canon to OpenAI's Responses dialect, for upstreams that speak it.

Another dialect's request is stateless, so this one is too: `store` is false, and the model's
reasoning is asked for in encrypted form (`reasoning.encrypted_content`), since it has to come back
with the calls that it led to. What the dialect or the model has no words for is a named loss. An
extra of this dialect goes back to where it stood; of the chat dialect, the fields that both have.

Items are written without ids: those are the server's, and it takes items without them (recorded).
"""

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import msgspec
from msgspec import Raw

from fairlead.canon import (
    CacheMark,
    Extra,
    Failure,
    Loss,
    Media,
    Opaque,
    Part,
    Problem,
    Refusal,
    Request,
    ServerTool,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from fairlead.wire.codec import Encoded, Target
from fairlead.wire.json_mode import with_json_word
from fairlead.wire.openai.parts import in_short
from fairlead.wire.openai_responses.extras_out import put_back
from fairlead.wire.openai_responses.knobs import write_knobs
from fairlead.wire.openai_responses.layout import spans_of
from fairlead.wire.openai_responses.media_out import write_media
from fairlead.wire.openai_responses.reasoning import own_item
from fairlead.wire.openai_responses.settings import write_choice, write_tool
from fairlead.wire.openai_responses.tools import functions_in, tool_paths

__all__ = ["encode_request"]

DIALECT: Final = "openai_responses"
Json = dict[str, Any]
_ENCODER: Final = msgspec.json.Encoder()
_CALL_ID_MAX: Final = 64
"""call_id "maxLength 64" (OpenAI's API reference, "Create a model response")."""
_ITEM: Final = re.compile(r"input\[(\d+)\]")


def encode_request(request: Request, target: Target) -> Encoded:
    """The request for `target`. A semantic loss means: do not send unless it is allowed.

    Raises:
        Failure: what no body could say (`n` over 1).
    """
    if request.n is not None and request.n > 1:
        message = f"{target.model} gives one answer a request here, not {request.n}"
        hint = "send the request n times, or choose a model that takes n"
        raise Failure(Problem("unsupported", message, "n", hint=hint))
    # "Response input messages must contain the word 'json'" (the API's 400): `instructions` are
    # none of those.
    request, asked = with_json_word(request, instructions=False)
    writer = _Writer(request, "cache_breakpoints" in target.facts.features)
    writer.losses += asked
    body: Json = {"model": target.model}
    instructions = writer.instructions(request.instructions)
    if instructions:
        body["instructions"] = instructions
    body["input"] = writer.input()
    if request.tools:
        body["tools"] = writer.tools()
    if request.tool_choice is not None:
        body["tool_choice"] = write_choice(request.tool_choice, request.tools)
    if request.parallel_tools is not None:
        body["parallel_tool_calls"] = request.parallel_tools
    write_knobs(request, target.facts, body, writer.losses, thoughts=writer.thoughts)
    for extra in writer.left():
        put_back(extra, body, writer.items, writer.losses)
    return Encoded(_ENCODER.encode(body), tuple(writer.losses))


class _Writer:
    """One request under way. `items` are what is written, by the number of the client's item."""

    __slots__ = ("_breakpoints", "_calls", "_extras", "_request", "items", "losses", "thoughts")

    def __init__(self, request: Request, breakpoints: bool) -> None:
        self._breakpoints = breakpoints
        self.losses: list[Loss] = []
        self.thoughts = False  # a thought of this vendor's goes back
        self.items: dict[int, Json] = {}
        self._request = request
        self._calls: dict[str, str] = {}
        self._extras = {e.path: e for e in request.extras if e.dialect == DIALECT}

    def left(self) -> list[Extra]:
        """Extras that found no place yet."""
        return [e for e in self._request.extras if e.dialect != DIALECT or e.path in self._extras]

    # The conversation

    def instructions(self, parts: tuple[Part, ...]) -> str:
        texts = []
        for at, part in enumerate(parts):
            if isinstance(part, Text | Refusal):
                self._beside(part, f"instructions[{at}]")
                if isinstance(part, Text):
                    self._mark(None, part.cache, f"instructions[{at}]")
                texts.append(part.text)
            else:
                why = "the instructions are text only"
                self._semantic(f"instructions[{at}]", f"system_{_noun(part)}", why)
        return "\n\n".join(text for text in texts if text)

    def input(self) -> list[Any]:
        out: list[tuple[int, Any]] = []
        at = 0
        for turn in self._request.turns:
            spans = spans_of(turn.path, len(turn.parts)) or [(at, len(turn.parts))]
            start = 0
            for number, count in spans:
                parts = turn.parts[start : start + count]
                written = self._span(turn, parts, start)
                if len(written) == 1 and isinstance(written[0], dict):
                    self.items[number] = written[0]
                out += [(number, item) for item in written]
                start += count
                at = number + 1
        for path, extra in list(self._extras.items()):
            found = _ITEM.fullmatch(path)
            if found is not None:
                del self._extras[path]
                out.append((int(found[1]), Raw(extra.raw)))
        out.sort(key=lambda pair: pair[0])
        return _without_loose_ends([item for _, item in out], self.losses)

    def _span(self, turn: Turn, parts: tuple[Part, ...], start: int) -> list[Any]:
        """Items of some parts of a turn: side by side, what a message can hold is one."""
        if turn.name is not None:
            self._cosmetic(turn.path, "name", "messages have no name here")
        out: list[Any] = []
        content: list[Any] = []
        role = "user" if turn.role == "tool" else turn.role

        def message() -> None:
            if content:
                out.append({"type": "message", "role": role, "content": in_short(content)})
                content.clear()

        for at, part in enumerate(parts, start):
            path = f"{turn.path}.content[{at}]"
            piece = self._piece(part, path, role)
            if piece is not None:
                content.append(piece)
            elif (item := self._item(part, path)) is not None:
                message()
                out.append(item)
        message()
        return out

    def _piece(self, part: Part, path: str, role: str) -> Json | None:
        """A part of a message's content; None for what is an item of its own, or lost."""
        if isinstance(part, Text):
            self._beside(part, path)
            if role != "assistant":
                return self._mark({"type": "input_text", "text": part.text}, part.cache, path)
            self._mark(None, part.cache, path)
            notes = [Raw(c.raw) for c in part.citations if c.dialect == DIALECT]
            said: Json = {"type": "output_text", "text": part.text}
            return said | {"annotations": notes} if notes else said
        if isinstance(part, Refusal):
            if role == "assistant":
                return {"type": "refusal", "refusal": part.text}
            return {"type": "input_text", "text": part.text}
        if isinstance(part, Media):
            if role == "assistant":
                self._semantic(path, "assistant_media", "only users may send media")
                return None
            piece = write_media(part, path, self.losses)
            return None if piece is None else self._mark(piece, part.cache, path)
        return None

    def _mark(self, piece: Json | None, mark: CacheMark | None, path: str) -> Json:
        """The piece with its cache breakpoint, where it can have one and the model takes them.

        "Supported for `gpt-5.6` and later models"; other models cache prefixes by themselves.
        """
        if mark is not None:
            if piece is not None and self._breakpoints:
                told = {"mode": "explicit"} | ({"ttl": "12h"} if mark.ttl == "1h" else {})
                return piece | {"prompt_cache_breakpoint": told}
            why = "no cache breakpoint can stand here, or the model takes none"
            self._cosmetic(path, "cache_breakpoint", why)
        return piece or {}

    def _beside(self, part: Text | Refusal, path: str) -> None:
        if not isinstance(part, Text):
            return
        if part.signature is not None:
            why = "a signature can be checked only by the vendor that made it"
            self._cosmetic(path, "thought_signature", why)
        if any(c.dialect != DIALECT for c in part.citations):
            self._cosmetic(path, "citation", "another vendor's citations")

    def _item(self, part: Part, path: str) -> Any | None:  # noqa: ANN401  # JSON
        write = _ITEMS.get(type(part))
        return None if write is None else write(self, part, path)

    def thought(self, part: Thinking, path: str) -> Json | None:
        item = own_item(part)
        if item is None:
            why = "reasoning goes back only as the vendor encrypted it"
            self._cosmetic(path, "thinking_dropped", why)
            return None
        self.thoughts = True
        return item

    def call(self, part: ToolCall, path: str) -> Json:
        if part.signature is not None:
            why = "a signature can be checked only by the vendor that made it"
            self._cosmetic(path, "thought_signature", why)
        self._mark(None, part.cache, path)
        call_id = self._call_id(part.id)
        if part.custom:
            call = {"type": "custom_tool_call", "call_id": call_id, "name": part.name}
            return call | {"input": part.arguments}
        call = {"type": "function_call", "call_id": call_id, "name": part.name}
        return call | {"arguments": part.arguments or "{}"}

    def result(self, part: ToolResult, path: str) -> Json:
        if part.is_error:
            self._cosmetic(path, "tool_error", "an output has no mark for a failed call")
        self._mark(None, part.cache, path)
        content: list[Any] = []
        for inner in part.content:
            if isinstance(inner, Opaque):
                why = f"only {inner.dialect} can say '{inner.kind}'"
                self._semantic(path, f"{inner.dialect}:{inner.kind}", why)
            elif (piece := self._piece(inner, path, "user")) is not None:
                content.append(piece)
        kind = "custom_tool_call_output" if part.custom else "function_call_output"
        out: Json = {"type": kind, "call_id": self._call_id(part.call_id)}
        out["output"] = in_short(content)
        return out

    def opaque(self, part: Opaque, path: str) -> Raw | None:
        if part.dialect == DIALECT:  # a stored prompt is an extra as well, and goes there
            return None if part.kind == "prompt" else Raw(part.raw)
        why = f"only {part.dialect} can say '{part.kind}'"
        self._semantic(path, f"{part.dialect}:{part.kind}", why)
        return None

    def _call_id(self, call_id: str) -> str:
        if len(call_id) <= _CALL_ID_MAX:
            return call_id
        known = self._calls.get(call_id)
        if known is None:
            digest = blake2b(call_id.encode("utf-8", "surrogatepass"), digest_size=16)
            known = self._calls[call_id] = f"call_{digest.hexdigest()}"
        return known

    # Tools

    def tools(self) -> list[Any]:
        """The tools where they stood; those of a namespace or an item are in those."""
        out: list[Any] = []
        told: set[str] = set()
        for at, (tool, path) in enumerate(
            zip(self._request.tools, tool_paths(self._request), strict=True)
        ):
            held = self._extras.get(path)
            if path.startswith("input[") or (held is None and path in told):
                continue
            self._searches(out, told)
            if held is not None:
                del self._extras[path]
                told.add(path)
                out.append(Raw(held.raw))
                continue
            if isinstance(tool, ServerTool) and tool.dialect != DIALECT:
                why = f"only {tool.dialect} runs '{tool.kind}'"
                self._semantic(f"tools[{at}]", f"server_tool:{tool.kind}", why)
                continue
            if not isinstance(tool, ServerTool):
                self._mark(None, tool.cache, f"tools[{at}]")
            out.append(write_tool(tool))
        self._searches(out, told)
        return out

    def _searches(self, out: list[Any], told: set[str]) -> None:
        """Entries at the next place that stand for no tool of canon's."""
        while (held := self._extras.get(f"tools[{len(out)}]")) is not None:
            if functions_in(held.raw):
                return
            told.add(held.path)
            del self._extras[held.path]
            out.append(Raw(held.raw))

    def _cosmetic(self, path: str, what: str, why: str) -> None:
        self.losses.append(Loss("cosmetic", path, what, why))

    def _semantic(self, path: str, what: str, why: str) -> None:
        self.losses.append(Loss("semantic", path, what, why))


_ITEMS: Final[dict[type, Callable[[_Writer, Any, str], Any]]] = {
    Thinking: _Writer.thought,
    ToolCall: _Writer.call,
    ToolResult: _Writer.result,
    Opaque: _Writer.opaque,
}


def _noun(part: Part) -> str:
    return part.kind.lower() if isinstance(part, Media | Opaque) else type(part).__name__.lower()


def _without_loose_ends(items: list[Any], losses: list[Loss]) -> list[Any]:
    """Reasoning at the end of an answer has nothing that it led to, and is refused.

    "Item 'rs_...' of type 'reasoning' was provided without its required following item."
    """
    out: list[Any] = []
    for item in reversed(items):
        loose = not out or (isinstance(out[-1], dict) and out[-1].get("role") not in _OF_MODEL)
        if loose and _is_reasoning(item):
            why = "reasoning that led to nothing is refused"
            losses.append(Loss("cosmetic", "input", "thinking_dropped", why))
        else:
            out.append(item)
    return out[::-1]


_OF_MODEL: Final = (None, "assistant")


def _is_reasoning(item: object) -> bool:
    if not isinstance(item, dict):
        return False
    kind = item.get("type")
    return kind == "reasoning" or (isinstance(kind, Raw) and bytes(kind) == b'"reasoning"')
