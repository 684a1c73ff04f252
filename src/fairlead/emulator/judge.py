"""The seam to those who know what the vendors accept and how they count.

Everything that the desk and the faces want to know of schemas, rules, counting, prompt caches and
models, they ask here, in one place.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from fairlead.emulator import models, rules
from fairlead.emulator.counting import Piece, PromptCache, count_of, pieces
from fairlead.emulator.faces.face import Route, Tally, Trouble
from fairlead.emulator.http11.request import Request
from fairlead.emulator.signing import Signer

__all__ = [
    "Judge",
    "default_budget",
    "full_name",
    "limits_of",
    "models_of",
    "numbers_calls",
]

_OPS = {
    ("anthropic", "generate"): "messages",
    ("anthropic", "count_tokens"): "count_tokens",
    ("gemini", "generate"): "generate",
    ("gemini", "stream"): "generate",
    ("gemini", "count_tokens"): "count_tokens",
}
NOTHING = Tally(0)


class Judge:
    """Judges and counts requests; remembers the prompts that the vendors would have cached."""

    def __init__(self, signer: Signer, clock: Callable[[], float]) -> None:
        self._signer = signer
        self._cache = PromptCache(clock)

    def judge(
        self,
        vendor: str,
        route: Route,
        model: str,
        request: Request,
        body: dict[str, Any],
        scope: str,
    ) -> Trouble | Tally:
        """Why the vendor would refuse a decoded body, or how it counts its prompt.

        `scope` keeps the prompt caches of different keys apart.
        """
        op = _OPS.get((vendor, route.op))
        if op is None:
            return NOTHING
        known = models.find(vendor, model)
        found: list[list[Piece]] = []

        def tokens() -> int:
            if known is None:
                return 0
            found.append(pieces(known, body))
            return sum(piece.tokens for piece in found[0])

        refusal = rules.check(
            vendor,
            op,
            model,
            body,
            tokens=tokens,
            issued=lambda mark, text: self._signer.accepts(vendor, mark, text),
            headers=request.headers,
            beta=request.query.get("beta") == "true",
        )
        if refusal is not None:
            return Trouble(refusal.status, refusal.message, refusal.type, details=refusal.details)
        if known is None:
            return NOTHING
        prompt = found[0] if found else pieces(known, body)
        return self._tally(known, prompt, scope, cached=route.op != "count_tokens")

    def _tally(
        self, model: models.Model, prompt: list[Piece], scope: str, *, cached: bool
    ) -> Tally:
        count = count_of(prompt)
        kinds = tuple(count.by_modality.items())
        if not cached:
            return Tally(count.total, kinds)
        use = self._cache.use(scope, model, prompt)
        read = tuple(use.read_by_modality.items())
        return Tally(count.total, kinds, use.read, use.write_5m, use.write_1h, read)

    def forget(self) -> None:
        """Forget all prompt caches."""
        self._cache.forget()


@cache
def full_name(vendor: str, model: str) -> str:
    """The full id of a model for an alias of it; what is not known stays as it is."""
    found = models.find(vendor, model)
    return model if found is None else found.name


def models_of(vendor: str) -> list[str]:
    """The ids of a vendor's models."""
    return models.names(vendor)


def limits_of(vendor: str, model: str) -> tuple[int, int] | None:
    """Context window and most output tokens; None for a model that is not known."""
    found = models.find(vendor, model)
    return None if found is None else (found.context_window, found.max_output)


def default_budget(vendor: str, model: str) -> int | None:
    """Thinking without a word about it: 0 is off, None dynamic."""
    found = models.find(vendor, model)
    if found is None or found.level_default == "minimal":
        return 0
    return found.budget_default


def numbers_calls(vendor: str, model: str) -> bool:
    """Whether a Gemini model gives its calls ids and signs its text: those that want signatures
    back do.
    """
    found = models.find(vendor, model)
    return found is not None and found.signatures
