"""Content: what a turn or an answer is made of.

Every value is frozen and says where it came from when that matters: a `Signature` names the
dialect that can check it, an `Opaque` block keeps the bytes of what no other dialect can say.
The union is of what the vendors can say; it is never one vendor's dialect.
"""

from typing import Literal

from msgspec import Struct

__all__ = [
    "Base64",
    "CacheMark",
    "Citation",
    "Dialect",
    "FileRef",
    "Media",
    "MediaKind",
    "Opaque",
    "Part",
    "PlainText",
    "Refusal",
    "Signature",
    "Source",
    "Text",
    "Thinking",
    "ToolCall",
    "ToolResult",
    "Url",
]

Dialect = Literal["openai_chat", "openai_responses", "anthropic", "gemini"]
MediaKind = Literal["image", "audio", "video", "document"]


class CacheMark(Struct, frozen=True):
    """A prompt-cache breakpoint behind this part (Anthropic's `cache_control`)."""

    ttl: Literal["5m", "1h"] = "5m"


class Signature(Struct, frozen=True):
    """A vendor's opaque proof that it wrote a part; only that dialect may get it back."""

    dialect: Dialect
    value: str


class Citation(Struct, frozen=True):
    """A citation or grounding note, kept as its dialect's JSON (`raw`)."""

    dialect: Dialect
    raw: bytes
    url: str | None = None
    title: str | None = None


class Text(Struct, frozen=True, tag="text"):
    """Plain text. `signature` because Gemini signs (even empty) text parts."""

    text: str
    signature: Signature | None = None
    citations: tuple[Citation, ...] = ()
    cache: CacheMark | None = None


class Refusal(Struct, frozen=True, tag="refusal"):
    """Text with which the model declined, in dialects that keep it apart from text."""

    text: str


class Thinking(Struct, frozen=True, tag="thinking"):
    """A thought. `redacted` holds encrypted thinking that has no readable text."""

    text: str = ""
    signature: Signature | None = None
    redacted: bool = False


class Base64(Struct, frozen=True, tag="base64"):
    """Inline bytes as standard base64 text (padded, `+` and `/`)."""

    data: str


class Url(Struct, frozen=True, tag="url"):
    """A web address. Never a `data:` URL: those are decoded to `Base64`."""

    url: str


class FileRef(Struct, frozen=True, tag="file"):
    """A file that was uploaded to one vendor; means nothing to another."""

    dialect: Dialect
    id: str


class PlainText(Struct, frozen=True, tag="plain"):
    """A text document given as text."""

    text: str


Source = Base64 | Url | FileRef | PlainText


class Media(Struct, frozen=True, tag="media"):
    """An image, sound, video or document.

    `mime` is empty when the dialect lets the client leave it out (an image URL).
    `detail` is OpenAI's low/high/auto hint. `title` and `context` are Anthropic's document fields;
    `citations` asks for citations on this document. `extra` keeps fields no other dialect has
    (Gemini's `videoMetadata`, ...) as a JSON object, `b""` when there are none.
    """

    kind: MediaKind
    mime: str
    source: Source
    name: str | None = None
    detail: str | None = None
    title: str | None = None
    context: str | None = None
    citations: bool | None = None
    signature: Signature | None = None
    cache: CacheMark | None = None
    extra: bytes = b""


class ToolCall(Struct, frozen=True, tag="tool_call"):
    """A call that the model makes.

    `arguments` is JSON text exactly as it came (an object, except where `custom` is true: then it
    is free text). It is spliced verbatim on the way out, so that prompt caches and signatures hold.
    """

    id: str
    name: str
    arguments: str
    custom: bool = False
    signature: Signature | None = None
    cache: CacheMark | None = None


class Opaque(Struct, frozen=True, tag="opaque"):
    """A block that only `dialect` can say, as its JSON. `kind` names it for a loss message.

    `text` is what another dialect may say in its place without losing content (`""`: nothing is
    left to say); None where it means nothing elsewhere.
    """

    dialect: Dialect
    kind: str
    raw: bytes
    text: str | None = None


class ToolResult(Struct, frozen=True, tag="tool_result"):
    """What a tool gave back for the call `call_id`.

    `name` is the function's name where the dialect repeats it (Gemini); `json` is true when the
    one text part is a JSON object that the dialect carried as an object and not as text.
    """

    call_id: str
    content: "tuple[Text | Media | Opaque, ...]" = ()
    name: str | None = None
    is_error: bool = False
    json: bool = False
    custom: bool = False
    cache: CacheMark | None = None


Part = Text | Refusal | Thinking | Media | ToolCall | ToolResult | Opaque
