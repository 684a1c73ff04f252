"""Guardrails of the operator's account: an answer that one stopped is told as a refusal.

"amazon-bedrock-guardrailAction": "INTERVENED" stands in an answer of InvokeModel that a guardrail
replaced or cut (docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-invoke-model.html:
`"amazon-bedrock-guardrailAction": "INTERVENED | NONE"`); Converse says
`stopReason: guardrail_intervened`. Anthropic's own dialect has one word for an answer that was not
given: `refusal`, with `stop_details`.
"""

from typing import Final

import msgspec

from fairlead.wire.anthropic.types import Json, dump
from fairlead.wire.splice import splice

__all__ = ["EXPLANATION", "INTERVENED", "STOP_DETAILS", "refused_answer", "refused_delta"]

INTERVENED: Final = b'"INTERVENED"'
EXPLANATION: Final = "a guardrail of the account at Amazon Bedrock intervened"
STOP_DETAILS: Final[Json] = {"type": "refusal", "category": None, "explanation": EXPLANATION}
_REASON: Final = dump("refusal")
_DETAILS: Final = dump(STOP_DETAILS)
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ACTION: Final = "amazon-bedrock-guardrailAction"


def refused_answer(body: bytes) -> bytes:
    """A whole answer of InvokeModel, with its stop told as a refusal if a guardrail intervened."""
    if INTERVENED not in body:
        return body
    action = _OBJECT.decode(body).get(_ACTION)
    if action is None or bytes(action) != INTERVENED:
        return body
    return splice(body, {"stop_reason": _REASON, "stop_details": _DETAILS})


def refused_delta(data: bytes) -> bytes:
    """`message_delta` of a stream in which a guardrail intervened."""
    delta = _OBJECT.decode(data).get("delta")
    inner = bytes(delta) if delta is not None else b"{}"
    told = splice(inner, {"stop_reason": _REASON, "stop_details": _DETAILS})
    return splice(data, {"delta": told})
