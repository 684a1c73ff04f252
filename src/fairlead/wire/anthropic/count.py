"""Counting tokens: `POST /v1/messages/count_tokens`.

https://platform.claude.com/docs/en/api/messages-count-tokens: "The Token Count API can be used to
count the number of tokens in a Message, including tools, images, and documents, without creating
it." Its body is a Messages body without what only an answer needs; any other field is refused
("max_tokens: Extra inputs are not permitted").
"""

from typing import Final

import msgspec

from fairlead.wire.anthropic.types import DIALECT
from fairlead.wire.counting import Counting, only, read_input_tokens

__all__ = ["COUNTING"]

# anthropic 2.12.0, types/message_count_tokens_params.py and types/beta/ of the same name.
_TAKEN: Final = frozenset(
    {
        *("messages", "model", "cache_control", "output_config", "speed", "system", "thinking"),
        *("tool_choice", "tools", "billing_policy", "compaction", "context_management"),
        *("mcp_servers",),
    }
)


_encode: Final = msgspec.json.Encoder().encode


def _say(tokens: int) -> bytes:
    return _encode({"input_tokens": tokens})


COUNTING: Final = Counting(DIALECT, fit=only(_TAKEN), read=read_input_tokens, say=_say)
