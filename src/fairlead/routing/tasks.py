"""What a request is about, recognised from its surface.

A small lexical reading, on purpose: measured on 484 real queries no learned router beat it
significantly (`../shared/routing/README.md`), and this one can say why in a few words. Only the
system prompt's beginning and the beginning and end of the last user turn are read, so the time
does not grow with the document that is pasted between them.
"""

import re
from typing import NamedTuple

from fairlead.canon import Part, Request, ServerTool, Text
from fairlead.routing.decision import Hints, Task
from fairlead.routing.vocabulary import (
    BEYOND_ASCII,
    CODE_MARKS,
    ORDER,
    PHRASES,
    SOURCE_FILES,
    TOOLS,
    WORDS,
)

__all__ = ["Recognised", "recognise", "words_of"]

SYSTEM, HEAD, TAIL = 600, 1_000, 1_000
"""Characters that are read: of the system prompt, of the last user turn's two ends."""

ENOUGH = 2
"""A task must score this much; below it the request says too little."""
ENOUGH_FOR: dict[Task, int] = {"coding": 3}
"""Words such as code, bug or patch mean other things too; one alone does not make it coding."""

LARGE = 20_000
"""Tokens from which a prompt that says nothing else counts as a document."""

MODAL: tuple[Task, ...] = ("video", "audio", "document")

Vote = tuple[Task, int, str]

ALL_PHRASES = PHRASES + BEYOND_ASCII

_WITHIN = b"0123456789+#'-"
"""Characters that a word may have behind its first letter."""
_WORD_ONLY = (
    bytes([byte if chr(byte).islower() or byte in _WITHIN else 32 for byte in range(128)])
    + b" " * 128
)
_BY_BYTES = {word.encode(): (*vote, word) for word, vote in WORDS.items()}
_known = frozenset(_BY_BYTES).intersection
_file = re.compile(SOURCE_FILES).search


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
    asked = _asked(request)
    votes: list[Vote] = []
    known = _known(words_of(asked))
    if known:
        votes += [_BY_BYTES[word] for word in sorted(known)]
    for phrase, task, weight in PHRASES if asked.isascii() else ALL_PHRASES:
        if phrase in asked:
            votes.append((task, weight, phrase))
    _code(asked, votes)
    if not votes:
        return None
    scores: dict[Task, int] = {}
    for task, weight, _ in votes:
        scores[task] = scores.get(task, 0) + weight
    best = max(scores, key=lambda task: (scores[task], -ORDER.index(task)))
    if scores[best] < ENOUGH_FOR.get(best, ENOUGH):
        return None
    telling = sorted((vote for vote in votes if vote[0] == best), key=lambda vote: -vote[1])
    return Recognised(best, f"says {', '.join([said for _, _, said in telling[:4]])}")


def words_of(asked: str) -> list[bytes]:
    """The words of a text in lower case: a letter, then letters and what may stand within."""
    words = asked.encode("ascii", "replace").translate(_WORD_ONLY).split()
    if words and min(words) < b"a":  # one begins with what may only stand within
        return [word.lstrip(_WITHIN) for word in words]
    return words


def _code(asked: str, votes: list[Vote]) -> None:
    """Source code in the text: fences, names of files, marks that prose has not."""
    if "```" in asked:
        votes.append(("coding", 2, "a code fence"))
    name = _file(asked)
    if name is not None:
        whole = asked[max(0, name.start() - 24) : name.end()].rsplit(maxsplit=1)[-1]
        if len(whole) > 4:  # not the D.C. of Washington
            votes.append(("coding", 2, whole))
    if len(asked) > 200:
        marks = sum([asked.count(mark) for mark in CODE_MARKS])
        if marks * 300 >= len(asked):
            votes.append(("coding", min(5, 1 + marks // 3), "source code"))


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


def _asked(request: Request) -> str:
    """The words that say what is wanted, in lower case."""
    turns = request.turns
    if len(turns) == 1 and turns[0].role == "user" and not request.instructions:
        parts = turns[0].parts
        if len(parts) == 1 and type(parts[0]) is Text:
            return _ends(parts[0].text).lower()
    pieces: list[str] = []
    system = _text(request.instructions, SYSTEM)
    if not system and request.turns and request.turns[0].role in {"system", "developer"}:
        system = _text(request.turns[0].parts, SYSTEM)
    if system:
        pieces.append(system)
    for turn in reversed(request.turns):
        if turn.role == "user":
            texts = [part.text for part in turn.parts if isinstance(part, Text)]
            if len(texts) == 1 and not pieces:
                return _ends(texts[0]).lower()
            if len(texts) > 4:
                texts[2:-2] = []
            pieces += [_ends(text) for text in texts]
            break
    return "\n".join(pieces).lower()


def _ends(text: str) -> str:
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


def _text(parts: tuple[Part, ...], most: int) -> str:
    for part in parts:
        if isinstance(part, Text):
            return part.text[:most]
    return ""
