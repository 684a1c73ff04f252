"""What somebody or something says of an answer: a user's rating, a grader's verdict, a signal.

Verdicts stand in a table of their own, append-only, one row a word. The last word of a source on a
request counts; saying the same again adds nothing.
"""

from msgspec import Struct

__all__ = ["GRADER", "SIGNAL", "USER", "Verdict"]

USER = "user"
"""The source of a rating that names no grader."""
GRADER = "grader:"
"""What the source of a grader's verdict begins with; its name follows."""
SIGNAL = "signal:"
"""What the source of a signal begins with that was read off the traffic; its name follows."""


class Verdict(Struct, frozen=True):
    """One word on the answer to the request `id`.

    `at` is Unix seconds; `score` lies in 0 (useless) to 1 (right), None where only the task is
    corrected. `task` is what the request really was; `comment` is kept only where the
    configuration says so.
    """

    id: str
    at: float
    source: str
    score: float | None = None
    task: str | None = None
    comment: str | None = None
