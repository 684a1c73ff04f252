"""An API aggregator: OpenAI's dialect below a prefix of its own, models by names of its own, and a
few things that it does not take.

Names have their maker before a slash, as aggregators write them: `openai/gpt-5-mini`. The role
`developer` and `seed` are refused, as some compatible endpoints do.
"""

from collections.abc import Mapping
from typing import Any

from fairlead.emulator.faces.face import Route, Trouble
from fairlead.emulator.faces.openai.face import OpenAIFace
from fairlead.emulator.json_value import JsonValue

__all__ = ["PREFIX", "AggregatorFace", "unwrap"]

PREFIX = "/aggregator/api"
MAKER = "openai/"
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
