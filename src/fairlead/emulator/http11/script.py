"""From a reply to what is done at the socket, and when.

A reply's payload is a list of `Part(due, data, tokens)`. Faults change the parts (cut, delay,
corrupt, split) and the `Ending`; only then comes the framing. So a fault's `after` counts bytes of
the body as the client reads it, and never bytes of chunk headers.
"""

from typing import Literal

from msgspec import Struct

from fairlead.emulator.http11.pace import Pace
from fairlead.emulator.http11.reply import Reply

__all__ = ["Ending", "Part", "Script", "Step", "frame", "script_of"]

Ending = Literal["keep", "close", "reset"]


class Part(Struct):
    """Payload bytes, `due` seconds after the request; `raw` ones are not framed (bad chunks)."""

    due: float
    data: bytes
    tokens: int = 0
    raw: bool = False


class Step(Struct, frozen=True):
    """Bytes for the socket, `due` seconds after the request. `tokens` made by then, in all."""

    due: float
    data: bytes
    tokens: int = 0


class Script(Struct):
    """A whole answer before its framing.

    `head_due`: when the head goes out (None: never). `length` overrules the content-length.
    `chunked` tells how the parts are framed. `last_due` is when the ending happens.
    """

    reply: Reply
    head_due: float | None
    parts: list[Part]
    chunked: bool
    ending: Ending = "keep"
    terminated: bool = True
    length: int | None = None
    last_due: float = 0.0


def script_of(reply: Reply, pace: Pace) -> Script:
    """The script of a reply without faults."""
    if reply.pieces is None:
        due = pace.due(reply.tokens) if reply.tokens else 0.0
        return Script(reply, due, [Part(due, reply.body, reply.tokens)], chunked=False)
    made = 0
    parts: list[Part] = []
    for piece in reply.pieces:
        made += piece.tokens
        parts.append(Part(pace.due(made), piece.data, made))
    return Script(reply, pace.ttft, parts, chunked=True)


def frame(script: Script) -> list[Step]:
    """The steps at the socket."""
    if script.head_due is None:
        return []
    size = sum(len(p.data) for p in script.parts) if script.length is None else script.length
    framing = "transfer-encoding: chunked" if script.chunked else f"content-length: {size}"
    steps = [Step(script.head_due, script.reply.head(framing))]
    for part in script.parts:
        if not part.data:
            continue
        data = part.data
        if script.chunked and not part.raw:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        steps.append(Step(part.due, data, part.tokens))
    if script.chunked and script.terminated:
        last = steps[-1]
        steps.append(Step(last.due, b"0\r\n\r\n", last.tokens))
    return steps
