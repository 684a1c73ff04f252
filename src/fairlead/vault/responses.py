"""Stored answers of the Responses API: what stands behind `previous_response_id`.

A client that sends `previous_response_id` sends only what is new; the gateway keeps each answer
with the new items that led to it, and `history` puts the conversation together again. So the chain
works whichever model answers, also one whose vendor stores nothing.

    resp_1 (items, answer) <-- resp_2 (items, answer) <-- the request at hand

A chain with a missing link is an error and never a shorter conversation: "Previous response with id
'resp_...' not found." (400, `previous_response_not_found`, as OpenAI answers; maximhq/bifrost#2441,
router-for-me/CLIProxyAPI#2954). A link is missing when it was deleted, when it is too old
("Response objects are saved for 30 days by default", OpenAI's guide to conversation state), when it
made room, or when another key made it: the last is told in the same words, so that ids cannot be
tried out.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Failure, Problem

__all__ = [
    "MAX_AGE",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_HISTORY",
    "MemoryResponses",
    "ResponseStore",
    "Stored",
    "as_items",
    "items_of",
    "stored_size",
    "walk",
]

MAX_AGE = 30 * 86_400.0
MAX_BYTES = 1024 * 1024 * 1024
MAX_DEPTH = 1_000
"""Links of a chain that are followed; more is an error. It bounds what one request can read."""
MAX_HISTORY = 64 * 1024 * 1024
"""Bytes of items that are put together for one request; more is an error."""

OVERHEAD = 500
"""Bytes that a stored answer takes besides its own."""


class Stored(Struct, frozen=True, kw_only=True):
    """One answer. `body` is the response object as the client got it, `items` a JSON array of the
    new input items alone (`as_items` makes one of a text). `created`: Unix seconds, from which its
    age is counted.
    """

    body: bytes
    items: bytes
    created: float
    previous_id: str | None = None
    model: str = ""
    upstream: str = ""


class ResponseStore(Protocol):
    """Answers by id, each seen only by the scope (a virtual key's id) that made it.

    No call blocks the event loop. What cannot be written is stored in memory; what cannot be read
    for now is a Failure (`overloaded`) and not a "not found".
    """

    async def put(self, scope: str, id_: str, stored: Stored) -> None:
        """Store an answer. One that is there already stays as it is."""
        ...

    async def get(self, scope: str, id_: str) -> Stored | None:
        """The answer, None if the scope has none of that id, or no longer."""
        ...

    async def delete(self, scope: str, id_: str) -> bool:
        """Delete an answer; whether it was there. Those that build on it cannot go on."""
        ...

    async def history(self, scope: str, id_: str) -> list[Raw]:
        """All items up to the answer `id_` and with it, oldest first: input and output, raw JSON.

        Raises:
            Failure: a link of the chain is missing, or the chain is too long.
        """
        ...

    async def forget(self, scope: str) -> None:
        """The key was revoked: delete all that it stored, and take no more from it."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class _Body(Struct):
    output: list[Raw] = []


_BODY = msgspec.json.Decoder(_Body)
_ITEMS = msgspec.json.Decoder(list[Raw])
_TEXT = msgspec.json.Decoder(str)
_encode = msgspec.json.Encoder().encode


def as_items(raw: bytes) -> bytes:
    """A request's `input` as a JSON array of items: a text becomes a user's message."""
    if not raw.lstrip().startswith(b'"'):
        return raw
    content = [{"type": "input_text", "text": _TEXT.decode(raw)}]
    return _encode([{"type": "message", "role": "user", "content": content}])


def items_of(chain: list[Stored]) -> list[Raw]:
    """The items of a chain of answers, given oldest first."""
    items: list[Raw] = []
    for stored in chain:
        items += _ITEMS.decode(stored.items)
        items += _BODY.decode(stored.body).output
    return items


def walk(id_: str, look: Callable[[str], Stored | None]) -> list[Stored]:
    """The chain of answers that ends with `id_`, oldest first.

    Raises:
        Failure: as `ResponseStore.history`.
    """
    chain: list[Stored] = []
    seen: set[str] = set()
    size = 0
    following: str | None = id_
    while following is not None:
        stored = look(following)
        if stored is None:
            raise Failure(_not_found(id_, following))
        # An id is never given twice, so a circle is made only by deleting and storing again.
        if following in seen or len(chain) >= MAX_DEPTH:
            raise Failure(_too_long(id_, f"more than {MAX_DEPTH} responses"))
        size += len(stored.items) + len(stored.body)
        if size > MAX_HISTORY:
            raise Failure(_too_long(id_, f"more than {MAX_HISTORY} bytes"))
        seen.add(following)
        chain.append(stored)
        following = stored.previous_id
    return chain[::-1]


def _not_found(asked: str, missing: str) -> Problem:
    told = f"Previous response with id '{asked[:200]}' not found."
    if missing != asked:
        told = (
            f"Previous response with id '{missing[:200]}' not found, on which"
            f" '{asked[:200]}' builds."
        )
    return Problem(
        "invalid_request",
        told,
        param="previous_response_id",
        code="previous_response_not_found",
        hint="it was deleted, is too old, or was made with another key or with `store: false`;"
        " send the conversation whole",
    )


def _too_long(asked: str, why: str) -> Problem:
    return Problem(
        "invalid_request",
        f"The conversation behind '{asked[:200]}' is too long: {why}.",
        param="previous_response_id",
        code="previous_response_too_long",
        hint="send the part of it that matters as `input`, without previous_response_id",
    )


def stored_size(scope: str, id_: str, stored: Stored) -> int:
    """What an answer counts for."""
    return len(scope) + len(id_) + len(stored.body) + len(stored.items) + OVERHEAD


class MemoryResponses:
    """A `ResponseStore` in this process. What was put first makes room; `clock`: Unix seconds."""

    def __init__(
        self,
        *,
        max_bytes: int = MAX_BYTES,
        max_age: float = MAX_AGE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._clock = clock
        self._held: OrderedDict[tuple[str, str], Stored] = OrderedDict()
        self._forgotten: set[str] = set()
        self.size = 0

    def __len__(self) -> int:
        return len(self._held)

    async def put(self, scope: str, id_: str, stored: Stored) -> None:
        """Store an answer. One that is there already stays as it is."""
        if scope in self._forgotten or self.look(scope, id_) is not None:
            return
        size = stored_size(scope, id_, stored)
        if size > self._max_bytes:
            return
        self._held[scope, id_] = stored
        self.size += size
        self._tidy()

    async def get(self, scope: str, id_: str) -> Stored | None:
        """The answer, None if the scope has none of that id, or no longer."""
        return self.look(scope, id_)

    def look(self, scope: str, id_: str) -> Stored | None:
        """`get`, without waiting: it is all in memory."""
        self._tidy()
        return self._held.get((scope, id_))

    def all_of(self, scope: str) -> dict[str, Stored]:
        """The scope's answers by id, at this moment."""
        self._tidy()
        return {id_: stored for (owner, id_), stored in self._held.items() if owner == scope}

    async def delete(self, scope: str, id_: str) -> bool:
        """Delete an answer; whether it was there."""
        found = self._held.pop((scope, id_), None)
        if found is None:
            return False
        self.size -= stored_size(scope, id_, found)
        return True

    async def history(self, scope: str, id_: str) -> list[Raw]:
        """All items up to the answer `id_` and with it, oldest first.

        Raises:
            Failure: a link of the chain is missing, or the chain is too long.
        """
        return items_of(walk(id_, lambda link: self.look(scope, link)))

    async def forget(self, scope: str) -> None:
        """Delete all that the scope stored, and take no more from it."""
        self._forgotten.add(scope)
        for place in [place for place in self._held if place[0] == scope]:
            await self.delete(*place)

    def close(self) -> None:
        """Nothing is held open."""

    def _tidy(self) -> None:
        before = self._clock() - self._max_age
        while self._held:
            place, stored = next(iter(self._held.items()))
            if self.size <= self._max_bytes and stored.created > before:
                return
            del self._held[place]
            self.size -= stored_size(*place, stored)
