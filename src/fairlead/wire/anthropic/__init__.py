"""The Anthropic Messages dialect, both ways, as one table of functions."""

from fairlead.canon import Reasoning
from fairlead.wire.anthropic.ask_caching import ask_caching
from fairlead.wire.anthropic.encode_request import encode_request
from fairlead.wire.anthropic.errors import decode_error, encode_error
from fairlead.wire.anthropic.headers import left_behind, read_headers
from fairlead.wire.anthropic.paths import client_path
from fairlead.wire.anthropic.request import decode_request, peek
from fairlead.wire.anthropic.response import decode_response, encode_response
from fairlead.wire.anthropic.stream import Decoder
from fairlead.wire.anthropic.stream_encoder import Encoder
from fairlead.wire.anthropic.tap import Tap
from fairlead.wire.anthropic.types import DIALECT
from fairlead.wire.anthropic.usage import asked_region
from fairlead.wire.codec import Codec

__all__ = ["CODEC"]

CODEC = Codec(
    dialect=DIALECT,
    peek=peek,
    decode_request=decode_request,
    encode_request=encode_request,
    decode_response=decode_response,
    encode_response=encode_response,
    stream_decoder=Decoder,
    stream_encoder=Encoder,
    usage_tap=Tap,
    decode_error=decode_error,
    encode_error=encode_error,
    client_path=client_path,
    ask_caching=ask_caching,
    request_id_header=b"request-id",
    left_behind=left_behind,
    # "thinking: ... When enabled, responses include thinking content blocks": without it there is
    # none, and none is billed (anthropic SDK, MessageCreateParamsBase.thinking).
    unsaid_reasoning=Reasoning(effort="none"),
    read_headers=read_headers,
    asked_region=asked_region,
)
