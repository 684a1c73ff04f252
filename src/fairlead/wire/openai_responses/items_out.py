"""Parts of an answer, to output items: the same in a whole answer and in a stream.

A message item holds the texts and refusals that stand side by side; every thought, call and block
is an item of its own. An item's id is made of the answer's id and its place, so it is stable and
the same in a stream and in a whole answer.

A thought of another vendor's is a reasoning item with its text as summary. Its signature is not
in it (nor hidden anywhere): the gateway keeps it.
"""

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Raw

from fairlead.canon import (
    Citation,
    Loss,
    Opaque,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
)
from fairlead.wire.openai.parts import loss_of
from fairlead.wire.openai_responses.reasoning import own_item

__all__ = [
    "Ids",
    "annotation",
    "call_item",
    "lost",
    "message_part",
    "reasoning_item",
    "write_items",
]

DIALECT: Final = "openai_responses"
Json = dict[str, Any]


class Ids:
    """Ids of the items of one answer."""

    __slots__ = ("_base",)

    def __init__(self, request_id: str) -> None:
        self._base = request_id.removeprefix("resp_")

    def of(self, kind: str, at: int) -> str:
        """`msg`, `rs`, `fc` or `ctc`, of the item number `at`."""
        return f"{kind}_{self._base}_{at}"


def annotation(citation: Citation, start: int, end: int) -> Any | None:  # noqa: ANN401  # JSON
    """A citation as a `url_citation` of the text between `start` and `end`, if it has a URL."""
    if citation.dialect == DIALECT:
        return Raw(citation.raw)
    if citation.url is None:
        return None
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title or "",
        "start_index": start,
        "end_index": end,
    }


def message_part(part: Text | Refusal, annotations: Iterable[Any], logprobs: Any = ()) -> Json:  # noqa: ANN401  # JSON
    """A part of a message's content."""
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    return {
        "type": "output_text",
        "annotations": list(annotations),
        "logprobs": logprobs,
        "text": part.text,
    }


def call_item(call: ToolCall, ids: Ids, at: int, status: str, namespace: str | None = None) -> Json:
    """A call."""
    kind, field = ("custom_tool_call", "input") if call.custom else ("function_call", "arguments")
    item: Json = {
        "id": ids.of("ctc" if call.custom else "fc", at),
        "type": kind,
        "status": status,
        field: call.arguments,
        "call_id": call.id,
        "name": call.name,
    }
    if namespace is not None:
        item["namespace"] = namespace
    return item


def reasoning_item(thought: Thinking, ids: Ids, at: int) -> Json:
    """A thought. "summary" is required, and empty where nothing can be read."""
    own = own_item(thought)
    if own is not None:
        own.setdefault("id", ids.of("rs", at))
        return own
    summary = [{"type": "summary_text", "text": thought.text}] if thought.text else []
    return {"id": ids.of("rs", at), "type": "reasoning", "summary": summary}


def lost(part: Part, path: str) -> Loss:
    """The loss of a part of an answer that the dialect cannot say."""
    return loss_of(part, path, "an answer of the Responses dialect cannot hold", _NOUNS)


_NOUNS: Final = {
    kind: f"a {kind} of another vendor's" for kind in ("image", "audio", "video", "document")
}


def write_items(
    parts: tuple[Part, ...],
    ids: Ids,
    losses: list[Loss],
    *,
    logprobs: bytes | None = None,
    cut: bool = False,
    namespaces: dict[str, str] | None = None,
) -> list[Any]:
    """The output of a whole answer. `cut`: it was cut off, so its last item is incomplete."""
    out: list[Any] = []
    message: Json | None = None
    for at, part in enumerate(parts):
        if part.__class__ is Text and not part.text and part.signature and not part.citations:
            continue  # there for its signature only, which the vault keeps
        if isinstance(part, Text | Refusal):
            if message is None:
                message = _message(ids, len(out))
                out.append(message)
            path = f"output[{len(out) - 1}]"
            own = Raw(logprobs) if logprobs is not None and isinstance(part, Text) else []
            logprobs = None if isinstance(part, Text) else logprobs
            notes = _notes(part, losses, path) if isinstance(part, Text) else []
            message["content"].append(message_part(part, notes, own))
            continue
        message = None
        if isinstance(part, Thinking):
            out.append(reasoning_item(part, ids, len(out)))
        elif isinstance(part, ToolCall):
            namespace = (namespaces or {}).get(part.name)
            status = "incomplete" if cut and at == len(parts) - 1 else "completed"
            out.append(call_item(part, ids, len(out), status, namespace))
        elif isinstance(part, Opaque) and part.dialect == DIALECT:
            out.append(Raw(part.raw))
        else:
            losses.append(lost(part, f"output[{len(out)}]"))
    if cut and message is not None:
        message["status"] = "incomplete"
    return out


def _message(ids: Ids, at: int) -> Json:
    return {
        "id": ids.of("msg", at),
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [],
    }


def _notes(part: Text, losses: list[Loss], path: str) -> list[Any]:
    notes = []
    for citation in part.citations:
        found = annotation(citation, 0, len(part.text))
        if found is None:
            why = "OpenAI's annotations cite web addresses only"
            losses.append(Loss("cosmetic", f"{path}.annotations", "citation", why))
        else:
            notes.append(found)
    return notes
