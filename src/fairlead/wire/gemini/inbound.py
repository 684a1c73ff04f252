"""A Gemini client's request to canon, and the peek before it.

What canon has no name for is kept as an `Extra` at its path, so that it goes back to Gemini and is
a named loss anywhere else. Unknown fields are taken for content: not cosmetic.
"""

from typing import Final

import msgspec
from msgspec import Raw

from fairlead.canon import (
    Extra,
    Failure,
    FunctionTool,
    OutputFormat,
    Part,
    Reasoning,
    Request,
    Sampling,
    ServerTool,
    Text,
    Tool,
    ToolChoice,
)
from fairlead.wire.codec import Peek
from fairlead.wire.gemini.fields import Fields
from fairlead.wire.gemini.inbound_contents import InboundContents
from fairlead.wire.gemini.schema import from_openapi
from fairlead.wire.gemini.types import ENCODER
from fairlead.wire.strict_json import check_text

__all__ = ["decode_request", "peek"]

_COSMETIC: Final = frozenset(
    {
        *("safetySettings", "labels", "store", "mediaResolution", "audioTimestamp"),
        *("routingConfig", "modelConfig", "modelSelectionConfig", "enableEnhancedCivicAnswers"),
        *("enableAffectiveDialog", "streamFunctionCallArguments", "mode", "behavior"),
    }
)
_MODES: Final = {0: "MODE_UNSPECIFIED", 1: "AUTO", 2: "ANY", 3: "NONE", 5: "VALIDATED"}
_MODALITIES: Final = {0: "MODALITY_UNSPECIFIED", 1: "TEXT", 2: "IMAGE", 3: "AUDIO"}
_LEVELS: Final = {0: "THINKING_LEVEL_UNSPECIFIED", 1: "LOW", 2: "HIGH", 3: "MEDIUM", 4: "MINIMAL"}
_SAMPLING: Final = (
    ("temperature", "temperature"),
    ("topP", "top_p"),
    ("topK", "top_k"),
    ("frequencyPenalty", "frequency_penalty"),
    ("presencePenalty", "presence_penalty"),
)


def peek(body: bytes) -> Peek:
    """`max_tokens` alone: model and stream stand in the URL."""
    config = Fields(body).object("generationConfig")
    return Peek("", max_tokens=None if config is None else config.integer("maxOutputTokens"))


def decode_request(body: bytes) -> Request:
    """The request that `body` holds. `model` is the body's own, mostly `""`: it is in the URL.

    Raises:
        Failure: `param` is the path of the field at fault.
    """
    check_text(body)  # values that are kept verbatim are checked by no decoder
    fields = Fields(body)
    fields.raw("fairlead")  # the gateway's own hints: read by whoever routes, said to no vendor
    reader = InboundContents()
    turns = tuple(reader.turn(content) for content in fields.objects("contents"))
    if not turns:
        raise Failure.invalid("contents is not specified", "contents")
    extras: list[Extra] = []
    tools = _tools(fields, extras)
    choice = _tool_config(fields, extras)
    config = fields.object("generationConfig") or Fields(b"{}", "generationConfig")
    sampling = _sampling(config)
    output = _output(config, extras)
    reasoning = _reasoning(config, extras)
    request = Request(
        model=(fields.text("model") or "").removeprefix("models/"),
        turns=turns,
        instructions=_system(fields),
        tools=tools,
        tool_choice=choice,
        sampling=sampling,
        max_tokens=config.integer("maxOutputTokens"),
        n=config.integer("candidateCount"),
        logprobs=config.flag("responseLogprobs"),
        top_logprobs=config.integer("logprobs"),
        output=output,
        reasoning=reasoning,
        modalities=_modalities(config),
        service_tier=_tier(fields),
    )
    _keep(config, extras)
    _keep(fields, extras)
    return msgspec.structs.replace(request, extras=tuple(extras)) if extras else request


def _keep(fields: Fields, extras: list[Extra]) -> None:
    for name, raw in fields.left.items():
        extras.append(Extra("gemini", fields.at(name), bytes(raw), cosmetic=name in _COSMETIC))
    fields.left.clear()


def _system(fields: Fields) -> tuple[Part, ...]:
    content = fields.object("systemInstruction")
    if content is None:
        return ()
    content.raw("role")  # the vendor ignores it: 44 of 47 recorded say "user", 3 nothing
    parts: list[Part] = []
    for part in content.objects("parts"):
        text = part.text("text")
        if text is None:
            raise Failure.invalid("only text can stand in the system instruction", part.path)
        parts.append(Text(text))
    return tuple(parts)


def _tools(fields: Fields, extras: list[Extra]) -> tuple[Tool, ...]:
    found: list[Tool] = []
    own: list[Tool] = []
    for tool in fields.objects("tools"):
        found += [_function(f, extras) for f in tool.objects("functionDeclarations")]
        for kind, raw in tool.left.items():
            own.append(ServerTool("gemini", kind, ENCODER.encode({kind: raw})))
    return (*found, *own)


def _function(fields: Fields, extras: list[Extra]) -> FunctionTool:
    name = fields.text("name")
    if not name:
        raise Failure.invalid("a function needs a name", fields.at("name"))
    description = fields.text("description")
    schema = fields.raw("parametersJsonSchema")
    older = fields.raw("parameters")
    parameters: bytes | None = None
    if schema is not None:
        parameters = bytes(schema)
    elif older is not None:
        parameters = from_openapi(bytes(older), fields.at("parameters"))
    # What a function gives back: the SDK says it for each Python function that has a type for its
    # result (`_automatic_function_calling_util.py`). No other dialect has a field for it.
    extras.extend(
        Extra("gemini", fields.at(kind), bytes(raw), cosmetic=True)
        for kind in ("response", "responseJsonSchema")
        if (raw := fields.raw(kind)) is not None
    )
    _keep(fields, extras)
    return FunctionTool(name, description, parameters)


def _tool_config(fields: Fields, extras: list[Extra]) -> ToolChoice | None:
    config = fields.object("toolConfig")
    if config is None:
        return None
    calling = config.object("functionCallingConfig")
    choice: ToolChoice | None = None
    if calling is not None:
        mode = calling.word("mode", _MODES) or "AUTO"
        names = calling.texts("allowedFunctionNames")
        choice = _choice(mode, names, calling)
        if mode == "VALIDATED" and not names:
            extras.append(Extra("gemini", calling.at("mode"), b'"VALIDATED"'))
        _keep(calling, extras)
    _keep(config, extras)
    return choice


def _choice(mode: str, names: tuple[str, ...], calling: Fields) -> ToolChoice:
    match mode:
        case "AUTO" | "MODE_UNSPECIFIED" | "VALIDATED":
            return ToolChoice("auto", names if mode == "VALIDATED" else ())
        case "NONE":
            return ToolChoice("none")
        case "ANY":
            return ToolChoice("named", names) if names else ToolChoice("required")
    raise Failure.invalid(f"unknown mode {mode[:40]!r}", calling.at("mode"))


def _sampling(config: Fields) -> Sampling:
    knobs = {canon: config.number(wire) for wire, canon in _SAMPLING}
    return Sampling(**knobs, seed=config.integer("seed"), stop=config.texts("stopSequences"))


def _output(config: Fields, extras: list[Extra]) -> OutputFormat | None:
    mime = config.text("responseMimeType")
    schema = config.raw("responseJsonSchema")
    older = config.raw("responseSchema")
    if mime == "text/plain" and schema is None and older is None:
        return OutputFormat("text")
    if mime == "application/json" or (mime is None and (schema or older) is not None):
        if schema is not None:
            return OutputFormat("json_schema", schema=bytes(schema))
        if older is not None:
            plain = from_openapi(bytes(older), config.at("responseSchema"))
            return OutputFormat("json_schema", schema=plain)
        return OutputFormat("json")
    rest = {"responseMimeType": mime, "responseJsonSchema": schema, "responseSchema": older}
    for name, value in rest.items():  # text/x.enum, which no other dialect has
        if value is not None:
            raw = bytes(value) if isinstance(value, Raw) else ENCODER.encode(value)
            extras.append(Extra("gemini", config.at(name), raw, cosmetic=False))
    return None


def _reasoning(config: Fields, extras: list[Extra]) -> Reasoning | None:
    thinking = config.object("thinkingConfig")
    if thinking is None:
        return None
    budget = thinking.integer("thinkingBudget")
    level = thinking.word("thinkingLevel", _LEVELS)
    visible = thinking.flag("includeThoughts")
    if level == "THINKING_LEVEL_UNSPECIFIED":
        level = None
    if budget is not None and level is not None:
        message = "thinkingBudget and thinkingLevel cannot both be set"
        raise Failure.invalid(message, thinking.path)
    _keep(thinking, extras)
    return Reasoning(budget=budget, level=level and level.lower(), visible=visible)


def _modalities(config: Fields) -> tuple[str, ...]:
    found = []
    for at, raw in enumerate(config.raws("responseModalities")):
        value = msgspec.json.decode(raw)
        name = _MODALITIES.get(value) if isinstance(value, int) else value
        if not isinstance(name, str):
            raise Failure.invalid("no modality", f"{config.path}.responseModalities[{at}]")
        found.append(name.lower())
    return tuple(found)


def _tier(fields: Fields) -> str | None:
    tier = fields.value("serviceTier")
    if not isinstance(tier, str) or tier.lower().endswith("unspecified"):
        return None
    return tier.lower()
