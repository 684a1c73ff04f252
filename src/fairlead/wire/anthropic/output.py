"""The form of the answer: `output_config.format`, and what stands in where there is none."""

from typing import Final

import msgspec

from fairlead.canon import Extra, OutputFormat
from fairlead.catalog.model import Model
from fairlead.wire.anthropic.extras import keep_left
from fairlead.wire.anthropic.schema import strict_schema
from fairlead.wire.anthropic.types import DIALECT, Fields, Json
from fairlead.wire.losses import Losses

__all__ = ["read_format", "write_format"]

_WHERE: Final = "response_format"
JSON_ONLY: Final = (
    "Answer with one valid JSON object and nothing else: no text before or after it, no code fence."
)


def read_format(fields: Fields | None, kept: list[Extra]) -> OutputFormat | None:
    """`output_config.format`, or the older `output_format`."""
    if fields is None:
        return None
    kind = fields.needed_text("type")
    if kind != "json_schema":
        raw = {"type": kind, **dict(fields.raw)}
        kept.append(Extra(DIALECT, fields.path, msgspec.json.encode(raw), cosmetic=False))
        return None
    schema = bytes(fields.need("schema"))
    keep_left(fields, kept)
    return OutputFormat("json_schema", schema=schema)


def write_format(
    output: OutputFormat | None, facts: Model, losses: Losses, *, prefill: bool
) -> tuple[Json | None, str | None]:
    """The `format` object, and an instruction for the system prompt where one must stand in.

    There is no `json_object` mode: an instruction asks for it, a cosmetic loss says so.
    """
    if output is None or output.kind == "text":
        return None, None
    if output.kind == "json" or output.schema is None:
        losses.cosmetic(_WHERE, "json_mode_by_instruction", "the vendor has no plain JSON mode")
        return None, JSON_ONLY
    # OpenAI's `name` goes without a loss: a label that it demands, and that changes nothing.
    if output.description:
        losses.cosmetic(_WHERE, "schema_description", "a schema has no description of its own")
    why = _cannot(facts, prefill=prefill)
    strict = strict_schema(output.schema)
    if why is None and strict.schema is None:
        why = strict.why
    if why is not None or strict.schema is None:
        losses.semantic(_WHERE, "json_schema", why or "")
        text = output.schema.decode("utf-8", "replace")
        return None, f"{JSON_ONLY} It must be valid under this JSON Schema:\n{text}"
    for keyword in strict.dropped:
        why = "answers take a subset of JSON Schema; the rule is told in the description"
        losses.cosmetic(_WHERE, f"schema:{keyword}", why)
    return {"type": "json_schema", "schema": msgspec.Raw(strict.schema)}, None


def _cannot(facts: Model, *, prefill: bool) -> str | None:
    if facts.known and "json_schema" not in facts.features:
        return f"{facts.id} has no structured output"
    # "Incompatible with: citations, message prefilling" (build-with-claude/structured-outputs).
    return "a schema and a prefilled answer exclude each other" if prefill else None
