"""The plain conversation: users and assistant by turns, each saying one text.

Most conversations are nothing else, and none of the rules of `conversation` has anything to do in
one: no turns to merge, no calls to pair, no blocks to drop, no prefill at the end.
"""

from fairlead.canon import Request, Text
from fairlead.wire.anthropic.conversation import Conversation
from fairlead.wire.anthropic.types import Json

__all__ = ["plain_conversation"]


def plain_conversation(request: Request) -> Conversation | None:
    """What `write_conversation` would make of it, or None where that has to be asked."""
    if request.extras or request.instructions:
        return None
    system: list[Json] = []
    messages: list[Json] = []
    last = ""
    for turn in request.turns:
        if turn.name or len(turn.parts) != 1:
            return None
        part = turn.parts[0]
        if part.__class__ is not Text or part.citations:
            return None
        if part.cache is not None or part.signature is not None:
            return None
        role, text = turn.role, part.text
        if role == last or not text or text.isspace():
            return None
        if role in ("user", "assistant"):
            messages.append({"role": role, "content": text})
        elif last or role == "tool":  # a system prompt comes first, and once
            return None
        else:
            system.append({"type": "text", "text": text})
        last = role
    return Conversation(system, messages, plain=True) if last == "user" else None
