"""A dialect behind an address that is not its own: the request made fit, the answer put back.

Between the dialect's bytes and the network, three steps of which most upstreams need none:
`adapted` (what the kind changes of a request), `signed` (the upstream's signature), `opened` (an
answer in another framing or shape is read through, so that the relays see the dialect's own bytes).
"""

from collections.abc import AsyncIterator

from fairlead.canon import Failure, Problem
from fairlead.engine.exchange import Exchange
from fairlead.engine.prepare import refusal_of
from fairlead.upstream.kinds.kind import Adapt, Kind, Opening
from fairlead.upstream.signing import NotReady
from fairlead.upstream.transport import HttpRequest, HttpResponse
from fairlead.upstream.vendors import Upstream
from fairlead.wire.codec import Framing

__all__ = ["adapted", "opened", "signed"]

_SSE = "text/event-stream"


def adapted(x: Exchange, adapt: Adapt, request: HttpRequest, framing: Framing) -> HttpRequest:
    """The request as this kind of address wants it; what it cannot say is added to the losses.

    Raises:
        Failure: a loss is semantic, and losses are not allowed.
    """
    fit = adapt(request, x.dialect, framing)
    if fit.losses:
        semantic = [loss for loss in fit.losses if loss.kind == "semantic"]
        if semantic and not x.allow_loss and x.model is not None:
            raise Failure(refusal_of(x.model, semantic))
        x.losses += fit.losses
    return fit.request


def signed(upstream: Upstream, request: HttpRequest) -> HttpRequest:
    """The request with the upstream's signature, where it has one that changes.

    Raises:
        Failure: there are no credentials now.
    """
    signer = upstream.signer
    if signer is None:
        return request
    try:
        return signer.sign(request)
    except NotReady as error:
        raise Failure(
            Problem(
                "upstream_auth",
                f"upstream '{upstream.name}' has no credentials now",
                hint=f"the gateway's operator must look at the credentials of '{upstream.name}'",
                retryable=True,
                charged=False,
                upstream=upstream.name,
            )
        ) from error


def opened(x: Exchange, kind: Kind, response: HttpResponse) -> HttpResponse:
    """The answer in the dialect's own framing and shape."""
    name = x.model.id if x.model is not None else x.model_name
    opening = Opening(x.dialect, name, response.headers)
    if kind.framed and response.headers.get("content-type", "").startswith(kind.framed):
        return _Unframed(response, kind, opening)
    if kind.reshape is not None and not x.stream:
        return _Opened(response, kind, opening)
    return response


class _Opened:
    """A whole answer that is read through what reshapes it."""

    def __init__(self, response: HttpResponse, kind: Kind, opening: Opening) -> None:
        self._response = response
        self._kind = kind
        self._opening = opening
        self.status = response.status
        self.headers = response.headers

    async def read(self, limit: int) -> bytes:
        """The whole answer, in the dialect's shape."""
        body = await self._response.read(limit)
        reshape = self._kind.reshape
        return body if reshape is None else reshape(self._opening, body)

    def chunks(self) -> AsyncIterator[bytes]:
        """As they come: nobody reads a whole answer so."""
        return self._response.chunks()

    async def aclose(self) -> None:
        """As the answer's own."""
        await self._response.aclose()


class _Unframed(_Opened):
    """A stream that is read through what unframes it."""

    def __init__(self, response: HttpResponse, kind: Kind, opening: Opening) -> None:
        super().__init__(response, kind, opening)
        self.headers = {**response.headers, "content-type": _SSE}

    async def chunks(self) -> AsyncIterator[bytes]:
        """Server-sent events as they come."""
        assert self._kind.unframe is not None  # noqa: S101 - `opened` is asked of such kinds alone
        unframer = self._kind.unframe(self._opening)
        async for chunk in self._response.chunks():
            if told := unframer.feed(chunk):
                yield told
        if told := unframer.close():
            yield told
