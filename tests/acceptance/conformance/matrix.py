"""What becomes of each feature on each way: exact, lossy with names, or refused with names."""

from dataclasses import dataclass

from tests.acceptance.conformance.features import of
from tests.acceptance.conformance.gateway import MODELS, Gateway, named
from tests.acceptance.conformance.judge import judge

__all__ = ["CLIENTS", "Cell", "cells"]

CLIENTS = ("openai_chat", "openai_responses", "anthropic", "gemini")
OWN = {"openai_responses": "openai_chat"}
"""OpenAI's models are one vendor, in whichever of its two dialects they are spoken to."""


@dataclass(frozen=True)
class Cell:
    """`kind`: `exact`, `lossy`, `refused` or `failed`; `names` the losses, or the field at fault."""

    client: str
    vendor: str
    model: str
    feature: str
    kind: str
    names: tuple[str, ...]


def cells(gateway: Gateway) -> list[Cell]:
    """Every feature of every client's dialect on every model behind."""
    return [
        _cell(gateway, client, vendor, model, feature, body)
        for client in CLIENTS
        for vendor, models in MODELS.items()
        for model in models
        for feature, body in of(client).items()
    ]


def _cell(
    gateway: Gateway, client: str, vendor: str, model: str, feature: str, body: dict[str, object]
) -> Cell:
    stream = feature == "stream"
    if vendor in (client, OWN.get(client)):
        return Cell(client, vendor, model, feature, *_own(gateway, client, model, body, stream))
    verdict = judge(gateway, client, vendor, model, body, stream=stream)
    kind = {"cosmetic": "lossy", "semantic": "refused"}.get(verdict.outcome, verdict.outcome)
    names = verdict.losses
    if verdict.outcome == "refused":
        trip = gateway.ask(client, model, named(body, client, model), stream=stream)
        problem = trip.record.error_message or ""
        names = (problem.partition(":")[0] if " " not in problem.partition(":")[0] else feature,)
        names = tuple(verdict.losses) or names
    if verdict.outcome == "semantic":
        names = tuple(sorted({why.partition(": ")[2] for why in verdict.why}))
    if verdict.outcome == "failed":
        names = tuple(verdict.why)
    return Cell(client, vendor, model, feature, kind, names)


def _own(
    gateway: Gateway, client: str, model: str, body: dict[str, object], stream: bool
) -> tuple[str, tuple[str, ...]]:
    """The client's own dialect: its bytes go on as they are."""
    raw = named(body, client, model)
    trip = gateway.ask(client, model, raw, stream=stream)
    if trip.sent is None:
        return "failed", (str(trip.record.error_message),)
    asked = trip.sent == raw or (stream and b"include_usage" in trip.sent)
    return ("exact", ()) if asked else ("failed", ("the bytes were changed",))
