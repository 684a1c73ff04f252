"""Calls beside the main one: an exchange that knows what was asked for.

Each kind of call is an `Engine` with a way through of its own (`engine.counting`,
`engine.embedding`, `engine.passthrough`); what holds for every accepted request (errors in the
client's dialect, a record whatever becomes of it) is the main one's.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from fairlead.engine.exchange import Exchange
from fairlead.engine.snapshot import Snapshot
from fairlead.ledger.record import Accepted, Op, Record
from fairlead.wire.codec import Codec

__all__ = ["ESTIMATED", "SideExchange"]

ESTIMATED = (b"x-fairlead-estimated", b"true")
"""Header of an answer that states tokens which Fairlead counted itself."""


class SideExchange(Exchange):
    """State of one call. `said` are the client's own bytes where `body` is what they wrap, `inside`
    the path at which that stands in them.
    """

    __slots__ = ("inside", "op", "said")

    def __init__(
        self,
        request_id: str,
        codec: Codec,
        snapshot: Snapshot,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        *,
        at: float,
        key_id: str | None = None,
        in_url: tuple[str, bool] | None = None,
        query: bytes = b"",
        op: Op,
    ) -> None:
        super().__init__(
            request_id, codec, snapshot, headers, body,
            at=at, key_id=key_id, in_url=in_url, query=query,
        )  # fmt: skip
        self.op: Op = op
        self.said = body
        self.inside = ""

    def accepted(self) -> Accepted:
        """What is journalled before anything is sent."""
        return replace(super().accepted(), op=self.op)

    def record(self) -> Record:
        """The ledger's record of what is known now."""
        return replace(super().record(), op=self.op)
