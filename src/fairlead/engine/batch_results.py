"""What the answers of a batch cost, read beside them as they pass by.

Vendors bill a batch by the answers in its results, and tell usage in each of them. So the lines of
the results are looked at on their way to the client: each answer's usage by the tap of its own
dialect, priced by itself (its own prompt decides the band) at batch rates, and summed by model.

A batch is booked once, when its results have come from the vendor to their end: what breaks off is
fetched again. Its records have ids of their own (`engine.booking`), so that a second fetch changes
nothing. The note `booked` beside the owner of the object only saves reading it again; it is written
when the records are on disk.

Memory is bounded: a line longer than `LINE` is passed on and not read, and the sum is marked as
estimated, like one with a line whose usage nobody can read.
"""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from fairlead.canon import ANYWHERE, Dialect, Failure, Usage
from fairlead.catalog.model import Model
from fairlead.cost.price import BUCKETS
from fairlead.cost.receipt import total
from fairlead.engine.booking import booking, booking_id, model_named, on_disk
from fairlead.engine.embedding import EMBEDDINGS
from fairlead.engine.endpoints import Endpoint, Steps
from fairlead.engine.exchange import Exchange
from fairlead.engine.object_bodies import listed_at, raw_at, text_at
from fairlead.engine.settle import prices_of
from fairlead.ledger.record import Ledger
from fairlead.vault.ownership import Ownership

__all__ = [
    "BOOKED",
    "LINE",
    "OUTPUTS",
    "Answers",
    "Lines",
    "account",
    "answers_of",
    "inlined_in",
    "noted",
]

LINE: Final = 8 * 1024 * 1024
"""Bytes of the longest line that is read."""
OUTPUTS: Final = "batch_outputs"
BOOKED: Final = "booked"
_BATCH: Final = "batch"
_AT_ONCE: Final = 64  # answers that are read before others get their turn

ANSWER: Final[dict[Dialect, Steps]] = {
    # anthropic 2.12.0, types/messages/message_batch_individual_response.py
    "anthropic": ("result", "message"),
    # https://platform.openai.com/docs/guides/batch: `{"response": {"status_code": 200, "body": ..`
    "openai_chat": ("response", "body"),
    # https://ai.google.dev/api/batch-api#InlinedResponse, and the same in a line of a file
    "gemini": ("response",),
}
"""By dialect: where the answer stands in a line of a batch's results. A request that failed has
none, and is not billed.
"""
_INLINED: Final = (
    ("response", "inlinedResponses", "inlinedResponses"),
    ("metadata", "output", "inlinedResponses", "inlinedResponses"),
)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Named(Struct):
    """Whose answer it is, and of which of OpenAI's endpoints."""

    model: str = ""
    model_version: str = msgspec.field(default="", name="modelVersion")
    object: str = ""


class _Operation(Struct):
    done: bool = False


_NAMED = msgspec.json.Decoder(_Named)
_OPERATION = msgspec.json.Decoder(_Operation)


class Lines:
    """Bytes as they come into lines; what is longer than `most` is left out and counted."""

    def __init__(self, most: int = LINE) -> None:
        self._most = most
        self._held = bytearray()
        self._over = False
        self.left_out = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that `data` completes."""
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._hold(data[start:end])
            yield from self.close()
            start = end + 1
        self._hold(data[start:] if start else data)

    def close(self) -> Iterator[bytes]:
        """The line at hand, which is over."""
        if self._over:
            self.left_out += 1
        elif self._held:
            yield bytes(self._held)
        self._over = False
        self._held = bytearray()

    def _hold(self, piece: bytes) -> None:
        if self._over or len(self._held) + len(piece) > self._most:
            self._over, self._held = True, bytearray()
        else:
            self._held += piece


class _Group(Struct):
    """Answers at the prices of one model, region and band, summed; `cost` None: one is unpriced."""

    model: Model
    usage: Usage
    cost: Decimal | None


class Answers:
    """The sum of a batch's answers. `named` is the model where an answer does not say it."""

    def __init__(self, x: Exchange, named: str = "") -> None:
        self._x = x
        self._named = named
        self._lines = Lines()
        self._groups: dict[tuple[str, str | None, int], _Group] = {}
        self._unread = 0

    async def feed(self, data: bytes) -> None:
        """Look at a piece of the results. Never raises: what cannot be read is counted."""
        await self._read(self._lines.feed(data))

    async def close(self) -> None:
        """The results are whole."""
        await self._read(self._lines.close())

    async def _read(self, lines: Iterator[bytes]) -> None:
        for number, line in enumerate(lines, 1):
            self.add(line)
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)

    def add(self, line: bytes | Raw) -> None:
        """Read a line of the results."""
        if not bytes(line).strip():
            return
        try:
            answer = raw_at(line, ANSWER[self._x.codec.dialect])
            if answer is None or bytes(answer) == b"null":
                return
            named = _NAMED.decode(answer)
        except _UNREADABLE:
            self._unread += 1
            return
        model = named.model or named.model_version
        usage = self._usage(bytes(answer), named.object)
        if usage is not None:
            self._sum(model or self._named, usage)
        elif model:  # an error names none
            self._unread += 1

    def _usage(self, answer: bytes, kind: str) -> Usage | None:
        """What the vendor told, by the dialect's own reader."""
        codec = self._x.codec
        if kind == "list":
            try:
                tokens = EMBEDDINGS[codec.dialect].vectors(answer).tokens
            except (Failure, KeyError):
                return None
            return None if tokens is None else Usage(input=tokens)
        if kind == "response":
            codec = self._x.snapshot.codecs["openai_responses"]
        tap = codec.usage_tap()
        tap.feed(answer)
        return tap.usage

    def _sum(self, name: str, usage: Usage) -> None:
        x = self._x
        model = model_named(x, name)
        region = ANYWHERE if usage.region == "" and model.region else usage.region
        usage = replace(usage, tier=_BATCH, region=region)
        table = x.snapshot.prices(model, x.today)
        cost = total(usage, table, lambda other: prices_of(x, other))
        edge = table.variant(None, region).edge(usage.prompt_total)
        held = self._groups.get((model.id, region, edge))
        if held is None:
            self._groups[model.id, region, edge] = _Group(model, usage, cost)
            return
        held.usage = _added(held.usage, usage)
        held.cost = None if held.cost is None or cost is None else held.cost + cost

    def book(self, ledger: Ledger, id_: str) -> None:
        """A record for each model, region and band: what a model costs is found under its name.

        `id_` is the batch's. In the order of their names, as answers may come in any.
        """
        x, name = self._x, self._x.upstream.name if self._x.upstream is not None else ""
        incomplete = self._unread + self._lines.left_out > 0
        groups = [group for _, group in sorted(self._groups.items(), key=_by_name)]
        if incomplete and not groups:
            unknown = Model.unknown(self._named or "unknown", "")
            groups = [_Group(unknown, Usage(tier=_BATCH), None)]
        for number, group in enumerate(groups, 1):
            usage = replace(group.usage, estimated=True) if incomplete else group.usage
            made = booking(x, booking_id(name, id_, number), group.model, usage)
            priced = None if group.cost is None else x.snapshot.catalog.version
            ledger.add(replace(made, cost_usd=group.cost, price_version=priced))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to book."""
        return not (self._groups or self._unread or self._lines.left_out)


def _by_name(item: tuple[tuple[str, str | None, int], _Group]) -> tuple[str, str, int]:
    model, region, edge = item[0]
    return model, region or "", edge


def _added(one: Usage, other: Usage) -> Usage:
    calls = dict(one.server_calls)
    for name, count in other.server_calls:
        calls[name] = calls.get(name, 0) + count
    sums = {kind: getattr(one, kind) + getattr(other, kind) for kind in BUCKETS}
    return replace(
        one,
        **sums,
        server_calls=tuple(calls.items()),
        thinking_known=one.thinking_known and other.thinking_known,
        estimated=one.estimated or other.estimated,
    )


async def answers_of(
    x: Exchange, endpoint: Endpoint, id_: str | None, ownership: Ownership
) -> Answers | None:
    """What is to read the content that is fetched; None where it is no batch's answers, or where
    they have been booked.
    """
    if x.upstream is None or id_ is None or x.codec.dialect not in ANSWER:
        return None
    name = x.upstream.name
    if endpoint.kind == "files" and not await noted(x.scope, name, OUTPUTS, id_, ownership):
        return None
    return None if await noted(x.scope, name, BOOKED, id_, ownership) else Answers(x)


async def inlined_in(
    x: Exchange, body: bytes, id_: str | None, ownership: Ownership
) -> Answers | None:
    """Answers that stand in the batch itself, read; None where there are none, where the batch
    goes on, or where they have been booked.
    """
    if b'"inlinedResponses"' not in body or x.upstream is None or id_ is None:
        return None
    try:
        done = _OPERATION.decode(body).done
    except _UNREADABLE:
        return None
    if not done or await noted(x.scope, x.upstream.name, BOOKED, id_, ownership):
        return None
    named = text_at(body, ("metadata", "model")) or ""
    answers = Answers(x, named.removeprefix("models/"))
    for steps in _INLINED:
        if listed := listed_at(body, steps):
            for number, one in enumerate(listed, 1):
                answers.add(one)
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)
            break
    return answers


async def account(
    x: Exchange, answers: Answers, id_: str, ownership: Ownership, ledger: Ledger
) -> bool:
    """Book what was read to its end, and wait until it is on disk; whether nothing is left."""
    if answers.empty or x.upstream is None:
        return True
    answers.book(ledger, id_)
    written = await on_disk(ledger)
    if written:
        await ownership.once(x.scope, x.upstream.name, BOOKED, id_)
    return written


async def noted(scope: str, upstream: str, kind: str, id_: str, ownership: Ownership) -> bool:
    """Whether the note (`OUTPUTS`, `BOOKED`) is there. Where the notes cannot be read, none is:
    content is handed on all the same, and booking it again changes nothing.
    """
    try:
        return await ownership.owns(scope, upstream, kind, id_)
    except Failure:
        return False
