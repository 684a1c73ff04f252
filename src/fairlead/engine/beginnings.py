"""How the prompts begin that go through this process: noted for the ledger, and used to ask for
caching where a vendor caches only what it is asked for.

A prompt is looked up before it is sent and noted when its answer begins: "a cache entry only
becomes available after the first response begins" (platform.claude.com, Prompt caching), so of two
prompts that are sent at the same time neither is the other's beginning. Its time is that of its
arrival: "the lifetime is measured from the start of the request" (there).
"""

import secrets

from msgspec.structs import replace

from fairlead.catalog.model import Model
from fairlead.engine.exchange import Exchange
from fairlead.engine.plan import Lane
from fairlead.routing.decision import Step
from fairlead.tokens.boundaries import SMALLEST, prefix_of
from fairlead.tokens.prefix import Prefix, PrefixIndex, Reuse
from fairlead.upstream.vendors import Upstream

__all__ = ["Beginnings", "cached_as", "marked", "wants"]

_MARK = b'"cache_control"'
NEAR = 0.8
"""Of the least size that a model caches: what an estimate below the truth may say. Asked for too
little, the vendor does nothing and charges nothing."""


class Beginnings:
    """Mutable; of one process. `salt` is the installation's, else one that ends with the process.

    Two indexes: what clients said, by key, whichever model answered; and what was sent to models
    that are asked to cache, by key and model, in the vendor's own dialect: those are what it holds.
    """

    def __init__(self, salt: bytes | None = None) -> None:
        self.salt = secrets.token_bytes(32) if salt is None else salt
        self._said = PrefixIndex()
        self._sent = PrefixIndex()

    def look(self, x: Exchange) -> None:
        """Fill in the exchange's prefix and what of it was seen before. Once for an exchange."""
        if len(x.body) < SMALLEST or x.prefix is not None:
            return
        x.prefix = prefix_of(x.body, self.salt)
        if x.prefix is not None:
            x.reuse = self._said.look(x.scope, x.prefix, x.at)

    def begun(self, x: Exchange) -> None:
        """The answer begins: vendors that cache have now cached."""
        if x.prefix is not None:
            self._said.note(x.scope, x.prefix, x.at)
            if x.sent is not None and x.model is not None:
                self._sent.note(cached_as(x, x.model), x.sent, x.at)

    def settled(self, x: Exchange) -> None:
        """The answer is over: what its model counted is known, which no estimate can better."""
        usage, model = x.usage, x.model
        if x.prefix is None or usage is None or usage.estimated or model is None:
            return
        counted = model.id, usage.prompt_total - usage.tool_input
        self._said.count(x.scope, x.prefix, counted)

    def ask(self, x: Exchange, lane: Lane, body: bytes) -> bytes:
        """The bytes that are sent, asking for what pays: the beginning that was seen before.

        A write costs more than plain input and pays only when it is read. So nothing is asked for
        the first time; what was seen is; and all of the prompt where it goes on where an earlier
        one ended, as conversations do, for then it will probably go on again.
        """
        model, upstream = lane
        x.sent, x.caching = None, ""
        ask = x.snapshot.codecs[x.dialect].ask_caching
        least = model.limits.min_cacheable
        if ask is None or not wants(x, upstream) or x.prefix is None or least is None:
            return body
        if "prompt_cache" not in model.features:
            return body
        x.sent = prefix = prefix_of(body, self.salt)
        if prefix is None or marked(body):
            return body
        seen = self._sent.look(cached_as(x, model), prefix, x.at)
        number = len(prefix.hashes) - 1 if seen.continues else seen.boundary
        if seen.boundary < 0 or prefix.tokens[number] < NEAR * least:
            return body
        asking = ask(body, [prefix.place(seen.boundary), prefix.place(number)])
        if asking is not body:
            x.caching = "conversation" if seen.continues else "beginning"
            _explain(x, prefix, seen)
        return asking


def marked(body: bytes) -> bool:
    """Whether the client asks for caching itself, as far as a look at the bytes tells."""
    return body.find(_MARK) >= 0


def wants(x: Exchange, upstream: Upstream) -> bool:
    """Whether the gateway shall ask for caching by itself."""
    return upstream.prompt_caching if x.wants_caching is None else x.wants_caching


def cached_as(x: Exchange, model: Model) -> str:
    """Under whose name a beginning is warm: no key reads what another key's prompts wrote."""
    return f"{x.scope}\0{model.id}"


def _explain(x: Exchange, prefix: Prefix, seen: Reuse) -> None:
    """Into the decision, which the ledger keeps."""
    if x.decision is not None:
        because = f"about {seen.within_5m} of {prefix.tokens[-1]} tokens were sent to it before"
        step = Step("ask for prompt caching", answer=True, because=because)
        decision = x.decision.whole()
        x.decision = replace(decision, path=(*decision.path, step))
