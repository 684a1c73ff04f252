"""POST /v1/embeddings: vectors that are made of the words alone, so that like texts are near."""

import base64
import hashlib
import math
import re
import struct
from typing import Any

import msgspec

from fairlead.emulator import judge
from fairlead.emulator.faces.face import Answered, Put
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.rules.openai.embedding import inputs_of, tokens_of

__all__ = ["embeddings"]

_WORD = re.compile(r"\w+")
PER_WORD = 16


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


def vector(given: str | list[int], size: int) -> list[float]:
    """A vector for a text or for tokens; each word pulls in directions of its own."""
    words = _WORD.findall(given.lower()) if isinstance(given, str) else [str(one) for one in given]
    sums = [0.0] * size
    for word in words or [str(given)]:
        digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=64).digest()
        for place in range(PER_WORD):
            number = int.from_bytes(digest[place * 4 : place * 4 + 4])
            sums[(number >> 1) % size] += 1.0 if number & 1 else -1.0
    length = math.sqrt(sum(one * one for one in sums)) or 1.0
    return [one / length for one in sums]


def _written(values: list[float], packed: bool) -> Any:  # noqa: ANN401 - a list or a text
    if not packed:
        return [round(one, 8) for one in values]
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
