"""One request's judgement: accepted by the vendor's authority, and complete."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.conformance import requests_anthropic, requests_chat, requests_gemini
from tests.acceptance.conformance.completeness import gone
from tests.acceptance.conformance.gateway import Sent, translate
from tests.acceptance.conformance.said import Said

from fairlead.emulator import models, rules
from fairlead.emulator.authority import check

__all__ = ["READERS", "Verdict", "judge"]

READERS: dict[str, Callable[[dict[str, Any]], Said]] = {
    "openai_chat": requests_chat.read,
    "anthropic": requests_anthropic.read,
    "gemini": requests_gemini.read,
}


@dataclass
class Verdict:
    """`outcome`: `exact`, `cosmetic`, `semantic` (refused with named losses), `refused`, `failed`."""

    outcome: str
    why: list[str] = field(default_factory=list)
    losses: tuple[str, ...] = ()


def judge(client: str, vendor: str, model: str, body: dict[str, Any]) -> Verdict:
    """What becomes of a request of dialect `client` for `model`."""
    raw = json.dumps(body, ensure_ascii=False).encode()
    try:
        sent = translate(client, vendor, model, raw)
    except Exception as error:  # noqa: BLE001 - the harness counts them
        return Verdict("failed", [f"exception {type(error).__name__}: {error}"])
    if sent.problem is not None:
        why = f"{sent.problem.kind} {sent.problem.param}: {sent.problem.message}"
        return Verdict("refused", [why])
    losses = tuple(sorted({loss.what for loss in sent.losses}))
    assert sent.body is not None
    said = json.loads(sent.body)
    faults = refused_by(vendor, model, said)
    faults += gone(READERS[client](body), READERS[vendor](said), sent.losses, sent.fetched)
    if faults:
        return Verdict("failed", faults, losses)
    if sent.semantic:
        return Verdict("semantic", [f"{loss.path}: {loss.what}" for loss in sent.semantic], losses)
    return Verdict("cosmetic" if losses else "exact", [], losses)


def refused_by(vendor: str, model: str, body: dict[str, Any]) -> list[str]:
    """What the vendor's schema, and the rules that no schema states, have against a body."""
    return _AUTHORITIES[vendor](model, body)


def _anthropic(model: str, body: dict[str, Any]) -> list[str]:
    return _by_rules("anthropic", "messages", model, body)


def _gemini(model: str, body: dict[str, Any]) -> list[str]:
    return _by_rules("gemini", "generate", model, body)


def _by_rules(vendor: str, op: str, model: str, body: dict[str, Any]) -> list[str]:
    faults = check(vendor, op, body)
    if faults:
        return [f"schema: {fault.message}" for fault in faults[:3]]
    if models.find(vendor, model) is None:
        return []
    refusal = rules.check(
        vendor,
        op,
        model,
        body,
        tokens=lambda: 100,
        issued=lambda _mark, _text: True,
        headers={"anthropic-version": "2023-06-01"},
    )
    return [] if refusal is None else [f"rule: {refusal.message}"]


def _nothing(_model: str, _body: dict[str, Any]) -> list[str]:
    return []


_AUTHORITIES: dict[str, Callable[[str, dict[str, Any]], list[str]]] = {
    "anthropic": _anthropic,
    "gemini": _gemini,
    "openai_chat": _nothing,
}
