"""Gemini's `generateContent`: canonical requests and answers to its JSON and back.

The same dialect is spoken by the Gemini API and by Vertex; address, signing and model id are the
upstream's business.
"""

from typing import Final

from msgspec.structs import replace

from fairlead.wire.codec import Codec
from fairlead.wire.gemini.array import ArrayStreamEncoder
from fairlead.wire.gemini.errors import decode_error, encode_error
from fairlead.wire.gemini.inbound import decode_request, peek
from fairlead.wire.gemini.media import is_vendor_uri
from fairlead.wire.gemini.paths import client_path
from fairlead.wire.gemini.request import encode_request
from fairlead.wire.gemini.response import decode_response, encode_response
from fairlead.wire.gemini.stream import StreamDecoder, StreamEncoder, UsageTap

__all__ = ["ARRAY_CODEC", "CODEC"]

CODEC: Final = Codec(
    dialect="gemini",
    peek=peek,
    decode_request=decode_request,
    encode_request=encode_request,
    decode_response=decode_response,
    encode_response=encode_response,
    stream_decoder=StreamDecoder,
    stream_encoder=StreamEncoder,
    usage_tap=UsageTap,
    decode_error=decode_error,
    encode_error=encode_error,
    client_path=client_path,
    model_in_body=False,
    vendor_uri=is_vendor_uri,
)

ARRAY_CODEC: Final = replace(
    CODEC,
    stream_encoder=ArrayStreamEncoder,
    stream_content_type="application/json",
    framing="array",
)
"""The same dialect to a client that streams without `alt=sse`."""
