"""A learned scorer: how likely each of two models answers a prompt right. Inference alone, pure.

A prompt becomes (1) the set of its words and pairs of words, hashed into `BUCKETS` buckets, each
weighed by how rare it is (idf), the whole brought to length 1, and (2) `SHAPES` figures about its
shape, such as its length and its share of digits. Each model has a linear head over both; the
logistic function makes a probability of its sum. `fairlead route train` learns the heads with the
very functions of this file, so that training and serving can't drift apart.

A file is one line `fairlead-scorer VERSION SHA256 BYTES`, one line of JSON (`Head`) and three
tables of 16-bit floats: idf, then both models' weights times idf. It is checked whole before use.
docs/quality.md says what was measured, and when a scorer is switched on.
"""

import struct
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
    "Head",
    "Scorer",
    "buckets",
    "read_scorer",
    "shape",
    "write_scorer",
]

VERSION: Final = 1
BUCKETS: Final = 1 << 16
SHAPES: Final = (
    "log bytes",
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
    "distinct words",
    "quotes",
    "full stops",
)
"""What `shape` looks at, in its order."""

MOST = 1 << 20
"""Bytes that a file may have."""

_LOW = int(sys.byteorder == "big")
_END = 1200
"""Characters looked at from each end of a longer prompt, which bounds the time that it takes."""
_NO_WORD = bytes(
    code if code >= 128 or chr(code).isalnum() or code == ord("_") else 32 for code in range(256)
)
"""Bytes to bytes: what separates words in ASCII becomes a blank."""
_DIGITS, _CAPITALS, _SIGNS = b"0123456789", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"=+^\\$"
_UNDERSCORE = ord("_")
_MAGIC = b"fairlead-scorer"
_Table = Sequence[float]


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
    prompts: int
    """How many it was trained on."""
    verdict: str


class Scorer:
    """A checked file, ready to score. Made by `read_scorer`."""

    def __init__(self, head: Head, idf: _Table, one: _Table, two: _Table) -> None:
        self.head = head
        self._square = [each * each for each in idf]
        # Lists: an array would make a new float each time that it is looked at.
        self._one, self._two = list(one), list(two)
        self._other = head.models[head.models[0] == head.base]
        self._sign = 1 if self._other == head.models[0] else -1

    def scores(self, text: str) -> tuple[float, float]:
        """How likely each of `models` answers right, 0 to 1."""
        body, words = _read(text)
        # All looked up at once, in C. A getter of one place gives no tuple, so there are two.
        found = itemgetter(*_buckets(words), 0)
        norm = sqrt(sum(found(self._square)[:-1]))
        first, second = self.head.weights
        figures = _shape(text, body, words)
        one = self.head.bias[0] + sum(found(self._one)[:-1]) / norm
        two = self.head.bias[1] + sum(found(self._two)[:-1]) / norm
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
    return _buckets(_read(text)[1])


def shape(text: str) -> tuple[float, ...]:
    """A prompt's figures, as `SHAPES` lists them."""
    return _shape(text, *_read(text))


def write_scorer(head: Head, tables: bytes) -> bytes:
    """A file's bytes; `tables` are the three tables as little-endian 16-bit floats."""
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
        values = array("f", struct.unpack(f"<{3 * BUCKETS}e", tables))
    except (msgspec.MsgspecError, struct.error) as error:
        raise PolicyError(f"{where}: {error}") from error
    if head.base not in head.models or any(len(each) != len(SHAPES) for each in head.weights):
        raise PolicyError(f"{where}: its head does not fit this release; train anew")
    return Scorer(
        head, values[:BUCKETS], values[BUCKETS : 2 * BUCKETS], values[2 * BUCKETS : 3 * BUCKETS]
    )


def _read(text: str) -> tuple[bytes, list[bytes]]:
    """The bytes that are looked at, and the words in them, in small letters."""
    if len(text) > 2 * _END:
        text = f"{text[:_END]} {text[-_END:]}"
    body = text.encode("utf-8", "replace")
    return body, body.lower().translate(_NO_WORD).split()


def _buckets(words: list[bytes]) -> set[int]:
    # A pair's hash goes on from its first word's. All runs in C: the low halves are taken by
    # looking at 32-bit numbers as pairs of 16-bit ones.
    hashes = list(map(crc32, words))
    whole = array("I", hashes)
    whole.extend(map(crc32, words[1:], hashes))
    return set(array("H", whole.tobytes())[_LOW::2]) or {0}


def _shape(text: str, body: bytes, words: list[bytes]) -> tuple[float, ...]:
    size, count = max(len(body), 1), len(words)
    return (
        log1p(len(text)),
        log1p(count),
        size / (count + 1),
        1 - len(body.translate(None, _DIGITS)) / size,
        body.count(b"\n") / 10,
        body.count(b"?"),
        _UNDERSCORE in body,
        _denies(body),
        1 - len(body.translate(None, _CAPITALS)) / size,
        body.count(b","),
        len(body.translate(None, _SIGNS)) < len(body),
        len(set(words)) / (count or 1),
        body.count(b'"'),
        body.count(b"."),
    )


def _denies(body: bytes) -> bool:
    find = body.find  # `in` first takes the words for a number, and drops an error
    return (
        find(b" not ") >= 0 or find(b" NOT ") >= 0 or find(b"except") >= 0 or find(b"EXCEPT") >= 0
    )


def _chance(total: float) -> float:
    return 1 / (1 + exp(-max(-40.0, min(40.0, total))))
