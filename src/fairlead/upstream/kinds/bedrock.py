"""AWS Bedrock: Claude by InvokeModel (`invoke`, Anthropic's dialect nearly verbatim) or Converse
(`converse`, AWS's own shape, which docs/adr/0011 tells why it is a shape and no dialect).

Signed with AWS credentials, or with a key of Bedrock's (a bearer token) where one is given.
"""

from functools import partial
from typing import Final
from urllib.parse import quote

from msgspec.structs import astuple, replace

from fairlead.canon import Dialect
from fairlead.upstream.account import Account
from fairlead.upstream.aws.names import naming
from fairlead.upstream.aws.region import region_of
from fairlead.upstream.aws.signer import AwsSigner
from fairlead.upstream.kinds.identity import IDENTITIES
from fairlead.upstream.kinds.kind import Adapted, Kind, Opening, Probe, Unframer
from fairlead.upstream.signing import Signer
from fairlead.upstream.transport import HttpRequest
from fairlead.wire.bedrock.converse_answer import converse_answer
from fairlead.wire.bedrock.converse_request import GUARDRAIL, converse_body
from fairlead.wire.bedrock.converse_stream import ConverseStream
from fairlead.wire.bedrock.errors import decode_error
from fairlead.wire.bedrock.guardrail import refused_answer
from fairlead.wire.bedrock.invoke import invoke_body
from fairlead.wire.bedrock.invoke_stream import InvokeStream
from fairlead.wire.codec import Framing

__all__ = ["BEDROCK"]

SERVICE: Final = "bedrock"
"""The name that signatures are for (botocore: `signingName` of `bedrock-runtime`)."""
REQUEST_ID: Final = "x-amzn-requestid"
_SAID_IN_BODY: Final = frozenset({"anthropic-beta", "anthropic-version"})
_ENDINGS: Final = (("cn-", "amazonaws.com.cn"), ("us-iso-", "c2s.ic.gov"))


def _path(verbs: dict[Framing, str], model: str, framing: Framing) -> str:
    # ARNs have slashes: a model's id is one segment of the path.
    return f"/model/{quote(model, safe='')}/{verbs[framing]}"


_INVOKE: Final[dict[Framing, str]] = {
    "": "invoke",
    "sse": "invoke-with-response-stream",
    "array": "invoke-with-response-stream",
}
_CONVERSE: Final[dict[Framing, str]] = {
    "": "converse",
    "sse": "converse-stream",
    "array": "converse-stream",
}


def _base(account: Account) -> str:
    region = region_of(account)
    ending = next((e for begin, e in _ENDINGS if region.startswith(begin)), "amazonaws.com")
    return f"https://bedrock-runtime.{region}.{ending}"


def _signer(account: Account) -> Signer | None:
    return None if account.key else AwsSigner(account, SERVICE)


def _invoke(request: HttpRequest, _dialect: Dialect, _framing: Framing) -> Adapted:
    encoded = invoke_body(request.body, dict(request.headers))
    return Adapted(_said(request, encoded.body, _SAID_IN_BODY), encoded.losses)


def _converse(request: HttpRequest, _dialect: Dialect, _framing: Framing) -> Adapted:
    encoded = converse_body(request.body, dict(request.headers))
    return Adapted(_said(request, encoded.body, _SAID_IN_BODY | GUARDRAIL.keys()), encoded.losses)


def _said(request: HttpRequest, body: bytes, gone: frozenset[str]) -> HttpRequest:
    headers = tuple(pair for pair in request.headers if pair[0] not in gone)
    return replace(request, body=body, headers=headers)


def _invoke_stream(_opening: Opening) -> Unframer:
    return InvokeStream()


def _invoke_answer(_opening: Opening, body: bytes) -> bytes:
    return refused_answer(body)


def _converse_stream(opening: Opening) -> Unframer:
    return ConverseStream(opening.model, opening.headers.get(REQUEST_ID, ""))


def _converse_answer(opening: Opening, body: bytes) -> bytes:
    return converse_answer(body, opening.model, opening.headers.get(REQUEST_ID, ""))


_BY_INVOKE: Final = Kind(
    *astuple(IDENTITIES["bedrock"]),
    paths=(("anthropic", partial(_path, _INVOKE)),),
    base_url="",
    auth=("authorization", "Bearer "),
    headers=(("accept", "application/json"),),
    forward=frozenset({b"anthropic-beta", b"anthropic-version"}),
    give_back=("x-amzn-requestid", "x-amzn-bedrock-"),
    base_of=_base,
    signer=_signer,
    adapt=_invoke,
    framed="application/vnd.amazon.eventstream",
    unframe=_invoke_stream,
    reshape=_invoke_answer,
    decode_error=decode_error,
    naming=naming,
    # An empty request is refused for what it lacks, once it is known who sent it.
    probe=Probe(
        "/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke", "POST", b"{}", frozenset({400})
    ),
    reads_urls=False,
)
_BY_CONVERSE: Final = replace(
    _BY_INVOKE,
    paths=(("anthropic", partial(_path, _CONVERSE)),),
    adapt=_converse,
    unframe=_converse_stream,
    reshape=_converse_answer,
)
BEDROCK: Final = replace(_BY_INVOKE, apis={"invoke": _BY_INVOKE, "converse": _BY_CONVERSE})
