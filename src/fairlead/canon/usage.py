"""Usage by kind: disjoint buckets, so that a price times a bucket is never counted twice.

Vendors nest their counts differently (Anthropic's input excludes cache reads and writes, Gemini's
prompt includes them, OpenAI's completion includes reasoning); each dialect's decoder does that
arithmetic once, into these buckets:

    input side   input | input_audio | cache_read | cache_read_audio | cache_write_5m |
                 cache_write_1h | tool_input
    output side  output | output_audio | output_image | thinking
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

__all__ = ["ANYWHERE", "Usage"]

ANYWHERE: Final = "anywhere"
"""`region` of an answer whose vendor says that it was computed anywhere, although the upstream is
set to a region: kept in so many words, since the ledger keeps "" and None alike.
"""


class Usage(Struct, frozen=True, omit_defaults=True):
    """Tokens of one answer, each token in exactly one bucket.

    `thinking_known` is False where the vendor bills thinking inside `output` without telling how
    much (Anthropic's classic usage): then `thinking` is 0 and means "not disclosed".
    `estimated` marks figures that the vendor did not state. `tier` is the service tier that the
    vendor says it used. `region` is where the answer was computed, where that may change the price:
    "" where the vendor says that it was anywhere, None where nobody told. `server_calls` counts
    per-call fees by name (`web_search`); `cache_storage` among them counts tokens times hours that
    a cached content is kept, less than 0 where that was cut short. `stated_usd` is what the vendor
    itself says that the answer cost, in US dollars, None where it does not say: aggregators do.
    """

    input: int = 0
    input_audio: int = 0
    cache_read: int = 0
    cache_read_audio: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    tool_input: int = 0
    output: int = 0
    output_audio: int = 0
    output_image: int = 0
    thinking: int = 0
    thinking_known: bool = True
    estimated: bool = False
    tier: str | None = None
    server_calls: tuple[tuple[str, int], ...] = ()
    region: str | None = None
    stated_usd: Decimal | None = None

    @property
    def prompt_total(self) -> int:
        """All input-side tokens, cached ones included."""
        return (
            self.input
            + self.input_audio
            + self.cache_read
            + self.cache_read_audio
            + self.cache_write_5m
            + self.cache_write_1h
            + self.tool_input
        )

    @property
    def completion_total(self) -> int:
        """All output-side tokens, thinking included."""
        return self.output + self.output_audio + self.output_image + self.thinking

    @property
    def total(self) -> int:
        """Prompt and completion together."""
        return self.prompt_total + self.completion_total
