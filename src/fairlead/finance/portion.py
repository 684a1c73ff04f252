"""What one model takes of some traffic: sums that can be added up before they are priced."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from fairlead.finance.replay import TEXT, Counts, Part

__all__ = ["Portion", "share_of"]


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
        """Add a part of answers that were read, on so many tokens (all of them, where all were
        read).
        """
        text, was = sum([tokens.get(kind, 0) for kind in TEXT]), part.text
        said, spoken = tokens.get("output", 0), part.tokens.get("output", 0)
        scale = louder = 1.0
        if text != was or said != spoken:
            scale = text / was if was else 0.0
            louder = said / spoken if spoken else 0.0
        self.requests += part.requests
        self.tooled += round(part.tooled * scale)
        self.prompts += part.prompts
        self.read += round(part.read * scale)
        self.written += round(part.written * scale)
        self.paid += round(part.paid_pico * scale) if scale != 1.0 else part.paid_pico
        self.premium += round(part.premium_pico * scale) if scale != 1.0 else part.premium_pico
        for own, more, each in (
            (self.tokens, tokens, 1.0),
            (self.kept, part.kept, scale),
            (self.unknown, part.unknown, scale),
            (self.spoken, part.spoken, louder),
        ):
            for kind, count in more.items():
                own[kind] = own.get(kind, 0) + (count if each == 1.0 else round(count * each))


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
