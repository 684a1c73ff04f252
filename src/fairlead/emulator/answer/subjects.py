"""What a prompt is about, as far as arguments of a tool call can be taken from it."""

import re

__all__ = ["subjects"]

_ITEM = r"""(?:"[^"\n]{1,60}"|[A-Z][\w.'’-]{0,30}(?:\s[A-Z][\w.'’-]{0,30}){0,3})"""
_LIST = re.compile(rf"({_ITEM}(?:,\s*{_ITEM}){{0,6}}),?\s+(?:and|or|&|then|plus)\s+({_ITEM})")
_SPLIT = re.compile(r",\s*")
_LOWER = re.compile(
    r"\b(?:in|for|of|at|both)\s+([a-z]{3,20})\s+and\s+(?:in\s+|for\s+)?([a-z]{3,20})\b"
)
_SINGLE = re.compile(rf"\b(?:in|for|of|at|to|about|on|from)\s+({_ITEM})")
_QUOTED = re.compile(
    r""""([^"\n]{1,60})"|(?<!\w)'([^'\n]{1,60})'(?!\w)|“([^”\n]{1,60})”|「([^」\n]{1,60})」"""
)
_ARTICLES = {"the", "its", "their", "that", "this", "then", "all"}
# A sentence's first word is capital too, and belongs to no name.
_OPENERS = {
    "Call", "Check", "Compare", "Does", "Fetch", "Find", "Get", "Give", "How", "In", "Invoke", "Is",
    "List", "Look", "Please", "Query", "Search", "Show", "Tell", "Use", "Weather", "What", "When",
    "Where", "Which", "Who", "Why",
}  # fmt: skip
READ = 4_000


def subjects(text: str) -> list[str]:
    """Things named in a text: two or more if they are joined by "and", else one or none."""
    text = text[:READ]
    found = _LIST.search(text)
    if found:
        return [_bare(item) for item in (*_SPLIT.split(found[1]), found[2])]
    found = _LOWER.search(text)
    if found and not _ARTICLES & {found[1], found[2]}:
        return [found[1], found[2]]
    found = _SINGLE.search(text) or _QUOTED.search(text)
    return [_bare(found[found.lastindex or 0])] if found else []


def _bare(item: str) -> str:
    first, blank, rest = item.partition(" ")
    if blank and first in _OPENERS:
        item = rest
    return item.strip('"').rstrip(".,;:!?'’")
