"""A request's further attempts that a vendor bills: each is a record of its own beside it.

A request may be asked of several models or deployments before it has its answer: a cascade's first
answer that failed its check, a hedge that came second. What they cost is booked under their own
model and upstream, as the vendor's bill has it, with the operation `attempt` and the request's id,
a dot and a number: `req_....1`. The request's record holds its answer's own usage and cost, so that
sums over all records count each token once; headers and receipts tell both together.
"""

from decimal import Decimal

from msgspec.structs import replace

from fairlead.canon import Problem
from fairlead.engine.exchange import Exchange
from fairlead.ledger.record import Record

__all__ = ["MARK", "attempted", "forget", "may_be_billed"]

MARK = "."
"""Between a request's id and an attempt's number."""
_BILLED = frozenset({"generate", "embeddings"})


def attempted(x: Exchange, why: str) -> Record:
    """The record of the attempt that the exchange has just had, which is noted as spent.

    `why` says what became of it, in a few words without content.
    """
    x.attempts += 1
    if x.cost is not None:
        x.spent = (x.spent or Decimal(0)) + x.cost
    record = x.record()
    return replace(
        record,
        id=f"{x.id}{MARK}{x.attempts}",
        op="attempt",
        decision=b"",
        prefix=b"",
        reuse_5m=None,
        reuse_1h=None,
        error_message=why,
    )


def may_be_billed(x: Exchange, problem: Problem) -> bool:
    """Whether an attempt that failed may be on the vendor's bill though nothing told its usage: the
    vendor had begun to answer, or the connection broke after the request had gone.
    """
    if x.op not in _BILLED or not x.asked or problem.upstream is None:
        return False
    return x.answering or (problem.upstream_status is None and problem.charged is not False)


def forget(x: Exchange) -> None:
    """Take off the exchange what belonged to the attempt: another one begins."""
    x.usage = x.cost = x.cost_text = x.price_version = None
    x.first_byte = x.first_token = x.last = None
    x.problem = x.vendor_error = None
    x.losses = ()
    x.asked = False
    x.answering = False
    x.outcome, x.status = "internal_error", 500
