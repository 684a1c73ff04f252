"""One answer's judgement: a vendor's bytes in, what a client of another dialect gets out."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pydantic
from tests.acceptance.conformance.gateway import vendor_of
from tests.acceptance.conformance.judge import Verdict
from tests.acceptance.conformance.recorded_streams import WHOLE
from tests.acceptance.conformance.rows import Row
from tests.acceptance.conformance.streams import ACCUMULATORS, Broken
from tests.acceptance.conformance.told import READERS, Told, adds_up
from tests.acceptance.conformance.typed import TYPED, TYPED_EVENTS

from fairlead.canon import Failure, StreamError, fold, unfold
from fairlead.canon.events import Event
from fairlead.server.compile import CODECS
from fairlead.wire.codec import Reply

__all__ = ["Given", "answer", "decode", "differences", "judge_answer", "source"]

Json = Any
REPLY = Reply(model="the-model", created=1_790_000_000, request_id="fl-1", include_usage=True)
RECEIPT = b'{"request_id":"fl-1","cost_usd":"0.01"}'


@dataclass
class Given:
    """An answer in a client's dialect: whole, or streamed and put together again."""

    told: Told
    faults: list[str]
    losses: list[str] = field(default_factory=list)
    semantic: bool = False


def decode(dialect: str, data: bytes, at: tuple[int, ...] = ()) -> list[Event]:
    """The events of a stream that arrives in pieces, cut at these offsets."""
    decoder = CODECS[vendor_of(dialect)].stream_decoder()
    found: list[Event] = []
    for start, end in zip((0, *at), (*at, len(data)), strict=True):
        found += decoder.feed(data[start:end])
    return found + decoder.close()


def source(row: Row) -> Told:
    """What the vendor's own bytes say."""
    raw = WHOLE[row.dialect](row.answer) if row.stream else json.loads(row.answer)
    return READERS[row.dialect](raw)


def answer(row: Row, client: str, *, streamed: bool) -> Given:
    """The row's answer for a client of `client`, in the form that it asked for."""
    codec = CODECS[vendor_of(client)]
    vendor = CODECS[vendor_of(row.dialect)]
    if row.stream:
        happened = decode(row.dialect, row.answer)
    else:
        happened = unfold(vendor.decode_response(row.answer))
    problems = [event.problem for event in happened if isinstance(event, StreamError)]
    if problems:
        raise Failure(problems[0])
    if streamed:
        encoder = codec.stream_encoder(REPLY)
        data = b"".join([encoder.encode(event) for event in happened]) + encoder.close(RECEIPT)
        told = READERS[client](ACCUMULATORS[client](data))
        losses = encoder.losses
        faults = TYPED_EVENTS[client](data)
    else:
        encoded = codec.encode_response(fold(happened), REPLY)
        whole = json.loads(encoded.body)
        told, losses, faults = READERS[client](whole), list(encoded.losses), TYPED[client](whole)
    return Given(
        told, faults, [loss.what for loss in losses], any(x.kind == "semantic" for x in losses)
    )


def judge_answer(row: Row, client: str) -> Verdict:
    """Whole and streamed: typed, equal to the source, and equal to each other."""
    try:
        said = source(row)
    except (Broken, ValueError, KeyError, TypeError, pydantic.ValidationError) as error:
        return Verdict("unread", [f"{type(error).__name__}: {error}"])
    why: list[str] = []
    losses: set[str] = set()
    semantic = False
    for streamed in (False, True):
        name = "stream" if streamed else "whole"
        try:
            given = answer(row, client, streamed=streamed)
        except Exception as error:  # noqa: BLE001 - the harness counts them
            why.append(f"{name}: {type(error).__name__}: {str(error)[:300]}")
            continue
        losses |= set(given.losses)
        semantic = semantic or given.semantic
        why += [f"{name}: {fault}" for fault in given.faults]
        why += [f"{name}: {fault}" for fault in differences(said, given, row.dialect)]
    named = tuple(sorted(losses))
    if why:
        return Verdict("failed", why, named)
    if semantic:
        return Verdict("semantic", [], named)
    return Verdict("cosmetic" if named else "exact", [], named)


def differences(said: Told, given: Given, vendor: str) -> Iterator[str]:
    """In what the client's answer is unlike the vendor's, without a loss that says so."""
    told, losses = given.told, given.losses
    if told.text != said.text:
        yield f"text {said.text[:40]!r} became {told.text[:40]!r}"
    # Several thoughts are joined with an empty line, or without.
    if "".join(told.thought.split()) != "".join(said.thought.split()):
        yield f"thought {said.thought[:40]!r} became {told.thought[:40]!r}"
    unsaid = any(loss.startswith(("arguments", "tool_arguments", "custom_tool")) for loss in losses)
    if told.calls != said.calls and not unsaid:
        yield f"calls {said.calls} became {told.calls}"
    if len(set(told.ids)) != len(told.calls) and vendor != "openai_chat":
        yield f"calls have the ids {told.ids}"
    unsaid = any("_output" in loss or "audio" in loss for loss in losses)
    if told.media != said.media and not unsaid:
        yield "media are gone"
    missing = [
        kind
        for kind in said.own
        if not any(kind in loss or loss.startswith(kind[:11]) for loss in losses)
    ]
    if missing and set(said.own) != set(told.own):
        yield f"blocks are gone: {missing}"
    finish = "stop" if said.finish == "pause" and told.finish != "pause" else said.finish
    # What went wrong at the vendor has a word nowhere else.
    if finish not in (None, "error", told.finish) and not any(
        loss.startswith("finish") for loss in losses
    ):
        yield f"finish {said.finish} became {told.finish}"
    if said.candidates not in (0, told.candidates) and "n" not in losses:
        yield f"{said.candidates} candidates became {told.candidates}"
    yield from _usage(said, told)


def _usage(said: Told, told: Told) -> Iterator[str]:
    if said.usage is None or not adds_up(said.usage):
        return  # figures that contradict themselves are marked estimated, which a test sees to
    if told.usage is None:
        yield "usage is gone"
        return
    for count, value in said.usage.items():
        if told.usage[count] != value and count != "written":
            yield f"usage.{count} {value} became {told.usage[count]}"
