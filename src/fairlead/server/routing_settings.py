"""The settings of what `auto` decides by, `[routing]`, `[quality]` and `[graders.NAME]` (see
`server.settings`).
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fairlead.server.bounds import Days, Seconds, Upload

__all__ = [
    "GraderSettings",
    "QualitySettings",
    "RoutingSettings",
]


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
        Days,
        Meta(description="Days after a request in which feedback on it is taken."),
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
        Days,
        Meta(description="After so many days an outcome counts half."),
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
        Upload,
        Meta(description="Largest question that it is asked."),
    ] = 1024 * 1024
    at_once: Annotated[
        int, Meta(ge=1, le=256, description="So many run at once; others wait within their time.")
    ] = 4
    proxy: Annotated[
        str,
        Meta(
            description="Proxy to `url`, written as an upstream's. Empty: as `HTTPS_PROXY` and its"
            " like say. `none`: no proxy."
        ),
    ] = ""
    proxy_env: Annotated[str, Meta(description="Environment variable that holds `proxy`.")] = ""
    ca_file: Annotated[
        str,
        Meta(description="PEM file of a certificate authority to trust besides the system's."),
    ] = ""
    client_cert: Annotated[
        str, Meta(description="PEM file of the certificate that is shown to `url` (mutual TLS).")
    ] = ""
    client_key: Annotated[
        str, Meta(description="PEM file of its private key. Empty: it is in `client_cert`.")
    ] = ""
    client_key_password_env: Annotated[
        str, Meta(description="Environment variable with the password of an encrypted private key.")
    ] = ""
