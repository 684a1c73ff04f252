"""Requests of every kind, one after the other, through a gateway: what each is and what befalls it.

The mix is the same in every run (a seeded generator). `Asked.fault` is a rule that the emulator
follows for that request alone; `abandon` makes the client leave in the middle of the answer.
"""

import contextlib
import http.client
import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from fairlead.emulator import FaultRule

__all__ = ["FLASH", "GPT", "HAIKU", "Asked", "mixed", "send"]

FLASH, HAIKU, GPT = "gemini-2.5-flash", "claude-haiku-4-5-20251001", "gpt-5.6-luna"
MODELS = (FLASH, HAIKU, GPT, "auto")
WORDS = [
    "harbour",
    "ledger",
    "lantern",
    "quay",
    "cargo",
    "tide",
    "beacon",
    "anchor",
    "sextant",
    "rope",
]
LONG = " ".join(WORDS * 700)  # past every model's least cacheable prefix
TOOL = {
    "type": "object",
    "properties": {"place": {"type": "string"}},
    "required": ["place"],
}


class Asked(NamedTuple):
    """One request."""

    path: str
    body: dict[str, Any]
    fault: FaultRule | None = None
    abandon: bool = False


def mixed(count: int, seed: int = 4) -> Iterator[Asked]:
    """`count` requests."""
    pick = random.Random(seed)  # a mix, not a secret
    for number in range(count):
        make = pick.choice((_chat, _messages, _gemini, _responses))
        model = pick.choice(MODELS)
        stream = pick.random() < 0.5
        path, body = make(pick, model, _text(pick, number), stream=stream)
        yield Asked(path, body, *_fate(pick, stream=stream))


def _text(pick: random.Random, number: int) -> str:
    think = f" think={pick.randrange(20, 400)}" if pick.random() < 0.3 else ""
    plain = " ".join(pick.choices(WORDS, k=pick.randrange(1, 60)))
    return f"[emulate: words={pick.randrange(5, 120)}{think}] {number}: {plain}"


def _fate(pick: random.Random, *, stream: bool) -> tuple[FaultRule | None, bool]:
    """Eight in ten go through; the others are struck, or their client leaves."""
    chance = pick.random()
    if chance < 0.06:
        return FaultRule("status", status=pick.choice((429, 500, 503, 529)), times=1), False
    if chance < 0.10:
        return FaultRule("close", after=pick.randrange(50, 900), times=1), False
    if chance < 0.13 and stream:
        return FaultRule("stream_error", after=pick.randrange(50, 900), status=503, times=1), False
    if chance < 0.18 and stream:
        return FaultRule("stall", after=500, seconds=0.3, times=1), True
    return None, False


def _chat(
    pick: random.Random, model: str, text: str, *, stream: bool
) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 2000,
    }
    if pick.random() < 0.3:
        body["messages"].insert(0, {"role": "system", "content": LONG})
    if pick.random() < 0.3:
        body["tools"] = [{"type": "function", "function": {"name": "look", "parameters": TOOL}}]
    if stream:
        body["stream"] = True
        if pick.random() < 0.5:
            body["stream_options"] = {"include_usage": True}
    return "/v1/chat/completions", body


def _messages(
    pick: random.Random, model: str, text: str, *, stream: bool
) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 4000,
        "stream": stream,
    }
    if pick.random() < 0.4:
        kept: dict[str, Any] = {"type": "ephemeral"}
        if pick.random() < 0.5:
            kept["ttl"] = "1h"
        said = LONG + pick.choice(WORDS)
        body["system"] = [{"type": "text", "text": said, "cache_control": kept}]
    if pick.random() < 0.3:
        body["tools"] = [{"name": "look", "input_schema": TOOL}]
    if pick.random() < 0.2:
        body["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    return "/v1/messages", body


def _gemini(
    pick: random.Random, model: str, text: str, *, stream: bool
) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    if pick.random() < 0.3:
        body["systemInstruction"] = {"parts": [{"text": LONG}]}
    if pick.random() < 0.3:
        body["tools"] = [{"functionDeclarations": [{"name": "look", "parameters": TOOL}]}]
    form = pick.choice(("?alt=sse", "")) if stream else ""
    verb = "streamGenerateContent" if stream else "generateContent"
    return f"/v1beta/models/{model}:{verb}{form}", body


def _responses(
    pick: random.Random, model: str, text: str, *, stream: bool
) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {"model": model, "input": text, "stream": stream, "store": False}
    if pick.random() < 0.3:
        body["instructions"] = LONG
    if pick.random() < 0.3:
        body["tools"] = [{"type": "function", "name": "look", "parameters": TOOL, "strict": False}]
    return "/v1/responses", body


def send(port: int, asked: Asked) -> tuple[int, str]:
    """The status and the gateway's id of the request; an abandoned one is left after some bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        headers = {"content-type": "application/json"}
        connection.request("POST", asked.path, json.dumps(asked.body), headers)
        answer = connection.getresponse()
        request_id = answer.headers["x-fairlead-request-id"]
        if asked.abandon:
            answer.read(10)
        else:
            # A stream may break off, as the vendor's did.
            with contextlib.suppress(http.client.IncompleteRead):
                answer.read()
        return answer.status, request_id
    finally:
        connection.close()
