"""Who speaks when, and what must not be empty."""

from fairlead.emulator.rules.anthropic.request import Block, Request, Turn

__all__ = ["first_turn", "pairing", "prefill", "system_turns", "texts", "wrong_role"]


def first_turn(request: Request) -> str | None:
    """Something is said [O]. That the user says it first is no longer asked: recorded traffic has
    a conversation of Sonnet 4.5 that opens with the assistant.
    """
    messages = request.messages
    if not messages:
        return "messages: at least one message is required"
    if messages[0]["role"] == "system":
        return "messages.0: use the top-level 'system' parameter for the initial system prompt"
    return None


def system_turns(request: Request) -> str | None:
    """System messages in mid-conversation are for some of the newest models [R, O]."""
    if request.model.system_turns:
        return None
    if any(message["role"] == "system" for message in request.messages):
        return "role 'system' is not supported on this model"
    return None


def texts(request: Request) -> str | None:
    """No message and no text block without content, but for a last assistant message [O]."""
    last = len(request.messages) - 1
    for number, message in enumerate(request.messages):
        role = message["role"]
        if role == "system" or message["content"]:
            continue
        if number != last or role != "assistant":
            return (
                f"messages.{number}: all messages must have non-empty content except for the "
                "optional final assistant message"
            )
    for block in request.blocks():
        if block.kind == "text":
            # White space among an assistant's blocks is taken [R].
            spoken = request.messages[block.message]["role"] == "user"
            sentence = _text(block.body["text"], "messages", blank_taken=not spoken)
            if sentence and block.body.get("cache_control"):
                return f"{block.path}.text: cache_control cannot be set for empty text blocks"
            if sentence and request.messages[block.message]["content"]:
                return sentence
    system = request.body.get("system")
    for index, part in enumerate(system if isinstance(system, list) else ()):
        sentence = _text(part["text"], "system", blank_taken=False)
        if sentence and part.get("cache_control"):
            return f"system.{index}: cache_control cannot be set for empty text blocks"
        if sentence:
            return sentence
    return None


def _text(text: str, where: str, *, blank_taken: bool) -> str | None:
    if not text:
        return f"{where}: text content blocks must be non-empty"
    if text.isspace() and not blank_taken:
        return f"{where}: text content blocks must contain non-whitespace text"
    return None


def prefill(request: Request) -> str | None:
    """A last assistant message is continued where the model can; no white space ends it [O]."""
    if not request.turns or request.turns[-1].role != "assistant":
        return None
    blocks = request.turns[-1].blocks
    if blocks and blocks[-1].kind not in ("text", "tool_use"):
        return None  # a server tool's turn that goes on
    if not request.model.prefill:
        return (
            "This model does not support assistant message prefill. The conversation must end "
            "with a user message."
        )
    if blocks and blocks[-1].kind == "text" and blocks[-1].body["text"][-1:].isspace():
        return "messages: final assistant content cannot end with trailing whitespace"
    return None


ONLY_IN = {"tool_use": "assistant", "thinking": "assistant", "tool_result": "user"}


def wrong_role(request: Request) -> str | None:
    """The user doesn't call tools, the assistant doesn't answer them [O]."""
    for turn in request.turns:
        for block in turn.blocks:
            role = ONLY_IN.get(block.kind, turn.role)
            if role != turn.role:
                return (
                    f"messages.{block.message}: `{block.kind}` blocks can only be in `{role}` "
                    "messages"
                )
    return None


def pairing(request: Request) -> str | None:
    """Each call is answered at the head of the next user turn, and nothing else is [D, O]."""
    before = Turn("user", [])
    seen: set[str] = set()
    for number, turn in enumerate(request.turns):
        calls = turn.of("tool_use")
        for call in calls:
            if call.body["id"] in seen:
                return f"{call.path}: `tool_use` ids must be unique"
            seen.add(call.body["id"])
        sentence = _stray(turn, before) or _unanswered(calls, request.turns[number + 1 :])
        if sentence:
            return sentence
        before = turn
    return None


def _stray(turn: Turn, before: Turn) -> str | None:
    asked = {call.body["id"] for call in before.of("tool_use")}
    answered: set[str] = set()
    for result in turn.of("tool_result"):
        ident = result.body["tool_use_id"]
        if ident not in asked:
            return (
                f"{result.path}: unexpected `tool_use_id` found in `tool_result` blocks: {ident}. "
                "Each `tool_result` block must have a corresponding `tool_use` block in the "
                "previous message."
            )
        if ident in answered:
            return (
                f"{result.path}: each tool_use must have a single result. Found multiple "
                f"`tool_result` blocks with id: {ident}"
            )
        answered.add(ident)
    return None


def _unanswered(calls: list[Block], rest: list[Turn]) -> str | None:
    """Results behind other content count as missing: "tool_result blocks come first" [D]."""
    if not calls:
        return None
    head: set[str] = set()
    for block in rest[0].blocks if rest else ():
        if block.kind != "tool_result":
            break
        head.add(block.body["tool_use_id"])
    missing = [call for call in calls if call.body["id"] not in head]
    if not missing:
        return None
    idents = ", ".join(call.body["id"] for call in missing)
    return (
        f"messages.{missing[0].message}: `tool_use` ids were found without `tool_result` blocks "
        f"immediately after: {idents}. Each `tool_use` block must have a corresponding "
        "`tool_result` block in the next message."
    )
