"""Thought signatures: a vendor's own go back in the very part they came in; foreign ones don't."""

from fairlead.canon import Signature
from fairlead.wire.gemini.losses import Losses

__all__ = ["own_signature"]


def own_signature(signature: Signature | None, path: str, losses: Losses) -> str | None:
    """Gemini's signature, or None; a foreign one is a named loss."""
    if signature is None:
        return None
    if signature.dialect == "gemini":
        return signature.value
    losses.cosmetic(path, "signature", f"signed by {signature.dialect}: only it can check that")
    return None
