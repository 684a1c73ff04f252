"""Counting tokens: `POST /v1/messages/count_tokens`.

https://platform.claude.com/docs/en/api/messages-count-tokens: "The Token Count API can be used to
count the number of tokens in a Message, including tools, images, and documents, without creating
it." Its body is a Messages body without what only an answer needs; any other field is refused
("max_tokens: Extra inputs are not permitted").
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Failure
from fairlead.wire.anthropic.types import DIALECT
from fairlead.wire.counting import Counting

__all__ = ["COUNTING"]

# anthropic 2.12.0, types/message_count_tokens_params.py and types/beta/ of the same name.
_TAKEN: Final = frozenset(
    {
        *("messages", "model", "cache_control", "output_config", "speed", "system", "thinking"),
        *("tool_choice", "tools", "billing_policy", "compaction", "context_management"),
        *("mcp_servers",),
    }
)


class _Answer(Struct):
    input_tokens: int


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


COUNTING: Final = Counting(DIALECT, fit=_fit, read=_read, say=_say)
