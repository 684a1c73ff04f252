"""Recorded requests as canonical ones, read roughly: only what counts tokens.

The codecs have their own tests on the same recordings; this reader exists so that routing can be
calibrated without them. Rows whose prompt holds what the figure cannot show (files by reference,
server tools that search the web, cached content) are left out.
"""

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fairlead.canon import (
    Base64,
    FunctionTool,
    Media,
    OutputFormat,
    Part,
    Request,
    Signature,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)

SHARED = Path(os.environ.get("FAIRLEAD_SHARED", Path(__file__).parents[4] / "shared"))
RECORDINGS = SHARED / "wire" / "recordings.jsonl.gz"
KINDS = {"image": "image", "audio": "audio", "video": "video"}


@dataclass(frozen=True)
class Counted:
    """A recorded request and the prompt tokens that its vendor counted."""

    id: str
    provider: str
    model: str
    request: Request
    size: int
    tokens: int
    media: bool


class Left(Exception):
    """The row cannot be used."""


def counted_requests() -> Iterator[Counted]:
    """All usable rows of Anthropic's messages and Gemini's generateContent."""
    if not RECORDINGS.exists():
        pytest.skip("../shared is absent: no recordings to calibrate on")
    with gzip.open(RECORDINGS, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            read = READERS.get((row["provider"], row["op"]))
            if read is None or row["response"]["status"] != 200:
                continue
            body = row["request"]["body"]
            body = json.loads(body) if isinstance(body, str) else body
            tokens = usage(row["response"].get("body_text") or "")
            try:
                request = read(body) if tokens else None
            except (Left, KeyError, TypeError, AttributeError):
                continue
            if request is None or tokens is None:
                continue
            media = any(isinstance(p, Media) for t in request.turns for p in t.parts) or any(
                isinstance(inner, Media)
                for t in request.turns
                for p in t.parts
                if isinstance(p, ToolResult)
                for inner in p.content
            )
            size = len(json.dumps(body))
            yield Counted(row["id"], row["provider"], row["model"], request, size, tokens, media)


def usage(text: str) -> int | None:
    found: int | None = None
    for document in documents(text):
        if "usageMetadata" in document:
            meta = document["usageMetadata"]
            if meta.get("toolUsePromptTokenCount") or meta.get("cachedContentTokenCount"):
                return None
            found = meta.get("promptTokenCount", found)
        said = document.get("usage") or (document.get("message") or {}).get("usage") or {}
        if "input_tokens" in said and found is None:
            found = sum(
                said.get(key) or 0
                for key in (
                    "input_tokens",
                    "cache_read_input_tokens",
                    "cache_creation_input_tokens",
                )
            )
    return found


def documents(text: str) -> list[dict[str, Any]]:
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, list) else [whole]
    except ValueError:
        chunks = [line[5:] for line in text.splitlines() if line.startswith("data:")]
        return [json.loads(chunk) for chunk in chunks]


def anthropic(body: dict[str, Any]) -> Request:
    if any("input_schema" not in tool for tool in body.get("tools", ())):
        raise Left
    if body.keys() & {"mcp_servers", "context_management", "container", "fallbacks"}:
        raise Left
    if (body.get("thinking") or {}).get("type", "disabled") != "disabled":
        raise Left
    return Request(
        model=body["model"],
        instructions=tuple(map(anthropic_part, blocks(body.get("system", [])))),
        turns=tuple(
            Turn(m["role"], tuple(map(anthropic_part, blocks(m["content"]))))
            for m in body["messages"]
        ),
        tools=tuple(
            FunctionTool(t["name"], t.get("description"), json.dumps(t["input_schema"]).encode())
            for t in body.get("tools", ())
        ),
        output=schema((body.get("output_config") or {}).get("format", {}).get("schema")),
        max_tokens=body["max_tokens"],
    )


def blocks(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def anthropic_part(block: dict[str, Any]) -> Part:
    match block["type"]:
        case "text":
            return Text(block["text"])
        case "tool_use":
            return ToolCall(block["id"], block["name"], json.dumps(block["input"]))
        case "tool_result":
            inner = tuple(map(anthropic_part, blocks(block.get("content") or [])))
            return ToolResult(block["tool_use_id"], inner)  # type: ignore[arg-type]
        case "image" | "document" if block["source"]["type"] == "base64":
            source = block["source"]
            return Media(block["type"], source["media_type"], Base64(source["data"]))
        case _:
            raise Left


def gemini(body: dict[str, Any]) -> Request:
    if body.get("cachedContent"):
        raise Left
    system = body.get("systemInstruction") or body.get("system_instruction") or {"parts": []}
    tools = body.get("tools") or []
    declared = [
        d for t in tools for d in t.get("functionDeclarations") or t["function_declarations"]
    ]
    config = body.get("generationConfig") or {}
    return Request(
        model="gemini",
        instructions=tuple(map(gemini_part, system["parts"])),
        turns=tuple(
            Turn(
                "assistant" if content.get("role") == "model" else "user",
                tuple(map(gemini_part, content["parts"])),
            )
            for content in body["contents"]
        ),
        tools=tuple(
            FunctionTool(
                d["name"],
                d.get("description"),
                json.dumps(
                    d.get("parametersJsonSchema")
                    or d.get("parameters_json_schema")
                    or d.get("parameters")
                    or {}
                ).encode(),
            )
            for d in declared
        ),
        output=schema(config.get("responseJsonSchema") or config.get("responseSchema")),
    )


def gemini_part(part: dict[str, Any]) -> Part:
    if part.get("thought"):
        raise Left
    if "text" in part:
        return Text(part["text"], signed(part))
    if inline := part.get("inlineData") or part.get("inline_data"):
        mime = inline.get("mimeType") or inline["mime_type"]
        kind = KINDS.get(mime.partition("/")[0], "document")
        return Media(kind, mime, Base64(inline["data"]))  # type: ignore[arg-type]
    if call := part.get("functionCall"):
        arguments = json.dumps(call.get("args") or {})
        return ToolCall("", call["name"], arguments, signature=signed(part))
    if answer := part.get("functionResponse"):
        if answer.get("parts"):
            raise Left
        return ToolResult("", (Text(json.dumps(answer["response"])),), answer["name"])
    raise Left


def signed(part: dict[str, Any]) -> Signature | None:
    value = part.get("thoughtSignature") or part.get("thought_signature")
    return Signature("gemini", value) if value else None


def schema(value: Any) -> OutputFormat | None:
    return None if value is None else OutputFormat("json_schema", None, json.dumps(value).encode())


READERS = {
    ("anthropic", "messages"): anthropic,
    ("gemini", "generate"): gemini,
    ("vertex_gemini", "generate"): gemini,
}
