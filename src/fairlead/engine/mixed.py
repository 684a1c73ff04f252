"""Conversations that more than one vendor has answered.

A client may change the model in the middle of a conversation. As long as vendor and client speak
the same dialect its request goes on as it came; but a turn that another vendor's model made is then
in the history without what this vendor wants of its own turns (a thought before a call, a
signature). Such a request takes the way through canon, where the encoder knows what to do.

Which turns those are is remembered when a translated answer is given: by its tool-call ids, and by
the signatures that the client's dialect can carry, which are not for another vendor's eyes. A turn
of plain text needs nothing else. Both are looked for in the body's bytes, without decoding it.
"""

import re
from contextlib import suppress
from hashlib import blake2b

import msgspec

from fairlead.canon import Response, ToolCall
from fairlead.engine.exchange import Exchange
from fairlead.vault.vault import Vault

__all__ = ["mixed", "remember"]

_PREFIX = "made:"
_text = msgspec.json.Decoder(str).decode
_IDS = re.compile(
    rb'"(?:id|call_id|callId|tool_call_id|tool_use_id)"\s*:\s*"([^"\\]{1,200})"',
)
_SEALS = re.compile(rb'"(?:thought_signature|signature|data)"\s*:\s*("(?:[^"\\]|\\.)+")')
_CARRIES = (b'"extra_content"', b'"reasoning_details"')
"""Fields in which OpenAI's chat dialect carries signatures; the others have no place for foreign
ones."""


def remember(x: Exchange, answer: Response, vault: Vault) -> None:
    """Note who made the calls of a translated answer."""
    for candidate in answer.candidates:
        for part in candidate.parts:
            if type(part) is ToolCall and part.id:
                vault.put(x.scope, _PREFIX + part.id, x.dialect.encode("ascii"))
            signature = getattr(part, "signature", None)
            if signature is not None:
                vault.put(x.scope, _seal(signature.value), x.dialect.encode("ascii"))


def _seal(value: str) -> str:
    return _PREFIX + blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def mixed(x: Exchange, vault: Vault) -> bool:
    """Whether the history holds turns of another vendor's that this one can't take as they are."""
    body = x.body
    if x.codec.left_behind(body):
        return True
    names: list[str] = []
    if b"tool" in body or b"unction" in body:
        names += [_PREFIX + str(found, "utf-8", "replace") for found in set(_IDS.findall(body))]
    if any(field in body for field in _CARRIES):
        with suppress(msgspec.DecodeError):  # a bad escape is for the decoder to name
            names += [_seal(_text(found)) for found in set(_SEALS.findall(body))]
    own = x.dialect.encode("ascii")
    return any(vault.get(x.scope, name) not in (None, own) for name in names)
