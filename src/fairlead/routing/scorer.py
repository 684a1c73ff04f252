"""A learned scorer: how likely each of two models answers a prompt right. Inference alone, pure.

A prompt becomes (1) the set of its words and pairs of words, hashed into buckets (`WORDS` for the
ones, the rest of `BUCKETS` for the others), weighed by how rare they are (idf), the whole brought
to length 1, and (2) `SHAPES` figures about its shape, such as its length and its share of digits.
Each model has a linear head over both; the logistic function makes a probability of its sum.
`fairlead route train` learns the heads with the very functions of this file, so that training and
serving can't drift apart.

A file is one line `fairlead-scorer VERSION SHA256 BYTES`, one line of JSON (`Head`) and three
tables of one byte a bucket: idf squared, then both models' weights times idf, in steps that the
head says. It is checked whole before use. docs/quality.md says what was measured, and when a scorer
is switched on.

What costs time is Python's objects and the processor's cache, so a decision makes few of the ones
and stays in the other. A byte that is looked up is a number that is there already; tables of bytes
are small enough to stay close, where lists of floats are not; and the hashes of all pairs come from
those of the words by one shift of one long number.
"""

import sys
from array import array
from collections.abc import Sequence
from copy import copy
from hashlib import sha256
from math import exp, log1p, sqrt
from operator import itemgetter, mul
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fairlead.routing.policy import PolicyError

__all__ = [
    "BUCKETS",
    "MOST",
    "SHAPES",
    "VERSION",
    "WORDS",
    "ZERO",
    "Head",
    "Scorer",
    "buckets",
    "read_scorer",
    "shape",
    "write_scorer",
]

VERSION: Final = 2
WORDS: Final = 1 << 16
BUCKETS: Final = WORDS + (1 << 17)
"""First those of words, then those of pairs of words, of which there are more."""

ZERO: Final = 128
"""The byte that stands for no weight."""

SHAPES: Final = (
    "log characters",
    "log words",
    "mean word",
    "digits",
    "lines",
    "questions",
    "blanks",
    "negation",
    "capitals",
    "commas",
    "mathematics",
    "distinct",
    "quotes",
    "full stops",
)
"""What `shape` looks at, in its order."""

MOST = 1 << 20
"""Bytes that a file may have."""

_BIG = sys.byteorder == "big"
_END = 1200
"""Characters looked at from each end of a longer prompt, which bounds the time that it takes."""
_DIGITS, _CAPITALS, _SIGNS = b"0123456789", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"=+^\\$"
_PLAIN = bytes(
    code if code >= 128 or chr(code).isalnum() or code == ord("_") else 32 for code in range(256)
).lower()
"""Bytes to bytes: small letters, and what separates words in ASCII becomes a blank."""
_MARKS = b'\n?_,".' + _DIGITS + _CAPITALS + _SIGNS
_REST = bytes(set(range(256)) - set(_MARKS))
_KINDS = bytes.maketrans(
    _DIGITS + _CAPITALS + _SIGNS, b"0" * len(_DIGITS) + b"A" * len(_CAPITALS) + b"=" * len(_SIGNS)
)
"""Bytes to bytes: one for all of a kind that is counted."""
_PAIRS = int.from_bytes((BUCKETS - WORDS - 1).to_bytes(4, "little") * 2 * _END, "little")
"""Of each hash in a long number the bits that name a pair's bucket."""
_MAGIC = b"fairlead-scorer"


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """What a file holds beside its tables. Pairs are in the order of `models`."""

    models: tuple[str, str]
    base: str
    """The better single model, which everything goes to when the scorer is off."""
    enabled: bool
    """Whether training has shown a gain: do no harm."""
    threshold: float
    """The other model is taken where its probability is above the base's by more than this."""
    bias: tuple[float, float]
    weights: tuple[tuple[float, ...], tuple[float, ...]]
    """Of the shape's figures as they come from `shape`, already divided by their scales."""
    steps: tuple[float, float, float]
    """What one step of each table's bytes stands for; weights are counted from `ZERO`."""
    prompts: int
    """How many it was trained on."""
    verdict: str


class Scorer:
    """A checked file, ready to score. Made by `read_scorer`."""

    def __init__(self, head: Head, squares: bytes, one: bytes, two: bytes) -> None:
        self.head = head
        whole = (squares, one, two)
        # The byte behind each stands for a bucket that counts for nothing.
        self._words = tuple(each[:WORDS] + bytes(1) for each in whole)
        self._pairs = tuple(each[WORDS:] + bytes(1) for each in whole)
        self._other = head.models[head.models[0] == head.base]
        self._sign = 1 if self._other == head.models[0] else -1

    def scores(self, text: str) -> tuple[float, float]:
        """How likely each of `models` answers right, 0 to 1."""
        body, plain = _read(text)
        words = plain.split()
        alone, pairs = _buckets(words)
        # All looked up at once, in C. A getter of one place gives no tuple, so there are two.
        of_words = itemgetter(*alone, -1)
        of_pairs = itemgetter(*pairs, -1, -1)
        squares, ones, twos = self._words
        pair_squares, pair_ones, pair_twos = self._pairs
        head, count = self.head, len(alone) + len(pairs)
        square, step_one, step_two = head.steps
        norm = sqrt(square * (sum(of_words(squares)) + sum(of_pairs(pair_squares))))
        first, second = head.weights
        figures = _shape(text, body, plain, len(words), count)
        one = sum(of_words(ones)) + sum(of_pairs(pair_ones)) - ZERO * count
        two = sum(of_words(twos)) + sum(of_pairs(pair_twos)) - ZERO * count
        one = head.bias[0] + step_one * one / norm
        two = head.bias[1] + step_two * two / norm
        one = sum(map(mul, figures, first), one)
        two = sum(map(mul, figures, second), two)
        return _chance(one), _chance(two)

    def named(self, models: Sequence[str]) -> "Scorer":
        """The same with other names for its models, in their order."""
        one, two = models
        known = dict(zip(self.head.models, models, strict=True))
        own = copy(self)
        own.head = replace(self.head, models=(one, two), base=known[self.head.base])
        own._other = known[self._other]  # noqa: SLF001 - a copy of itself
        return own

    def choice(self, text: str) -> str:
        """The model for a prompt: the base, unless the scorer is on and the other is likelier."""
        if not self.head.enabled:
            return self.head.base
        one, two = self.scores(text)
        return self._other if (one - two) * self._sign > self.head.threshold else self.head.base


def buckets(text: str) -> set[int]:
    """The buckets of a prompt's words and pairs of words; never empty."""
    alone, pairs = _buckets(_read(text)[1].split())
    return alone | {WORDS + each for each in pairs}


def shape(text: str) -> tuple[float, ...]:
    """A prompt's figures, as `SHAPES` lists them."""
    body, plain = _read(text)
    words = plain.split()
    return _shape(text, body, plain, len(words), sum(map(len, _buckets(words))))


def write_scorer(head: Head, tables: bytes) -> bytes:
    """A file's bytes; `tables` are the three tables, a byte a bucket."""
    body = msgspec.json.encode(head) + b"\n" + tables
    first = f" {VERSION} {sha256(body).hexdigest()} {len(body)}\n".encode()
    return _MAGIC + first + body


def read_scorer(data: bytes, where: str) -> Scorer:
    """The scorer of a file's bytes; `where` names the file. Raises `PolicyError`."""
    if len(data) > MOST:
        raise PolicyError(f"{where}: {len(data)} bytes, a scorer has at most {MOST}")
    first, _, body = data.partition(b"\n")
    said = first.split(b" ")
    if said[0] != _MAGIC:
        raise PolicyError(f"{where}: not a scorer's file; make one by `fairlead route train`")
    if len(said) != 4 or not said[3].isdigit():
        raise PolicyError(f"{where}: its first line is damaged or cut short; train anew")
    if said[1] != str(VERSION).encode():
        version = said[1].decode(errors="replace")
        raise PolicyError(f"{where}: version {version}, this release reads {VERSION}; train anew")
    if len(body) != int(said[3]):
        raise PolicyError(f"{where}: {len(body)} bytes of {int(said[3])}: cut short or added to")
    if sha256(body).hexdigest().encode() != said[2]:
        raise PolicyError(f"{where}: its checksum is wrong: the file is damaged")
    line, _, tables = body.partition(b"\n")
    return _scorer(line, tables, where)


def _scorer(line: bytes, tables: bytes, where: str) -> Scorer:
    try:
        head = msgspec.json.decode(line, type=Head)
    except msgspec.MsgspecError as error:
        raise PolicyError(f"{where}: {error}") from error
    if len(tables) != 3 * BUCKETS:
        raise PolicyError(f"{where}: its tables have {len(tables)} bytes, not {3 * BUCKETS}")
    squares, one, two = (tables[at : at + BUCKETS] for at in range(0, len(tables), BUCKETS))
    if (
        head.base not in head.models
        or any(len(each) != len(SHAPES) for each in head.weights)
        or min(head.steps) <= 0
        or 0 in squares
    ):
        raise PolicyError(f"{where}: its head does not fit this release; train anew")
    return Scorer(head, squares, one, two)


def _read(text: str) -> tuple[bytes, bytes]:
    """The bytes that are looked at, and the same in small letters, with blanks between words."""
    if len(text) > 2 * _END:
        text = f"{text[:_END]} {text[-_END:]}"
    body = text.encode("utf-8", "replace")
    return body, body.translate(_PLAIN)


def _buckets(words: list[bytes]) -> tuple[set[int], set[int]]:
    """Those of words, never none, and those of pairs, both from 0."""
    # All words' hashes are one long number, the first word's lowest. Moved by half a hash it has a
    # word's two halves beside each other; by a whole one, the next word beside each. Of a pair's
    # first word the high bits count, of its second the low ones: "a b" is not "b a".
    size = 4 * len(words)
    hashes = array("I", list(map(crc32, words)))
    if _BIG:
        hashes.byteswap()
    whole = int.from_bytes(hashes, "little")
    alone = array("H", (whole ^ whole >> 16).to_bytes(size, "little"))
    pairs = array("I", ((whole >> 15 ^ whole >> 32) & _PAIRS).to_bytes(size, "little"))
    if _BIG:
        alone.byteswap()
        pairs.byteswap()
    return set(alone[::2]) or {0}, set(pairs[:-1])  # no word comes behind the last one


def _shape(text: str, body: bytes, plain: bytes, words: int, different: int) -> tuple[float, ...]:
    """`different`: how many buckets there are."""
    size = len(body) or 1
    count = body.translate(_KINDS, _REST).count
    return (
        log1p(len(text)),
        log1p(words),
        size / (words + 1),
        count(b"0") / size,
        count(b"\n") / 10,
        count(b"?"),
        count(b"_") > 0,
        plain.find(b" not ") >= 0 or plain.find(b"except") >= 0,
        count(b"A") / size,
        count(b","),
        count(b"=") > 0,
        different / (2 * words or 1),
        count(b'"'),
        count(b"."),
    )


def _chance(total: float) -> float:
    return 1 / (1 + exp(-max(-40.0, min(40.0, total))))
