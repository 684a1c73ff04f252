"""What the user asks about: one model, a mix of models, or a policy's choice."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Protocol

from msgspec import Struct

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.ledger.answers import Answer

__all__ = ["Mix", "Plan", "Shares", "parse_mix"]

Shares = Mapping[str, Decimal]


class Plan(Protocol):
    """Which models take the ledger's traffic."""

    @property
    def name(self) -> str:
        """As the user named it."""
        ...

    @property
    def fixed(self) -> Shares | None:
        """Models (as named) and their shares of all traffic, together 1; None where each answer
        has to be looked at.
        """
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader has to know about this plan's figures."""
        ...

    @property
    def stayed(self) -> Mapping[str, int]:
        """How many answers could not be decided anew, by the reason."""
        ...

    def targets(self, answer: Answer) -> tuple[str, ...]:
        """The models that take this answer, or a share of it."""
        ...


class Mix(Struct, frozen=True):
    """The same shares of all traffic; one model is a mix of one. A session stays with its model:
    its prompts find their cache.
    """

    name: str
    fixed: dict[str, Decimal]

    @property
    def notes(self) -> tuple[str, ...]:
        """Nothing is left out."""
        return ()

    @property
    def stayed(self) -> Mapping[str, int]:
        """Everything can be decided."""
        return Counter()

    def targets(self, answer: Answer) -> tuple[str, ...]:
        """All of them."""
        del answer
        return tuple(self.fixed)


def parse_mix(text: str, catalog: Catalog, *, today: Callable[[], date] | None = None) -> Mix:
    """`claude-haiku-4-5`, or `mix:A=0.3,B=0.7` with shares that make 1.

    Failure (invalid_request, model_not_found) that says what is wrong.
    """
    day = today() if today else datetime.now(UTC).date()
    listed = text.removeprefix("mix:")
    shares: dict[str, Decimal] = {}
    for part in listed.split(",") if listed != text else [f"{text}=1"]:
        name, equals, share = part.strip().rpartition("=")
        if not equals or name in shares:
            raise Failure.invalid(f"{part!r} is no share", "model", hint=_HINT)
        catalog.resolve(name, day)
        shares[name] = _share(share)
    if sum(shares.values()) != 1:
        raise Failure.invalid(f"the shares of {text!r} do not make 1", "model", hint=_HINT)
    return Mix(text, shares)


_HINT = "give one model, or mix:A=0.3,B=0.7 with different models whose shares make 1"


def _share(text: str) -> Decimal:
    try:
        share = Decimal(text)
    except InvalidOperation:
        share = Decimal(-1)
    if not share.is_finite() or not 0 <= share <= 1:
        raise Failure.invalid(f"{text!r} is no share between 0 and 1", "model", hint=_HINT)
    return share
