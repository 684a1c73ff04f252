"""Numbers and lengths: their ranges, and what the model takes at most."""

from typing import Any

from fairlead.emulator.rules.openai.request import Request, refuse
from fairlead.emulator.rules.rejection import Rejection

__all__ = ["context", "empty", "most_tokens", "ranges", "stops", "too_long"]

# Least and greatest [S: the SDK's descriptions]. The words for a decimal are recorded.
RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
    "n": (1, 128),
    "top_logprobs": (0, 20),
    "max_tokens": (1, 2**31),
    "max_completion_tokens": (1, 2**31),
    "max_output_tokens": (16, 2**31),
    "dimensions": (1, 2**31),
}
WHOLE = {
    "n",
    "top_logprobs",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "dimensions",
}
MOST_STOPS = 4


def ranges(request: Request) -> Rejection | None:
    """[R] "Invalid 'temperature': decimal below minimum value. Expected a value >= 0, ..."."""
    for key, (least, greatest) in RANGES.items():
        value = request.body.get(key)
        if value is None or least <= value <= greatest:
            continue
        kind = "integer" if key in WHOLE else "decimal"
        side, most, sign, bound = ("above", "max", "<=", greatest)
        if value < least:
            side, most, sign, bound = ("below", "min", ">=", least)
        return refuse(
            f"Invalid '{key}': {kind} {side} {most}imum value. Expected a value {sign} {bound:g}, "
            f"but got {value:g} instead.",
            key,
            f"{kind}_{side}_{most}_value",
        )
    return None


def too_long(key: str, value: list[Any], most: int) -> Rejection:
    """[O] of an array."""
    return refuse(
        f"Invalid '{key}': array too long. Expected an array with maximum length {most}, but got "
        f"an array with length {len(value)} instead.",
        key,
        "array_above_max_length",
    )


def empty(key: str) -> Rejection:
    """[O] of an array."""
    return refuse(
        f"Invalid '{key}': empty array. Expected an array with minimum length 1, but got an empty "
        "array instead.",
        key,
        "empty_array",
    )


def stops(request: Request) -> Rejection | None:
    """At most 4 [S]; none on newer reasoning models [O]."""
    stop = request.body.get("stop")
    if stop is None:
        return None
    if not request.facts.stop:
        return refuse(
            "Unsupported parameter: 'stop' is not supported with this model.",
            "stop",
            "unsupported_parameter",
        )
    if isinstance(stop, list) and len(stop) > MOST_STOPS:
        return too_long("stop", stop, MOST_STOPS)
    return None


def most_tokens(request: Request) -> Rejection | None:
    """The old name where it is taken [O], and never more than the model can say [O]."""
    body, model = request.body, request.model
    if body.get("max_tokens") is not None and not request.facts.max_tokens:
        return refuse(
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            "max_tokens",
            "unsupported_parameter",
        )
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        return refuse(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "max_tokens",
            "invalid_parameter_combination",
        )
    for key in ("max_tokens", "max_completion_tokens"):
        asked = body.get(key)
        if asked is not None and asked > model.max_output:
            return refuse(
                f"max_tokens is too large: {asked}. This model supports at most {model.max_output} "
                f"completion tokens, whereas you provided {asked}.",
                key,
                "invalid_value",
            )
    return None


def context(request: Request) -> Rejection | None:
    """The prompt within the window [O]; Responses may be told to drop from its beginning."""
    window = request.model.context_window
    tokens = request.known.tokens()
    if tokens <= window:
        return None
    if request.chat:
        return refuse(
            f"This model's maximum context length is {window} tokens. However, your messages "
            f"resulted in {tokens} tokens. Please reduce the length of the messages.",
            "messages",
            "context_length_exceeded",
        )
    if request.body.get("truncation") == "auto":
        return None
    return refuse(
        "Your input exceeds the context window of this model. Please adjust your input and try "
        "again.",
        "input",
        "context_length_exceeded",
    )
