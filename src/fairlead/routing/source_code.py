"""Which programming language the code in a text is in, where there is code.

A fence says it (```` ```python ````), else a file's name, else marks that one language has and the
others have not. Marks need company: two of them, or one three times.
"""

import re
from typing import Final

__all__ = ["CODE", "code_of"]

READ: Final = 1_200

_NAMES: dict[str, str] = {
    "python": "python py python3 pyi ipynb",
    "javascript": "javascript js jsx node mjs vue",
    "typescript": "typescript ts tsx",
    "java": "java",
    "kotlin": "kotlin kt",
    "c": "c h cpp c++ cc hpp cxx",
    "csharp": "csharp c# cs",
    "go": "go golang",
    "rust": "rust rs",
    "ruby": "ruby rb",
    "php": "php",
    "swift": "swift",
    "sql": "sql mysql postgresql sqlite",
    "shell": "shell bash sh zsh console powershell",
    "html": "html css xml svg",
    "data": "json yaml yml toml",
}
_MARKS: dict[str, tuple[str, ...]] = {
    "python": ("def ", "self.", "import numpy", "elif ", "__init__", "print(", "):\n", "from "),
    "javascript": ("const ", "=> ", "function(", "let ", "console.log", "require(", "==="),
    "typescript": ("interface ", ": string", ": number", "export type", "readonly "),
    "java": ("public class", "public static", "System.out", "private final", "@Override"),
    "kotlin": ("fun main", "fun ", "val ", "data class"),
    "c": ("#include", "int main", "printf(", "std::", "nullptr", "malloc("),
    "csharp": ("using System", "namespace ", "Console.Write", "public async Task"),
    "go": ("func ", ":= ", "package main", "fmt.", "chan ", "go func"),
    "rust": ("fn ", "let mut ", "impl ", "println!", "&mut ", "::new("),
    "ruby": ("puts ", "end\n", ".each do", "require '", "attr_"),
    "php": ("<?php", "$this->", "echo $", "function "),
    "sql": ("SELECT ", "INSERT INTO", "CREATE TABLE", " WHERE ", " JOIN ", "GROUP BY"),
    "shell": ("#!/bin", "sudo ", "grep ", "echo ", "| awk", "fi\n", "done\n"),
    "html": ("<div", "</", "<html", "<!DOCTYPE", 'class="'),
    "data": ('": {', '": [', '": "', "},\n"),
}
CODE: Final = ("none", *_NAMES, "other")
_BY_NAME = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_fence = re.compile(r"```([A-Za-z+#0-9]*)").search
_file = re.compile(r"\.(py|js|jsx|ts|tsx|java|kt|cpp|cc|cs|go|rs|rb|php|swift|sql|sh|vue)\b").search


def code_of(text: str) -> str:
    """The language of the code in a text: one of `CODE`; `other` for a fence that says nothing."""
    read = text[:READ]
    fence = _fence(read)
    if fence is not None and (kind := _BY_NAME.get(fence[1].lower())) is not None:
        return kind
    file = _file(read)
    if file is not None:
        return _BY_NAME[file[1]]
    most, best = 1, "none"
    for kind, marks in _MARKS.items() if _signs(read) else ():
        there = [mark for mark in marks if mark in read]
        if there:
            found = sum([min(3, read.count(mark)) for mark in there])
            if found > most and (len(there) > 1 or found > 2) and _dense(read, found):
                most, best = found, kind
    return "other" if best == "none" and fence is not None else best


def _signs(read: str) -> bool:
    """A quick look: code has a sign in 40 characters, or the words of a query."""
    signs = sum([read.count(sign) for sign in "(){};=<#$"])
    return signs * 40 >= len(read) or "SELECT " in read or "INSERT " in read


def _dense(read: str, found: int) -> bool:
    """Prose says "from" and "echo" too: code has more than a mark in 400 characters."""
    return found * 400 >= len(read)
