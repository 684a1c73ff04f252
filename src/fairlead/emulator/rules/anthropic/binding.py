"""What thinking blocks of the newest models are bound to.

From Haiku 5.5's generation on, a block's signature says where it was made, and it can be read only
there. Three checks, in this order of precedence (SDK 2.12.0, `input_transformations`):

    organization   another account's block: it is dropped, and the request goes on
    model          a block of a model that this one may not read: dropped likewise
    prefix         system, tools or a message before the block has changed, or a thinking block
                   between others is missing: a 400, or dropped if
                   `thinking.block_binding.prefix_mismatch_behavior` is "drop_block"

Blocks "may be removed from the front of a history but not from the middle" (router-for-me/
CLIProxyAPI, pull request 5422), so the prefix leaves thinking out, and each block knows the one
before it. Cache markers are no part of it (LiteLLM, "Preserved thinking prefix stability"). The
vendor enforces the prefix for accounts since 2026-08-31; the emulator's account is a new one. An
account is a key here.

Every model's signatures say where they were made; only these models look. The binding is 32 bytes:
model, account, prefix and the block before, eight each.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from fairlead.emulator.models import Model
from fairlead.emulator.rules.anthropic.request import Block, Request, Turn, turns_of

__all__ = ["BindingOf", "Dropped", "bind", "dropped", "prefix", "without"]

BindingOf = Callable[[str], bytes]
"""The binding in a signature of the emulator's; empty for what has none."""

SIZE = 8
NONE = bytes(SIZE)
THINKING = ("thinking", "redacted_thinking")
LEFT_OUT = ("cache_control", "caller")
_encode = msgspec.json.Encoder(order="sorted").encode


class Dropped(NamedTuple):
    """A block that the model doesn't get to see, and the check that it failed."""

    block: Block
    reason: str


class _Place(NamedTuple):
    """A thinking block that came back, with what stands before it."""

    block: Block
    prefix: bytes
    before: bytes


def bind(model: Model, body: dict[str, Any], account: str) -> bytes:
    """The binding of a thinking block that is made for this request."""
    *_, last = _places(body, turns_of(body["messages"]))
    return _short(model.name) + _short(account) + last.prefix + last.before


def dropped(
    model: Model, body: dict[str, Any], account: str, binding_of: BindingOf
) -> list[Dropped]:
    """The blocks that are taken out before the model reads the request."""
    found: list[Dropped] = []
    taken = _forgiving(body)
    for place, reason in _mismatches(model, body, account, binding_of):
        if reason != "prefix_binding_mismatch" or taken:
            found.append(Dropped(place.block, reason))
    return found


def without(body: dict[str, Any], gone: list[Dropped]) -> dict[str, Any]:
    """The request as the model reads it: "removed blocks contribute nothing" to its tokens [S]."""
    if not gone:
        return body
    away = {(one.block.message, one.block.at) for one in gone}
    messages = [
        message
        if isinstance(message["content"], str)
        else {
            **message,
            "content": [b for at, b in enumerate(message["content"]) if (number, at) not in away],
        }
        for number, message in enumerate(body["messages"])
    ]
    return {**body, "messages": messages}


def prefix(request: Request) -> str | None:
    """[D] "Fix a thinking block bound to a different conversation"."""
    if _forgiving(request.body):
        return None
    found = _mismatches(request.model, request.body, request.account, request.binding_of)
    for place, reason in found:
        if reason == "prefix_binding_mismatch":
            key = "signature" if place.block.kind == "thinking" else "data"
            return (
                f"{place.block.path}: Invalid `{key}` in `{place.block.kind}` block. The block is "
                "bound to a different conversation. Remove the block, or set "
                '`thinking.block_binding.prefix_mismatch_behavior` to "drop_block".'
            )
    return None


def _forgiving(body: dict[str, Any]) -> bool:
    control = (body.get("thinking") or {}).get("block_binding") or {}
    return control.get("prefix_mismatch_behavior") == "drop_block"


def _mismatches(
    model: Model, body: dict[str, Any], account: str, binding_of: BindingOf
) -> Iterable[tuple[_Place, str]]:
    if not model.binding:
        return
    for place in _places(body, turns_of(body["messages"])):
        signature = _signature(place.block)
        binding = binding_of(signature) if signature else b""
        if signature and (reason := _mismatch(model, place, binding, account)):
            yield place, reason


def _mismatch(model: Model, place: _Place, binding: bytes, account: str) -> str | None:
    if not binding:
        return None  # the real vendor's, which can't be looked into
    maker, owner, before, chained = (binding[at : at + SIZE] for at in range(0, 4 * SIZE, SIZE))
    if "organization" in model.binding and owner not in (NONE, _short(account)):
        return "organization_binding_mismatch"
    if "model" in model.binding and maker != _short(model.name):
        return "model_binding_mismatch"
    moved = before != place.prefix or place.before not in (NONE, chained)
    return "prefix_binding_mismatch" if "prefix" in model.binding and moved else None


def _places(body: dict[str, Any], turns: list[Turn]) -> Iterable[_Place]:
    """Each thinking block, and at last the place where the next one will stand."""
    chain = blake2b(digest_size=SIZE)
    system = body.get("system") or []
    system = [{"type": "text", "text": system}] if isinstance(system, str) else system
    chain.update(_encode([_plain(system), _plain(body.get("tools") or [])]))
    before = NONE
    for turn in turns:
        chain.update(turn.role.encode())
        for block in turn.blocks:
            if block.kind in THINKING:
                yield _Place(block, chain.digest(), before)
                before = _short(_signature(block))
            else:
                chain.update(_encode(_plain(block.body)))
    if not turns or turns[-1].role != "assistant":
        chain.update(b"assistant")
    yield _Place(Block(len(body["messages"]), 0, {}), chain.digest(), before)


def _signature(block: Block) -> str:
    return str(block.body.get("signature") or block.body.get("data") or "")


def _short(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A value without what is no content; a text alone is a text block."""
    if isinstance(value, dict):
        kept = {k: _plain(v) for k, v in value.items() if v is not None and k not in LEFT_OUT}
        if isinstance(value.get("content"), str):
            kept["content"] = [{"type": "text", "text": value["content"]}]
        return kept
    return [_plain(one) for one in value] if isinstance(value, list) else value
