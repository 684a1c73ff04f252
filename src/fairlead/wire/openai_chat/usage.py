"""Usage: OpenAI's nested counts and canon's disjoint buckets, both ways.

    prompt_tokens      = input + input_audio + cache_read + cache_read_audio + cache_write + tool
      .cached_tokens      cache_read + cache_read_audio
      .cache_write_tokens cache_write_5m + cache_write_1h
      .audio_tokens       input_audio + cache_read_audio
    completion_tokens  = output + output_audio + output_image + thinking
      .reasoning_tokens   thinking
    total_tokens       = prompt_tokens + completion_tokens (583 of 583 recorded OpenAI answers)

Compatible vendors break the nesting in three recorded ways. Gemini's front leaves thoughts out of
the completion but not out of the total; Mistral leaves audio out of the prompt but not out of the
total; Grok on Azure reports more cached tokens than prompt tokens, which then cannot be part of
them. The first two show in the total and are put right by it; the third contradicts itself, so its
figures are marked estimated.
"""

from decimal import Decimal
from typing import Any, Final

from fairlead.canon import Usage
from fairlead.wire.openai.stated_cost import as_stated, stated_cost
from fairlead.wire.openai_chat.answers import UsageDetails, UsageIn

__all__ = ["read_usage", "service_tier", "write_usage"]

_NONE: Final = UsageDetails()
# OpenRouter's counter of what its server tools did -> canon's name of the fee.
_SERVER_CALLS: Final = {"web_search_requests": "web_search"}
_SERVER_COUNTERS: Final = {name: counter for counter, name in _SERVER_CALLS.items()}


def read_usage(told: UsageIn, tier: str | None = None) -> Usage:
    """The buckets that `usage` comes to. `tier` is the answer's `service_tier`."""
    prompt, completion = told.prompt_tokens or 0, told.completion_tokens or 0
    into = told.prompt_tokens_details or _NONE
    out = told.completion_tokens_details or _NONE
    cached = _first(
        into.cached_tokens, told.prompt_cache_hit_tokens, told.num_cached_tokens, told.cached_tokens
    )
    written, audio = into.cache_write_tokens or 0, into.audio_tokens or 0
    thinking = out.reasoning_tokens or 0
    beyond = (told.total_tokens or 0) - prompt - completion
    if beyond > 0 and beyond == audio:
        prompt += audio
    elif beyond > 0:
        completion += beyond
        thinking = max(thinking, beyond)
    contradiction = cached + written > prompt
    if contradiction:
        prompt += cached + written
    fresh = prompt - cached - written - audio
    # Audio and cached tokens may be the same ones; how many is told only by what is left over.
    shared = max(0, -fresh)
    audio_out, image_out = out.audio_tokens or 0, out.image_tokens or 0
    plain = completion - thinking - audio_out - image_out
    if plain < 0:  # the details exceed the whole: the whole counts
        thinking, audio_out, image_out = min(thinking, completion), 0, 0
        plain = completion - thinking
    return Usage(
        input=max(0, fresh),
        input_audio=max(0, audio - shared),
        cache_read=max(0, cached - shared),
        cache_read_audio=min(shared, cached),
        cache_write_5m=written,
        output=plain,
        output_audio=audio_out,
        output_image=image_out,
        thinking=thinking,
        estimated=contradiction,
        tier=tier or told.service_tier,
        server_calls=_server_calls(told),
        stated_usd=_stated(told) if told.cost or told.cost_in_usd_ticks else None,
    )


def _stated(told: UsageIn) -> Decimal | None:
    return stated_cost(told.cost, told.cost_details, told.is_byok, told.cost_in_usd_ticks)


def _first(*counts: int | None) -> int:
    return next((count for count in counts if count is not None), 0)


def _server_calls(told: UsageIn) -> tuple[tuple[str, int], ...]:
    if not told.server_tool_use_details:
        return ()
    return tuple(
        (_SERVER_CALLS[counter], count)
        for counter, count in told.server_tool_use_details.items()
        if count and counter in _SERVER_CALLS
    )


_TIERS: Final = {
    **{tier: tier for tier in ("auto", "default", "flex", "scale", "priority", "fast")},
    # the ordinary tier of Anthropic, Gemini and Mistral, and of Groq
    "standard": "default",
    "on_demand": "default",
}


def service_tier(usage: Usage) -> str | None:
    """The tier in the words that OpenAI's clients know, or None."""
    return _TIERS.get(usage.tier or "")


def write_usage(usage: Usage) -> dict[str, Any]:
    """`usage` as OpenAI writes it. Thinking that is not disclosed has no `reasoning_tokens`."""
    prompt, completion = usage.prompt_total, usage.completion_total
    into: dict[str, int] = {
        "cached_tokens": usage.cache_read + usage.cache_read_audio,
        "audio_tokens": usage.input_audio + usage.cache_read_audio,
    }
    if written := usage.cache_write_5m + usage.cache_write_1h:
        into["cache_write_tokens"] = written
    out: dict[str, int] = {}
    if usage.thinking_known:
        out["reasoning_tokens"] = usage.thinking
    out["audio_tokens"] = usage.output_audio
    if usage.output_image:
        out["image_tokens"] = usage.output_image
    told: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": into,
        "completion_tokens_details": out,
    }
    # A name with a colon tells another model's tokens within the answer: no count of calls.
    if calls := [(name, count) for name, count in usage.server_calls if ":" not in name]:
        told["server_tool_use_details"] = {
            _SERVER_COUNTERS.get(name, name): count for name, count in calls
        }
    if usage.stated_usd is not None:
        told["cost"] = as_stated(usage.stated_usd)
    return told
