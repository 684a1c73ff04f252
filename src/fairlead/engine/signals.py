"""Signals read off the traffic, beside the requests: one thread looks at what was answered and puts
what it finds into the ledger as verdicts (`routing.signals` lists them).

    serve --> see: one append to a bounded queue --> thread, every 50 ms: decode, check --> ledger

What the queue cannot take (it is bounded by count and by bytes) was not looked at: it is unknown,
not good. Only requests that were
decoded on their way are looked at, since of the others nobody knows what they were about. Of
answers in the client's own dialect a copy is kept to the end of the request where there is
something to check: a schema was asked for, or tools were offered.
"""

import logging
import threading
import time
from collections import OrderedDict, deque
from typing import Final

from msgspec import Struct

from fairlead.canon import Failure, FairleadError, Folder, Request, Response, Text
from fairlead.engine.exchange import Exchange
from fairlead.ledger.record import Ledger
from fairlead.ledger.verdict import SIGNAL, Verdict
from fairlead.routing.answer_checks import judge
from fairlead.routing.asked_again import traces_of
from fairlead.routing.signals import FINISHES, SIGNALS
from fairlead.wire.codec import Codec

__all__ = ["MOST_HEARD", "Signals", "worth_hearing"]

log = logging.getLogger("fairlead.signals")

MOST_HEARD: Final = 256 * 1024
"""Bytes of an answer that are kept for checking; of longer ones nothing is known."""
MOST_WAITING: Final = 512
MOST_BYTES: Final = 32 * 1024 * 1024
"""Of requests and answers that wait together, as they came over the wire."""
WINDOW, SOON = 0.05, 600.0
"""Seconds between two looks; within which the same again counts as a retry."""
REMEMBERED: Final = 20_000
_CHECKS: Final = {"schema": "schema", "tools": "calls"}
"""Checks of answers, and the signals that they give."""


class _Seen(Struct, frozen=True):
    """One answered request. Times are Unix seconds; `scope` is whose key, and which policy."""

    id: str
    at: float
    ended: float
    scope: str
    request: Request
    codec: Codec
    heard: Response | tuple[bytes, ...] | None
    stream: bool
    finish: str | None
    copy: bool
    size: int


class _Asked(Struct):
    """A conversation that was answered: by which request, when; how often it came again."""

    id: str
    ended: float
    again: int = 0


def worth_hearing(x: Exchange) -> bool:
    """Whether there is something to check in the answer of a request."""
    request = x.request
    return x.listens and request is not None and bool(request.output or request.tools)


class Signals:
    """Looks at answers in a thread of its own, which lives until `close`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._queue: deque[_Seen] = deque()
        # Bytes put in by the loop and taken out by the thread: each adds to its own sum alone.
        self._put = self._taken = 0
        self._call = threading.Event()
        self._closing = False
        self._asked: OrderedDict[int, _Asked] = OrderedDict()
        self._thread = threading.Thread(target=self._run, name="fairlead-signals", daemon=True)
        self._thread.start()

    def see(self, x: Exchange) -> None:
        """A request was answered to its end. Returns at once, and never raises."""
        request = x.request
        if request is None or x.model is None or len(self._queue) >= MOST_WAITING:
            return
        heard = x.heard
        size = len(x.body) + _bytes_of(x, heard)
        if self._put - self._taken + size > MOST_BYTES:
            return
        self._put += size
        self._queue.append(
            _Seen(
                x.id,
                x.at,
                x.at + (0.0 if x.last is None else x.last - x.started),
                f"{x.scope}\0{'' if x.decision is None else x.decision.policy}",
                request,
                x.snapshot.codecs[x.dialect],
                tuple(heard) if isinstance(heard, list) else heard,
                x.stream,
                x.finish,
                x.op != "generate",
                size,
            )
        )
        if not self._call.is_set():
            self._call.set()

    def close(self) -> None:
        """Look at what is left, and stop. Blocks."""
        self._closing = True
        self._call.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing:
            self._call.wait()
            if not self._closing:
                time.sleep(WINDOW)
            self._call.clear()
            while self._queue:
                seen = self._queue.popleft()
                self._look(seen)
                self._taken += seen.size

    def _look(self, seen: _Seen) -> None:
        try:
            for name in sorted(found_in(seen)):
                self._tell(seen.id, name)
            if not seen.copy:
                self._compare(seen)
        except Exception:
            # The thread must live on. No text of a request can be in this: tracebacks hold code.
            log.exception("the answer to %s cannot be looked at", seen.id)

    def _compare(self, seen: _Seen) -> None:
        """With what the same key asked before."""
        traces = traces_of(seen.request, seen.scope)
        if traces is None:
            return
        before = None if traces.before is None else self._asked.get(traces.before)
        if before is not None:
            self._tell(before.id, "tool_error")
        same = self._asked.pop(traces.whole, None)
        again = 0
        if same is not None and 0 <= seen.at - same.ended <= SOON:
            again = same.again + 1
            if again == 1:  # whoever asks the same again and again is a program
                self._tell(same.id, "retry")
        self._asked[traces.whole] = _Asked(seen.id, seen.ended, again)
        if len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)

    def _tell(self, request_id: str, name: str) -> None:
        score = 1 - SIGNALS[name].weight
        self._ledger.judge(Verdict(request_id, time.time(), SIGNAL + name, score))


def _bytes_of(x: Exchange, heard: Response | list[bytes] | None) -> int:
    """Of an answer: its pieces, or some four for each token that it was said to have."""
    if isinstance(heard, list):
        return sum(map(len, heard))
    return 0 if heard is None or x.usage is None else 4 * x.usage.completion_total


def found_in(seen: _Seen) -> set[str]:
    """The signals that an answer shows by itself."""
    found: set[str] = set()
    finish = (seen.finish or "").lower()
    if finish in FINISHES:
        found.add(FINISHES[finish])
    response = _response(seen)
    if response is None:
        return found
    request = seen.request
    plain = request.output is None and request.tool_choice is None
    for candidate in response.candidates:
        if candidate.finish is not None and candidate.finish.reason in FINISHES:
            found.add(FINISHES[candidate.finish.reason])
        for part in candidate.parts:
            plain = plain and type(part) is Text
    if plain:  # no schema was asked for and nothing called: the checks have nothing to say
        return found
    for verdict in judge(tuple(_CHECKS), request, response):
        if verdict.passed is False:
            found.add(_CHECKS[verdict.check])
    return found


def _response(seen: _Seen) -> Response | None:
    heard = seen.heard
    if heard is None or isinstance(heard, Response):
        return heard
    if not heard or sum(map(len, heard)) > MOST_HEARD:
        return None
    try:
        if not seen.stream:
            return seen.codec.decode_response(b"".join(heard))
        decoder, folder = seen.codec.stream_decoder(), Folder()
        for chunk in heard:
            for event in decoder.feed(chunk):
                folder.add(event)
        for event in decoder.close():
            folder.add(event)
    except (Failure, FairleadError):
        return None
    return None if folder.problem is not None else folder.response()
