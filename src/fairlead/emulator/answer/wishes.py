"""What a prompt asks of the emulator itself.

`[emulate: words=300 pieces=200 think=500]` and `[emulate: refuse]`, `[emulate: block]` steer it; so
does a plain wish such as "in about 300 words" or "JSON with 'name' and 'age' keys".
"""

import re

from msgspec import Struct

__all__ = ["Wishes", "wishes_of"]

_DIRECTIVE = re.compile(r"\[emulate:([^\]]*)\]")
_WORDS = re.compile(r"\b(\d{1,3}(?:,\d{3})+|\d{1,6})[\s-]+words?\b")
_KEYED = re.compile(r"\bJSON\b[^.\n]{0,40}?\bwith\b([^.\n]{1,300}?)\b(?:keys?|fields?)\b")
_KEY = re.compile(r"""["'`]([A-Za-z_][\w-]{0,60})["'`]""")
MOST_WORDS = 200_000


class Wishes(Struct, frozen=True):
    """`words`: length of the text. `pieces`: number of stream events for it. `think`: tokens of
    thinking. `redact`: thinking is encrypted. `refuse`: the model declines. `block`: the vendor's
    filter stops it.
    """

    words: int | None = None
    pieces: int | None = None
    think: int | None = None
    redact: bool = False
    refuse: bool = False
    block: bool = False
    keys: tuple[str, ...] = ()


NONE = Wishes()


def wishes_of(text: str) -> Wishes:
    """The wishes that a text states; unknown ones are left alone."""
    if "[emulate:" not in text:
        return _plain(text)
    given: dict[str, str] = {}
    for directive in _DIRECTIVE.findall(text):
        for word in directive.replace(",", " ").split():
            name, _, value = word.partition("=")
            given[name] = value
    return Wishes(
        words=_whole(given.get("words")),
        pieces=_whole(given.get("pieces")),
        think=_whole(given.get("think")),
        redact="redact" in given,
        refuse="refuse" in given,
        block="block" in given,
    )


def _plain(text: str) -> Wishes:
    """What is wished for in plain words."""
    if "JSON" in text:
        keyed = _KEYED.search(text)
        keys = tuple(dict.fromkeys(_KEY.findall(keyed[1]))) if keyed else ()
        if keys:
            return Wishes(keys=keys)
    found = _WORDS.search(text) if "word" in text else None
    return Wishes(words=_whole(found[1])) if found else NONE


def _whole(text: str | None) -> int | None:
    digits = (text or "").replace(",", "")
    return min(int(digits), MOST_WORDS) if digits.isdecimal() else None
