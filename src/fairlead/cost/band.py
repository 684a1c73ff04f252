"""One prompt-size band of a model's prices: what each kind of token is billed as, and at what.

Where a vendor lists no price of its own for a bucket of `canon.Usage`, `FALLBACKS` says which other
one stands for it (why: `price`, rule 2).

    bucket            no price of its own: billed as
    input_audio       input        a vendor without an audio price bills all input alike
    cache_read        input        no discount listed, so none is taken
    cache_read_audio  cache_read, then input_audio, then input
    cache_write_5m    cache_write_1h (dearer: 2x input beside 1.25x at Anthropic), else unpriced
    cache_write_1h    unpriced     the 5-minute price is the cheaper one
    tool_input        input        results of server tools enter the prompt
    thinking          output       Anthropic, Google and OpenAI bill thoughts as output tokens
    output_audio      unpriced     always dearer than text where a price is known
    output_image      unpriced     the same
    server calls      unpriced     unless there is a price `call_<name>` or `prompt_<name>`

A batch takes the `batch_` price of a kind; else, where the kind normally costs what the next
kind of its chain costs (it is billed as that), that one's `batch_` price; else the kind's normal
price (batches are discounts); and only then the next kind of the chain.

A prompt-size band applies to every token of the request, output included (the catalogue's sources
say so of Haiku 5.5 and of Gemini's Pro models): of a kind's rows the one with the highest
`over_prompt` below the prompt's size counts. A row holds from `valid_from` until the day before
`valid_to`; of two valid rows the one that began later counts.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Context, Decimal, Inexact

from msgspec import Struct

from fairlead.catalog.keys import STORAGE
from fairlead.catalog.model import Price

__all__ = [
    "BUCKETS",
    "CALL",
    "FALLBACKS",
    "PROMPT",
    "STORAGE",
    "Band",
    "Rate",
    "compile_band",
    "exactly",
]

FALLBACKS: dict[str, tuple[str, ...]] = {
    "input": ("input",),
    "input_audio": ("input_audio", "input"),
    "cache_read": ("cache_read", "input"),
    "cache_read_audio": ("cache_read_audio", "cache_read", "input_audio", "input"),
    "cache_write_5m": ("cache_write_5m", "cache_write_1h"),
    "cache_write_1h": ("cache_write_1h",),
    "tool_input": ("tool_input", "input"),
    "output": ("output",),
    "output_audio": ("output_audio",),
    "output_image": ("output_image",),
    "thinking": ("thinking", "output"),
}
"""For each bucket of `canon.Usage`, the kinds of price that may stand for it, best first."""

BUCKETS = tuple(FALLBACKS)

CALL, PROMPT = "call_", "prompt_"
"""How the kinds of fees begin: by the call, or by the answer that used the tool."""
_FEES = (CALL, PROMPT)
exactly = Context(prec=100, traps=[Inexact]).scaleb
"""`exactly(units, -places)`: a whole number of 10^-places dollars as a Decimal, exactly."""


class Rate(Struct, frozen=True):
    """One applicable price; `units` are what a token costs in the unit of its band."""

    price: Price
    units: int


class Band(Struct, frozen=True):
    """The prices of one prompt-size band in units of 10^-`places` dollars a token.

    `rates` holds every kind that has a price; `input` and `output` are the two that nearly every
    answer needs, None where unpriced.
    """

    places: int
    rates: dict[str, Rate]
    input: int | None
    output: int | None

    def plain(self, prompt: int, output: int) -> Decimal | None:
        """What fresh input and output cost; None where it takes more than these two prices."""
        per_input, per_output = self.input, self.output
        if per_input is None or per_output is None or prompt < 0 or output < 0:
            return None
        return exactly(prompt * per_input + output * per_output, -self.places)


def compile_band(rows: Iterable[Price], edge: int, *, batch: bool) -> Band:
    """The band that begins at `edge`, in a unit that divides each of its prices."""
    prices = _prices(rows, edge, batch=batch)
    ratios = {kind: price.usd_per_million.as_integer_ratio() for kind, price in prices.items()}
    places = 6
    while any(top * 10 ** (places - 6) % bottom for top, bottom in ratios.values()):
        places += 1
    scale = 10 ** (places - 6)
    rates = {
        kind: Rate(price, ratios[kind][0] * scale // ratios[kind][1])
        for kind, price in prices.items()
    }
    units = {kind: rate.units for kind, rate in rates.items()}
    return Band(places, rates, units.get("input"), units.get("output"))


def _prices(rows: Iterable[Price], edge: int, *, batch: bool) -> dict[str, Price]:
    """The price of each bucket in the band that begins at `edge`."""
    best: dict[str, Price] = {}
    for row in rows:
        if row.over_prompt > edge:
            continue
        held = best.get(row.kind)
        if held is None or _rank(row) > _rank(held):
            best[row.kind] = row
    chains = dict(FALLBACKS)
    for kind in best:
        plain = kind.removeprefix("batch_")
        if plain.startswith(_FEES) or plain == STORAGE:
            chains[plain] = (plain,)
    found = {bucket: _first(best, chain, batch=batch) for bucket, chain in chains.items()}
    return {bucket: price for bucket, price in found.items() if price is not None}


def _rank(row: Price) -> tuple[int, int, date]:
    special = (row.tier != "") + (row.region != "") + (row.upstream != "")
    return special, row.over_prompt, row.valid_from or date.min


def _first(best: dict[str, Price], chain: tuple[str, ...], *, batch: bool) -> Price | None:
    """The price that stands for the first kind of `chain`; what batches take the module tells."""
    for at, kind in enumerate(chain):
        if batch and (found := best.get(f"batch_{kind}")) is not None:
            return found
        own = best.get(kind)
        if own is None:
            continue
        for other in chain[at + 1 :] if batch else ():
            twin, found = best.get(other), best.get(f"batch_{other}")
            if twin is not None and found is not None:
                if twin.usd_per_million == own.usd_per_million:
                    return found
                break
        return own
    return None
