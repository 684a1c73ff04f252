"""The report's language. English is what the code says; other languages are tables beside it.

A table has whole texts and patterns: `"prompts over {} tokens"` stands for any text of that form,
and each `{}` is told in the language in its turn. Of two patterns that fit, the one that says
more itself counts. What a table lacks stays English.
"""

import re
from importlib import resources
from typing import Literal, get_args

from fairlead.catalog.claims import parse_toml
from fairlead.catalog.keys import CatalogError
from fairlead.cost.display import shown

__all__ = ["LANGUAGES", "Language", "Words"]

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


_AMOUNTS = ("US dollars", "US dollars a month")
"""Units of amounts. Prices of a million tokens are facts and stay in their source's currency."""
_COLONS: dict[Language, str] = {"en": ": ", "zh": "："}


class Words:
    """`say(text)` in the report's language, `fill(template, ...)` with its gaps filled.

    `colon` is what stands between a heading and what it heads.
    """

    def __init__(self, language: Language = "en") -> None:
        self.language = language
        self.colon = _COLONS[language]
        table = {} if language == "en" else _table(language)
        self._whole = {text: told for text, told in table.items() if "{}" not in text}
        self._templates = {text: told for text, told in table.items() if "{}" in text}
        self._patterns = [
            (re.compile("(.+?)".join(re.escape(part) for part in text.split("{}"))), told)
            for text, told in sorted(self._templates.items(), key=_literal, reverse=True)
        ]

    def knows(self, text: str) -> bool:
        """Whether the text is told in this language, whole or by a pattern."""
        return self._said(text) is not None

    def say(self, text: str) -> str:
        """The text in this language; as it is where the table hasn't got it. A unit of money is the
        currency that is shown.
        """
        said = self._said(text)
        display = shown()
        if display is not None and said is not None and text in _AMOUNTS:
            return said.replace(self._said(_AMOUNTS[0]) or _AMOUNTS[0], display.currency)
        if said is None and ": " in text:
            return self.colon.join(self.say(part) for part in text.split(": "))
        return text if said is None else said

    def fill(self, template: str, *gaps: str) -> str:
        """The template in this language with its gaps filled in order."""
        return self._templates.get(template, template).format(*gaps)

    def rate(self) -> str:
        """The rate of the currency that is shown; empty for US dollars."""
        display = shown()
        if display is None:
            return ""
        told = f"{display.rate} {display.currency}"
        return self.fill("1 US dollar = {} (rate of {})", told, str(display.date))

    def _said(self, text: str) -> str | None:
        if self.language == "en":
            return text
        if text in self._whole:
            return self._whole[text]
        for pattern, told in self._patterns:
            if found := pattern.fullmatch(text):
                return told.format(*(self.say(gap) for gap in found.groups()))
        return None


def _literal(entry: tuple[str, str]) -> int:
    """How much a pattern says itself."""
    return len(entry[0].replace("{}", ""))


def _table(language: str) -> dict[str, str]:
    name = f"words_{language}.toml"
    file = resources.files("fairlead.lab.compare").joinpath("data", name)
    words = parse_toml(file.read_text(encoding="utf-8"), name).get("words")
    if not isinstance(words, dict):
        raise CatalogError(f"{name}: [words] is missing")
    return {str(text): str(told) for text, told in words.items()}
