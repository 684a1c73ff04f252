"""Counting tokens: `POST /v1/responses/input_tokens`.

https://platform.openai.com/docs/api-reference/responses/input-tokens: it takes the fields of a
Responses body that are part of the prompt, and no others.
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Failure
from fairlead.wire.counting import Counting

__all__ = ["COUNTING"]

# openai 3.54.0, types/responses/input_token_count_params.py.
_TAKEN: Final = frozenset(
    {
        *("conversation", "input", "instructions", "model", "parallel_tool_calls", "personality"),
        *("previous_response_id", "reasoning", "text", "tool_choice", "tools", "truncation"),
    }
)


class _Answer(Struct):
    input_tokens: int
    object: str = "response.input_tokens"


_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_ANSWER: Final = msgspec.json.Decoder(_Answer)
_encode: Final = msgspec.json.Encoder().encode


def _fit(body: bytes, _model: str) -> bytes:
    return _encode({k: v for k, v in _OBJECT.decode(body).items() if k in _TAKEN})


def _read(body: bytes) -> int:
    try:
        return _ANSWER.decode(body).input_tokens
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure.invalid(f"no count of tokens: {error}") from error


def _say(tokens: int) -> bytes:
    return _encode(_Answer(tokens))


COUNTING: Final = Counting("openai_responses", fit=_fit, read=_read, say=_say)
