"""Claude on Vertex AI: Anthropic's body behind `rawPredict`.

"`model` is not passed in the request body. Instead, it is specified in the Google Cloud endpoint
URL. `anthropic_version` is passed in the request body (rather than as a header), and must be set to
the value `vertex-2023-10-16`" (platform.claude.com, "Claude on Vertex AI"). Beta flags stay in
their header (vercel/ai, issue 13337). What Vertex does not run is left out and named; values that
stay are verbatim.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from fairlead.wire.anthropic.doors import Door, lost_at
from fairlead.wire.anthropic.types import dump
from fairlead.wire.codec import Encoded
from fairlead.wire.splice import splice

__all__ = ["VERSION", "count_body", "predict_body"]

VERSION: Final = "vertex-2023-10-16"
# Anthropic's SDK sends this one to Vertex since 2.0 (`lib/vertex/_client.py`): a client that asks
# for its rules gets them.
NEWER: Final = "2026-10-21"

# platform.claude.com, features overview and the features' own pages, November 2026: tiers, fast
# mode and data residency are the Claude API's; Vertex runs no containers and calls no MCP servers.
VERTEX: Final = Door(
    fields={
        "service_tier": ("cosmetic", "Vertex has no tiers of Anthropic's"),
        "speed": ("cosmetic", "fast mode is Anthropic's own API's"),
        "inference_geo": ("semantic", "where it is computed is the upstream's region"),
        "container": ("semantic", "Vertex runs no containers"),
        "mcp_servers": ("semantic", "Vertex calls no MCP servers"),
    },
    server_tools=("web_fetch_", "code_execution_", "mcp_toolset", "advisor_"),
    runs_no="Vertex does not run this tool of Anthropic's servers",
    blocks={"container_upload": "Vertex runs no containers"},
    sources={"file": "Vertex keeps no files of Anthropic's"},
)

_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT: Final = msgspec.json.Decoder(str)


def predict_body(body: bytes, headers: Mapping[str, str]) -> Encoded:
    """The body for `rawPredict`, of one for `POST /v1/messages` and its headers.

    Raises:
        Failure: `body` is no JSON object.
    """
    version = NEWER if headers.get("anthropic-version") == NEWER else VERSION
    losses = tuple(lost_at(VERTEX, body))
    values = {"anthropic_version": dump(version)}
    return Encoded(splice(body, values, ("model", *VERTEX.fields)), losses)


def count_body(body: bytes, name_of: Callable[[str], str]) -> Encoded:
    """The body for `count-tokens:rawPredict`: there the model is named, as Vertex calls it.

    Raises:
        Failure: `body` is no JSON object.
    """
    losses = tuple(lost_at(VERTEX, body))
    named = splice(body, {}, tuple(VERTEX.fields))
    model = _FIELDS.decode(named).get("model")
    said = _TEXT.decode(model) if model is not None else ""
    return Encoded(splice(named, {"model": dump(name_of(said))}), losses)
