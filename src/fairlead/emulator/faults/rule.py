"""A fault rule: which requests it hits, and what it does to them."""

from typing import Literal

from msgspec import Struct

from fairlead.emulator.json_value import JsonValue

__all__ = ["ACTIONS", "MATCHERS", "Action", "FaultRule"]

Action = Literal[
    "status",
    "reset",
    "close",
    "stall",
    "malformed_chunk",
    "malformed_event",
    "wrong_length",
    "drip",
    "stream_error",
]

MATCHERS = ("vendor", "model", "path", "stream", "skip", "every", "times", "share")

ACTIONS: dict[str, tuple[str, ...]] = {
    "status": ("status", "type", "message", "retry_after", "headers", "body"),
    "reset": ("after",),
    "close": ("after",),
    "stall": ("after", "seconds"),
    "malformed_chunk": ("after",),
    "malformed_event": ("after",),
    "wrong_length": ("delta",),
    "drip": ("bytes", "interval"),
    "stream_error": ("after", "status", "type", "message", "retry_after"),
}
"""The settings that each action takes, beside the matchers."""


class FaultRule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule. The first rule that hits a request is the one that acts.

    Matchers: `vendor` is `anthropic`, `gemini`, `openai`, `vertex`, `bedrock` or `google` (its
    token services); `model` and `path` are shell patterns;
    `stream` only streams (or only others). `skip` leaves the first matching requests alone,
    `every` n hits each nth of the rest, `share` hits that part of them (by hash, not by chance),
    `times` is how often the rule acts at most.

    Actions (`after`: bytes of the body that arrive intact; None: nothing at all, not even a head):

    - `status`: the vendor's own error of that `status`, or `body` as it is; `retry_after` seconds;
    - `reset`, `close`: TCP reset, or an early end, after `after` bytes;
    - `stall`: silence of `seconds` before the head or after `after` bytes, then it goes on;
    - `malformed_chunk`: a chunk whose size is not a number, after `after` bytes (0);
    - `malformed_event`: broken JSON in the first event that starts at `after` bytes (0) or later;
    - `wrong_length`: a content-length that is wrong by `delta` (10: more is promised than comes);
    - `drip`: `bytes` (1) of the body every `interval` (0.05) seconds;
    - `stream_error`: the vendor's error in mid-stream, at the first event from `after` bytes on.
    """

    action: Action
    vendor: str | None = None
    model: str | None = None
    path: str | None = None
    stream: bool | None = None
    skip: int = 0
    every: int = 1
    times: int | None = None
    share: float | None = None
    status: int | None = None
    type: str | None = None
    message: str | None = None
    retry_after: float | None = None
    headers: dict[str, str] = {}
    body: JsonValue = None
    after: int | None = None
    seconds: float | None = None
    delta: int | None = None
    bytes: int | None = None
    interval: float | None = None
