"""The contract of counting tokens in a dialect: like a codec, pure functions in a table.

A body that asks for a count says what a request for an answer would say, in its own wrapping and
without what only an answer needs. So it is decoded and encoded by the dialect's codec, and this
table holds what is different.
"""

from collections.abc import Callable

from msgspec import Struct

from fairlead.canon import Dialect

__all__ = ["Counting", "Unwrapped"]


class Unwrapped(Struct, frozen=True):
    """The request that a body asks to count. `inside` is where in the client's body it stands, as
    the beginning of a path (`""`: it is the body itself).
    """

    body: bytes
    inside: str = ""


def _is_the_request(body: bytes) -> Unwrapped:
    return Unwrapped(body)


class Counting(Struct, frozen=True):
    """How one dialect counts.

    - `unwrap`: the request in a client's body, as the codec reads it
    - `renamed`: a client's body for a vendor of its dialect, with the name that was asked for
      replaced by the model's id; None where splicing `model` is all
    - `fit`: an encoded request and a model's id to a body that the vendor's endpoint takes
    - `read`: a vendor's answer to a number of tokens; a `Failure` if there is none in it
    - `say`: a number of tokens to an answer
    """

    dialect: Dialect
    fit: Callable[[bytes, str], bytes]
    read: Callable[[bytes], int]
    say: Callable[[int], bytes]
    unwrap: Callable[[bytes], Unwrapped] = _is_the_request
    renamed: Callable[[bytes, str, str], bytes] | None = None
