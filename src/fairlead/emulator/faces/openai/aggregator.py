"""An API aggregator: OpenAI's dialect below a prefix of its own, models by names of its own, and a
few things that it does not take.

Names have their maker before a slash, as aggregators write them: `openai/gpt-5-mini`. The role
`developer` and `seed` are refused, as some compatible endpoints do. With an answer's usage stands
what it cost in the aggregator's own prices, as OpenRouter tells it: "cost: The total amount charged
to your account" (openrouter.ai/docs, Usage Accounting).
"""

from collections.abc import Mapping
from typing import Any

from fairlead.emulator.faces.face import Answered, Put, Route, Trouble, Usage
from fairlead.emulator.faces.openai.chat import chat
from fairlead.emulator.faces.openai.face import OpenAIFace
from fairlead.emulator.json_value import JsonValue

__all__ = ["PREFIX", "AggregatorFace", "unwrap"]

PREFIX = "/aggregator/api"
MAKER = "openai/"
DOLLARS = {"input": 0.3, "cache_read": 0.03, "cache_write_5m": 0.3, "thinking": 2.5, "output": 2.5}
"""A million tokens, whatever the model: an aggregator's prices are its own."""
ROUTES = frozenset({"generate", "models", "model", "embeddings"})


class AggregatorFace(OpenAIFace):
    """`/aggregator/api/v1/chat/completions`."""

    vendor = "aggregator"
    rulebook = "aggregator"
    id_header: str | None = None

    def route(self, method: str, path: str, query: Mapping[str, str]) -> Route | Trouble:
        """Where the request goes: chat and embeddings alone."""
        route = super().route(method, path.removeprefix(PREFIX), query)
        if isinstance(route, Route) and route.op not in ROUTES:
            return Trouble(404, "Not Found")
        return route

    def peek(self, route: Route, body: JsonValue) -> tuple[str, bool]:
        """The model by OpenAI's name; one without its maker is nobody's."""
        model, stream = super().peek(route, body)
        own = model.removeprefix(MAKER)
        return own if own != model else f"{model} (no maker)", stream

    def answer(self, put: Put) -> Answered:
        """As OpenAI's, with the cost."""
        return chat(put, _stated) if put.route.op == "generate" else super().answer(put)


def _stated(bill: Usage) -> dict[str, Any]:
    cost = round(sum(DOLLARS[kind] * count for kind, count in bill.items()) / 10**6, 10)
    return {"cost": cost, "is_byok": False, "cost_details": {"upstream_inference_cost": cost}}


def unwrap(route: Route, body: JsonValue, model: str) -> tuple[JsonValue, dict[str, str]] | Trouble:
    """OpenAI's own request inside one of the aggregator's, or what it does not take."""
    if not isinstance(body, dict) or route.op != "generate":
        return body, {}
    if "(no maker)" in model:
        return Trouble(404, f"No endpoints found for {body.get('model')}.")
    if "seed" in body:
        return Trouble(400, "Unrecognized request argument supplied: seed", param="seed")
    messages = body.get("messages")
    turns = messages if isinstance(messages, list) else []
    if any(isinstance(turn, dict) and turn.get("role") == "developer" for turn in turns):
        return Trouble(400, "'developer' is not one of ['system', 'user', 'assistant', 'tool']")
    inner: dict[str, Any] = {**body, "model": model}
    return inner, {}
