"""What a model that reasons doesn't take: sampling, probabilities; and which efforts it knows."""

from fairlead.emulator.rules.openai.request import Request, refuse
from fairlead.emulator.rules.rejection import Rejection

__all__ = ["effort", "probabilities", "sampling", "search"]

# What each is without a word: at that it is not taken amiss.
DEFAULTS = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
PROBABILITIES = ("logprobs", "top_logprobs", "logit_bias")


def _refuses(request: Request) -> bool:
    return request.model.sampling == "none" or (
        request.model.sampling == "at_rest" and request.thinks
    )


def sampling(request: Request) -> Rejection | None:
    """[O] chat names temperature's only value; everything else is an unsupported parameter."""
    if not _refuses(request):
        return None
    for key, default in DEFAULTS.items():
        value = request.body.get(key)
        if value is None or value == default:
            continue
        if key == "temperature" and request.chat:
            return refuse(
                f"Unsupported value: 'temperature' does not support {value:g} with this model. "
                "Only the default (1) value is supported.",
                "temperature",
                "unsupported_value",
            )
        return _unsupported(request, key)
    return None


def probabilities(request: Request) -> Rejection | None:
    """No probabilities of tokens while it reasons [D]; `top_logprobs` only with `logprobs` [S]."""
    body = request.body
    if _refuses(request):
        for key in PROBABILITIES:
            if body.get(key):
                return _unsupported(request, key)
    if request.chat and body.get("top_logprobs") and not body.get("logprobs"):
        return refuse(
            "Invalid value for 'top_logprobs': 'top_logprobs' is only allowed when 'logprobs' is "
            "enabled.",
            "top_logprobs",
        )
    return None


def _unsupported(request: Request, key: str) -> Rejection:
    code = "unsupported_parameter" if request.chat else None  # [O] Responses says none
    return refuse(f"Unsupported parameter: '{key}' is not supported with this model.", key, code)


def effort(request: Request) -> Rejection | None:
    """Only the levels that the model knows; none at all where it doesn't reason [O]."""
    level, levels = request.effort, request.model.efforts
    if level is None or level in levels:
        return _tools(request)
    if not levels and request.chat:
        return refuse("Unrecognized request argument supplied: reasoning_effort")
    if not levels:
        return refuse(
            "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
            "reasoning.effort",
            "unsupported_parameter",
        )
    listed = ", ".join(f"'{one}'" for one in levels[:-1])
    listed = f"{listed}, and '{levels[-1]}'" if len(levels) > 1 else f"'{levels[0]}'"
    known = f"Supported values are: {listed}."
    if request.chat:
        return refuse(
            f"Unsupported value: 'reasoning_effort' does not support '{level}' with this model. "
            + known,
            "reasoning_effort",
            "unsupported_value",
        )
    return refuse(
        f"Unsupported value: '{level}' is not supported with the '{request.name}' model. {known}",
        "reasoning.effort",
        "unsupported_value",
    )


def _tools(request: Request) -> Rejection | None:
    if not (request.chat and request.facts.tools_at_rest and request.body.get("tools")):
        return None
    if (request.effort or "none") == "none":
        return None
    return refuse(
        f"Function tools with reasoning_effort are not supported for {request.name} in "
        "/v1/chat/completions. Please use /v1/responses instead.",
        "reasoning_effort",
    )


def search(request: Request) -> Rejection | None:
    """[R] of gpt-4o."""
    if request.body.get("web_search_options") is not None and not request.facts.search:
        return refuse("Web search options not supported with this model.", "web_search_options")
    return None
