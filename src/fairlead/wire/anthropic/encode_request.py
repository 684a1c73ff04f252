"""A canonical request as the bytes that this vendor takes for a given model."""

from operator import attrgetter
from typing import Final

from msgspec.structs import fields

from fairlead.canon import Failure, Problem, Request, Sampling
from fairlead.wire.anthropic.breakpoints import settle_breakpoints
from fairlead.wire.anthropic.conversation import Conversation, write_conversation
from fairlead.wire.anthropic.extras import Extras
from fairlead.wire.anthropic.output import write_format
from fairlead.wire.anthropic.plain import plain_conversation
from fairlead.wire.anthropic.sampling import write_sampling
from fairlead.wire.anthropic.thinking import Plan, Scene, plan_max_tokens, plan_thinking
from fairlead.wire.anthropic.tools import (
    forces_tool,
    write_tool_choice,
    write_tools,
)
from fairlead.wire.anthropic.types import Json, dump
from fairlead.wire.codec import Encoded, Target
from fairlead.wire.free_text import as_functions
from fairlead.wire.losses import Losses

__all__ = ["encode_request"]

_TIERS: Final = {
    "auto": "auto",
    "priority": "auto",  # "whether to use priority capacity (if available)": auto does
    "default": "standard_only",
    "standard": "standard_only",
    "standard_only": "standard_only",
}
_UNSET: Final = Sampling()
_SAID_PLAINLY: Final = ("model", "turns", "max_tokens", "stream", "include_usage")
_rest_of: Final = attrgetter(
    *[field.name for field in fields(Request) if field.name not in _SAID_PLAINLY]
)
_NOTHING_ELSE: Final = _rest_of(Request(model="", turns=()))
_CALM: Final = Scene()
_USER_MAX: Final = 256
"""`metadata.user_id` "maxLength 256" (the vendor's API reference)."""


def encode_request(request: Request, target: Target) -> Encoded:
    """The body for `POST /v1/messages`.

    Raises:
        Failure: what no body could say or the vendor would refuse in any form (`n` over 1, a limit
            exceeded, calls without results, arguments that are no JSON object), with its path.
    """
    if _rest_of(request) == _NOTHING_ELSE and (talk := plain_conversation(request)) is not None:
        return Encoded(_plain_body(request, target, talk))
    if request.n is not None and request.n > 1:
        raise Failure(
            Problem(
                "unsupported",
                f"{target.model} gives one answer a request, not {request.n}",
                "n",
                hint="send the request n times, or choose a model that takes n",
            )
        )
    # What a request doesn't ask for is not looked at: most ask for hardly anything.
    losses = Losses()
    request, losses.found = as_functions(request)
    extras = Extras(request.extras, losses)
    facts = target.facts
    talk = plain_conversation(request) or write_conversation(request, facts, losses, extras)
    tools = write_tools(request, losses, extras) if request.tools else []
    scene = _CALM
    if request.reasoning is not None:
        scene = Scene(forces_tool(request) and bool(tools), talk.prefill, talk.unsigned_loop)
    plan = plan_thinking(request, facts, scene, losses)
    body: Json = {"model": target.model, "max_tokens": plan.max_tokens, "messages": talk.messages}
    format_: Json | None = None
    if request.output is not None:
        format_, instruction = write_format(request.output, facts, losses, prefill=talk.prefill)
        if instruction is not None:
            talk.system.append({"type": "text", "text": instruction})
    if talk.system:
        _write_system(talk.system, body)
    if tools:
        body["tools"] = tools
    if tools or request.tool_choice is not None:
        choice = write_tool_choice(request, tools, facts, losses, extras)
        if choice is not None:
            body["tool_choice"] = choice
    if request.sampling != _UNSET:
        write_sampling(request.sampling, facts, losses, body, thinking=plan.on)
    if request.reasoning is not None or format_ is not None or request.extras:
        _write_output_config(plan, format_, extras, body)
    _write_rest(request, losses, extras, body)
    if request.extras:
        extras.put_back("", body)
    if tools or not talk.plain:
        settle_breakpoints(body, losses)
    if request.extras:
        extras.lose_rest()
    return Encoded(dump(body), tuple(losses.found))


def _plain_body(request: Request, target: Target, talk: Conversation) -> bytes:
    """A body that says who said what, and how long the answer may be."""
    body: Json = {
        "model": target.model,
        "max_tokens": plan_max_tokens(request, target.facts),
        "messages": talk.messages,
    }
    if talk.system:
        _write_system(talk.system, body)
    if request.stream:
        body["stream"] = True
    return dump(body)


def _write_system(system: list[Json], body: Json) -> None:
    alone = len(system) == 1 and len(system[0]) == 2
    body["system"] = system[0]["text"] if alone else system


def _write_output_config(plan: Plan, format_: Json | None, extras: Extras, body: Json) -> None:
    if plan.thinking is not None:
        body["thinking"] = plan.thinking
        extras.put_back("thinking", plan.thinking)
    config: Json = {}
    if plan.effort is not None:
        config["effort"] = plan.effort
    if format_ is not None:
        config["format"] = format_
        extras.put_back("output_config.format", format_)
    extras.put_back("output_config", config)
    if config:
        body["output_config"] = config


def _write_rest(request: Request, losses: Losses, extras: Extras, body: Json) -> None:
    if request.stream:
        body["stream"] = True
    if request.user is not None or request.extras:
        _write_metadata(request.user, losses, extras, body)
    if request.service_tier is not None:
        tier = _TIERS.get(request.service_tier)
        if tier is not None:
            body["service_tier"] = tier
        else:
            losses.cosmetic("service_tier", f"service_tier:{request.service_tier}", "no such tier")
    if request.logprobs or request.top_logprobs is not None:
        losses.cosmetic("logprobs", "logprobs", "the vendor gives no log-probabilities")
    for modality in request.modalities:
        if modality.lower() != "text":
            losses.semantic("modalities", f"{modality.lower()}_output", "answers are text only")


def _write_metadata(user: str | None, losses: Losses, extras: Extras, body: Json) -> None:
    metadata: Json = {}
    if user is not None:
        if len(user) <= _USER_MAX:
            metadata["user_id"] = user
        else:
            losses.cosmetic("user", "user", f"longer than {_USER_MAX} characters")
    extras.put_back("metadata", metadata)
    if metadata:
        body["metadata"] = metadata
