"""A rating of an answer, as a user or a grader gives it: read, held against the request that it is
of, made a verdict of the ledger's.
"""

from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import Failure, Problem
from fairlead.ledger.verdict import GRADER, USER, Verdict
from fairlead.ledger.verdicts import Request
from fairlead.routing.decision import Task

__all__ = ["MOST_WORDS", "Said", "read_said", "refused", "verdict_of"]

MOST_WORDS: Final = 32
"""Words on one request at most, corrections and all sources counted."""
MOST_COMMENT: Final = 2_000
_NAME: Final = 64
_DAY: Final = 86_400.0
_RATED: Final = frozenset({"ok", "client_gone", "stream_broken"})
_WORDS: Final = {"up": 1.0, "down": 0.0, "pass": 1.0, "fail": 0.0}
"""Ratings in words."""


class Said(Struct, frozen=True, forbid_unknown_fields=True):
    """The body. `rating` is a word (`up`, `down`, `pass`, `fail`), true or false, or 0 to 1."""

    request_id: str
    rating: bool | float | str | None = None
    grader: str | None = None
    task: Task | None = None
    comment: str | None = None


_decode = msgspec.json.Decoder(Said, strict=True).decode


def read_said(body: bytes) -> Said:
    """The body's words.

    Raises:
        Failure: it says what there is not; the field at fault is named.
    """
    try:
        said = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message, _, where = str(error).partition(" - at `$.")
        raise Failure.invalid(message, where.rstrip("`") or None, hint=_HINT) from error
    if said.rating is None and said.task is None:
        raise Failure.invalid("says nothing: give a rating, a task or both", "rating", hint=_HINT)
    if not _plain(said.request_id):
        raise Failure.invalid(f"a request's id has 1 to {_NAME} printable characters", "request_id")
    if said.grader is not None and not _plain(said.grader):
        raise Failure.invalid(f"a name has 1 to {_NAME} printable characters", "grader")
    if said.comment is not None and len(said.comment) > MOST_COMMENT:
        message = f"{len(said.comment)} characters; a comment has at most {MOST_COMMENT}"
        raise Failure.invalid(message, "comment")
    _score(said.rating)
    return said


def verdict_of(said: Said, at: float, *, comments: bool) -> Verdict:
    """The ledger's word for it; a comment is left out unless `comments` are kept."""
    source = USER if said.grader is None else f"{GRADER}{said.grader}"
    comment = said.comment if comments else None
    return Verdict(said.request_id, at, source, _score(said.rating), said.task, comment)


def _plain(text: str) -> bool:
    return 0 < len(text) <= _NAME and text.isascii() and text.isprintable()


def _score(rating: bool | float | str | None) -> float | None:
    if rating is None:
        return None
    if isinstance(rating, str):
        if rating not in _WORDS:
            raise Failure.invalid(f"'{rating[:20]}' is no rating", "rating", hint=_HINT)
        return _WORDS[rating]
    score = float(rating)
    if not 0 <= score <= 1:
        raise Failure.invalid(f"{score:g} lies outside of 0 to 1", "rating", hint=_HINT)
    return score


_HINT = (
    'give `request_id` and a `rating` ("up", "down", "pass", "fail", or 0 to 1), and, if you like,'
    " `grader` (who says so), `task`, `comment`"
)


def refused(found: Request, said: Said, now: float, days: float) -> Problem | None:
    """Why nothing may be said of a request, or nothing more; None if it may."""
    asked = said.request_id
    if found.op != "generate" or found.model is None or found.outcome not in _RATED:
        return _conflict(
            f"request '{asked}' has no model's answer: it is a {found.op} request that ended as"
            f" '{found.outcome}'"
        )
    if now - found.at > days * _DAY:
        return _conflict(
            f"request '{asked}' is older than {days:g} days: it is too late for feedback",
            "quality.feedback_days says how long it is taken",
        )
    if found.words >= MOST_WORDS:
        return _conflict(f"request '{asked}' has {MOST_WORDS} verdicts already")
    return None


def _conflict(message: str, hint: str | None = None) -> Problem:
    return Problem("conflict", message, "request_id", hint=hint)
