"""The quick way: a text's tokens from its characters' classes, for the request path.

No vocabulary is at hand here and none may cost time. What is at hand is the text, and two
observations about subword tokenizers:

- Within one class of characters tokens per character are nearly constant: English letters make
  long tokens, digits and punctuation short ones, CJK about one token a character; each word and
  each line costs something beside. So each byte is translated into what its class takes, in whole
  units, and the bytes are added up; both run in C. What adds bytes up is Adler-32: its lower half
  is their sum modulo 65,521 (RFC 1950, section 8.2), which so many bytes as are given to it at
  once (`CHUNK`) can't reach. A word is counted with the space behind it, and of spaces that touch
  all but one are taken off again.
- A text is like its parts: of a long one, evenly spaced windows are counted and scaled up. They
  are an eighth of 16 KB, and off by 2 % (19 of 20: 6 %) of what counting all gives, measured on
  prose, code, JSON and others' prompts: beside the rates' own error (docs/tokens.md: half within
  22 %) it is small. Many short windows are as good as half as many of four times the length.

The rates are fitted to Claude's tokenizer, the largest of the families'. `estimate` is the precise
way, some ten times slower.
"""

from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from zlib import adler32

__all__ = ["WHOLE", "text_tokens"]

UNIT = 1 / 45
"""Tokens. The rates below are whole numbers of it."""
LETTER = 7 * UNIT
DIGIT = 43 * UNIT
WORD = 18 * UNIT
NEWLINE = 45 * UNIT
PUNCTUATION = 31 * UNIT
# Beyond ASCII by the bytes that UTF-8 needs: Latin and Cyrillic two, CJK and most scripts three,
# emoji four.
TWO_BYTES = 0.50
THREE_BYTES = 1.10
FOUR_BYTES = 2.50

WHOLE = 4_096
"""Texts up to this many characters are counted whole."""
LEAST_WINDOW, MOST_WINDOW = 64, 1_024
WINDOWS = 32
SHARE = 256
"""A window is this part of the text, so that all of them are an eighth of it: from 16 KB, below
which they are as short as they may be, up to 256 KB, where they are as long as they may be."""
SIZE_BITS = 6
"""Sizes are rounded down to so many bits, for that windows can be kept: of a text up to 3 % at its
end have none."""
CHUNK = 1_520
"""Bytes of at most 43 units each, a digit, that can't add up to 65,521."""

_SPACES = b" \t\n\r\x0b\x0c"


def _units(byte: int) -> int:
    """What a byte takes; a space takes what the word before it does."""
    if byte in _SPACES:
        return round(WORD / UNIT)
    if byte < 128 and chr(byte).isalnum():
        return round((LETTER if chr(byte).isalpha() else DIGIT) / UNIT)
    return round(PUNCTUATION / UNIT)


_UNITS = bytes([_units(byte) for byte in range(256)])
_A_WORD = _UNITS[ord(" ")]
_LINE_END = ord("\n")
_TWO, _THREE = bytes([_A_WORD] * 2), bytes([_A_WORD] * 3)
"""Spaces that touch, in units."""
_LETTERS = bytes([_A_WORD if byte == _A_WORD else 0 for byte in range(256)])
"""Units to the same where they stand for a space, else to 0."""


def text_tokens(text: str) -> float:
    """Tokens of a text, by its characters' classes."""
    size = len(text)
    if size <= WHOLE:
        return _by_class(text)
    coarse = max(0, size.bit_length() - SIZE_BITS)
    sample = "".join(_windows(size >> coarse << coarse)(text))
    return _by_class(sample) * (size / len(sample))


@lru_cache(maxsize=256)
def _windows(size: int) -> Callable[[str], tuple[str, ...]]:
    """A text of about this size to its windows. Runs in C."""
    window = min(MOST_WINDOW, max(LEAST_WINDOW, size // SHARE))
    step = (size - window) // (WINDOWS - 1)
    return itemgetter(*[slice(at, at + window) for at in range(0, step * WINDOWS, step)])


def _by_class(text: str) -> float:
    if text.isascii():
        plain = text.encode()
        beyond = 0.0
    else:
        plain = text.encode("ascii", "ignore")
        others = len(text) - len(plain)
        # A lone surrogate cannot be encoded; it counts as a character of three bytes.
        each = (len(text.encode("utf-8", "surrogatepass")) - len(plain)) / others
        beyond = others * _rate(each)
    size = len(plain)
    if not size:
        return beyond
    weighed = plain.translate(_UNITS)
    if size <= CHUNK:
        units = adler32(weighed, 0) & 0xFFFF
    else:
        units = sum([adler32(weighed[at : at + CHUNK], 0) & 0xFFFF for at in range(0, size, CHUNK)])
    # Words beyond spaces: one where neither end of the text is a space.
    words = 1 - (weighed[0] == _A_WORD) - (weighed[-1] == _A_WORD)
    pairs = weighed.count(_TWO)
    if pairs:
        words -= pairs if _THREE not in weighed else _behind(weighed)
    tokens = beyond + (units + words * _A_WORD) * UNIT
    return tokens + plain.count(b"\n") * NEWLINE if _LINE_END in plain else tokens


def _behind(weighed: bytes) -> int:
    """Spaces that stand behind another one, of which some stand behind two."""
    spaced = weighed.translate(_LETTERS)
    return spaced.count(_TWO[:1]) - spaced.count(_TWO[:1] + b"\0") - (spaced[-1] == _A_WORD)


def _rate(each: float) -> float:
    """Tokens per character that takes `each` bytes on average, between the three known rates."""
    if each <= 3:
        return TWO_BYTES + (each - 2) * (THREE_BYTES - TWO_BYTES)
    return THREE_BYTES + (each - 3) * (FOUR_BYTES - THREE_BYTES)
