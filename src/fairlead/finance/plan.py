"""What the user asks about: one model, a mix of models, or a policy's choice."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Protocol

from msgspec import Struct

from fairlead.canon import Failure
from fairlead.catalog import Catalog
from fairlead.ledger.traffic import Traffic

__all__ = ["Mix", "Plan", "parse_mix"]

Shares = Mapping[str, Decimal]


class Plan(Protocol):
    """Which models take a group of the ledger's traffic."""

    @property
    def name(self) -> str:
        """As the user named it."""
        ...

    def shares(self, group: Traffic) -> Shares:
        """Models (as named) and their shares of the group; together 1."""
        ...


class Mix(Struct, frozen=True):
    """The same shares of every group; one model is a mix of one."""

    name: str
    of: dict[str, Decimal]

    def shares(self, group: Traffic) -> Shares:
        """Always the same."""
        del group
        return self.of


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
