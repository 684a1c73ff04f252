"""What a request would cost: before it is sent, at worst, or on another model.

All three are bills for a made-up `Usage`, so a forecast can never disagree with the price list.
Token figures that go in are estimates; what comes out is exact for them and named a prediction.
"""

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Usage
from fairlead.catalog.model import Model
from fairlead.cost.price import Charge, PriceTable

__all__ = ["TYPICAL_OUTPUT", "Expected", "expected_output", "predict", "what_if", "worst_case"]

TYPICAL_OUTPUT = 500
"""Output tokens assumed where nothing is known. Chat logs' averages lie between 200 and 600 tokens;
a router compares models by the same figure, so that only its order of size matters."""


class Expected(Struct, frozen=True):
    """Tokens that a request is expected to take. `cached` of `prompt` are expected cache reads;
    `audio` of `prompt` are audio. `output` includes thinking, which is billed like it.
    """

    prompt: int
    output: int
    audio: int = 0
    cached: int = 0


def expected_output(
    model: Model, max_tokens: int | None = None, typical: int = TYPICAL_OUTPUT
) -> int:
    """The typical output, bounded by what the client allows and by what the model can."""
    output, most = typical, model.limits.max_output
    if max_tokens is not None and max_tokens < output:
        output = max_tokens
    if most is not None and most < output:
        output = most
    return max(0, output)


def predict(table: PriceTable, expected: Expected, *, batch: bool = False) -> Charge | None:
    """The predicted bill; None where the model is unpriced. Where only the total of a plain prompt
    is wanted, `PriceTable.estimate` gives it at a fraction of the time.

    Audio is taken to be fresh; cached tokens are taken from the rest. Both are clamped to `prompt`.
    """
    audio = min(max(expected.audio, 0), expected.prompt)
    cached = min(max(expected.cached, 0), expected.prompt - audio)
    usage = Usage(
        input=expected.prompt - audio - cached,
        input_audio=audio,
        cache_read=cached,
        output=expected.output,
        estimated=True,
    )
    return table.charge(usage, batch=batch)


def worst_case(table: PriceTable, prompt_high: int, max_tokens: int | None = None) -> Charge | None:
    """The most that a request can cost: every prompt token at its dearest kind, output to its end.

    None where the model is unpriced, or where neither the client nor the catalogue bounds the
    output: then there is no worst case to reserve.
    """
    bounds = [b for b in (max_tokens, table.model.limits.max_output) if b is not None]
    if not bounds:
        return None
    kinds = ("input", "input_audio", "cache_write_5m", "cache_write_1h", "tool_input")
    dearest, highest = "input", table.usd_per_million("input", prompt_tokens=prompt_high)
    for kind in kinds:
        price = table.usd_per_million(kind, prompt_tokens=prompt_high)
        if price is not None and (highest is None or price > highest):
            dearest, highest = kind, price
    usage = replace(Usage(output=min(bounds), estimated=True), **{dearest: prompt_high})
    return table.charge(usage)


def what_if(table: PriceTable, usage: Usage, *, batch: bool = False) -> Charge | None:
    """What the same tokens would have cost on another model, without a prompt cache.

    Tokenizers differ between models, and caches are warm only where traffic goes: so this takes the
    counts as they were and every prompt token as fresh. Fees of server tools are left out.
    """
    fresh = usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h
    return table.charge(
        Usage(
            input=fresh + usage.tool_input,
            input_audio=usage.input_audio + usage.cache_read_audio,
            output=usage.output,
            output_audio=usage.output_audio,
            output_image=usage.output_image,
            thinking=usage.thinking,
            estimated=True,
        ),
        batch=batch,
    )
