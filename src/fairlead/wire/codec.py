"""The contract of a dialect: bytes in, canon out, and back. Nothing here does I/O.

A codec is a module-level table of plain functions and small classes. `Target` is what an encoder
must know of the model behind: facts, never a vendor's name. An encoder returns `Encoded`: the
bytes and what they could not say. A decoder raises `Failure` with the path of the field at fault.
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from fairlead.canon import (
    Deltas,
    Dialect,
    Event,
    Loss,
    Problem,
    Reasoning,
    Request,
    Response,
    Usage,
)
from fairlead.catalog.model import Model

__all__ = [
    "Codec",
    "Encoded",
    "Framing",
    "Meter",
    "Peek",
    "Reply",
    "State",
    "StreamDecoder",
    "StreamEncoder",
    "Stripper",
    "Target",
    "UsageTap",
]


Framing = Literal["", "sse", "array"]
"""How an answer is streamed: not, as server-sent events, or as one JSON array (Gemini's)."""


class Peek(Struct, frozen=True):
    """What the engine must know before it decides to decode: read without a full decode."""

    model: str
    stream: bool = False
    max_tokens: int | None = None


class Target(Struct, frozen=True):
    """The model that a request is encoded for.

    `model` is the id that goes on the wire. `facts` are the catalogue's (an unknown model gets the
    facts of `Model.unknown`). `allow_loss` turns semantic losses from a refusal into a note.
    """

    model: str
    facts: Model
    allow_loss: bool = False


class Encoded(Struct, frozen=True):
    """Bytes for the wire, and the losses. A semantic loss means: do not send unless allowed."""

    body: bytes
    losses: tuple[Loss, ...] = ()


class Reply(Struct, frozen=True):
    """What the client-facing encoders need beyond the answer itself.

    `model` is the name to report; `created` Unix seconds; `request_id` ours. `include_usage` is
    the client's wish for a usage chunk. `extra` is a JSON object that is attached to the final
    usage as `fairlead` (cost, route), `b""` for none. `request` is what was asked, for dialects
    whose answers tell the request's settings again, and for calls of custom tools;
    `previous_response_id` is the answer that the client said it continues.
    """

    model: str
    created: int
    request_id: str
    include_usage: bool = False
    extra: bytes = b""
    request: Request | None = None
    previous_response_id: str | None = None


class StreamDecoder(Protocol):
    """Upstream bytes in, canonical events out. Any chunking gives the same events."""

    def feed(self, data: bytes) -> list[Event]:
        """Events that `data` completes. A malformed stream gives a `StreamError`, no exception."""
        ...

    def told(self, data: bytes) -> Sequence[Event | Deltas]:
        """As `feed`; deltas of one part that follow each other may come as one `Deltas`."""
        ...

    def close(self) -> list[Event]:
        """Events due at the end of the body; a `StreamError` if it ended too early."""
        ...


class StreamEncoder(Protocol):
    """Canonical events in, client bytes out."""

    losses: list[Loss]

    def encode(self, event: Event) -> bytes:
        """Bytes for one event (may be empty)."""
        ...

    def encode_run(self, run: Deltas) -> bytes:
        """The bytes that `encode` would give for each of its deltas."""
        ...

    def close(self, extra: bytes = b"") -> bytes:
        """The end of the stream: usage chunk, terminator. `extra` is as in `Reply.extra`."""
        ...


class UsageTap(Protocol):
    """Reads a same-dialect stream that passes by, without touching it.

    `finish` is the vendor's word for why the answer ended; a stream that ends without one was
    broken off, whatever its status says.
    """

    usage: Usage | None
    finish: str | None

    def feed(self, data: bytes) -> None:
        """Look at the bytes. Never raises: an unreadable stream leaves `usage` None."""
        ...


class Stripper(Protocol):
    """Takes out of a passing stream what only the gateway asked for."""

    def feed(self, data: bytes) -> bytes:
        """What of `data`, and of what was held back, the client shall get."""
        ...

    def close(self) -> bytes:
        """What is still held back at the end."""
        ...


class Meter(Struct, frozen=True):
    """How a dialect whose streams may leave usage out is made to tell it.

    `ask` patches a request that streams without usage; it returns the very same bytes where the
    client asks itself. `strip` makes what takes the extra chunk out of the answer again.
    """

    ask: Callable[[bytes], bytes]
    strip: Callable[[], Stripper]


class State(Struct, frozen=True):
    """How a dialect whose clients may leave the conversation with the server does so.

    `previous_id` reads which answer a request builds on, `wants_store` whether its own answer is to
    be kept, `input_items` what is new in it (raw JSON items). `expand` makes it whole: history
    before the input, everything else verbatim. `final` is the whole answer that a stream encoder or
    usage tap of the dialect has seen, `b""` before its end.
    """

    previous_id: Callable[[bytes], str | None]
    wants_store: Callable[[bytes], bool]
    input_items: Callable[[bytes], tuple[bytes, ...]]
    expand: Callable[[bytes, tuple[bytes, ...]], bytes]
    final: Callable[[object], bytes]


def _nothing_left(_body: bytes) -> bool:
    return False


def _no_uri(_uri: str) -> bool:
    return False


def _no_headers(_headers: Sequence[tuple[bytes, bytes]]) -> tuple[Loss, ...]:
    return ()


def _no_region(_body: bytes) -> str | None:
    return None


def _as_it_is(path: str, _request: Request) -> str:
    return path


class Codec(Struct, frozen=True):
    """One dialect. Each field is a plain function; docs of each stand with its implementation.

    `model_in_body`: the body names the model, not the URL. `framing`: how streams are framed.
    `request_id_header`: where this dialect's SDK looks for the request's id. `meter`: see there.
    `left_behind` has a quick look whether a body holds what only a translated answer can have left
    in it (a thought that nobody signed): then it is not passed on as it came. `read_headers` tells
    what the client's headers say that another dialect can't, and refuses what makes no sense.
    `unsaid_reasoning` is what a request of this dialect means that says nothing of thinking.
    `state`: see there. `vendor_uri` tells addresses that only the dialect's vendor can read (an
    uploaded file, a video of its own): they are passed on and never fetched. `asked_region` reads
    where a request of this dialect wants to be computed, as `Usage.region` tells it: asked only
    where the price depends on it and the answer does not say.

    `ask_caching` asks, in a body of this dialect that does not, for its beginning to be cached up
    to one or two places: `(turn, block)`, as in `tokens.prefix.Place`, the nearer one first. It
    gives the very same bytes where none of them can be asked for. None: nobody is to be asked.

    `client_path` turns canon's path of a field (in another dialect's loss or error) into the path
    at which this dialect's client wrote it.
    """

    dialect: Dialect
    peek: Callable[[bytes], Peek]
    decode_request: Callable[[bytes], Request]
    encode_request: Callable[[Request, Target], Encoded]
    decode_response: Callable[[bytes], Response]
    encode_response: Callable[[Response, Reply], Encoded]
    stream_decoder: Callable[[], StreamDecoder]
    stream_encoder: Callable[[Reply], StreamEncoder]
    usage_tap: Callable[[], UsageTap]
    decode_error: Callable[[int, dict[str, str], bytes], Problem]
    encode_error: Callable[[Problem, str], bytes]
    stream_content_type: str = "text/event-stream"
    client_path: Callable[[str, Request], str] = _as_it_is
    ask_caching: Callable[[bytes, Sequence[tuple[int, int]]], bytes] | None = None
    model_in_body: bool = True
    framing: Framing = "sse"
    request_id_header: bytes = b""
    meter: Meter | None = None
    left_behind: Callable[[bytes], bool] = _nothing_left
    unsaid_reasoning: Reasoning | None = None
    state: State | None = None
    vendor_uri: Callable[[str], bool] = _no_uri
    read_headers: Callable[[Sequence[tuple[bytes, bytes]]], tuple[Loss, ...]] = _no_headers
    asked_region: Callable[[bytes], str | None] = _no_region
