"""The word "json" for OpenAI's JSON mode, which refuses conversations that lack it.

"'messages' must contain the word 'json' in some form, to use 'response_format' of type
'json_object'" (the API's 400; ultimatejimmy/xray.koplugin#33). Gemini's `responseMimeType` asks
for JSON without a word, so on the way to OpenAI a system message says it where nobody did.
"""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from fairlead.canon import Loss, Part, Refusal, Request, Text, ToolResult, Turn

__all__ = ["with_json_word"]

_SAID: Final = Turn("system", (Text("Answer with one valid JSON object."),))


def with_json_word(
    request: Request, *, instructions: bool = True
) -> tuple[Request, tuple[Loss, ...]]:
    """The request with a first message that asks for JSON, and what tells so. The very same
    request where it wants no JSON mode or speaks of JSON. Pure.

    `instructions`: the word counts there too, because they become a message.
    """
    if request.output is None or request.output.kind != "json":
        return request, ()
    if instructions and _speaks_of_json(request.instructions):
        return request, ()
    if any(_speaks_of_json(turn.parts) for turn in request.turns):
        return request, ()
    loss = Loss("cosmetic", "response_format", "json_word", "JSON mode wants the word JSON")
    return replace(request, turns=(_SAID, *request.turns)), (loss,)


def _speaks_of_json(parts: Iterable[Part]) -> bool:
    for part in parts:
        if isinstance(part, Text | Refusal):
            if "json" in part.text.lower():
                return True
        elif isinstance(part, ToolResult) and _speaks_of_json(part.content):
            return True
    return False
