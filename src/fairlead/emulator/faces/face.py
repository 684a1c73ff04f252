"""What every face can do, and the values that pass between it and the desk."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct
from msgspec import field as field_of

from fairlead.emulator.answer.ask import Answer, Ask
from fairlead.emulator.answer.compose import compose
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.http11.request import Request
from fairlead.emulator.json_value import JsonValue
from fairlead.emulator.shelf import Shelf

__all__ = [
    "Answered",
    "Face",
    "Op",
    "Put",
    "Route",
    "Tally",
    "Trouble",
    "Usage",
    "field",
    "items",
    "peek_body",
    "plain_json",
]

Op = Literal[
    "generate",
    "stream",
    "count_tokens",
    "models",
    "model",
    "responses",
    "response",
    "response_delete",
    "response_cancel",
    "input_items",
    "embeddings",
    "file_create",
    "file_list",
    "file",
    "file_delete",
    "file_content",
    "batch_create",
    "batch_list",
    "batch",
    "batch_cancel",
    "batch_delete",
    "batch_results",
    "cache_create",
    "cache_list",
    "cache",
    "cache_patch",
    "cache_delete",
    "embed",
    "embed_batch",
    "predict",
    "upload",
]

Usage = dict[str, int]
"""Tokens by kind, each token in one kind only: `input`, `input_audio`, `cache_read`,
`cache_read_audio`, `cache_write_5m`, `cache_write_1h`, `thinking`, `output`; and `cache_storage`,
tokens times hours that a cached content is kept, less than 0 where its end came nearer."""


class Route(Struct, frozen=True):
    """Where a request goes. `model` is what the path says of it; `array` streams JSON, not SSE.

    `plain`: its body, if it has one, is no JSON, and the face reads it itself. `keeps`: what it
    makes is kept by the vendor, so that no answer is given twice. `ident` is the id in the path.
    """

    op: Op
    model: str = ""
    array: bool = False
    plain: bool = False
    keeps: bool = False
    ident: str = ""


class Trouble(Struct, frozen=True):
    """A refusal in the vendor's terms: `type` is its own name for it, empty for the default.

    `details` are Google's, `param` and `code` OpenAI's.
    """

    status: int
    message: str
    type: str = ""
    retry_after: float | None = None
    details: tuple[dict[str, Any], ...] = ()
    param: str | None = None
    code: str | None = None


class Tally(Struct, frozen=True):
    """Prompt tokens. `total` is all of them; `read` and the writes are parts of it. `kinds` and
    `read_kinds` split `total` and `read` by modality.
    """

    total: int
    kinds: tuple[tuple[str, int], ...] = ()
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0
    read_kinds: tuple[tuple[str, int], ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()
    """Thinking blocks that the model doesn't get to see: path, and which check they failed."""
    binding: bytes = b""
    """What the thinking of the answer is bound to."""

    @property
    def fresh(self) -> int:
        """What is neither read from a cache nor written to one."""
        return self.total - self.read - self.write_5m - self.write_1h


Composer = Callable[[dict[str, Any], Ask, int], Answer]


def _plain(body: dict[str, Any], ask: Ask, index: int) -> Answer:
    del body
    return compose(ask, index)


def _unsealed(about: bytes) -> str:
    return about.hex()


def _unserved(path: str, body: bytes) -> Reply:
    del path, body
    return Reply(404)


class Put(Struct, frozen=True):
    """A request that passed all checks, with what the emulator has to know to answer it.

    `sign(model, text, bound, binding)` signs a thinking text so that it can be verified with
    `bound` when it comes back. `composer` makes answers: a script's, if one is about this
    conversation. `seal` makes what can be given back unread. `shelf` is what the vendor keeps for
    the key `scope`; `run` answers a line of a batch: path and body.
    """

    route: Route
    body: dict[str, Any]
    model: str
    stream: bool
    request_id: str
    tally: Tally
    sign: Callable[..., str]
    composer: Composer = _plain
    seal: Callable[[bytes], str] = _unsealed
    shelf: Shelf = field_of(default_factory=Shelf)
    scope: str = ""
    request: Request = field_of(default_factory=lambda: Request("GET", "/", {}))
    run: Callable[[str, bytes], Reply] = _unserved

    def compose(self, ask: Ask, index: int = 0) -> Answer:
        """The answer to what is asked, or its candidate number `index`. A script reads `body`: a
        face that knows more of the conversation than the body says puts the whole one there first.
        """
        return self.composer(self.body, ask, index)


class Answered(Struct, frozen=True):
    """A reply and its bill."""

    reply: Reply
    usage: Usage


def plain_json(value: JsonValue) -> Answered:
    """A value as compact JSON; it costs nothing."""
    return Answered(Reply(200, body=msgspec.json.encode(value)), {})


class Face(Protocol):
    """One vendor's door. `family` says whose models are behind it and whose signatures count:
    `anthropic`, `gemini` or `openai`; `rulebook` by which rules requests are judged.
    """

    vendor: str
    family: str
    rulebook: str
    size_limit: int
    id_header: str | None
    """The header that carries the request's id, if the vendor has one."""

    def route(self, method: str, path: str, query: Mapping[str, str]) -> Route | Trouble:
        """Where the request goes, or why nowhere."""
        ...

    def key(self, request: Request) -> str:
        """The key that the request carries; empty without one."""
        ...

    def key_trouble(self, key: str) -> Trouble:
        """What the vendor says to a missing or a bad key."""
        ...

    def version_trouble(self, request: Request) -> Trouble | None:
        """What the vendor says to a missing or an unknown version, if it has versions."""
        ...

    def json_trouble(self, problem: str) -> Trouble:
        """What the vendor says to a body that is not a JSON object."""
        ...

    def peek(self, route: Route, body: JsonValue) -> tuple[str, bool]:
        """The model, and whether a stream is wanted, of a body that is not checked yet."""
        ...

    def answer(self, put: Put) -> Answered:
        """The answer to a request that is in order."""
        ...

    def refusal(self, trouble: Trouble, request_id: str, route: Route | None = None) -> Reply:
        """A refusal in the vendor's shape, which may depend on what was called."""
        ...

    def outage(self, trouble: Trouble, request_id: str, route: Route) -> bytes:
        """The vendor's error in the middle of a stream, ready to be sent."""
        ...


def peek_body(route: Route, body: JsonValue) -> tuple[str, bool]:
    """The model and whether a stream is wanted, where both are in the body."""
    if not isinstance(body, dict):
        return route.model, False
    model = body.get("model")
    return model if isinstance(model, str) else route.model, body.get("stream") is True


_SNAKE: dict[str, str] = {}


def field(value: JsonValue, name: str) -> JsonValue:
    """A field by its camelCase name or its snake_case one, as Google's parsers take both."""
    if not isinstance(value, dict):
        return None
    found = value.get(name)
    if found is not None:
        return found
    snake = _SNAKE.get(name)
    if snake is None:
        snake = "".join("_" + c.lower() if c.isupper() else c for c in name)
        _SNAKE[name] = snake
    return value.get(snake)


def items(value: JsonValue) -> list[Any]:
    """A list, a lone value as a list of one, nothing as an empty list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
