"""The answer's object around its output: who answered, and what was asked.

The openai SDK wants `tools`, `tool_choice` and `parallel_tool_calls` in every answer, and gives
them back typed (`types/responses/response.py`), so the request's settings are told again. Where
the request is not at hand (a client of another dialect never sees this one's answers) they have
their defaults.
"""

from typing import Any, Final

import msgspec
from msgspec import Raw

from fairlead.canon import Request, Text, Usage
from fairlead.wire.codec import Reply
from fairlead.wire.openai_responses.settings import write_choice, write_format, write_tool
from fairlead.wire.openai_responses.tools import functions_in
from fairlead.wire.openai_responses.usage import service_tier, write_usage

__all__ = ["Envelope", "answer_id"]

DIALECT: Final = "openai_responses"
_ENCODE: Final = msgspec.json.Encoder().encode
_NOTHING: Final = Request(model="", turns=())
# Extras that the answer tells again, under the same name.
_ECHOED: Final = frozenset(
    {
        "background",
        "conversation",
        "max_tool_calls",
        "metadata",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "truncation",
    }
)


def answer_id(request_id: str) -> str:
    """Our request id in the form in which OpenAI's answers have theirs."""
    return request_id if request_id.startswith("resp_") else f"resp_{request_id}"


class Envelope:
    """What is the same in every event of one answer."""

    __slots__ = ("_before", "_behind", "_id", "_reply")

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._id = answer_id(reply.request_id)
        before = {"id": self._id, "object": "response", "created_at": reply.created}
        self._before = _ENCODE(before)[:-1]
        self._behind = _ENCODE(_settings(reply))[1:-1]

    def write(
        self,
        status: str,
        output: list[Any],
        usage: Usage | None = None,
        *,
        incomplete: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
        extra: bytes = b"",
    ) -> bytes:
        """The answer as it stands, as JSON."""
        told: dict[str, Any] = {
            "status": status,
            "error": error,
            "incomplete_details": incomplete,
            "output": output,
            "usage": None if usage is None else write_usage(usage),
        }
        if usage is not None and (tier := service_tier(usage)) is not None:
            told["service_tier"] = tier
        if extra or self._reply.extra:
            told["fairlead"] = Raw(extra or self._reply.extra)
        return self._before + b"," + _ENCODE(told)[1:-1] + b"," + self._behind + b"}"


def _settings(reply: Reply) -> dict[str, Any]:
    asked = reply.request or _NOTHING
    extras = {e.path: e.raw for e in asked.extras if e.dialect == DIALECT}
    reasoning = asked.reasoning
    visible = reasoning is not None and reasoning.visible
    summary: object = "auto" if visible else None
    instructions = "\n\n".join(p.text for p in asked.instructions if isinstance(p, Text))
    verbosity = extras.get("text.verbosity")
    told: dict[str, Any] = {
        "model": reply.model,
        "background": False,
        "instructions": instructions or None,
        "max_output_tokens": asked.max_tokens,
        "max_tool_calls": None,
        "metadata": {},
        "parallel_tool_calls": asked.parallel_tools is not False,
        "previous_response_id": reply.previous_response_id,
        "reasoning": {
            "effort": reasoning.effort if reasoning is not None else None,
            "summary": Raw(extras["reasoning.summary"])
            if "reasoning.summary" in extras
            else summary,
        },
        "temperature": asked.sampling.temperature,
        "text": {
            "format": write_format(asked.output),
            "verbosity": Raw(verbosity) if verbosity is not None else "medium",
        },
        "tool_choice": _choice(asked, extras),
        "tools": _tools(asked, extras),
        "top_logprobs": asked.top_logprobs or 0,
        "top_p": asked.sampling.top_p,
        "truncation": "disabled",
        "user": asked.user,
    }
    told |= {path: Raw(raw) for path, raw in extras.items() if path in _ECHOED}
    return told


def _choice(asked: Request, extras: dict[str, bytes]) -> object:
    if "tool_choice" in extras:
        return Raw(extras["tool_choice"])
    return "auto" if asked.tool_choice is None else write_choice(asked.tool_choice, asked.tools)


def _tools(asked: Request, extras: dict[str, bytes]) -> list[Any]:
    """The tools as they were declared: a namespace stands for its functions."""
    out: list[Any] = []
    tools = list(asked.tools)
    at = 0
    while at < len(tools) or f"tools[{len(out)}]" in extras:
        path = f"tools[{len(out)}]"
        if (raw := extras.get(path)) is not None:
            out.append(Raw(raw))
            at += functions_in(raw)
            continue
        tool = write_tool(tools[at])
        at += 1
        if tool is None:
            continue
        for field in ("defer_loading", "format", "output_schema", "allowed_callers"):
            if isinstance(tool, dict) and f"{path}.{field}" in extras:
                tool[field] = Raw(extras[f"{path}.{field}"])
        out.append(tool)
    return out
