"""POST /v1/chat/completions."""

from collections.abc import Callable
from typing import Any

import msgspec

from fairlead.emulator import judge
from fairlead.emulator.answer.wording import seed_of
from fairlead.emulator.faces.face import Answered, Put, Tally, Usage
from fairlead.emulator.faces.openai.reading import ask_of
from fairlead.emulator.faces.openai.writing import Form, chunks, completion
from fairlead.emulator.http11.reply import Reply

__all__ = ["STREAM", "cached_of", "chat"]

STREAM = "text/event-stream; charset=utf-8"
# "Cache hits occur in increments of 128 tokens" (guide on prompt caching).
STEP = 128


def cached_of(tally: Tally) -> int:
    """Tokens that the prompt cache had."""
    return tally.read // STEP * STEP


def chat(put: Put, stated: Callable[[Usage], dict[str, Any]] | None = None) -> Answered:
    """A completion, whole or as a stream. `stated` makes what is told of its cost, for those that
    tell it.
    """
    body = put.body
    ask = ask_of(body, put.model)
    answers = [put.compose(ask, index) for index in range(body.get("n") or 1)]
    thought = sum(one.thinking_tokens for one in answers)
    spoken = sum(one.spoken_tokens for one in answers)
    cached = cached_of(put.tally)
    usage = _usage(put, cached, thought, spoken)
    bill: Usage = {
        "input": put.tally.total - cached - put.tally.write_5m,
        "cache_read": cached,
        "cache_write_5m": put.tally.write_5m,
        "thinking": thought,
        "output": spoken,
    }
    if stated is not None:
        usage |= stated(bill)
    options = body.get("stream_options") or {}
    form = Form(
        judge.full_name("openai", put.model),
        seed_of(ask),
        custom=frozenset(
            tool["custom"]["name"] for tool in body.get("tools") or () if tool["type"] == "custom"
        ),
        legacy=not body.get("tools") and bool(body.get("functions")),
        likely=(body.get("top_logprobs") or 0) if body.get("logprobs") else None,
        sound="audio" in (body.get("modalities") or ()),
        padded=options.get("include_obfuscation") is not False,
    )
    made = thought + spoken
    if put.stream:
        shown = usage if options.get("include_usage") is True else None
        return Answered(Reply(200, STREAM, pieces=chunks(answers, form, shown), tokens=made), bill)
    whole = msgspec.json.encode(completion(answers, form, usage))
    return Answered(Reply(200, body=whole, tokens=made), bill)


def _usage(put: Put, cached: int, thought: int, spoken: int) -> dict[str, Any]:
    prompt = put.tally.total
    heard = dict(put.tally.kinds).get("AUDIO", 0)
    details = {"cached_tokens": cached, "audio_tokens": heard}
    if judge.openai_facts(put.model).cache_writes:
        details["cache_write_tokens"] = put.tally.write_5m
    return {
        "prompt_tokens": prompt,
        "completion_tokens": spoken + thought,
        "total_tokens": prompt + spoken + thought,
        "prompt_tokens_details": details,
        "completion_tokens_details": {
            "reasoning_tokens": thought,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
