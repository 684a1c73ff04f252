"""What a request is expected to take on one model: tokens, and by its prices dollars."""

from decimal import Decimal

from fairlead.canon import Usage
from fairlead.cost.predict import expected_output
from fairlead.cost.price import PriceTable
from fairlead.routing.chooser import PredictOne
from fairlead.routing.decision import Features
from fairlead.routing.expect import Predicted
from fairlead.routing.features import prompt_tokens_of
from fairlead.routing.moment import Warm

__all__ = ["predictor"]


def predictor(table: PriceTable) -> PredictOne:
    """The model of a price table: the prompt as it is estimated, the usual output (a stated
    assumption where nobody knows it), and of the prompt what is warm at the price of a cache read.
    """
    model, estimate = table.model, table.estimating
    tokens, most = prompt_tokens_of(model), expected_output(model)

    def predict(features: Features, usual: int | None, warm: Warm | None) -> Predicted:
        asked, prompt = features.max_tokens, tokens(features)
        output = most if usual is None else expected_output(model, None, usual)
        if asked is not None and asked < output:
            output = asked
        if warm is None:
            return Predicted(prompt, output, estimate(prompt, output))
        return Predicted(prompt, output, _partly_warm(table, prompt, output, warm))

    return predict


def _partly_warm(table: PriceTable, prompt: int, output: int, warm: Warm) -> Decimal | None:
    """The cost of a prompt of which some is warm. A price is the same for every token of a kind, so
    what is read with some certainty costs what that share of it costs.
    """
    read, writes = min(round(warm.tokens * warm.sure), prompt), min(warm.writes, prompt)
    return table.total(
        Usage(
            input=prompt - max(read, writes),
            cache_read=read,
            cache_write_5m=max(0, writes - read),
            output=output,
        )
    )
