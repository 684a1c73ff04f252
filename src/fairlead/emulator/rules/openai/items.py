"""The items of a Responses request: what is stored, calls and outputs, reasoning that comes back.

Reasoning comes back with the item that followed it: "Item 'rs_...' of type 'reasoning' was provided
without its required following item." [R]. The emulator seals into the encrypted content which kind
of item followed, and for a call its id, so that it can tell.
"""

from typing import Any

import msgspec

from fairlead.emulator.rules.openai.request import Request, refuse
from fairlead.emulator.rules.rejection import Rejection

__all__ = ["duplicates", "given", "included", "pairing", "reasoning", "references", "seal_text"]

Item = dict[str, Any]
CALLS = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}
OUTPUTS = {output: call for call, output in CALLS.items()}
NAMES = {"function_call": "function call", "custom_tool_call": "custom tool call"}
ENCRYPTED = "reasoning.encrypted_content"


def seal_text(thought: str, following: Item) -> bytes:
    """What the emulator seals into reasoning: the thought, and what followed it."""
    return msgspec.json.encode([thought, following.get("type"), following.get("call_id")])


def given(request: Request) -> Rejection | None:
    """Something to answer [O]; what it goes on from is stored [O]."""
    body = request.body
    before = body.get("previous_response_id")
    if before is not None and not request.known.stored(before):
        return refuse(
            f"Previous response with id '{before}' not found.",
            "previous_response_id",
            "previous_response_not_found",
        )
    if body.get("conversation") is not None:
        talk = body["conversation"]
        ident = talk.get("id") if isinstance(talk, dict) else talk
        return refuse(f"Conversation with id '{ident}' not found.", None, None, 404)
    if (body.get("prompt") or {}).get("id") is not None:
        ident = body["prompt"]["id"]
        return refuse(f"Prompt with id '{ident}' not found.", None, None, 404)
    if body.get("input") is None and before is None and request.op == "responses":
        return refuse(
            'One of "input" or "previous_response_id" or "prompt" or "conversation_id" must be '
            "provided.",
            None,
            "missing_required_parameter",
        )
    return None


def references(request: Request) -> Rejection | None:
    """References only to what is stored [O]; resolved ones are no references any more."""
    for item in request.known.items:
        if item.get("type") == "item_reference" or (len(item) == 1 and "id" in item):
            return refuse(
                f"Item with id '{item['id']}' not found. Items are not persisted when `store` is "
                "set to false. Try again with `store` set to true, or remove this item from your "
                "input.",
                "input",
                None,
                404,
            )
    return None


def duplicates(request: Request) -> Rejection | None:
    """No item twice [O]."""
    seen: set[str] = set()
    for item in request.known.items:
        ident = item.get("id")
        if not isinstance(ident, str):
            continue
        if ident in seen:
            return refuse(
                f"Duplicate item found with id {ident}. Remove duplicate items from your input and "
                "try again.",
                "input",
            )
        seen.add(ident)
    return None


def pairing(request: Request) -> Rejection | None:
    """An output for each call, a call before each output [O]."""
    calls: dict[tuple[str, str], bool] = {}
    for item in request.known.items:
        kind = str(item.get("type"))
        if kind in CALLS:
            calls.setdefault((kind, item["call_id"]), False)
        elif kind in OUTPUTS:
            about = (OUTPUTS[kind], str(item.get("call_id")))
            if about not in calls:
                return refuse(
                    f"No tool call found for {NAMES[about[0]]} output with call_id {about[1]}.",
                    "input",
                )
            calls[about] = True
    for (kind, ident), answered in calls.items():
        if not answered:
            return refuse(f"No tool output found for {NAMES[kind]} {ident}.", "input")
    return None


def reasoning(request: Request) -> Rejection | None:
    """Encrypted content that is the vendor's own [O], before the item that followed it [R]."""
    items = request.known.items
    for index, item in enumerate(items):
        if item.get("type") != "reasoning":
            continue
        sealed = item.get("encrypted_content")
        about: bytes | None = b""
        if sealed:
            about = request.known.opened(sealed)
            if about is None:
                short = f"{sealed[:4]}...{sealed[-4:]}"
                return refuse(
                    f"The encrypted content {short} could not be verified.",
                    None,
                    "invalid_encrypted_content",
                )
        following = items[index + 1] if index + 1 < len(items) else None
        if following is None or not _follows(following, about) or _lost(request, item, following):
            return refuse(
                f"Item '{item.get('id')}' of type 'reasoning' was provided without its required "
                "following item.",
                "input",
            )
    return None


def _follows(following: Item, about: bytes | None) -> bool:
    """Whether an item may stand behind reasoning: what the emulator sealed, or else any of the
    model's own.
    """
    kind = following.get("type") or "message"
    if not about:
        own = kind != "message" or following.get("role") == "assistant"
        return own and not kind.endswith("_output")
    _, sealed_kind, call_id = msgspec.json.decode(about)
    if kind != sealed_kind or (kind == "message" and following.get("role") != "assistant"):
        return False
    return bool(following.get("call_id") == call_id)


def _lost(request: Request, item: Item, following: Item) -> bool:
    """What is stored is known by its ids: reasoning that has one wants the following item's too.
    With `store: false` ids mean nothing. Both are recorded.
    """
    stored = request.body.get("store") is not False
    return stored and item.get("id") is not None and following.get("id") is None


def included(request: Request) -> Rejection | None:
    """Encrypted reasoning only from models that reason [O]."""
    wanted = request.body.get("include") or ()
    if ENCRYPTED in wanted and not request.model.efforts:
        return refuse("Encrypted content is not supported with this model.", "include")
    return None
