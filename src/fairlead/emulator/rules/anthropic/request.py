"""A Messages request as the rules read it: valid under the schema."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from fairlead.emulator.models import Model

__all__ = ["Block", "Issued", "Request", "Turn", "turns_of"]

Issued = Callable[[str, str], bool]
"""Whether the emulator issued this signature for this text."""


def _unbound(_: str) -> bytes:
    return b""


class Block(NamedTuple):
    """A content block and where it stands: `messages.{message}.content.{at}`."""

    message: int
    at: int
    body: dict[str, Any]

    @property
    def kind(self) -> str:
        """Its type."""
        return str(self.body.get("type"))

    @property
    def path(self) -> str:
        """Its path in the vendor's notation."""
        return f"messages.{self.message}.content.{self.at}"


class Turn(NamedTuple):
    """Consecutive messages of one role, which the server merges [S]."""

    role: str
    blocks: list[Block]

    def of(self, kind: str) -> list[Block]:
        """Its blocks of one type."""
        return [block for block in self.blocks if block.kind == kind]


class Request(msgspec.Struct, frozen=True):
    """What is asked, of which model, and how large it is.

    Attributes:
        op: `messages` or `count_tokens`.
        tokens: input tokens as the emulator counts them.
        issued: tells the emulator's own signatures from foreign ones.
        version: the `anthropic-version` header.
        betas: what the `anthropic-beta` header lists.
        turns: the messages, merged by role, without system messages.
        account: whose request it is.
        binding_of: what a signature of the emulator's is bound to.
        image_megabytes: how much base64 an image may have.
    """

    op: str
    model: Model
    body: dict[str, Any]
    tokens: int
    issued: Issued
    version: str
    betas: frozenset[str]
    turns: list[Turn]
    account: str = ""
    binding_of: Callable[[str], bytes] = _unbound
    image_megabytes: int = 10

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages as they came."""
        messages: list[dict[str, Any]] = self.body["messages"]
        return messages

    @property
    def thinking(self) -> str:
        """The thinking mode asked for, or the one that the model has without a word."""
        return str((self.body.get("thinking") or {}).get("type", self.model.thinking_default))

    def blocks(self) -> Iterator[Block]:
        """Every block of every turn."""
        for turn in self.turns:
            yield from turn.blocks


def turns_of(messages: list[dict[str, Any]]) -> list[Turn]:
    """Messages as turns; a string is one text block. System messages are left out."""
    turns: list[Turn] = []
    for number, message in enumerate(messages):
        role = message["role"]
        if role == "system":
            continue
        content = message.get("content") or []
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        blocks = [Block(number, index, part) for index, part in enumerate(parts)]
        if turns and turns[-1].role == role:
            turns[-1].blocks.extend(blocks)
        else:
            turns.append(Turn(role, blocks))
    return turns
