"""POST /v1/embeddings: vectors that are made of the words alone, so that like texts are near."""

import base64
import struct
from typing import Any

import msgspec

from fairlead.emulator import judge
from fairlead.emulator.answer.vector import vector
from fairlead.emulator.faces.face import Answered, Put
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.rules.openai.embedding import inputs_of, tokens_of

__all__ = ["embeddings"]


def embeddings(put: Put) -> Answered:
    """A list of vectors of length 1."""
    body = put.body
    size = body.get("dimensions") or judge.openai_facts(put.model).dimensions
    given = inputs_of(body["input"])
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _written(vector(one, size), packed)}
        for index, one in enumerate(given)
    ]
    tokens = sum(tokens_of(one) for one in given)
    answer = {
        "object": "list",
        "data": data,
        "model": put.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
    return Answered(Reply(200, body=msgspec.json.encode(answer)), {"input": tokens})


def _written(values: list[float], packed: bool) -> Any:  # noqa: ANN401 - a list or a text
    if not packed:
        return [round(one, 8) for one in values]
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
