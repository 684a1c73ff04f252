"""InvokeModel: Anthropic's body behind another address.

The model and whether to stream stand in the path; `anthropic_version` and `anthropic_beta` stand in
the body and not in headers ("The value must be bedrock-2023-05-31", AWS's page on Claude's
Messages API; "ARN-versioned models do not support 2026-10-21 on Bedrock", platform.claude.com).
What Bedrock does not take (`not_taken`) is left out and named: values that stay are verbatim.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from fairlead.canon import Loss
from fairlead.wire.anthropic.doors import SERVER_TOOL, kept_tools, lost_at
from fairlead.wire.anthropic.types import dump
from fairlead.wire.bedrock.not_taken import BEDROCK, BETAS
from fairlead.wire.codec import Encoded
from fairlead.wire.splice import splice

__all__ = ["BETA", "VERSION", "beta_flags", "invoke_body"]

VERSION: Final = "bedrock-2023-05-31"
BETA: Final = "anthropic_beta"
_OTHER_VERSION: Final = "2023-06-01"
_SAID_BY_PATH: Final = ("model", "stream")


_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXTS: Final = msgspec.json.Decoder(list[str])
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def invoke_body(body: bytes, headers: Mapping[str, str]) -> Encoded:
    """The body for `POST /model/{id}/invoke`, of one for `POST /v1/messages` and its headers.

    Raises:
        Failure: `body` is no JSON object.
    """
    losses = list(lost_at(BEDROCK, body))
    flags, lost = beta_flags(body, headers)
    losses += lost
    values = {"anthropic_version": dump(VERSION)}
    drop = [*_SAID_BY_PATH, *BEDROCK.fields]
    if flags:
        values[BETA] = dump(flags)
    else:
        drop.append(BETA)
    if any(loss.what.startswith(SERVER_TOOL) for loss in losses):
        kept = kept_tools(BEDROCK, body)
        if kept:
            values["tools"] = dump(kept)
        else:
            drop += ["tools", "tool_choice"]
    return Encoded(splice(body, values, tuple(drop)), tuple(losses))


def beta_flags(body: bytes, headers: Mapping[str, str]) -> tuple[list[str], list[Loss]]:
    """The beta flags that Bedrock knows, of the header and of the body, and those it does not."""
    said = [flag.strip() for flag in headers.get("anthropic-beta", "").split(",")]
    if BETA.encode() in body:
        said += _in_body(body)
    flags = list(dict.fromkeys(flag for flag in said if flag))
    losses = [
        Loss("cosmetic", "anthropic-beta", f"beta:{flag[:64]}", "no flag that Bedrock takes")
        for flag in flags
        if flag not in BETAS
    ]
    version = headers.get("anthropic-version", _OTHER_VERSION)
    if version != _OTHER_VERSION:
        why = f"Bedrock speaks {VERSION} alone"
        losses.append(Loss("cosmetic", "anthropic-version", "anthropic_version", why))
    return [flag for flag in flags if flag in BETAS], losses


def _in_body(body: bytes) -> Iterable[str]:
    try:
        return _TEXTS.decode(_FIELDS.decode(body).get(BETA, b"[]"))
    except _UNREADABLE:
        return ()
