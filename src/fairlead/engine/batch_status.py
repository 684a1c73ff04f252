"""What a batch costs, where its page says so: it is booked although nobody fetches its results.

OpenAI's batch tells its tokens in sum ("Represents token usage details including input tokens,
output tokens, a breakdown of output tokens, and the total tokens used. Only populated on batches
created after September 7, 2025", openai 3.54.0, types/batch.py). A sum says what the answers say
only where their prices don't depend on the size of each prompt, and where no tool has a fee; else
the results are waited for. Anthropic's and Gemini's batches tell how many requests they had, and
nothing of tokens.
"""

from typing import Final

import msgspec
from msgspec import Struct

from fairlead.canon import Usage
from fairlead.engine.batch_results import BOOKED, noted
from fairlead.engine.booking import booking, booking_id, model_named, on_disk
from fairlead.engine.exchange import Exchange
from fairlead.ledger.record import Ledger
from fairlead.vault.ownership import Ownership

__all__ = ["ENDED", "stated_in"]

ENDED: Final = frozenset({"completed", "expired", "cancelled"})
"""The states in which OpenAI's batch has results to its end."""
_WITHOUT_TOOLS: Final = frozenset({"/v1/chat/completions", "/v1/completions", "/v1/embeddings"})


class _Cached(Struct):
    cached_tokens: int = 0


class _Reasoning(Struct):
    reasoning_tokens: int = 0


class _Counted(Struct):
    input_tokens: int
    output_tokens: int
    input_tokens_details: _Cached = msgspec.field(default_factory=_Cached)
    output_tokens_details: _Reasoning = msgspec.field(default_factory=_Reasoning)


class _Page(Struct):
    status: str = ""
    endpoint: str = ""
    model: str | None = None
    output_file_id: str | None = None
    usage: _Counted | None = None


_PAGE = msgspec.json.Decoder(_Page)


async def stated_in(x: Exchange, body: bytes, ownership: Ownership, ledger: Ledger) -> None:
    """Book what an ended batch's page says that it used, under the id of its results."""
    if x.upstream is None or b'"output_file_id"' not in body:
        return
    try:
        page = _PAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    usage, results, name = page.usage, page.output_file_id, x.upstream.name
    if usage is None or not results or not page.model or page.status not in ENDED:
        return
    model = model_named(x, page.model)
    one_price = x.snapshot.prices(model, x.today).edges == (0,)
    if not one_price or page.endpoint not in _WITHOUT_TOOLS or usage.input_tokens <= 0:
        return
    if await noted(x.scope, name, BOOKED, results, ownership):
        return
    ledger.add(booking(x, booking_id(name, results), model, _told(usage)))
    if await on_disk(ledger):
        await ownership.once(x.scope, name, BOOKED, results)


def _told(usage: _Counted) -> Usage:
    cached = usage.input_tokens_details.cached_tokens
    thinking = usage.output_tokens_details.reasoning_tokens
    return Usage(
        input=max(0, usage.input_tokens - cached),
        cache_read=cached,
        output=max(0, usage.output_tokens - thinking),
        thinking=thinking,
        tier="batch",
    )
