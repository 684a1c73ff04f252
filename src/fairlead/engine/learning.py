"""What vendors' counts teach the estimates of prompts: fed when an answer is settled, asked when
the next request is routed and by `POST /v1/estimate`.

Two ratios are kept in the process (`tokens.learned`): by virtual key and route (the policy that
`auto` follows, or the model's name), which corrects what routing's guards and predictions see; and
by virtual key and family of tokenizers, which `POST /v1/estimate` weighs into its estimates. Both
learn from requests of text and tools that were decoded on their way. Requests in the vendor's own
dialect with a named model are passed on unread, so they neither need an estimate nor teach one.
"""

from msgspec.structs import replace

from fairlead.catalog.model import Model
from fairlead.engine.exchange import Exchange
from fairlead.routing.decision import Features
from fairlead.tokens.estimate import TokenEstimate
from fairlead.tokens.families import family_of
from fairlead.tokens.learned import Ratios
from fairlead.tokens.shape import elsewhere

__all__ = ["PromptCounts"]

TEXT = ("text",)


class PromptCounts:
    """Ratios of true to estimated prompt tokens."""

    __slots__ = ("_by_family", "_by_route")

    def __init__(self) -> None:
        self._by_route = Ratios()
        self._by_family = Ratios()

    def foresee(self, x: Exchange, features: Features, policy: str) -> Features:
        """The features with the tokens that the route's last answers make likely."""
        if features.modalities != TEXT:
            return features
        request = x.request
        if request is not None and request.extras and elsewhere(request):
            return features  # what is counted with it is not in it
        x.foreseen = (policy, features.prompt_tokens)
        learned = self._by_route.of((x.scope, policy))
        if learned is None:
            return features
        best, high = learned.apply(features.prompt_tokens, features.prompt_tokens_high)
        return replace(features, prompt_tokens=best, prompt_tokens_high=max(best, high))

    def learn(self, x: Exchange) -> None:
        """An answer is settled: what its vendor counted, beside what was estimated."""
        usage, model, foreseen = x.usage, x.model, x.foreseen
        if usage is None or model is None or foreseen is None:
            return
        # A search's findings and what only the vendor remembers were not in the request.
        if usage.estimated or usage.server_calls or x.unknown_previous is not None:
            return
        route, estimated = foreseen
        true = usage.prompt_total - usage.tool_input
        self._by_route.observe((x.scope, route), estimated, true)
        family = family_of(model, x.dialect)
        if family is not None:
            self._by_family.observe((x.scope, family.name), estimated, true)

    def corrected(
        self, scope: str, model: Model, surface: str, estimate: TokenEstimate, quick: int
    ) -> TokenEstimate:
        """An estimate for a model (of 95 % coverage), weighed with what its family's answers taught
        for this key. `quick` is the routing estimate of the same prompt.
        """
        family = family_of(model, surface)
        learned = None if family is None else self._by_family.of((scope, family.name))
        return estimate if learned is None else learned.correct(estimate, quick)
