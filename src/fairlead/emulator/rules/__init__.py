"""What a vendor refuses: its schema first, then the rules that no schema states.

    refusal = check("anthropic", "messages", body["model"], body, tokens=..., issued=...)

The values come back in the vendor's own terms, ready to be put into its error shape.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from fairlead.emulator import models
from fairlead.emulator.authority import Fault
from fairlead.emulator.authority import check as schema_faults
from fairlead.emulator.authority.google_json import field, listed
from fairlead.emulator.rules import anthropic, gemini
from fairlead.emulator.rules.anthropic.binding import BindingOf
from fairlead.emulator.rules.anthropic.request import turns_of
from fairlead.emulator.rules.gemini.request import contents_of
from fairlead.emulator.rules.rejection import Rejection, bad_argument, invalid_request

__all__ = ["Rejection", "check"]

Count = Callable[[], int]
Issued = Callable[[str, str], bool]

BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


def _unbound(_: str) -> bytes:
    return b""


def check(
    vendor: str,
    op: str,
    model: str,
    body: dict[str, Any],
    *,
    tokens: Count,
    issued: Issued,
    headers: Mapping[str, str],
    beta: bool = False,
    account: str = "",
    binding_of: BindingOf = _unbound,
) -> Rejection | None:
    """Why the vendor would refuse a decoded request; None when it would answer.

    Args:
        vendor: `anthropic` or `gemini`, or how these are taken elsewhere: `vertex_claude`,
            `vertex_gemini`, `bedrock`.
        op: `messages` or `count_tokens`; `generate` or `count_tokens`.
        model: the model's name from the body (Anthropic) or the path (Gemini).
        body: the JSON object.
        tokens: counts the input tokens; called only for a body that its schema takes.
        issued: whether the emulator issued this signature for this text (empty for Gemini and for
            redacted thinking).
        headers: by lower-case names; `anthropic-version` and `anthropic-beta` are looked at.
        beta: the path says `?beta=true`.
        account: whose request it is.
        binding_of: what a signature of the emulator's is bound to (Anthropic).

    Raises:
        KeyError: no such vendor.
    """
    judge, too_deep = _VENDORS[vendor]
    asked = _Asked(op, model, body, tokens, issued, headers, beta, account, binding_of)
    try:
        return judge(asked)
    except RecursionError:
        return too_deep


class _Asked(msgspec.Struct, frozen=True):
    """The arguments of `check`."""

    op: str
    name: str
    body: dict[str, Any]
    tokens: Count
    issued: Issued
    headers: Mapping[str, str]
    beta: bool
    account: str
    binding_of: BindingOf


# "10 MB (base64-encoded) when using the Claude API directly", 5 MB on Bedrock and Google Cloud
# (platform.claude.com, Vision, as of 2026-07). AWS tells the same of the bytes themselves: "Each
# image's size, height, and width must be no more than 3.75 MB, 8000 px, and 8000 px" (API_runtime_
# Message; its user guide leaves sizes to the model's vendor).
DIRECT, BY_CLOUD = 10, 5


def _anthropic(asked: _Asked, image_megabytes: int = DIRECT) -> Rejection | None:
    header = asked.headers.get("anthropic-beta", "")
    betas = frozenset(part.strip() for part in header.split(",") if part)
    faults = schema_faults(
        "anthropic", f"{asked.op}_beta" if asked.beta or betas else asked.op, asked.body
    )
    if faults:
        return invalid_request(faults[0].message)
    model = models.find("anthropic", asked.name)
    if model is None:
        return anthropic.unknown_model(asked.name)
    request = anthropic.Request(
        asked.op,
        model,
        asked.body,
        asked.tokens(),
        asked.issued,
        asked.headers.get("anthropic-version", "2023-06-01"),
        betas,
        turns_of(asked.body["messages"]),
        asked.account,
        asked.binding_of,
        image_megabytes,
    )
    return anthropic.refusal(request)


def _gemini(asked: _Asked, schema: str = "gemini") -> Rejection | None:
    model = models.find("gemini", asked.name)
    if model is None or (model.embedding and asked.op == "generate"):
        return gemini.unknown_model(asked.name, asked.op)
    body = asked.body
    faults = schema_faults(schema, asked.op, body)
    if faults:
        return bad_argument("\n".join(fault.message for fault in faults), (violations(faults),))
    if schema == "vertex_gemini" and any(
        not content.get("role") for content in listed(body, "contents")
    ):
        # [R] for a false role; a missing one is no user's here ("role: Required", REST reference).
        return bad_argument("Please use a valid role: user, model.")
    inner = field(body, "generateContentRequest") if asked.op == "count_tokens" else None
    whole = inner or body
    return gemini.refusal(
        gemini.Request(
            asked.op,
            model,
            whole,
            asked.tokens(),
            asked.issued,
            contents_of(whole),
        )
    )


def violations(faults: list[Fault]) -> dict[str, Any]:
    """Google's detail object for faults of fields; one of the body itself names no field [O]."""
    found = [
        {"field": fault.path, "description": fault.message}
        if fault.path
        else {"description": fault.message}
        for fault in faults
    ]
    return {"@type": BAD_REQUEST, "fieldViolations": found}


TOO_DEEP = "Request body is nested too deeply."
_VENDORS: dict[str, tuple[Callable[[_Asked], Rejection | None], Rejection]] = {
    "anthropic": (_anthropic, invalid_request(TOO_DEEP)),
    "gemini": (_gemini, bad_argument(TOO_DEEP)),
    "vertex_claude": (partial(_anthropic, image_megabytes=BY_CLOUD), invalid_request(TOO_DEEP)),
    "bedrock": (partial(_anthropic, image_megabytes=BY_CLOUD), invalid_request(TOO_DEEP)),
    "vertex_gemini": (partial(_gemini, schema="vertex_gemini"), bad_argument(TOO_DEEP)),
}
