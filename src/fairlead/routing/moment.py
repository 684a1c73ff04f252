"""What changes between two requests with the same features, as one frozen value.

A decision is a function of features, policy, models and the moment: so a decision that is stored
with the moment it was made in can be made again. Nothing here is a guess: a model without figures
is absent, and its figure unknown.
"""

from collections.abc import Collection
from typing import Final

from msgspec import Struct

__all__ = ["NO_MOMENT", "Moment", "Pace", "Quality", "Warm", "part"]


class Pace(Struct, frozen=True, omit_defaults=True):
    """How fast a model answers: decayed medians of what was seen, and on how many answers they
    rest (decayed too). `output_tokens` is the decayed mean of an answer's tokens.
    """

    first_token_ms: float
    tokens_per_second: float | None = None
    output_tokens: float | None = None
    answers: float = 0


class Quality(Struct, frozen=True):
    """A score from 0 to 100 for a kind of task, with the interval that it lies in."""

    score: float
    low: float
    high: float


class Warm(Struct, frozen=True):
    """How much of the prompt lies in a model's prompt cache: `tokens` of it, for `seconds` more,
    and how sure that is (0 to 1). `writes` are the tokens that are written into it at a price of
    their own, of all where nothing is warm; `keeps` those that will be warm in the turn behind.
    """

    tokens: int
    seconds: float = 0
    sure: float = 1
    writes: int = 0
    keeps: int = 0


class Moment(Struct, frozen=True, omit_defaults=True):
    """The state that a decision is made in. Maps go by model id.

    `session` is a number that a session's requests share (what is drawn is drawn from it), `held`
    the model that the session had before, `further` the turns that it is expected to go on for.
    `rolled_back` says since when a canary has no share of its own any more (`""`: it has).
    `chances` is how likely each model is right (0 to 1), as the scorer with the hash `scorer` says.
    """

    session: int | None = None
    held: str | None = None
    further: int = 0
    pace: dict[str, Pace] = {}
    quality: dict[str, Quality] = {}
    warm: dict[str, Warm] = {}
    scorer: str = ""
    chances: dict[str, float] = {}
    rolled_back: str = ""


NO_MOMENT: Final = Moment()


def part(moment: Moment, models: Collection[str]) -> Moment | None:
    """The moment with nothing but what is known of these models: what a decision stores. None where
    that is nothing.
    """
    if moment is NO_MOMENT:
        return None
    kept = Moment(
        session=moment.session,
        held=moment.held,
        further=moment.further,
        pace={model: moment.pace[model] for model in models if model in moment.pace},
        quality={model: moment.quality[model] for model in models if model in moment.quality},
        warm={model: moment.warm[model] for model in models if model in moment.warm},
        scorer=moment.scorer,
        chances=moment.chances,
        rolled_back=moment.rolled_back,
    )
    return None if kept == NO_MOMENT else kept
