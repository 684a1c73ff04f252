"""Reads a `generateContent` request as Google's servers do: either spelling, lone objects, nulls."""

import json
from typing import Any

from tests.acceptance.conformance.said import Obj, Said, ToolSaid, arguments, digest

__all__ = ["read"]

_KNOBS = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "seed": "seed",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
    "stopSequences": "stop",
    "maxOutputTokens": "max_tokens",
    "candidateCount": "n",
    "responseLogprobs": "logprobs",
    "logprobs": "top_logprobs",
}
_DEFAULTS: dict[str, Any] = {"n": 1, "stop": [], "logprobs": False}
_CHOICES = {"AUTO": "auto", "ANY": "required", "NONE": "none", "MODE_UNSPECIFIED": "auto"}
_NUMBERS = {0: "AUTO", 1: "AUTO", 2: "ANY", 3: "NONE", 5: "VALIDATED"}
_MODALITIES = {1: "TEXT", 2: "IMAGE", 3: "AUDIO"}


def read(body: dict[str, Any]) -> Said:
    """What a `generateContent` request says."""
    said = Said()
    top = Obj(body, "", said, camel=True)
    system = top.obj("systemInstruction")
    if system is not None:
        system.take("role")
        for part in system.objs("parts"):
            said.add("system", part.take("text", ""), part.path)
    for content in top.objs("contents"):
        kind = "assistant" if content.take("role") == "model" else "user"
        for part in content.objs("parts"):
            _part(part, kind, said)
    declared = 0
    for tool in top.objs("tools"):
        declared = _tool(tool, declared, said)
    _choice(top, said)
    config = top.obj("generationConfig")
    if config is not None:
        _config(config, said)
    tier = top.take("serviceTier")
    if isinstance(tier, str):
        said.knobs["tier"] = tier.lower()
    top.take("model")
    return said


def _part(part: Obj, kind: str, said: Said) -> None:
    part.take("thoughtSignature")
    thought = bool(part.take("thought"))
    if part.has("text"):
        said.add("thought" if thought else kind, part.take("text"), part.path)
    elif part.has("functionCall") and not thought:
        call = part.below(part.take("functionCall"), "functionCall")
        name = call.take("name", "")
        said.call(call.take("id", ""), name, arguments(call.take("args")), part.path)
    elif part.has("functionResponse"):
        _result(part.below(part.take("functionResponse"), "functionResponse"), part.path, said)
    elif part.has("inlineData") or part.has("fileData"):
        _media(part, said, inside=False)
    elif part.left:
        part.rest_as(next(iter(part.left)))


def _result(result: Obj, path: str, said: Said) -> None:
    name = result.take("name", "")
    link = said.answered(result.take("id"), name)
    response = result.take("response", {})
    error = ""
    if len(response) == 1 and next(iter(response)) in ("output", "error"):
        (key, value), *_ = response.items()
        error = "error" if key == "error" else ""
        text = value if isinstance(value, str) else json.dumps(value)
    else:
        text = json.dumps(response) if response else ""
    said.add("result", text, path, name=error, link=link)
    for part in result.objs("parts"):
        _media(part, said, inside=True)


def _media(part: Obj, said: Said, *, inside: bool) -> None:
    blob = part.obj("inlineData")
    if blob is not None:
        blob.take("displayName")
        mime = blob.take("mimeType", "")
        said.add("media", digest(blob.take("data", "")), part.path, name=mime, inside=inside)
        return
    file = part.obj("fileData")
    if file is None:
        part.rest_as("part")
        return
    file.take("displayName")
    mime = file.take("mimeType", "")
    said.add("media", file.take("fileUri"), part.path, name=mime, inside=inside)


def _tool(tool: Obj, declared: int, said: Said) -> int:
    """One of `tools`; returns how many functions have been declared so far, by which they count."""
    for function in tool.objs("functionDeclarations"):
        path = f"tools.functionDeclarations[{declared}]"
        declared += 1
        name, description = function.take("name"), function.take("description") or ""
        schema = function.take("parametersJsonSchema")
        if schema is None:
            schema = function.take("parameters")
        said.tools.append(ToolSaid(name, description, schema, path))
    for kind in list(tool.left):
        if tool.left[kind] is not None:
            said.tools.append(ToolSaid("", "", tool.left[kind], f"tools.{kind}", own=kind))
        del tool.left[kind]
    return declared


def _choice(top: Obj, said: Said) -> None:
    config = top.obj("toolConfig")
    calling = config.obj("functionCallingConfig") if config is not None else None
    if calling is None:
        return
    mode = calling.take("mode", "AUTO")
    mode = _NUMBERS[mode] if isinstance(mode, int) else mode.upper()
    names = tuple(calling.take("allowedFunctionNames", ()))
    if mode == "VALIDATED":
        said.knobs["choice"] = ("auto", names)
    elif mode == "ANY" and names:
        said.knobs["choice"] = ("named", names)
    else:
        said.knobs["choice"] = (_CHOICES[mode], ())


def _config(config: Obj, said: Said) -> None:
    for name, knob in _KNOBS.items():
        value = config.take(name)
        if value is not None and _DEFAULTS.get(knob) != value:
            said.knobs[knob] = value
    mime = config.take("responseMimeType")
    schema = config.take("responseJsonSchema")
    if schema is None:
        schema = config.take("responseSchema")
    if schema is not None or mime == "application/json":
        said.knobs["output"] = "json" if schema is None else schema
    elif mime not in (None, "text/plain"):
        said.knobs["output"] = mime
    thinking = config.take("thinkingConfig")
    if thinking:
        said.knobs["thinking"] = thinking
    modalities = config.take("responseModalities", [])
    modalities = [modalities] if isinstance(modalities, str | int) else modalities
    spelled = [_MODALITIES[m] if isinstance(m, int) else m.upper() for m in modalities]
    if spelled not in ([], ["TEXT"]):
        said.knobs["modalities"] = [name.lower() for name in spelled]
