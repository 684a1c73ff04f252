"""The contract of counting tokens in a dialect: like a codec, pure functions in a table.

A body that asks for a count says what a request for an answer would say, in its own wrapping and
without what only an answer needs. So it is decoded and encoded by the dialect's codec, and this
table holds what is different.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Dialect, Failure

__all__ = ["Counting", "Unwrapped", "only", "read_input_tokens"]


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


class _InputTokens(Struct):
    input_tokens: int


_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_INPUT_TOKENS: Final = msgspec.json.Decoder(_InputTokens)
_encode: Final = msgspec.json.Encoder().encode


def only(taken: frozenset[str]) -> Callable[[bytes, str], bytes]:
    """A `fit` for an endpoint that takes these fields of a request and refuses all others."""

    def fit(body: bytes, _model: str) -> bytes:
        return _encode({k: v for k, v in _OBJECT.decode(body).items() if k in taken})

    return fit


def read_input_tokens(body: bytes) -> int:
    """A `read` for an answer that holds `input_tokens`."""
    try:
        return _INPUT_TOKENS.decode(body).input_tokens
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure.invalid(f"no count of tokens: {error}") from error
