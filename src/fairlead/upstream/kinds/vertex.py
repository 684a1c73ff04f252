"""Vertex AI: Gemini and Claude with a Google Cloud account.

Two kinds, since each vendor's models are spoken to in its dialect: whoever configures `vertex` gets
both. Addresses as Google's and Anthropic's SDKs build them (google-genai 3.4, `_api_client.py`;
anthropic 2.12, `lib/vertex/_client.py`): one host for each region, one for `global`, one for each
of the multi-regions `us` and `eu`.
"""

import hashlib
import json
import re
from typing import Final
from urllib.parse import quote
from weakref import WeakValueDictionary

from msgspec.structs import astuple, replace

from fairlead.canon import Dialect
from fairlead.upstream.account import Account
from fairlead.upstream.google.credentials import find, project_of
from fairlead.upstream.google.location import GLOBAL, MULTI, location
from fairlead.upstream.google.tokens import GoogleSigner
from fairlead.upstream.kinds.identity import IDENTITIES
from fairlead.upstream.kinds.kind import SDK_RETRIES, Adapted, Kind, Probe, Shelf
from fairlead.upstream.signing import Signer
from fairlead.upstream.transport import HttpRequest
from fairlead.wire.codec import Framing
from fairlead.wire.vertex.caches import made_body, parent_of, short_answer
from fairlead.wire.vertex.claude import count_body, predict_body
from fairlead.wire.vertex.embeddings import embed_body, embedded, takes_contents
from fairlead.wire.vertex.embeddings import predict_body as instances_body
from fairlead.wire.vertex.errors import read_claude, read_gemini
from fairlead.wire.vertex.gemini import TIER_HEADER, adapted

__all__ = ["VERTEX", "VERTEX_CLAUDE", "claude_name"]

_PROJECT: Final = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]|[a-z0-9.-]+:[a-z0-9-]+|\d{4,20}")
_DATED: Final = re.compile(r"-(\d{8})$")
_ROOTED: Final = re.compile(
    r"/v1((?:/projects/[^/]+/locations/[^/]+)?/publishers/google/models/[^/]+)$"
)
_EMBEDDING: Final = frozenset({"predict", "embedContent", "batchEmbedContents"})
_OWN_CACHE: Final = re.compile(r"cachedContents/\d{1,20}")
_COUNT: Final = "/publishers/anthropic/models/count-tokens:rawPredict"

_VERBS: Final[dict[Framing, str]] = {
    "": "generateContent",
    "sse": "streamGenerateContent?alt=sse",
    "array": "streamGenerateContent",
}


def _base(account: Account) -> str:
    region = location(account)
    if region == GLOBAL:
        return "https://aiplatform.googleapis.com"
    if region in MULTI:
        return f"https://aiplatform.{region}.rep.googleapis.com"
    return f"https://{region}-aiplatform.googleapis.com"


def _root(account: Account) -> str:
    """`/v1/projects/{project}/locations/{region}`; with an API key (express mode) `/v1`."""
    if account.key:
        return "/v1"
    project = project_of(account, find(account))
    if not _PROJECT.fullmatch(project):
        raise ValueError(f"{project[:60]!r} is no project's id")
    return f"/v1/projects/{project}/locations/{location(account)}"


def _signer(account: Account) -> Signer | None:
    """Both kinds of an upstream, and the next configuration with the same credentials, have one
    signer: a reload never leaves requests without a token.
    """
    if account.key:
        return None
    source = find(account)
    about = (source.path, json.dumps(source.content, sort_keys=True), *account.env.items())
    shared = hashlib.sha256(repr(about).encode()).digest()
    found = _SHARED.get(shared)
    if found is None:
        found = _SHARED[shared] = GoogleSigner(account, source)
    return found


_SHARED: Final[WeakValueDictionary[bytes, GoogleSigner]] = WeakValueDictionary()


# -- Gemini --------------------------------------------------------------------------------------


def _gemini_path(model: str, framing: Framing) -> str:
    return f"/publishers/google/models/{quote(model, safe='')}:{_VERBS[framing]}"


def _gemini_count(model: str) -> str:
    return f"/publishers/google/models/{quote(model, safe='')}:countTokens"


def _gemini_embed(model: str, lone: bool) -> str:
    verb = "predict"
    if takes_contents(model):
        verb = "embedContent" if lone else "batchEmbedContents"
    return f"/publishers/google/models/{quote(model, safe='')}:{verb}"


def _adapt_embedding(request: HttpRequest, verb: str) -> Adapted:
    if verb == "predict":
        fit = instances_body(request.body)
        return Adapted(replace(request, body=fit.body), fit.losses)
    url = _ROOTED.sub(r"/v1beta1\1", request.url)  # where Google's SDK asks for them
    fit = embed_body(request.body)
    return Adapted(replace(request, url=url, body=fit.body), fit.losses)


def _adapt_gemini(request: HttpRequest, _dialect: Dialect, _framing: Framing) -> Adapted:
    verb = request.url.rpartition(":")[2]
    if verb in _EMBEDDING:
        return _adapt_embedding(request, verb)
    found = adapted(request.body, request.url)
    headers = request.headers
    if found.tier:
        headers = (*headers, (TIER_HEADER, found.tier))
    changed = replace(request, body=found.encoded.body, headers=headers)
    return Adapted(changed, found.encoded.losses)


def _path_kept(path: str) -> str:
    return path.removeprefix("/v1beta")


def _fit_kept(request: HttpRequest) -> Adapted:
    parent = parent_of(request.url.partition("?")[0])
    if request.method != "POST":
        return Adapted(request)
    made = made_body(request.body, parent)
    return Adapted(replace(request, body=made.body), made.losses)


def _knows(name: str) -> bool:
    return _OWN_CACHE.fullmatch(name) is not None


KEPT: Final = Shelf(
    kinds=frozenset({"cachedContents"}),
    lacks={
        "batches": "batches of Vertex AI read and write Cloud Storage or BigQuery in a project:"
        " make them there, with Google's own client (batchPredictionJobs). A key of the Gemini API"
        " (GEMINI_API_KEY) has batches that need no bucket",
        "files": "Vertex AI keeps no files: send the bytes, or a gs:// URI. A key of the Gemini API"
        " (GEMINI_API_KEY) keeps files",
    },
    path=_path_kept,
    fit=_fit_kept,
    told=short_answer,
    knows=_knows,
)

VERTEX: Final = Kind(
    *astuple(IDENTITIES["vertex"]),
    paths=(("gemini", _gemini_path),),
    base_url="https://aiplatform.googleapis.com",
    auth=("x-goog-api-key", ""),
    forward=frozenset({TIER_HEADER.encode()}),
    counting=(("gemini", _gemini_count),),
    embedding=(("gemini", _gemini_embed),),
    embedded=embedded,
    stores=("gemini",),
    shelf=KEPT,
    base_of=_base,
    root_of=_root,
    signer=_signer,
    adapt=_adapt_gemini,
    decode_error=read_gemini,
    probe=Probe(
        "/publishers/google/models/gemini-3.5-flash-lite:countTokens",
        "POST",
        b'{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}',
    ),
)


# -- Claude --------------------------------------------------------------------------------------


def claude_name(model: str) -> str:
    """`claude-haiku-4-5-20251001` is `claude-haiku-4-5@20251001` there."""
    return _DATED.sub(r"@\1", model)


def _claude_path(model: str, framing: Framing) -> str:
    verb = "streamRawPredict" if framing else "rawPredict"
    return f"/publishers/anthropic/models/{quote(model, safe='@')}:{verb}"


def _claude_count(_model: str) -> str:
    return _COUNT


def _adapt_claude(request: HttpRequest, _dialect: Dialect, _framing: Framing) -> Adapted:
    said = {name: value for name, value in request.headers if name.startswith("anthropic-")}
    if request.url.endswith(_COUNT):
        encoded = count_body(request.body, claude_name)
    else:
        encoded = predict_body(request.body, said)
    kept = tuple(pair for pair in request.headers if pair[0] != "anthropic-version")
    return Adapted(replace(request, body=encoded.body, headers=kept), encoded.losses)


VERTEX_CLAUDE: Final = Kind(
    *astuple(IDENTITIES["vertex-claude"]),
    paths=(("anthropic", _claude_path),),
    base_url="https://aiplatform.googleapis.com",
    auth=("x-goog-api-key", ""),
    forward=frozenset({b"anthropic-version", b"anthropic-beta"}),
    give_back=("request-id", "anthropic-", *SDK_RETRIES),
    counting=(("anthropic", _claude_count),),
    base_of=_base,
    root_of=_root,
    signer=_signer,
    adapt=_adapt_claude,
    decode_error=read_claude,
    name_of=claude_name,
    probe=Probe(
        _COUNT,
        "POST",
        b'{"model":"claude-haiku-4-5@20251001","messages":[{"role":"user","content":"Hi"}]}',
    ),
)
