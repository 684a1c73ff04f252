"""What every kind does, by its name: a new one is an identity, a file beside this one and a line
here. Whoever needs names alone takes `upstream.kinds.identity`, which loads no codecs.
"""

from typing import Final

from fairlead.upstream.kinds.anthropic import ANTHROPIC
from fairlead.upstream.kinds.bedrock import BEDROCK
from fairlead.upstream.kinds.gemini import GEMINI
from fairlead.upstream.kinds.kind import Kind
from fairlead.upstream.kinds.openai import OPENAI
from fairlead.upstream.kinds.openai_compatible import OPENAI_COMPATIBLE
from fairlead.upstream.kinds.vertex import VERTEX, VERTEX_CLAUDE

__all__ = ["KINDS", "VENDORS_OWN"]

VENDORS_OWN: Final[dict[str, Kind]] = {kind.name: kind for kind in (GEMINI, ANTHROPIC, OPENAI)}
"""Each vendor's own API: a key is all that it wants."""

KINDS: Final[dict[str, Kind]] = VENDORS_OWN | {
    kind.name: kind for kind in (VERTEX, VERTEX_CLAUDE, BEDROCK, OPENAI_COMPATIBLE)
}
