"""The contract of embeddings in a dialect: like a codec, pure functions in a table.

    client's body --read--> Wanted --write--> vendor's bodies
    vendor's answers --vectors--> Vectors --say--> client's answer

Vectors stay the JSON that the vendor wrote, so that no digit changes on the way.
"""

from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Dialect, Failure, Loss

__all__ = ["Embedding", "Vectors", "Wanted", "numbers"]

_FLOATS = msgspec.json.Decoder(list[float])


class Wanted(Struct, frozen=True):
    """Texts that shall become vectors, and what the body says that has no place here (`losses`).

    `packed`: the vectors shall come as base64 of little-endian 32-bit floats (OpenAI's). `lone`:
    one text was sent where the dialect knows of one or many (Gemini's `embedContent`).
    """

    texts: tuple[str, ...]
    dimensions: int | None = None
    packed: bool = False
    lone: bool = False
    losses: tuple[Loss, ...] = ()


class Vectors(Struct, frozen=True):
    """JSON arrays of numbers, one for each text in order, and the tokens that the vendor counted
    (None: it did not say).
    """

    values: tuple[Raw, ...]
    tokens: int | None = None


class Embedding(Struct, frozen=True):
    """How one dialect embeds.

    - `name`: the model that a client's body names, `""` where the URL does
    - `read`: a client's body; a `Failure` at the field at fault
    - `write`: the body for a model's id
    - `vectors`: a vendor's answer; a `Failure` if it is none
    - `say`: the answer for a client that wanted this of a model
    - `renamed`: a client's body for a vendor of its dialect, with the name that was asked for
      replaced by the model's id; the very same bytes where nothing changes

    `most` is the number of texts that one call takes.
    """

    dialect: Dialect
    most: int
    name: Callable[[bytes], str]
    read: Callable[[bytes], Wanted]
    write: Callable[[Wanted, str], bytes]
    vectors: Callable[[bytes], Vectors]
    say: Callable[[Vectors, Wanted, str], bytes]
    renamed: Callable[[bytes, str, str], bytes]


def numbers(vector: Raw) -> list[float]:
    """The numbers of one vector.

    Raises:
        Failure: it is no array of numbers.
    """
    try:
        return _FLOATS.decode(vector)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failure.invalid(f"no vector: {error}") from error
