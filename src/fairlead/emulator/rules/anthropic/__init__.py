"""What Anthropic's API refuses although its schema takes it.

Each rule is a function from a request to the vendor's sentence, or None; they stand in one table in
the order in which they are asked. Sources, at each rule: [R] recorded traffic, [D] documentation,
[S] the SDK, [O] answers of the live API that users quote in public issues and code.
"""

from collections.abc import Callable

from fairlead.emulator.rules.anthropic import (
    binding,
    breakpoints,
    limits,
    media,
    output_schema,
    sampling,
    thinking,
    tools,
    turns,
)
from fairlead.emulator.rules.anthropic.request import Issued, Request
from fairlead.emulator.rules.rejection import Rejection, invalid_request

__all__ = ["Issued", "Request", "refusal", "unknown_model"]

Rule = Callable[[Request], str | None]

RULES: tuple[Rule, ...] = (
    limits.max_tokens,
    sampling.sampling,
    thinking.mode,
    thinking.budget,
    thinking.sampling,
    thinking.forced_tool,
    thinking.effort,
    thinking.off,
    turns.first_turn,
    turns.system_turns,
    turns.texts,
    turns.prefill,
    turns.wrong_role,
    turns.pairing,
    thinking.tool_loop,
    thinking.signatures,
    binding.prefix,
    tools.names,
    tools.schemas,
    tools.choice,
    breakpoints.breakpoints,
    media.images,
    media.pdfs,
    media.assistant_documents,
    media.user_citations,
    output_schema.output_schema,
    limits.context,
)


def unknown_model(name: str) -> Rejection:
    """[R] `claude-sonet-4-5`."""
    return Rejection(404, "not_found_error", f"model: {name}")


def refusal(request: Request) -> Rejection | None:
    """The first rule that the request breaks."""
    for rule in RULES:
        sentence = rule(request)
        if sentence is not None:
            return invalid_request(sentence)
    return None
