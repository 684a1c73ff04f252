"""Usage: Gemini's nested counts to canon's disjoint buckets, and back.

    promptTokenCount      = input + input_audio + cache_read + cache_read_audio
    cachedContentTokenCount =                     cache_read + cache_read_audio
    toolUsePromptTokenCount = tool_input          (beside the prompt, not in it)
    candidatesTokenCount  = output + output_audio + output_image   (thoughts are beside it)
    thoughtsTokenCount    = thinking
    totalTokenCount       = prompt + candidates + thoughts + toolUse

The discovery document (aiplatform v1beta1, `totalTokenCount`) states the sum; it holds in 441 of
445 recorded chunks, and the other four carry a `trafficType` and no counts at all.
"""

from collections.abc import Iterable
from typing import Final

from fairlead.canon import Loss, Usage
from fairlead.wire.gemini.types import ModalityIn, UsageIn, word

__all__ = ["decode_usage", "encode_usage"]

_MODALITIES: Final = {
    0: "MODALITY_UNSPECIFIED",
    1: "TEXT",
    2: "IMAGE",
    3: "VIDEO",
    4: "AUDIO",
    5: "DOCUMENT",
}
_TRAFFIC: Final = {0: "TRAFFIC_TYPE_UNSPECIFIED", 1: "ON_DEMAND", 2: "PROVISIONED_THROUGHPUT"}
# Vertex names the tier by kind of traffic, the Gemini API by `serviceTier` (google-genai 3.4).
_TIERS: Final = {
    "ON_DEMAND": "standard",
    "ON_DEMAND_PRIORITY": "priority",
    "ON_DEMAND_FLEX": "flex",
    "ON_DEMAND_OFFPEAK": "offpeak",
    "PROVISIONED_THROUGHPUT": "provisioned",
}
_WIRE_TIERS: Final = {
    **{tier: tier for tier in ("standard", "flex", "priority")},
    # the ordinary tier of OpenAI and of Groq
    "default": "standard",
    "on_demand": "standard",
}
"""The tiers that an answer may name (google-genai 3.4, ServiceTier); others stand in no answer."""
_UNSAID: Final = (None, "UNSPECIFIED", "TRAFFIC_TYPE_UNSPECIFIED", "SERVICE_TIER_UNSPECIFIED")


def decode_usage(wire: UsageIn | None, searches: int = 0) -> Usage | None:
    """Usage in buckets, or None where the vendor sent no counts.

    `searches` is the number of web searches that the answer's grounding names: Gemini states no
    count of its own.
    """
    if wire is None or (wire.prompt_token_count is None and wire.total_token_count is None):
        return None
    prompt = wire.prompt_token_count or 0
    cached = wire.cached_content_token_count or 0
    made = wire.candidates_token_count or 0
    audio = cached_audio = out_audio = out_image = 0
    if wire.prompt_tokens_details:
        audio = _share(wire.prompt_tokens_details, "AUDIO", prompt)
    if cached and wire.cache_tokens_details:
        cached_audio = _share(wire.cache_tokens_details, "AUDIO", cached)
    if wire.candidates_tokens_details:
        out_audio = _share(wire.candidates_tokens_details, "AUDIO", made)
        out_image = _share(wire.candidates_tokens_details, "IMAGE", made - out_audio)
    fresh_audio = max(0, audio - cached_audio)
    return Usage(
        input=max(0, prompt - cached - fresh_audio),
        input_audio=fresh_audio,
        cache_read=cached - cached_audio,
        cache_read_audio=cached_audio,
        tool_input=wire.tool_use_prompt_token_count or 0,
        output=made - out_audio - out_image,
        output_audio=out_audio,
        output_image=out_image,
        thinking=wire.thoughts_token_count or 0,
        tier=None if wire.service_tier is None and wire.traffic_type is None else _tier(wire),
        server_calls=(("web_search", searches),) if searches else (),
    )


def _share(lines: Iterable[ModalityIn], modality: str, at_most: int) -> int:
    count = 0
    for line in lines:
        said = line.modality
        if said != "TEXT" and word(said, _MODALITIES) == modality:
            count += line.token_count or 0
    return min(count, at_most)


def _tier(wire: UsageIn) -> str | None:
    said = wire.service_tier
    if isinstance(said, str) and said.upper() not in _UNSAID:
        return said.lower()
    traffic = word(wire.traffic_type, _TRAFFIC)
    return None if traffic in _UNSAID else _TIERS.get(str(traffic), str(traffic).lower())


def encode_usage(usage: Usage) -> tuple[dict[str, object], list[Loss]]:
    """`usageMetadata`, and what it has no field for (cache writes)."""
    prompt = usage.prompt_total - usage.tool_input
    cached = usage.cache_read + usage.cache_read_audio
    audio = usage.input_audio + usage.cache_read_audio
    made = usage.completion_total - usage.thinking
    wire: dict[str, object] = {"promptTokenCount": prompt}
    if made:
        wire["candidatesTokenCount"] = made
    wire["totalTokenCount"] = usage.total
    if cached:
        wire["cachedContentTokenCount"] = cached
        wire["cacheTokensDetails"] = _lines(
            TEXT=cached - usage.cache_read_audio, AUDIO=usage.cache_read_audio
        )
    if prompt:
        wire["promptTokensDetails"] = _lines(TEXT=prompt - audio, AUDIO=audio)
    if usage.output_audio or usage.output_image:
        wire["candidatesTokensDetails"] = _lines(
            TEXT=usage.output, AUDIO=usage.output_audio, IMAGE=usage.output_image
        )
    if usage.thinking:
        wire["thoughtsTokenCount"] = usage.thinking
    if usage.tool_input:
        wire["toolUsePromptTokenCount"] = usage.tool_input
    tier = _WIRE_TIERS.get(usage.tier or "")
    if tier is not None:
        wire["serviceTier"] = tier
    losses = []
    if usage.cache_write_5m or usage.cache_write_1h:
        why = "Gemini's usage has no cache writes: they are counted in promptTokenCount"
        losses.append(Loss("cosmetic", "usage", "usage_cache_write", why))
    return wire, losses


def _lines(**counts: int) -> list[dict[str, object]]:
    return [{"modality": name, "tokenCount": count} for name, count in counts.items() if count]
