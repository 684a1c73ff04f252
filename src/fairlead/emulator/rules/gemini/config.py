"""The generation configuration: ranges, formats, thinking."""

from collections.abc import Iterator
from typing import Any

from fairlead.emulator.authority.google_json import field, listed
from fairlead.emulator.rules.gemini.functions import schema_faults
from fairlead.emulator.rules.gemini.request import Request

__all__ = [
    "candidates",
    "context",
    "json_with_tools",
    "output",
    "penalties",
    "ranges",
    "thinking",
    "tokens",
]

MOST_STOPS = 5
MIME_TYPES = (
    "text/plain",
    "application/json",
    "application/xml",
    "application/yaml",
    "text/x.enum",
)
SCHEMA_MIME_TYPES = {"application/json", "text/x.enum"}
JSON = "application/json"
# The enum ThinkingLevel in its order, for levels given by number.
LEVELS = ("THINKING_LEVEL_UNSPECIFIED", "LOW", "MEDIUM", "HIGH", "MINIMAL")


def ranges(request: Request) -> Iterator[tuple[str, str]]:
    """Numbers of the configuration [O]."""
    config = request.config
    for name, low, high in (("temperature", 0.0, 2.0), ("topP", 0.0, 1.0)):
        value = _number(field(config, name))
        if value is not None and not low <= value <= high:
            key = "top_p" if name == "topP" else name
            yield f"generation_config.{key}", f"{key} must be in the range [{low}, {high}]."
    if len(listed(config, "stopSequences")) > MOST_STOPS:
        yield (
            "generation_config.stop_sequences",
            f"the number of stop_sequences must not exceed {MOST_STOPS}",
        )


def output(request: Request) -> Iterator[tuple[str, str]]:
    """What the answer is written in: a type of the list [O], a schema only for JSON [M]."""
    config = request.config
    mime = field(config, "responseMimeType")
    if mime and mime not in MIME_TYPES:
        allowed = [f"`{name}`" for name in MIME_TYPES]
        yield (
            "generation_config.response_mime_type",
            f"allowed mimetypes are {', '.join(allowed[:-1])} and {allowed[-1]}.",
        )
    schema = field(config, "responseSchema")
    for name, value in (
        ("response_schema", schema),
        ("response_json_schema", field(config, "responseJsonSchema")),
    ):
        if value is not None and mime not in SCHEMA_MIME_TYPES:
            yield (
                f"generation_config.{name}",
                "only allowed when response_mime_type is `application/json` or `text/x.enum`",
            )
    if schema is not None:
        yield from schema_faults(schema, "generation_config.response_schema")


def tokens(request: Request) -> str | None:
    """At least 1 and at most the model's maximum [O], on Vertex."""
    asked = _number(field(request.config, "maxOutputTokens"))
    limit = request.model.max_output
    if asked is None or 1 <= asked <= limit:
        return None
    return (
        f"Unable to submit request because it has a maxOutputTokens value of {int(asked)} but the "
        f"supported range is from 1 (inclusive) to {limit + 1} (exclusive). Update the value and "
        "try again."
    )


def candidates(request: Request) -> str | None:
    """Several candidates only on older models [D, O]."""
    asked = _number(field(request.config, "candidateCount"))
    if asked is None or 1 <= asked <= request.model.candidates:
        return None
    if request.model.candidates == 1 and asked > 1:
        return "Multiple candidates is not enabled for this model"
    return (
        f"Unable to submit request because it has a candidateCount value of {int(asked)} but the "
        f"supported range is from 1 (inclusive) to {request.model.candidates + 1} (exclusive). "
        "Update the value and try again."
    )


def penalties(request: Request) -> str | None:
    """Presence and frequency are not punished by most models since 2.5 [O]."""
    if request.model.penalties:
        return None
    for name in ("presencePenalty", "frequencyPenalty"):
        if field(request.config, name):
            return f"Penalty is not enabled for models/{request.model.name}"
    return None


def json_with_tools(request: Request) -> str | None:
    """Gemini 2.5 answers in JSON or calls functions, not both [O]."""
    if request.model.json_with_tools or not request.declarations:
        return None
    if field(request.config, "responseMimeType") == JSON:
        return f"Function calling with a response mime type: '{JSON}' is unsupported"
    return None


def thinking(request: Request) -> str | None:
    """Budgets on 2.5; levels on 3, and budgets: "While thinkingBudget is accepted for backwards
    compatibility, using it with Gemini 3 Pro may result in suboptimal performance" [D, Thinking].
    Those of 3 that cannot stop say of 0 nothing but that something is invalid [O].
    """
    config = field(request.config, "thinkingConfig")
    budget, level = field(config, "thinkingBudget"), field(config, "thinkingLevel")
    if budget is not None and level is not None:
        return "You can only set only one of thinking budget and thinking level."
    if level is not None:
        return _level(request, level)
    return None if budget is None else _budget(request, int(budget))


def _level(request: Request, level: str | int) -> str | None:
    name = LEVELS[level] if isinstance(level, int) and 0 <= level < len(LEVELS) else str(level)
    if "level" not in request.model.thinking:
        return "Thinking level is not supported for this model."
    if name.upper() == "THINKING_LEVEL_UNSPECIFIED" or name.lower() in request.model.levels:
        return None
    return (
        f"Thinking level {name.upper()} is not supported for this model. "
        "Please retry with other thinking level."
    )


def _budget(request: Request, budget: int) -> str | None:
    model = request.model
    if "budget" not in model.thinking or model.budget is None:
        return "Thinking budget is not supported for this model."  # [O], of Gemma 4
    low, high = model.budget
    if budget == -1 or (budget == 0 and model.budget_off) or low <= budget <= high:
        return None
    if budget == 0 and model.levels:
        return "Request contains an invalid argument."
    if budget == 0:
        return "Budget 0 is invalid. This model only works in thinking mode."
    return f"thinking_budget is out of range; supported values are integers from {low} to {high}"


def context(request: Request) -> str | None:
    """The prompt must fit [R], on Vertex."""
    window = request.model.context_window
    if request.tokens <= window:
        return None
    return (
        f"The input token count ({request.tokens}) exceeds the maximum number of tokens allowed "
        f"({window})."
    )


def _number(value: Any) -> float | None:  # noqa: ANN401 - a JSON number, or its digits in a string
    return None if value is None else float(value)
