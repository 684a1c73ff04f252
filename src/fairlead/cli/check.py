"""`fairlead check`: what is in force, and where each value came from."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape

from fairlead.cli.output import console, new_table, print_json
from fairlead.cost.amounts import encode
from fairlead.engine.snapshot import Snapshot
from fairlead.server.canary_report import CanaryState, canary_states
from fairlead.server.compile import compile_snapshot, database_path
from fairlead.server.config import Loaded, load, placed, scalar_sections, variable
from fairlead.server.rollout import told_at
from fairlead.server.shadow_cost import ShadowCost, shadow_costs
from fairlead.server.unknown_models import unknown_models
from fairlead.upstream.kinds.registry import VENDORS_OWN

__all__ = ["check"]

_OWN = ("families", "prices", "free_quotas", "commitments", "models", "graders")
"""Sections of the user's own names, each a table."""


def check(
    config: Annotated[
        Path | None, typer.Option(help="TOML file, found as `fairlead serve` finds it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Validate the configuration and print what is in force. Secrets are masked."""
    loaded = load(config)
    snapshot = compile_snapshot(loaded)
    settings = _settings(loaded)
    upstreams = _upstreams(loaded, snapshot)
    canaries = canary_states(database_path(loaded.settings), snapshot.policies.values())
    shadows = shadow_costs(
        database_path(loaded.settings), snapshot.policies.values(), snapshot.catalog
    )
    warnings = [
        *loaded.warnings,
        *_unknown(loaded, snapshot),
        *_noted(snapshot),
        *_lifecycle(snapshot),
        *_rolled_back(canaries),
    ]
    if json:
        print_json(
            {
                "file": str(loaded.path) if loaded.path else None,
                "settings": settings,
                "upstreams": upstreams,
                "policies": sorted(snapshot.policies),
                "canaries": canaries,
                "shadows": shadows,
                "catalog_version": snapshot.catalog.version,
                "warnings": warnings,
            }
        )
        return
    _print(loaded, settings, upstreams, snapshot, [*_rollouts(canaries, shadows)], warnings)


def _settings(loaded: Loaded) -> list[dict[str, str]]:
    rows = []
    for section, struct in scalar_sections().items():
        values = getattr(loaded.settings, section)
        for field in msgspec.structs.fields(struct):
            key = f"{section}.{field.name}"
            value = getattr(values, field.name)
            if key == "ledger.path" and not value:
                value = database_path(loaded.settings)
            rows.append(
                {
                    "setting": key,
                    "value": _told(value),
                    "origin": loaded.origins.get(key, "default"),
                    "variable": variable(section, field.name),
                }
            )
    for section in ("aliases", *_OWN):
        for name, value in getattr(loaded.settings, section).items():
            key = f"{section}.{name}"
            rows.append(
                {
                    "setting": key,
                    "value": _told(value),
                    "origin": loaded.origins.get(key, "file"),
                    "variable": "",
                }
            )
    return rows


def _told(value: object) -> str:
    """What was set: words as they are, else as JSON; what was left out of a table stays out."""
    if isinstance(value, str | Path):
        return str(value)
    if value is None:
        return ""
    plain = msgspec.to_builtins(value, builtin_types=(Decimal,))
    if isinstance(plain, dict):
        plain = {name: given for name, given in plain.items() if given not in (None, "", [], {})}
    return encode(plain).decode()


def _upstreams(loaded: Loaded, snapshot: Snapshot) -> list[dict[str, str]]:
    rows = []
    for upstream in snapshot.upstreams.values():
        kind = upstream.kind
        origin = loaded.origins.get(f"upstreams.{upstream.name}", f"environment {kind.key_env}")
        rows.append(
            {
                "upstream": upstream.label,
                "vendor": ", ".join(kind.vendors) or ", ".join(upstream.models),
                "base_url": upstream.base_url,
                "proxy": "" if upstream.proxy is None else upstream.proxy.label,
                "key": "fetched" if upstream.signer is not None else upstream.key.masked(),
                "origin": origin,
            }
        )
    configured = {upstream.kind.name for upstream in snapshot.upstreams.values()}
    rows += [
        {
            "upstream": kind.name,
            "vendor": ", ".join(kind.vendors),
            "base_url": "",
            "proxy": "",
            "key": "not set",
            "origin": f"set {kind.key_env}",
        }
        for kind in VENDORS_OWN.values()
        if kind.name not in configured
    ]
    return rows


def _unknown(loaded: Loaded, snapshot: Snapshot) -> list[str]:
    """Models that an alias or an upstream names and the catalogue does not know."""
    listed = [
        (f"upstreams.{upstream.name}.models.{name}", name)
        for upstream in snapshot.upstreams.values()
        if upstream.number == 1
        for name in upstream.models
    ]
    listed += [(f"aliases.{alias}", name) for alias, name in loaded.settings.aliases.items()]
    return [
        placed(loaded, f"{key}: {told}")
        for key, name in listed
        for told in unknown_models([name], snapshot.catalog)
    ]


def _noted(snapshot: Snapshot) -> list[str]:
    """What people should know of the policies' files."""
    found = snapshot.policies.values()
    return [f"policy {policy.name}: {note}" for policy in found for note in policy.notes]


def _lifecycle(snapshot: Snapshot) -> list[str]:
    """Warnings for the models that the policies would use today."""
    today = datetime.now(UTC).date()
    names = {name for policy in snapshot.policies.values() for name in policy.candidates}
    said = [w for name in sorted(names) for w in snapshot.warnings(name, today)]
    return list(dict.fromkeys(said))


def _rollouts(canaries: list[CanaryState], shadows: Sequence[ShadowCost]) -> Iterator[str]:
    for each in canaries:
        limits = (
            f"{each.limits} limit{'s' * (each.limits > 1)}"
            if each.limits
            else "no limits: never rolled back by itself"
        )
        yield f"canary {each.policy}: {each.share * 100:g} % of sessions, {limits}"
    for shadow in shadows:
        yield f"shadow of {shadow.policy}: {shadow.told()}"


def _rolled_back(canaries: list[CanaryState]) -> list[str]:
    return [
        f"canary {each.policy} was rolled back at {told_at(each.since)}: {each.reason};"
        f" `fairlead policy canary {each.policy} --resume` gives it its share again"
        for each in canaries
        if each.state == "rolled_back" and each.since is not None
    ]


def _print(
    loaded: Loaded,
    settings: list[dict[str, str]],
    upstreams: list[dict[str, str]],
    snapshot: Snapshot,
    rollouts: list[str],
    warnings: list[str],
) -> None:
    out = console()
    found = loaded.path or "none (defaults and environment)"
    out.print(f"configuration file: {found}", markup=False)
    # Which variable sets a setting is told below the table: in it, it would break the names.
    told = [{key: row[key] for key in row if key != "variable"} for row in settings]
    for title, rows in (("Settings in force", told), ("Upstreams", upstreams)):
        table = new_table(*rows[0], title=title)
        for row in rows:
            table.add_row(*row.values())
        out.print(table)
        if rows is told:
            named = variable("server", "port")
            out.print(f"the environment sets them too: server.port is {named}, and so on")
    out.print(f"policies: {', '.join(sorted(snapshot.policies))}", markup=False)
    out.print(f"catalogue: version {snapshot.catalog.version}")
    for line in rollouts:
        out.print(line, markup=False)
    for warning in warnings:
        out.print(f"[yellow]warning:[/] {escape(warning)}")
    out.print("[green]the configuration is valid[/]")
