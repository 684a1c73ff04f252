"""A stream that another candidate's failure comes before: it has a head, and its own alone."""

import json

import pytest
from tests.integration.conftest import meant

from fairlead.emulator import FaultRule

GEMINI = {
    "contents": [
        {"role": "user", "parts": [{"text": "[emulate: words=42] 970: tide harbour anchor beacon"}]}
    ]
}


@pytest.mark.parametrize("after", [0, 60, 250, 400])
@pytest.mark.parametrize("form", ["", "?alt=sse"])
def test_a_passed_on_stream_after_a_translated_one_that_broke_has_a_head(
    gateway, emulator, after, form
):
    emulator.faults.add(
        FaultRule("stream_error", vendor="anthropic", after=after, status=503, times=1)
    )
    url = f"/v1beta/models/auto:streamGenerateContent{form}"
    reply = gateway.request("POST", url, json.dumps(GEMINI).encode())
    assert reply.status == 200
    assert "x-fairlead-request-id" in {name.lower() for name in reply.headers}
    assert b"emulated answer" in reply.body
    record = gateway.record(reply.headers["x-fairlead-request-id"])
    assert b"but failed" in record.decision
    assert record.model == meant("flash")
