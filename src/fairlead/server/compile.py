"""From settings to a snapshot: everything checked and put together once, before it is in force."""

import os
from collections.abc import Mapping

from msgspec.structs import replace

from fairlead.canon import Dialect, Failure
from fairlead.catalog import Catalog, CatalogError
from fairlead.catalog.model import Model
from fairlead.engine.attempts.delivery import Delivery
from fairlead.engine.snapshot import Snapshot
from fairlead.routing import ALWAYS
from fairlead.server.accounts import account_of, price_place
from fairlead.server.catalogs import compile_catalog
from fairlead.server.certificates import tls_of
from fairlead.server.config import ConfigError, Loaded
from fairlead.server.delivery import delivery_of, part_of
from fairlead.server.graders import compile_graders
from fairlead.server.money import check_money
from fairlead.server.paths import database_path, overlay_path
from fairlead.server.policies import compile_policies, compile_quality, scorer_files
from fairlead.server.proxies import own_proxy, proxy_of
from fairlead.server.settings import (
    RoutingSettings,
    TimeoutSettings,
    UpstreamSettings,
)
from fairlead.upstream.fetch import FetchPolicy
from fairlead.upstream.kinds.identity import REST
from fairlead.upstream.kinds.kind import Kind
from fairlead.upstream.kinds.registry import KINDS
from fairlead.upstream.proxy import Proxy
from fairlead.upstream.secret import Secret
from fairlead.upstream.transport import Timeouts
from fairlead.upstream.vendors import Upstream
from fairlead.wire import anthropic, gemini, openai_chat, openai_responses
from fairlead.wire.codec import Codec

__all__ = ["CODECS", "compile_catalog", "compile_snapshot", "database_path", "overlay_path"]

CODECS: dict[Dialect, Codec] = {
    codec.dialect: codec
    for codec in (openai_chat.CODEC, openai_responses.CODEC, anthropic.CODEC, gemini.CODEC)
}


def compile_snapshot(loaded: Loaded, environ: Mapping[str, str] | None = None) -> Snapshot:
    """Compile the configuration that `loaded` holds.

    Raises:
        ConfigError: something in it cannot work; the message names the key and its origin.
    """
    env = os.environ if environ is None else environ
    settings = loaded.settings
    catalog = compile_catalog(loaded, env)
    catalog.tail.ready()
    scorers = scorer_files(catalog)
    policies = compile_policies(loaded, catalog, scorers)
    default = settings.routing.policy
    always = default.startswith(ALWAYS) and default[len(ALWAYS) :] in catalog
    if default not in policies and not always:
        raise ConfigError(
            f"{_origin(loaded, 'routing.policy')}: routing.policy: there is no policy"
            f" '{default}'; there are: {', '.join(sorted(policies))}"
        )
    media = settings.media
    upstreams = {upstream.label: upstream for upstream in _upstreams(loaded, env, catalog)}
    check_money(loaded, {upstream.name for upstream in upstreams.values()})
    return Snapshot(
        catalog=catalog,
        codecs=CODECS,
        upstreams=upstreams,
        policies=policies,
        default_policy=default,
        quality=compile_quality(loaded, catalog),
        scorers=scorers.by_hash,
        fetch=FetchPolicy(
            max_bytes=media.max_bytes,
            timeout=media.timeout,
            allow_private=frozenset(host.lower() for host in media.allow_private),
            proxy=_media_proxy(loaded, env),
        ),
        graders=compile_graders(loaded, env),
        allow_loss=settings.routing.allow_loss,
        fallback=settings.routing.fallback,
        delivery=_delivery(loaded),
        max_answer_bytes=settings.server.max_answer_bytes,
    )


def _media_proxy(loaded: Loaded, env: Mapping[str, str]) -> Proxy | None:
    variable = loaded.settings.media.proxy_env
    try:
        return own_proxy(UpstreamSettings(proxy_env=variable), env)[1]
    except ValueError as error:
        key = "media.proxy_env"
        raise ConfigError(f"{_origin(loaded, key)}: {key}: {error}") from error


def _origin(loaded: Loaded, key: str) -> str:
    return loaded.origins.get(key, "default")


def _upstreams(loaded: Loaded, env: Mapping[str, str], catalog: Catalog) -> list[Upstream]:
    configured = dict(loaded.settings.upstreams)
    taken = {variable for name, own in configured.items() for variable in _key_variables(name, own)}
    for kind in KINDS.values():
        if kind.key_env and env.get(kind.key_env) and kind.key_env not in taken:
            configured.setdefault(kind.name, UpstreamSettings())
    return [
        upstream
        for name, settings in configured.items()
        for upstream in _deployments(loaded, name, settings, env, catalog)
    ]


def _key_variables(name: str, own: UpstreamSettings) -> tuple[str, ...]:
    """The environment variables of an upstream's keys: what they hold is not another's."""
    if own.api_key_envs or own.api_key_env:
        return own.api_key_envs or (own.api_key_env,)
    kind = KINDS.get(own.kind or name)
    return () if own.api_key or kind is None else (kind.key_env,)


def _kind(loaded: Loaded, name: str, settings: UpstreamSettings) -> Kind:
    kind = KINDS.get(settings.kind or name)
    if kind is None:
        raise ConfigError(
            f"{_origin(loaded, f'upstreams.{name}')}: upstreams.{name}: give its `kind`, one of"
            f" {', '.join(KINDS)}"
        )
    return kind


def _of_api(loaded: Loaded, name: str, settings: UpstreamSettings, kind: Kind) -> Kind:
    if not settings.api:
        return kind
    if settings.api not in kind.apis:
        key = f"upstreams.{name}.api"
        raise ConfigError(f"{_origin(loaded, key)}: {key}: '{kind.name}' has one API alone")
    return kind.apis[settings.api]


def _deployments(
    loaded: Loaded,
    name: str,
    settings: UpstreamSettings,
    env: Mapping[str, str],
    catalog: Catalog,
) -> list[Upstream]:
    """One for each key, and for each kind that comes with the upstream's own."""
    if "#" in name:
        where = f"{_origin(loaded, f'upstreams.{name}')}: upstreams.{name}"
        raise ConfigError(f"{where}: a name holds no '#', which stands before a key's number")
    kind = _of_api(loaded, name, settings, _kind(loaded, name, settings))
    _check_models(loaded, name, settings, catalog)
    found: list[Upstream] = []
    for each in (kind, *(KINDS[other] for other in kind.also)):
        models = settings.models
        if kind.also and models:
            models = _models_of(models, each, catalog)
            if not models:
                continue
        named = name + each.name.removeprefix(kind.name)
        found += _of_kind(loaded, named, each, replace(settings, models=models), env, catalog)
    return found


def _models_of(models: Mapping[str, str], kind: Kind, catalog: Catalog) -> dict[str, str]:
    """Those of some models that belong to a kind's vendors."""
    return {
        name: own
        for name, own in models.items()
        if name == REST or getattr(catalog.meant(name), "vendor", "") in kind.vendors
    }


def _delivery(loaded: Loaded) -> Delivery:
    try:
        return delivery_of(loaded.settings.delivery)
    except ValueError as error:
        raise ConfigError(f"{_origin(loaded, 'delivery')}: delivery.{error}") from error


def _of_kind(
    loaded: Loaded,
    name: str,
    kind: Kind,
    settings: UpstreamSettings,
    env: Mapping[str, str],
    catalog: Catalog,
) -> list[Upstream]:
    where = f"{_origin(loaded, f'upstreams.{name}')}: upstreams.{name}"
    door = settings.door or kind.door
    parts = loaded.settings.delivery.processes
    try:
        region = catalog.price_region(door, kind.vendors, price_place(kind, settings, env))
        tls = tls_of(settings, env)
        found = [
            Upstream.build(
                name,
                kind,
                Secret(key),
                settings.base_url or env.get(kind.url_env) or None,
                tuple(settings.headers.items()),
                _timeouts(settings.timeouts),
                tls,
                ask_usage=settings.ask_usage and "stream_options" not in settings.lacks,
                prompt_caching=_prompt_caching(loaded.settings.routing, settings),
                number=number,
                models=settings.models,
                weight=settings.weight,
                door=door,
                region=region,
                account=account_of(settings, env, key),
                prefix=settings.prefix or (f"{name}/" if kind.keyless else ""),
                in_flight=part_of(settings.max_in_flight, parts, "max_in_flight"),
                requests_per_minute=part_of(
                    settings.requests_per_minute, parts, "requests_per_minute"
                ),
                tokens_per_minute=part_of(settings.tokens_per_minute, parts, "tokens_per_minute"),
            )
            for number, key in enumerate(_keys(where, kind, settings, env), 1)
        ]
        return [replace(each, proxy=proxy_of(settings, each.base_url, env)) for each in found]
    except (CatalogError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from error


def _check_models(loaded: Loaded, name: str, settings: UpstreamSettings, catalog: Catalog) -> None:
    for model in settings.models:
        if model == REST:
            continue
        key = f"upstreams.{name}.models.{model}"
        above = (key, f"upstreams.{name}.models", f"upstreams.{name}")
        told = next((each for each in above if each in loaded.origins), key)
        where = f"{_origin(loaded, told)}: {key:.300}"
        try:
            meant = catalog.meant(model)
        except Failure as failure:
            hint = "one that the catalogue does not know is told under [models]"
            raise ConfigError(f"{where}: {failure.problem.message}; {hint}") from failure
        if not isinstance(meant, Model) or meant.id != model:
            own = meant.id if isinstance(meant, Model) else ", ".join(meant.members)
            raise ConfigError(f"{where}: is no model's id; it stands for {own}")


def _keys(where: str, kind: Kind, settings: UpstreamSettings, env: Mapping[str, str]) -> list[str]:
    several = settings.api_key_envs
    if several and (settings.api_key or settings.api_key_env or len(set(several)) < len(several)):
        raise ConfigError(
            f"{where}: give each key once: in `api_key_envs`, or in `api_key_env` or `api_key`"
        )
    without_key = kind.signer is not None or kind.keyless
    if without_key and not (several or settings.api_key or settings.api_key_env):
        return [env.get(kind.key_env, "")]
    keys = []
    for variable in several or (settings.api_key_env or kind.key_env,):
        key = settings.api_key or env.get(variable, "")
        if not key:
            raise ConfigError(f"{where}: no key: set the environment variable {variable}")
        keys.append(key)
    return keys


def _prompt_caching(routing: RoutingSettings, upstream: UpstreamSettings) -> bool:
    return (upstream.prompt_caching or routing.prompt_caching) == "auto"


def _timeouts(settings: TimeoutSettings) -> Timeouts:
    return Timeouts(
        settings.connect, settings.read, settings.total, settings.first_token, settings.chunk
    )
