"""A canonical request as the bytes that this vendor takes for a given model."""

from typing import Final

from fairlead.canon import Failure, Problem, Request
from fairlead.wire.anthropic.breakpoints import settle_breakpoints
from fairlead.wire.anthropic.conversation import Conversation, write_conversation
from fairlead.wire.anthropic.extras import Extras
from fairlead.wire.anthropic.losses import Losses
from fairlead.wire.anthropic.output import write_format
from fairlead.wire.anthropic.sampling import write_sampling
from fairlead.wire.anthropic.thinking import Plan, Scene, plan_thinking
from fairlead.wire.anthropic.tools import (
    forces_tool,
    write_tool_choice,
    write_tools,
)
from fairlead.wire.anthropic.types import Json, dump
from fairlead.wire.codec import Encoded, Target

__all__ = ["encode_request"]

_TIERS: Final = {
    "auto": "auto",
    "priority": "auto",  # "whether to use priority capacity (if available)": auto does
    "default": "standard_only",
    "standard": "standard_only",
    "standard_only": "standard_only",
}
_USER_MAX: Final = 256
"""`metadata.user_id` "maxLength 256" (the vendor's API reference)."""


def encode_request(request: Request, target: Target) -> Encoded:
    """The body for `POST /v1/messages`.

    Raises:
        Failure: what no body could say or the vendor would refuse in any form (`n` over 1, a limit
            exceeded, calls without results, arguments that are no JSON object), with its path.
    """
    if request.n is not None and request.n > 1:
        raise Failure(
            Problem(
                "unsupported",
                f"{target.model} gives one answer a request, not {request.n}",
                "n",
                hint="send the request n times, or choose a model that takes n",
            )
        )
    losses = Losses()
    extras = Extras(request.extras, losses)
    facts = target.facts
    talk = write_conversation(request, facts, losses, extras)
    tools = write_tools(request, losses, extras)
    scene = Scene(forces_tool(request) and bool(tools), talk.prefill, talk.unsigned_loop)
    plan = plan_thinking(request, facts, scene, losses)
    body: Json = {"model": target.model, "max_tokens": plan.max_tokens, "messages": talk.messages}
    format_, instruction = write_format(request.output, facts, losses, prefill=talk.prefill)
    if instruction is not None:
        talk.system.append({"type": "text", "text": instruction})
    _write_system(talk, body)
    if tools:
        body["tools"] = tools
    choice = write_tool_choice(request, tools, facts, losses, extras)
    if choice is not None:
        body["tool_choice"] = choice
    write_sampling(request.sampling, facts, losses, body, thinking=plan.on)
    _write_output_config(plan, format_, extras, body)
    _write_rest(request, losses, extras, body)
    extras.put_back("", body)
    settle_breakpoints(body, losses)
    extras.lose_rest()
    return Encoded(dump(body), tuple(losses.found))


def _write_system(talk: Conversation, body: Json) -> None:
    system = talk.system
    if len(system) == 1 and len(system[0]) == 2:
        body["system"] = system[0]["text"]
    elif system:
        body["system"] = system


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
    metadata: Json = {}
    if request.user is not None:
        if len(request.user) <= _USER_MAX:
            metadata["user_id"] = request.user
        else:
            losses.cosmetic("user", "user", f"longer than {_USER_MAX} characters")
    extras.put_back("metadata", metadata)
    if metadata:
        body["metadata"] = metadata
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
