"""Google's Gemini API, with a key of AI Studio."""

from typing import Final
from urllib.parse import quote

from msgspec.structs import astuple

from fairlead.upstream.kinds.identity import IDENTITIES
from fairlead.upstream.kinds.kind import Kind, Probe
from fairlead.wire.codec import Framing

__all__ = ["GEMINI"]

# https://ai.google.dev/api/generate-content: POST /v1beta/{model=models/*}:generateContent;
# `alt=sse` makes streamGenerateContent answer in server-sent events instead of a JSON array.
_VERBS: dict[Framing, str] = {
    "": "generateContent",
    "sse": "streamGenerateContent?alt=sse",
    "array": "streamGenerateContent",
}


def _path(model: str, framing: Framing) -> str:
    return f"/v1beta/models/{quote(model, safe='')}:{_VERBS[framing]}"


def _count(model: str) -> str:
    return f"/v1beta/models/{quote(model, safe='')}:countTokens"


def _embed(model: str, lone: bool) -> str:
    verb = "embedContent" if lone else "batchEmbedContents"
    return f"/v1beta/models/{quote(model, safe='')}:{verb}"


GEMINI: Final = Kind(
    *astuple(IDENTITIES["gemini"]),
    paths=(("gemini", _path),),
    base_url="https://generativelanguage.googleapis.com",
    auth=("x-goog-api-key", ""),
    counting=(("gemini", _count),),
    embedding=(("gemini", _embed),),
    stores=("gemini",),
    probe=Probe("/v1beta/models?pageSize=1"),
)
