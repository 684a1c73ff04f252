"""What a schema finds wrong with a body."""

from typing import Any, TypeAlias

import msgspec

__all__ = ["Fault", "Json"]

Json: TypeAlias = Any  # a decoded JSON value: what it is, is the question


class Fault(msgspec.Struct, frozen=True):
    """One fault of a request body, said as the vendor says it.

    `path` is in the vendor's notation ("" for the body itself): `messages.0.content.1.image.source`
    at Anthropic, `contents[0].parts[1].inline_data` at Google. `message` is the vendor's sentence,
    path included where the vendor includes it. `code` is OpenAI's name for the kind of fault.
    """

    path: str
    message: str
    code: str = ""
