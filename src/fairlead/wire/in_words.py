"""One vendor's own blocks that can be told in words to another.

`canon.Opaque.text` holds them: a search result that a client gave with its own text, a tool's name
where Anthropic's deferred loading refers to it. Loading itself needs no words elsewhere: every tool
of the request is offered there from the beginning, deferred or not.
"""

from msgspec.structs import replace

from fairlead.canon import Dialect, Loss, Opaque, Part, Request, Text, ToolResult, Turn

__all__ = ["in_words"]


def in_words(request: Request, dialect: Dialect) -> tuple[Request, list[Loss]]:
    """The request with texts in place of blocks that `dialect` lacks and words can tell, and what
    that loses. The very same request where there are none. Pure.
    """
    if not any(_tells(part, dialect) for turn in request.turns for part in turn.parts):
        return request, []
    losses: list[Loss] = []
    turns = tuple([_turn(turn, dialect, losses) for turn in request.turns])
    return replace(request, turns=turns), losses


def _tells(part: Part, dialect: Dialect) -> bool:
    if isinstance(part, Opaque):
        return part.text is not None and part.dialect != dialect
    return isinstance(part, ToolResult) and any(_tells(inner, dialect) for inner in part.content)


def _turn(turn: Turn, dialect: Dialect, losses: list[Loss]) -> Turn:
    parts: list[Part] = []
    for at, part in enumerate(turn.parts):
        path = f"{turn.path}.content[{at}]"
        if isinstance(part, Opaque) and _tells(part, dialect):
            parts.append(_text(part, path, losses))
        elif isinstance(part, ToolResult) and _tells(part, dialect):
            content = tuple(
                _text(inner, path, losses)
                if isinstance(inner, Opaque) and _tells(inner, dialect)
                else inner
                for inner in part.content
            )
            parts.append(replace(part, content=content))
        else:
            parts.append(part)
    return replace(turn, parts=tuple(parts))


def _text(part: Opaque, path: str, losses: list[Loss]) -> Text:
    losses.append(Loss("cosmetic", path, f"in_words:{part.kind}", "told in words"))
    return Text(part.text or "")
