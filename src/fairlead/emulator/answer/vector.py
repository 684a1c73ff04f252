"""Vectors for texts and tokens: made of the words alone, so that like texts are near each other."""

import hashlib
import math
import re

__all__ = ["vector"]

_WORD = re.compile(r"\w+")
PER_WORD = 16


def vector(given: str | list[int], size: int) -> list[float]:
    """A vector of length 1 and `size` numbers; each word, or token, pulls in directions of its
    own.
    """
    words = _WORD.findall(given.lower()) if isinstance(given, str) else [str(one) for one in given]
    sums = [0.0] * size
    for word in words or [str(given)]:
        digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=64).digest()
        for place in range(PER_WORD):
            number = int.from_bytes(digest[place * 4 : place * 4 + 4])
            sums[(number >> 1) % size] += 1.0 if number & 1 else -1.0
    length = math.sqrt(sum(one * one for one in sums)) or 1.0
    return [one / length for one in sums]
