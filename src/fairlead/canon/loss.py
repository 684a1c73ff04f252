"""Losses: what a target dialect or model cannot say, named instead of dropped."""

from typing import Literal

from msgspec import Struct

__all__ = ["Loss"]


class Loss(Struct, frozen=True):
    """One thing that did not survive a translation.

    `cosmetic`: a knob that changes no content (named in a header and in the ledger).
    `semantic`: content, a tool, a schema, a modality: the request is refused with a 400 unless its
    policy allows losses. `path` is the client's field (`messages[2].content[0]`), `what` a short
    stable code (`seed`, `audio_input`, `server_tool:web_search`), `why` a sentence for people.
    """

    kind: Literal["cosmetic", "semantic"]
    path: str
    what: str
    why: str
