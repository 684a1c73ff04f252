"""Paths that SDKs really ask for and that are not served here: what to do in their place.

A path like another one is a typing error, for which the nearest paths are named; these are not.
"""

import re
from typing import Final

from fairlead.canon import Dialect

__all__ = ["ELSEWHERE", "elsewhere"]

ELSEWHERE: Final[tuple[tuple[str, Dialect, str], ...]] = (
    (
        r"/projects/[^/]+/locations/[^/]+/batchPredictionJobs(?:/[^/]+)?$",
        "gemini",
        (
            "batches of Vertex AI read and write Cloud Storage or BigQuery in a project: make them"
            " there, with Google's own client; batches of the Gemini API, which need no bucket, are"
            " at /v1beta/models/{model}:batchGenerateContent"
        ),
    ),
    (
        r"/models/[^/]+:predict$",
        "gemini",
        (
            "ask for embeddings by :embedContent, :batchEmbedContents or /v1/embeddings: Vertex AI"
            " gets them as `predict` where the model wants that"
        ),
    ),
    (
        r"/model/[^/]+/(?:invoke|invoke-with-response-stream)$",
        "anthropic",
        (
            "clients of Bedrock are not served, Bedrock as an upstream is: use the client of"
            " Anthropic's own API (POST /v1/messages), with a virtual key in the place of AWS's"
            " credentials"
        ),
    ),
    (
        r"/model/[^/]+/(?:converse|converse-stream)$",
        "anthropic",
        (
            "Bedrock's Converse is not spoken to clients: use POST /v1/messages or"
            " /v1/chat/completions, with a virtual key in the place of AWS's credentials"
        ),
    ),
)
"""A pattern of paths, the dialect in which to tell it, and the hint."""

_PATTERNS: Final = [(re.compile(pattern), dialect, hint) for pattern, dialect, hint in ELSEWHERE]
_MOST: Final = 500


def elsewhere(path: str) -> tuple[Dialect, str] | None:
    """The dialect and the hint for a path that is known not to be served."""
    if len(path) > _MOST:
        return None
    for pattern, dialect, hint in _PATTERNS:
        if pattern.search(path):
            return dialect, hint
    return None
