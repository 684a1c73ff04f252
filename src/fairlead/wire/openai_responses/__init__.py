"""OpenAI's Responses dialect: POST /v1/responses, in both directions."""

from fairlead.wire.codec import Codec
from fairlead.wire.openai.errors import decode_error, encode_error
from fairlead.wire.openai_responses.encode_request import encode_request
from fairlead.wire.openai_responses.events_out import ResponsesStreamEncoder
from fairlead.wire.openai_responses.left_behind import left_behind
from fairlead.wire.openai_responses.paths import client_path
from fairlead.wire.openai_responses.request import decode_request, peek
from fairlead.wire.openai_responses.response import decode_response, encode_response
from fairlead.wire.openai_responses.state import STATE
from fairlead.wire.openai_responses.stream import ResponsesStreamDecoder, ResponsesUsageTap

__all__ = ["CODEC"]

CODEC = Codec(
    dialect="openai_responses",
    peek=peek,
    decode_request=decode_request,
    encode_request=encode_request,
    decode_response=decode_response,
    encode_response=encode_response,
    stream_decoder=ResponsesStreamDecoder,
    stream_encoder=ResponsesStreamEncoder,
    usage_tap=ResponsesUsageTap,
    decode_error=decode_error,
    encode_error=encode_error,
    client_path=client_path,
    request_id_header=b"x-request-id",
    left_behind=left_behind,
    state=STATE,
)
