"""Usage as this vendor counts it, into canon's disjoint buckets and back.

"Total input tokens in a request is the summation of `input_tokens`, `cache_creation_input_tokens`,
and `cache_read_input_tokens`" (SDK 2.12, types/message.py): input excludes both. Newer answers
break `output_tokens` down (`output_tokens_details.thinking_tokens`, always within
`output_tokens`); older ones don't, and then thinking is billed inside the output without a figure:
`thinking_known` is False.

With compaction the top-level counts leave out what the compaction itself cost: "sum across all
entries in the `usage.iterations` array" is what is billed (platform.claude.com, build-with-claude/
compaction; a recorded answer has 55,096 tokens only there). Iterations of another model (an
advisor) are in no top-level count (recorded: 2,390 input tokens are the 1,128 and 1,262 of the two
`message` iterations, without the advisor's 2,518) and are billed at that model's price: they are
told as `server_calls` named `<type>:<model>:<bucket>`, a token a call, never added to the tokens.
"""

from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from fairlead.canon import Usage
from fairlead.wire.anthropic.types import Json

__all__ = ["WireUsage", "asked_region", "merge", "read_usage", "write_usage"]


class _Creation(Struct, gc=False):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _Details(Struct, gc=False):
    thinking_tokens: int | None = None


class _Iteration(Struct, gc=False):
    type: str = "message"
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _Creation | None = None


class WireUsage(Struct, frozen=True, gc=False):
    """The `usage` object of an answer, of `message_start` and of `message_delta`."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _Creation | None = None
    output_tokens_details: _Details | None = None
    server_tool_use: dict[str, int | None] | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None
    iterations: list[_Iteration] | None = None


class _Asked(Struct, gc=False):
    inference_geo: str | None = None


_ASKED: Final = msgspec.json.Decoder(_Asked)
_ANYWHERE: Final = ("global", "not_available")
"""`inference_geo` of an answer that may have been computed anywhere, and of a model that has no
choice (as recorded). "us" is priced: platform.claude.com, about-claude/pricing, "Data residency
pricing".
"""

_CALLS_SUFFIX: Final = "_requests"
_TIERS: Final = {
    **{tier: tier for tier in ("standard", "priority", "batch")},
    # the ordinary tier of OpenAI and of Groq
    "default": "standard",
    "on_demand": "standard",
}
"""The tiers that an answer may name here: "standard", "priority" or "batch" (SDK 2.12,
types/usage.py). Others stand in no answer; the ledger has them all the same.
"""


def merge(old: WireUsage | None, new: WireUsage) -> WireUsage:
    """Usage so far with what `message_delta` says on top.

    "The token counts shown in the usage field of the message_delta event are cumulative": the
    last word counts, and what it doesn't repeat (the tier, the split of cache writes) stands.
    """
    if old is None:
        return new
    told = {key: value for key, value in asdict(new).items() if value is not None}
    return replace(old, **told)


def read_usage(wire: WireUsage) -> Usage:
    """Canon's buckets."""
    total, split = wire.cache_creation_input_tokens, wire.cache_creation
    write_5m, write_1h = _writes(total, split) if total or split is not None else (0, 0)
    fresh, read = wire.input_tokens or 0, wire.cache_read_input_tokens or 0
    output = wire.output_tokens or 0
    calls: list[tuple[str, int]] = []
    if wire.server_tool_use:
        calls += [
            (name.removesuffix(_CALLS_SUFFIX), count)
            for name, count in wire.server_tool_use.items()
            if count
        ]
    for iteration in wire.iterations or ():
        if iteration.type == "compaction":
            more_5m, more_1h = _writes(
                iteration.cache_creation_input_tokens, iteration.cache_creation
            )
            write_5m, write_1h = write_5m + more_5m, write_1h + more_1h
            fresh += iteration.input_tokens or 0
            read += iteration.cache_read_input_tokens or 0
            output += iteration.output_tokens or 0
        elif iteration.model is not None and iteration.type != "message":
            calls += _of_other(iteration)
    details = wire.output_tokens_details
    thinking = details.thinking_tokens if details is not None else None
    return Usage(
        input=fresh,
        cache_read=read,
        cache_write_5m=write_5m,
        cache_write_1h=write_1h,
        output=output - (thinking or 0),
        thinking=thinking or 0,
        thinking_known=thinking is not None,
        tier="fast" if wire.speed == "fast" else wire.service_tier,
        server_calls=tuple(calls),
        region=_region(wire.inference_geo),
    )


def _region(geo: str | None) -> str | None:
    return "" if geo in _ANYWHERE else geo


def asked_region(body: bytes) -> str | None:
    """Where a request wants to be computed, as `Usage.region`; None where it does not say."""
    if body.find(b'"inference_geo"') < 0:
        return None
    try:
        return _region(_ASKED.decode(body).inference_geo)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _of_other(iteration: _Iteration) -> list[tuple[str, int]]:
    """The tokens of another model within the answer, by name and bucket."""
    write_5m, write_1h = _writes(iteration.cache_creation_input_tokens, iteration.cache_creation)
    counts = {
        "input": iteration.input_tokens,
        "cache_read": iteration.cache_read_input_tokens,
        "cache_write_5m": write_5m,
        "cache_write_1h": write_1h,
        "output": iteration.output_tokens,
    }
    head = f"{iteration.type}:{iteration.model}"
    return [(f"{head}:{bucket}", count) for bucket, count in counts.items() if count]


def _writes(total: int | None, split: _Creation | None) -> tuple[int, int]:
    """Cache writes for 5 minutes and for 1 hour. `message_delta` brings the total alone, and a
    write without a split is one of 5 minutes, the default.
    """
    hour = (split.ephemeral_1h_input_tokens or 0) if split is not None else 0
    short = (split.ephemeral_5m_input_tokens or 0) if split is not None else 0
    if total is None or total == hour + short:
        return short, hour
    return max(total - hour, 0), min(hour, total)


def write_usage(usage: Usage, extra: bytes = b"") -> Json:
    """The `usage` object that tells `usage`; `extra` is attached as `fairlead`."""
    wire: Json = {
        "input_tokens": usage.input + usage.input_audio + usage.tool_input,
        "cache_creation_input_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_read_input_tokens": usage.cache_read + usage.cache_read_audio,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "output_tokens": usage.completion_total,
    }
    if usage.thinking_known:
        wire["output_tokens_details"] = {"thinking_tokens": usage.thinking}
    calls = {name: count for name, count in usage.server_calls if ":" not in name}
    if calls:  # the SDK demands both counters (2.12, types/server_tool_usage.py)
        wire["server_tool_use"] = {
            "web_fetch_requests": 0,
            "web_search_requests": 0,
            **{name + _CALLS_SUFFIX: count for name, count in calls.items()},
        }
    tier = _TIERS.get(usage.tier or "")
    if tier is not None:
        wire["service_tier"] = tier
    elif usage.tier == "fast":
        wire["speed"] = "fast"
    if usage.region is not None:
        wire["inference_geo"] = usage.region or _ANYWHERE[0]
    if extra:
        wire["fairlead"] = msgspec.Raw(extra)
    return wire
