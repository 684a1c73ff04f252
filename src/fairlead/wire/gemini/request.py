"""A canonical request to `generateContent`'s body. The way back is `inbound`.

The model and whether to stream stand in the URL, so neither is in the body.
"""

from typing import Final

from msgspec import Raw

from fairlead.canon import Extra, Failure, Request
from fairlead.wire.codec import Encoded, Target
from fairlead.wire.free_text import as_functions
from fairlead.wire.gemini.config import encode_config
from fairlead.wire.gemini.contents import encode_contents
from fairlead.wire.gemini.plain import plain_contents
from fairlead.wire.gemini.tools import encode_tool_config, encode_tools
from fairlead.wire.gemini.types import ENCODER
from fairlead.wire.in_words import in_words
from fairlead.wire.losses import Losses

__all__ = ["encode_request"]

_TIERS: Final = {
    "flex": "flex",
    "priority": "priority",
    "standard": "standard",
    "default": "standard",
    "standard_only": "standard",
}
"""OpenAI's and Anthropic's service tiers to Gemini's (google-genai 3.4.0, ServiceTier).

`auto` says nothing.
"""


def encode_request(request: Request, target: Target) -> Encoded:
    """The body for `target`, and what it can't say.

    Raises:
        Failure: the model refuses it outright; `param` is the field at fault.
    """
    # What a request doesn't ask for is not looked at: most ask for hardly anything.
    facts = target.facts
    losses = Losses()
    request, losses.found = as_functions(request)
    request, told = in_words(request, "gemini")
    losses.found += told
    said = plain_contents(request) or encode_contents(request, facts, losses)
    body: dict[str, object] = {"contents": said.contents}
    if said.system:
        body["systemInstruction"] = {"parts": said.system}
    tools = encode_tools(request, facts, losses) if request.tools else []
    declared = bool(tools) and isinstance(tools[0], dict)  # the declarations come first
    if tools:
        body["tools"] = tools
    if declared or request.tool_choice is not None:
        choice = encode_tool_config(request, declared=declared, losses=losses)
        if choice is not None:
            body["toolConfig"] = choice
    config = encode_config(request, facts, functions=declared, losses=losses)
    if config:
        body["generationConfig"] = config
    if request.user is not None or request.service_tier is not None:
        _account(request, body, losses)
    for extra in request.extras:
        _extra(extra, body, losses)
    try:
        return Encoded(ENCODER.encode(body), tuple(losses.found))
    except UnicodeEncodeError:
        message = "a text holds a lone surrogate (half of a UTF-16 pair): it is no Unicode text"
        raise Failure.invalid(message) from None


def _account(request: Request, body: dict[str, object], losses: Losses) -> None:
    if request.user is not None:
        losses.cosmetic("user", "user", "Gemini takes no end user's id")
    tier = request.service_tier
    if tier is None or tier == "auto":
        return
    known = _TIERS.get(tier)
    if known is None:
        losses.cosmetic("service_tier", "service_tier", f"Gemini has no tier {tier!r}")
    else:
        body["serviceTier"] = known


def _extra(extra: Extra, body: dict[str, object], losses: Losses) -> None:
    """Put a field of Gemini's own where it stood; another dialect's is a loss."""
    *steps, last = extra.path.split(".")
    if extra.dialect == "gemini" and "[" not in extra.path:
        at: dict[str, object] = body
        for step in steps:
            below = at.setdefault(step, {})
            if not isinstance(below, dict):
                break
            at = below
        else:
            at[last] = Raw(extra.raw)
            return
    what = extra.path.rpartition(".")[2].partition("[")[0] if "[" in extra.path else extra.path
    add = losses.cosmetic if extra.cosmetic else losses.semantic
    add(extra.path, what, f"Gemini has no field for {extra.path}")
