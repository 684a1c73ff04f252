"""Why a candidate ended: Gemini's two dozen words and canon's nine.

Words and numbers: discovery document aiplatform v1beta1 (revision 20261106), `Candidate
.finishReason`, whose order is that of the proto; words that only the Gemini API has:
google-genai 3.4.0, `types.FinishReason`. STOP also ends an answer that is all function calls
(304 of 304 recorded), so `tool_calls` is derived from the parts.
"""

from typing import Final

import msgspec
from msgspec import Raw

from fairlead.canon import Finish, FinishReason
from fairlead.wire.gemini.types import ABSENT, ENCODER, OBJECT, compact, is_given, word

__all__ = ["blocked", "decode_finish", "details", "finish_word", "prompt_feedback"]

_NUMBERS: Final = dict(
    enumerate(
        (
            "FINISH_REASON_UNSPECIFIED",
            "STOP",
            "MAX_TOKENS",
            "SAFETY",
            "RECITATION",
            "OTHER",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "MALFORMED_FUNCTION_CALL",
            "MODEL_ARMOR",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "IMAGE_RECITATION",
            "IMAGE_OTHER",
            "UNEXPECTED_TOOL_CALL",
            "NO_IMAGE",
        )
    )
)
_REASONS: Final[dict[str, FinishReason]] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "LANGUAGE": "content_filter",
    "ESCALATION": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "PUP_LIMITED_DISABLED": "content_filter",
    "MALFORMED_FUNCTION_CALL": "error",
    "MALFORMED_RESPONSE": "error",
    "UNEXPECTED_TOOL_CALL": "error",
    "TOO_MANY_TOOL_CALLS": "error",
    "MISSING_THOUGHT_SIGNATURE": "error",
    "IMAGE_OTHER": "other",
    "NO_IMAGE": "other",
    "OTHER": "other",
    "FINISH_REASON_UNSPECIFIED": "other",
}
_WORDS: Final[dict[FinishReason, str]] = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "context_overflow": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "refusal": "SAFETY",
    "error": "MALFORMED_RESPONSE",
    "pause": "OTHER",
    "other": "OTHER",
}
_BLOCKS: Final = {
    0: "BLOCKED_REASON_UNSPECIFIED",
    1: "SAFETY",
    2: "OTHER",
    3: "BLOCKLIST",
    4: "PROHIBITED_CONTENT",
    5: "MODEL_ARMOR",
    6: "IMAGE_SAFETY",
    7: "JAILBREAK",
}


def details(message: str | None, ratings: Raw) -> bytes:
    """`Finish.detail`: finishMessage and safetyRatings as a JSON object, `b""` without either."""
    if ratings is ABSENT and not message:
        return b""
    kept: dict[str, object] = {}
    if message:
        kept["finishMessage"] = message
    if is_given(ratings) and bytes(ratings) != b"[]":
        kept["safetyRatings"] = ratings
    return compact(ENCODER.encode(kept)) if kept else b""


def decode_finish(said: str | int | None, detail: bytes, *, calls: bool) -> Finish:
    """The finish of a candidate that said `said` and did or didn't make function calls.

    An unknown word is `other` with the word kept; so is a missing one.
    """
    name = word(said, _NUMBERS)
    reason: FinishReason = "other" if name is None else _REASONS.get(name, "other")
    if calls and (reason == "stop" or name is None):
        reason = "tool_calls"
    return Finish(reason, raw=name, detail=detail)


def blocked(feedback: Raw) -> Finish:
    """The finish of an answer whose prompt was blocked: no candidates, only `promptFeedback`."""
    reason: str | None = None
    try:
        said = OBJECT.decode(feedback).get("blockReason")
        if said is not None:
            reason = word(msgspec.json.decode(said, type=str | int | None), _BLOCKS)
    except msgspec.DecodeError:
        reason = None
    detail = compact(ENCODER.encode({"promptFeedback": feedback}))
    return Finish("content_filter", raw=reason, detail=detail)


def finish_word(finish: Finish) -> str:
    """Gemini's word: the one that it said itself, or the nearest."""
    raw = finish.raw
    if raw is not None:
        told = _REASONS.get(raw)
        same = told == finish.reason or (told == "stop" and finish.reason == "tool_calls")
        if same or (told is None and finish.reason == "other" and raw.isupper()):
            return raw
    return _WORDS[finish.reason]


def prompt_feedback(finish: Finish | None) -> Raw | None:
    """The `promptFeedback` that `blocked` kept."""
    if finish is None or not finish.detail:
        return None
    try:
        return OBJECT.decode(finish.detail).get("promptFeedback")
    except msgspec.DecodeError:
        return None
