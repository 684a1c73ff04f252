"""Every setting: its name, type, default and what it does.

The one list from which the TOML file is validated, the environment is read, `fairlead check`
prints and docs/configuration.md is written. A setting `x` of section `s` is also the environment
variable `FAIRLEAD_S_X`; sections of free names (`upstreams`, `aliases`, `families`, `prices`,
`free_quotas`, `commitments`, `graders`, `models`) exist in the file only.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fairlead.server.bounds import Bytes, Seconds, Upload
from fairlead.server.delivery_settings import DeliverySettings
from fairlead.server.money_settings import (
    CommitmentSettings,
    DisplaySettings,
    FreeQuotaSettings,
    PriceSettings,
)
from fairlead.server.routing_settings import GraderSettings, QualitySettings, RoutingSettings
from fairlead.server.store_settings import LedgerSettings, VaultSettings
from fairlead.server.upstream_settings import TimeoutSettings, UpstreamSettings

__all__ = [
    "AdminSettings",
    "CatalogSettings",
    "CommitmentSettings",
    "DeliverySettings",
    "DisplaySettings",
    "FreeQuotaSettings",
    "GraderSettings",
    "LedgerSettings",
    "LogSettings",
    "MediaSettings",
    "PriceSettings",
    "QualitySettings",
    "RoutingSettings",
    "ServerSettings",
    "Settings",
    "TimeoutSettings",
    "UpstreamSettings",
    "VaultSettings",
]


class ServerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The listening side."""

    host: Annotated[
        str,
        Meta(
            description="Address to listen on. Without any virtual key Fairlead listens on loopback"
            " only, whatever stands here, and says so."
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int, Meta(ge=0, le=65_535, description="TCP port; 0 lets the system choose.")
    ] = 8080
    max_body_bytes: Annotated[
        Bytes,
        Meta(description="Largest request body that is read; more is a 413."),
    ] = 32 * 1024 * 1024
    max_answer_bytes: Annotated[
        Bytes,
        Meta(description="Largest unstreamed answer read from an upstream."),
    ] = 64 * 1024 * 1024
    max_requests: Annotated[
        int,
        Meta(ge=1, le=100_000, description="Requests in flight; more are answered 503."),
    ] = 2_000
    receive_seconds: Annotated[
        Seconds,
        Meta(
            description="How long a request may take to arrive whole, from its first byte on; and"
            " how long a client may take nothing of its answer before it is cut off."
        ),
    ] = 300.0
    drain_seconds: Annotated[
        Seconds,
        Meta(description="After SIGTERM, how long running requests may take to finish."),
    ] = 30.0


class CatalogSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is laid over the shipped facts about models; docs/catalog.md tells more."""

    overlay: Annotated[
        str,
        Meta(
            description="TOML file of `fairlead catalog update`. Empty: `catalog.toml` in the"
            " folder of the ledger's file."
        ),
    ] = ""
    long_tail: Annotated[
        bool,
        Meta(
            description="Price models that the catalogue does not know by the package"
            " `genai-prices` (extra `prices`), where it is installed."
        ),
    ] = True


class AdminSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The admin API (docs/admin.md). It is off until its key is set."""

    key_env: Annotated[
        str,
        Meta(description="Environment variable that holds its key, of at least 16 characters."),
    ] = "FAIRLEAD_ADMIN_KEY"
    workers: Annotated[
        int, Meta(ge=1, le=16, description="Questions worked on at once, each in a process.")
    ] = 1
    waiting: Annotated[
        int, Meta(ge=0, le=1000, description="Questions that may wait; more are answered 503.")
    ] = 16
    seconds: Annotated[Seconds, Meta(description="How long an answer may take.")] = 60.0
    max_upload_bytes: Annotated[
        Upload, Meta(description="Largest export that may be uploaded.")
    ] = 16 * 1024 * 1024


class MediaSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Media that clients give by URL and that Fairlead has to fetch."""

    max_bytes: Annotated[Bytes, Meta(description="Largest file fetched from a URL.")] = (
        20 * 1024 * 1024
    )
    timeout: Annotated[Seconds, Meta(description="Seconds for one fetch, redirects included.")] = (
        10.0
    )
    allow_private: Annotated[
        tuple[str, ...],
        Meta(
            description="Hosts (`host`, or `host:port` for a port other than 80 and 443) that may"
            " be fetched although they are loopback, link-local or private. Everything else of that"
            " kind is refused. What they serve is always sent to the vendor as bytes."
        ),
    ] = ()
    proxy_env: Annotated[
        str,
        Meta(
            description="Environment variable that holds the proxy to fetch through, written as an"
            " upstream's `proxy`. Empty: none, whatever `HTTPS_PROXY` says. It is asked for"
            " addresses that were looked up and checked here, never for names."
        ),
    ] = ""


class LogSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The log on standard error. Prompts, answers and keys are never in it."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least level written.")
    ] = "info"
    format: Annotated[
        Literal["text", "json"], Meta(description="`text` for people, `json` for machines.")
    ] = "text"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All of it."""

    server: ServerSettings = ServerSettings()
    ledger: LedgerSettings = LedgerSettings()
    catalog: CatalogSettings = CatalogSettings()
    display: DisplaySettings = DisplaySettings()
    routing: RoutingSettings = RoutingSettings()
    delivery: DeliverySettings = DeliverySettings()
    media: MediaSettings = MediaSettings()
    vault: VaultSettings = VaultSettings()
    admin: AdminSettings = AdminSettings()
    quality: QualitySettings = QualitySettings()
    log: LogSettings = LogSettings()
    upstreams: Annotated[dict[str, UpstreamSettings], Meta(description="Upstreams by name.")] = {}
    aliases: Annotated[
        dict[str, str], Meta(description='Model names of your own: `alias = "model"`.')
    ] = {}
    families: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="What a family's name stands for: models in your order of preference; the"
            ' first that has not ended serves. `flash = ["gemini-3.8-flash"]`'
        ),
    ] = {}
    prices: Annotated[
        dict[str, PriceSettings],
        Meta(description="What you pay for a model instead of its list prices, by the model's id."),
    ] = {}
    free_quotas: Annotated[
        dict[str, FreeQuotaSettings],
        Meta(description="What vendors give for nothing each day (docs/money.md), by a name."),
    ] = {}
    commitments: Annotated[
        dict[str, CommitmentSettings],
        Meta(description="Fixed fees and committed spend (docs/money.md), by a name."),
    ] = {}
    graders: Annotated[
        dict[str, GraderSettings],
        Meta(description="Graders of your own (docs/cascade.md), by a name."),
    ] = {}
    models: Annotated[
        dict[str, dict[str, object]],
        Meta(description="Models and prices of your own, each fact by its key (docs/catalog.md)."),
    ] = {}
