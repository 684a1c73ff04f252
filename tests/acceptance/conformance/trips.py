"""Whole trips: a recorded request in front, a recorded answer of the vendor's behind."""

import json
from itertools import cycle

from tests.acceptance.conformance.answered import Given, differences, source
from tests.acceptance.conformance.gateway import Gateway, named
from tests.acceptance.conformance.plainness import is_plain
from tests.acceptance.conformance.relay import cut
from tests.acceptance.conformance.rows import Row, answers, requests
from tests.acceptance.conformance.streams import ACCUMULATORS
from tests.acceptance.conformance.told import READERS
from tests.acceptance.conformance.typed import TYPED, TYPED_EVENTS

from fairlead.upstream.fake import Answer

__all__ = ["trips"]


def trips(
    gateway: Gateway, client: str, vendor: str, model: str, most: int
) -> tuple[int, list[str]]:
    """How many plain requests were answered, and what was wrong with the answers."""
    asked = [row for row in requests(client) if is_plain(row)]
    found: list[str] = []
    made = 0
    for stream in (False, True):
        told = cycle(_answers(vendor, stream=stream))
        wanted = [row for row in asked if row.stream == stream]
        for seed, row in enumerate(wanted[:: max(len(wanted) // most, 1)]):
            made += 1
            found += _trip(gateway, client, model, row, next(told), seed)
    return made, found


def _answers(vendor: str, *, stream: bool) -> list[Row]:
    """Answers that hold nothing of the vendor's own; as server-sent events if they are streamed."""
    kept = []
    for row in answers(vendor):
        if row.stream != stream or row.answer.lstrip().startswith(b"["):
            continue
        try:
            said = source(row)
        except Exception:  # noqa: BLE001 - broken on purpose
            continue
        if not said.own and not said.media and said.finish not in (None, "error"):
            kept.append(row)
    return kept


def _trip(
    gateway: Gateway, client: str, model: str, row: Row, answered: Row, seed: int
) -> list[str]:
    kind = "text/event-stream" if answered.stream else "application/json"
    answer = Answer(200, {"content-type": kind}, cut(answered.answer, seed))
    body = {**row.body, "stream_options": {"include_usage": True}} if _chat(row) else row.body
    trip = gateway.ask(
        client, model, named(body, client, model), stream=row.stream, answer=answer, allow=True
    )
    where = f"{row.id} answered by {answered.id}"
    if trip.status != 200:
        return [f"{where}: {trip.record.error_message}"]
    if row.stream:
        faults = TYPED_EVENTS[client](trip.body)
        told = READERS[client](ACCUMULATORS[client](trip.body))
    else:
        whole = json.loads(trip.body)
        faults, told = TYPED[client](whole), READERS[client](whole)
    given = Given(told, faults, [loss.what for loss in trip.losses])
    faults += list(differences(source(answered), given, answered.dialect))
    if trip.record.usage is None:
        faults.append("the ledger has no usage")
    return [f"{where}: {fault}" for fault in faults]


def _chat(row: Row) -> bool:
    return row.dialect == "openai_chat" and row.stream
