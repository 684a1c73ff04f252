"""Which language a text is in, by its script, else by its small words.

A word list of twenty or so of the most frequent small words tells European languages apart in a
sentence or two; it is not meant for single words. Only the first 600 characters are read.
"""

from typing import Final

__all__ = ["LANGUAGES", "language_of"]

READ: Final = 600

_SMALL: dict[str, str] = {
    "en": "the and of to is in that it for you with on this are be how what can my not do have",
    "de": "der die das und ist nicht ich ein eine zu den mit von wie auf für sich dem auch bitte",
    "fr": "le la les et est des une dans que pour pas qui vous je un du ce sur avec au en",
    "es": "el los las que y en es una por con para del no un su cómo lo más se qué",
    "pt": "o os as que e em é uma por com para do da não um no se como mais você dos",
    "it": "il gli che e di è una per con del non un si come della le sono mi più questo",
    "nl": "de het een en van is niet ik dat op te zijn met voor hoe er maar aan naar wat",
    "pl": "i w nie na się że jest to do z jak co czy po dla od ale proszę są tego",
    "tr": "ve bir bu için ile ne da de mi nasıl çok ben daha olarak var gibi lütfen şu o değil",  # noqa: RUF001 - Turkish has this letter
    "sv": "och att det som en på är av för med den inte jag till har ett hur om vad kan",
    "vi": "là và của có không cho một được các người trong với này những tôi để khi bạn gì như",
}
_SCRIPTS: tuple[tuple[str, str, str], ...] = (
    ("ja", "\u3040", "\u30ff"),
    ("ko", "\uac00", "\ud7af"),
    ("zh", "\u4e00", "\u9fff"),
    ("ru", "\u0400", "\u04ff"),
    ("ar", "\u0600", "\u06ff"),
    ("hi", "\u0900", "\u097f"),
    ("el", "\u0370", "\u03ff"),
    ("he", "\u0590", "\u05ff"),
    ("th", "\u0e00", "\u0e7f"),
)
"""A script's language, and its first and last character. Kana stand before Han: Japanese has both.
Cyrillic counts as Russian, Arabic script as Arabic, Devanagari as Hindi."""

LANGUAGES: Final = (*_SMALL, *[name for name, _, _ in _SCRIPTS], "other")
_WORDS = {name: frozenset(words.split()) for name, words in _SMALL.items()}
SHARE: Final = 8
"""One character in so many must be of a script, for the text to be in its language."""


def language_of(text: str) -> str:
    """A language's code (ISO 639-1), `other` where nothing tells."""
    read = text[:READ].lower()
    if not read.isascii():
        for name, first, last in _SCRIPTS:
            found = sum([first <= character <= last for character in read])
            if found * SHARE >= len(read):
                return name
    words = set(read.split())
    most, best = 0, "other"
    for name, small in _WORDS.items():
        found = len(words & small)
        if found > most:
            most, best = found, name
    return best
