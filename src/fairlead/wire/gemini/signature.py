"""Thought signatures: a vendor's own go back in the very part they came in; foreign ones don't."""

from typing import Final

from fairlead.canon import Signature
from fairlead.wire.losses import Losses

__all__ = ["DUMMY_SIGNATURES", "own_signature"]

DUMMY_SIGNATURES: Final = frozenset(
    {
        "skip_thought_signature_validator",
        "context_engineering_is_the_way_to_go",
        "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=",
        "Y29udGV4dF9lbmdpbmVlcmluZ19pc190aGVfd2F5X3RvX2dv",
    }
)
"""What clients put where they have no signature (ai.google.dev, Thought signatures, FAQ), as it is
and in base64: Gemini CLI 0.61 does so in every call that has none. They sign nothing.
"""


def own_signature(signature: Signature | None, path: str, losses: Losses) -> str | None:
    """Gemini's signature, or None; a foreign one is a named loss."""
    if signature is None:
        return None
    if signature.dialect == "gemini":
        return signature.value
    losses.cosmetic(path, "signature", f"signed by {signature.dialect}: only it can check that")
    return None
