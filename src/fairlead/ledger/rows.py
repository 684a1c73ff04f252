"""A record as a row of the database, and back. `record` of the columns of a row is the record.

Most records say the same few things: they have a model, usage and a price, and no error, losses or
rare kinds of usage. Such a row is *plain*: it is written with fewer columns, and the schema's
defaults fill in the others. Any other is *full*. Both stand in one table and read alike.

What a value costs to bind decides the form of a row. Python's sqlite3 binds exact `int`, `float`
and `str` at once; for a `bool` or `None` it first looks for an adapter, at some 0.85 us each
(`need_adapt` in CPython's Modules/_sqlite/statement.c; measured on 3.11), more than the rest of
the column costs. So a bool goes as 0 or 1, and NULL as a NaN, which SQLite stores as NULL
(`sqlite3VdbeMemSetDouble` leaves the value NULL "if sqlite3IsNaN"). Of the two kinds of bytes only
a `bytearray` is bound at once.
"""

from decimal import Decimal
from typing import Any

from msgspec import json

from fairlead.canon import Loss, Usage
from fairlead.ledger.record import Accepted, Record
from fairlead.ledger.verdict import Verdict

__all__ = [
    "PLAIN_COLUMNS",
    "RECORD_COLUMNS",
    "Row",
    "accepted",
    "accepted_row",
    "clean",
    "full_row",
    "plain_row",
    "record",
    "verdict_row",
]

Value = str | int | float | bytearray
Row = tuple[Value, ...]

RECORD_COLUMNS = (
    *("id", "at", "dialect", "asked_model", "outcome", "status", "stream", "key_id", "model"),
    *("upstream", "route", "policy", "decision", "losses"),
    *("input", "input_audio", "cache_read", "cache_read_audio", "cache_write_5m"),
    *("cache_write_1h", "tool_input", "output", "output_audio", "output_image", "thinking"),
    *("thinking_known", "estimated", "tier", "server_calls", "region"),
    *("stated_usd",),
    *("cost_usd", "cost_pico_usd", "price_version", "error_kind", "error_message"),
    *("queue_ms", "first_byte_ms", "first_token_ms", "last_ms", "emulated", "op"),
    *("reuse_5m", "reuse_1h", "prefix"),
)
PLAIN_COLUMNS = (
    *("id", "at", "dialect", "asked_model", "outcome", "status", "stream", "key_id", "model"),
    *("upstream", "route", "policy", "decision"),
    *("input", "cache_read", "cache_write_5m", "output", "thinking", "thinking_known", "tier"),
    *("cost_usd", "cost_pico_usd", "price_version"),
    *("first_byte_ms", "first_token_ms", "last_ms", "emulated"),
)

_NULL = float("nan")
_NO_USAGE: Row = (_NULL,) * 17
_PICO = Decimal(10**12)
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
        _NULL if value.key_id is None else value.key_id,
        1 if value.stream else 0,
        instance,
        value.op,
    )


def verdict_row(value: Verdict) -> Row:
    """For the statement `insert_verdict`."""
    return (
        value.id,
        value.at,
        value.source,
        _NULL if value.score is None else value.score,
        _NULL if value.task is None else value.task,
        _NULL if value.comment is None else value.comment,
    )


def plain_row(value: Record, seq: int) -> Row | None:
    """For the statement `insert_plain`: `seq` and `PLAIN_COLUMNS`. None if that loses something."""
    usage, cost = value.usage, value.cost_usd
    if usage is None or cost is None or _has_rare(value) or _uses_rare(usage):
        return None
    return (
        seq,
        value.id,
        value.at,
        value.dialect,
        value.asked_model,
        value.outcome,
        value.status,
        1 if value.stream else 0,
        _NULL if value.key_id is None else value.key_id,
        _NULL if value.model is None else value.model,
        _NULL if value.upstream is None else value.upstream,
        value.route,
        _NULL if value.policy is None else value.policy,
        value.decision.decode("utf-8", "replace") if value.decision else _NULL,
        usage.input,
        usage.cache_read,
        usage.cache_write_5m,
        usage.output,
        usage.thinking,
        1 if usage.thinking_known else 0,
        _NULL if usage.tier is None else usage.tier,
        _digits(cost),
        round(cost * _PICO),
        _NULL if value.price_version is None else value.price_version,
        _NULL if value.first_byte_ms is None else value.first_byte_ms,
        _NULL if value.first_token_ms is None else value.first_token_ms,
        _NULL if value.last_ms is None else value.last_ms,
        1 if value.emulated else 0,
    )


def _has_rare(value: Record) -> bool:
    return (
        value.op != "generate"
        or value.error_kind is not None
        or value.error_message is not None
        or value.queue_ms is not None
        or bool(value.losses or value.prefix)
        or value.reuse_5m is not None
        or value.reuse_1h is not None
    )


def _uses_rare(usage: Usage) -> bool:
    return bool(
        usage.input_audio
        or usage.cache_read_audio
        or usage.cache_write_1h
        or usage.tool_input
        or usage.output_audio
        or usage.output_image
        or usage.estimated
        or usage.server_calls
        or usage.region
        or usage.stated_usd is not None
    )


def full_row(value: Record, seq: int) -> Row:
    """For the statement `insert_full`: `seq` and `RECORD_COLUMNS`."""
    cost = value.cost_usd
    return (
        seq,
        value.id,
        value.at,
        value.dialect,
        value.asked_model,
        value.outcome,
        value.status,
        1 if value.stream else 0,
        _NULL if value.key_id is None else value.key_id,
        _NULL if value.model is None else value.model,
        _NULL if value.upstream is None else value.upstream,
        value.route,
        _NULL if value.policy is None else value.policy,
        value.decision.decode("utf-8", "replace") if value.decision else _NULL,
        json.encode(value.losses).decode() if value.losses else _NULL,
        *(_NO_USAGE if value.usage is None else _usage_row(value.usage)),
        _NULL if cost is None else _digits(cost),
        _NULL if cost is None else round(cost * _PICO),
        _NULL if value.price_version is None else value.price_version,
        _NULL if value.error_kind is None else value.error_kind,
        _NULL if value.error_message is None else value.error_message,
        _NULL if value.queue_ms is None else value.queue_ms,
        _NULL if value.first_byte_ms is None else value.first_byte_ms,
        _NULL if value.first_token_ms is None else value.first_token_ms,
        _NULL if value.last_ms is None else value.last_ms,
        1 if value.emulated else 0,
        value.op,
        _NULL if value.reuse_5m is None else value.reuse_5m,
        _NULL if value.reuse_1h is None else value.reuse_1h,
        bytearray(value.prefix) if value.prefix else _NULL,
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
        1 if usage.thinking_known else 0,
        1 if usage.estimated else 0,
        _NULL if usage.tier is None else usage.tier,
        json.encode(usage.server_calls).decode() if usage.server_calls else _NULL,
        usage.region or _NULL,  # "anywhere" costs what "not told" does
        _NULL if usage.stated_usd is None else _digits(usage.stated_usd),
    )


def _digits(cost: Decimal) -> str:
    """The exact decimal without an exponent. `str` is four times as quick as formatting."""
    text = str(cost)
    return f"{cost:f}" if "E" in text else text


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
        op=of["op"],
        prefix=of["prefix"] or b"",
        reuse_5m=of["reuse_5m"],
        reuse_1h=of["reuse_1h"],
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
        region=of["region"],
        stated_usd=None if of["stated_usd"] is None else Decimal(of["stated_usd"]),
    )


def accepted(row: tuple[Any, ...]) -> Accepted:
    """The acceptance that a row of the statement `show_accepted` holds."""
    id_, at, dialect, asked_model, key_id, stream, op = row
    return Accepted(id_, at, dialect, asked_model, key_id, bool(stream), op)


def clean(row: Row) -> Row:
    """A row that SQLite takes whatever came in: lone surrogates replaced, integers bounded.

    Only for rows that were refused as they were: a wrong character must not cost the record.
    """
    return tuple(_clean(value) for value in row)


def _clean(value: Value) -> Value:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int):
        return min(max(value, -_LARGEST), _LARGEST)
    return value
