"""Where requests go and how they are signed: the second of the three axes.

A `Kind` is one way of reaching a vendor: dialect, address, signing (`upstream/kinds`, one file a
kind); an `Upstream` is a kind with an address and a key of the operator's. Nothing here knows what
a model can do, and nothing above branches on a kind's name.

Where an operator gives an upstream several keys, each is an `Upstream` of its own with the same
name: a deployment is a model at one of them.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Dialect
from fairlead.catalog.model import Model
from fairlead.upstream.account import Account
from fairlead.upstream.head import check_fields
from fairlead.upstream.kinds.identity import REST
from fairlead.upstream.kinds.kind import Kind, PathOf
from fairlead.upstream.proxy import Proxy
from fairlead.upstream.secret import Secret
from fairlead.upstream.signing import Signer
from fairlead.upstream.tls import TlsSettings
from fairlead.upstream.transport import HttpRequest, Timeouts
from fairlead.wire.codec import Framing

__all__ = ["Upstream", "address", "passed_on", "prepare"]


class Upstream(Struct, frozen=True):
    """A configured upstream. `headers` are complete: the key is in them, so never print them.

    `prompt_caching`: it is asked to cache where that pays. `number` tells keys of one upstream
    apart, from 1. `tls` and `proxy` are how it is reached. `models` gives models by id the names
    that they have here, and where it is not empty no others are served, unless it has `REST`.
    `weight` is its share among the doors of a model. `door` and `region` are whose prices hold and
    where, in the catalogue's words. `signer` signs where no header of a key does. At most
    `in_flight` requests at once, and so many requests and tokens a minute are sent here with this
    key (0: no bound). What is asked for by a name that begins with `prefix` is had here under the
    rest of it, whatever it is.
    """

    name: str
    kind: Kind
    base_url: str
    key: Secret
    headers: tuple[tuple[str, str], ...]
    timeouts: Timeouts = Timeouts()
    tls: TlsSettings = TlsSettings()
    proxy: Proxy | None = None
    ask_usage: bool = True
    prompt_caching: bool = False
    number: int = 1
    models: Mapping[str, str] = {}
    weight: float = 1.0
    door: str = ""
    region: str = ""
    signer: Signer | None = None
    in_flight: int = 0
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    prefix: str = ""

    @property
    def label(self) -> str:
        """The name with the key's number, where it is not the first."""
        return self.name if self.number == 1 else f"{self.name}#{self.number}"

    @property
    def vendor(self) -> str:
        """The vendor whose models are served here, the first of several."""
        return self.kind.vendors[0] if self.kind.vendors else self.name

    def serves(self, model: Model) -> bool:
        """Whether a model is to be had here."""
        models = self.models
        if self.prefix and model.id.startswith(self.prefix):
            return True
        if models and (model.id in models or REST not in models):
            return model.id in models
        return model.vendor in self.kind.vendors

    def model_id(self, model: Model) -> str:
        """What the model is called here."""
        if self.models and (own := self.models.get(model.id)):
            return own
        if self.prefix and model.id.startswith(self.prefix):
            return model.id[len(self.prefix) :]
        name_of = self.kind.name_of
        return model.id if name_of is None else name_of(model.id)

    def speaks(self, dialect: Dialect) -> bool:
        """Whether requests of this dialect are passed on as they are."""
        return any(spoken == dialect for spoken, _ in self.kind.paths)

    def dialect_for(self, client: Dialect) -> Dialect:
        """The dialect in which a client's request goes on: its own if that is spoken here."""
        paths = self.kind.paths
        for spoken, _ in paths:  # with `any`, a generator more for each request
            if spoken == client:
                return client
        return paths[0][0]

    @classmethod
    def build(
        cls,
        name: str,
        kind: Kind,
        key: Secret,
        base_url: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        timeouts: Timeouts | None = None,
        tls: TlsSettings | None = None,
        *,
        proxy: Proxy | None = None,
        ask_usage: bool = True,
        prompt_caching: bool = False,
        number: int = 1,
        models: Mapping[str, str] | None = None,
        weight: float = 1.0,
        door: str = "",
        region: str = "",
        account: Account | None = None,
        in_flight: int = 0,
        requests_per_minute: int = 0,
        tokens_per_minute: int = 0,
        prefix: str = "",
    ) -> "Upstream":
        """Put together what is sent with every request, once.

        Raises:
            ValueError: `base_url` is no http(s) address, the account lacks what the kind needs, or
                a header (the key, too) cannot be sent.
        """
        account = account or Account(key)
        signer = None if kind.signer is None else kind.signer(account)
        if kind.naming is not None:
            kind = replace(kind, name_of=kind.naming(account))
        if kind.adapting is not None:
            kind = replace(kind, adapt=kind.adapting(account))
        if not base_url and kind.base_of is not None:
            base_url = kind.base_of(account)
        address = (base_url or kind.base_url).rstrip("/")
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{address!r} is no http:// or https:// address")
        if parts.query or parts.fragment or parts.username or parts.password:
            raise ValueError("a base URL has no query, fragment or credentials")
        if kind.root_of is not None:
            root = kind.root_of(account)
            address = address.removesuffix("/" + root.split("/")[1]) + root
        own = {header.lower(): value for header, value in headers}
        merged = {
            "content-type": "application/json",
            **dict(kind.headers),
            **own,
        }
        if signer is None and (key or not kind.keyless):
            merged[kind.auth[0]] = kind.auth[1] + key.reveal()
        check_fields(tuple(merged.items()))
        return cls(
            name=name,
            kind=kind,
            base_url=address,
            key=key,
            headers=tuple(merged.items()),
            timeouts=timeouts or Timeouts(),
            tls=tls or TlsSettings(),
            proxy=proxy,
            ask_usage=ask_usage,
            prompt_caching=prompt_caching,
            number=number,
            models=models or {},
            weight=weight,
            door=door,
            region=region,
            signer=signer,
            in_flight=in_flight,
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
            prefix=prefix,
        )


def prepare(
    upstream: Upstream, dialect: Dialect, model: str, body: bytes, framing: Framing
) -> HttpRequest:
    """The signed request for one call in a dialect that the upstream speaks."""
    url = _url(upstream.base_url, upstream.kind.paths, dialect, model, framing)
    return HttpRequest("POST", url, upstream.headers, body, upstream.timeouts)


@lru_cache(maxsize=1024)
def _url(
    base_url: str,
    paths: tuple[tuple[Dialect, PathOf], ...],
    dialect: Dialect,
    model: str,
    framing: Framing,
) -> str:
    path = next(path for spoken, path in paths if spoken == dialect)
    return _joined(base_url, path(model, framing))


def address(upstream: Upstream, path: str) -> str:
    """The URL of a path that begins with the API's version.

    SDKs disagree whether a base URL ends in the version; both are taken.
    """
    return _joined(upstream.base_url, path)


def _joined(base_url: str, path: str) -> str:
    version = path[: max(path.find("/", 1), 0)]  # of a path of one step there is none
    return base_url.removesuffix(version) + path


def passed_on(
    request: HttpRequest, upstream: Upstream, headers: Sequence[tuple[bytes, bytes]], query: bytes
) -> HttpRequest:
    """The request with what the client's own headers and query say to a vendor of its dialect."""
    kind = upstream.kind
    if not kind.forward:
        return request
    said = {str(n, "latin-1"): str(v, "latin-1") for n, v in headers if n in kind.forward}
    asked = [pair for pair in query.split(b"&") if pair.partition(b"=")[0] in kind.forward_query]
    if not said and not asked:
        return request
    url = request.url
    if asked:
        url += ("&" if "?" in url else "?") + b"&".join(asked).decode("latin-1")
    kept = tuple((n, v) for n, v in request.headers if n not in said)
    return replace(request, url=url, headers=(*kept, *said.items()))
