"""Refusals of Vertex AI for Claude: Google's shape around what its front refuses, in an array where
a stream was asked for, and Anthropic's own shape around the rest (recorded by users:
Aider-AI/aider, issue 1912; anthropics/claude-code, issue 1440; tombii/better-ccflare, issue 47).

What keeps the gateway's own account out is told with what the operator can do about it. Whether it
is the account, Google's status and reason say alone: a message may quote what the client sent, who
could shut the upstream for everybody by it.
"""

from typing import Final

from msgspec.structs import replace

from fairlead.canon import Problem
from fairlead.wire.anthropic.errors import decode_error as read_anthropic
from fairlead.wire.gemini.errors import decode_error as read_google

__all__ = ["read_claude", "read_gemini"]

_ANTHROPICS: Final = (b'"type":"error"', b'"type": "error"')
# What Google's front says of an account, and what mends it.
_HINTS: Final[tuple[tuple[bytes, str], ...]] = (
    (
        b"aiplatform.endpoints.predict",
        "the account needs the role Vertex AI User (roles/aiplatform.user) on its `project`",
    ),
    (
        b"SERVICE_DISABLED",
        "enable the Vertex AI API (aiplatform.googleapis.com) in the project",
    ),
    (
        b"is not allowed to use Publisher Model",
        "enable the model in Vertex AI's Model Garden for this project",
    ),
    (b"ACCESS_TOKEN_SCOPE_INSUFFICIENT", "the token needs the scope cloud-platform"),
    (b"BILLING_DISABLED", "switch billing on for the project"),
)


def read_gemini(status: int, headers: dict[str, str], body: bytes) -> Problem:
    """A refusal in Google's shape."""
    return _helped(read_google(status, headers, body), body)


def read_claude(status: int, headers: dict[str, str], body: bytes) -> Problem:
    """A refusal in either shape."""
    if any(mark in body[:200] for mark in _ANTHROPICS):
        return read_anthropic(status, headers, body)
    return read_gemini(status, headers, body)


def _helped(problem: Problem, body: bytes) -> Problem:
    if problem.kind != "upstream_auth":
        return problem
    hint = next((hint for mark, hint in _HINTS if mark in body), problem.hint)
    # A missing free tier is of Google's other door. Here the model is not enabled: "Project `1` is
    # not allowed to use Publisher Model ..." (langchain-ai/langchain-google#593).
    remedy = None if problem.upstream_code == "FAILED_PRECONDITION" else problem.remedy
    return replace(problem, hint=hint, remedy=remedy)
