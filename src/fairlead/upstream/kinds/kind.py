"""One way of reaching a vendor: dialect, address, signing. Each kind is a file of this folder."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from msgspec import Struct, field

from fairlead.canon import Dialect, Loss, Problem
from fairlead.upstream.account import Account
from fairlead.upstream.kinds.identity import Identity
from fairlead.upstream.signing import Signer
from fairlead.upstream.transport import HttpRequest
from fairlead.wire.codec import Framing

__all__ = [
    "SDK_RETRIES",
    "Adapt",
    "Adapted",
    "CountPath",
    "EmbedPath",
    "Embedded",
    "Kind",
    "NameOf",
    "Opening",
    "PathOf",
    "Probe",
    "Shelf",
    "Unframer",
]

PathOf = Callable[[str, Framing], str]
CountPath = Callable[[str], str]
NameOf = Callable[[str], str]
"""From a model's id to what this kind of address calls it."""
EmbedPath = Callable[[str, bool], str]
"""From a model's id, and whether one text comes where the dialect knows of one or many."""
Embedded = Callable[[bytes, bool], bytes]
"""From an answer with embeddings, and the same, to one in the dialect's shape."""

SDK_RETRIES: Final = ("x-should-retry", "retry-after-ms")
"""What both SDKs look at before the status and `retry-after` (`_base_client.py`)."""


class Adapted(Struct, frozen=True):
    """A request as this address wants it, and what could not be said there.

    A semantic loss means: do not send unless losses are allowed.
    """

    request: HttpRequest
    losses: tuple[Loss, ...] = ()


Adapt = Callable[[HttpRequest, Dialect, Framing], Adapted]


class Opening(Struct, frozen=True):
    """How an answer of another shape begins: what its dialect tells and it does not.

    `model` is the name to tell; `headers` have lower-case names.
    """

    dialect: Dialect
    model: str
    headers: dict[str, str]


class Unframer(Protocol):
    """An answer's stream in the vendor's framing to the dialect's own (server-sent events)."""

    def feed(self, data: bytes) -> bytes:
        """What `data` completes; any cut gives the same bytes in all. Never raises: what is
        broken becomes the dialect's error event, and nothing comes after it.
        """
        ...

    def close(self) -> bytes:
        """At the end of the body: an error event if it ended within a message."""
        ...


class Probe(Struct, frozen=True):
    """A call that costs nothing and shows that the account is known: `fairlead doctor` makes it.

    `good` are the statuses that show it; for some that is a refusal of an empty request.
    """

    path: str
    method: str = "GET"
    body: bytes = b""
    good: frozenset[int] = frozenset({200})


class Shelf(Struct, frozen=True):
    """What is kept at an address whose paths and names are not its dialect's own.

    `kinds` are the words for the objects that are kept there; `lacks` has for others what to do.
    `path` makes the path there from the dialect's own, `fit` changes a request that is otherwise
    ready (it raises Failure where there can be none), `told` puts an answer into the dialect's
    names. `knows` is whether an id, as the dialect says it, is of this vendor's making.
    """

    kinds: frozenset[str]
    lacks: Mapping[str, str]
    path: Callable[[str], str]
    fit: Callable[[HttpRequest], Adapted]
    told: Callable[[bytes], bytes]
    knows: Callable[[str], bool]


class Kind(Identity, frozen=True, kw_only=True):
    """One way to reach the models of some vendors: its identity, and what is done there.

    `name_of` is the rule by which a model is called there whose name the operator does not give
    (None: by its id).

    `paths` holds the dialects that are spoken there, the one for translations first. `forward`
    names headers (and `forward_query` parameters) of the client's that go on to the vendor when
    both speak one dialect; `give_back` is how names of the answer's headers begin that then go back
    to the client. `auth` is the header that carries the key and what stands before it. `headers`
    are sent with every request unless the operator sets them otherwise.

    What is there beside the main call, each in its dialect, the one for translations first:
    `counting` of tokens and `embedding`, whose answers `embedded` puts into the dialect's shape
    where they have another. `stores` names the dialects whose files, batches and cached contents
    are kept there: as the dialect says it, or by its `shelf`.

    Where a dialect lives behind an address that is not its own: `base_of` makes the address from
    the account's region or project (before `base_url`); `signer` makes what signs, None where a
    key in `auth` does; `adapt` changes a request that is otherwise ready (after the client's
    headers, before it is signed); `unframe` makes what turns an answer's stream into server-sent
    events where its content type is `framed`, and `reshape` turns a whole answer into the
    dialect's; `decode_error` reads refusals, which are then told in the client's dialect and never
    passed on as they came. `naming` makes `name_of` from the account. `apis` are
    further kinds of the same name, by the operator's word for them. `reads_urls`: the vendor
    fetches media by their address there, where the model takes them so.
    `root_of` makes the path that stands before all others, from the account's project. `adapting`
    makes `adapt` from what the operator says; `keyless` is one that may want no key. `probe` is a
    call that costs nothing.
    """

    paths: tuple[tuple[Dialect, PathOf], ...]
    base_url: str
    auth: tuple[str, str]
    headers: tuple[tuple[str, str], ...] = ()
    forward: frozenset[bytes] = frozenset()
    forward_query: frozenset[bytes] = frozenset()
    give_back: tuple[str, ...] = ()
    counting: tuple[tuple[Dialect, CountPath], ...] = ()
    embedding: tuple[tuple[Dialect, EmbedPath], ...] = ()
    embedded: Embedded | None = None
    stores: tuple[Dialect, ...] = ()
    shelf: Shelf | None = None
    base_of: Callable[[Account], str] | None = None
    signer: Callable[[Account], Signer | None] | None = None
    adapt: Adapt | None = None
    framed: str = ""
    unframe: Callable[[Opening], Unframer] | None = None
    reshape: Callable[[Opening, bytes], bytes] | None = None
    decode_error: Callable[[int, dict[str, str], bytes], Problem] | None = None
    name_of: NameOf | None = None
    naming: Callable[[Account], NameOf] | None = None
    apis: "dict[str, Kind]" = field(default_factory=dict)
    reads_urls: bool = True
    root_of: Callable[[Account], str] | None = None
    adapting: Callable[[Account], Adapt | None] | None = None
    keyless: bool = False
    probe: Probe | None = None

    @property
    def dialect(self) -> Dialect:
        """The dialect that requests of other dialects are translated to."""
        return self.paths[0][0]
