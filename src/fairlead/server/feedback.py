"""`POST /v1/feedback`: what a user or a grader says of an answer, by the request's id.

    {"request_id": "fl-...", "rating": "up", "grader": "unit-tests", "task": "coding"}

It is let in as the request was, and only with the key that made that. The request is looked up off
the event loop; the word goes to the ledger's writer. No model is asked, and nothing is billed.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import Failure, Problem
from fairlead.ledger.health import LedgerError
from fairlead.ledger.record import Ledger
from fairlead.ledger.verdicts import Request
from fairlead.server.rating import read_said, refused, verdict_of
from fairlead.server.settings import QualitySettings

__all__ = ["MOST_BYTES", "Feedback"]

MOST_BYTES: Final = 16 * 1024
"""The body's size at most."""
_AGAIN: Final = (0.0, 0.06, 0.12, 0.24)
"""Seconds before each look-up: a record is written some 60 ms after its answer."""


class Told(Struct, frozen=True):
    """The answer. `comment` says whether it was kept."""

    request_id: str
    source: str
    score: float | None
    task: str | None
    comment: str | None
    object: str = "feedback"


_UNREADABLE: Final = Problem(
    "overloaded", "the ledger cannot be read now", hint="try again", retry_after=1, retryable=True
)
log = logging.getLogger("fairlead.feedback")

LookUp = Callable[[str], Request | None]
"""A request's id to what is known of it; may block."""

_encode = msgspec.json.Encoder().encode


class Feedback:
    """Takes words on answers. `look_up` reads the ledger and runs in a thread."""

    def __init__(
        self, ledger: Ledger, look_up: LookUp, settings: QualitySettings | None = None
    ) -> None:
        self._ledger = ledger
        self._look_up = look_up
        self._settings = settings or QualitySettings()

    async def take(self, body: bytes, key_id: str | None, now: float) -> bytes:
        """The answer to a body that came with this key (None: there are no keys).

        Raises:
            Failure: it is at fault, or there is no such answer of this key to speak of.
        """
        said = read_said(body)
        found = await self._found(said.request_id, key_id)
        problem = refused(found, said, now, self._settings.feedback_days)
        if problem is not None:
            raise Failure(problem)
        verdict = verdict_of(said, now, comments=self._settings.comments)
        self._ledger.judge(verdict)
        comment = None
        if said.comment is not None:
            comment = "not kept" if verdict.comment is None else "kept"
        told = Told(verdict.id, verdict.source, verdict.score, verdict.task, comment)
        return _encode(told)

    async def _found(self, request_id: str, key_id: str | None) -> Request:
        for pause in _AGAIN:
            await asyncio.sleep(pause)
            try:
                found = await asyncio.to_thread(self._look_up, request_id)
            except LedgerError as error:
                log.warning("feedback cannot be taken: %s", error)
                raise Failure(_UNREADABLE) from error
            if found is not None:
                if found.key_id == key_id:
                    return found
                break
        # One answer to both: whose request it is, is nobody else's business.
        raise Failure(
            Problem(
                "not_found",
                f"no request '{request_id}' of this key has been answered",
                "request_id",
                hint="send the x-fairlead-request-id of an answer that is through, with the key"
                " that asked for it",
            )
        )
