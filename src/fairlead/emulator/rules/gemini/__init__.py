"""What the Gemini API refuses although its schema takes it.

Two kinds of rules, as on the server: those that look at fields one by one report every fault, each
on a line of its own with its path ("* GenerateContentRequest.contents: contents is not specified");
after them the others, of which the first one speaks. Sources as in `rules.anthropic`: [R] recorded,
[D] documented, [S] SDK, [O] live answers that users quote, [M] the sentence is from memory.
"""

from collections.abc import Callable, Iterator

from fairlead.emulator.rules.gemini import config, functions, media, turns
from fairlead.emulator.rules.gemini.request import Issued, Request
from fairlead.emulator.rules.rejection import Rejection, bad_argument

__all__ = ["Issued", "Request", "refusal", "unknown_model"]

FieldRule = Callable[[Request], Iterator[tuple[str, str]]]
Rule = Callable[[Request], str | Rejection | None]

FIELD_RULES: tuple[FieldRule, ...] = (
    turns.empty,
    functions.names,
    functions.schemas,
    config.ranges,
    config.output,
)
RULES: tuple[Rule, ...] = (
    turns.doubled,
    turns.roles,
    turns.last_turn,
    turns.prefill,
    turns.function_turns,
    turns.signatures,
    functions.duplicates,
    functions.choice,
    config.tokens,
    config.candidates,
    config.penalties,
    config.json_with_tools,
    config.thinking,
    media.inline,
    media.files,
    config.context,
)


def unknown_model(name: str, op: str) -> Rejection:
    """[R] `nonexistent-model`."""
    method = {"count_tokens": "countTokens"}.get(op, "generateContent")
    message = (
        f"models/{name} is not found for API version v1beta, or is not supported for {method}. "
        "Call ListModels to see the list of available models and their supported methods."
    )
    return Rejection(404, "NOT_FOUND", message)


def refusal(request: Request) -> Rejection | None:
    """All faults of fields, or else the first rule that the request breaks."""
    faults = [
        f"* GenerateContentRequest.{path}: {sentence}\n"
        for rule in FIELD_RULES
        for path, sentence in rule(request)
    ]
    if faults:
        return bad_argument("".join(faults))
    for rule in RULES:
        found = rule(request)
        if found is not None:
            return found if isinstance(found, Rejection) else bad_argument(found)
    return None
