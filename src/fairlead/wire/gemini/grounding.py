"""Sources of an answer: citations, grounding and URL context, and log-probabilities.

Gemini hangs them on the candidate, not on a part, and in a stream on any chunk (one recorded stream
carries an empty `groundingMetadata` on nine chunks and the full one on the tenth). Each metadata
object becomes one `Citation` without a URL that holds it whole, so that it can be said again;
behind it stands one more `Citation` for each source with a URL, for dialects that know only those.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Raw, Struct

from fairlead.canon import Citation
from fairlead.wire.gemini.types import (
    ABSENT,
    ENCODER,
    OBJECT,
    CandidateIn,
    LogprobsIn,
    compact,
    is_given,
)

__all__ = [
    "METADATA",
    "citations",
    "decode_logprobs",
    "encode_logprobs",
    "encode_metadata",
    "foreign_sources",
    "has_notes",
    "queries",
    "searches",
]

METADATA: Final = ("citationMetadata", "groundingMetadata", "urlContextMetadata")


class _Source(Struct):
    uri: str | None = None
    title: str | None = None


class _Chunk(Struct, rename="camel"):
    web: _Source | None = None
    maps: _Source | None = None
    retrieved_context: _Source | None = None
    image: _Source | None = None


class _Retrieved(Struct, rename="camel"):
    retrieved_url: str | None = None


class _Metadata(Struct, rename="camel"):
    """All three kinds at once: their fields have different names."""

    citations: list[Raw] | None = None  # Vertex
    citation_sources: list[Raw] | None = None  # the Gemini API
    grounding_chunks: list[Raw] | None = None
    web_search_queries: list[str] | None = None
    url_metadata: list[Raw] | None = None


_METADATA: Final = msgspec.json.Decoder(_Metadata)
_SOURCE: Final = msgspec.json.Decoder(_Source)
_CHUNK: Final = msgspec.json.Decoder(_Chunk)
_RETRIEVED: Final = msgspec.json.Decoder(_Retrieved)
_LOGPROBS: Final = msgspec.json.Decoder(LogprobsIn)


def has_notes(candidate: CandidateIn) -> bool:
    """Whether anything of this hangs on the candidate."""
    return not (
        candidate.grounding_metadata is ABSENT
        and candidate.citation_metadata is ABSENT
        and candidate.url_context_metadata is ABSENT
        and candidate.logprobs_result is ABSENT
    )


def citations(candidate: CandidateIn) -> list[Citation]:
    """The citations of one candidate of one chunk."""
    found: list[Citation] = []
    given = (
        candidate.citation_metadata,
        candidate.grounding_metadata,
        candidate.url_context_metadata,
    )
    for name, raw in zip(METADATA, given, strict=True):
        if not is_given(raw) or bytes(raw) == b"{}":
            continue
        found.append(Citation("gemini", b'{"%s":%s}' % (name.encode(), compact(raw))))
        try:
            found += _sources(_METADATA.decode(raw))
        except msgspec.DecodeError:
            continue  # the whole stands above; only its shape is unknown
    return found


def _sources(meta: _Metadata) -> list[Citation]:
    found: list[Citation] = []
    for raw in [*(meta.citations or ()), *(meta.citation_sources or ())]:
        cited = _SOURCE.decode(raw)
        if cited.uri:
            found.append(_citation("citation", raw, cited.uri, cited.title))
    for raw in meta.grounding_chunks or ():
        chunk = _CHUNK.decode(raw)
        source = chunk.web or chunk.maps or chunk.retrieved_context or chunk.image
        if source is not None and source.uri:
            found.append(_citation("groundingChunk", raw, source.uri, source.title))
    for raw in meta.url_metadata or ():
        url = _RETRIEVED.decode(raw).retrieved_url
        if url:
            found.append(_citation("urlMetadata", raw, url, None))
    return found


def _citation(name: str, raw: Raw, url: str, title: str | None) -> Citation:
    return Citation("gemini", b'{"%s":%s}' % (name.encode(), compact(raw)), url, title)


def searches(candidate: CandidateIn) -> int:
    """The number of web searches that the candidate's grounding names."""
    return queries(candidate.grounding_metadata)


def queries(metadata: Raw) -> int:
    """The number of web searches that a `groundingMetadata` names, as they are billed.

    "your project is billed for each search query that the model decides to execute [...] For
    billing purposes, we ignore the empty web search queries when counting unique queries" (Gemini
    API, "Grounding with Google Search", Pricing).
    """
    if not is_given(metadata):
        return 0
    try:
        named = _METADATA.decode(metadata).web_search_queries or ()
        return len({query for query in named if query.strip()})
    except msgspec.DecodeError:
        return 0


def encode_metadata(cited: Citation) -> dict[str, object] | None:
    """The candidate's field that a citation holds whole; None for what is derived from it."""
    if cited.dialect != "gemini" or cited.url is not None:
        return None
    try:
        fields = OBJECT.decode(cited.raw)
    except msgspec.DecodeError:
        return None
    return {name: raw for name, raw in fields.items() if name in METADATA}


def foreign_sources(cited: Iterable[Citation]) -> dict[str, object] | None:
    """`groundingMetadata` of sources on the web that another vendor cited; None without any."""
    chunks: list[dict[str, object]] = []
    for one in cited:
        if one.dialect != "gemini" and one.url is not None:
            web = {"uri": one.url, "title": one.title} if one.title else {"uri": one.url}
            if {"web": web} not in chunks:
                chunks.append({"web": web})
    return {"groundingChunks": chunks} if chunks else None


def decode_logprobs(raw: Raw) -> bytes | None:
    """`logprobsResult` as one JSON array of steps, or None when it can't be read.

    Each step is the chosen token's object (`token`, `tokenId`, `logProbability`) with
    `topCandidates`, the list of the likeliest, where they were asked for.
    """
    try:
        result = _LOGPROBS.decode(raw)
    except msgspec.DecodeError:
        return None
    tops = result.top_candidates or []
    steps: list[dict[str, object]] = []
    for at, chosen in enumerate(result.chosen_candidates or ()):
        step: dict[str, object] = dict(chosen)
        if at < len(tops):
            step["topCandidates"] = tops[at].candidates or []
        steps.append(step)
    return compact(ENCODER.encode(steps)) if steps else None


def encode_logprobs(raw: bytes) -> dict[str, object]:
    """`logprobsResult` of the array that `decode_logprobs` made."""
    steps = msgspec.json.decode(raw, type=list[dict[str, Raw]])
    tops = [{"candidates": s["topCandidates"]} for s in steps if "topCandidates" in s]
    chosen = [{k: v for k, v in s.items() if k != "topCandidates"} for s in steps]
    result: dict[str, object] = {"chosenCandidates": chosen}
    if tops:
        result["topCandidates"] = tops
    return result
