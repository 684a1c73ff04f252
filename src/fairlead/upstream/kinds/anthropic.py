"""Anthropic's own API."""

from typing import Final

from msgspec.structs import astuple

from fairlead.upstream.kinds.identity import IDENTITIES
from fairlead.upstream.kinds.kind import SDK_RETRIES, Kind, Probe
from fairlead.wire.codec import Framing

__all__ = ["ANTHROPIC"]


def _path(_model: str, _framing: Framing) -> str:
    return "/v1/messages"


def _count(_model: str) -> str:
    return "/v1/messages/count_tokens"


ANTHROPIC: Final = Kind(
    *astuple(IDENTITIES["anthropic"]),
    paths=(("anthropic", _path),),
    base_url="https://api.anthropic.com",
    auth=("x-api-key", ""),
    # https://platform.claude.com/docs/en/api/versioning: the header is demanded; under
    # 2023-06-01 the 4.5 generation takes sampling parameters, which 2026-10-21 refuses.
    headers=(("anthropic-version", "2023-06-01"),),
    forward=frozenset({b"anthropic-version", b"anthropic-beta"}),
    forward_query=frozenset({b"beta"}),
    give_back=("request-id", "anthropic-", *SDK_RETRIES),
    counting=(("anthropic", _count),),
    stores=("anthropic",),
    probe=Probe("/v1/models?limit=1"),
)
