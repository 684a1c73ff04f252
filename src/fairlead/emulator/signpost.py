"""Which vendor's face a request is for."""

import re
from re import Pattern

from fairlead.emulator.faces.anthropic import AnthropicFace
from fairlead.emulator.faces.bedrock import BedrockFace
from fairlead.emulator.faces.face import Face
from fairlead.emulator.faces.gemini import GeminiFace
from fairlead.emulator.faces.openai import OpenAIFace
from fairlead.emulator.faces.openai.aggregator import PREFIX, AggregatorFace
from fairlead.emulator.faces.vertex import VertexClaudeFace, VertexGeminiFace
from fairlead.emulator.http11.request import Request

__all__ = ["FACES", "face_of"]

FACES: dict[str, Face] = {
    face.vendor: face for face in (AnthropicFace(), GeminiFace(), OpenAIFace())
}
BEHIND: tuple[tuple[Pattern[str], Face], ...] = (
    (re.compile(r"/v1(?:beta1)?/(?:projects/[^/]+/.*)?publishers/anthropic/"), VertexClaudeFace()),
    (re.compile(r"/v1(?:beta1)?/(?:projects/|publishers/)"), VertexGeminiFace()),
    (re.compile(r"/model/"), BedrockFace()),
    (re.compile(PREFIX + "/"), AggregatorFace()),
)
"""Other doors to the same models, by how their paths begin."""


def face_of(request: Request) -> tuple[Face, str]:
    """The vendor that a request is for, and the path there.

    `/anthropic/...`, `/gemini/...` and `/openai/...` say it; otherwise the path does, and for
    `/v1/models`, which all three have, the header that carries the key.
    """
    path = request.path
    first, _, rest = path[1:].partition("/")
    if first in FACES:
        return FACES[first], "/" + rest
    for begins, face in BEHIND:
        if begins.match(path):
            return face, path
    headers = request.headers
    if path.startswith(("/v1beta", "/upload/")) or (path.startswith("/v1/models/") and ":" in path):
        return FACES["gemini"], path
    if path.startswith("/v1/messages"):
        return FACES["anthropic"], path
    if path.startswith(("/v1/chat/", "/v1/responses", "/v1/embeddings")):
        return FACES["openai"], path
    if "x-goog-api-key" in headers or "key" in request.query:
        return FACES["gemini"], path
    if "x-api-key" in headers or "anthropic-version" in headers:
        return FACES["anthropic"], path
    return FACES["openai"], path
