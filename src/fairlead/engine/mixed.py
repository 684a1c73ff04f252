"""Conversations that more than one vendor has answered.

A client may change the model in the middle of a conversation. As long as vendor and client speak
the same dialect its request goes on as it came; but a turn that another vendor's model made is then
in the history without what this vendor wants of its own turns (a thought before a call, a
signature). Such a request takes the way through canon, where the encoder knows what to do.

Which turns those are is remembered when a translated answer is given: by its tool-call ids. A
turn of plain text needs nothing. The ids are looked for in the body's bytes, without decoding it.
"""

import re

from fairlead.canon import Response, ToolCall
from fairlead.engine.exchange import Exchange
from fairlead.vault.vault import Vault

__all__ = ["mixed", "remember"]

_PREFIX = "made:"
_IDS = re.compile(
    rb'"(?:id|call_id|callId|tool_call_id|tool_use_id)"\s*:\s*"([^"\\]{1,200})"',
)


def remember(x: Exchange, answer: Response, vault: Vault) -> None:
    """Note who made the calls of a translated answer."""
    for candidate in answer.candidates:
        for part in candidate.parts:
            if type(part) is ToolCall and part.id:
                vault.put(x.scope, _PREFIX + part.id, x.dialect.encode("ascii"))


def mixed(x: Exchange, vault: Vault) -> bool:
    """Whether the history holds turns of another vendor's that this one can't take as they are."""
    body = x.body
    if x.codec.left_behind(body):
        return True
    if b"tool" not in body and b"unction" not in body:
        return False
    own = x.dialect.encode("ascii")
    for found in set(_IDS.findall(body)):
        made = vault.get(x.scope, _PREFIX + str(found, "utf-8", "replace"))
        if made is not None and made != own:
            return True
    return False
