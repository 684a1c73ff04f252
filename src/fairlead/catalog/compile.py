"""From claims to the one `Model` that the rest of the house reads.

Whose word counts, where sources disagree about the same thing (same key, same prompt band, same
first day of validity, same tier and region):

1. a claim about this very upstream over one about all upstreams;
2. the operator's configuration over the vendor (its documents, SDKs, recorded answers) over
   catalogues over second-hand reports over Fairlead's own choices over the article;
3. the newer over the older; of two equally new, the one that stands further down.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TypeVar

from msgspec.structs import replace

from fairlead.catalog.claims import Claim, Sheet, SourceKind
from fairlead.catalog.keys import FEATURES, PRICE_KINDS, Value
from fairlead.catalog.model import Lifecycle, Limits, Model, Price, Sampling, Thinking

__all__ = ["RANK", "Slot", "compile_model", "in_force", "slot_of"]

RANK: dict[SourceKind, int] = {
    "config": 6,
    "vendor": 5,
    "catalogue": 4,
    "secondhand": 3,
    "fairlead": 2,
    "article": 1,
}

_LIMITS = Limits.__struct_fields__

Slot = tuple[str, int, date | None, str, str]
"""What a claim is about: `(key, over_prompt, valid_from, tier, region)`."""
T = TypeVar("T")


def slot_of(claim: Claim) -> Slot:
    """Claims of one slot speak of the same thing: one of them is in force."""
    return claim.key, claim.over_prompt, claim.valid_from, claim.tier, claim.region


def in_force(claims: Iterable[Claim], *, upstream: str | None = None) -> dict[Slot, Claim]:
    """The winning claim of each slot."""
    best: dict[Slot, tuple[tuple[bool, int, date], Claim]] = {}
    for claim in claims:
        if claim.upstream not in {None, upstream}:
            continue
        slot = slot_of(claim)
        weight = (
            claim.upstream is not None,
            RANK[claim.source.kind],
            claim.seen,
        )
        if slot not in best or weight >= best[slot][0]:
            best[slot] = (weight, claim)
    return {slot: claim for slot, (_, claim) in best.items()}


def compile_model(sheet: Sheet, *, upstream: str | None = None) -> Model:
    """The facts in force about one model, for one upstream (None: the vendor's own API)."""
    chosen = in_force(sheet.claims, upstream=upstream)
    facts = _Facts({slot[0]: c for slot, c in chosen.items() if not any(slot[1:])})
    return Model(
        id=sheet.id,
        vendor=sheet.vendor,
        family=sheet.family,
        aliases=sheet.aliases,
        limits=Limits(**{name: facts.get(f"limits.{name}", int) for name in _LIMITS}),
        modalities_in=facts.names("modalities_in"),
        features=tuple(f for f in FEATURES if facts.get(f"feature.{f}", bool)),
        thinking=_thinking(facts),
        sampling=_sampling(facts),
        lifecycle=_lifecycle(facts),
        prices=_prices(chosen, facts),
        chars_per_token=facts.get("estimate.chars_per_token", Decimal),
        tool_overhead_tokens=facts.get("estimate.tool_overhead_tokens", int) or 0,
    )


class _Facts:
    """Winning claims by key, read by type."""

    def __init__(self, claims: dict[str, Claim]) -> None:
        self.claims = claims

    def get(self, key: str, kind: type[T]) -> T | None:
        claim = self.claims.get(key)
        return claim.value if claim is not None and isinstance(claim.value, kind) else None

    def names(self, key: str) -> tuple[str, ...]:
        return self.get(key, tuple) or ()

    def pairs(self, key: str) -> tuple[tuple[str, Value], ...]:
        return self.get(key, tuple) or ()


def _thinking(facts: _Facts) -> Thinking:
    kind = facts.get("thinking.kind", str) or "unknown"
    budgets = facts.pairs("thinking.effort_budgets")
    levels = facts.pairs("thinking.effort_levels")
    return Thinking(
        kind=kind,  # type: ignore[arg-type]  # keys.check admits only ThinkingKind's words
        budget_min=facts.get("thinking.budget_min", int),
        budget_max=facts.get("thinking.budget_max", int),
        off=facts.get("thinking.off", bool) or False,
        dynamic=facts.get("thinking.dynamic", bool) or False,
        below_max_tokens=facts.get("thinking.below_max_tokens", bool) or False,
        default_on=facts.get("thinking.default_on", bool) or False,
        levels=facts.names("thinking.levels"),
        effort_budgets=tuple((e, b) for e, b in budgets if isinstance(b, int)),
        effort_levels=tuple((e, v) for e, v in levels if isinstance(v, str)),
    )


def _sampling(facts: _Facts) -> Sampling:
    hottest = facts.get("sampling.temperature_max", Decimal)
    return Sampling(
        accepts=facts.names("sampling.accepts"),
        temperature_max=None if hottest is None else float(hottest),
        exclusive=facts.get("sampling.exclusive", tuple) or (),
        stop_max=facts.get("sampling.stop_max", int),
    )


def _lifecycle(facts: _Facts) -> Lifecycle:
    keys = ("lifecycle.ends", "lifecycle.served_as", "lifecycle.successor", "lifecycle.status")
    spoken = [facts.claims[key].source for key in keys if key in facts.claims]
    return Lifecycle(
        status=facts.get("lifecycle.status", str),
        ends=facts.get("lifecycle.ends", date),
        served_as=facts.get("lifecycle.served_as", str),
        successor=facts.get("lifecycle.successor", str),
        source=spoken[0].id if spoken else None,
    )


def _prices(chosen: dict[Slot, Claim], facts: _Facts) -> tuple[Price, ...]:
    """Prices by kind and band; one that is followed by a later one ends where that one begins."""
    by_kind: dict[str, list[Price]] = {kind: [] for kind in PRICE_KINDS}
    for claim in chosen.values():
        room, _, kind = claim.key.partition(".")
        if room == "price" and isinstance(claim.value, Decimal) and not _overruled(claim, chosen):
            by_kind[kind].append(_price(kind, claim))
    # A kind without a price of its own is billed as another where a source says so: thinking
    # tokens as output tokens, tokens of a tool's result as input tokens.
    for kind in ("thinking", "tool_input", "input_audio", "cache_read_audio"):
        billed_as = facts.get(f"billing.{kind}_as", str)
        for prefix in ("", "batch_") if billed_as else ():
            own, other = by_kind[prefix + kind], by_kind[f"{prefix}{billed_as}"]
            said = {(price.tier, price.region) for price in own}
            own += [
                replace(price, kind=prefix + kind)
                for price in other
                if (price.tier, price.region) not in said
            ]
    return tuple(price for kind in PRICE_KINDS for price in _in_sequence(by_kind[kind]))


def _overruled(claim: Claim, chosen: dict[Slot, Claim]) -> bool:
    """Whether the operator's own price, stated for every day, stands over a later list price."""
    own = chosen.get((claim.key, claim.over_prompt, None, claim.tier, claim.region))
    return own is not None and own.source.kind == "config" and claim.source.kind != "config"


def _price(kind: str, claim: Claim) -> Price:
    assert isinstance(claim.value, Decimal)  # noqa: S101  # the caller looked; this tells mypy
    return Price(
        kind=kind,
        usd_per_million=claim.value,
        source=claim.source.id,
        seen=claim.seen,
        over_prompt=claim.over_prompt,
        valid_from=claim.valid_from,
        valid_to=claim.valid_to,
        tier=claim.tier,
        region=claim.region,
        upstream=claim.upstream or "",
    )


def _in_sequence(prices: list[Price]) -> list[Price]:
    """Sorted by scope and first day, each open end closed by the next first day in its scope."""
    ordered = sorted(prices, key=lambda p: (*_scope(p), p.valid_from or date.min))
    closed: list[Price] = []
    for index, price in enumerate(ordered):
        after = ordered[index + 1] if index + 1 < len(ordered) else None
        follows = after is not None and _scope(after) == _scope(price)
        until = price.valid_to
        if until is None and follows and after is not None:
            until = after.valid_from
        closed.append(replace(price, valid_to=until))
    return closed


def _scope(price: Price) -> tuple[str, str, int]:
    return price.tier, price.region, price.over_prompt
