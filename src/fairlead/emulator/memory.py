"""Answers to small requests, remembered.

An answer depends on its request alone, except where a prompt cache has a say. Small prompts are
below every vendor's least cacheable size, so the answer to one is the same for as long as the
emulator runs, and a benchmark that asks the same again needs no second thought.
"""

from copy import copy

from fairlead.emulator.faces.face import Answered
from fairlead.emulator.http11.request import Request

__all__ = ["Memory"]

# The least cacheable prompt of any model is 512 tokens: below this no cache acts.
LARGEST_BODY = 8 * 1024
LARGEST_PROMPT = 500
LARGEST_ANSWER = 64 * 1024
MOST = 256


class Memory:
    """Mutable; forgets the oldest."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, ...], Answered] = {}

    @staticmethod
    def mark(request: Request, key: str) -> tuple[str, ...] | None:
        """What an answer is remembered by: all that it depends on, and whose request it was."""
        if len(request.body) > LARGEST_BODY:
            return None
        headers = request.headers
        return (
            key,
            request.target,
            headers.get("anthropic-version", ""),
            headers.get("anthropic-beta", ""),
            request.body.decode("latin-1"),
        )

    def recall(self, mark: tuple[str, ...] | None) -> Answered | None:
        """A fresh copy of the answer, if it is remembered."""
        known = self._answers.get(mark) if mark is not None else None
        if known is None:
            return None
        return _copy(known)

    def keep(self, mark: tuple[str, ...] | None, answered: Answered, prompt: int) -> None:
        """Remember an answer, unless a cache might have had a say or it is too large."""
        if mark is None or prompt > LARGEST_PROMPT or answered.reply.status != 200:
            return
        if len(answered.reply.whole()) > LARGEST_ANSWER:
            return
        if len(self._answers) >= MOST:
            del self._answers[next(iter(self._answers))]
        self._answers[mark] = _copy(answered)


def _copy(answered: Answered) -> Answered:
    """A copy whose reply and usage may be changed; the pieces never are."""
    return Answered(copy(answered.reply), dict(answered.usage))
