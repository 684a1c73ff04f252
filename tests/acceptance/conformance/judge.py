"""One request's judgement: accepted by the vendor's authority, and complete."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.conformance import (
    requests_anthropic,
    requests_chat,
    requests_gemini,
    requests_responses,
)
from tests.acceptance.conformance.completeness import gone
from tests.acceptance.conformance.gateway import Gateway, named
from tests.acceptance.conformance.said import Said

from fairlead.emulator import models, rules
from fairlead.emulator.authority import check
from fairlead.emulator.rules.openai import messages, tools
from fairlead.emulator.rules.openai import request as openai_request

__all__ = ["READERS", "Verdict", "judge", "refused_by"]

READERS: dict[str, Callable[[dict[str, Any]], Said]] = {
    "openai_chat": requests_chat.read,
    "anthropic": requests_anthropic.read,
    "gemini": requests_gemini.read,
    "openai_responses": requests_responses.read,
}


@dataclass
class Verdict:
    """`outcome`: `exact`, `cosmetic`, `semantic` (refused with named losses unless they are
    allowed), `refused` (a 400 that names its field), `failed`.
    """

    outcome: str
    why: list[str] = field(default_factory=list)
    losses: tuple[str, ...] = ()


def judge(
    gateway: Gateway, client: str, vendor: str, model: str, body: dict[str, Any], *, stream: bool
) -> Verdict:
    """What becomes of a request of dialect `client` for `model`."""
    raw = named(body, client, model)
    trip = gateway.ask(client, model, raw, stream=stream, allow=True)
    losses = tuple(sorted({loss.what for loss in trip.losses}))
    if trip.sent is None:
        record = trip.record
        why = f"{record.error_kind}: {record.error_message}"
        asked = trip.status in (400, 404, 409, 413) and record.error_kind != "internal"
        return Verdict("refused" if asked else "failed", [why], losses)
    said = json.loads(trip.sent)
    faults = refused_by(vendor, model, said)
    faults += gone(READERS[client](body), READERS[vendor](said), trip.losses, trip.fetched)
    if faults:
        return Verdict("failed", faults, losses)
    semantic = [f"{loss.path}: {loss.what}" for loss in trip.losses if loss.kind == "semantic"]
    if semantic:
        return Verdict("semantic", semantic, losses)
    return Verdict("cosmetic" if losses else "exact", [], losses)


def refused_by(vendor: str, model: str, body: dict[str, Any]) -> list[str]:
    """What the vendor's schema, and the rules that no schema states, have against a body."""
    owner, op = _AUTHORITIES[vendor]
    faults = check(owner, op, body)
    if faults:
        return [f"schema: {fault.message}" for fault in faults[:3]]
    if models.find(owner, model) is None:
        return []
    refusal = _RULES[owner](owner, op, model, body)
    return [] if refusal is None else [f"rule: {refusal.message}"]


def _by_rules(owner: str, op: str, model: str, body: dict[str, Any]) -> rules.Rejection | None:
    return rules.check(
        owner,
        op,
        model,
        body,
        tokens=lambda: 100,
        issued=lambda _mark, _text: True,
        headers={"anthropic-version": "2023-06-01"},
    )


def _by_openai(_owner: str, op: str, model: str, body: dict[str, Any]) -> rules.Rejection | None:
    found = models.find("openai", model)
    assert found is not None
    known = openai_request.Known(
        tokens=lambda: 100,
        stored=lambda _id: True,
        file=lambda _id: True,
        opened=lambda _data: b"",
        items=[],
    )
    request = openai_request.Request(op, found, model, body, known)
    return next((no for rule in _STRUCTURE if (no := rule(request)) is not None), None)


# The catalogue holds no facts of OpenAI's models yet, so what one of them takes less than others is
# not judged: the order of messages, the pairing of calls and results, names and schemas are.
_STRUCTURE = (
    messages.roles,
    messages.contents,
    messages.pairing,
    tools.names,
    tools.schemas,
    tools.choice,
)


_RULES = {"anthropic": _by_rules, "gemini": _by_rules, "openai": _by_openai}
_AUTHORITIES = {
    "anthropic": ("anthropic", "messages"),
    "gemini": ("gemini", "generate"),
    "openai_chat": ("openai", "chat"),
    "openai_responses": ("openai", "responses"),
}
