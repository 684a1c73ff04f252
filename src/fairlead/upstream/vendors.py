"""Where requests go and how they are signed: the second of the three axes.

A `Kind` is one way of reaching a vendor: dialect, address, signing. It is a row in `KINDS`; an
`Upstream` is a kind with an address and a key of the operator's. Nothing here knows what a model
can do, and nothing above branches on a kind's name.
"""

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from msgspec import Struct

from fairlead.canon import Dialect
from fairlead.upstream.secret import Secret
from fairlead.upstream.transport import HttpRequest, Timeouts

__all__ = ["KINDS", "Kind", "Upstream", "prepare"]

PathOf = Callable[[str, bool], str]


def _gemini_path(model: str, stream: bool) -> str:
    # https://ai.google.dev/api/generate-content: POST /v1beta/{model=models/*}:generateContent;
    # `alt=sse` makes streamGenerateContent answer in server-sent events instead of a JSON array.
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/v1beta/models/{quote(model, safe='')}:{verb}"


def _messages_path(_model: str, _stream: bool) -> str:
    return "/v1/messages"


def _chat_path(_model: str, _stream: bool) -> str:
    return "/v1/chat/completions"


class Kind(Struct, frozen=True):
    """One way to reach a vendor.

    `auth` is the header that carries the key and what stands before it. `headers` are sent with
    every request unless the operator sets them otherwise. `key_env` and `url_env` are the
    environment variables that configure it without any file.
    """

    name: str
    vendor: str
    dialect: Dialect
    base_url: str
    path: PathOf
    auth: tuple[str, str]
    key_env: str
    url_env: str
    headers: tuple[tuple[str, str], ...] = ()


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="gemini",
            vendor="google",
            dialect="gemini",
            base_url="https://generativelanguage.googleapis.com",
            path=_gemini_path,
            auth=("x-goog-api-key", ""),
            key_env="GEMINI_API_KEY",
            url_env="FAIRLEAD_GEMINI_BASE_URL",
        ),
        Kind(
            name="anthropic",
            vendor="anthropic",
            dialect="anthropic",
            base_url="https://api.anthropic.com",
            path=_messages_path,
            auth=("x-api-key", ""),
            key_env="ANTHROPIC_API_KEY",
            url_env="FAIRLEAD_ANTHROPIC_BASE_URL",
            # https://platform.claude.com/docs/en/api/versioning: the header is demanded; under
            # 2023-06-01 the 4.5 generation takes sampling parameters, which 2026-10-21 refuses.
            headers=(("anthropic-version", "2023-06-01"),),
        ),
        Kind(
            name="openai",
            vendor="openai",
            dialect="openai_chat",
            base_url="https://api.openai.com",
            path=_chat_path,
            auth=("authorization", "Bearer "),
            key_env="OPENAI_API_KEY",
            url_env="FAIRLEAD_OPENAI_BASE_URL",
        ),
    )
}


class Upstream(Struct, frozen=True):
    """A configured upstream. `headers` are complete: the key is in them, so never print them."""

    name: str
    kind: Kind
    base_url: str
    key: Secret
    headers: tuple[tuple[str, str], ...]
    timeouts: Timeouts = Timeouts()
    ca_file: str = ""

    @property
    def vendor(self) -> str:
        """The vendor whose models are served here."""
        return self.kind.vendor

    @property
    def dialect(self) -> Dialect:
        """The dialect that is spoken here."""
        return self.kind.dialect

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
        )


def prepare(upstream: Upstream, model: str, body: bytes, *, stream: bool) -> HttpRequest:
    """The signed request for one call."""
    path = upstream.kind.path(model, stream)
    base = upstream.base_url
    # SDKs disagree whether a base URL ends in the version; take both.
    version = path[: path.index("/", 1)]
    base = base.removesuffix(version)
    return HttpRequest("POST", base + path, upstream.headers, body, upstream.timeouts)
