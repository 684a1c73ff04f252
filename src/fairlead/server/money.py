"""What the configuration says of money besides prices: free quotas, the currency that is shown."""

from collections.abc import Collection
from decimal import Decimal
from zoneinfo import ZoneInfo

from fairlead.cost.display import Display
from fairlead.ledger.commitment import Commitment
from fairlead.ledger.quota import Quota
from fairlead.server.config import ConfigError, Loaded
from fairlead.upstream.kinds.identity import IDENTITIES

__all__ = ["billed_elsewhere", "check_money", "commitments_of", "display_of", "quotas_of"]


def check_money(loaded: Loaded, upstreams: Collection[str]) -> None:
    """Refuse at the start what a command would refuse later.

    Raises:
        ConfigError: as the functions below, or a quota of an upstream that there is not.
    """
    display_of(loaded)
    for quota in quotas_of(loaded):
        if quota.upstream not in upstreams:
            key = f"free_quotas.{quota.name}.upstream"
            known = ", ".join(sorted(upstreams)) or "none"
            raise ConfigError(
                f"{loaded.origins.get(key, 'default')}: {key}: there is no upstream"
                f" '{quota.upstream:.80}'; there are: {known}"
            )
    for one in commitments_of(loaded):
        if one.kind == "spend" and one.upstream not in upstreams:
            key = f"commitments.{one.name}.upstream"
            known = ", ".join(sorted(upstreams)) or "none"
            raise ConfigError(
                f"{loaded.origins.get(key, 'default')}: {key}: a committed spend names the upstream"
                f" whose requests count; '{one.upstream:.80}' is none; there are: {known}"
            )


def billed_elsewhere(loaded: Loaded, vendor: str) -> frozenset[str]:
    """Upstreams, as the ledger names them, whose answers do not stand on this vendor's bill: those
    of aggregators, of other clouds, of the operator's own servers.

    A kind's own name is an upstream that the environment alone has configured. What the ledger has
    of upstreams that are configured no longer is anybody's, and not among these.
    """
    billers = {name: kind.biller for name, kind in IDENTITIES.items()}
    for name, own in loaded.settings.upstreams.items():
        kind = IDENTITIES.get(own.kind or name)
        if kind is None:
            continue
        for each in (kind, *(IDENTITIES[other] for other in kind.also)):
            billers[name + each.name.removeprefix(kind.name)] = each.biller
    return frozenset(name for name, biller in billers.items() if biller != vendor)


def commitments_of(loaded: Loaded) -> tuple[Commitment, ...]:
    """Fixed fees and committed spend, in the file's order.

    Raises:
        ConfigError: one of them cannot be meant so, or its time zone is not known.
    """
    found = []
    for name, own in loaded.settings.commitments.items():
        key = f"commitments.{name}"
        where = f"{loaded.origins.get(key, 'default')}: {key}"
        if own.kind == "spend" and own.period != "month":
            raise ConfigError(f"{where}: a spend is committed to by the month; by the hour: a fee")
        _check_zone(own.time_zone, where)
        found.append(
            Commitment(
                name,
                Decimal(str(own.usd)),
                own.kind,
                own.period,
                own.upstream,
                own.models,
                own.time_zone,
                own.since,
                own.until,
            )
        )
    return tuple(found)


def _check_zone(name: str, where: str) -> None:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ConfigError(f"{where}: there is no time zone '{name:.80}'") from error


def quotas_of(loaded: Loaded) -> tuple[Quota, ...]:
    """The free quotas, in the file's order.

    Raises:
        ConfigError: one of them bounds nothing, or its time zone is not known.
    """
    quotas = []
    for name, own in loaded.settings.free_quotas.items():
        key = f"free_quotas.{name}"
        where = f"{loaded.origins.get(key, 'default')}: {key}"
        if not own.requests and not own.tokens and not own.searches:
            raise ConfigError(f"{where}: give its requests, tokens or searches")
        if own.searches and (own.requests or own.tokens):
            raise ConfigError(
                f"{where}: free searches are fees alone: give them a quota of their own"
            )
        _check_zone(own.time_zone, where)
        quotas.append(
            Quota(
                name,
                own.upstream,
                own.models,
                own.requests or None,
                own.tokens or None,
                own.time_zone,
                own.searches or None,
                own.period,
            )
        )
    return tuple(quotas)


def display_of(loaded: Loaded) -> Display | None:
    """The currency that people want to see; None for US dollars.

    Raises:
        ConfigError: it has no rate, or no day of it.
    """
    own = loaded.settings.display
    if not own.currency:
        return None
    origin = loaded.origins.get("display.currency", "default")
    if not (own.currency.isalpha() and own.currency.isupper() and len(own.currency) == 3):
        raise ConfigError(f"{origin}: display.currency: a code of three capitals, such as EUR")
    if not own.rate or own.date is None:
        missing = "date" if own.rate else "rate"
        raise ConfigError(f"{origin}: display.{missing}: missing; a currency needs a dated rate")
    return Display(own.currency, Decimal(str(own.rate)), own.date)
