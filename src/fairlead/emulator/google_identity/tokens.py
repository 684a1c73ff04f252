"""Access tokens: issued for an account, for scopes and for a while.

A token says these itself, under an HMAC with a key made of the emulator's seed: nothing has to be
kept, and a token of this emulator is still good after a restart.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable

import msgspec
from msgspec import Struct

__all__ = ["LIFETIME", "MARK", "SCOPES", "Claims", "TokenOffice"]

MARK = "ya29.emulated."
"""How the emulator's tokens begin: Google's own begin with `ya29.`."""
LIFETIME = 3600.0
SCOPES = frozenset(
    {
        "https://www.googleapis.com/auth/cloud-platform",
        "https://www.googleapis.com/auth/aiplatform",
    }
)
"""Either lets its bearer call Vertex AI."""


class Claims(Struct, frozen=True):
    """What a token says. `project` is empty for one that is good for any project."""

    who: str
    project: str
    scopes: tuple[str, ...]
    ends: float


class TokenOffice:
    """Issues and reads tokens. `clock` gives seconds and never runs back."""

    def __init__(self, seed: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        self._key = hashlib.blake2b(seed, digest_size=32, person=b"fairlead-token").digest()
        self._began = time.time() - clock()
        self._clock = clock

    def now(self) -> float:
        """Unix seconds by the office's clock."""
        return self._began + self._clock()

    def issue(self, who: str, project: str, scopes: tuple[str, ...], lifetime: float) -> str:
        """A token that is good for `lifetime` seconds."""
        said = msgspec.json.encode(Claims(who, project, scopes, self.now() + lifetime))
        return MARK + _text(said) + "." + _text(self._tag(said))

    def read(self, token: str) -> Claims | None:
        """What a token says; None for one that this office did not issue."""
        said, _, tag = token.removeprefix(MARK).partition(".")
        try:
            raw = _raw(said)
            if not hmac.compare_digest(self._tag(raw), _raw(tag)):
                return None
            return msgspec.json.decode(raw, type=Claims)
        except (binascii.Error, ValueError, msgspec.DecodeError):
            return None

    def _tag(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, "sha256")[:18]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
