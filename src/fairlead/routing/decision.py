"""What a routing decision is made of: values that can be stored, read and replayed.

`Features` go in, a `Decision` comes out; both are frozen, both are written to the ledger. A policy
sees nothing else, so replaying stored features under another policy gives what it would have said.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Literal, Protocol

from msgspec import UNSET, Meta, Struct, UnsetType, json

from fairlead.routing.moment import Moment

__all__ = ["Candidate", "Decision", "Features", "Flip", "Hints", "Latency", "Step", "Task", "Tried"]

_encode = json.Encoder(decimal_format="string").encode

Task = Literal[
    "coding",
    "automation",
    "chat",
    "document",
    "video",
    "audio",
    "image",
    "math",
    "science",
    "extraction",
    "translation",
    "creative",
    "agent",
    "other",
]
Latency = Literal["interactive", "normal", "batch"]
Budget = Literal["tight", "normal"]


class Hints(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the client says about its request (`fairlead` in the body, or `x-fairlead-*`)."""

    task: Task | None = None
    latency: Latency | None = None
    budget: Budget | None = None
    policy: str | None = None
    allow_loss: bool | None = None
    prompt_caching: Literal["auto", "off"] | None = None
    timeout: Annotated[float, Meta(gt=0, le=3600)] | None = None


class Features(Struct, frozen=True, omit_defaults=True):
    """What policies may ask about a request. Token figures are estimates and named so.

    `prompt_tokens` is the best estimate, `prompt_tokens_high` one that real counts rarely exceed:
    guards use the latter. `needs` names model features that the request cannot do without.
    `task_evidence` says in a few words why `task` was recognised.

    The rest is about media. `image_bytes` and `document_bytes` are the largest image and the
    largest PDF, decoded; `inline_bytes` is all media together as base64, as they travel. What is
    given by address counts in `images` and `videos` only: its size is not known. `document_pages`
    (of one PDF) and `pages` (of all) are counted where a PDF's pages can be read, else 0.

    From `language` on features are only looked at where a policy asks for them (`looking`), and
    None else.
    """

    prompt_tokens: int = 0
    prompt_tokens_high: int = 0
    max_tokens: int | None = None
    modalities: tuple[str, ...] = ("text",)
    needs: tuple[str, ...] = ()
    tools: int = 0
    turns: int = 0
    candidates: int = 1
    stream: bool = False
    task: Task = "other"
    task_evidence: str = ""
    latency: Latency = "normal"
    budget: Budget = "normal"
    images: int = 0
    image_bytes: int = 0
    videos: int = 0
    document_bytes: int = 0
    document_pages: int = 0
    pages: int = 0
    inline_bytes: int = 0
    language: str | None = None
    code: str | None = None
    mathematics: bool | None = None
    depth: int | None = None
    schema: int | None = None
    key: str | None = None
    hour: int | None = None
    warm_tokens: int | None = None
    team: str | None = None
    budget_pressure: int | None = None


class Step(Struct, frozen=True):
    """One question of the policy and how the features answered it."""

    question: str
    answer: bool
    because: str


class Flip(Struct, frozen=True):
    """One change that would have sent the request to `model` instead."""

    change: str
    model: str


class Candidate(Struct, frozen=True, omit_defaults=True):
    """One model that was considered. `why` says why it won or lost, in a short sentence.

    `ruled_out` names the hard limit that it would break, None if it could have served. The rest is
    expected, None where it is not known: `cost_usd` where the model is unpriced, times where it has
    not answered lately, `quality` (0 to 100) where there are no figures for the task.
    `switch_usd` is what choosing it costs its session in the turns to come, for a prompt cache that
    another model has warm; `warm_tokens` are those of the prompt that are warm here. `drawn` is the
    chance with which sessions are drawn to it (of a canary: to this arm, and in it to this model);
    None where nothing is drawn.
    """

    model: str
    why: str
    ruled_out: str | None = None
    cost_usd: Decimal | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    first_token_ms: float | None = None
    latency_ms: float | None = None
    quality: float | None = None
    warm_tokens: int | None = None
    switch_usd: Decimal | None = None
    drawn: float | None = None


class Tried(Struct, frozen=True):
    """One attempt: a model at an upstream, what came of it (`ok`, or the kind of problem with the
    vendor's status) and how long it took.
    """

    model: str
    upstream: str
    outcome: str
    status: int | None
    ms: float


class Decision(Struct, frozen=True, dict=True):
    """Where a request goes, and why. `ranked` holds models that may serve it, best first.

    `flip` says what would have sent it elsewhere; `moment` is the part of the state that had a say.
    `route` is the reason without this request's figures: what the ledger groups requests by.
    `tried` are the attempts, where the first was not the only one or failed.
    """

    policy: str
    policy_hash: str
    path: tuple[Step, ...]
    ranked: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    reason: str
    features: Features
    warnings: tuple[str, ...] = ()
    flip: tuple[Flip, ...] = ()
    moment: Moment | None = None
    route: str = ""
    tried: tuple[Tried, ...] | UnsetType = UNSET

    def stored(self) -> bytes:
        """The decision as JSON, as the ledger keeps it."""
        kept: Telling | None = self.__dict__.get(_KEPT)
        return _encode(self.whole()) if kept is None else kept.stored(self)

    def whole(self) -> "Decision":
        """The decision with its path, candidates and flips. Some are made without them: what is
        told of a choice takes longer than the choice, and nobody waits for it.
        """
        kept: Telling | None = self.__dict__.get(_KEPT)
        if kept is not None:
            return kept.whole(self)
        make: Callable[[], Decision] | None = self.__dict__.get(_WHOLE)
        return self if make is None else make()

    def told_by(self, make: "Callable[[], Decision]") -> "Decision":
        """This decision, noted to be told in full by `make`."""
        self.__dict__[_WHOLE] = make
        return self

    def kept_by(self, kept: "Telling") -> "Decision":
        """This decision, noted to be told in full by what it shares with others like it."""
        self.__dict__[_KEPT] = kept
        return self


_KEPT, _WHOLE = "kept", "whole"


class Telling(Protocol):
    """What decisions share that differ in figures only (`routing.kept`)."""

    def whole(self, decision: Decision) -> Decision:
        """The decision with all that it was made without."""
        ...

    def stored(self, decision: Decision) -> bytes:
        """That as JSON."""
        ...
