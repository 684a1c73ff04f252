"""The seam to those who know what the vendors accept and how they count.

Everything that the desk and the faces want to know of schemas, rules, counting and models, they ask
here, in one place.
"""

from typing import Any

import msgspec
from msgspec import Struct

from fairlead.emulator import authority
from fairlead.emulator.answer.tokens import count
from fairlead.emulator.faces.face import Put, Route, Trouble
from fairlead.emulator.http11.request import Request

__all__ = [
    "Tally",
    "default_budget",
    "forget",
    "full_name",
    "is_third_generation",
    "limits_of",
    "models_of",
    "rule_trouble",
    "schema_trouble",
    "tally",
]


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


_MODELS = {
    "anthropic": ("claude-haiku-4-5-20251001", "claude-haiku-5-5"),
    "gemini": ("gemini-2.5-flash", "gemini-3.8-flash", "gemini-3.5-flash-lite"),
    "openai": ("gpt-5-mini",),
}


def schema_trouble(vendor: str, route: Route, request: Request, body: Any) -> Trouble | None:
    """What the vendor's schema has against a body."""
    if vendor == "openai":
        return None
    op = {"generate": "messages" if vendor == "anthropic" else "generate", "stream": "generate"}
    faults = authority.check(vendor, op.get(route.op, route.op), body)
    return Trouble(400, faults[0].message) if faults else None


def rule_trouble(vendor: str, route: Route, request: Request, body: Any) -> Trouble | None:
    """What the vendor's unwritten rules have against a body."""
    return None


def tally(vendor: str, put: Put) -> Tally:
    """Count the prompt of a request."""
    total = count(msgspec.json.encode(put.body).decode())
    return Tally(total, modalities=(("TEXT", total),))


def forget() -> None:
    """Forget all prompt caches."""


def full_name(model: str) -> str:
    """The full id of a model for an alias of it."""
    return model


def models_of(vendor: str) -> tuple[str, ...]:
    """The ids of a vendor's models."""
    return _MODELS.get(vendor, ())


def limits_of(model: str) -> tuple[int | None, int | None]:
    """Context window and most output tokens; None where they are not disclosed."""
    return 1_048_576, 65_536


def default_budget(model: str) -> int | None:
    """Thinking without a word about it: 0 is off, None dynamic."""
    return 0 if "lite" in model or "2.0" in model else None


def is_third_generation(model: str) -> bool:
    """Whether a Gemini model gives its calls ids and signs its text."""
    return model.startswith("gemini-3")
