"""What a request is about, recognised from its surface.

A small lexical reading, on purpose: measured on 484 real queries no learned router beat it
significantly (`../shared/routing/README.md`), and this one can say why in a few words. Only the
beginning and the end of the last user turn and the beginning of the system prompt are read, where
people say what they want: so the time does not grow with the document that is pasted between them,
and reading more of it made nothing better (docs/features.md).

Every word of the table that occurs gives each of its tasks points, a phrase does likewise; so do
the word with which the request begins, formulas, and marks of source code. The task with the most
is taken, if it has enough and is not beaten by what speaks for none (`other`).
"""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

from fairlead.canon import Request, ServerTool, Text, Turn
from fairlead.routing.decision import Hints, Task
from fairlead.routing.vocabulary import (
    COURTESIES,
    LEADS,
    ORDER,
    TOOLS,
    WORDS,
)
from fairlead.routing.vocabulary_beyond import BY_FIRST
from fairlead.routing.vocabulary_phrases import PHRASES
from fairlead.routing.vocabulary_signs import (
    CODE_MARKS,
    EXTENSIONS,
    SOURCE_FILES,
    SUM,
    TYPESET,
)

__all__ = ["Recognised", "recognise", "words_of"]

SYSTEM, HEAD, TAIL = 120, 240, 240
"""Characters that are read: of the system prompt, of the last user turn's two ends."""

CODE: Final = 600
"""Characters of either end that are looked over for source code, of which a part says little."""

POINTS: Final = (0, 4, 8, 12, 16)
LEAD_POINTS: Final = (0, 2, 5, 10, 12)
"""What a word of weight 0 to 4 counts, and where it leads."""

AROUND: Final = 12
"""Characters on both sides of a sign in which a sum is looked for."""

MARK: Final = 9
"""What a sum or the name of a source file counts: enough by itself."""

ENOUGH: Final = 9
"""A task must score this much; below it the request says too little."""

LARGE: Final = 20_000
"""Tokens from which a prompt that says nothing else counts as a document."""

MODAL: tuple[Task, ...] = ("video", "audio", "document")

Vote = tuple[int, int, str]
"""A task's rank (its place in `ORDER`), its points, and what tells it."""

_RANK: Final[dict[Task, int]] = {task: rank for rank, task in enumerate(ORDER)}
_OTHER: Final = len(ORDER)
_CODING, _MATH = _RANK["coding"], _RANK["math"]

_WORD_ONLY = (
    bytes([byte if chr(byte).islower() or byte in b"0123456789+#" else 32 for byte in range(128)])
    + b" " * 128
)
"""Bytes to the same where they may stand within a word, else to a space."""
_INSTRUCT: Final = frozenset({"system", "developer"})
_sum = re.compile(SUM).search
_file = re.compile(SOURCE_FILES).search


def _votes(
    told: Iterable[tuple[Task, int]], word: str, points: tuple[int, ...]
) -> tuple[Vote, ...]:
    return tuple([(_RANK.get(task, _OTHER), points[weight], word) for task, weight in told])


_SCORES: Final = Layout(f"<{len(ORDER) + 1}H")
"""Every task's points, 16 bits each, in the order of their ranks."""


def _packed(votes: Iterable[Vote]) -> int:
    """Points of several tasks as one number: sums of such numbers are made in C."""
    return sum([points << 16 * rank for rank, points, _ in votes])


_TOLD: Final = {word.encode(): _votes(told, word, POINTS) for word, told in WORDS.items()}
"""What a word tells."""
_that_tell: Final = frozenset(_TOLD).intersection
_told: Final = {word: _packed(votes) for word, votes in _TOLD.items()}.__getitem__
_TELLING: Final[list[dict[bytes, tuple[int, str]]]] = [
    {
        word: (-points, said)
        for word, votes in _TOLD.items()
        for of, points, said in votes
        if of == rank
    }
    for rank in range(len(ORDER))
]
"""Of each task the words that tell of it, each with its points, of which the most sort first."""
_telling: Final = [frozenset(told).intersection for told in _TELLING]
_SAID_AT: Final[dict[bytes, list[Vote]]] = {
    word.encode(): [(_RANK.get(task, _OTHER), POINTS[weight], said) for said, task, weight in each]
    for word, each in PHRASES.items()
}
"""What the phrases tell whose rarest word it is."""
_in_phrases: Final = frozenset(_SAID_AT).intersection
_EXTENSIONS: Final = frozenset([each.encode() for each in EXTENSIONS])
_listed: Final = frozenset(_TOLD).union(_SAID_AT, _EXTENSIONS).intersection
"""Of the words of a text those that say anything, by themselves or in company."""
_LEADS: Final = {word.encode(): _votes(told, word, LEAD_POINTS) for word, told in LEADS.items()}
_COURTESIES: Final = frozenset([word.encode() for word in COURTESIES])
_BEYOND: Final = {
    first: tuple([(_RANK.get(task, _OTHER), POINTS[weight], word) for word, task, weight in each])
    for first, each in BY_FIRST.items()
}
_firsts = frozenset(_BEYOND).intersection

_CODE_SIGNS: Final = b"(){}[];=<>_"


class Recognised(Struct, frozen=True):
    """The task, and in a few words why."""

    task: Task
    evidence: str


_NOTHING = Recognised("other", "")


def recognise(
    request: Request, hints: Hints, modalities: tuple[str, ...], tokens: int
) -> Recognised:
    """The task of a request: the client's word, its tools, its media, its wording, its size."""
    if hints.task is not None:
        return Recognised(hints.task, "the client says so")
    by_tools = _by_tools(request) if request.tools else None
    if by_tools is not None:
        return by_tools
    if len(modalities) > 1:
        for task in MODAL[:2]:
            if task in modalities:
                return Recognised(task, f"{task} in the prompt")
    by_words = _by_words(request)
    if by_words is not None and by_words.task == "coding":
        return by_words
    if "document" in modalities:
        return Recognised("document", "a document in the prompt")
    if by_words is not None and by_words.task != "chat":
        return by_words
    return _by_shape(request, modalities, tokens) or by_words or _NOTHING


def _by_tools(request: Request) -> Recognised | None:
    """An edit tool makes a coding agent, also beside a shell."""
    found: dict[Task, str] = {}
    for tool in request.tools:
        name = tool.kind if isinstance(tool, ServerTool) else tool.name
        plain = name.lower()
        task = TOOLS.get(plain) or TOOLS.get(plain.rpartition("__")[2])
        if task is None and isinstance(tool, ServerTool):
            # Vendors put a date behind a tool's kind: bash_20250124.
            task = TOOLS.get(plain.rpartition("_")[0])
        if task is not None:
            found.setdefault(task, name)
    for task in ORDER:
        if task in found:
            return Recognised(task, f"tool {found[task]:.40}")
    return None


def _by_words(request: Request) -> Recognised | None:
    own, system = _own(request.turns), _system(request)
    asked = own if len(own) <= HEAD + TAIL else f"{own[:HEAD]}\n{own[-TAIL:]}"
    near = f"{asked}\n{system}".lower() if system else asked.lower()
    words = words_of(near)
    found = _listed(words)
    votes = [vote for word in _in_phrases(found) for vote in _SAID_AT[word] if vote[2] in near]
    if not near.isascii():
        for first in _firsts(near):
            votes += [vote for vote in _BEYOND[first] if vote[2] in near]
    if own and own[0] < "\x80":
        for word in words:
            if word not in _COURTESIES:
                if word in _LEADS:
                    votes += _LEADS[word]
                break
    if "^" in near or "\\" in near:
        _formulas(near, votes)
    if "=" in near or "+" in near or "*" in near:
        _sums(near, votes)
    if "." in near and ("#" in near or "+" in near or not _EXTENSIONS.isdisjoint(found)):
        _source_file(near, votes)
    _code(own, votes)
    return _most(found, votes) if found or votes else None


def _most(found: AbstractSet[bytes], votes: list[Vote]) -> Recognised | None:
    """The task with the most points, and by which words."""
    total = sum(map(_told, _that_tell(found)))
    for rank, points, _ in votes:
        total += points << 16 * rank
    scores = _SCORES.unpack(total.to_bytes(_SCORES.size, "little"))
    most = max(scores)
    best = scores.index(most)
    if most < ENOUGH or best == _OTHER:
        return None
    told = _TELLING[best]
    telling = [told[word] for word in _telling[best](found)]
    for rank, points, said in votes:
        if rank == best:
            telling.append((-points, said))
    if len(telling) == 1:
        return Recognised(ORDER[best], f"says {telling[0][1]}")
    telling.sort()
    first = dict.fromkeys([said for _, said in telling[:4]])
    return Recognised(ORDER[best], f"says {', '.join(first)}")


def words_of(asked: str) -> list[bytes]:
    """The words of a text in lower case: letters, digits, `+` and `#` of ASCII, in a row."""
    return asked.encode("ascii", "replace").translate(_WORD_ONLY).split()


def _formulas(near: str, votes: list[Vote]) -> None:
    """What is to be reckoned, written in signs of typesetting."""
    for mark in TYPESET:
        if mark in near:
            votes.append((_MATH, MARK, f"{mark!r}"))
            return


def _sums(near: str, votes: list[Vote]) -> None:
    """A sum or an equation, about the first and the last of its signs."""
    for sign in "=+*":
        first = near.find(sign)
        if first >= 0:
            for at in {first, near.rfind(sign)}:
                if (sum_ := _sum(near, max(0, at - AROUND), at + AROUND)) is not None:
                    votes.append((_MATH, MARK, sum_[0]))
                    return


def _source_file(near: str, votes: list[Vote]) -> None:
    """The name of a file of source code."""
    if (name := _file(near)) is not None:
        whole = near[max(0, name.start() - 24) : name.end()].rsplit(maxsplit=1)[-1]
        if len(whole) > 4:  # not the D.C. of Washington
            votes.append((_CODING, MARK, whole))


def _code(own: str, votes: list[Vote]) -> None:
    """Source code in the text: fences, and marks that prose has not."""
    shown = _ends(own)
    if "`" in shown and "```" in shown:
        votes.append((_CODING, 12, "a code fence"))
    if len(shown) > 200 and ("=" in shown or "{" in shown or "<" in shown) and _signs(shown):
        marks = sum([shown.count(mark) for mark in CODE_MARKS])
        if marks * 300 >= len(shown):
            votes.append((_CODING, min(24, 4 + 2 * marks), "source code"))


def _signs(shown: str) -> bool:
    """A quick look: one in 60 characters is a sign that code is full of, which hardly does without
    those that are asked for before.
    """
    plain = shown.encode("ascii", "replace")
    return (len(plain) - len(plain.translate(None, _CODE_SIGNS))) * 60 >= len(plain)


def _by_shape(request: Request, modalities: tuple[str, ...], tokens: int) -> Recognised | None:
    if "image" in modalities:
        return Recognised("image", "an image in the prompt")
    if tokens >= LARGE:
        return Recognised("document", f"a prompt of {tokens:,} tokens")
    if request.tools:
        return Recognised("agent", f"{len(request.tools)} tools")
    for turn in request.turns:
        if turn.role == "assistant":
            return Recognised("chat", f"a conversation of {len(request.turns)} turns")
    return None


def _own(turns: tuple[Turn, ...]) -> str:
    """What the last user turn says: of many texts the first two and the last two."""
    for turn in reversed(turns):
        if turn.role == "user":
            parts = turn.parts
            if len(parts) == 1:
                part = parts[0]
                return part.text if type(part) is Text else ""
            texts = [part.text for part in parts if isinstance(part, Text)]
            if len(texts) > 4:
                texts[2:-2] = []
            return "\n".join([_ends(text) for text in texts])
    return ""


def _ends(text: str) -> str:
    return text if len(text) <= 2 * CODE else f"{text[:CODE]}\n{text[-CODE:]}"


def _system(request: Request) -> str:
    """The beginning of the instructions."""
    parts = request.instructions
    if not parts:
        turns = request.turns
        if not turns or turns[0].role not in _INSTRUCT:
            return ""
        parts = turns[0].parts
    for part in parts:
        if type(part) is Text:
            return part.text[:SYSTEM]
    return ""
