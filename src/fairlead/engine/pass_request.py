"""The request to the vendor for a call that is passed on."""

from urllib.parse import parse_qsl, quote, urlencode

from fairlead.canon import Failure
from fairlead.catalog.model import Model
from fairlead.engine import hints as hint_reader
from fairlead.engine.exchange import Exchange
from fairlead.engine.pass_answer import PassCall
from fairlead.engine.prepare import refusal_of
from fairlead.engine.uploads import without_seal
from fairlead.upstream.transport import HttpRequest
from fairlead.upstream.vendors import Upstream, address

__all__ = ["fitted", "following", "headers_for", "url_of"]

UPLOAD = b"x-goog-upload-"
_QUERY = "%/:?[]@!$&'()*+,;=-._~"


def url_of(x: Exchange, call: PassCall, upstream: Upstream) -> str:
    """The vendor's address for what is asked for; the model is `x.model` where the URL names one.

    Base URLs may end in the API's version; uploads have theirs in the middle of the path.
    """
    path = call.endpoint.path
    if x.in_url is not None and x.model is not None:
        path = path.replace("{model}", quote(upstream.model_id(x.model), safe=""))
    path = path.replace("{id}", quote(call.variables.get("id", ""), safe=""))
    if upstream.kind.shelf is not None:
        path = upstream.kind.shelf.path(path)
    version = "/v1beta" if "/v1beta/" in path else "/v1"
    root = address(upstream, version + "/").removesuffix(version + "/")
    query = without_seal(x.query.decode("latin-1"))
    return root + path + (f"?{quote(query, safe=_QUERY)}" if query else "")


def headers_for(x: Exchange, upstream: Upstream) -> tuple[tuple[str, str], ...]:
    """The operator's headers, and what the client's own say to the vendor."""
    said: dict[str, str] = {}
    for name, value in x.headers:
        if name in upstream.kind.forward or name.startswith(UPLOAD):
            said[str(name, "latin-1")] = str(value, "latin-1")
        elif name == b"content-type" and x.body:
            said["content-type"] = str(value, "latin-1")
    kept = tuple(
        (n, v) for n, v in upstream.headers if n not in said and (n != "content-type" or x.body)
    )
    return (*kept, *said.items())


def fitted(x: Exchange, upstream: Upstream, request: HttpRequest) -> HttpRequest:
    """The request as the vendor's other door wants it, where the upstream is one.

    Raises:
        Failure: it cannot be said there, and losses are not allowed.
    """
    if upstream.kind.shelf is None:
        return request
    fit = upstream.kind.shelf.fit(request)
    x.losses += fit.losses
    semantic = [loss for loss in fit.losses if loss.kind == "semantic"]
    if semantic and not hint_reader.read(x.headers, b"").allow_loss:
        model = x.model or Model.unknown(x.model_name or "the model", upstream.vendor)
        raise Failure(refusal_of(model, semantic))
    return fit.request


def following(request: HttpRequest, page: tuple[str, str]) -> HttpRequest:
    """The request for the vendor's next page."""
    url, _, query = request.url.partition("?")
    asked = {**dict(parse_qsl(query)), page[0]: page[1]}
    return HttpRequest(
        request.method, f"{url}?{urlencode(asked)}", request.headers, request.body, request.timeouts
    )
