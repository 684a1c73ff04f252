"""What keeping a cached content costs: its tokens times the hours that it is to live.

The rule is the vendor's, as far as it tells one:

- "Storage duration: The amount of time cached tokens are stored (TTL), billed based on the TTL
  duration of cached token count" (ai.google.dev/gemini-api/docs/caching).
- "Even if you delete the cache entry after 15 minutes, you will still be billed for the originally
  set 1-hour TTL duration"; an update that shortens it: "you will be billed based on this new,
  shorter 30-minute TTL" (Google's staff, discuss.ai.google.dev/t/81267).
- "For both implicit and explicit caching, you're billed for the input tokens used to create the
  cache at the standard input token price" (Vertex AI, Context caching overview). Whether the Gemini
  API bills that too is told differently; it is booked, the dearer reading.

So what is due follows from what every answer about the object shows: tokens x (expireTime -
createTime), in whole token-hours, the last begun one counted whole. It is known when the object is
made and changes when its end is moved; nothing happens when it is deleted or expires.

What has been booked is a chain of notes beside the object's owner, `NAME NUMBER HOURS`: the hours
due after each step. The records of the steps (each the hours more or, where the end came nearer,
less than the one before) are made of the chain alone and have ids of their own
(`engine.booking`), so they are added again whenever the object is seen: a kill between note and
record leaves nothing out and nothing twice.
"""

from datetime import datetime
from itertools import pairwise
from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import Failure, Usage
from fairlead.catalog.keys import STORAGE
from fairlead.engine.booking import booking, booking_id, model_named, on_disk
from fairlead.engine.endpoints import Act
from fairlead.engine.exchange import Exchange
from fairlead.ledger.record import Ledger
from fairlead.vault.ownership import Ownership

__all__ = ["KEPT", "keep_account"]

KEPT: Final = "kept_hours"
"""The kind of the notes."""
_SEEN: Final = frozenset({"make", "change", "read"})
_HOUR: Final = 3_600_000_000  # microseconds
_MODELS: Final = "models/"


class _Counted(Struct, rename="camel"):
    total_token_count: int | None = None


class _Page(Struct, rename="camel"):
    name: str = ""
    model: str = ""
    create_time: str = ""
    update_time: str = ""
    expire_time: str = ""
    usage_metadata: _Counted = msgspec.field(default_factory=_Counted)

    @property
    def tokens(self) -> int | None:
        return self.usage_metadata.total_token_count


_PAGE = msgspec.json.Decoder(_Page)


async def keep_account(
    x: Exchange, act: Act, body: bytes, ownership: Ownership, ledger: Ledger
) -> None:
    """Book what an answer about a cached content says is due and has not been booked."""
    if act not in _SEEN or x.upstream is None:
        return
    try:
        page = _PAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    name = x.upstream.name
    hours = _due(page, page.expire_time)
    if hours is None:
        if act == "make":  # it costs something, and nobody says what
            x.usage = Usage(estimated=True)
        return
    try:
        chain = await _chain(x, ownership, page.name)
    except Failure:  # the object is the client's all the same: the next look books it
        if act != "make":
            return
        chain = []
    if not chain:
        if act == "read":  # made elsewhere: nothing of it is in the ledger
            return
        before = (0, 0) if act == "make" else (-1, _due(page, page.update_time) or 0)
        chain = await _noted(x, ownership, page.name, before)
    if chain[-1][1] != hours:
        chain += await _noted(x, ownership, page.name, (chain[-1][0] + 1, hours))
    model = model_named(x, page.model.removeprefix(_MODELS))
    for (_, was), (number, due) in pairwise(chain):
        made = number == 1 and chain[0][0] == 0
        usage = Usage(input=(page.tokens or 0) if made else 0, server_calls=((STORAGE, due - was),))
        ledger.add(booking(x, booking_id(name, page.name, number), model, usage))
    await on_disk(ledger)


def _due(page: _Page, end: str) -> int | None:
    """Token-hours from the beginning to `end`; None where the page does not say it."""
    if page.tokens is None or page.tokens < 0 or not page.name:
        return None
    try:
        lasts = datetime.fromisoformat(end) - datetime.fromisoformat(page.create_time)
    except (ValueError, TypeError):
        return None
    spent = (lasts.days * 86_400 + lasts.seconds) * 1_000_000 + lasts.microseconds
    return -(-page.tokens * max(spent, 0) // _HOUR)


async def _chain(x: Exchange, ownership: Ownership, name: str) -> list[tuple[int, int]]:
    """The steps of an object so far: number and hours due."""
    assert x.upstream is not None  # noqa: S101 - `keep_account` begins with it
    notes = await ownership.ids(x.scope, x.upstream.name, KEPT)
    found = [note.split(" ") for note in notes if note.startswith(f"{name} ")]
    return sorted((int(number), int(hours)) for _, number, hours in found)


async def _noted(
    x: Exchange, ownership: Ownership, name: str, step: tuple[int, int]
) -> list[tuple[int, int]]:
    assert x.upstream is not None  # noqa: S101 - `keep_account` begins with it
    await ownership.once(x.scope, x.upstream.name, KEPT, f"{name} {step[0]} {step[1]}")
    return [step]
