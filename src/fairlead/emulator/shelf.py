"""What OpenAI's Responses API keeps for its clients: answers and their items. All else that
vendors keep is in the drawer.

Everything is kept per key, in memory, and forgotten with the emulator. A conversation is a chain of
responses, each with the items that were sent with it: `whole_input` puts them together, as the
server does for `previous_response_id`.
"""

from typing import Any

import msgspec

from fairlead.emulator.drawer import Drawer

__all__ = ["Shelf", "Stored", "items_of"]

Item = dict[str, Any]
MOST = 2000


class Stored(msgspec.Struct, frozen=True):
    """A response that was stored, with its own input and all items before and in it."""

    response: dict[str, Any]
    input: list[Item]
    history: list[Item]


class Shelf:
    """Mutable; the oldest goes when there are too many."""

    def __init__(self, drawer: Drawer | None = None) -> None:
        self.drawer = drawer or Drawer()
        self.responses: dict[tuple[str, str], Stored] = {}
        self._items: dict[tuple[str, str], Item] = {}
        self.made = 0

    def forget(self) -> None:
        """As on the first day."""
        self.responses.clear()
        self.drawer.forget()
        self._items.clear()
        self.made = 0

    def next(self) -> bytes:
        """A number that was not given before: what is made twice has two ids."""
        self.made += 1
        return self.made.to_bytes(8)

    def keep(self, scope: str, stored: Stored) -> None:
        """Keep a response, so that it can be continued and read."""
        for item in (*stored.input, *stored.response["output"]):
            if isinstance(item.get("id"), str):
                self._items[scope, item["id"]] = item
        self.responses[scope, stored.response["id"]] = stored
        while len(self.responses) > MOST:
            del self.responses[next(iter(self.responses))]
        while len(self._items) > 10 * MOST:
            del self._items[next(iter(self._items))]

    def drop(self, scope: str, ident: str) -> bool:
        """Forget a response and its items; whether there was one."""
        stored = self.responses.pop((scope, ident), None)
        for item in stored.response["output"] if stored else ():
            self._items.pop((scope, str(item.get("id"))), None)
        return stored is not None

    def item(self, scope: str, ident: str) -> Item | None:
        """An item of a stored response by its id."""
        return self._items.get((scope, ident))

    def whole_input(self, scope: str, body: dict[str, Any]) -> list[Item]:
        """All items of a request: those of the responses before it, then its own.

        References to items are resolved; one to nothing stays as it is.
        """
        before: list[Item] = []
        stored = self.responses.get((scope, str(body.get("previous_response_id"))))
        if stored is not None:
            before = stored.history
        own = [
            (self.item(scope, str(item.get("id"))) or item) if _refers(item) else item
            for item in items_of(body.get("input"))
        ]
        return [*before, *own]


def _refers(item: Item) -> bool:
    return item.get("type") == "item_reference" or (
        item.get("type") is None and "id" in item and "role" not in item
    )


def items_of(given: object) -> list[Item]:
    """An input as items; a string is one message of the user's. What is no item is passed over."""
    if isinstance(given, str):
        content = [{"type": "input_text", "text": given}]
        return [{"type": "message", "role": "user", "content": content}]
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
