"""Which session a request belongs to, by what it begins with: nobody has to say so.

Every turn of a conversation sends the same instructions and the same first words of the user again.
So these, with whose key it is, tell sessions apart; two of one key that begin alike count as one,
which is what shares want: the same beginning draws the same model, and finds its cache warm.
"""

from hashlib import blake2b
from typing import Final

from fairlead.canon import Part, Request, Text

__all__ = ["session_of"]

READ: Final = 512
"""Characters of the instructions and of the first turn that are looked at, from either end."""


def session_of(request: Request, scope: str) -> int:
    """A number that a session's requests share. `scope` is the key's id, so that two users of the
    same prompt are two sessions.
    """
    hashing = blake2b(scope.encode(), digest_size=7)
    for part in request.instructions:
        hashing.update(_read(part))
    for turn in request.turns:
        if turn.role == "user":
            for part in turn.parts:
                hashing.update(_read(part))
            break
    return int.from_bytes(hashing.digest(), "big")


def _read(part: Part) -> bytes:
    if type(part) is not Text:
        return b"\0" + type(part).__name__.encode()
    text = part.text
    if len(text) > 2 * READ:
        text = f"{text[:READ]}\0{text[-READ:]}\0{len(text)}"
    return b"\1" + text.encode("utf-8", "surrogatepass")
