"""A worker of the admin API: `python -m fairlead.server.admin.clerk`, for `office` alone.

Reads questions from standard input and writes answers to what was standard output when it began;
whatever else is printed goes to standard error. It ends when its input does: with the gateway,
however that ends.
"""

import contextlib
import os
import sys
from typing import BinaryIO

import msgspec

from fairlead.server.admin.answers import answer
from fairlead.server.admin.office import LENGTH, Question

__all__ = ["main"]

_QUESTION = msgspec.msgpack.Decoder(Question)
_ENCODE = msgspec.msgpack.Encoder().encode
_POLITE = 10
"""Added to the niceness: where processors are few, requests to models come first."""


def main() -> None:
    """Answer until nobody asks any more."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_POLITE)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):  # nobody waits for this answer any more
        while (asked := _frame(sys.stdin.buffer)) is not None:
            told = _ENCODE(answer(_QUESTION.decode(asked)))
            out.write(len(told).to_bytes(LENGTH) + told)
            out.flush()


def _frame(source: BinaryIO) -> bytes | None:
    """The next question; None at the end of the input."""
    head = source.read(LENGTH)
    if len(head) < LENGTH:
        return None
    size = int.from_bytes(head)
    body = source.read(size)
    return body if len(body) == size else None


if __name__ == "__main__":
    main()
