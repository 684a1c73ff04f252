"""How much a request may ask for, and how long it may be."""

from fairlead.emulator.rules.anthropic.request import Request

__all__ = ["context", "max_tokens"]


def max_tokens(request: Request) -> str | None:
    """Within the model's limit [O]; 0 only warms the cache [S]."""
    asked = request.body.get("max_tokens")
    if asked is None:
        return None
    if asked < 0:
        return "max_tokens: Input should be greater than or equal to 0"
    limit = request.model.max_output
    if asked > limit:
        return (
            f"max_tokens: {asked} > {limit}, which is the maximum allowed number of output tokens "
            f"for {request.model.name}"
        )
    return None


def context(request: Request) -> str | None:
    """The prompt must fit [R]. What max_tokens adds on top is an error on models before 4.5 [O];
    from 4.5 on the answer ends with model_context_window_exceeded [D].
    """
    window = request.model.context_window
    if request.tokens > window:
        return f"prompt is too long: {request.tokens} tokens > {window} maximum"
    asked = request.body.get("max_tokens") or 0
    if request.model.overflow == "reject" and request.tokens + asked > window:
        return (
            f"input length and `max_tokens` exceed context limit: {request.tokens} + {asked} > "
            f"{window}, decrease input length or `max_tokens` and try again"
        )
    return None
