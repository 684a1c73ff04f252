"""Which conversation a request belongs to, as far as its prompt cache is concerned.

What routing has found, else what the client's headers state, else how the prompt begins: up to the
end of the first turn, which every later request of the conversation sends again. A prompt that is
too short for any cache belongs to none.
"""

from fairlead.engine.exchange import Exchange
from fairlead.routing.session import stated

__all__ = ["session"]


def session(x: Exchange) -> int | None:
    """A number that a conversation's requests share; None where there is nothing to keep warm."""
    if x.session is not None:
        return x.session
    said = stated(x.headers, None)
    if said is not None:
        return hash((x.scope, said))
    prefix = x.prefix
    if prefix is None:
        return None
    first = next((n for n, turn in enumerate(prefix.turns) if turn >= 0), len(prefix.hashes) - 1)
    return prefix.hashes[first]
