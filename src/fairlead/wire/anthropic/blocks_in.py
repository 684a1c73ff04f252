"""Content blocks into parts: requests, answers and the starts of streamed blocks share this.

A block of a type that canon doesn't know, or whose meaning it can't hold (a document made of
blocks, a call made by code execution), stays whole as `Opaque`.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from fairlead.canon import (
    Citation,
    Extra,
    Failure,
    Opaque,
    Part,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from fairlead.canon.content import Media
from fairlead.wire.anthropic.cache import read_cache
from fairlead.wire.anthropic.extras import keep_left
from fairlead.wire.anthropic.media import read_document, read_image
from fairlead.wire.anthropic.tools import TOOL_SEARCH
from fairlead.wire.anthropic.types import DIALECT, Fields, Raw, opens_with, read

__all__ = ["read_block", "read_citation", "read_content"]


class _Where(msgspec.Struct):
    url: str | None = None
    title: str | None = None
    document_title: str | None = None


class _Caller(msgspec.Struct):
    type: str


_WHERE = msgspec.json.Decoder(_Where)
_CALLER = msgspec.json.Decoder(_Caller)


def read_citation(raw: Raw) -> Citation:
    """One entry of a text block's `citations`."""
    try:
        where = _WHERE.decode(raw)
    except msgspec.ValidationError:
        where = _Where()
    return Citation(DIALECT, bytes(raw), where.url, where.title or where.document_title)


def read_content(fields: Fields, key: str, kept: list[Extra] | None) -> tuple[Part, ...]:
    """A `content` or `system`: "using a `string` is shorthand for an array of one text block"."""
    raw = fields.raw.get(key)
    if raw is not None and opens_with(raw, b'"'):
        text = fields.needed_text(key)
        return (Text(text),)
    return tuple(read_block(item, path, kept) for path, item in fields.items(key))


def read_block(raw: Raw, path: str, kept: list[Extra] | None) -> Part:
    """One block. Fields that nobody knows go to `kept`, or are left out where that is None."""
    fields = Fields(raw, path)
    kind = fields.needed_text("type")
    reader = _READERS.get(kind)
    part = reader(fields, kept) if reader is not None else None
    if part is None:
        tell = _WORDS.get(kind)
        return Opaque(DIALECT, kind, bytes(raw), tell(raw) if tell is not None else None)
    if kept is not None and fields.raw:
        keep_left(fields, kept)
    return part


class _Named(msgspec.Struct):
    name: str = ""
    tool_name: str = ""


class _Piece(msgspec.Struct):
    text: str = ""


class _Found(msgspec.Struct):
    title: str = ""
    source: str = ""
    content: list[_Piece] = []


_NAMED = msgspec.json.Decoder(_Named)
_FOUND = msgspec.json.Decoder(_Found)


def _search_result(raw: Raw) -> str | None:
    """A client's own search result: its title, where it is from, and its texts."""
    try:
        found = _FOUND.decode(raw)
    except msgspec.ValidationError:
        return None
    texts = [piece.text for piece in found.content]
    return "\n".join([found.title, found.source, *texts])


def _reference(raw: Raw) -> str | None:
    """The tool that a tool search of the client's has found: it is offered all the same."""
    try:
        return _NAMED.decode(raw).tool_name
    except msgspec.ValidationError:
        return None


def _search(raw: Raw) -> str | None:
    """A call of the vendor's tool search; of its other tools None."""
    try:
        return "" if _NAMED.decode(raw).name.startswith(TOOL_SEARCH) else None
    except msgspec.ValidationError:
        return None


def _nothing(_: Raw) -> str:
    """Tools that are found or added are offered elsewhere from the beginning."""
    return ""


_WORDS: Final[dict[str, Callable[[Raw], str | None]]] = {
    "search_result": _search_result,
    "tool_reference": _reference,
    "tool_addition": _nothing,
    "tool_search_tool_result": _nothing,
    "server_tool_use": _search,
}


def _text(fields: Fields, _: list[Extra] | None) -> Text:
    text = fields.needed_text("text")
    if not fields.raw:
        return Text(text)
    citations = tuple(read_citation(raw) for _, raw in fields.items("citations"))
    return Text(text, citations=citations, cache=read_cache(fields))


def _thinking(fields: Fields, _: list[Extra] | None) -> Thinking:
    text = fields.text("thinking") or ""
    signature = fields.text("signature")
    return Thinking(text, Signature(DIALECT, signature) if signature else None)


def _redacted(fields: Fields, _: list[Extra] | None) -> Thinking:
    return Thinking(signature=Signature(DIALECT, fields.needed_text("data")), redacted=True)


def _tool_use(fields: Fields, _: list[Extra] | None) -> ToolCall | None:
    caller = fields.take("caller")
    if caller is not None and read(_CALLER, caller, fields.at("caller")).type != "direct":
        return None  # called by code that the vendor runs: its result goes back to that code
    arguments = fields.take("input")
    if arguments is not None and not opens_with(arguments, b"{"):
        raise Failure.invalid("must be a JSON object", fields.at("input"))
    return ToolCall(
        id=fields.needed_text("id"),
        name=fields.needed_text("name"),
        arguments=bytes(arguments).decode() if arguments is not None else "{}",
        cache=read_cache(fields),
    )


def _tool_result(fields: Fields, kept: list[Extra] | None) -> ToolResult:
    call_id = fields.needed_text("tool_use_id")
    content = read_content(fields, "content", kept)
    for index, part in enumerate(content):
        if not isinstance(part, Text | Media | Opaque):
            at = f"{fields.at('content')}[{index}]"
            raise Failure.invalid("cannot stand in a tool result", at)
    return ToolResult(
        call_id,
        content,  # type: ignore[arg-type]  # the loop above has narrowed every element
        is_error=fields.flag("is_error") or False,
        cache=read_cache(fields),
    )


_Reader = Callable[[Fields, list[Extra] | None], Part | None]
_READERS: Final[dict[str, _Reader]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "image": lambda fields, _: read_image(fields),
    "document": lambda fields, _: read_document(fields),
}
