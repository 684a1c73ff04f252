"""What Anthropic's own API takes and Bedrock does not: facts, each with where it stands.

Sources: [platform] platform.claude.com/docs/en/build-with-claude/claude-on-amazon-bedrock-legacy
and the pages of the features, November 2026; [aws] docs.aws.amazon.com/bedrock/latest/userguide/
model-parameters-anthropic-claude-messages-request-response.html; [issues] reports with the
service's own 400s (anthropics/claude-code #49370, #49548, router-for-me/CLIProxyAPI #4750).
Anything that is not here goes on: what Bedrock refuses, it refuses with a message of its own
("...: Extra inputs are not permitted"), and that is told.
"""

from typing import Final

from fairlead.wire.anthropic.doors import Door

__all__ = ["BEDROCK", "BETAS"]

BEDROCK: Final = Door(
    fields={
        # Bedrock's own tiers (priority, default, flex, reserved) are asked for by a header.
        "service_tier": ("cosmetic", "Bedrock has tiers of its own"),
        # [platform] prompt-caching: automatic caching is the Claude API's; blocks can be marked.
        "cache_control": ("cosmetic", "Bedrock caches by marks on blocks alone"),
        "speed": ("cosmetic", "fast mode is Anthropic's own API's"),
        # Where it is computed is the upstream's region and profile, and no request can move it.
        "inference_geo": ("semantic", "where it is computed is the upstream's region and profile"),
        "container": ("semantic", "Bedrock runs no containers"),
        "mcp_servers": ("semantic", "Bedrock calls no MCP servers"),
    },
    server_tools=("web_search_", "web_fetch_", "code_execution_", "mcp_toolset", "advisor_"),
    runs_no="Bedrock runs no tools of Anthropic's servers",
    blocks={"container_upload": "Bedrock runs no containers"},
    sources={
        "file": "Bedrock keeps no files",
        # [platform] vision: "URL sources are not supported on Amazon Bedrock".
        "url": "Bedrock reads no URLs",
    },
)

BETAS: Final = frozenset(
    {
        # [aws] anthropic_beta, and the features' own pages there
        "computer-use-2024-10-22",
        "computer-use-2025-01-24",
        "computer-use-2025-11-24",
        "token-efficient-tools-2025-02-19",
        "interleaved-thinking-2025-05-14",
        "output-128k-2025-02-19",
        "dev-full-thinking-2025-05-14",
        "fine-grained-tool-streaming-2025-05-14",
        "context-1m-2025-08-07",
        "context-management-2025-06-27",
        "effort-2025-11-24",
        "tool-search-tool-2025-10-19",
        "tool-examples-2025-10-29",
        "compact-2026-01-12",
        # [issues] tried one by one against the service
        "claude-code-20250219",
        "structured-outputs-2025-12-15",
    }
)
"""Flags that are known to be taken; any other is refused there: "invalid beta flag"."""
