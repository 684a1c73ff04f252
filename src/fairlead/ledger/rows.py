"""A record as a row of the database, and back. `record(row(x)) == x` for every record."""

from decimal import Decimal
from typing import Any

from msgspec import json

from fairlead.canon import Loss, Usage
from fairlead.ledger.record import Accepted, Record

__all__ = ["RECORD_COLUMNS", "Row", "accepted", "accepted_row", "clean", "record", "record_row"]

Row = tuple[str | int | float | None, ...]

RECORD_COLUMNS = (
    *("id", "at", "dialect", "asked_model", "outcome", "status", "stream", "key_id", "model"),
    *("upstream", "route", "policy", "decision", "losses"),
    *("input", "input_audio", "cache_read", "cache_read_audio", "cache_write_5m"),
    *("cache_write_1h", "tool_input", "output", "output_audio", "output_image", "thinking"),
    *("thinking_known", "estimated", "tier", "server_calls"),
    *("cost_usd", "cost_pico_usd", "price_version", "error_kind", "error_message"),
    *("queue_ms", "first_byte_ms", "first_token_ms", "last_ms", "emulated"),
)

_NO_USAGE: Row = (None,) * 15
_LARGEST = 2**63 - 1
_losses = json.Decoder(tuple[Loss, ...])
_calls = json.Decoder(tuple[tuple[str, int], ...])


def accepted_row(value: Accepted, instance: str) -> Row:
    """For the statement `insert_accepted`."""
    return (
        value.id,
        value.at,
        value.dialect,
        value.asked_model,
        value.key_id,
        value.stream,
        instance,
    )


def record_row(value: Record) -> Row:
    """For the statement `insert_records`, in the order of `RECORD_COLUMNS`."""
    cost = value.cost_usd
    return (
        value.id,
        value.at,
        value.dialect,
        value.asked_model,
        value.outcome,
        value.status,
        value.stream,
        value.key_id,
        value.model,
        value.upstream,
        value.route,
        value.policy,
        value.decision.decode("utf-8", "replace") if value.decision else None,
        json.encode(value.losses).decode() if value.losses else None,
        *(_NO_USAGE if value.usage is None else _usage_row(value.usage)),
        None if cost is None else f"{cost:f}",
        None if cost is None else int(cost.scaleb(12).to_integral_value()),
        value.price_version,
        value.error_kind,
        value.error_message,
        value.queue_ms,
        value.first_byte_ms,
        value.first_token_ms,
        value.last_ms,
        value.emulated,
    )


def _usage_row(usage: Usage) -> Row:
    return (
        usage.input,
        usage.input_audio,
        usage.cache_read,
        usage.cache_read_audio,
        usage.cache_write_5m,
        usage.cache_write_1h,
        usage.tool_input,
        usage.output,
        usage.output_audio,
        usage.output_image,
        usage.thinking,
        usage.thinking_known,
        usage.estimated,
        usage.tier,
        json.encode(usage.server_calls).decode() if usage.server_calls else None,
    )


def record(row: tuple[Any, ...]) -> Record:
    """The record that a row of the statements `show_record` and `tail` holds."""
    of = dict(zip(RECORD_COLUMNS, row, strict=True))
    cost = of["cost_usd"]
    return Record(
        id=of["id"],
        at=of["at"],
        dialect=of["dialect"],
        asked_model=of["asked_model"],
        outcome=of["outcome"],
        status=of["status"],
        stream=bool(of["stream"]),
        key_id=of["key_id"],
        model=of["model"],
        upstream=of["upstream"],
        route=of["route"],
        policy=of["policy"],
        decision=(of["decision"] or "").encode(),
        losses=_losses.decode(of["losses"]) if of["losses"] else (),
        usage=_usage(of),
        cost_usd=None if cost is None else Decimal(cost),
        price_version=of["price_version"],
        error_kind=of["error_kind"],
        error_message=of["error_message"],
        queue_ms=of["queue_ms"],
        first_byte_ms=of["first_byte_ms"],
        first_token_ms=of["first_token_ms"],
        last_ms=of["last_ms"],
        emulated=bool(of["emulated"]),
    )


def _usage(of: dict[str, Any]) -> Usage | None:
    if of["input"] is None:
        return None
    return Usage(
        input=of["input"],
        input_audio=of["input_audio"],
        cache_read=of["cache_read"],
        cache_read_audio=of["cache_read_audio"],
        cache_write_5m=of["cache_write_5m"],
        cache_write_1h=of["cache_write_1h"],
        tool_input=of["tool_input"],
        output=of["output"],
        output_audio=of["output_audio"],
        output_image=of["output_image"],
        thinking=of["thinking"],
        thinking_known=bool(of["thinking_known"]),
        estimated=bool(of["estimated"]),
        tier=of["tier"],
        server_calls=_calls.decode(of["server_calls"]) if of["server_calls"] else (),
    )


def accepted(row: tuple[Any, ...]) -> Accepted:
    """The acceptance that a row of the statement `show_accepted` holds."""
    id_, at, dialect, asked_model, key_id, stream = row
    return Accepted(id_, at, dialect, asked_model, key_id, bool(stream))


def clean(row: Row) -> Row:
    """A row that SQLite takes whatever came in: lone surrogates replaced, integers bounded.

    Only for rows that were refused as they were: a wrong character must not cost the record.
    """
    return tuple(_clean(value) for value in row)


def _clean(value: str | int | float | None) -> str | int | float | None:  # noqa: PYI041 - as Row
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int):
        return min(max(value, -_LARGEST), _LARGEST)
    return value
