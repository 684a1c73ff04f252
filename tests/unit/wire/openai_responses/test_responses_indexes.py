"""A stream whose indexes leave some out tells each item once."""

import json

from fairlead.canon import Text, fold
from fairlead.wire.openai_responses import CODEC


def item(name, text):
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"id": name, "type": "message", "role": "assistant", "content": [part]}


def test_items_of_the_last_event_are_known_by_their_ids():
    items = [item("msg_a", "one"), item("msg_b", "two")]
    events = [{"type": "response.created", "response": {"id": "r", "output": []}}]
    for index, whole in zip((0, 2), items, strict=True):
        events.append({"type": "response.output_item.done", "output_index": index, "item": whole})
    end = {"id": "r", "status": "completed", "output": items}
    events.append({"type": "response.completed", "response": end})
    data = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()
    decoder = CODEC.stream_decoder()
    answer = fold(decoder.feed(data) + decoder.close())
    assert answer.candidates[0].parts == (Text("one"), Text("two"))
