"""What one model takes of some traffic: sums that can be added up before they are priced."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from fairlead.finance.replay import KINDS, TEXT, Counts, Part

__all__ = ["PROMPT", "Portion", "portion", "share_of"]

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

    def add(self, other: "Portion") -> None:
        """Both together."""
        self.count(other)
        self.prompts += other.prompts
        self.read += other.read
        self.written += other.written
        self.paid += other.paid
        self.premium += other.premium


def portion(part: Part, tokens: dict[str, int]) -> Portion:
    """A part of answers that were read, on so many tokens (all of them, where all were read)."""
    text = sum([tokens.get(kind, 0) for kind in TEXT])
    was, spoken = part.text, part.tokens.get("output", 0)
    if text == was and tokens.get("output", 0) == spoken:
        read, written = round(part.read), round(part.written)
        kept, unknown, said = dict(part.kept), dict(part.unknown), dict(part.spoken)
        tooled, scale = part.tooled, 1.0
    else:
        each = scale = text / was if was else 0.0
        read, written = round(part.read * each), round(part.written * each)
        tooled = round(part.tooled * each)
        kept = {kind: round(count * each) for kind, count in part.kept.items()}
        unknown = {kind: round(count * each) for kind, count in part.unknown.items()}
        each = tokens.get("output", 0) / spoken if spoken else 0.0
        said = {dialect: round(count * each) for dialect, count in part.spoken.items()}
    prompts = sum([part.tokens.get(kind, 0) for kind in PROMPT])
    paid, premium = part.paid_pico, part.premium_pico
    if scale != 1.0:
        paid, premium = round(paid * scale), round(premium * scale)
    return Portion(
        part.requests, tooled, tokens, kept, unknown, said, prompts, read, written, paid, premium
    )


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
