"""A text that matches a regular expression, for the expressions that schemas commonly hold.

The expression is read by a small parser of its own: literals, classes, escapes, groups, `|` and
quantifiers. Look-arounds and back-references are left out: then the answer is None.
"""

import re
import string
import warnings

__all__ = ["matching"]

_CLASSES = {
    "d": string.digits,
    "w": string.ascii_lowercase + string.digits + "_",
    "s": " ",
    "D": string.ascii_lowercase,
    "W": "-",
    "S": string.ascii_lowercase,
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_PRINTABLE = "".join(chr(c) for c in range(32, 127))
MOST_REPEATS = 4_000


class _Unknown(Exception):
    """Something that this reader does not know."""


def matching(pattern: str, number: int, least: int = 0, most: int | None = None) -> str | None:
    """A text that `pattern` is found in, of `least` to `most` characters; None if none is found."""
    try:
        with warnings.catch_warnings():
            # Of constructs whose meaning may change in a later Python.
            warnings.simplefilter("ignore")
            compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    for extra in (0, 1, 2, 4, least - 1, least, least // 2, 16):
        if extra < 0:
            continue
        try:
            made = _Reader(pattern, number, extra).read()
        except (_Unknown, RecursionError):
            return None
        if len(made) < least and not pattern.endswith("$"):
            made += "a" * (least - len(made))
        fits = least <= len(made) and (most is None or len(made) <= most)
        if fits and compiled.search(made) is not None:
            return made
    return None


class _Reader:
    """Reads the expression once from left to right and makes its text at the same time."""

    def __init__(self, pattern: str, number: int, extra: int) -> None:
        self._text = pattern
        self._at = 0
        self._number = number
        self._extra = extra

    def read(self) -> str:
        made = self._alternatives()
        if self._at < len(self._text):
            raise _Unknown
        return made

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise _Unknown
        self._at += 1
        return char

    def _pick(self, choices: str) -> str:
        if not choices:
            raise _Unknown
        self._number = (self._number * 1103515245 + 12345) % 2**31
        return choices[self._number // 7 % len(choices)]

    def _alternatives(self) -> str:
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        return branches[self._number % len(branches)]

    def _sequence(self) -> str:
        made = ""
        while self._peek() not in ("", "|", ")"):
            start = self._at
            atom = self._atom()
            end = self._at
            low, high = self._quantifier()
            if (low, high) == (1, 1):
                made += atom
                continue
            times = min(low + self._extra, high, MOST_REPEATS)
            after = self._at
            for turn in range(times):
                self._at = end if turn == 0 else start
                made += atom if turn == 0 else self._atom()
            self._at = after
        return made

    def _quantifier(self) -> tuple[int, int]:
        char = self._peek()
        bounds = {"?": (0, 1), "*": (0, MOST_REPEATS), "+": (1, MOST_REPEATS)}.get(char)
        if bounds is not None:
            self._at += 1
        elif char == "{":
            found = re.compile(r"\{(\d+)(,)?(\d*)\}").match(self._text, self._at)
            if found is None:
                return 1, 1
            self._at = found.end()
            low = int(found[1])
            bounds = (low, int(found[3]) if found[3] else MOST_REPEATS if found[2] else low)
        else:
            return 1, 1
        if self._peek() in ("?", "+") and self._peek():
            self._at += 1
        return bounds

    def _atom(self) -> str:
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return self._pick(self._class())
        if char == "\\":
            return self._escape()
        if char == ".":
            return self._pick(string.ascii_lowercase)
        if char in "^$":
            return ""
        return char

    def _group(self) -> str:
        if self._peek() == "?":
            found = re.compile(r"\?(?::|P?<[A-Za-z_]\w*>)").match(self._text, self._at)
            if found is None:
                raise _Unknown
            self._at = found.end()
        made = self._alternatives()
        if self._take() != ")":
            raise _Unknown
        return made

    def _escape(self) -> str:
        char = self._take()
        if char in _CLASSES:
            return self._pick(_CLASSES[char])
        if char in "bBAZzG":
            return ""
        if char in "xu":
            return self._code(char)
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char.isalnum():
            raise _Unknown
        return char

    def _code(self, kind: str) -> str:
        size = 2 if kind == "x" else 4
        digits = self._text[self._at : self._at + size]
        if len(digits) < size or not all(c in string.hexdigits for c in digits):
            raise _Unknown
        self._at += size
        return chr(int(digits, 16))

    def _class(self) -> str:
        negated = self._peek() == "^"
        if negated:
            self._at += 1
        members = ""
        first = True
        while first or self._peek() != "]":
            first = False
            low = self._member()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._member()
                if len(low) != 1 or len(high) != 1:
                    raise _Unknown
                members += "".join(
                    chr(c) for c in range(ord(low), min(ord(high), ord(low) + 500) + 1)
                )
            else:
                members += low
        self._at += 1
        if not negated:
            return members
        plain = [c for c in string.ascii_lowercase + string.digits if c not in members]
        return "".join(plain or [c for c in _PRINTABLE if c not in members])

    def _member(self) -> str:
        char = self._take()
        if char != "\\":
            return char
        char = self._take()
        if char in _CLASSES:
            return _CLASSES[char]
        if char in "xu":
            return self._code(char)
        return _CONTROLS.get(char, char)
