"""Signatures of thinking, so that the emulator knows its own when they come back.

A signature is an HMAC over vendor, model and thinking, with a key made of the emulator's seed, in
the base64 that the vendors use. `verify` tells apart what the emulator signed (and nobody changed),
what bears its mark but does not fit, and what it never made.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Literal

__all__ = ["Signer", "Verdict"]

Verdict = Literal["own", "broken", "foreign"]
_MARK = b"\x12fairlead-emulator:"


class Signer:
    """Signs and verifies for one seed."""

    def __init__(self, seed: bytes) -> None:
        self._key = hashlib.blake2b(seed, digest_size=32, person=b"fairlead-sign").digest()

    def sign(self, vendor: str, model: str, text: str) -> str:
        """The signature of a thinking text."""
        return base64.b64encode(_MARK + self._tag(vendor, model, text)).decode()

    def _tag(self, vendor: str, model: str, text: str) -> bytes:
        about = f"{vendor}\0{text}".encode("utf-8", "surrogatepass")
        named = model.encode("utf-8", "surrogatepass")
        tag = hmac.digest(self._key, about, "sha256")
        return tag + len(named).to_bytes(2) + named

    def verify(self, vendor: str, signature: str, text: str | None) -> Verdict:
        """Whose signature it is; with `text` None only vendor's and emulator's marks are looked at.

        A signature is not bound to the model: vendors take thinking of their other models too.
        """
        try:
            raw = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            return "foreign"
        if not raw.startswith(_MARK):
            return "foreign"
        tag = raw[len(_MARK) :]
        if text is None:
            return "own"
        about = f"{vendor}\0{text}".encode("utf-8", "surrogatepass")
        good = hmac.compare_digest(tag[:32], hmac.digest(self._key, about, "sha256"))
        return "own" if good else "broken"
