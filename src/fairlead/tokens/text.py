"""A text as counts by class: the o200k tokens of its pieces, by what the pieces are made of.

Tokenizers differ less in how they cut English words than in what they do with digits, punctuation,
capitals and other scripts. So each class is counted apart, and a family has a rate for each.
"""

import re
from collections.abc import Iterable

from fairlead.tokens.vocabulary import count, is_rare, pieces, size_of

__all__ = ["CLASSES", "WHOLE", "classes", "length"]

CLASSES = (
    "words",
    "splits",
    "letters",
    "long",
    "rare",
    "capitals",
    "quotes",
    "digits",
    "digit_chars",
    "marks",
    "mark_chars",
    "spaces",
    "space_chars",
    "latin",
    "cyrillic",
    "cjk",
    "cjk_chars",
    "scripts",
    "symbols",
)
"""`words`: tokens of ASCII words, the first of each, `splits` the others, `letters` their
characters, `long` the letters of one-token words behind the sixth, `rare` one-token words that are
seldom (`vocabulary.RARE`), `capitals` words with capitals
behind the first letter, `quotes` words with an apostrophe; `digits`: tokens of digits,
`digit_chars` their number; `marks`: tokens of punctuation, `mark_chars` its characters; `spaces`:
pieces of nothing but white space, `space_chars` their characters; `latin`, `cyrillic`, `cjk`,
`scripts`: tokens of words beyond ASCII by the script of their last letter, `cjk_chars` characters;
`symbols`: tokens of other signs beyond ASCII (emoji, arrows)."""

WINDOW, WINDOWS = 4_096, 16
WHOLE = WINDOW * WINDOWS
"""Texts up to this many characters are counted whole; of longer ones evenly spaced windows."""

USUAL = 7
"""Characters of a word with its space that most vocabularies hold whole."""

_INDEX = {name: at for at, name in enumerate(CLASSES)}
_WORDS, _SPLITS, _LETTERS, _LONG, _RARE, _CAPITALS, _QUOTES = range(7)
_DIGITS, _DIGIT_CHARS, _MARKS, _MARK_CHARS, _SPACES = range(7, 12)
_SPACE_CHARS = _INDEX["space_chars"]
_LATIN, _CYRILLIC, _CJK, _SCRIPTS, _SYMBOLS = (
    _INDEX[name] for name in ("latin", "cyrillic", "cjk", "scripts", "symbols")
)
_CJK_CHARS = _INDEX["cjk_chars"]
_INNER_CAPITAL = re.compile(r"[A-Za-z][A-Z]")
# Where a script's letters end (Unicode blocks): Latin and IPA, then Greek and Cyrillic, others, and
# from the CJK radicals to the Hangul syllables, and the full-width forms.
_BORDERS = ((0x300, _LATIN), (0x370, _SYMBOLS), (0x590, _CYRILLIC), (0x1E00, _SCRIPTS))
_MORE = ((0x2000, _LATIN), (0x2E80, _SYMBOLS), (0xD7B0, _CJK), (0x10000, _SCRIPTS))


def classes(texts: Iterable[str]) -> list[float]:
    """Counts in the order of `CLASSES` of all the texts together."""
    found = [0.0] * len(CLASSES)
    for text in texts:
        windows, scale = _windows(text)
        for window in windows:
            _add(window, found, scale)
    return found


def length(text: str) -> float:
    """Tokens of o200k in a text; of a long one estimated from windows."""
    windows, scale = _windows(text)
    return scale * sum(map(count, windows))


def _windows(text: str) -> tuple[list[str], float]:
    if len(text) <= WHOLE:
        return [text], 1.0
    step = (len(text) - WINDOW) // (WINDOWS - 1)
    windows = [text[at : at + WINDOW] for at in range(0, step * WINDOWS, step)]
    return windows, len(text) / sum(map(len, windows))


def _add(text: str, found: list[float], scale: float) -> None:
    for piece in pieces(text):
        last = piece[-1]
        size = size_of(piece)
        if not last.isascii():
            _beyond(piece, last, size, found, scale)
        elif last.isalpha():
            found[_WORDS] += scale
            found[_SPLITS] += scale * (size - 1)
            found[_LETTERS] += scale * len(piece)
            if size == 1:
                if len(piece) > USUAL:
                    found[_LONG] += scale * (len(piece) - USUAL)
                if is_rare(piece):
                    found[_RARE] += scale
            if not (piece.islower() or piece.istitle()) and _INNER_CAPITAL.search(piece):
                found[_CAPITALS] += scale
            if "'" in piece:
                found[_QUOTES] += scale
        elif last.isdigit():
            found[_DIGITS] += scale * size
            found[_DIGIT_CHARS] += scale * len(piece)
        elif piece.isspace():
            found[_SPACES] += scale
            found[_SPACE_CHARS] += scale * len(piece)
        else:
            found[_MARKS] += scale * size
            found[_MARK_CHARS] += scale * len(piece)


def _beyond(piece: str, last: str, size: int, found: list[float], scale: float) -> None:
    point = ord(last)
    kind = _SYMBOLS
    if last.isalpha() or point < 0x1E00:
        kind = next((kind for end, kind in _BORDERS + _MORE if point < end), _SYMBOLS)
    elif 0x3000 <= point < 0x3040 or 0xFF00 <= point < 0xFFF0:
        kind = _CJK
    found[kind] += scale * size
    if kind == _CJK:
        found[_CJK_CHARS] += scale * len(piece)
