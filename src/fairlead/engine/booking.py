"""Costs of what a vendor keeps: a batch's answers, a cached content. Booked once, whatever dies.

Such a cost is no single request's: it is seen by any request that is shown the object, perhaps by
several, in several processes. So it is a record of its own, whose id is made of the object's. The
ledger takes the first record of an id and ignores later ones, so whoever sees the cost may book it
again: after a kill, at the same time as another process. Nothing has to be noted first.

A cost is on disk before the client has the end of what told it. A process that is killed in between
leaves a client that asks again.
"""

import asyncio
from typing import Final

from msgspec.structs import replace

from fairlead.canon import Failure, Usage
from fairlead.catalog.model import Model
from fairlead.cost.receipt import total
from fairlead.engine.exchange import Exchange
from fairlead.engine.settle import prices_of
from fairlead.ledger.record import Ledger, Record

__all__ = ["booking", "booking_id", "model_named", "on_disk"]

_PATIENCE: Final = 2.0  # seconds; a ledger that takes longer is in trouble, and says so


def booking_id(upstream: str, object_id: str, number: int = 1) -> str:
    """The record's id: the upstream's name and the vendor's id, as `gemini.batches.abc`. An
    object's further records end in their number.
    """
    named = f"{upstream}.{object_id.replace('/', '.')}"
    return named if number == 1 else f"{named}-{number}"


def model_named(x: Exchange, name: str) -> Model:
    """The model that an answer names, as this upstream has it; who is not known has no price."""
    upstream = x.upstream
    try:
        model = x.snapshot.model(name, x.today)
    except Failure:
        return Model.unknown(name or "unknown", upstream.vendor if upstream else "")
    if upstream is None or not model.known:
        return model
    return x.snapshot.catalog.at_door(model, upstream.door, upstream.region)


def booking(x: Exchange, id_: str, model: Model, usage: Usage) -> Record:
    """The record of a cost that this exchange was shown, at the prices of its day."""
    table = x.snapshot.prices(model, x.today)
    cost = total(usage, table, lambda other: prices_of(x, other))
    return replace(
        x.record(),
        id=id_,
        outcome="ok",
        status=200,
        model=model.id,
        usage=usage,
        cost_usd=cost,
        price_version=None if cost is None else x.snapshot.catalog.version,
        first_byte_ms=None,
        last_ms=None,
    )


async def on_disk(ledger: Ledger) -> bool:
    """Wait until what was booked cannot be lost by a kill; False where the ledger is in trouble."""
    return await asyncio.to_thread(ledger.flush, _PATIENCE)
