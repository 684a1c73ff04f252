"""Hard limits: what a model cannot do, whatever a policy or a hint prefers.

Each guard looks at one limit and says in a short sentence what is broken, or None. A fact that no
source discloses is None or empty in `Model` and never rules anything out.

The prompt's size is judged by an estimate, and so are a PDF's pages (`weights`). A model is
*doubtful* where the high estimate does not fit but the best one may; then it is ruled out as long
as another model can serve, and tried where none can: the vendor's own count decides, and answers
too long a prompt with an error of its own. It is ruled out for good where the best estimate of the
prompt is over by a tenth.

Nearly every request breaks nothing: `limits_of` compiles a model's limits into one quick test of
that, and only where it fails the guards are asked what is broken.
"""

from collections.abc import Callable

from msgspec import Struct

from fairlead.catalog.model import Model
from fairlead.routing.decision import Features
from fairlead.routing.weights import caps_of

__all__ = ["GUARDS", "Broken", "broken_limit", "doubtful", "limits_of"]


class Broken(Struct, frozen=True):
    """One limit that a request would break. `param` is the client's field that it stems from."""

    limit: str
    why: str
    param: str | None = None
    certain: bool = True


def _context_window(model: Model, features: Features) -> Broken | None:
    window = model.limits.context_window
    if window is None or features.prompt_tokens_high <= window:
        return None
    certain = features.prompt_tokens * 10 > window * 11
    return Broken(
        "context_window",
        f"prompt of about {features.prompt_tokens:,} tokens (at most "
        f"{features.prompt_tokens_high:,}) {'exceeds' if certain else 'may exceed'} its context "
        f"window of {window:,}",
        "messages",
        certain,
    )


def _max_output(model: Model, features: Features) -> Broken | None:
    most, asked = model.limits.max_output, features.max_tokens
    if most is None or asked is None or asked <= most:
        return None
    return Broken(
        "max_output", f"max_tokens {asked:,} exceeds its output limit of {most:,}", "max_tokens"
    )


def _modalities(model: Model, features: Features) -> Broken | None:
    if not model.modalities_in:
        return None
    missing = [each for each in features.modalities if each not in model.modalities_in]
    if not missing:
        return None
    return Broken("modality", f"takes no {' or '.join(missing)} input", "messages")


def _features(model: Model, features: Features) -> Broken | None:
    if not model.features:
        return None
    missing = [need for need in features.needs if need not in model.features]
    if not missing:
        return None
    return Broken("feature", f"lacks {', '.join(missing)}", _PARAMS.get(missing[0]))


def _media(model: Model, features: Features, *, certain: bool = True) -> Broken | None:
    for cap, most in caps_of(model):
        has = cap.has(features)
        if cap.certain is certain and has > most:
            why = cap.why.format(most=most, has=has, of=features)
            return Broken(cap.limit, why, "messages", cap.certain)
    return None


def _pages(model: Model, features: Features) -> Broken | None:
    return _media(model, features, certain=False)


def _candidates(model: Model, features: Features) -> Broken | None:
    most = model.limits.candidates_max
    if most is None or features.candidates <= most:
        return None
    return Broken(
        "candidates",
        f"gives at most {most} answer{'s' * (most > 1)}, n is {features.candidates}",
        "n",
    )


_PARAMS = {
    "tools": "tools",
    "forced_tools": "tool_choice",
    "json": "response_format",
    "json_schema": "response_format",
    "n": "n",
    "prefill": "messages",
    "audio_output": "modalities",
}

GUARDS: tuple[Callable[[Model, Features], Broken | None], ...] = (
    _modalities,
    _features,
    _candidates,
    _max_output,
    _media,
    _context_window,
    _pages,
)
"""In this order, so that a doubtful size is only told of where nothing certain is broken."""


def broken_limit(model: Model, features: Features) -> Broken | None:
    """The first limit that the request would break on this model."""
    for guard in GUARDS:
        broken = guard(model, features)
        if broken is not None:
            return broken
    return None


def limits_of(model: Model) -> Callable[[Features], bool]:
    """The model's limits, compiled: whether `broken_limit` finds nothing."""
    kinds, can = frozenset(model.modalities_in), frozenset(model.features)
    limits = model.limits
    window, longest, most = limits.context_window, limits.max_output, limits.candidates_max
    caps = [(cap.has, figure) for cap, figure in caps_of(model)]

    def fits(features: Features) -> bool:
        asked = features.max_tokens
        return (
            (window is None or features.prompt_tokens_high <= window)
            and (longest is None or asked is None or asked <= longest)
            and (most is None or features.candidates <= most)
            and (not kinds or kinds.issuperset(features.modalities))
            and (not can or can.issuperset(features.needs))
            and (
                not (features.inline_bytes or features.images or features.videos)
                or all(has(features) <= figure for has, figure in caps)
            )
        )

    return fits


def doubtful(broken: Broken | None) -> bool:
    """Whether the only thing in the way is an estimate's margin."""
    return broken is not None and not broken.certain
