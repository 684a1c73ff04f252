"""Signs of source code and of mathematics, which are no words: data, no logic."""

from typing import Final

__all__ = ["CODE_MARKS", "EXTENSIONS", "FORMULAS", "SOURCE_FILES", "SUM", "TYPESET"]

CODE_MARKS: Final[tuple[str, ...]] = (
    "):\n",
    "{\n",
    ";\n",
    "import ",
    "def ",
    "return ",
    "self.",
    "#include",
    "=> ",
    "const ",
    " == ",
    "</",
)
"""Strings that are frequent in source code and rare in prose."""

_EXTENSIONS = (
    "py pyi js jsx ts tsx go rs java kt c cc cpp h hpp cs rb php swift scala sql sh yaml yml toml "
    "ipynb vue"
)
EXTENSIONS: Final = tuple(_EXTENSIONS.split())
"""Of source files."""

SOURCE_FILES: Final = rf"\.(?:{'|'.join(EXTENSIONS)})\b"
"""The end of a source file's name. It begins with a literal, so that a search runs fast."""

FORMULAS: Final[tuple[str, ...]] = (
    *("x^2", "^2", "^{", "\\frac", "\\sqrt", "\\int", "\\sum", "\\le", "√", "∫", "²", "f(x)"),
    *("x =", "lim(", "sin(", "cos(", "∑", "≤", "π"),
)
"""Strings that formulas have and prose has not."""

TYPESET: Final = tuple([mark for mark in FORMULAS if "^" in mark or "\\" in mark])
"""Those of them that hold a sign which hardly anything else does."""

SUM: Final = r"\d ?[-+*×÷] ?\d|\d[a-z]? ?[-+*=] ?\d+[a-z]? ?[-+*=]"
"""Something to be reckoned out."""
