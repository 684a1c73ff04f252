"""Headers that every answer carries: what was chosen, why, what it lost and what it cost."""

from functools import lru_cache
from math import ceil

from fairlead.canon import Problem
from fairlead.engine.client import Header
from fairlead.engine.exchange import Exchange

__all__ = ["ESTIMATED", "HEADERS", "answer_headers", "error_headers", "given_back"]

HEADERS: dict[str, str] = {
    "x-fairlead-request-id": "Fairlead's id of the request, by which the ledger knows it",
    "x-fairlead-model": "the model that answered",
    "x-fairlead-upstream": "the upstream that was asked",
    "x-fairlead-route": "why it went there, in short",
    "x-fairlead-attempts": "how many attempts it took; absent if it was one (docs/delivery.md)",
    "x-fairlead-losses": "what could not be said to the model, comma-separated; absent if nothing",
    "x-fairlead-prompt-caching": "what the vendor was asked to cache: `conversation` or"
    " `beginning`; absent if nothing (docs/caching.md)",
    "x-fairlead-cost-usd": "cost in US dollars, where it is known when headers are sent; that of"
    " all attempts together",
    "x-fairlead-cascade": "what became of the policy's cascade: `accepted: MODEL`, or `escalated:"
    " MODEL CHECK`; absent if there was none (docs/cascade.md)",
    "x-fairlead-warning": "what the operator should know, such as that the model is about to end",
    "x-fairlead-estimated": "`true` if Fairlead counted tokens itself, as the vendor did not",
    "x-fairlead-emulated": "`true` if the answer came from the emulator and not from a vendor",
    "retry-after": "seconds to wait, where the vendor said so or Fairlead sheds load",
}
"""The contract, printed into docs/reference.md and tested against it."""

JSON: Header = (b"content-type", b"application/json")
ESTIMATED: Header = (b"x-fairlead-estimated", b"true")
"""Of an answer that states tokens which Fairlead counted itself."""


@lru_cache(maxsize=512)
def _ascii(text: str) -> bytes:
    """A header value: printable ASCII on one line. Models and reasons come again and again."""
    if text.isascii() and text.isprintable():
        return text.encode("ascii")
    return "".join(c if " " <= c <= "~" else "?" for c in text).encode("ascii")


def answer_headers(x: Exchange, content_type: bytes) -> list[Header]:
    """Headers of an answer, as far as is known now."""
    own_id = x.id.encode("ascii")
    headers: list[Header] = [
        (b"content-type", content_type),
        (b"x-fairlead-request-id", own_id),
    ]
    if x.asked and x.model is not None and x.upstream is not None:
        headers += (
            (b"x-fairlead-model", _ascii(x.model.id)),
            (b"x-fairlead-upstream", _ascii(x.upstream.name)),
        )
    if x.decision is not None:
        headers.append((b"x-fairlead-route", _ascii(x.decision.reason)))
    if x.tried and (attempts := len(x.tried) + (x.problem is None)) > 1:
        headers.append((b"x-fairlead-attempts", b"%d" % attempts))
    if x.losses:
        names = dict.fromkeys(loss.what for loss in x.losses)
        headers.append((b"x-fairlead-losses", _ascii(", ".join(names))))
    if x.caching:
        headers.append((b"x-fairlead-prompt-caching", x.caching.encode("ascii")))
    if x.cost_text is not None:
        headers.append((b"x-fairlead-cost-usd", x.cost_text.encode("ascii")))
    if x.cascaded:
        headers.append((b"x-fairlead-cascade", _ascii(x.cascaded)))
    if x.warnings:
        headers.append((b"x-fairlead-warning", _ascii("; ".join(x.warnings))))
    if x.emulated:
        headers.append((b"x-fairlead-emulated", b"true"))
    if x.codec.request_id_header and not (x.same and x.asked):
        headers.append((x.codec.request_id_header, own_id))
    return headers


def given_back(x: Exchange, headers: dict[str, str]) -> list[Header]:
    """Headers of a vendor's answer that mean something to a client of its dialect.

    The vendor's id of the request is the client's too, for then its support finds it; a vendor
    that gave none (servers that are compatible, errors of the way there) is stood in for.
    """
    begin = x.upstream.kind.give_back if x.upstream is not None else ()
    back = [(_ascii(n), _ascii(v)) for n, v in headers.items() if begin and n.startswith(begin)]
    own = x.codec.request_id_header
    if own and x.same and x.asked and all(name != own for name, _ in back):
        back.append((own, x.id.encode("ascii")))
    return back


def error_headers(x: Exchange, problem: Problem) -> list[Header]:
    """Headers of an error answer."""
    headers = answer_headers(x, b"application/json")
    if problem.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(0, ceil(problem.retry_after))))
    return headers
