"""Facts about a model, compiled from the catalogue's claims into one frozen struct.

Everything that an encoder, a guard or a price needs is here as data. A fact that no source
discloses is None (or an empty tuple) and stays unknown: nobody may treat it as a number.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

__all__ = [
    "Lifecycle",
    "Limits",
    "Model",
    "Price",
    "Sampling",
    "Thinking",
    "ThinkingKind",
    "Vendor",
]

Vendor = str
"""`google`, `anthropic`, `openai`, or a name of the user's own. Data, never branched on."""

_LADDER = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Efforts and levels of all vendors, from the least to the most."""

ThinkingKind = Literal["none", "budget", "adaptive", "level", "effort", "unknown"]


class Thinking(Struct, frozen=True):
    """How thinking is controlled.

    `budget`: tokens between `budget_min` and `budget_max` (`off` = 0 allowed, `dynamic` = -1
    allowed). `level`: one of `levels`. `adaptive`: effort among `levels`. `effort`: OpenAI's.
    `below_max_tokens`: the budget must be smaller than max_tokens (Anthropic).
    `effort_budgets` maps an OpenAI effort to a budget, and back for a model that takes no budgets;
    `effort_levels` maps an effort to a level.
    `default_on`: the model thinks unless told not to. `plain_back`: thoughts as plain text may come
    back with the conversation.
    """

    kind: ThinkingKind = "unknown"
    budget_min: int | None = None
    budget_max: int | None = None
    off: bool = False
    dynamic: bool = False
    below_max_tokens: bool = False
    default_on: bool = False
    plain_back: bool = True
    levels: tuple[str, ...] = ()
    effort_budgets: tuple[tuple[str, int], ...] = ()
    effort_levels: tuple[tuple[str, str], ...] = ()

    def budget_for(self, effort: str) -> int | None:
        """The budget that the mapping table gives an effort, in tokens."""
        return next((b for e, b in self.effort_budgets if e == effort), None)

    def level_for(self, effort: str) -> str | None:
        """The level that the mapping table gives an effort."""
        return next((v for e, v in self.effort_levels if e == effort), None)

    def effort_for(self, budget: int) -> str | None:
        """The effort for a budget over 0, which is the most that the client would pay for: the
        largest whose own budget is not above it, or else the least. None without a table.
        """
        table = [(tokens, effort) for effort, tokens in self.effort_budgets if tokens > 0]
        if not table:
            return None
        within = [tokens for tokens, _ in table if tokens <= budget]
        most = max(within) if within else min(tokens for tokens, _ in table)
        return next(effort for tokens, effort in table if tokens == most)

    def level_near(self, word: str) -> str | None:
        """The model's own level for an effort or a level: itself, by the table, or the nearest.

        None for a word that nobody knows, or where the model's levels are not known.
        """
        if word in self.levels:
            return word
        level = self.level_for(word)
        if level is None and word in _LADDER and self.levels:
            level = min(self.levels, key=lambda own: abs(_rung(own) - _rung(word)))
        return level


def _rung(word: str) -> int:
    return _LADDER.index(word) if word in _LADDER else len(_LADDER)


class Sampling(Struct, frozen=True):
    """Sampling knobs that the model takes; absent ones are dropped with a named loss.

    `accepts` lists knobs by canon's names. `exclusive` holds groups of which one may be set
    (Haiku 4.5: temperature or top_p). `stop_max` is the number of stop sequences.
    """

    accepts: tuple[str, ...] = ()
    temperature_max: float | None = None
    exclusive: tuple[tuple[str, ...], ...] = ()
    stop_max: int | None = None


class Limits(Struct, frozen=True):
    """Hard limits, in tokens unless named otherwise. None: not disclosed, so not enforced.

    `request_bytes` is a whole request as it travels, media in base64; `image_base64_bytes` one
    image in base64; `document_bytes` one PDF as a file. `document_pages` limits one PDF,
    `request_pages` all PDFs of a request together.
    """

    context_window: int | None = None
    max_output: int | None = None
    min_cacheable: int | None = None
    candidates_max: int | None = None
    request_bytes: int | None = None
    images_max: int | None = None
    image_base64_bytes: int | None = None
    videos_max: int | None = None
    document_bytes: int | None = None
    document_pages: int | None = None
    request_pages: int | None = None


class Price(Struct, frozen=True):
    """US dollars per million tokens of one kind, while it is valid and in its band.

    `kind` is a bucket of `canon.Usage`, prefixed `batch_` for batches. `over_prompt` is the lower
    edge of the prompt-size band: it applies to every token of a request whose prompt has more
    tokens than that (0: to every request). `valid_from` is its first day, `valid_to` the first
    day on which it no longer holds.

    `tier` is the vendor's service tier ("": the standard one; `priority`, `flex`), `region` where
    the vendor computes ("": wherever it likes; `us`, `regional`), `upstream` the door ("": every
    one). A row with any of them holds only for requests that were served so.
    """

    kind: str
    usd_per_million: Decimal
    source: str
    seen: date
    over_prompt: int = 0
    valid_from: date | None = None
    valid_to: date | None = None
    tier: str = ""
    region: str = ""
    upstream: str = ""

    def holds(self, day: date) -> bool:
        """Whether it is valid on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day < self.valid_to
        )


class Lifecycle(Struct, frozen=True):
    """What is announced about a model's end. `ends` is the first day on which it is gone."""

    status: str | None = None
    ends: date | None = None
    served_as: str | None = None
    successor: str | None = None
    source: str | None = None


class Model(Struct, frozen=True, kw_only=True):
    """One model. `known` is False for ids that only a prefix matched: unpriced, unless an installed
    package prices them (`tail`). `door` is whose price list counts ("": the vendor's own; `vertex`)
    and `region` where answers are computed that do not say it themselves, in the words of `prices`.

    `modalities_in` holds `text image audio video document`; `family` is what a policy may name
    (`flash`, `haiku`). `features` holds stable names (`keys.FEATURES`):

    - `tools`, `parallel_tools`; `forced_tools`: a call may be demanded;
    - `json`, `json_schema`: formats of the answer; `json_with_tools`: beside functions, too;
      `json_schema_tools`: schemas may be real JSON Schema instead of the vendor's subset;
    - `logprobs`, `n`, `seed`, `prompt_cache`, `batches`; `cache_breakpoints`: OpenAI's
      `prompt_cache_breakpoint` is taken;
    - `prefill`: the last turn may be the answer's beginning; `mid_system`: a system turn may stand
      among the others;
    - `media_urls`: the vendor fetches web addresses; `tool_result_media`: results may hold media.
    """

    id: str
    vendor: Vendor
    family: str | None = None
    known: bool = True
    aliases: tuple[str, ...] = ()
    limits: Limits = Limits()
    modalities_in: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    thinking: Thinking = Thinking()
    sampling: Sampling = Sampling()
    lifecycle: Lifecycle = Lifecycle()
    prices: tuple[Price, ...] = ()
    chars_per_token: Decimal | None = None
    tool_overhead_tokens: int = 0
    door: str = ""
    region: str = ""

    @classmethod
    def unknown(cls, model_id: str, vendor: Vendor) -> "Model":
        """Facts of a model that the catalogue does not know: nothing ruled out or priced."""
        return cls(
            id=model_id,
            vendor=vendor,
            known=False,
            sampling=Sampling(
                accepts=(
                    "temperature",
                    "top_p",
                    "top_k",
                    "seed",
                    "frequency_penalty",
                    "presence_penalty",
                    "stop",
                )
            ),
        )
