r"""Counting with a published vocabulary: OpenAI's o200k, whose merges are public.

Theory. A byte-pair tokenizer cuts a text into pieces by a pattern (a word with the space before it,
up to three digits, a run of punctuation, of line ends, of spaces) and each piece by merging its
bytes, the pair of lowest rank first, as long as a pair is in the vocabulary. The pattern here is
tiktoken's `o200k_base`, with the classes of characters that are beyond ASCII mapped to one stand-in
each first, because the standard library's `re` has no `\p{..}`. For OpenAI's models the count is
the vendor's own. Other vendors publish no vocabulary; their counts follow this one closely once
each class of pieces has a rate of its own (`fit`).

The vocabulary ships as data (1 MB, `data/o200k_base.bin`: lengths of the 199,998 tokens in order of
rank, then their bytes, deflated), so that nothing is downloaded. It is OpenAI's file, MIT; the
sha256 of the original is what tiktoken states (`tiktoken_ext/openai_public.py`) and
`scripts/calibrate_tokens.py --vocabulary` checks it. It is read when first needed (some 0.1 s and
30 MB), never by the request path.
"""

import itertools
import re
import unicodedata
import zlib
from functools import cache, lru_cache
from importlib import resources

__all__ = ["count", "is_rare", "pieces", "ranks", "size_of"]

PIECE_MOST = 256
"""Bytes of a piece that are merged at once. Merging is quadratic; longer pieces are no language."""
REMEMBERED = 1 << 16
RARE = 100_000
"""The rank from which a token is rare. Ranks follow frequency, and this is the size of OpenAI's
vocabulary before (`cl100k`): a smaller vocabulary does not hold what stands behind it."""
_NEVER = 1 << 30
"""The rank of a pair that is no token."""

UPPER, LOWER, BOTH, MARK = 1, 2, 3, 4
_STANDS_FOR = {"Lu": UPPER, "Lt": UPPER, "Ll": LOWER, "Lm": BOTH, "Lo": BOTH}


class _Classes(dict[int, int]):
    """`str.translate`'s table: ASCII stays, every other character becomes its class's stand-in."""

    def __missing__(self, point: int) -> int:
        char = chr(point)
        category = unicodedata.category(char)
        if point < 128:
            stand_in = point
        elif category in _STANDS_FOR:
            stand_in = _STANDS_FOR[category]
        elif category[0] == "M":
            stand_in = MARK
        elif category[0] == "N":
            stand_in = ord("0")
        else:
            stand_in = ord("\t") if char.isspace() else ord("!")
        if len(self) < REMEMBERED:
            self[point] = stand_in
        return stand_in


_CLASSES = _Classes()
_LETTER = r"A-Za-z\x01\x02\x03"
_UPPER, _LOWER = r"[A-Z\x01\x03\x04]", r"[a-z\x02\x03\x04]"
_ENDING = r"(?:'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL]))?"
_PATTERN = re.compile(
    rf"[^\r\n{_LETTER}0-9]?{_UPPER}*{_LOWER}+{_ENDING}"
    rf"|[^\r\n{_LETTER}0-9]?{_UPPER}+{_LOWER}*{_ENDING}"
    r"|[0-9]{1,3}"
    rf"| ?[^\s{_LETTER}0-9]+[\r\n/]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@cache
def ranks() -> dict[bytes, int]:
    """Every token's bytes and its rank."""
    packed = resources.files("fairlead.tokens").joinpath("data", "o200k_base.bin").read_bytes()
    head, _, body = packed.partition(b"\n")
    plain = zlib.decompress(body)
    size = at = int(head)
    found = {}
    for rank, length in enumerate(plain[:size]):
        found[plain[at : at + length]] = rank
        at += length
    return found


def pieces(text: str) -> list[str]:
    """The text in the tokenizer's pieces: joined, they are the text."""
    if text.isascii():
        return _PATTERN.findall(text)
    classes = text.translate(_CLASSES)
    return [text[found.start() : found.end()] for found in _PATTERN.finditer(classes)]


_SIZES: dict[str, int] = {}


def size_of(piece: str) -> int:
    """Tokens of one piece."""
    size = _SIZES.get(piece)
    if size is None:
        size = _measured(piece.encode("utf-8", "surrogatepass"))
        if len(_SIZES) < REMEMBERED and len(piece) <= PIECE_MOST:
            _SIZES[piece] = size
    return size


_RARE: dict[str, bool] = {}


def is_rare(piece: str) -> bool:
    """Whether a piece of one token is so seldom that other vocabularies may well cut it."""
    rare = _RARE.get(piece)
    if rare is None:
        rare = ranks().get(piece.encode("utf-8", "surrogatepass"), 0) >= RARE
        if len(_RARE) < REMEMBERED:
            _RARE[piece] = rare
    return rare


def count(text: str) -> int:
    """Tokens of a text."""
    return sum(map(size_of, pieces(text)))


def _measured(piece: bytes) -> int:
    if piece in ranks():
        return 1
    return sum(_merged(piece[at : at + PIECE_MOST]) for at in range(0, len(piece), PIECE_MOST))


@lru_cache(maxsize=4_096)
def _merged(piece: bytes) -> int:
    """How many tokens are left when no pair of neighbours is in the vocabulary any more."""
    rank_of = ranks().get
    parts = [piece[at : at + 1] for at in range(len(piece))]
    pairs = [rank_of(a + b, _NEVER) for a, b in itertools.pairwise(parts)]
    while pairs:
        lowest = min(pairs)
        if lowest == _NEVER:
            break
        at = pairs.index(lowest)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
        del pairs[at]
        if at < len(pairs):
            pairs[at] = rank_of(parts[at] + parts[at + 1], _NEVER)
        if at:
            pairs[at - 1] = rank_of(parts[at - 1] + parts[at], _NEVER)
    return len(parts)
