"""The vendor's answer to a call that is passed on, as the client gets it."""

from collections.abc import AsyncIterator
from time import perf_counter

from msgspec import Struct

from fairlead.engine.answer_headers import answer_headers, given_back
from fairlead.engine.client import Client, Header
from fairlead.engine.endpoints import Endpoint
from fairlead.engine.exchange import Exchange
from fairlead.engine.uploads import address_here
from fairlead.upstream.transport import HttpResponse

__all__ = ["PassCall", "respond", "stream"]

ADDRESS = "x-goog-upload-url"
# https://ai.google.dev/api/files: the headers of the resumable protocol.
_GIVEN = frozenset(
    {
        *("content-disposition", "x-goog-upload-status", "x-goog-upload-chunk-granularity"),
        *("x-goog-upload-size-received", "x-goog-upload-header-content-type"),
    }
)


class PassCall(Struct, frozen=True):
    """One call. `route` is the route's name; `variables` come from the path; `here` is the
    gateway's address as the client sees it, `path` the path that it asked for.
    """

    endpoint: Endpoint
    method: str
    route: str
    variables: dict[str, str]
    here: str
    path: str

    @property
    def asked_id(self) -> str | None:
        """The id in the path, as the vendor says it."""
        bare = self.variables.get("id")
        return None if bare is None else self.endpoint.prefix + bare


def _answer_headers(x: Exchange, call: PassCall, response: HttpResponse) -> list[Header]:
    said = response.headers
    headers = answer_headers(x, said.get("content-type", "").encode("latin-1"))
    if "content-type" not in said:
        del headers[0]
    headers += given_back(x, said)
    headers += [(n.encode(), v.encode("latin-1")) for n, v in said.items() if n in _GIVEN]
    if (vendors := said.get(ADDRESS)) is not None and x.upstream is not None:
        here = address_here(vendors, call.here + call.path, x.upstream, x.key_id, x.at)
        headers.append((ADDRESS.encode(), here.encode("ascii", "replace")))
    return headers


async def respond(
    x: Exchange, call: PassCall, response: HttpResponse, body: bytes, client: Client
) -> None:
    """A whole answer."""
    x.status, x.outcome = response.status, "ok"
    x.first_byte = x.last = perf_counter()
    await client.respond(response.status, _answer_headers(x, call, response), body)


async def stream(
    x: Exchange,
    call: PassCall,
    response: HttpResponse,
    pieces: AsyncIterator[bytes],
    client: Client,
) -> None:
    """A file's content, in pieces as they come. The vendor's length goes with it, so that a client
    sees when it was cut off.
    """
    x.status, x.outcome = response.status, "client_gone"
    headers = _answer_headers(x, call, response)
    if (length := response.headers.get("content-length")) is not None:
        headers.append((b"content-length", length.encode("latin-1")))
    async for chunk in pieces:
        if not client.started:
            x.first_byte = perf_counter()
            await client.start(response.status, headers)
        await client.write(chunk)
    if not client.started:
        await client.start(response.status, headers)
    x.outcome, x.last = "ok", perf_counter()
    await client.finish()
