"""Models to encode for: the two Haikus as the catalogue has them in short, and one that takes all."""

import json

from msgspec.structs import replace

from fairlead.canon import Loss, Request
from fairlead.catalog.model import Limits, Model, Sampling, Thinking
from fairlead.wire.anthropic import CODEC
from fairlead.wire.codec import Target

EFFORT_BUDGETS = (
    ("none", 0),
    ("minimal", 1_024),
    ("low", 2_048),
    ("medium", 8_192),
    ("high", 16_384),
)
HAIKU_45 = Model(
    id="claude-haiku-4-5-20251001",
    vendor="anthropic",
    limits=Limits(context_window=200_000, max_output=64_000),
    modalities_in=("text", "image", "document"),
    features=("tools", "parallel_tools", "forced_tools", "json_schema", "prefill", "media_urls"),
    thinking=Thinking(
        kind="budget",
        budget_min=1_024,
        budget_max=63_999,
        off=True,
        below_max_tokens=True,
        effort_budgets=EFFORT_BUDGETS,
    ),
    sampling=Sampling(
        accepts=("temperature", "top_p", "top_k", "stop"),
        temperature_max=1.0,
        exclusive=(("temperature", "top_p"),),
    ),
)
HAIKU_55 = Model(
    id="claude-haiku-5-5",
    vendor="anthropic",
    limits=Limits(context_window=1_000_000, max_output=128_000),
    modalities_in=("text", "image", "document"),
    features=("tools", "parallel_tools", "forced_tools", "json_schema", "media_urls"),
    thinking=Thinking(
        kind="adaptive",
        off=True,
        default_on=True,
        levels=("low", "medium", "high", "xhigh", "max"),
        effort_levels=(("minimal", "low"),),
    ),
    sampling=Sampling(accepts=("stop",)),
)
PERMISSIVE = replace(
    Model.unknown("claude-any", "anthropic"),
    features=("mid_system",),
    thinking=Thinking(kind="unknown", default_on=True),
)


def encode(request: Request, facts: Model = PERMISSIVE) -> tuple[dict, tuple[Loss, ...]]:
    """The body as a dict, and the losses."""
    encoded = CODEC.encode_request(request, Target(request.model or facts.id, facts))
    return json.loads(encoded.body), encoded.losses


def names(losses: tuple[Loss, ...], kind: str | None = None) -> list[str]:
    return [loss.what for loss in losses if kind in (None, loss.kind)]
