"""Turns to `contents`: two roles, results in a Content of their own, system text elsewhere.

- Roles are `user` and `model` ("Please use a valid role: user, model.": recorded 400); turns of one
  role in a row are merged.
- All results of a step stand together, right behind the model's calls, in a Content that holds
  nothing else; what the client put between or beside them follows ("the number of function
  response parts is equal to the number of function call parts of the function call turn": the
  server's words).
- A result names its call by id and by name; the name is looked up where the client left it out.
- A result is an object: `{"output": text}`, `{"error": text}`, or the client's own JSON object
  ("If "output" and "error" keys are not specified, then whole "response" is treated as function
  output": discovery document, FunctionResponse.response). Normal form: `ToolResult.json` is true
  exactly when the text is a JSON object, whoever sent it.
- The last turn is the user's on models that "don't support prefilling" (catalogue: `prefill`).
- Gemini 3 checks that the first call of each step is signed; history from elsewhere gets the
  documented dummy, in the base64 form that was recorded with status 200 (6 requests).
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import (
    Base64,
    Failure,
    Media,
    Opaque,
    Part,
    Request,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)
from fairlead.catalog.model import Model
from fairlead.wire.gemini.media import encode_media
from fairlead.wire.gemini.parts import WirePart, encode_opaque, encode_part
from fairlead.wire.gemini.types import OBJECT
from fairlead.wire.losses import Losses
from fairlead.wire.media import verify

__all__ = ["DUMMY_SIGNATURE", "Said", "encode_contents"]

DUMMY_SIGNATURE: Final = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
"""base64 of `skip_thought_signature_validator` (ai.google.dev, Thought signatures, FAQ)."""

_SYSTEM: Final = frozenset({"system", "developer"})


class Said(Struct, frozen=True, gc=False):
    """`contents`, and the parts of `systemInstruction`."""

    contents: list[dict[str, object]]
    system: list[WirePart]


class _Contents:
    """`contents` and `systemInstruction` under construction."""

    __slots__ = (
        "_calls",
        "_facts",
        "_last",
        "_losses",
        "_open",
        "_spoke_at",
        "_waiting",
        "contents",
        "system",
    )

    def __init__(self, facts: Model, losses: Losses) -> None:
        self.contents: list[dict[str, object]] = []
        self.system: list[WirePart] = []
        self._facts = facts
        self._losses = losses
        self._calls: dict[str, str] = {}
        self._last = ""  # what the last Content holds: "model", "user" or "results"
        self._open: dict[str, str] = {}  # paths of the step's calls without a result, by id
        self._spoke_at: list[str] = []  # paths of the turns in the model's last Content
        self._waiting: list[WirePart] = []  # media of results, for behind them

    def add_system(self, parts: tuple[Part, ...], path: str) -> None:
        """Text for `systemInstruction` ("only text should be used in parts")."""
        for at, part in enumerate(parts):
            where = f"{path}[{at}]"
            if not isinstance(part, Text):
                why = "Gemini's system instruction takes text only"
                self._losses.semantic(where, "system_media", why)
                continue
            said = encode_part(part, self._facts, where, self._losses)
            if said is not None:
                self.system.append(said)

    def add(self, turn: Turn) -> None:
        """One turn of user, assistant or tool."""
        if turn.name is not None:
            self._losses.cosmetic(turn.path, "name", "Gemini knows no names of participants")
        if turn.role == "assistant":
            self._model_turn(turn)
            return
        for at, part in enumerate(turn.parts):
            if isinstance(part, ToolResult):
                self._put("results", self._result(part, turn, f"{turn.path}.content[{at}]"))
        for at, part in enumerate(turn.parts):
            if isinstance(part, ToolResult):
                continue
            where = f"{turn.path}.content[{at}]"
            if isinstance(part, Media):
                _check(part, where)
            said = encode_part(part, self._facts, where, self._losses)
            if said is not None:
                self._put("user", said)

    def finish(self) -> None:
        """Put what was waiting; sign what Gemini 3 wants signed; take away a prefill it rejects."""
        self._flush()
        self._check_answered()
        self._open_with_user()
        facts = self._facts
        if self._last == "model" and facts.known and "prefill" not in facts.features:
            why = f"{facts.id} cannot continue a model's turn: the last one has to be the user's"
            for path in self._spoke_at:
                self._losses.semantic(path, "prefill", why)
            self.contents.pop()
        if self._facts.thinking.kind == "level":
            for content in self.contents:
                self._sign(content)

    def _open_with_user(self) -> None:
        """Put the user's turn before a call that opens the history: "Please ensure that function
        call turn comes immediately after a user turn or after a function response turn." (the
        server's words). Other vendors take a history that was cut off there.
        """
        first = self.contents[0] if self.contents else None
        if first is None or first["role"] != "model":
            return
        parts = first["parts"]
        if isinstance(parts, list) and any(_is_call(part) for part in parts):
            why = "a call cannot open the conversation here: an empty word of the user's goes first"
            self._losses.cosmetic("messages", "user_turn_added", why)
            self.contents.insert(0, {"role": "user", "parts": [{"text": "."}]})

    def system_as_user(self) -> None:
        """System text alone: `contents` is required, so it is said by the user."""
        why = "Gemini needs a user's turn: the system text became it"
        self._losses.cosmetic("messages", "system_as_user", why)
        self.contents.append({"role": "user", "parts": list(self.system)})
        self.system.clear()

    def _model_turn(self, turn: Turn) -> None:
        if self._last != "model":
            self._spoke_at = []
        self._spoke_at.append(turn.path)
        for at, part in enumerate(turn.parts):
            where = f"{turn.path}.content[{at}]"
            if isinstance(part, Text) and part.citations:
                self._losses.cosmetic(where, "citation", "a history here holds no citations")
            said = encode_part(part, self._facts, where, self._losses)
            if said is None:
                continue
            self._put("model", said)
            if isinstance(part, ToolCall):
                if part.id and part.id in self._open:
                    message = f"two tool calls of one turn have the id {part.id!r}"
                    raise Failure.invalid(message, where)
                self._open[part.id] = where
                self._calls[part.id] = part.name

    def _put(self, holds: str, part: WirePart) -> None:
        if holds != "results" and self._waiting:
            self._flush()
        if self._last == holds:
            parts = self.contents[-1]["parts"]
            if isinstance(parts, list):
                parts.append(part)
            return
        if holds != "results":
            self._check_answered()
        self._last = holds
        role = "model" if holds == "model" else "user"
        self.contents.append({"role": role, "parts": [part]})

    def _check_answered(self) -> None:
        """Refuse calls of the last step that have no result and can get none any more."""
        if self._open:
            call_id, path = next(iter(self._open.items()))
            hint = "each call needs one result, directly behind the turn that makes it"
            raise Failure.invalid(f"the tool call {call_id!r} has no result", path, hint=hint)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for part in waiting:
            self._put("user", part)

    def _result(self, result: ToolResult, turn: Turn, path: str) -> WirePart:
        name = result.name or self._calls.get(result.call_id)
        awaited = self._open.pop(result.call_id, None)
        if awaited is None and result.call_id in self._calls:
            message = f"answers the tool call {result.call_id!r}, which has its result already"
            raise Failure.invalid(message, turn.path, hint="each call has one result")
        if name is None:
            message = f"answers the tool call {result.call_id!r}, which no earlier turn makes"
            hint = "Gemini matches results by name too, and the name stands in the call"
            raise Failure.invalid(message, turn.path, hint=hint)
        if result.cache is not None:
            self._losses.cosmetic(path, "cache_breakpoint", "Gemini caches prefixes by itself")
        texts = [part.text for part in result.content if isinstance(part, Text)]
        response: dict[str, object] = {"name": name}
        if result.call_id:
            response["id"] = result.call_id
        response["response"] = _response("\n".join(texts), is_error=result.is_error)
        parts = self._result_media(result, name, path)
        if parts:
            response["parts"] = parts
        return {"functionResponse": response}

    def _result_media(self, result: ToolResult, name: str, path: str) -> list[WirePart]:
        """Media for inside the result; where the model takes none there, it is put behind."""
        inside = "tool_result_media" in self._facts.features
        parts: list[WirePart] = []
        for part in result.content:
            said: WirePart | None = None
            if isinstance(part, Media):
                _check(part, path)
                said = encode_media(part, self._facts, path, self._losses)
            elif isinstance(part, Opaque):
                said = encode_opaque(part, path, self._losses)
            if said is not None:
                parts.append(said)
        if inside or not parts:
            return parts
        why = "the model takes no media in tool results: they follow behind"
        self._losses.cosmetic(path, "tool_result_media", why)
        self._waiting.append({"text": f"Returned by the function {name}:"})
        self._waiting += parts
        return []

    def _sign(self, content: dict[str, object]) -> None:
        parts = content["parts"]
        if not isinstance(parts, list):
            return
        for part in parts:
            if isinstance(part, dict) and "functionCall" in part:
                if "thoughtSignature" not in part:
                    part["thoughtSignature"] = DUMMY_SIGNATURE
                    why = "the model wants its calls signed, and another wrote this one"
                    self._losses.cosmetic("messages", "signature_missing", why)
                return


def _is_call(part: WirePart) -> bool:
    return isinstance(part, dict) and "functionCall" in part


def encode_contents(request: Request, facts: Model, losses: Losses) -> Said:
    """`contents` and `systemInstruction` of a request.

    Raises:
        Failure: a result without its call, a call without an object, or nothing said at all.
    """
    work = _Contents(facts, losses)
    work.add_system(request.instructions, "instructions")
    begun = False
    for turn in request.turns:
        if turn.role in _SYSTEM:
            if begun:
                why = "Gemini has one system instruction: this text was moved to it"
                losses.cosmetic(turn.path, "system_moved", why)
            work.add_system(turn.parts, f"{turn.path}.content")
        else:
            begun = True
            work.add(turn)
    work.finish()
    if not work.contents:
        if not work.system and losses.any_semantic:
            # All content was lost, and each loss is named.
            return Said([{"role": "user", "parts": [{"text": "."}]}], [])
        if not work.system:
            raise Failure.invalid("there is nothing in it for the model to answer", "messages")
        work.system_as_user()
    return Said(work.contents, work.system)


def _check(media: Media, path: str) -> None:
    """Refuse bytes that are not what they are said to be; a label that is merely wrong is taken by
    the vendor (recorded), and stays.
    """
    if media.mime and isinstance(media.source, Base64):
        verify(media.kind, media.mime, media.source.data, path)


def _response(text: str, *, is_error: bool) -> object:
    """The `response` object of a result. See `decode_response_object` for the way back."""
    key = "error" if is_error else "output"
    stripped = text.lstrip()
    if stripped.startswith("{"):
        raw = text.encode("utf-8", "surrogatepass")
        try:
            fields = OBJECT.decode(raw)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return {key: text}
        if is_error or not fields or (len(fields) == 1 and not fields.keys().isdisjoint(_KEYS)):
            return {key: Raw(raw)}
        return Raw(raw)
    return {key: text}


_KEYS: Final = frozenset({"output", "error"})
