"""Identifiers that look like the vendor's and depend on the request alone."""

import hashlib

__all__ = ["ident"]

_LETTERS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LOWER = "0123456789abcdefghijklmnopqrstuvwxyz"


def ident(seed: bytes, kind: str, length: int, *, lower: bool = False) -> str:
    """`length` letters and digits made of a seed and what they name."""
    digest = hashlib.blake2b(seed + kind.encode(), digest_size=32).digest()
    letters = _LOWER if lower else _LETTERS
    return "".join([letters[b % len(letters)] for b in digest[:length]])
