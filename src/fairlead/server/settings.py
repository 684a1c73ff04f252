"""Every setting: its name, type, default and what it does.

The one list from which the TOML file is validated, the environment is read, `fairlead check`
prints and docs/configuration.md is written. A setting `x` of section `s` is also the environment
variable `FAIRLEAD_S_X`; sections of free names (`upstreams`, `aliases`, `families`, `prices`,
`free_quotas`, `commitments`, `graders`, `models`) exist in the file only.
"""

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from fairlead.server.delivery_settings import DeliverySettings, Seconds

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
        int,
        Meta(ge=1024, le=1 << 30, description="Largest request body that is read; more is a 413."),
    ] = 32 * 1024 * 1024
    max_answer_bytes: Annotated[
        int,
        Meta(ge=1024, le=1 << 30, description="Largest unstreamed answer read from an upstream."),
    ] = 64 * 1024 * 1024
    max_requests: Annotated[
        int,
        Meta(ge=1, le=100_000, description="Requests in flight; more are answered 503."),
    ] = 2_000
    receive_seconds: Annotated[
        Seconds,
        Meta(description="How long a request may take to arrive whole, from its first byte on."),
    ] = 300.0
    drain_seconds: Annotated[
        Seconds,
        Meta(description="After SIGTERM, how long running requests may take to finish."),
    ] = 30.0


class LedgerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The ledger and the virtual keys: one SQLite file."""

    path: Annotated[
        str,
        Meta(
            description="SQLite file of the ledger and the virtual keys. Empty: `fairlead.db` in"
            " `$XDG_DATA_HOME/fairlead` (`~/.local/share/fairlead`)."
        ),
    ] = ""


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


class PriceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A discount or a commitment."""

    factor: Annotated[
        float,
        Meta(ge=0, le=100, description="On every price of the model: 0.85 is 15 % off."),
    ]


class FreeQuotaSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is free a day, or a month: requests and tokens, or the fees of searches."""

    upstream: Annotated[str, Meta(description="Whose key has it: the upstream's name.")]
    models: Annotated[
        tuple[str, ...],
        Meta(description="Ids of the models that share it, or patterns (`gemini-*`). Empty: all."),
    ] = ()
    requests: Annotated[
        int,
        Meta(ge=0, description="So many requests of a period are free. 0: they are not counted."),
    ] = 0
    tokens: Annotated[
        int,
        Meta(
            ge=0,
            description="So many tokens of a period are free, prompts and answers together."
            " 0: they are not counted.",
        ),
    ] = 0
    searches: Annotated[
        int,
        Meta(
            ge=0,
            description="The fees of so many searches of a period are free, and nothing else of"
            " the request. Beside `requests` and `tokens`: in a quota of its own.",
        ),
    ] = 0
    period: Annotated[
        Literal["day", "month"], Meta(description="How long it lasts: a day, or a calendar month.")
    ] = "day"
    time_zone: Annotated[
        str,
        Meta(description="Whose midnight begins the period: `America/Los_Angeles` for Google's."),
    ] = "UTC"


class CommitmentSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is owed whatever is used: a fixed fee, or a spend that was committed to."""

    usd: Annotated[float, Meta(ge=0, description="So many US dollars for each period.")]
    kind: Annotated[
        Literal["fee", "spend"],
        Meta(
            description="`fee`: owed besides what is used (provisioned throughput). `spend`: what"
            " the month's requests fall short of it is owed at its end."
        ),
    ] = "spend"
    period: Annotated[
        Literal["hour", "month"], Meta(description="Of a fee. A spend is of a calendar month.")
    ] = "month"
    upstream: Annotated[
        str, Meta(description="Whose requests count towards a spend: the upstream's name.")
    ] = ""
    models: Annotated[
        tuple[str, ...],
        Meta(description="Of a spend: ids of the models that count, or patterns. Empty: all."),
    ] = ()
    time_zone: Annotated[str, Meta(description="Whose midnight begins the month.")] = "UTC"
    since: Annotated[dt.date | None, Meta(description="Its first day. Absent: always.")] = None
    until: Annotated[
        dt.date | None, Meta(description="The first day on which it no longer holds.")
    ] = None


class GraderSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A grader of your own, for a policy's cascade (docs/cascade.md): a program or an address."""

    command: Annotated[
        tuple[str, ...],
        Meta(
            description="A program and its arguments, run without a shell, without the gateway's"
            " environment. It is given a question as JSON on standard input, and says"
            ' `{"passed": true}` or `{"passed": false}`.'
        ),
    ] = ()
    url: Annotated[
        str, Meta(description="Instead: an address that the question is sent to by POST.")
    ] = ""
    seconds: Annotated[
        Seconds, Meta(description="How long a verdict may take; then there is none.")
    ] = 5.0
    max_bytes: Annotated[
        int,
        Meta(ge=1024, le=64 << 20, description="Largest question that it is asked."),
    ] = 1024 * 1024
    at_once: Annotated[
        int, Meta(ge=1, le=256, description="So many run at once; others wait within their time.")
    ] = 4


class DisplaySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Another currency than US dollars, for people's eyes only: the ledger and all JSON stay in
    dollars. Prices of a million tokens are facts of their sources and stay in dollars too.
    """

    currency: Annotated[
        str, Meta(description="Its code, such as `EUR`. Empty: amounts are shown in US dollars.")
    ] = ""
    rate: Annotated[float, Meta(ge=0, description="So much of it is one US dollar.")] = 0.0
    date: Annotated[
        dt.date | None, Meta(description="The day of the rate, which is shown beside it.")
    ] = None


class RoutingSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How `auto` decides."""

    policy: Annotated[str, Meta(description="Policy for requests that name none.")] = "article-tree"
    policies_dir: Annotated[
        str,
        Meta(description="Folder with policy files (`*.toml`) of your own; read beside ours."),
    ] = ""
    quality: Annotated[
        str,
        Meta(
            description="TOML file of quality figures by model and task, for objectives that weigh"
            " quality (docs/policies.md); or `outcomes`: made by the gateway from feedback,"
            " signals, results and published figures (docs/quality.md). Empty: quality is unknown."
        ),
    ] = ""
    allow_loss: Annotated[
        bool,
        Meta(
            description="Send a request on although part of its content cannot be said to the model"
            " (a semantic loss), instead of answering 400. The losses are named in a header."
        ),
    ] = False
    fallback: Annotated[
        bool,
        Meta(
            description="Let `auto` take its next candidate when the first one's upstream fails in"
            " a way that another try can mend, before anything was sent to the client."
        ),
    ] = True
    prompt_caching: Annotated[
        Literal["off", "auto"],
        Meta(
            description="`auto`: where a vendor caches prompts only when it is asked to (Anthropic)"
            " and the client does not ask, ask for the beginning that the same key sent before"
            " (docs/caching.md). `off`: ask for nothing, a request in the vendor's own dialect"
            " stays as it came."
        ),
    ] = "off"


class QualitySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is learned of answers (docs/quality.md): feedback, signals, the figures made of them."""

    feedback_days: Annotated[
        float,
        Meta(gt=0, le=3650, description="Days after a request in which feedback on it is taken."),
    ] = 30.0
    comments: Annotated[
        bool,
        Meta(
            description="Keep the comments of feedback in the ledger. People put into them what"
            " they asked and were answered."
        ),
    ] = False
    signals: Annotated[
        bool,
        Meta(
            description="Read signals off the answers to requests that a policy sent: a schema that"
            " is not kept, a call that cannot be made, the same question again."
        ),
    ] = True
    half_life_days: Annotated[
        float,
        Meta(gt=0, le=3650, description="After so many days an outcome counts half."),
    ] = 30.0
    results: Annotated[
        str,
        Meta(
            description="Laboratory results (JSON Lines, as `fairlead route train` takes them) that"
            " count behind own outcomes. Empty: none."
        ),
    ] = ""
    emulated: Annotated[
        bool, Meta(description="Count answers of the emulator too: to try it out.")
    ] = False
    refresh_seconds: Annotated[
        float,
        Meta(
            ge=1,
            le=86_400,
            description='With `routing.quality = "outcomes"`: seconds between two makings of the'
            " figures, in a process of their own.",
        ),
    ] = 300.0


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
        int, Meta(ge=1024, le=64 << 20, description="Largest export that may be uploaded.")
    ] = 16 * 1024 * 1024


class MediaSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Media that clients give by URL and that Fairlead has to fetch."""

    max_bytes: Annotated[
        int, Meta(ge=1024, le=1 << 30, description="Largest file fetched from a URL.")
    ] = 20 * 1024 * 1024
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


class VaultSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept for a conversation: signed thinking that a vendor needs back and the client's
    dialect cannot carry, answers of the Responses API, and who owns files and batches.
    docs/conversations.md tells more.
    """

    store: Annotated[
        Literal["sqlite", "memory"],
        Meta(
            description="`sqlite`: in a file, so that conversations survive a restart and processes"
            " of one machine share them. `memory`: in this process, nothing is written."
        ),
    ] = "sqlite"
    path: Annotated[
        str,
        Meta(description="The SQLite file. Empty: `vault.db` in the folder of the ledger's file."),
    ] = ""
    max_bytes: Annotated[
        int,
        Meta(
            ge=0,
            le=1 << 34,
            description="Memory for kept thinking; the longest unused goes first. With `sqlite`"
            " this much is held before the file.",
        ),
    ] = 64 * 1024 * 1024
    max_disk_bytes: Annotated[
        int,
        Meta(
            ge=0,
            le=1 << 40,
            description="Kept thinking in the file, that of all processes together.",
        ),
    ] = 512 * 1024 * 1024
    max_age: Annotated[
        float,
        Meta(gt=0, le=30 * 86_400, description="Seconds since its last use for which it is kept."),
    ] = 7 * 86_400.0
    responses_max_bytes: Annotated[
        int,
        Meta(
            ge=0,
            le=1 << 40,
            description="Stored answers of the Responses API (`previous_response_id`); the oldest"
            " go first. With `memory` at most 256 MiB. 0: none is stored.",
        ),
    ] = 1024 * 1024 * 1024
    responses_max_age: Annotated[
        float,
        Meta(gt=0, le=366 * 86_400, description="Seconds for which they are stored."),
    ] = 30 * 86_400.0


class LogSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The log on standard error. Prompts, answers and keys are never in it."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least level written.")
    ] = "info"
    format: Annotated[
        Literal["text", "json"], Meta(description="`text` for people, `json` for machines.")
    ] = "text"


class TimeoutSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds, for one upstream."""

    connect: Annotated[Seconds, Meta(description="To connect, TLS included.")] = 10.0
    read: Annotated[Seconds, Meta(description="Silence between two bytes.")] = 300.0
    first_token: Annotated[
        float,
        Meta(
            ge=0,
            le=86_400,
            description="Until a stream's first token; later is a fault, and another deployment is"
            " asked. 0: no bound but `read`.",
        ),
    ] = 0.0
    chunk: Annotated[
        float,
        Meta(ge=0, le=86_400, description="Silence within an answer. 0: as `read`."),
    ] = 0.0
    total: Annotated[Seconds, Meta(description="The whole exchange.")] = 900.0


class UpstreamSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """One upstream, `[upstreams.NAME]`. The names `gemini`, `anthropic` and `openai` are there
    without any file as soon as their keys are in the environment.
    """

    kind: Annotated[
        Literal[
            "",
            "gemini",
            "anthropic",
            "openai",
            "vertex",
            "vertex-claude",
            "bedrock",
            "openai_compatible",
        ],
        Meta(description="How it is spoken to. Empty: the upstream's own name."),
    ] = ""
    base_url: Annotated[str, Meta(description="Address. Empty: the vendor's own.")] = ""
    api_key: Annotated[
        str, Meta(description="The vendor's key. Better: leave it out and use `api_key_env`.")
    ] = ""
    api_key_env: Annotated[
        str,
        Meta(description="Environment variable that holds the key. Empty: the kind's usual one."),
    ] = ""
    api_key_envs: Annotated[
        tuple[str, ...],
        Meta(
            description="Environment variables of several keys, each with its own quota: each is a"
            " deployment (docs/delivery.md). Then `api_key` and `api_key_env` stay empty."
        ),
    ] = ()
    models: Annotated[
        dict[str, str],
        Meta(
            description="Models by id, each with the name that it has here. Where any is listed,"
            ' no other is served, unless `"*" = ""` stands among them.'
        ),
    ] = field(default_factory=dict)
    weight: Annotated[
        float,
        Meta(gt=0, le=1_000_000, description="Its share among the upstreams of a model."),
    ] = 1.0
    requests_per_minute: Annotated[
        int,
        Meta(ge=0, le=10_000_000, description="Of each key, in any 60 seconds. 0: no bound."),
    ] = 0
    tokens_per_minute: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000_000_000,
            description="Of each key, prompts and answers together, in any 60 seconds; estimated"
            " when a request goes out, corrected by its answer. 0: no bound.",
        ),
    ] = 0
    max_in_flight: Annotated[
        int,
        Meta(
            ge=0,
            le=100_000,
            description="Requests at once of each model with each key; more wait in a queue"
            " (`delivery.queue`). 0: no bound.",
        ),
    ] = 0
    headers: Annotated[
        dict[str, str], Meta(description="Headers sent with every request to it.")
    ] = field(default_factory=dict)
    door: Annotated[
        str,
        Meta(
            description="Whose price list counts, where it is not the vendor's own: `vertex`,"
            " `bedrock` (docs/catalog.md). Claims about that door count too."
        ),
    ] = ""
    region: Annotated[
        str,
        Meta(
            description="Where it computes, if prices depend on it: a Vertex location"
            " (`europe-west1`; `global` has no surcharge), OpenAI's (`eu`), or Anthropic's `us`"
            " where that is the workspace's default. An answer that says where counts before it."
        ),
    ] = ""
    project: Annotated[
        str,
        Meta(
            description="Google Cloud project (Vertex AI). Empty: GOOGLE_CLOUD_PROJECT, or the"
            " credentials' own."
        ),
    ] = ""
    api: Annotated[
        Literal["", "invoke", "converse", "chat", "responses"],
        Meta(
            description="Which of several APIs is called (docs/upstreams.md). Bedrock: `invoke`,"
            " which takes Anthropic's dialect nearly verbatim (empty), or `converse`."
            " `openai_compatible`: `chat` (empty), or `responses` where the endpoint has both."
        ),
    ] = ""
    prefix: Annotated[
        str,
        Meta(
            description="Whatever is asked for by a name that begins so is had here, by the rest of"
            " the name. Empty: none; for `openai_compatible` the upstream's own name and a slash."
        ),
    ] = ""
    lacks: Annotated[
        tuple[Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$")], ...],
        Meta(
            description="What an `openai_compatible` endpoint does not take: `developer` (a role),"
            " `max_completion_tokens`, `stream_options`, `json_schema`, `response_format`, `tools`,"
            " or any other top-level field by its name (docs/upstreams.md)."
        ),
    ] = ()
    profile: Annotated[
        str,
        Meta(
            description="Profile of AWS's shared files (Bedrock). Empty: AWS_PROFILE, or `default`."
        ),
    ] = ""
    inference_profile: Annotated[
        Literal["", "none", "us", "eu", "jp", "au", "apac", "us-gov", "global"],
        Meta(
            description="Over which regions Bedrock may spread a request: the geography that a"
            " model's id begins with (`us.anthropic...`). Empty: that of the upstream's region;"
            " `none`: models by their base ids."
        ),
    ] = ""
    credentials_file: Annotated[
        str,
        Meta(
            description="JSON file of Google Cloud credentials (docs/upstreams.md). Empty:"
            " GOOGLE_APPLICATION_CREDENTIALS, then `gcloud`'s login, then the metadata server."
        ),
    ] = ""
    ask_usage: Annotated[
        bool,
        Meta(
            description="Ask a chat stream for its usage where the client does not, because nothing"
            " else tells what it cost, and keep the extra chunk from the client."
        ),
    ] = True
    prompt_caching: Annotated[
        Literal["", "off", "auto"],
        Meta(
            description="As `routing.prompt_caching`, for this upstream. Empty: as it says there."
        ),
    ] = ""
    ca_file: Annotated[
        str,
        Meta(
            description="PEM file of a certificate authority to trust besides the system's. Empty:"
            " the system's alone."
        ),
    ] = ""
    client_cert: Annotated[
        str,
        Meta(
            description="PEM file of the certificate that is shown to it (mutual TLS), with the"
            " chain behind it. Empty: none."
        ),
    ] = ""
    client_key: Annotated[
        str, Meta(description="PEM file of its private key. Empty: it is in `client_cert`.")
    ] = ""
    client_key_password_env: Annotated[
        str, Meta(description="Environment variable with the password of an encrypted private key.")
    ] = ""
    proxy: Annotated[
        str,
        Meta(
            description="Proxy to reach it through (docs/upstreams.md): `http://host:port`,"
            " `https://...` (TLS to the proxy), `socks5://...`, or `socks5h://...` (names are"
            " resolved by the proxy), each with `user:password@` where it wants that. Empty: as"
            " `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say. `none`: no proxy."
        ),
    ] = ""
    proxy_env: Annotated[
        str,
        Meta(
            description="Environment variable that holds `proxy`, so that no password stands in the"
            " file."
        ),
    ] = ""
    timeouts: Annotated[TimeoutSettings, Meta(description="Its timeouts, in seconds.")] = (
        TimeoutSettings()
    )


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
    upstreams: Annotated[dict[str, UpstreamSettings], Meta(description="Upstreams by name.")] = (
        field(default_factory=dict)
    )
    aliases: Annotated[
        dict[str, str], Meta(description='Model names of your own: `alias = "model"`.')
    ] = field(default_factory=dict)
    families: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="What a family's name stands for: models in your order of preference; the"
            ' first that has not ended serves. `flash = ["gemini-3.8-flash"]`'
        ),
    ] = field(default_factory=dict)
    prices: Annotated[
        dict[str, PriceSettings],
        Meta(description="What you pay for a model instead of its list prices, by the model's id."),
    ] = field(default_factory=dict)
    free_quotas: Annotated[
        dict[str, FreeQuotaSettings],
        Meta(description="What vendors give for nothing each day (docs/money.md), by a name."),
    ] = field(default_factory=dict)
    commitments: Annotated[
        dict[str, CommitmentSettings],
        Meta(description="Fixed fees and committed spend (docs/money.md), by a name."),
    ] = field(default_factory=dict)
    graders: Annotated[
        dict[str, GraderSettings],
        Meta(description="Graders of your own (docs/cascade.md), by a name."),
    ] = field(default_factory=dict)
    models: Annotated[
        dict[str, dict[str, object]],
        Meta(description="Models and prices of your own, each fact by its key (docs/catalog.md)."),
    ] = field(default_factory=dict)
