"""Usage: the nested counts of this dialect and canon's disjoint buckets, both ways.

input_tokens        = input + input_audio + cache_read + cache_read_audio + cache_write + tool
  .cached_tokens      cache_read + cache_read_audio
  .cache_write_tokens cache_write_5m + cache_write_1h
output_tokens       = output + output_audio + output_image + thinking
  .reasoning_tokens   thinking
total_tokens        = input_tokens + output_tokens (all recorded answers)

Fees: newest answers count their web searches (`tool_usage`); in others they are the items
`web_search_call` whose action is a search. Where an answer tells both, they agree (recorded: one
of OpenAI's, and one of xAI's by a counter of its own); opening a page is no search. A file search
is an item too.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Usage
from fairlead.wire.openai.stated_cost import as_stated, stated_cost
from fairlead.wire.openai_responses.answers import Detail, ToolUsage, UsageIn

__all__ = ["read_usage", "service_tier", "write_usage"]

_NONE: Final = Detail()


class _Action(Struct, gc=False):
    type: str | None = None


class _Item(Struct, gc=False):
    type: str | None = None
    action: _Action | None = None


_ITEM: Final = msgspec.json.Decoder(_Item)
_CALL: Final = b"_search_call"


def read_usage(
    told: UsageIn,
    tier: str | None = None,
    tools: ToolUsage | None = None,
    items: Sequence[Raw] = (),
) -> Usage:
    """The buckets that `usage` comes to. `tier` is the answer's, `tools` its `tool_usage`, `items`
    its output.
    """
    prompt, completion = told.input_tokens or 0, told.output_tokens or 0
    into = told.input_tokens_details or _NONE
    out = told.output_tokens_details or _NONE
    cached, written = into.cached_tokens or 0, into.cache_write_tokens or 0
    audio, thinking = into.audio_tokens or 0, out.reasoning_tokens or 0
    beyond = (told.total_tokens or 0) - prompt - completion
    if beyond > 0:  # thoughts beside the output, as in the chat dialect of some vendors
        completion += beyond
        thinking = max(thinking, beyond)
    contradiction = cached + written + audio > prompt
    if contradiction:
        prompt += cached + written + audio
    image = out.image_tokens or 0
    plain = completion - thinking - image
    if plain < 0:  # the details exceed the whole: the whole counts
        thinking, image = min(thinking, completion), 0
        plain = completion - thinking
    return Usage(
        input=prompt - cached - written - audio,
        input_audio=audio,
        cache_read=cached,
        cache_write_5m=written,
        output=plain,
        output_image=image,
        thinking=thinking,
        estimated=contradiction,
        tier=tier,
        server_calls=_server_calls(tools, items),
        stated_usd=_stated(told) if told.cost or told.cost_in_usd_ticks else None,
    )


def _stated(told: UsageIn) -> Decimal | None:
    return stated_cost(told.cost, told.cost_details, told.is_byok, told.cost_in_usd_ticks)


def _server_calls(tools: ToolUsage | None, items: Sequence[Raw]) -> tuple[tuple[str, int], ...]:
    search = tools.web_search if tools is not None else None
    told = search.num_requests if search is not None else None
    web = files = 0
    for raw in items:
        if _CALL not in bytes(raw):
            continue
        item = _called(raw)
        web += item.type == "web_search_call" and (
            item.action is None or item.action.type in (None, "search")
        )
        files += item.type == "file_search_call"
    calls = {"web_search": web if told is None else told, "file_search": files}
    return tuple((name, count) for name, count in calls.items() if count)


def _called(raw: Raw) -> _Item:
    try:
        return _ITEM.decode(raw)
    except msgspec.DecodeError:  # of a shape that nobody knows: no known fee
        return _Item()


_TIERS: Final = {
    **{
        tier: tier for tier in ("auto", "default", "flex", "scale", "priority", "fast", "ultrafast")
    },
    # the ordinary tier of Anthropic, Gemini and Mistral, and of Groq
    "standard": "default",
    "on_demand": "default",
}


def service_tier(usage: Usage) -> str | None:
    """The tier in the words that OpenAI's clients know, or None."""
    return _TIERS.get(usage.tier or "")


def write_usage(usage: Usage) -> dict[str, Any]:
    """`usage` as OpenAI writes it.

    The SDK wants a number for `reasoning_tokens`; where a vendor bills thoughts without telling how
    many, it is 0, and the ledger says that it is not known.
    """
    prompt, completion = usage.prompt_total, usage.completion_total
    told: dict[str, Any] = {
        "input_tokens": prompt,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read + usage.cache_read_audio,
            "cache_write_tokens": usage.cache_write_5m + usage.cache_write_1h,
        },
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": usage.thinking},
        "total_tokens": prompt + completion,
    }
    if usage.stated_usd is not None:
        told["cost"] = as_stated(usage.stated_usd)
    return told
