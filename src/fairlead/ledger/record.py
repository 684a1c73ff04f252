"""One record for every request that was accepted, whatever became of it."""

from decimal import Decimal
from typing import Final, Literal, Protocol

from msgspec import Struct

from fairlead.canon import Loss, Usage
from fairlead.ledger.verdict import Verdict

__all__ = ["STATED", "Accepted", "Ledger", "Op", "Outcome", "Record"]

Outcome = Literal[
    "ok",
    "client_error",
    "refused",
    "upstream_error",
    "upstream_unreachable",
    "stream_broken",
    "client_gone",
    "internal_error",
    "unknown",
]

Op = Literal[
    "generate",
    "count_tokens",
    "estimate",
    "embeddings",
    "files",
    "batches",
    "caches",
    "attempt",
    "shadow",
]
"""What was asked for. Counting costs nothing. `attempt`: no request, but one of several that a
request was sent on, under the request's id, a dot and a number (`engine.attempted`). `shadow`: a
copy to another model, under the id with `.shadow` behind it (`engine.shadow`). `batches`,
`files` and `caches` have usage and cost in records of their own (`engine.booking`): the sum of a
batch's answers, what keeping a cached content costs.
"""


STATED: Final = "stated"
"""`price_version` of a cost that no catalogue gave, but the vendor (`usage.stated_usd`)."""


class Accepted(Struct, frozen=True):
    """Journalled when a request is accepted, so that a killed process leaves a trace.

    `at` is Unix seconds. `key_id` is the virtual key's public id, never the key.
    """

    id: str
    at: float
    dialect: str
    asked_model: str
    key_id: str | None = None
    stream: bool = False
    op: Op = "generate"


class Record(Struct, frozen=True):
    """What became of an accepted request.

    Times are milliseconds after acceptance, None where it never came so far. `cost_usd` is None
    for an unpriced model whose vendor says no cost either. `price_version` is the catalogue's whose
    prices gave it, or `STATED`. `decision` is the stored `Decision` as JSON, `b""` if a model was
    named.
    `emulated` is True when the upstream said that it is Fairlead's emulator.

    `prefix` is the packed fingerprint of the prompt's beginnings, `b""` where none was taken.
    `reuse_5m`, `reuse_1h`: tokens of this prompt, as the model that answered counts, that began
    another prompt of the same key within 5 minutes or an hour before. None: not known, which is
    not 0.
    """

    id: str
    at: float
    dialect: str
    asked_model: str
    outcome: Outcome
    status: int
    stream: bool = False
    key_id: str | None = None
    model: str | None = None
    upstream: str | None = None
    route: str = ""
    policy: str | None = None
    decision: bytes = b""
    losses: tuple[Loss, ...] = ()
    usage: Usage | None = None
    cost_usd: Decimal | None = None
    price_version: str | None = None
    error_kind: str | None = None
    error_message: str | None = None
    queue_ms: float | None = None
    first_byte_ms: float | None = None
    first_token_ms: float | None = None
    last_ms: float | None = None
    emulated: bool = False
    op: Op = "generate"
    prefix: bytes = b""
    reuse_5m: int | None = None
    reuse_1h: int | None = None


class Ledger(Protocol):
    """Where records go. Calls but `close` return at once: a writer works off the request path."""

    def accept(self, accepted: Accepted) -> None:
        """Journal an acceptance; on disk within 100 ms."""
        ...

    def add(self, record: Record) -> None:
        """Queue a record; on disk within 100 ms."""
        ...

    def judge(self, verdict: Verdict) -> None:
        """Queue a word on an answer; on disk within 100 ms."""
        ...

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all that was put before is on disk; whether it is. Blocks: never on the
        request path.
        """
        ...

    def close(self) -> None:
        """Write everything out and stop. Blocks until it is on disk."""
        ...
