"""The plain answer: one candidate that says one text. Most are nothing else.

It is written from a template instead of a tree of dictionaries. What it says is what
`response.encode_response` would say, to the byte; whatever is not plain is left to that.
"""

from typing import Final

import msgspec

from fairlead.canon import Response, Text, Usage
from fairlead.wire.codec import Reply

__all__ = ["write_plain"]

_json: Final = msgspec.json.Encoder().encode

_ANSWER: Final = (
    b'{"id":%b,"object":"chat.completion","created":%d,"model":%b,"choices":[{"index":%d,'
    b'"message":{"role":"assistant","content":%b,"refusal":null},"logprobs":null,'
    b'"finish_reason":"%b"}]%b}'
)
_USAGE: Final = (
    b',"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,'
    b'"prompt_tokens_details":{"cached_tokens":%d,"audio_tokens":0},'
    b'"completion_tokens_details":{%b"audio_tokens":0}}'
)
_WORDS: Final = {"stop": b"stop", "length": b"length"}


def write_plain(response: Response, reply: Reply, id_: str, tier: str | None) -> bytes | None:
    """The body, or None where the full writing is needed. `tier`: OpenAI's word for it, if any."""
    if len(response.candidates) != 1:
        return None
    candidate = response.candidates[0]
    if len(candidate.parts) != 1 or candidate.logprobs is not None or candidate.finish is None:
        return None
    part, word = candidate.parts[0], _WORDS.get(candidate.finish.reason)
    if part.__class__ is not Text or part.citations or part.signature is not None or word is None:
        return None
    rest = b""
    if response.usage is not None:
        usage = _usage(response.usage)
        if usage is None:
            return None
        rest = usage if tier is None else b'%b,"service_tier":%b' % (usage, _json(tier))
    if reply.extra:
        rest += b',"fairlead":' + reply.extra
    return _ANSWER % (
        _json(id_),
        reply.created,
        _json(reply.model),
        candidate.index,
        _json(part.text),
        word,
        rest,
    )


def _usage(usage: Usage) -> bytes | None:
    """`usage`, or None where it tells more than input, cache reads, thoughts and output."""
    if (
        usage.input_audio
        or usage.cache_read_audio
        or usage.cache_write_5m
        or usage.cache_write_1h
        or usage.output_audio
        or usage.output_image
        or usage.server_calls
    ):
        return None
    prompt = usage.input + usage.cache_read + usage.tool_input
    completion = usage.output + usage.thinking
    thoughts = b'"reasoning_tokens":%d,' % usage.thinking if usage.thinking_known else b""
    return _USAGE % (prompt, completion, prompt + completion, usage.cache_read, thoughts)
