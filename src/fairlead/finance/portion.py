"""What one model takes of some traffic: sums that can be added up before they are priced."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from fairlead.finance.replay import KINDS, TEXT, Counts, Part

__all__ = ["PROMPT", "Portion", "mean_prompt", "portion", "share_of"]

ANSWER = ("output", "output_audio", "output_image", "thinking")
PROMPT = tuple(kind for kind in KINDS if kind not in ANSWER)


class Portion(Counts):
    """Of the prompts' text the other model's cache could read `read` and would write `written`.
    `prompts` are the prompts' tokens of `requests`, for their mean. `paid` was paid, `premium` of
    it for tiers and regions; 1e-12 dollars.
    """

    prompts: int = 0
    read: int = 0
    written: int = 0
    paid: int = 0
    premium: int = 0

    @property
    def dearer(self) -> Decimal:
        """What was paid for each dollar of the usual price, for tiers and regions."""
        usual = self.paid - self.premium
        return Decimal(self.paid) / usual if self.premium and usual > 0 else Decimal(1)

    @property
    def prompt(self) -> int:
        """The mean prompt's tokens."""
        return self.prompts // max(1, self.requests)

    def take(self, part: Part, tokens: Mapping[str, int]) -> None:
        """Add a part of answers that were read, on so many tokens (all, where all were read)."""
        text, output = sum([tokens.get(kind, 0) for kind in TEXT]), tokens.get("output", 0)
        was, spoken = part.text, part.tokens.get("output", 0)
        each = said = None
        if text != was or output != spoken:
            each = text / was if was else 0.0
            said = output / spoken if spoken else 0.0
        self.requests += part.requests
        self.prompts += _prompts(part)
        _count(self.tokens, tokens, None)
        _count(self.kept, part.kept, each)
        _count(self.unknown, part.unknown, each)
        _count(self.spoken, part.spoken, said)
        scale = 1.0 if each is None else each
        self.read += round(part.read * scale)
        self.written += round(part.written * scale)
        if each is None or each == 1.0:
            self.tooled, self.paid = self.tooled + part.tooled, self.paid + part.paid_pico
            self.premium += part.premium_pico
        else:
            self.tooled += round(part.tooled * each)
            self.paid += round(part.paid_pico * each)
            self.premium += round(part.premium_pico * each)


def portion(part: Part, tokens: Mapping[str, int]) -> Portion:
    """A part of answers that were read, on so many tokens (all of them, where all were read)."""
    own = Portion(tokens={}, kept={}, unknown={}, spoken={})
    own.take(part, tokens)
    return own


def mean_prompt(part: Part) -> int:
    """The mean prompt's tokens of answers that were read."""
    return _prompts(part) // max(1, part.requests)


def _prompts(part: Part) -> int:
    return sum([part.tokens.get(kind, 0) for kind in PROMPT])


def _count(own: dict[str, int], more: Mapping[str, int], scale: float | None) -> None:
    """Add sums, each scaled and rounded by itself; None: as they are."""
    for kind, count in more.items():
        own[kind] = own.get(kind, 0) + (count if scale is None else round(count * scale))


def share_of(whole: Mapping[str, int], part: Part, parts: Iterable[Part]) -> dict[str, int]:
    """One model's share of a group's tokens, by kind, where each answer goes to one of several."""
    told: dict[str, int] = {}
    among = list(parts)
    requests = sum([each.requests for each in among])
    for kind, count in whole.items():
        total = sum([each.tokens.get(kind, 0) for each in among])
        own = part.tokens.get(kind, 0)
        told[kind] = count * own // total if total else count * part.requests // requests
    return told
