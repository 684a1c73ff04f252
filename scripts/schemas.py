"""Reduce the vendors' machine-readable authorities to structure, for the emulator to check against.

    python scripts/schemas.py [--check]

Anthropic: the TypedDict parameters of the installed `anthropic` SDK become JSON Schema. Walking the
type hints, rather than asking pydantic, avoids the three traps of these types: `Iterable` is read
as a list, response models are left out of content unions, and every object forbids extras.

OpenAI: likewise from the `openai` SDK's parameters, whose streaming and plain forms differ in
`stream` alone. What the live server takes beyond them is an overlay at run time
(`fairlead/emulator/authority/data/openai_overlay.toml`).

Gemini and Vertex: the parts of the `aiplatform` discovery document (it ships inside
google-api-python-client) that the requests below reach. What the live servers take beyond it is an
overlay at run time (`fairlead/emulator/authority/data/gemini_overlay.toml`), no part of the output.

No prose is kept. Each file carries the version or revision that it was made from. With `--check`
nothing is written; exit 1 says which file differs from what the installed packages state.

Choices stand in the order in which the SDK writes them, because the vendor's server names them in
that order too ("Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"). `typing`
endangers that: it remembers subscriptions, and holds `Optional[Literal["a", "b"]]` for the same as
`Optional[Literal["b", "a"]]`, so whichever module came first in the process sets the order. Hence
its memory is emptied before each class is read. `--check` leaves the order of choices aside.
"""

import importlib
import json
import os
import sys
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args, get_origin

import anthropic
import googleapiclient  # type: ignore[import-untyped]
import openai
import pydantic
import typing_extensions

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "src" / "fairlead" / "emulator" / "authority" / "data"

Schema = dict[str, Any]
Hint: TypeAlias = Any  # a type hint, taken apart

ANTHROPIC_OPS = {
    "messages": ("anthropic.types.message_create_params", "MessageCreateParamsBase"),
    "count_tokens": ("anthropic.types.message_count_tokens_params", "MessageCountTokensParams"),
    "messages_beta": ("anthropic.types.beta.message_create_params", "MessageCreateParamsBase"),
    "count_tokens_beta": (
        "anthropic.types.beta.message_count_tokens_params",
        "MessageCountTokensParams",
    ),
}
OPENAI_OPS = {
    "chat": ("openai.types.chat.completion_create_params", "CompletionCreateParamsBase"),
    "responses": ("openai.types.responses.response_create_params", "ResponseCreateParamsBase"),
    "input_tokens": ("openai.types.responses.input_token_count_params", "InputTokenCountParams"),
    "embeddings": ("openai.types.embedding_create_params", "EmbeddingCreateParams"),
    "batches": ("openai.types.batch_create_params", "BatchCreateParams"),
}
# These travel as headers, although the SDK takes them as parameters.
HEADER_PARAMETERS = {"betas", "user_profile_id", "workspace_id"}
DISCOVERY = "aiplatform.v1beta1"
DISCOVERY_PREFIX = "GoogleCloudAiplatformV1beta1"
GEMINI_OPS = {"generate": "GenerateContentRequest", "count_tokens": "CountTokensRequest"}
DISCOVERY_STRUCTURE = ("type", "format", "enum", "$ref")

SCALARS: dict[object, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    object: {},
    Any: {},
}
ANY_OBJECT: Schema = {"type": "object", "additionalProperties": {}}
LISTS = {list, Sequence, Iterable}
REQUIRED = {typing.Required, typing_extensions.Required}
OPTIONAL = {typing.NotRequired, typing_extensions.NotRequired}
WRAPPERS = REQUIRED | OPTIONAL | {typing_extensions.ReadOnly}
OPEN_FILES = {typing.IO, os.PathLike}
UNIONS = {typing.Union, types.UnionType}


# What older models still take, although the SDK of today no longer types it; `stream` stands in
# subclasses of the parameters.
OVERLAY: dict[str, Schema] = {
    "output_format": {"anyOf": [{"$ref": "#/$defs/JSONOutputFormat"}, {"type": "null"}]},
}
CREATE_OVERLAY: dict[str, Schema] = {
    "stream": {"type": "boolean"},
    "temperature": {"type": "number"},
    "top_k": {"type": "integer"},
    "top_p": {"type": "number"},
}


def required(hint: Hint, *, total: bool) -> bool:
    """Whether a TypedDict key with this hint must be there."""
    origin: Hint = get_origin(hint)
    return origin in REQUIRED or (total and origin not in OPTIONAL)


def forget_subscriptions() -> None:
    """Empty the memory of `typing`, so that the hints read next keep the order of their source."""
    for forget in getattr(typing, "_cleanups", ()):
        forget()


class TypedDictSchemas:
    """JSON Schema of TypedDicts, each distinct class under one name in `defs`."""

    def __init__(self) -> None:
        self.defs: dict[str, Schema] = {}
        self._names: dict[type, str] = {}

    def of(self, hint: Hint) -> Schema | None:
        """The schema of a type hint; None for what no JSON body can hold (files, models)."""
        origin: Hint = get_origin(hint)
        if origin is typing.Annotated or origin in WRAPPERS:
            return self.of(get_args(hint)[0])
        if hint in SCALARS:
            return dict(SCALARS[hint])
        if origin is Literal:
            return {"enum": list(get_args(hint))}
        if origin in UNIONS:
            return self._union([self.of(arm) for arm in get_args(hint)])
        if origin in LISTS or getattr(origin, "__name__", "") == "SequenceNotStr":
            return {"type": "array", "items": self.of(get_args(hint)[0])}
        if origin in (dict, Mapping):
            return {"type": "object", "additionalProperties": self.of(get_args(hint)[1])}
        if typing_extensions.is_typeddict(hint):
            return {"$ref": f"#/$defs/{self._name(hint)}"}
        if (origin or hint) in OPEN_FILES or issubclass(hint, pydantic.BaseModel):
            return None  # an open file or a response model: the wire has neither
        raise TypeError(f"no schema for {hint!r}")

    def operation(self, params: type) -> str:
        """Name of the definition of an operation's body."""
        name = self._name(params)
        for parameter in HEADER_PARAMETERS:
            self.defs[name]["properties"].pop(parameter, None)
        return name

    def _union(self, arms: list[Schema | None]) -> Schema:
        flat: list[Schema] = []
        for arm in arms:
            if arm is None:
                continue
            flat += [a for a in arm.get("anyOf", [arm]) if a not in flat]
        if ANY_OBJECT in flat and len(flat) > 1:
            # `InputSchemaTyped | Dict[str, object]` means: these keys, and any others.
            typed = [arm["$ref"].removeprefix("#/$defs/") for arm in flat if "$ref" in arm]
            for name in typed:
                self.defs[name]["additionalProperties"] = True
            if typed:
                flat.remove(ANY_OBJECT)
        return flat[0] if len(flat) == 1 else {"anyOf": flat}

    def _name(self, cls: type) -> str:
        if cls in self._names:
            return self._names[cls]
        name = cls.__name__.removesuffix("Param")
        if name in self.defs:
            name = f"{name}.{1 + sum(key.split('.')[0] == name for key in self.defs)}"
        self._names[cls] = name
        self.defs[name] = {}  # taken, before recursion meets the class again
        forget_subscriptions()
        hints = typing_extensions.get_type_hints(cls, include_extras=True)
        # `__required_keys__` is wrong where annotations are strings, as they are in this SDK.
        total = getattr(cls, "__total__", True)
        self.defs[name] = {
            "type": "object",
            "properties": {key: self.of(hint) for key, hint in hints.items()},
            "required": sorted(key for key, hint in hints.items() if required(hint, total=total)),
            "additionalProperties": False,
        }
        return name


def anthropic_schemas() -> Schema:
    """Bodies of Anthropic's messages API as the installed SDK types them."""
    schemas = TypedDictSchemas()
    ops = {}
    for op, (module, name) in ANTHROPIC_OPS.items():
        ops[op] = schemas.operation(getattr(importlib.import_module(module), name))
        properties = schemas.defs[ops[op]]["properties"]
        properties |= OVERLAY
        if "max_tokens" in properties:
            properties |= CREATE_OVERLAY
    return {
        "source": {"package": "anthropic", "version": anthropic.__version__},
        "ops": ops,
        "$defs": dict(sorted(schemas.defs.items())),
    }


def openai_schemas() -> Schema:
    """Bodies of OpenAI's API as the installed SDK types them."""
    schemas = TypedDictSchemas()
    ops = {
        op: schemas.operation(getattr(importlib.import_module(module), name))
        for op, (module, name) in OPENAI_OPS.items()
    }
    for op in ("chat", "responses"):
        # It stands in the subclasses `...Streaming` and `...NonStreaming`.
        schemas.defs[ops[op]]["properties"]["stream"] = {
            "anyOf": [{"type": "boolean"}, {"type": "null"}]
        }
    return {
        "source": {"package": "openai", "version": openai.__version__},
        "ops": ops,
        "$defs": dict(sorted(schemas.defs.items())),
    }


def structure(node: Schema) -> Schema:
    """A discovery schema without its prose, references by short name."""
    kept = {key: node[key] for key in DISCOVERY_STRUCTURE if key in node}
    if "$ref" in kept:
        kept["$ref"] = kept["$ref"].removeprefix(DISCOVERY_PREFIX)
    for key in ("items", "additionalProperties"):
        if key in node:
            kept[key] = structure(node[key])
    if "properties" in node:
        kept["properties"] = {name: structure(p) for name, p in sorted(node["properties"].items())}
    return kept


def references(node: object) -> Iterator[str]:
    """Short names that a reduced schema refers to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)


def gemini_schemas() -> Schema:
    """What the discovery document's requests reach."""
    folder = Path(str(googleapiclient.__file__)).parent / "discovery_cache" / "documents"
    document = json.loads((folder / f"{DISCOVERY}.json").read_text(encoding="utf-8"))
    full: dict[str, Schema] = document["schemas"]
    found: dict[str, Schema] = {}
    todo = list(GEMINI_OPS.values())
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found[name] = structure(full.get(DISCOVERY_PREFIX + name) or full[name])
        todo += references(found[name])
    return {
        "source": {
            "package": "google-api-python-client",
            "version": metadata.version("google-api-python-client"),
            "document": DISCOVERY,
            "revision": document["revision"],
        },
        "ops": GEMINI_OPS,
        "schemas": dict(sorted(found.items())),
    }


def rendered() -> dict[str, str]:
    """File name to text, as shipped: compact, keys in a stable order, one line."""
    made = {
        "anthropic.json": anthropic_schemas(),
        "gemini.json": gemini_schemas(),
        "openai.json": openai_schemas(),
    }
    return {
        name: json.dumps(schema, separators=(",", ":"), ensure_ascii=False) + "\n"
        for name, schema in made.items()
    }


def meaning(node: Schema) -> Schema:
    """A file's content with its choices sorted: their order changes words, never what is valid."""
    return {name: _meaning(value, name) for name, value in node.items()}


def _meaning(value: Any, name: str) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return meaning(value)
    if isinstance(value, list):
        return sorted(value) if name == "enum" else [_meaning(one, "") for one in value]
    return value


def main() -> int:
    """Write the data files, or compare them."""
    stale = []
    for name, text in rendered().items():
        path = DATA / name
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
            print(f"schemas: {path.relative_to(ROOT)}: {len(text):,} characters")
        elif meaning(json.loads(path.read_text(encoding="utf-8"))) != meaning(json.loads(text)):
            stale.append(name)
    for name in stale:
        print(f"schemas: {name} differs from the installed packages; run scripts/schemas.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
