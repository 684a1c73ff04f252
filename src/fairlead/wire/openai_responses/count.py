"""Counting tokens: `POST /v1/responses/input_tokens`.

https://platform.openai.com/docs/api-reference/responses/input-tokens: it takes the fields of a
Responses body that are part of the prompt, and no others.
"""

from typing import Final

import msgspec

from fairlead.wire.counting import Counting, only, read_input_tokens

__all__ = ["COUNTING"]

# openai 3.54.0, types/responses/input_token_count_params.py.
_TAKEN: Final = frozenset(
    {
        *("conversation", "input", "instructions", "model", "parallel_tool_calls", "personality"),
        *("previous_response_id", "reasoning", "text", "tool_choice", "tools", "truncation"),
    }
)


_encode: Final = msgspec.json.Encoder().encode


def _say(tokens: int) -> bytes:
    return _encode({"input_tokens": tokens, "object": "response.input_tokens"})


COUNTING: Final = Counting("openai_responses", fit=only(_TAKEN), read=read_input_tokens, say=_say)
