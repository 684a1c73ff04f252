"""The settings of an upstream, `[upstreams.NAME]` (see `server.settings`)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fairlead.server.bounds import Count, Seconds, SecondsOrOff

__all__ = [
    "TimeoutSettings",
    "UpstreamSettings",
]


class TimeoutSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds, for one upstream."""

    connect: Annotated[Seconds, Meta(description="To connect, TLS included.")] = 10.0
    read: Annotated[Seconds, Meta(description="Silence between two bytes.")] = 300.0
    first_token: Annotated[
        SecondsOrOff,
        Meta(
            description="Until a stream's first token; later is a fault, and another deployment is"
            " asked. 0: no bound but `read`.",
        ),
    ] = 0.0
    chunk: Annotated[
        SecondsOrOff,
        Meta(description="Silence within an answer. 0: as `read`."),
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
    ] = {}
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
        Count,
        Meta(
            description="Requests at once of each model with each key; more wait in a queue"
            " (`delivery.queue`). 0: no bound.",
        ),
    ] = 0
    headers: Annotated[
        dict[str, str], Meta(description="Headers sent with every request to it.")
    ] = {}
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
