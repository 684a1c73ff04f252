"""Whatever speaks OpenAI's dialects at another address: API aggregators, local servers.

`base_url` is what OpenAI's SDK would be given: with the version, if the address has one. Models
have names of their own there (`models`), and a key is sent where one is given. What the endpoint
does not take (`lacks`) is left out or said otherwise.
"""

from functools import partial
from typing import Final

from msgspec.structs import astuple, replace

from fairlead.canon import Dialect
from fairlead.upstream.account import Account
from fairlead.upstream.kinds.identity import IDENTITIES
from fairlead.upstream.kinds.kind import SDK_RETRIES, Adapt, Adapted, Kind, Probe
from fairlead.upstream.transport import HttpRequest
from fairlead.wire.codec import Framing
from fairlead.wire.openai_chat.compatible import without

__all__ = ["OPENAI_COMPATIBLE"]


def _chat(_model: str, _framing: Framing) -> str:
    return "/chat/completions"


def _responses(_model: str, _framing: Framing) -> str:
    return "/responses"


def _embed(_model: str, _lone: bool) -> str:
    return "/embeddings"


def _base(_account: Account) -> str:
    raise ValueError("no address: set `base_url`, as OpenAI's SDK would be given it")


def _adapting(account: Account) -> Adapt | None:
    return partial(_adapt, account.lacks) if account.lacks else None


def _adapt(
    lacks: tuple[str, ...], request: HttpRequest, dialect: Dialect, _framing: Framing
) -> Adapted:
    if dialect != "openai_chat":
        return Adapted(request)
    encoded = without(request.body, lacks)
    return Adapted(replace(request, body=encoded.body), encoded.losses)


_CHAT_ALONE: Final = Kind(
    *astuple(IDENTITIES["openai_compatible"]),
    paths=(("openai_chat", _chat),),
    base_url="",
    auth=("authorization", "Bearer "),
    give_back=("x-request-id", "x-ratelimit-", *SDK_RETRIES),
    embedding=(("openai_chat", _embed),),
    base_of=_base,
    adapting=_adapting,
    keyless=True,
    probe=Probe("/models"),
)
_BOTH: Final = replace(
    _CHAT_ALONE, paths=(("openai_chat", _chat), ("openai_responses", _responses))
)
OPENAI_COMPATIBLE: Final = replace(_CHAT_ALONE, apis={"chat": _CHAT_ALONE, "responses": _BOTH})
