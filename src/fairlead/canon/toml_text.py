"""What is wrong with a text that is no TOML, told as every other error of a configuration is: file,
line, what.
"""

import re
from tomllib import TOMLDecodeError
from typing import Final

__all__ = ["NOT_TOML", "not_toml"]

NOT_TOML: Final = (TOMLDecodeError, RecursionError)
"""What tomllib raises of a text; the second where arrays or tables stand too deep in others."""

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TWICE: Final = "Cannot overwrite a value"  # tomllib's words for a key that is set again


def not_toml(error: TOMLDecodeError | RecursionError, text: str, where: str) -> str:
    """`FILE:LINE: not valid TOML: what`, without a line where tomllib tells none."""
    if isinstance(error, RecursionError):
        return f"{where}: not valid TOML: it is nested too deeply"
    what = str(error)
    found = _PLACE.search(what)
    if found is None:
        return f"{where}: not valid TOML: {what}"
    what = what[: found.start()]
    if what == _TWICE:
        what = "a key is set again that has a value already"
    if found.group(1) is None:
        return f"{where}:{len(text.splitlines()) or 1}: not valid TOML: {what} (the file ends)"
    return f"{where}:{found.group(1)}: not valid TOML: {what} (column {found.group(2)})"
