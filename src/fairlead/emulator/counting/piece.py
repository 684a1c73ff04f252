"""A prompt as a row of pieces, each with what it costs and what it is known by."""

import hashlib

import msgspec

__all__ = ["Count", "Piece", "count_of", "digest"]


class Piece(msgspec.Struct, frozen=True):
    """A block of a prompt, in the order in which the vendor reads and caches it.

    `digest` stands for its content and place; `mark` is the time to live of a cache breakpoint
    behind it (`5m` or `1h`), None without one.
    """

    tokens: int
    modality: str
    digest: bytes
    mark: str | None = None


class Count(msgspec.Struct, frozen=True):
    """Input tokens, in all and by modality (`TEXT`, `IMAGE`, `AUDIO`, `VIDEO`, `DOCUMENT`)."""

    total: int
    by_modality: dict[str, int]


def count_of(pieces: list[Piece]) -> Count:
    """The sum of the pieces; modalities that cost nothing are left out."""
    sums: dict[str, int] = {}
    for piece in pieces:
        if piece.tokens:
            sums[piece.modality] = sums.get(piece.modality, 0) + piece.tokens
    return Count(sum(sums.values()), sums)


def digest(*content: object) -> bytes:
    """What content is known by: equal for equal JSON, in the order of its keys."""
    return hashlib.blake2b(msgspec.json.encode(content), digest_size=16).digest()
