"""Converse: Anthropic's body in AWS's own shape.

What Converse has a name for is said by that name. What only Claude takes goes where AWS puts it,
`additionalModelRequestFields`, under Anthropic's names: thinking, top_k, effort, beta flags, the
tools that Anthropic defines, and whatever nobody here knows. So a body says the same by either
API. Guardrails are the operator's: headers that InvokeModel takes for them become
`guardrailConfig`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from fairlead.canon import Failure, Loss
from fairlead.wire.anthropic.doors import lost_at
from fairlead.wire.anthropic.types import Json, dump
from fairlead.wire.bedrock.converse_blocks import cache_point, write_blocks, write_system
from fairlead.wire.bedrock.invoke import BETA, beta_flags
from fairlead.wire.bedrock.not_taken import BEDROCK
from fairlead.wire.codec import Encoded

__all__ = ["GUARDRAIL", "converse_body"]

_DECODER: Final = msgspec.json.Decoder(dict[str, Any])
_GONE: Final = frozenset({"model", "stream", "anthropic_version", BETA, *BEDROCK.fields})
GUARDRAIL: Final = {
    "x-amzn-bedrock-guardrailidentifier": "guardrailIdentifier",
    "x-amzn-bedrock-guardrailversion": "guardrailVersion",
    "x-amzn-bedrock-trace": "trace",
}
_STOP_SEQUENCE: Final = "/stop_sequence"

Losses = list[Loss]


def converse_body(body: bytes, headers: Mapping[str, str]) -> Encoded:
    """The body for `POST /model/{id}/converse`, of one for `POST /v1/messages` and its headers.

    Raises:
        Failure: `body` is no JSON object.
    """
    try:
        return _told(_DECODER.decode(body), body, headers)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failure.invalid(f"the body is no JSON object: {error}") from error
    except RecursionError:
        raise Failure.invalid("the body is nested too deep") from None


def _told(said: dict[str, Any], body: bytes, headers: Mapping[str, str]) -> Encoded:
    # Blocks and tools are named as they are met; of the rest what InvokeModel loses is lost here.
    losses = [loss for loss in lost_at(BEDROCK, body) if loss.path in BEDROCK.fields]
    flags, lost = beta_flags(body, headers)
    losses += lost
    out: Json = {"messages": _messages(said.pop("messages", None), losses)}
    extra: Json = {BETA: flags} if flags else {}
    for name, value in said.items():
        if name in _GONE or value is None:
            continue
        writer = _WRITERS.get(name)
        if writer is None:
            extra[name] = value
        else:
            writer(value, out, extra, losses)
    _tool_choice(said.get("tool_choice"), out, extra)
    if extra:
        out["additionalModelRequestFields"] = extra
    guardrail = {field: headers[name] for name, field in GUARDRAIL.items() if name in headers}
    if guardrail:
        if "trace" in guardrail:
            guardrail["trace"] = guardrail["trace"].lower()
        out["guardrailConfig"] = guardrail
    return Encoded(dump(out), tuple(losses))


def _messages(messages: object, losses: Losses) -> list[Json]:
    out: list[Json] = []
    for number, turn in enumerate(messages if isinstance(messages, list) else []):
        if not isinstance(turn, dict):
            continue
        content = turn.get("content")
        path = f"messages[{number}].content"
        if isinstance(content, str):
            blocks: list[Json] = [{"text": content}]
        else:
            blocks = write_blocks(content if isinstance(content, list) else [], path, losses)
        out.append({"role": turn.get("role"), "content": blocks})
    return out


def _system(value: object, out: Json, _extra: Json, losses: Losses) -> None:
    blocks = write_system(value, losses)
    if blocks:
        out["system"] = blocks


def _config(name: str) -> Callable[[object, Json, Json, Losses], None]:
    def write(value: object, out: Json, _extra: Json, _losses: Losses) -> None:
        config = out.setdefault("inferenceConfig", {})
        if isinstance(config, dict):
            config[name] = value

    return write


def _stops(value: object, out: Json, extra: Json, losses: Losses) -> None:
    if value:
        _config("stopSequences")(value, out, extra, losses)
        # Which of them it was: Converse tells a model's own fields where it is asked for them.
        out["additionalModelResponseFieldPaths"] = [_STOP_SEQUENCE]


def _tools(value: object, out: Json, extra: Json, losses: Losses) -> None:
    specs: list[Json] = []
    native: list[Any] = []
    for index, tool in enumerate(value if isinstance(value, list) else []):
        if not isinstance(tool, dict):
            continue
        kind = tool.get("type") or "custom"
        if str(kind).startswith(BEDROCK.server_tools):
            why = "Bedrock runs no tools of Anthropic's servers"
            losses.append(Loss("semantic", f"tools[{index}]", f"server_tool:{kind}", why))
        elif (
            kind != "custom"
        ):  # bash, text editor, memory, computer: Anthropic's, run by the client
            native.append(tool)
        else:
            specs.append({"toolSpec": _spec(tool)})
            if tool.get("cache_control"):
                specs.append(cache_point(tool["cache_control"]))
    if specs:
        out["toolConfig"] = {"tools": specs}
    if native:
        extra["tools"] = native


def _spec(tool: dict[str, Any]) -> Json:
    spec: Json = {"name": tool.get("name"), "inputSchema": {"json": tool.get("input_schema", {})}}
    if tool.get("description"):
        spec["description"] = tool["description"]
    if tool.get("strict") is not None:
        spec["strict"] = tool["strict"]
    return spec


def _tool_choice(value: object, out: Json, extra: Json) -> None:
    """Converse chooses auto, any or a tool; Claude's `none`, and one call at a time, are its own
    and go where its own fields go.
    """
    config = out.get("toolConfig")
    if not isinstance(value, dict) or not isinstance(config, dict):
        return
    kind = value.get("type")
    if kind == "none" or value.get("disable_parallel_tool_use"):
        extra["tool_choice"] = value
    elif kind == "tool":
        config["toolChoice"] = {"tool": {"name": value.get("name")}}
    elif kind in ("auto", "any"):
        config["toolChoice"] = {kind: {}}


def _later(_value: object, _out: Json, _extra: Json, _losses: Losses) -> None:
    """Said after the tools."""


def _output(value: object, out: Json, extra: Json, _losses: Losses) -> None:
    """`output_config`: a schema has a place of its own, effort is Claude's."""
    rest = dict(value) if isinstance(value, dict) else {}
    form = rest.pop("format", None)
    if isinstance(form, dict) and form.get("type") == "json_schema":
        schema = {"schema": dump(form.get("schema")).decode("utf-8"), "name": "answer"}
        told = {"type": "json_schema", "structure": {"jsonSchema": schema}}
        out["outputConfig"] = {"textFormat": told}
    elif form is not None:
        rest["format"] = form
    if rest:
        extra["output_config"] = rest


def _metadata(value: object, _out: Json, _extra: Json, losses: Losses) -> None:
    if value:
        why = "Converse keeps metadata for the account's own logs"
        losses.append(Loss("cosmetic", "metadata", "metadata", why))


_WRITERS: Final[dict[str, Callable[[object, Json, Json, Losses], None]]] = {
    "system": _system,
    "max_tokens": _config("maxTokens"),
    "temperature": _config("temperature"),
    "top_p": _config("topP"),
    "stop_sequences": _stops,
    "tools": _tools,
    "tool_choice": _later,
    "output_config": _output,
    "metadata": _metadata,
}
