"""Sampling knobs: which this dialect has, which the model takes, and what thinking forbids.

"On older models [...] `temperature` and `top_k` are incompatible with thinking, and `top_p` is
allowed at values between 0.95 and 1" (platform.claude.com, build-with-claude/thinking). Newer
models take none of them at all, and Haiku 4.5 temperature or top_p: those are the model's facts.
"""

from collections.abc import Iterable
from typing import Final

from fairlead.canon import Failure, Sampling
from fairlead.catalog.model import Model
from fairlead.wire.anthropic.types import Json
from fairlead.wire.losses import Losses

__all__ = ["write_sampling"]

TEMPERATURE_MAX: Final = 1.0
_THINKING_TOP_P: Final = 0.95
_FOREIGN: Final = ("seed", "frequency_penalty", "presence_penalty")


def write_sampling(
    sampling: Sampling, facts: Model, losses: Losses, body: Json, *, thinking: bool
) -> None:
    """Set temperature, top_p, top_k and stop_sequences in `body`."""
    for knob in _FOREIGN:
        if getattr(sampling, knob) is not None:
            losses.cosmetic(knob, knob, "the vendor has no such parameter")
    knobs = _wished(sampling, facts, losses)
    if knobs:
        if thinking:
            _obey_thinking(knobs, losses)
        for group in facts.sampling.exclusive:
            for knob in [name for name in group if name in knobs][1:]:
                losses.cosmetic(knob, knob, f"{facts.id} takes one of {', '.join(group)}")
                del knobs[knob]
        body.update(knobs)
    if sampling.stop:
        stops = _stops(sampling.stop, facts, losses)
        if stops:
            body["stop_sequences"] = stops


def _wished(sampling: Sampling, facts: Model, losses: Losses) -> dict[str, float]:
    knobs: dict[str, float] = {}
    for knob in ("temperature", "top_p", "top_k"):
        value = getattr(sampling, knob)
        if value is None:
            continue
        if knob not in facts.sampling.accepts:
            losses.cosmetic(knob, knob, f"{facts.id} does not take it")
            continue
        if value < 0:
            raise Failure.invalid("must not be negative", knob)
        knobs[knob] = value
    highest = facts.sampling.temperature_max
    highest = TEMPERATURE_MAX if highest is None else min(highest, TEMPERATURE_MAX)
    if knobs.get("temperature", 0) > highest:
        losses.cosmetic(
            "temperature", "temperature_clamped", f"the vendor's range ends at {highest}"
        )
        knobs["temperature"] = highest
    if knobs.get("top_p", 0) > 1:
        raise Failure.invalid("must be between 0 and 1", "top_p")
    if "top_k" in knobs:
        whole = round(knobs["top_k"])
        if whole != knobs["top_k"]:
            losses.cosmetic("top_k", "top_k_rounded", f"the vendor takes integers: {whole}")
        knobs["top_k"] = whole
    return knobs


def _obey_thinking(knobs: dict[str, float], losses: Losses) -> None:
    if knobs.get("temperature", 1) != 1:
        losses.cosmetic("temperature", "temperature", "must be 1 while the model thinks")
        del knobs["temperature"]
    if "top_k" in knobs:
        losses.cosmetic("top_k", "top_k", "cannot be set while the model thinks")
        del knobs["top_k"]
    if knobs.get("top_p", 1) < _THINKING_TOP_P:
        losses.cosmetic("top_p", "top_p_clamped", "must be 0.95 to 1 while the model thinks")
        knobs["top_p"] = _THINKING_TOP_P


def _stops(stops: Iterable[str], facts: Model, losses: Losses) -> list[str]:
    if facts.known and "stop" not in facts.sampling.accepts:
        losses.cosmetic("stop", "stop", f"{facts.id} takes no stop sequences")
        return []
    kept = []
    for index, stop in enumerate(stops):
        # "stop_sequences: each stop sequence must contain non-whitespace" (BerriAI/litellm#3286).
        if stop and not stop.isspace():
            kept.append(stop)
        else:
            losses.cosmetic(f"stop[{index}]", "stop_whitespace", "whitespace alone is refused")
    most = facts.sampling.stop_max
    if most is not None and len(kept) > most:
        losses.cosmetic("stop", "stop_count", f"only the first {most} are kept")
        kept = kept[:most]
    return kept
