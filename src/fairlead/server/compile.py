"""From settings to a snapshot: everything checked and put together once, before it is in force."""

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from fairlead.canon import Dialect, Failure
from fairlead.catalog import Catalog, CatalogError
from fairlead.catalog import load as load_catalog
from fairlead.catalog.from_genai_prices import genai_prices_list
from fairlead.engine.snapshot import Snapshot
from fairlead.routing import ALWAYS
from fairlead.server.config import ConfigError, Loaded
from fairlead.server.money import check_money
from fairlead.server.policies import compile_policies, compile_quality
from fairlead.server.settings import (
    RoutingSettings,
    Settings,
    TimeoutSettings,
    UpstreamSettings,
)
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.secret import Secret
from fairlead.upstream.transport import Timeouts
from fairlead.upstream.vendors import KINDS, Kind, Upstream
from fairlead.wire import anthropic, gemini, openai_chat, openai_responses
from fairlead.wire.codec import Codec

__all__ = ["CODECS", "compile_catalog", "compile_snapshot", "database_path", "overlay_path"]

CODECS: dict[Dialect, Codec] = {
    codec.dialect: codec
    for codec in (openai_chat.CODEC, openai_responses.CODEC, anthropic.CODEC, gemini.CODEC)
}


def database_path(settings: Settings, environ: Mapping[str, str] | None = None) -> Path:
    """Where the ledger and the keys are."""
    if settings.ledger.path:
        return Path(settings.ledger.path)
    env = os.environ if environ is None else environ
    home = env.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "fairlead" / "fairlead.db"


def overlay_path(settings: Settings, environ: Mapping[str, str] | None = None) -> Path:
    """Where the catalogue's overlay is, whether or not the file exists."""
    own = settings.catalog.overlay
    return Path(own) if own else database_path(settings, environ).with_name("catalog.toml")


def compile_snapshot(loaded: Loaded, environ: Mapping[str, str] | None = None) -> Snapshot:
    """Compile the configuration that `loaded` holds.

    Raises:
        ConfigError: something in it cannot work; the message names the key and its origin.
    """
    env = os.environ if environ is None else environ
    settings = loaded.settings
    catalog = compile_catalog(loaded)
    catalog.tail.ready()
    policies = compile_policies(loaded, catalog)
    default = settings.routing.policy
    always = default.startswith(ALWAYS) and default[len(ALWAYS) :] in catalog
    if default not in policies and not always:
        raise ConfigError(
            f"{_origin(loaded, 'routing.policy')}: routing.policy: there is no policy"
            f" '{default}'; there are: {', '.join(sorted(policies))}"
        )
    media = settings.media
    upstreams = {upstream.vendor: upstream for upstream in _upstreams(loaded, env)}
    check_money(loaded, {upstream.name for upstream in upstreams.values()})
    return Snapshot(
        catalog=catalog,
        codecs=CODECS,
        upstreams=upstreams,
        policies=policies,
        default_policy=default,
        quality=compile_quality(loaded, catalog),
        fetch=FetchPolicy(
            max_bytes=media.max_bytes,
            timeout=media.timeout,
            allow_private=frozenset(host.lower() for host in media.allow_private),
        ),
        allow_loss=settings.routing.allow_loss,
        fallback=settings.routing.fallback,
        max_answer_bytes=settings.server.max_answer_bytes,
    )


def _origin(loaded: Loaded, key: str) -> str:
    return loaded.origins.get(key, "default")


def compile_catalog(loaded: Loaded) -> Catalog:
    """The catalogue with what the configuration lays over it.

    Raises:
        ConfigError: an entry cannot work; the message names the key and its origin.
    """
    settings = loaded.settings
    path = overlay_path(settings)
    try:
        return load_catalog(
            models=settings.models,
            aliases=settings.aliases,
            families=settings.families,
            factors={name: Decimal(str(own.factor)) for name, own in settings.prices.items()},
            doors=_doors(settings),
            overlay=(str(path), path.read_text(encoding="utf-8")) if path.exists() else None,
            tail=genai_prices_list() if settings.catalog.long_tail else None,
        )
    except CatalogError as error:
        raise ConfigError(str(error)) from error
    except Failure as failure:
        problem = failure.problem
        key = problem.param or "aliases"
        raise ConfigError(f"{_origin(loaded, key)}: {key}: {problem.message}") from failure


def _doors(settings: Settings) -> dict[str, tuple[str, str]]:
    """By vendor, whose price list its upstream has and where it computes."""
    kinds = ((KINDS.get(own.kind or name), own) for name, own in settings.upstreams.items())
    return {
        kind.vendor: (own.door, own.region)
        for kind, own in kinds
        if kind is not None and (own.door or own.region)
    }


def _upstreams(loaded: Loaded, env: Mapping[str, str]) -> list[Upstream]:
    configured = dict(loaded.settings.upstreams)
    for kind in KINDS.values():
        if env.get(kind.key_env):
            configured.setdefault(kind.name, UpstreamSettings())
    served: dict[str, str] = {}
    upstreams: list[Upstream] = []
    for name, settings in configured.items():
        upstream = _upstream(loaded, name, settings, env)
        if (other := served.setdefault(upstream.vendor, name)) != name:
            raise ConfigError(
                f"{_origin(loaded, f'upstreams.{name}')}: upstreams.{name}: the vendor"
                f" '{upstream.vendor}' is served by upstreams.{other} already; leave one out"
            )
        upstreams.append(upstream)
    return upstreams


def _kind(loaded: Loaded, name: str, settings: UpstreamSettings) -> Kind:
    kind = KINDS.get(settings.kind or name)
    if kind is None:
        raise ConfigError(
            f"{_origin(loaded, f'upstreams.{name}')}: upstreams.{name}: give its `kind`, one of"
            f" {', '.join(KINDS)}"
        )
    return kind


def _upstream(
    loaded: Loaded, name: str, settings: UpstreamSettings, env: Mapping[str, str]
) -> Upstream:
    where = f"{_origin(loaded, f'upstreams.{name}')}: upstreams.{name}"
    kind = _kind(loaded, name, settings)
    variable = settings.api_key_env or kind.key_env
    key = settings.api_key or env.get(variable, "")
    if not key:
        raise ConfigError(f"{where}: no key: set the environment variable {variable}")
    try:
        return Upstream.build(
            name,
            kind,
            Secret(key),
            settings.base_url or env.get(kind.url_env) or None,
            tuple(settings.headers.items()),
            _timeouts(settings.timeouts),
            settings.ca_file,
            ask_usage=settings.ask_usage,
            prompt_caching=_prompt_caching(loaded.settings.routing, settings),
        )
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error


def _prompt_caching(routing: RoutingSettings, upstream: UpstreamSettings) -> bool:
    return (upstream.prompt_caching or routing.prompt_caching) == "auto"


def _timeouts(settings: TimeoutSettings) -> Timeouts:
    return Timeouts(settings.connect, settings.read, settings.total)
