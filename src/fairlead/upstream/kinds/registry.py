"""Every kind by its name: a new one is a file beside this one and a line here."""

from typing import Final

from fairlead.upstream.kinds.anthropic import ANTHROPIC
from fairlead.upstream.kinds.gemini import GEMINI
from fairlead.upstream.kinds.kind import Kind
from fairlead.upstream.kinds.openai import OPENAI
from fairlead.upstream.kinds.vertex import VERTEX, VERTEX_CLAUDE

__all__ = ["KINDS"]

KINDS: Final[dict[str, Kind]] = {
    kind.name: kind for kind in (GEMINI, ANTHROPIC, OPENAI, VERTEX, VERTEX_CLAUDE)
}
