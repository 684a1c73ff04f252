"""Recorded requests with the vendors' own counts, as shapes.

A row's truth is the prompt's tokens, cached ones included (`Usage.prompt_total` without what a
server tool added later). What the request only points at (cached content, an earlier answer, a
conversation, a stored prompt) can't be estimated from it: such rows are left out, and counted. So
are those with a signature that no vendor made: their counts were written by hand, too.
"""

import base64
import gzip
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fairlead.canon import Failure, Request, Thinking
from fairlead.catalog import load
from fairlead.routing import tokens as quick
from fairlead.tokens.families import family_named, family_of_id, tool_prompt
from fairlead.tokens.shape import ELSEWHERE, Shape, shape
from fairlead.wire.anthropic import CODEC as ANTHROPIC
from fairlead.wire.gemini import CODEC as GEMINI
from fairlead.wire.openai_chat import CODEC as CHAT
from fairlead.wire.openai_responses import CODEC as RESPONSES

CODECS = {
    ("anthropic", "messages"): (ANTHROPIC, "anthropic", ""),
    ("gemini", "generate"): (GEMINI, "google", ""),
    ("vertex_gemini", "generate"): (GEMINI, "google", "vertex"),
    ("openai", "chat_completions"): (CHAT, "openai", ""),
    ("openai", "responses"): (RESPONSES, "openai", "openai_responses"),
}
CATALOGUED = {"anthropic": "claude-haiku-4-5-20251001", "google": "gemini-2.5-flash"}
MODELS = load().models
SIGNED_LEAST = 32
"""Characters that no vendor's signature is shorter than; tests have `sig_abc`."""
HIDDEN = ("mcp_servers", "context_management", "container")
"""Where a vendor adds what the request does not hold; as `reasoning.mode` = `pro` does, which has
the prompt read by several passes."""


class Unusable(Exception):
    """A row that can't be read as a request with a count."""


@dataclass
class Row:
    """One request: its family, its shape, the vendor's count, and which cassette it is of.
    `prompt` is what the vendor documents for the tools' prompt, which is not fitted; `created` is
    when the answer was made, in Unix seconds (0: it doesn't say).

    `kind`: `text`, `media` (with how much of the truth is text, where the vendor says so) or
    `server` (tools that the vendor runs).
    """

    id: str
    source: str
    cassette: str
    model: str
    family: str
    shape: Shape
    true: int
    kind: str
    characters: int
    quick: int
    prompt: int = 0
    created: int = 0
    text_only: int | None = None
    server_kinds: tuple[str, ...] = ()
    dense: list[tuple[int, float]] = field(default_factory=list)

    @property
    def group(self) -> str:
        """What is left out as a whole."""
        return f"{self.source}/{self.cassette}"

    def estimated(self, coefficients: list[float]) -> float:
        """A fit's estimate."""
        return max(1.0, self.prompt + sum(value * coefficients[at] for at, value in self.dense))


def read(path: Path) -> tuple[list[Row], Counter[str]]:
    """All usable rows, and why others aren't."""
    rows, left = [], Counter[str]()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            recorded = json.loads(line)
            if recorded["response"]["status"] // 100 != 2:
                continue
            try:
                row = _row(recorded)
            except Unusable as reason:
                left[str(reason)] += 1
                continue
            if row is not None:
                row.dense = [(at, v) for at, v in enumerate(row.shape.counts) if v]
                rows.append(row)
    return rows, left


def _row(recorded: dict[str, Any]) -> Row | None:
    where = (recorded["provider"], recorded["op"])
    body = recorded["request"]["body"]
    if where == ("bedrock_claude", "converse"):
        return _converse(recorded, json.loads(body) if isinstance(body, str) else body)
    known = CODECS.get(where)
    if known is None:
        return None
    codec, vendor, surface = known
    raw = body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()
    answer = _answer(recorded["response"])
    tap = codec.usage_tap()
    tap.feed(answer)
    if tap.usage is None or not tap.usage.prompt_total:
        reason = "no usage in the answer"
        raise Unusable(reason)
    return _made(
        recorded,
        raw,
        codec,
        (vendor, surface),
        (tap.usage.prompt_total - tap.usage.tool_input, bool(tap.usage.server_calls), answer),
    )


def _made(
    recorded: dict[str, Any],
    raw: bytes,
    codec: Any,  # noqa: ANN401 - a Codec of any dialect
    way: tuple[str, str],
    said: tuple[int, bool, bytes],
) -> Row:
    body = json.loads(raw)
    if any(body.get(key) for key in ELSEWHERE):
        reason = "points at content that is elsewhere"
        raise Unusable(reason)
    try:
        request = codec.decode_request(raw)
    except Failure as failure:
        reason = f"not readable: {failure.problem.message[:60]}"
        raise Unusable(reason) from failure
    if any(0 < len(part.signature.value) < SIGNED_LEAST for part in _thoughts(request)):
        reason = "a thought's signature that no vendor made"
        raise Unusable(reason)
    found = shape(request)
    true, ran, answer = said
    model = recorded["model"] or ""
    created = _created(answer)
    family = family_of_id(model, *way, day=_day(created))
    if family is None:
        reason = "no family"
        raise Unusable(reason)
    hidden = any(body.get(key) for key in HIDDEN) or b'"mode":"pro"' in raw.replace(b" ", b"")
    kind = "server" if found.server_tools or ran or hidden else "text"
    if kind == "text" and found.media:
        kind = "media"
    return Row(
        id=recorded["id"],
        source=recorded["source"],
        cassette=recorded["cassette"],
        model=model,
        family=family.name,
        shape=found,
        true=true,
        kind=kind,
        characters=len(raw),
        quick=_quick(request, found, family.vendor),
        prompt=_documented(found, model),
        created=created,
        text_only=_text_only(answer) if found.media else None,
        server_kinds=tuple(tool.kind for tool in found.server_tools) if not hidden else (),
    )


def _created(answer: bytes) -> int:
    found = re.search(rb'"created_at"\s*:\s*(\d+)', answer)
    return int(found[1]) if found else 0


def _day(created: int) -> str:
    return datetime.fromtimestamp(created, UTC).date().isoformat() if created else ""


def _thoughts(request: Request) -> list[Any]:
    """Thinking that is signed."""
    parts = [part for turn in request.turns for part in turn.parts]
    return [part for part in parts if isinstance(part, Thinking) and part.signature is not None]


def _documented(found: Shape, model: str) -> int:
    """What the vendor documents for the tools' prompt: no part of the fit."""
    forced = bool(found.of("tools_forced"))
    return tool_prompt(model, forced=forced) if found.of("tools") else 0


def _quick(request: Request, found: Shape, vendor: str) -> int:
    """What routing's estimate says, with the facts of the catalogue's model of that vendor."""
    facts = MODELS.get(CATALOGUED.get(vendor, ""))
    best = quick.estimate(request).best
    if facts is None:
        return best
    if facts.chars_per_token is not None:
        best = int(best * 3.6 / float(facts.chars_per_token))
    return best + (facts.tool_overhead_tokens if found.of("functions") else 0)


def _answer(response: dict[str, Any]) -> bytes:
    if response.get("body_text") is not None:
        return str(response["body_text"]).encode()
    return base64.b64decode(response["body_base64"])


def _text_only(answer: bytes) -> int | None:
    """Gemini's own count of the prompt's text."""
    found = re.findall(rb'"modality":\s*"TEXT",\s*"tokenCount":\s*(\d+)', answer)
    return int(found[0]) if found and b"promptTokensDetails" in answer else None


# Bedrock's Converse has no codec here; its Claude requests are said in Anthropic's words.


def _block(block: dict[str, Any]) -> dict[str, Any] | None:
    match block:
        case {"text": str(text)}:
            return {"type": "text", "text": text}
        case {"toolUse": use}:
            return {
                "type": "tool_use",
                "id": use["toolUseId"],
                "name": use["name"],
                "input": use["input"],
            }
        case {"toolResult": result}:
            texts = [c["text"] if "text" in c else json.dumps(c["json"]) for c in result["content"]]
            content = [{"type": "text", "text": text} for text in texts]
            return {"type": "tool_result", "tool_use_id": result["toolUseId"], "content": content}
        case {"reasoningContent": {"reasoningText": thought}}:
            signature = thought.get("signature") or ""
            return {"type": "thinking", "thinking": thought["text"], "signature": signature}
        case {"cachePoint": _}:
            return None
    raise KeyError(*block)


def _converse(recorded: dict[str, Any], body: dict[str, Any]) -> Row:
    answer = _answer(recorded["response"]).decode("latin-1")
    total, output = (
        re.search(rf'"{name}"\s*:\s*(\d+)', answer) for name in ("totalTokens", "outputTokens")
    )
    if total is None or output is None:
        reason = "no usage in the answer"
        raise Unusable(reason)
    try:
        said = _said(recorded["model"] or "", body)
    except KeyError as missing:
        reason = "a block of Converse's that is not read here"
        raise Unusable(reason) from missing
    true = int(total[1]) - int(output[1])
    raw = json.dumps(said).encode()
    return _made(recorded, raw, ANTHROPIC, ("anthropic", ""), (true, False, b""))


def _said(model: str, body: dict[str, Any]) -> dict[str, Any]:
    if "outputConfig" in body:
        raise KeyError(*body)
    said: dict[str, Any] = {
        "model": model,
        "max_tokens": 4096,
        "messages": [
            {"role": turn["role"], "content": [b for b in map(_block, turn["content"]) if b]}
            for turn in body["messages"]
        ],
    }
    if body.get("system"):
        said["system"] = [b for b in map(_block, body["system"]) if b]
    config = body.get("toolConfig")
    if config:
        specs = [tool["toolSpec"] for tool in config["tools"] if "toolSpec" in tool]
        said["tools"] = [
            {
                "name": spec["name"],
                "description": spec.get("description", ""),
                "input_schema": spec["inputSchema"]["json"],
            }
            for spec in specs
        ]
        choice = config.get("toolChoice") or {}
        if "tool" in choice:
            said["tool_choice"] = {"type": "tool", "name": choice["tool"]["name"]}
        elif "any" in choice:
            said["tool_choice"] = {"type": "any"}
    more = body.get("additionalModelRequestFields") or {}
    said.update({key: more[key] for key in ("thinking", "output_config") if more.get(key)})
    return said


def lineage(family: str) -> list[str]:
    """A family and its ancestors, the eldest first."""
    names: list[str] = []
    while family:
        names.insert(0, family)
        found = family_named(family)
        family = found.parent if found is not None else ""
    return names
