"""Usage into money, when the answer is through or broken off."""

from msgspec.structs import replace

from fairlead.canon import ANYWHERE, Failure, Response, Text, Thinking, ToolCall, Usage
from fairlead.cost.price import PriceTable
from fairlead.cost.receipt import total
from fairlead.engine.exchange import Exchange
from fairlead.ledger.record import STATED

__all__ = ["broken_off", "by_events", "estimate", "prices_of", "settle"]

CHARS_PER_TOKEN = 4


def settle(x: Exchange) -> None:
    """Price the exchange's usage. An unpriced model costs what its vendor states; where it states
    nothing, the cost is None.
    """
    if x.usage is None or x.model is None:
        return
    table = x.snapshot.prices(x.model, x.today)
    if table.regions and (x.usage.region is None or x.model.region):
        x.usage = _located(x, x.usage, x.model.region)
    if x.usage.server_calls:  # fees, and perhaps tokens of another model within the answer
        cost = total(x.usage, table, lambda name: prices_of(x, name))
    else:
        cost = table.total(x.usage)
    version = x.snapshot.catalog.version
    if cost is None:
        cost, version = x.usage.stated_usd, STATED
    if cost is not None:
        whole = cost if x.spent is None else cost + x.spent
        text = str(whole)  # a quarter of the time that formatting takes
        x.cost, x.cost_text = cost, format(whole, "f") if "E" in text else text
        x.price_version = version


def _located(x: Exchange, usage: Usage, usual: str) -> Usage:
    """The usage with the region that its price depends on: the vendor's word, else the client's."""
    region = usage.region
    if region is None and x.same:
        region = x.codec.asked_region(x.body)
    if region == "" and usual:
        region = ANYWHERE
    return usage if region == usage.region else replace(usage, region=region)


def prices_of(x: Exchange, name: str) -> PriceTable | None:
    """The prices of a model by the name in an answer, None where nobody knows it."""
    try:
        return x.snapshot.prices(x.snapshot.catalog.resolve(name, x.today), x.today)
    except Failure:
        return None


def estimate(x: Exchange, partial: Response | None) -> Usage:
    """Usage of an answer whose vendor never stated it: marked as estimated.

    The prompt is the routing features' estimate, the output the characters that came, by four.
    """
    output = 0
    if partial is not None:
        for candidate in partial.candidates:
            for part in candidate.parts:
                if isinstance(part, Text | Thinking):
                    output += len(part.text)
                elif isinstance(part, ToolCall):
                    output += len(part.arguments)
    features = x.decision.features if x.decision is not None else None
    prompt = features.prompt_tokens if features is not None else 0
    return Usage(
        input=prompt or len(x.body) // CHARS_PER_TOKEN,
        output=-(-output // CHARS_PER_TOKEN),
        thinking_known=False,
        estimated=True,
    )


def broken_off(x: Exchange, stated: Usage | None, partial: Response) -> Usage:
    """Usage of an answer that ended before its end: what the vendor stated, and what came since.

    Anthropic states the prompt at the start and the output only at the end: taken as it stands, a
    long answer whose client left would cost one token. The end was not told: it is an estimate,
    even where what was stated is more than what came.
    """
    if stated is None:
        return estimate(x, partial)
    if any(candidate.finish is not None for candidate in partial.candidates):
        return stated  # the last word on it was heard
    missing = max(0, estimate(x, partial).output - stated.completion_total)
    return replace(stated, output=stated.output + missing, estimated=True)


def by_events(x: Exchange, events: int, stated: Usage | None = None) -> Usage:
    """Usage of a stream that was passed on unread and never told its end: OpenAI's, where the
    client did not ask for usage, or one that broke off. A token an event, but for the first (the
    role) and the last (the reason of the end); what the vendor `stated` by then is the least.
    """
    output = max(0, events - 2)
    if stated is None:
        return replace(estimate(x, None), output=output)
    missing = max(0, output - stated.completion_total)
    return replace(stated, output=stated.output + missing, estimated=True)
