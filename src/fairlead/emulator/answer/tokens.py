"""Output tokens of the emulator: pieces of text, so that an answer can be cut and streamed.

No vendor's tokenizer is public for these models; a piece is a word's part of up to six letters with
the white space before it, which comes near the four characters a token that vendors name.
"""

import re

__all__ = ["count", "pieces"]

_PIECE = re.compile(r"\s*(?:[^\W_]{1,6}|[^\w\s]{1,4}|_)|\s+$")


def pieces(text: str) -> list[str]:
    """The text cut into tokens; joined they are the text."""
    return _PIECE.findall(text)


def count(text: str) -> int:
    """The number of tokens of a text."""
    return len(_PIECE.findall(text))
