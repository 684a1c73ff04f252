"""The settings of delivery, `[delivery]` (see `server.settings`)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fairlead.server.bounds import Seconds

__all__ = ["DeliverySettings"]


class DeliverySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How hard a request is tried when vendors fail (docs/delivery.md)."""

    retries: Annotated[
        int,
        Meta(
            ge=0,
            le=10,
            description="So often a request is sent again to where it was refused for now, after no"
            " other deployment could take it. Never after what may have been billed.",
        ),
    ] = 2
    retry_first_wait: Annotated[
        Seconds,
        Meta(description="Bound of the random wait before the first retry; doubled with each."),
    ] = 0.5
    retry_most_wait: Annotated[Seconds, Meta(description="The largest such bound.")] = 8.0
    retry_longest_hint: Annotated[
        Seconds,
        Meta(description="A vendor that asks for a longer wait than this is not waited for."),
    ] = 20.0
    retry_share: Annotated[
        float,
        Meta(ge=0, le=1, description="Retries are at most this share of the requests."),
    ] = 0.2
    after_break: Annotated[
        bool,
        Meta(
            description="Ask another deployment also after a connection broke that had carried the"
            " request: it may be billed twice then, and the ledger has both."
        ),
    ] = True
    balance: Annotated[
        Literal["weighted", "least_outstanding", "first_token"],
        Meta(
            description="Which of a model's deployments comes first: by their weights, by the"
            " fewest requests in flight, or by the soonest first tokens."
        ),
    ] = "weighted"
    sticky: Annotated[
        bool,
        Meta(description="Keep a conversation at its deployment, where its prompt cache is warm."),
    ] = True
    deadline: Annotated[
        float,
        Meta(
            ge=0,
            le=86_400,
            description="Seconds for all attempts of a request together. A client may ask for less"
            " (`x-fairlead-timeout`). 0: no bound but the upstreams' own.",
        ),
    ] = 0.0
    hold_back_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=60_000,
            description="Hold the beginning of each stream back for so long, so that an early"
            " fault can be mended unseen. A policy's `options.hold_back_ms` goes before it.",
        ),
    ] = 0
    hold_back_pieces: Annotated[
        int,
        Meta(ge=0, le=10_000, description="Let it go after so many pieces already. 0: not."),
    ] = 0
    max_in_flight: Annotated[
        int,
        Meta(ge=0, le=100_000, description="Requests at vendors at once, in all. 0: no bound."),
    ] = 0
    queue: Annotated[
        int,
        Meta(ge=0, le=100_000, description="So many more wait for their turn; the rest get 503."),
    ] = 100
    queue_seconds: Annotated[Seconds, Meta(description="How long one waits at most.")] = 5.0
    processes: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000,
            description="So many processes serve with the same keys: a host's workers, several"
            " gateways. Each keeps its part of `max_in_flight`, the quotas and what hedges may"
            " cost.",
        ),
    ] = 1
    breaker_window: Annotated[
        Seconds, Meta(description="The breaker looks at the answers of the last seconds.")
    ] = 30.0
    breaker_least: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Answers in it below which no share counts.")
    ] = 20
    breaker_errors: Annotated[
        float, Meta(gt=0, le=1, description="Share of faults that opens a breaker.")
    ] = 0.5
    breaker_in_a_row: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Faults in a row that open it at once.")
    ] = 5
    breaker_slow_seconds: Annotated[
        float,
        Meta(ge=0, le=86_400, description="A later first token counts as slow. 0: none does."),
    ] = 0.0
    breaker_slow: Annotated[
        float, Meta(gt=0, le=1, description="Share of slow answers that opens a breaker.")
    ] = 0.8
    breaker_open_seconds: Annotated[
        Seconds, Meta(description="How long it stays open; doubled while its probes fail.")
    ] = 10.0
    breaker_most_open_seconds: Annotated[Seconds, Meta(description="The longest of that.")] = 120.0
    hedge: Annotated[
        bool,
        Meta(
            description="When a stream's first token is late, ask one more deployment of the model;"
            " the first to answer wins. A policy's `options.hedge` switches it on too."
        ),
    ] = False
    hedge_percentile: Annotated[
        float,
        Meta(ge=0.5, lt=1, description="Late is what so many of the last first tokens were not."),
    ] = 0.95
    hedge_share: Annotated[
        float, Meta(ge=0, le=1, description="At most this share of the requests is hedged.")
    ] = 0.05
    hedge_usd_per_hour: Annotated[
        float,
        Meta(ge=0, le=1_000_000, description="What the attempts that lost may cost in an hour."),
    ] = 1.0
