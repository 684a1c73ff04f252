"""Which member of a family serves on a day, and what to warn of before a model ends."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from fairlead.catalog.model import Model

__all__ = ["NOTICE", "has_ended", "in_place_of", "member_in_force", "warning"]

NOTICE = timedelta(days=90)
"""A model that ends within this time is warned of."""


def has_ended(model: Model, today: date) -> bool:
    """Whether the model is announced to be gone on that day."""
    return model.lifecycle.ends is not None and today >= model.lifecycle.ends


def in_place_of(model: Model, models: Mapping[str, Model], today: date) -> Model | None:
    """What the vendor serves instead of an ended model, itself alive; None if nothing is known."""
    seen = {model.id}
    while has_ended(model, today):
        after = models.get(model.lifecycle.served_as or model.lifecycle.successor or "")
        if after is None or after.id in seen:
            return None
        seen.add(after.id)
        model = after
    return model


def member_in_force(
    members: Sequence[str], models: Mapping[str, Model], today: date
) -> Model | None:
    """The first member that serves on that day, ended ones replaced as their vendor says."""
    for name in members:
        serving = in_place_of(models[name], models, today)
        if serving is not None:
            return serving
    return None


def warning(model: Model, today: date) -> str | None:
    """A sentence about the model's announced end, from 90 days before; None when far or unknown."""
    life = model.lifecycle
    if life.ends is None or today < life.ends - NOTICE:
        return None
    verb = "ended" if today >= life.ends else "ends"
    then = ""
    if life.served_as is not None:
        then = f"; {life.served_as} is {'now' if verb == 'ended' else 'then'} served"
    elif life.successor is not None:
        then = f"; its successor is {life.successor}"
    said = f" (source {life.source})" if life.source else ""
    return f"{model.id} {verb} on {_DOORS.get(model.vendor, 'its API')} on {life.ends}{then}{said}"


_DOORS = {"google": "the Gemini API", "anthropic": "the Claude API", "openai": "the OpenAI API"}
"""What people call a vendor's own API: words for a sentence, nothing depends on them."""
