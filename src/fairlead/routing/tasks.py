"""What a request is about, recognised from its surface.

A small lexical reading, on purpose: measured on 484 real queries no learned router beat it
significantly (`../shared/routing/README.md`), and this one can say why in a few words. Only the
system prompt's beginning and the beginning and end of the last user turn are read, so the time
does not grow with the document that is pasted between them.
"""

import re
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from fairlead.canon import Part, Request, ServerTool, Text
from fairlead.routing.decision import Hints, Task
from fairlead.routing.vocabulary import (
    CODE_MARKS,
    COURTESIES,
    FORMULAS,
    LEADS,
    ORDER,
    PHRASES,
    SOURCE_FILES,
    SUM,
    TOOLS,
    WORDS,
)
from fairlead.routing.vocabulary_beyond import BY_FIRST

__all__ = ["Recognised", "recognise", "words_of"]

SYSTEM, HEAD, TAIL = 400, 600, 600
"""Characters that are read: of the system prompt, of the last user turn's two ends."""

NEAR = 240
"""Characters at either end of what is asked that count double: there stands what is wanted, while
between them stands what it is wanted of."""

Points = tuple[int, int, int, int, int]
NEAR_POINTS: Points = (0, 4, 8, 12, 16)
FAR_POINTS: Points = (0, 1, 4, 6, 8)
LEAD_POINTS: Points = (0, 2, 5, 10, 12)
"""What a word of weight 0 to 4 counts near the ends, between them, and where it leads."""

AT_FIRST = 3
"""Words among which the first is that is no courtesy, nearly always."""

ENOUGH = 8
"""A task must score this much; below it the request says too little."""

LARGE = 20_000
"""Tokens from which a prompt that says nothing else counts as a document."""

MODAL: tuple[Task, ...] = ("video", "audio", "document")

Vote = tuple[Task, int, str]

_WITHIN = b"0123456789+#'-"
"""Characters that a word may have behind its first letter."""
_WORD_ONLY = (
    bytes([byte if chr(byte).islower() or byte in _WITHIN else 32 for byte in range(128)])
    + b" " * 128
)
_INSIDE = bytes([48 if byte in _WITHIN else byte for byte in range(256)])
"""What may only stand within a word, as one character."""
_sum = re.compile(SUM).search
_file = re.compile(SOURCE_FILES).search


class _Votes(NamedTuple):
    """What each word says at one place of the text, and the phrases whose longest word it is."""

    words: dict[bytes, tuple[Vote | None, tuple[Vote, ...]]]
    points: Points


def _votes(points: Points) -> _Votes:
    votes = {word: (task, points[weight], word) for word, (task, weight) in WORDS.items()}
    phrases = {
        word: tuple([(task, points[weight], phrase) for phrase, task, weight in each])
        for word, each in PHRASES.items()
    }
    listed = dict.fromkeys((*votes, *phrases))
    return _Votes(
        {word.encode(): (votes.get(word), phrases.get(word, ())) for word in listed}, points
    )


_NEAR, _FAR = _votes(NEAR_POINTS), _votes(FAR_POINTS)
_listed = frozenset(_NEAR.words).intersection
_firsts = frozenset(BY_FIRST).intersection
_points = itemgetter(1)
_RANK: dict[Task, int] = {task: rank for rank, task in enumerate(ORDER)}


def _gated(marks: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Marks with a character of theirs that most texts lack: looking for one character is some ten
    times as quick as for several.
    """
    return tuple(
        [
            (max(mark, key=lambda sign: not (sign.isalpha() or sign.isspace())), mark)
            for mark in marks
        ]
    )


_FORMULAS, _CODE_MARKS = _gated(FORMULAS), _gated(CODE_MARKS)


class Recognised(NamedTuple):
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
    asked, own = _asked(request)
    scores: dict[Task, int] = {}
    votes: list[Vote] = []
    near, middle = asked, ""
    if len(asked) > own + 2 * NEAR:
        near, middle = f"{asked[: own + NEAR]} {asked[-NEAR:]}", asked[own + NEAR : -NEAR]
    _vote(near, _NEAR, votes)
    if middle:
        _vote(middle, _FAR, votes)
    _formulas(near, votes)
    _leading(asked[own : own + 80], votes)
    _code(asked, votes)
    if not votes:
        return None
    for task, weight, _ in votes:
        scores[task] = scores.get(task, 0) + weight
    best, most = votes[0][0], 0
    for task, score in scores.items():
        if score > most or (score == most and _RANK[task] < _RANK[best]):
            best, most = task, score
    if most < ENOUGH:
        return None
    telling = [vote for vote in votes if vote[0] == best]
    if len(telling) > 1:
        telling.sort(key=_points, reverse=True)
    return Recognised(best, f"says {', '.join(dict.fromkeys([v[2] for v in telling[:4]]))}")


def _vote(text: str, said: _Votes, votes: list[Vote]) -> None:
    """What the words and phrases of a text say."""
    found = _listed(words_of(text))
    if found:
        words = said.words
        told: tuple[Vote, ...] = ()
        for word in sorted(found):
            vote, phrases = words[word]
            if vote is not None:
                votes.append(vote)
            if phrases:
                told += phrases
        if told:
            votes += [vote for vote in told if vote[2] in text]
    if not text.isascii():
        points = said.points
        for first in sorted(_firsts(text)):
            for phrase, task, weight in BY_FIRST[first]:
                if phrase in text:
                    votes.append((task, points[weight], phrase))


def _leading(text: str, votes: list[Vote]) -> None:
    """What the first word says that is no courtesy."""
    words = text.split(None, AT_FIRST)
    for word in words[:AT_FIRST]:
        plain = word.strip(',.:;!?"()')
        if plain not in COURTESIES:
            for task, weight in LEADS.get(plain, ()):
                votes.append((task, LEAD_POINTS[weight], plain))
            return
    for rest in words[AT_FIRST:]:
        _leading(rest, votes)


def words_of(asked: str) -> list[bytes]:
    """The words of a text in lower case: a letter, then letters and what may stand within."""
    plain = asked.encode("ascii", "replace").translate(_WORD_ONLY)
    inside = plain.translate(_INSIDE)
    if inside.find(b" 0") >= 0 or inside.startswith(b"0"):
        # One begins with what may only stand within: it is read without that.
        return [word if word >= b"a" else word.lstrip(_WITHIN) for word in plain.split()]
    return plain.split()


def _formulas(near: str, votes: list[Vote]) -> None:
    """What is to be reckoned, written in signs."""
    equal = "=" in near
    if equal or "^" in near or "(" in near or "\\" in near or not near.isascii():
        for sign, mark in _FORMULAS:
            if sign in near and mark in near:
                votes.append(("math", 8, f"{mark!r}"))
                return
    if (equal or "+" in near or "*" in near) and (sum_ := _sum(near)) is not None:
        votes.append(("math", 8, sum_[0]))


def _code(asked: str, votes: list[Vote]) -> None:
    """Source code in the text: fences, names of files, marks that prose has not."""
    if "`" in asked and "```" in asked:
        votes.append(("coding", 12, "a code fence"))
    name = _file(asked)
    if name is not None:
        whole = asked[max(0, name.start() - 24) : name.end()].rsplit(maxsplit=1)[-1]
        if len(whole) > 4:  # not the D.C. of Washington
            votes.append(("coding", 8, whole))
    if len(asked) > 200:
        marks = sum([asked.count(mark) for sign, mark in _CODE_MARKS if sign in asked])
        if marks * 300 >= len(asked):
            votes.append(("coding", min(24, 4 + 2 * marks), "source code"))


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


def _asked(request: Request) -> tuple[str, int]:
    """The words that say what is wanted, in lower case, and where the user's own begin."""
    turns = request.turns
    if len(turns) == 1 and turns[0].role == "user" and not request.instructions:
        parts = turns[0].parts
        if len(parts) == 1 and type(parts[0]) is Text:
            return _ends(parts[0].text).lower(), 0
    system = _text(request.instructions, SYSTEM)
    if not system and turns and turns[0].role in {"system", "developer"}:
        system = _text(turns[0].parts, SYSTEM)
    said = ""
    for turn in reversed(turns):
        if turn.role == "user":
            texts = [part.text for part in turn.parts if isinstance(part, Text)]
            if len(texts) > 4:
                texts[2:-2] = []
            said = "\n".join([_ends(text) for text in texts])
            break
    system = f"{system}\n".lower() if system else ""
    return system + said.lower(), len(system)


def _ends(text: str) -> str:
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


def _text(parts: tuple[Part, ...], most: int) -> str:
    for part in parts:
        if isinstance(part, Text):
            return part.text[:most]
    return ""
