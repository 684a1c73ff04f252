"""temperature, top_p and top_k, which newer models and the newer API version no longer take."""

from fairlead.emulator.rules.anthropic.request import Request

__all__ = ["sampling"]

KNOBS = ("temperature", "top_p", "top_k")
DEFAULTS = {"temperature": 1, "top_p": 1}
WITHOUT_SAMPLING = {"2026-10-21"}


def sampling(request: Request) -> str | None:
    """Ranges and combinations."""
    given = {name: request.body[name] for name in KNOBS if name in request.body}
    for name, value in given.items():
        # "`temperature` is deprecated for this model." [O]; under API version 2026-10-21 "a 400
        # even at their defaults" on every model [D], in words that no source quotes.
        # Of Haiku 5.5 the guide says "non-default sampling parameters return an error": 1 passes.
        at_default = request.model.sampling == "default" and DEFAULTS.get(name) == value
        refused = request.model.sampling in ("none", "default") and not at_default
        if refused or request.version in WITHOUT_SAMPLING:
            return f"`{name}` is deprecated for this model."
        if name != "top_k" and not 0 <= value <= 1:
            return f"{name}: range: 0..1"  # [O]
        if name == "top_k" and value < 0:
            return "top_k: Input should be greater than or equal to 0"
    if request.model.sampling == "one_of" and given.keys() >= {"temperature", "top_p"}:
        return (  # [O], Sonnet and Haiku 4.5
            "`temperature` and `top_p` cannot both be specified for this model. "
            "Please use only one."
        )
    return None
