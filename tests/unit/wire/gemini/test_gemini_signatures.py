import json

import pytest

from fairlead.canon import Signature, ToolCall
from fairlead.wire.gemini import CODEC
from fairlead.wire.gemini.signature import DUMMY_SIGNATURES


def call_of(signature: str) -> ToolCall:
    part = {"functionCall": {"id": "a", "name": "f", "args": {}}, "thoughtSignature": signature}
    body = {"contents": [
        {"role": "user", "parts": [{"text": "hi"}]},
        {"role": "model", "parts": [part]},
        {"role": "user", "parts": [{"functionResponse": {"id": "a", "name": "f", "response": {}}}]},
    ]}  # fmt: skip
    call = CODEC.decode_request(json.dumps(body).encode()).turns[1].parts[0]
    assert isinstance(call, ToolCall)
    return call


@pytest.mark.parametrize("dummy", sorted(DUMMY_SIGNATURES))
def test_a_placeholder_signs_nothing(dummy: str) -> None:
    assert call_of(dummy).signature is None


def test_a_signature_is_kept() -> None:
    assert call_of("c2ln").signature == Signature("gemini", "c2ln")
