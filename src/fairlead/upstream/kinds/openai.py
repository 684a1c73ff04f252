"""OpenAI itself, and whatever speaks its dialects at another address."""

from typing import Final

from msgspec.structs import astuple

from fairlead.upstream.kinds.identity import IDENTITIES
from fairlead.upstream.kinds.kind import SDK_RETRIES, Kind, Probe
from fairlead.wire.codec import Framing

__all__ = ["OPENAI"]


def _chat(_model: str, _framing: Framing) -> str:
    return "/v1/chat/completions"


def _responses(_model: str, _framing: Framing) -> str:
    return "/v1/responses"


def _count(_model: str) -> str:
    return "/v1/responses/input_tokens"


def _embed(_model: str, _lone: bool) -> str:
    return "/v1/embeddings"


OPENAI: Final = Kind(
    *astuple(IDENTITIES["openai"]),
    paths=(("openai_chat", _chat), ("openai_responses", _responses)),
    base_url="https://api.openai.com",
    auth=("authorization", "Bearer "),
    forward=frozenset({b"openai-beta"}),
    give_back=(
        "x-request-id",
        "x-ratelimit-",
        "openai-processing-ms",
        "openai-version",
        *SDK_RETRIES,
    ),
    counting=(("openai_responses", _count),),
    embedding=(("openai_chat", _embed),),
    stores=("openai_chat",),
    probe=Probe("/v1/models"),
)
