"""Signatures of thinking, so that the emulator knows its own when they come back.

A signature is an HMAC over vendor and thinking, with a key made of the emulator's seed, in the
base64 that the vendors use. Whoever changes the thinking, or brings one vendor's signature to the
other, is found out. A signature that bears no mark of the emulator's may be the real vendor's, of
a conversation that began with a real key: it can't be verified here, and is taken if it looks like
one.
"""

import base64
import binascii
import hashlib
import hmac

__all__ = ["Signer"]

# OpenAI's tokens begin with "gAAAAA", as all Fernet tokens of these decades do.
_FERNET = b"\x80\x00\x00\x00\x00"

_MARK = b"\x12fairlead-emulator:"
TAIL = 24
# The shortest real signature in the recordings has more bytes than this.
SHORTEST = 48
# What Google lets stand in for a signature that there never was ("Thought signatures", FAQ). The
# field holds bytes, so SDKs send the words in base64, as recorded.
STAND_INS = {
    "gemini": frozenset(
        (b"skip_thought_signature_validator", b"context_engineering_is_the_way_to_go")
    )
}


class Signer:
    """Signs and verifies for one seed."""

    def __init__(self, seed: bytes) -> None:
        self._key = hashlib.blake2b(seed, digest_size=32, person=b"fairlead-sign").digest()

    def sign(self, vendor: str, model: str, text: str, bound: str, binding: bytes = b"") -> str:
        """A signature for a thinking text. `bound` is what must come back with it unchanged: the
        text itself at Anthropic, the kind of part at Google, where thoughts don't come back.
        `binding` can be read from it again.
        """
        about = f"{model}\0{text}".encode("utf-8", "surrogatepass")
        tail = hashlib.blake2b(about, digest_size=TAIL).digest() + binding
        return base64.b64encode(_MARK + self._tag(vendor, bound, tail) + tail).decode()

    def _tag(self, vendor: str, bound: str, tail: bytes) -> bytes:
        about = f"{vendor}\0{bound}\0".encode("utf-8", "surrogatepass") + tail
        return hmac.digest(self._key, about, "sha256")

    @staticmethod
    def binding(signature: str) -> bytes:
        """What a signature of the emulator's is bound to; empty for any other."""
        raw = _raw(signature) or b""
        return raw[len(_MARK) + 32 + TAIL :] if raw.startswith(_MARK) else b""

    def accepts(self, vendor: str, signature: str, bound: str) -> bool:
        """Whether the vendor would take a signature back."""
        raw = _raw(signature)
        if raw is None:
            return False
        if not raw.startswith(_MARK):
            return len(raw) >= SHORTEST or raw in STAND_INS.get(vendor, ())
        tag, tail = raw[len(_MARK) :][:32], raw[len(_MARK) + 32 :]
        return hmac.compare_digest(tag, self._tag(vendor, bound, tail))

    def seal(self, vendor: str, about: bytes) -> str:
        """Something that only the emulator can have made, to be given back: OpenAI's encrypted
        reasoning. `about` is what `opened` finds in it.
        """
        tag = self._seal_tag(vendor, about)
        return base64.urlsafe_b64encode(_FERNET + _MARK + tag + about).decode()

    def opened(self, vendor: str, sealed: str) -> bytes | None:
        """What is in a seal; empty for one that may be the real vendor's, None for a false one."""
        raw = _raw(sealed)
        if raw is None:
            return None
        front = _FERNET + _MARK
        if not raw.startswith(front):
            return b"" if len(raw) >= SHORTEST and raw.startswith(_FERNET[:1]) else None
        tag, about = raw[len(front) :][:32], raw[len(front) + 32 :]
        return about if hmac.compare_digest(tag, self._seal_tag(vendor, about)) else None

    def _seal_tag(self, vendor: str, about: bytes) -> bytes:
        return hmac.digest(self._key, vendor.encode() + b"\0" + about, "sha256")


def _raw(text: str) -> bytes | None:
    """The bytes of base64 in either alphabet, padded or not; None for what is none."""
    padded = text + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None
