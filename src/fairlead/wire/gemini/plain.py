"""The plain conversation: users and assistant by turns, each saying one text.

Most conversations are nothing else, and no rule of `contents` has anything to do in one: no turns
to merge, no results to match, nothing to sign, nothing to leave out.
"""

from fairlead.canon import Request, Text
from fairlead.wire.gemini.contents import Said
from fairlead.wire.gemini.parts import WirePart

__all__ = ["plain_contents"]


def plain_contents(request: Request) -> Said | None:
    """What `encode_contents` would make of it, or None where that has to be asked."""
    if request.instructions:
        return None
    system: list[WirePart] = []
    contents: list[dict[str, object]] = []
    last = ""
    for turn in request.turns:
        if turn.name is not None or len(turn.parts) != 1:
            return None
        part = turn.parts[0]
        if part.__class__ is not Text or part.cache is not None or part.signature is not None:
            return None
        role, text = turn.role, part.text
        if role == last or not text:
            return None
        said: dict[str, object] = {"text": text}
        if role == "user":
            contents.append({"role": "user", "parts": [said]})
        elif role == "assistant":
            contents.append({"role": "model", "parts": [said]})
        elif last or role == "tool":  # a system prompt comes first, and once
            return None
        else:
            system.append(said)
        last = role
    return Said(contents, system) if last == "user" else None
