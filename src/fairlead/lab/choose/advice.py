"""When which cost optimisation applies, as the article says, beside what is known today."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from fairlead.lab.choose.answers import Answers

__all__ = ["advice"]

LARGE: Final = 200_000
"""Tokens of a prompt over which the article takes the larger window."""
MUCH: Final = 10
"""So many times as much input as output is taken for much input and little output."""
LONG: Final = 8_192
"""Output tokens that the article states as Flash's limit; more it gives to Haiku."""


class _Advice(NamedTuple):
    applies: Callable[[Answers], bool]
    said: str


def _ratio(answers: Answers) -> bool:
    prompt, output = answers.input_tokens, answers.output_tokens
    return prompt is not None and output is not None and prompt >= MUCH * max(output, 1)


_TABLE: Final = (
    _Advice(
        lambda a: not a.cached_share and a.requests_per_day is not None,
        "nothing to cache: the article prefers Flash",
    ),
    _Advice(
        lambda a: a.latency == "interactive" and not a.batch_share,
        "somebody waits, so no batches: the article prefers Flash on cost",
    ),
    _Advice(_ratio, "much input, little output: the article prefers Flash"),
    _Advice(
        lambda a: max(a.largest_prompt or 0, a.input_tokens or 0) > LARGE,
        "documents that need a window of 1M tokens: the article prefers Flash",
    ),
    _Advice(
        lambda a: bool(a.cached_share),
        "a fixed prefix to cache: the article prefers Haiku, as it knew no cache of Flash; the"
        " bill above has both vendors' caches",
    ),
    _Advice(
        lambda a: bool(a.batch_share),
        "requests that can wait: the article prefers Haiku, as it knew no batches of Flash; the"
        " bill above has both vendors' batches",
    ),
    _Advice(
        lambda a: max(a.largest_answer or 0, a.output_tokens or 0) > LONG,
        "much output: the article prefers Haiku, as it states 8,192 tokens as Flash's limit;"
        " Google states 65,536",
    ),
)


def advice(answers: Answers) -> Iterator[str]:
    """The article's advice on cost that applies, corrected where the vendors say otherwise."""
    for row in _TABLE:
        if row.applies(answers):
            yield row.said
