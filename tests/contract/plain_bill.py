"""What a recorded answer costs, worked out plainly from the raw JSON.

An independent reading of each vendor's rules, for comparison: it uses neither canon nor codecs nor
the cost room, and it knows nothing but the bytes. `count` gives tokens by kind of price, `amount`
multiplies them by a table. One function a dialect; each quotes what it goes by.
"""

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

__all__ = ["FEE", "OTHERS", "PRICES", "amount", "count"]

# Each price is another one, so that a token in the wrong kind shows in the amount.
PRICES = {
    "input": Decimal("1.01"),
    "input_audio": Decimal("3.07"),
    "cache_read": Decimal("0.11"),
    "cache_read_audio": Decimal("0.31"),
    "cache_write_5m": Decimal("1.27"),
    "cache_write_1h": Decimal("2.03"),
    "tool_input": Decimal("1.09"),
    "output": Decimal("5.03"),
    "output_audio": Decimal("20.11"),
    "output_image": Decimal("30.13"),
    "thinking": Decimal("7.01"),
}
FEE = Decimal(10_000)
"""Dollars for a million calls of any server tool."""
OTHERS = Decimal(5)
"""Another model within an answer (an advisor) costs this many times as much."""


def count(dialect: str, text: str) -> Counter[str] | None:
    """Tokens by kind, fees as `call:NAME`, another model's kinds as `other:KIND`; None: no usage."""
    objects = [found for found in _objects(text) if isinstance(found, dict)]
    return _RULES[dialect](objects)


def amount(counted: Counter[str]) -> Decimal:
    """Dollars, exactly."""
    total = Decimal(0)
    for kind, number in counted.items():
        if kind.startswith("call:"):
            total += number * FEE
        elif kind.startswith("other:"):
            total += number * PRICES[kind.removeprefix("other:")] * OTHERS
        else:
            total += number * PRICES[kind]
    return total / 1_000_000


def _objects(text: str) -> Iterator[Any]:
    """A whole answer, an array of chunks, or the `data:` lines of server-sent events."""
    try:
        whole = json.loads(text)
    except ValueError:
        for event in text.replace("\r\n", "\n").split("\n\n"):
            data = [line[5:] for line in event.split("\n") if line.startswith("data:")]
            try:
                yield json.loads("\n".join(data))
            except ValueError:
                continue
    else:
        yield from whole if isinstance(whole, list) else [whole]


def _anthropic(objects: list[dict[str, Any]]) -> Counter[str] | None:
    """Anthropic's Messages.

    "Total input tokens in a request is the summation of `input_tokens`,
    `cache_creation_input_tokens`, and `cache_read_input_tokens`" (SDK, types/message.py): they lie
    beside each other. "The token counts shown in the `usage` field of the `message_delta` event are
    cumulative" (streaming guide): the last word on a field counts. Of `usage.iterations`, those of
    type `compaction` are in no top-level count and are billed ("sum across all entries in the
    `usage.iterations` array", compaction guide), those with a model of their own at its prices.
    """
    usage: dict[str, Any] = {}
    for found in objects:
        told = found.get("usage") or (found.get("message") or {}).get("usage")
        usage |= {key: value for key, value in (told or {}).items() if value is not None}
    if not usage:
        return None
    bill: Counter[str] = Counter()
    _iteration(bill, usage, "")
    for one in usage.get("iterations") or []:
        if one.get("type") == "compaction":
            _iteration(bill, one, "")
        elif one.get("type") != "message" and one.get("model"):
            _iteration(bill, one, "other:")
    details = usage.get("output_tokens_details") or {}
    bill["thinking"] = details.get("thinking_tokens") or 0
    bill["output"] -= bill["thinking"]
    for name, calls in (usage.get("server_tool_use") or {}).items():
        bill["call:" + name.removesuffix("_requests")] += calls or 0
    return bill


def _iteration(bill: Counter[str], usage: dict[str, Any], of: str) -> None:
    written = usage.get("cache_creation_input_tokens") or 0
    hour = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
    bill[of + "input"] += usage.get("input_tokens") or 0
    bill[of + "cache_read"] += usage.get("cache_read_input_tokens") or 0
    bill[of + "cache_write_1h"] += hour
    bill[of + "cache_write_5m"] += written - hour
    bill[of + "output"] += usage.get("output_tokens") or 0


def _gemini(objects: list[dict[str, Any]]) -> Counter[str] | None:
    """Gemini's generateContent.

    "When `cachedContent` is set, [promptTokenCount] is still the total effective prompt size,
    meaning this includes the number of tokens in the cached content"; `totalTokenCount` "is the sum
    of `prompt_token_count`, `candidates_token_count`, `tool_use_prompt_token_count`, and
    `thoughts_token_count`" (google-genai, types.py): candidates, tool use and thoughts lie beside
    each other. The counts are billed, not the sum of the details by modality, which is less where
    server tools ran (recorded: 279 with 176 in the details). Modalities are words or, on Vertex at
    times, numbers. Each chunk of a stream tells the counts so far: the last one counts.
    """
    usage: dict[str, Any] = {}
    searches = 0
    for found in objects:
        told = found.get("usageMetadata") or {}
        if "promptTokenCount" in told or "totalTokenCount" in told:
            usage = told
        for candidate in found.get("candidates") or []:
            grounding = candidate.get("groundingMetadata") or {}
            # "we ignore the empty web search queries when counting unique queries" (Gemini API,
            # "Grounding with Google Search", Pricing)
            asked = [q for q in grounding.get("webSearchQueries") or [] if q.strip()]
            searches = len(dict.fromkeys(asked)) or searches
    if not usage:
        return None
    prompt, cached = usage.get("promptTokenCount") or 0, usage.get("cachedContentTokenCount") or 0
    made = usage.get("candidatesTokenCount") or 0
    audio = _modality(usage, "promptTokensDetails", "AUDIO", 4)
    cached_audio = _modality(usage, "cacheTokensDetails", "AUDIO", 4) if cached else 0
    spoken = _modality(usage, "candidatesTokensDetails", "AUDIO", 4)
    drawn = _modality(usage, "candidatesTokensDetails", "IMAGE", 2)
    return Counter(
        {
            "input": prompt - cached - (audio - cached_audio),
            "input_audio": audio - cached_audio,
            "cache_read": cached - cached_audio,
            "cache_read_audio": cached_audio,
            "tool_input": usage.get("toolUsePromptTokenCount") or 0,
            "output": made - spoken - drawn,
            "output_audio": spoken,
            "output_image": drawn,
            "thinking": usage.get("thoughtsTokenCount") or 0,
            "call:web_search": searches,
        }
    )


def _modality(usage: dict[str, Any], field: str, word: str, number: int) -> int:
    lines = usage.get(field) or []
    return sum(line.get("tokenCount") or 0 for line in lines if line["modality"] in (word, number))


def _converse(objects: list[dict[str, Any]]) -> Counter[str] | None:
    """Bedrock's Converse.

    "inputTokens: The number of tokens sent in the request to the model", "cacheReadInputTokens: The
    number of input tokens read from the cache for the request", "cacheWriteInputTokens: The number
    of input tokens written to the cache", "cacheDetails: Detailed breakdown of cache writes by TTL"
    (botocore, bedrock-runtime/service-2.json, TokenUsage). They lie beside each other: in recorded
    answers `totalTokens` is the sum of the three and of `outputTokens`.
    """
    usage = next((found["usage"] for found in reversed(objects) if "usage" in found), None)
    if usage is None:
        return None
    bill = Counter(input=usage["inputTokens"], output=usage["outputTokens"])
    bill["cache_read"] = usage.get("cacheReadInputTokens", 0)
    written = usage.get("cacheWriteInputTokens", 0)
    assert bill.total() + written == usage["totalTokens"]
    for detail in usage.get("cacheDetails") or ():
        bill[f"cache_write_{detail['ttl']}"] += detail["inputTokens"]
        written -= detail["inputTokens"]
    bill["cache_write_5m"] += written
    return bill


def _chat(objects: list[dict[str, Any]]) -> Counter[str] | None:
    """Chat completions.

    "Cached tokens present in the prompt", "Audio input tokens present in the prompt", "Tokens
    generated by the model for reasoning" with `completion_tokens` (openai SDK,
    types/completion_usage.py): details are parts of the whole. "An additional chunk will be
    streamed before the `data: [DONE]` message. The `usage` field on this chunk shows the token usage
    statistics for the entire request": the last word counts. Of vendors that speak the same, the
    total tells where a part lies beside the whole: Mistral's audio, Gemini's thoughts.
    """
    usage: dict[str, Any] = {}
    for found in objects:
        usage = found.get("usage") or (found.get("x_groq") or {}).get("usage") or usage
    if not usage:
        return None
    into = usage.get("prompt_tokens_details") or {}
    out = usage.get("completion_tokens_details") or {}
    prompt, made = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
    # DeepSeek: prompt_tokens = prompt_cache_hit_tokens + prompt_cache_miss_tokens. Others have
    # spelled it in ways of their own.
    cached = next(
        (
            told
            for told in (
                into.get("cached_tokens"),
                usage.get("prompt_cache_hit_tokens"),
                usage.get("num_cached_tokens"),
                usage.get("cached_tokens"),
            )
            if told is not None
        ),
        0,
    )
    written, audio = into.get("cache_write_tokens") or 0, into.get("audio_tokens") or 0
    thinking = out.get("reasoning_tokens") or 0
    spoken, drawn = out.get("audio_tokens") or 0, out.get("image_tokens") or 0
    beside = (usage.get("total_tokens") or 0) - prompt - made
    if beside > 0 and beside == audio:
        prompt += audio
    elif beside > 0:
        made, thinking = made + beside, max(thinking, beside)
    if cached + written > prompt:  # cannot be part of the prompt: beside it
        prompt += cached + written
    if thinking + spoken + drawn > made:
        thinking, spoken, drawn = min(thinking, made), 0, 0
    tools = usage.get("server_tool_use_details") or {}
    return Counter(
        {
            "input": prompt - cached - written - audio,
            "input_audio": audio,
            "cache_read": cached,
            "cache_write_5m": written,
            "output": made - thinking - spoken - drawn,
            "output_audio": spoken,
            "output_image": drawn,
            "thinking": thinking,
            "call:web_search": tools.get("web_search_requests") or 0,
        }
    )


def _responses(objects: list[dict[str, Any]]) -> Counter[str] | None:
    """Responses.

    "The number of tokens that were retrieved from the cache" and `reasoning_tokens` are details of
    `input_tokens` and `output_tokens` (openai SDK, types/responses/response_usage.py). Every search
    is a fee, told by `tool_usage.web_search.num_requests` in newest answers; in the others it is
    the items `web_search_call` whose action is a search (in the recorded answers that tell both,
    xAI's own counter included, the two agree; opening a page is no search). File searches alike.
    """
    usage: dict[str, Any] = {}
    answer: dict[str, Any] = {}
    for found in objects:
        response = found.get("response") if "response" in found else found
        if isinstance(response, dict) and response.get("usage"):
            usage, answer = response["usage"], response
    if not usage:
        return None
    into, out = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    prompt, made = usage.get("input_tokens") or 0, usage.get("output_tokens") or 0
    cached, written = into.get("cached_tokens") or 0, into.get("cache_write_tokens") or 0
    thinking = out.get("reasoning_tokens") or 0
    beside = (usage.get("total_tokens") or 0) - prompt - made
    if beside > 0:
        made, thinking = made + beside, max(thinking, beside)
    if cached + written > prompt:
        prompt += cached + written
    items = answer.get("output") or []
    told = ((answer.get("tool_usage") or {}).get("web_search") or {}).get("num_requests")
    searches = told if told is not None else sum(_is_search(item) for item in items)
    return Counter(
        {
            "input": prompt - cached - written,
            "cache_read": cached,
            "cache_write_5m": written,
            "output": made - thinking,
            "thinking": thinking,
            "call:web_search": searches,
            "call:file_search": sum(item.get("type") == "file_search_call" for item in items),
        }
    )


def _is_search(item: dict[str, Any]) -> bool:
    return item.get("type") == "web_search_call" and (item.get("action") or {}).get("type") in (
        "search",
        None,
    )


_RULES = {
    "anthropic": _anthropic,
    "gemini": _gemini,
    "openai_chat": _chat,
    "bedrock_converse": _converse,
    "openai_responses": _responses,
}
