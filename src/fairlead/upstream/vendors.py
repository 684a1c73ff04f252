"""Where requests go and how they are signed: the second of the three axes.

A `Kind` is one way of reaching a vendor: dialect, address, signing. It is a row in `KINDS`; an
`Upstream` is a kind with an address and a key of the operator's. Nothing here knows what a model
can do, and nothing above branches on a kind's name.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from fairlead.canon import Dialect
from fairlead.upstream.secret import Secret
from fairlead.upstream.transport import HttpRequest, Timeouts
from fairlead.wire.codec import Framing

__all__ = ["KINDS", "Kind", "Upstream", "address", "passed_on", "prepare"]

PathOf = Callable[[str, Framing], str]
CountPath = Callable[[str], str]
EmbedPath = Callable[[str, bool], str]
"""From a model's id, and whether one text comes where the dialect knows of one or many."""

# https://ai.google.dev/api/generate-content: POST /v1beta/{model=models/*}:generateContent;
# `alt=sse` makes streamGenerateContent answer in server-sent events instead of a JSON array.
_GEMINI_VERBS: dict[Framing, str] = {
    "": "generateContent",
    "sse": "streamGenerateContent?alt=sse",
    "array": "streamGenerateContent",
}


def _gemini_path(model: str, framing: Framing) -> str:
    return f"/v1beta/models/{quote(model, safe='')}:{_GEMINI_VERBS[framing]}"


def _messages_path(_model: str, _framing: Framing) -> str:
    return "/v1/messages"


def _chat_path(_model: str, _framing: Framing) -> str:
    return "/v1/chat/completions"


def _responses_path(_model: str, _framing: Framing) -> str:
    return "/v1/responses"


def _count_gemini(model: str) -> str:
    return f"/v1beta/models/{quote(model, safe='')}:countTokens"


def _count_messages(_model: str) -> str:
    return "/v1/messages/count_tokens"


def _count_input(_model: str) -> str:
    return "/v1/responses/input_tokens"


def _embed_gemini(model: str, lone: bool) -> str:
    verb = "embedContent" if lone else "batchEmbedContents"
    return f"/v1beta/models/{quote(model, safe='')}:{verb}"


def _embed_openai(_model: str, _lone: bool) -> str:
    return "/v1/embeddings"


_RETRIES: Final = ("x-should-retry", "retry-after-ms")
"""What both SDKs look at before the status and `retry-after` (`_base_client.py`)."""


class Kind(Struct, frozen=True):
    """One way to reach a vendor.

    `paths` holds the dialects that are spoken there, the one for translations first. `forward`
    names headers (and `forward_query` parameters) of the client's that go on to the vendor when
    both speak one dialect; `give_back` is how names of the answer's headers begin that then go back
    to the client. `auth` is the header that carries the key and what stands before it. `headers`
    are sent with every request unless the operator sets them otherwise. `key_env` and `url_env`
    are the environment variables that configure it without any file.

    What is there beside the main call, each in its dialect, the one for translations first:
    `counting` of tokens and `embedding`. `stores` names the dialects whose files, batches and
    cached contents are kept there.
    """

    name: str
    vendor: str
    paths: tuple[tuple[Dialect, PathOf], ...]
    base_url: str
    auth: tuple[str, str]
    key_env: str
    url_env: str
    headers: tuple[tuple[str, str], ...] = ()
    forward: frozenset[bytes] = frozenset()
    forward_query: frozenset[bytes] = frozenset()
    give_back: tuple[str, ...] = ()
    counting: tuple[tuple[Dialect, CountPath], ...] = ()
    embedding: tuple[tuple[Dialect, EmbedPath], ...] = ()
    stores: tuple[Dialect, ...] = ()

    @property
    def dialect(self) -> Dialect:
        """The dialect that requests of other dialects are translated to."""
        return self.paths[0][0]


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="gemini",
            vendor="google",
            paths=(("gemini", _gemini_path),),
            base_url="https://generativelanguage.googleapis.com",
            auth=("x-goog-api-key", ""),
            key_env="GEMINI_API_KEY",
            url_env="FAIRLEAD_GEMINI_BASE_URL",
            counting=(("gemini", _count_gemini),),
            embedding=(("gemini", _embed_gemini),),
            stores=("gemini",),
        ),
        Kind(
            name="anthropic",
            vendor="anthropic",
            paths=(("anthropic", _messages_path),),
            base_url="https://api.anthropic.com",
            auth=("x-api-key", ""),
            key_env="ANTHROPIC_API_KEY",
            url_env="FAIRLEAD_ANTHROPIC_BASE_URL",
            # https://platform.claude.com/docs/en/api/versioning: the header is demanded; under
            # 2023-06-01 the 4.5 generation takes sampling parameters, which 2026-10-21 refuses.
            headers=(("anthropic-version", "2023-06-01"),),
            forward=frozenset({b"anthropic-version", b"anthropic-beta"}),
            forward_query=frozenset({b"beta"}),
            give_back=("request-id", "anthropic-", *_RETRIES),
            counting=(("anthropic", _count_messages),),
            stores=("anthropic",),
        ),
        Kind(
            name="openai",
            vendor="openai",
            paths=(("openai_chat", _chat_path), ("openai_responses", _responses_path)),
            base_url="https://api.openai.com",
            forward=frozenset({b"openai-beta"}),
            give_back=(
                "x-request-id",
                "x-ratelimit-",
                "openai-processing-ms",
                "openai-version",
                *_RETRIES,
            ),
            auth=("authorization", "Bearer "),
            key_env="OPENAI_API_KEY",
            url_env="FAIRLEAD_OPENAI_BASE_URL",
            counting=(("openai_responses", _count_input),),
            embedding=(("openai_chat", _embed_openai),),
            stores=("openai_chat",),
        ),
    )
}


class Upstream(Struct, frozen=True):
    """A configured upstream. `headers` are complete: the key is in them, so never print them.

    `prompt_caching`: it is asked to cache where that pays.
    """

    name: str
    kind: Kind
    base_url: str
    key: Secret
    headers: tuple[tuple[str, str], ...]
    timeouts: Timeouts = Timeouts()
    ca_file: str = ""
    ask_usage: bool = True
    prompt_caching: bool = False

    @property
    def vendor(self) -> str:
        """The vendor whose models are served here."""
        return self.kind.vendor

    def speaks(self, dialect: Dialect) -> bool:
        """Whether requests of this dialect are passed on as they are."""
        return any(spoken == dialect for spoken, _ in self.kind.paths)

    def dialect_for(self, client: Dialect) -> Dialect:
        """The dialect in which a client's request goes on: its own if that is spoken here."""
        return client if self.speaks(client) else self.kind.dialect

    @classmethod
    def build(
        cls,
        name: str,
        kind: Kind,
        key: Secret,
        base_url: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        timeouts: Timeouts | None = None,
        ca_file: str = "",
        *,
        ask_usage: bool = True,
        prompt_caching: bool = False,
    ) -> "Upstream":
        """Put together what is sent with every request, once.

        Raises:
            ValueError: `base_url` is no http(s) address.
        """
        address = (base_url or kind.base_url).rstrip("/")
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{address!r} is no http:// or https:// address")
        if parts.query or parts.fragment or parts.username or parts.password:
            raise ValueError("a base URL has no query, fragment or credentials")
        own = {header.lower(): value for header, value in headers}
        merged = {
            "content-type": "application/json",
            **dict(kind.headers),
            **own,
            kind.auth[0]: kind.auth[1] + key.reveal(),
        }
        return cls(
            name=name,
            kind=kind,
            base_url=address,
            key=key,
            headers=tuple(merged.items()),
            timeouts=timeouts or Timeouts(),
            ca_file=ca_file,
            ask_usage=ask_usage,
            prompt_caching=prompt_caching,
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
    version = path[: path.index("/", 1)]
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
