"""OpenAI's chat dialect: POST /v1/chat/completions, in both directions."""

from fairlead.wire.codec import Codec
from fairlead.wire.openai.errors import decode_error, encode_error
from fairlead.wire.openai_chat.chunks import ChatStreamEncoder
from fairlead.wire.openai_chat.encode_request import encode_request
from fairlead.wire.openai_chat.meter import METER
from fairlead.wire.openai_chat.paths import client_path
from fairlead.wire.openai_chat.request import decode_request, peek
from fairlead.wire.openai_chat.response import decode_response, encode_response
from fairlead.wire.openai_chat.stream import ChatStreamDecoder, ChatUsageTap

__all__ = ["CODEC"]

CODEC = Codec(
    dialect="openai_chat",
    peek=peek,
    decode_request=decode_request,
    encode_request=encode_request,
    decode_response=decode_response,
    encode_response=encode_response,
    stream_decoder=ChatStreamDecoder,
    stream_encoder=ChatStreamEncoder,
    usage_tap=ChatUsageTap,
    decode_error=decode_error,
    encode_error=encode_error,
    client_path=client_path,
    request_id_header=b"x-request-id",
    meter=METER,
)
