"""`GET` and `DELETE /v1/responses/{id}` and its input items: answers that the gateway stored.

An answer that the vendor stored, too, is deleted there as well; one that was still being made when
it was stored (`background`) is asked for there.
"""

from urllib.parse import parse_qs, quote

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Failure, Problem
from fairlead.engine.engine import TransportOf
from fairlead.engine.snapshot import Snapshot
from fairlead.upstream.transport import HttpRequest, TransportError
from fairlead.upstream.vendors import Upstream, address
from fairlead.vault.responses import ResponseStore, Stored

__all__ = ["StoredResponses"]

_ENCODE = msgspec.json.Encoder().encode
_ITEMS = msgspec.json.Decoder(list[Raw])
_PAGE, _MOST = 20, 100
"""https://platform.openai.com/docs/api-reference/responses/input-items: limit 1 to 100, 20."""
_MOST_BYTES = 64 * 1024 * 1024
_UNFINISHED = frozenset({"queued", "in_progress"})


class _Status(Struct):
    status: str | None = None


class _Item(Struct):
    id: str | None = None
    role: str | None = None


_STATUS = msgspec.json.Decoder(_Status)
_ITEM = msgspec.json.Decoder(_Item)


class StoredResponses:
    """What can be done with stored answers. `scope` is who asks."""

    def __init__(self, responses: ResponseStore, transports: TransportOf) -> None:
        self._responses = responses
        self._transports = transports

    async def get(self, snapshot: Snapshot, scope: str, id_: str) -> bytes:
        """The answer.

        Raises:
            Failure: this scope has none of that id.
        """
        stored = await self._stored(scope, id_)
        if _STATUS.decode(stored.body).status not in _UNFINISHED:
            return stored.body
        upstream = _vendor(snapshot, stored)
        return stored.body if upstream is None else await self._ask(upstream, "GET", id_)

    async def delete(self, snapshot: Snapshot, scope: str, id_: str) -> bytes:
        """Delete it, also where the vendor stored it.

        Raises:
            Failure: this scope has none of that id, or the vendor does not delete it.
        """
        stored = await self._stored(scope, id_)
        upstream = _vendor(snapshot, stored)
        if upstream is not None:
            await self._ask(upstream, "DELETE", id_)
        await self._responses.delete(scope, id_)
        return _ENCODE({"id": id_, "object": "response", "deleted": True})

    async def input_items(self, scope: str, id_: str, query: bytes) -> bytes:
        """A page of the items that led to it, the newest first unless `order=asc`.

        Raises:
            Failure: this scope has none of that id, or the query makes no sense.
        """
        stored = await self._stored(scope, id_)
        asked = {k: v[-1] for k, v in parse_qs(query.decode("latin-1")).items()}
        items = [_named(raw, f"{id_}_{at}") for at, raw in enumerate(_ITEMS.decode(stored.items))]
        if asked.get("order", "desc") not in {"asc", "desc"}:
            raise Failure.invalid("order is 'asc' or 'desc'", "order")
        if asked.get("order", "desc") == "desc":
            items.reverse()
        limit = asked.get("limit", str(_PAGE))
        if not limit.isdecimal() or not 1 <= int(limit) <= _MOST:
            raise Failure.invalid(f"limit is a number from 1 to {_MOST}", "limit")
        names = [name for name, _ in items]
        after = asked.get("after")
        if after is not None and after not in names:
            raise Failure.invalid(f"after: there is no item {after[:100]!r}", "after")
        first = names.index(after) + 1 if after is not None else 0
        page = items[first : first + int(limit)]
        return _ENCODE(
            {
                "object": "list",
                "data": [raw for _, raw in page],
                "first_id": page[0][0] if page else None,
                "last_id": page[-1][0] if page else None,
                "has_more": first + int(limit) < len(items),
            }
        )

    async def _stored(self, scope: str, id_: str) -> Stored:
        stored = await self._responses.get(scope, id_)
        if stored is None:
            message = f"Response with id '{id_[:200]}' not found."
            hint = "it was deleted, is too old, or was made with another key or `store: false`"
            raise Failure(Problem("not_found", message, hint=hint))
        return stored

    async def _ask(self, upstream: Upstream, method: str, id_: str) -> bytes:
        url = address(upstream, f"/v1/responses/{quote(id_, safe='')}")
        request = HttpRequest(method, url, upstream.headers, b"", upstream.timeouts)
        try:
            response = await self._transports.of(upstream).send(request)
            try:
                body = await response.read(_MOST_BYTES)
            finally:
                await response.aclose()
        except TransportError as error:
            raise Failure(_unanswered(upstream, method, str(error))) from error
        if response.status >= 300 and not (method == "DELETE" and response.status == 404):
            raise Failure(_unanswered(upstream, method, f"status {response.status}"))
        return body


def _vendor(snapshot: Snapshot, stored: Stored) -> Upstream | None:
    """The upstream that stored the answer as well, None where it was translated."""
    for upstream in snapshot.upstreams.values():
        if upstream.label == stored.upstream and upstream.speaks("openai_responses"):
            return upstream
    return None


def _unanswered(upstream: Upstream, method: str, why: str) -> Problem:
    return Problem(
        "upstream",
        f"upstream '{upstream.name}' did not take {method} of this response: {why}",
        hint="try again; nothing was deleted here",
        retryable=True,
        upstream=upstream.name,
    )


def _named(raw: Raw, name: str) -> tuple[str, Raw]:
    """An item as lists show it: with an id, which clients rarely give, and its text as parts."""
    item = _ITEM.decode(raw)
    own = item.id or name
    fields = msgspec.json.decode(raw, type=dict[str, Raw])
    if item.role is not None:
        fields.setdefault("type", Raw(b'"message"'))
        fields.setdefault("status", Raw(b'"completed"'))
        if bytes(fields.get("content", b"")).startswith(b'"'):
            kind = "output_text" if item.role == "assistant" else "input_text"
            text = {"type": kind, "text": fields["content"]}
            fields["content"] = Raw(_ENCODE([text]))
    return own, Raw(_ENCODE({**fields, "id": own}))
