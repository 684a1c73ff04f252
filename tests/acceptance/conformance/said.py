"""What a request says, as an outsider reads it off the bytes: the common ground of all dialects.

Written apart from Fairlead's codecs and its canon, so that a mistake there cannot confirm itself.
A reader takes every field that it understands out of an `Obj`; what is left over afterwards was
not understood, and `Said.unread` names it: nothing may disappear because nobody looked.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Obj", "Piece", "Said", "ToolSaid", "arguments", "digest", "names_in", "strings_in"]

Json = Any
_HUMP = re.compile(r"_([a-z0-9])")


def _camel(name: str) -> str:
    return _HUMP.sub(lambda found: found[1].upper(), name) if "_" in name[1:] else name


@dataclass(frozen=True)
class Piece:
    """One thing that was said. `path` is where, in the client's body.

    Kinds: `system`, `user`, `assistant`, `thought` (texts); `call` (`name`, canonical `text` of its
    arguments); `result` (`link`: which call, counted from 0); `media` (`text`: a digest of its
    bytes, or its address; `name`: MIME type); `own` (what only one vendor can say).
    """

    kind: str
    text: str
    path: str
    name: str = ""
    link: int = -1
    inside: bool = False


@dataclass(frozen=True)
class ToolSaid:
    """A tool on offer. `own` is the kind of a tool that a vendor runs by itself."""

    name: str
    description: str
    schema: Json
    path: str
    own: str = ""


@dataclass
class Said:
    """A whole request. `knobs` has one spelling for all dialects."""

    pieces: list[Piece] = field(default_factory=list)
    tools: list[ToolSaid] = field(default_factory=list)
    knobs: dict[str, Json] = field(default_factory=dict)
    marks: int = 0
    objects: list["Obj"] = field(default_factory=list)
    open: list[tuple[str, str, int]] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Piece]:
        """The pieces of these kinds, in order."""
        return [piece for piece in self.pieces if piece.kind in kinds]

    def add(self, kind: str, text: str, path: str, **more: Any) -> None:
        """Note a piece."""
        self.pieces.append(Piece(kind, text, path, **more))

    def call(self, call_id: str, name: str, args: str, path: str) -> None:
        """Note a call, which now waits for its result."""
        self.open.append((call_id, name, len(self.of("call"))))
        self.add("call", args, path, name=name)

    def answered(self, call_id: str | None, name: str = "") -> int:
        """Which call a result answers: by id, else the first open one of that name."""
        for at in range(len(self.open) - 1, -1, -1) if call_id else ():
            if self.open[at][0] == call_id:
                return self.open.pop(at)[2]
        for at, (_, called, number) in enumerate(self.open):
            if name and called == name:
                del self.open[at]
                return number
        return -1

    def unread(self) -> list[tuple[str, Json]]:
        """Fields that the reader didn't understand, with their values."""
        return [
            (obj.at(name), value)
            for obj in self.objects
            for name, value in obj.left.items()
            if value is not None
        ]


class Obj:
    """A JSON object under reading: taking a field removes it."""

    def __init__(self, value: Json, path: str, said: Said, *, camel: bool = False) -> None:
        if not isinstance(value, dict):
            raise TypeError(f"{path}: {type(value).__name__} where an object is expected")
        self.left: dict[str, Json] = {
            _camel(name) if camel else name: inner for name, inner in value.items()
        }
        self.path, self.said, self.camel = path, said, camel
        said.objects.append(self)

    def at(self, name: str) -> str:
        """The path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def take(self, name: str, default: Json = None) -> Json:
        """A field's value."""
        value = self.left.pop(name, None)
        return default if value is None else value

    def has(self, name: str) -> bool:
        """Whether a field says anything."""
        return self.left.get(name) is not None

    def obj(self, name: str) -> "Obj | None":
        """A field that is an object."""
        value = self.take(name)
        return None if value is None else self.below(value, name)

    def objs(self, name: str) -> list["Obj"]:
        """A field that is a list of objects; a lone one counts as a list of one."""
        value = self.take(name, [])
        if isinstance(value, dict):
            return [self.below(value, name)]
        return [self.below(inner, f"{name}[{at}]") for at, inner in enumerate(value)]

    def below(self, value: Json, name: str) -> "Obj":
        """An object that stands at `name`."""
        return Obj(value, self.at(name), self.said, camel=self.camel)

    def rest_as(self, kind: str) -> None:
        """Whatever is left of this object is of a vendor's own kind."""
        self.said.add("own", json.dumps(self.left, sort_keys=True), self.path, name=kind)
        self.left.clear()


def digest(data: str) -> str:
    """A name for the bytes that base64 of any alphabet holds."""
    clean = data.replace("-", "+").replace("_", "/").replace("\n", "").replace("\r", "").strip()
    clean = clean.rstrip("=")
    return of_bytes(base64.b64decode(clean + "=" * (-len(clean) % 4)))


def of_bytes(data: bytes) -> str:
    """A name for bytes."""
    return "bytes:" + hashlib.sha256(data.removeprefix(b"\xef\xbb\xbf")).hexdigest()[:16]


def arguments(value: Json) -> str:
    """A call's arguments in one spelling, whether they came as text or as an object."""
    if isinstance(value, str):
        if not value.strip():
            return "{}"
        text = value
        try:
            value = json.loads(text)
        except ValueError:
            return text
    return json.dumps({} if value is None else value, sort_keys=True, ensure_ascii=False)


def names_in(schema: Json) -> set[str]:
    """The names of all properties that a JSON Schema declares."""
    found: set[str] = set()
    for node in _nodes(schema):
        properties = node.get("properties")
        if isinstance(properties, dict):
            found |= properties.keys()
    return found


def _nodes(value: Json) -> Iterator[dict[str, Json]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _nodes(inner)


def strings_in(value: Json) -> Iterator[str]:
    """All texts of a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_in(inner)
