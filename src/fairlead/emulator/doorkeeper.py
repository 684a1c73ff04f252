"""Who may come in: a request's size, the key that it brings, the version that it speaks."""

from collections.abc import Callable

from fairlead.emulator.aws_identity import AwsIdentity
from fairlead.emulator.faces.face import Face, Trouble
from fairlead.emulator.faces.vertex import project_of
from fairlead.emulator.google_identity import Identity
from fairlead.emulator.http11.request import Request
from fairlead.emulator.settings import EmulatorSettings

__all__ = ["Doorkeeper"]

Gate = Callable[[Face, Request, str], Trouble | None]
"""Who may come in: the face, the request, and the key in it."""


class Doorkeeper:
    """Looks at each request before its body is read. Some doors have a gate of their own."""

    def __init__(self, settings: EmulatorSettings, identity: Identity, aws: AwsIdentity) -> None:
        self._settings = settings
        self._identity = identity
        self._aws = aws
        self._gates: dict[str, Gate] = {
            "vertex": self._token_trouble,
            "bedrock": self._signature_trouble,
        }

    def trouble(self, face: Face, request: Request, key: str) -> Trouble | None:
        """Why the request may not come in; None if it may."""
        limit = self._settings.size_limit or face.size_limit
        if request.too_large is not None or len(request.body) > limit:
            return Trouble(413, "Request exceeds the maximum size")
        gate = self._gates.get(face.vendor)
        if gate is not None and (trouble := gate(face, request, key)) is not None:
            return trouble
        if gate is None and not self._accepts(key):
            return face.key_trouble(key)
        return face.version_trouble(request)

    def _token_trouble(self, face: Face, request: Request, key: str) -> Trouble | None:
        """Vertex AI's door: an access token, or a key that was named to be good."""
        if request.headers.get("x-goog-api-key") or "key" in request.query:
            return None if self._accepts(key) else face.key_trouble(key)
        if self._settings.keys is not None and key in self._settings.keys:
            return None
        return self._identity.refusal(key, project_of(request.path))

    def _signature_trouble(self, face: Face, request: Request, key: str) -> Trouble | None:
        """Bedrock's door: a signature, or a bearer token as any vendor's key."""
        if request.headers.get("authorization", "").lower().startswith("bearer "):
            return None if self._accepts(key) else face.key_trouble(key)
        return self._aws.refusal(request, face.vendor)

    def _accepts(self, key: str) -> bool:
        if self._settings.keys is not None:
            return key in self._settings.keys
        return bool(key) and not key.startswith("bad")
