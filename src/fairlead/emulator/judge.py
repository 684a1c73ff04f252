"""The seam to those who know what the vendors accept and how they count.

Everything that the desk and the faces want to know of schemas, rules, counting and models, they ask
here, in one place.
"""

from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from fairlead.emulator import models, rules
from fairlead.emulator.answer.tokens import count
from fairlead.emulator.faces.face import Put, Route, Trouble
from fairlead.emulator.http11.request import Request
from fairlead.emulator.signing import Signer

__all__ = [
    "Tally",
    "default_budget",
    "forget",
    "full_name",
    "limits_of",
    "models_of",
    "numbers_calls",
    "tally",
    "trouble_of",
]

_OPS = {
    ("anthropic", "generate"): "messages",
    ("anthropic", "count_tokens"): "count_tokens",
    ("gemini", "generate"): "generate",
    ("gemini", "stream"): "generate",
    ("gemini", "count_tokens"): "count_tokens",
}


class Tally(Struct, frozen=True):
    """Prompt tokens. `total` is all of them; `read` and the writes are parts of it."""

    total: int
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0
    modalities: tuple[tuple[str, int], ...] = ()

    @property
    def fresh(self) -> int:
        """What is neither read from a cache nor written to one."""
        return self.total - self.read - self.write_5m - self.write_1h

    @property
    def audio(self) -> int:
        """Tokens of audio."""
        return dict(self.modalities).get("AUDIO", 0)


def trouble_of(
    vendor: str, route: Route, model: str, request: Request, body: Any, signer: Signer
) -> Trouble | None:
    """Why the vendor would refuse a decoded body; None when it would answer."""
    op = _OPS.get((vendor, route.op))
    if op is None:
        return None
    found = rules.check(
        vendor,
        op,
        model,
        body,
        tokens=lambda: _count(vendor, model, body),
        issued=lambda mark, text: signer.accepts(vendor, mark, text),
        headers=request.headers,
        beta=request.query.get("beta") == "true",
    )
    if found is None:
        return None
    return Trouble(found.status, found.message, found.type, details=found.details)


def _count(vendor: str, model: str, body: Any) -> int:
    return count(msgspec.json.encode(body).decode())


def tally(vendor: str, put: Put) -> Tally:
    """Count the prompt of a request."""
    total = _count(vendor, put.model, put.body)
    return Tally(total, modalities=(("TEXT", total),))


def forget() -> None:
    """Forget all prompt caches."""


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
