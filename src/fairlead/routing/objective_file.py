"""What a policy's file says of choosing: `objective`, `[weights]`, `[constraints]`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from fairlead.routing.objective import DIMENSIONS, NAMED, WEIGHTED, Constraints, Objective
from fairlead.routing.toml_reader import TomlReader

__all__ = ["CONSTRAINTS", "read_constraints", "read_objective"]

CONSTRAINTS: Final = ("quality_within", "max_usd", "max_first_token_ms")


def read_objective(
    document: Mapping[str, object], candidates: tuple[str, ...], reader: TomlReader
) -> Objective | None:
    """What is chosen by; None where nothing says it."""
    given, shares = document.get("objective"), document.get("weights")
    if given == WEIGHTED:
        return _shares(shares, candidates, reader)
    if shares is not None:
        reader.fail("weights", None, f'serves nothing without objective = "{WEIGHTED}"')
    if isinstance(given, dict):
        keys: dict[str, tuple[type, ...]] = dict.fromkeys(DIMENSIONS, (int, float))
        reader.table(given, keys, (), "objective", None)
        weights = {key: reader.number(each, f"objective.{key}") for key, each in given.items()}
        if not any(weights.values()):
            reader.fail("objective", None, f"weighs nothing; give {', '.join(DIMENSIONS)}")
        cost, latency, quality = (weights.get(each, 0) for each in DIMENSIONS)
        return Objective("weights", cost, latency, quality)
    if given is not None and given not in NAMED:
        said = ", ".join([*NAMED, WEIGHTED])
        reader.fail("objective", None, f"there is no '{given}'; there are {said}, or weights")
    return NAMED.get(str(given))


def _shares(table: object, candidates: tuple[str, ...], reader: TomlReader) -> Objective:
    """Names and the shares that are drawn by."""
    if not isinstance(table, dict) or not table:
        reader.fail("objective", None, f'"{WEIGHTED}" takes a table [weights] of the candidates')
    for name in table:
        reader.among(name, candidates, f"weights.{name}", None)
    shares = {name: reader.number(each, f"weights.{name}") for name, each in table.items()}
    if not any(shares.values()):
        reader.fail("weights", None, "at least one must be over 0")
    for name in candidates:
        if name not in shares:
            reader.fail("weights", None, f"'{name}' is missing; 0 leaves it out")
    return Objective(WEIGHTED, shares=tuple(shares.items()))


def read_constraints(table: Mapping[str, object], reader: TomlReader) -> Constraints:
    """The table `[constraints]`."""
    keys: dict[str, tuple[type, ...]] = dict.fromkeys(CONSTRAINTS, (int, float))
    reader.table(table, keys, (), "constraints", None)
    found = {key: reader.number(each, f"constraints.{key}") for key, each in table.items()}
    usd = found.get("max_usd")
    return Constraints(
        found.get("quality_within"),
        None if usd is None else Decimal(str(usd)),
        found.get("max_first_token_ms"),
    )
