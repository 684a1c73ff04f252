"""Names of models on Vertex AI, and Google Cloud's words when there is something wrong with one."""

import hashlib
import re
from typing import Final

from msgspec import Struct

from fairlead.emulator.faces.face import Trouble
from fairlead.emulator.http11.request import Request

__all__ = [
    "Resource",
    "bearer",
    "key_trouble",
    "not_found",
    "number_of",
    "project_of",
    "resource_of",
]

_PATH: Final = re.compile(
    r"/v1(?:beta1)?/((?:projects/([^/]+)/locations/([^/]+)/)?publishers/(\w+)/models)"
    r"(?:/([^/:]+))?(?::(\w+))?"
)
_PROJECT: Final = re.compile(r"/v1(?:beta1)?/projects/([^/]+)/")
_LOCATION: Final = re.compile(r"global|us|eu|[a-z]+-[a-z]+\d{1,2}|test-location")


class Resource(Struct, frozen=True):
    """`projects/{project}/locations/{location}/publishers/{publisher}/models/{model}:{verb}`.

    In express mode there is neither project nor location.
    """

    collection: str
    project: str
    location: str
    publisher: str
    model: str
    verb: str

    @property
    def name(self) -> str:
        """The resource's name without the verb."""
        return f"{self.collection}/{self.model}"


def resource_of(path: str) -> Resource | None:
    """What a path names; None for a path of another shape, or an impossible location."""
    found = _PATH.fullmatch(path)
    if found is None or not _LOCATION.fullmatch(found[3] or "global"):
        return None
    return Resource(*((group or "") for group in found.groups()))


def project_of(path: str) -> str:
    """The project in a path; empty where there is none."""
    found = _PROJECT.match(path)
    return found[1] if found else ""


def number_of(project: str) -> str:
    """A project's number, by which Google calls it in the names that it gives. Its own for a number
    and for no project.
    """
    if not project or project.isdecimal():
        return project
    digest = hashlib.blake2b(project.encode(), digest_size=4).digest()
    return f"{100_000_000_000 + int.from_bytes(digest)}"


def bearer(request: Request) -> str:
    """The access token, or express mode's key."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.headers.get("x-goog-api-key") or request.query.get("key", "")


def key_trouble() -> Trouble:
    """A key of express mode that is not good."""
    message = "API key not valid. Please pass a valid API key."
    reason = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "aiplatform.googleapis.com"},
    }
    return Trouble(400, message, details=(reason,))


def not_found(name: str) -> str:
    """[R] for a model that does not exist."""
    return f"Publisher Model `{name}` not found."
