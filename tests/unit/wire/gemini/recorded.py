"""Recorded Gemini traffic, and facts of models as the tests need them."""

import gzip
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fairlead.catalog.model import Limits, Model, Sampling, Thinking
from fairlead.wire.codec import Target

SHARED = Path(os.environ.get("FAIRLEAD_SHARED", Path(__file__).parents[5] / "shared"))
KNOBS = (
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "stop",
)
FEATURES = (
    "tools",
    "prefill",
    "json",
    "json_schema",
    "json_schema_tools",
    "json_with_tools",
    "logprobs",
    "n",
    "seed",
    "tool_result_media",
    "media_urls",
)
BUDGET = Thinking(
    kind="budget",
    budget_min=0,
    budget_max=24_576,
    off=True,
    dynamic=True,
    effort_budgets=(("minimal", 1024), ("low", 1024), ("medium", 8192), ("high", 24_576)),
)
LEVEL = Thinking(
    kind="level",
    levels=("minimal", "low", "medium", "high"),
    effort_budgets=(("low", 1024), ("medium", 8192), ("high", 24_576)),
    effort_levels=(
        ("none", "minimal"),
        ("minimal", "minimal"),
        ("low", "low"),
        ("medium", "medium"),
        ("high", "high"),
        ("xhigh", "high"),
    ),
)


def rows(name: str = "recordings.jsonl.gz") -> list[dict[str, Any]]:
    """Gemini's rows of one file of recordings, or a skip that says why."""
    return _rows(name)


@cache
def _rows(name: str) -> list[dict[str, Any]]:
    path = SHARED / "wire" / name
    if not path.is_file():
        pytest.skip(f"../shared is absent: {path} is no file", allow_module_level=True)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    return [r for r in found if r["provider"] in {"gemini", "vertex_gemini"}]


def calls() -> list[dict[str, Any]]:
    """Recorded `generateContent` calls, streamed and not."""
    return [row for row in rows() if row["op"] == "generate"]


def facts(
    thinking: Thinking = BUDGET,
    *,
    features: tuple[str, ...] = FEATURES,
    limits: Limits = Limits(max_output=65_536),  # noqa: B008  # frozen
    sampling: Sampling = Sampling(accepts=KNOBS, temperature_max=2.0, stop_max=5),  # noqa: B008  # frozen
    modalities: tuple[str, ...] = (),
) -> Model:
    """A model with the given facts; by default one that takes all that Gemini can say."""
    return Model(
        id="gemini-test",
        vendor="google",
        features=features,
        limits=limits,
        sampling=sampling,
        thinking=thinking,
        modalities_in=modalities,
    )


def target(thinking: Thinking = BUDGET, **more: Any) -> Target:
    """A target with `facts`."""
    return Target("gemini-test", facts(thinking, **more))


def target_of(row: dict[str, Any]) -> Target:
    """A target for a recorded call: levels from Gemini 3 on, budgets before."""
    newer = (row["model"] or "").startswith("gemini-3")
    return target(LEVEL if newer else BUDGET)
