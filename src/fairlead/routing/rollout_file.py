"""What a policy's file says of its rolling out: `[canary]` with its limits, and `[shadow]`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from fairlead.routing.policy import Canary
from fairlead.routing.rollout import LIMITS, Limits, Shadow
from fairlead.routing.toml_reader import TomlReader

__all__ = ["CANARY", "SHADOW", "read_canary", "read_shadow"]

_NUMBER: Final[tuple[type, ...]] = (int, float)
_WHO: Final = ("base", "policy", "share")
CANARY: Final[dict[str, tuple[type, ...]]] = {
    "base": (str,),
    "policy": (str,),
    "share": _NUMBER,
    **dict.fromkeys(LIMITS, _NUMBER),
    "alpha": _NUMBER,
}
SHADOW: Final[dict[str, tuple[type, ...]]] = {
    "to": (str, list),
    "share": _NUMBER,
    "usd_per_day": _NUMBER,
    "in_flight": (int,),
}
MOST_IN_FLIGHT: Final = 64


def read_canary(table: Mapping[str, object], own_name: str, reader: TomlReader) -> Canary:
    """The table `[canary]`."""
    reader.table(table, CANARY, _WHO, "canary", None)
    share = reader.number(table["share"], "canary.share")
    if not 0 < share < 1:
        reader.fail("canary.share", None, f"must be between 0 and 1, got {share}")
    if table["base"] == table["policy"]:
        reader.fail("canary.policy", None, f"'{table['policy']}' is the base itself")
    for key in ("base", "policy"):
        if table[key] == own_name:
            reader.fail(f"canary.{key}", None, f"'{table[key]}' is this canary itself")
    return Canary(str(table["base"]), str(table["policy"]), share, (), _limits(table, reader))


def _limits(table: Mapping[str, object], reader: TomlReader) -> Limits:
    found: dict[str, float] = {}
    for name in LIMITS:
        if name not in table:
            continue
        key, ratio = f"canary.{name}", name.endswith("_ratio")
        found[name] = value = reader.number(table[name], key, 1 if ratio else 0)
        if not ratio and value >= 1:
            reader.fail(key, None, f"must be below 1 (it is a difference of shares), got {value}")
    alpha = reader.number(table.get("alpha", 0.05), "canary.alpha")
    if not 0.0001 <= alpha <= 0.5:
        reader.fail("canary.alpha", None, f"must be between 0.0001 and 0.5, got {alpha}")
    return Limits(**found, alpha=alpha)


def read_shadow(
    table: Mapping[str, object] | None, candidates: tuple[str, ...], reader: TomlReader
) -> Shadow | None:
    """The table `[shadow]`, None where there is none."""
    if table is None:
        return None
    reader.table(table, SHADOW, ("to", "share", "usd_per_day"), "shadow", None)
    names = reader.among(table["to"], candidates, "shadow.to", None)
    if set(names) == set(candidates) and len(names) == 1:
        reader.fail("shadow.to", None, f"'{names[0]}' answers every request itself")
    share = reader.number(table["share"], "shadow.share")
    if not 0 < share <= 1:
        reader.fail("shadow.share", None, f"must be over 0 and at most 1, got {share}")
    usd = reader.number(table["usd_per_day"], "shadow.usd_per_day")
    if usd <= 0:
        reader.fail("shadow.usd_per_day", None, "must be over 0; leave the table out for none")
    at_once = table.get("in_flight", 2)
    if not isinstance(at_once, int) or not 1 <= at_once <= MOST_IN_FLIGHT:
        reader.fail("shadow.in_flight", None, f"must be from 1 to {MOST_IN_FLIGHT}, got {at_once}")
    return Shadow(names, share, Decimal(str(usd)), at_once)
