"""Streams as the vendor sends them, built from their events."""

import json

from tests.unit.wire.anthropic.cases import CITED, SEARCH_RESULT

USAGE = {"input_tokens": 9, "output_tokens": 1}
START = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": USAGE}}
STOP = {"type": "message_stop"}
PING = {"type": "ping"}


def end(reason="end_turn", **usage):
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": usage or {"output_tokens": 5},
    }


def start(index, block):
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index, **fields):
    return {"type": "content_block_delta", "index": index, "delta": fields}


def stop(index):
    return {"type": "content_block_stop", "index": index}


def sse(*events, newline="\n"):
    lines = [f"event: {e['type']}{newline}data: {json.dumps(e)}{newline}{newline}" for e in events]
    return "".join(lines).encode()


TEXT = (start(0, {"type": "text", "text": ""}), delta(0, type="text_delta", text="he"))
WHOLE = sse(
    START,
    PING,
    start(0, {"type": "thinking", "thinking": "", "signature": ""}),
    delta(0, type="thinking_delta", thinking="I "),
    delta(0, type="thinking_delta", thinking="think"),
    delta(0, type="signature_delta", signature="sig=="),
    stop(0),
    start(1, {"type": "redacted_thinking", "data": "abc"}),
    stop(1),
    start(2, {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}),
    delta(2, type="input_json_delta", partial_json=""),
    delta(2, type="input_json_delta", partial_json='{"q":'),
    delta(2, type="input_json_delta", partial_json='"x"}'),
    stop(2),
    start(3, SEARCH_RESULT),
    stop(3),
    start(4, {"type": "text", "text": "", "citations": []}),
    delta(4, type="citations_delta", citation=CITED),
    delta(4, type="text_delta", text="he"),
    {"type": "invented_tomorrow", "index": 4},
    delta(4, type="text_delta", text="y ü"),
    stop(4),
    start(
        5, {"type": "tool_use", "id": "t1", "name": "f", "input": {}, "caller": {"type": "direct"}}
    ),
    delta(5, type="input_json_delta", partial_json=""),
    delta(5, type="input_json_delta", partial_json='{"a": 1'),
    delta(5, type="input_json_delta", partial_json="}"),
    stop(5),
    start(6, {"type": "tool_use", "id": "t2", "name": "g", "input": {}}),
    delta(6, type="input_json_delta", partial_json=""),
    stop(6),
    start(7, {"type": "compaction", "content": None}),
    delta(7, type="compaction_delta", content="all "),
    delta(7, type="compaction_delta", content="told"),
    stop(7),
    end("tool_use", input_tokens=10, output_tokens=5, cache_read_input_tokens=3),
    STOP,
)
