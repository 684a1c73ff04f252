"""Media to Gemini's parts: `inlineData` for bytes, `fileData` for what the vendor fetches itself.

The vendor fetches Files API URIs, YouTube videos and, on Vertex, `gs://` objects; web addresses
only where the model's facts say `media_urls` (Vertex, which honours robots.txt: recorded 400).
Types: ai.google.dev/gemini-api/docs/{image-understanding,audio,video-understanding,
document-processing} and firebase.google.com/docs/ai-logic/input-file-requirements. GIF is not among
them ("broken on Gemini 2.0": discuss.ai.google.dev/t/71468).
"""

from base64 import b64encode
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw

from fairlead.canon import Base64, Failure, FileRef, Media, PlainText, Problem, Url
from fairlead.catalog.model import Model
from fairlead.wire.gemini.signature import own_signature
from fairlead.wire.gemini.types import OBJECT
from fairlead.wire.losses import Losses
from fairlead.wire.media import sniff

__all__ = ["encode_media", "is_vendor_uri"]

_TYPES: Final = frozenset(
    {
        *("image/png", "image/jpeg", "image/jpg", "image/webp", "image/heic", "image/heif"),
        *("audio/wav", "audio/x-wav", "audio/mp3", "audio/mpeg", "audio/mpga", "audio/aiff"),
        *("audio/aac", "audio/ogg", "audio/flac", "audio/mp4", "audio/m4a", "audio/x-m4a"),
        *("audio/webm", "audio/opus", "audio/pcm", "audio/l16", "audio/x-aac", "audio/x-flac"),
        *("video/mp4", "video/mpeg", "video/mpg", "video/mpegps", "video/mov", "video/quicktime"),
        *("video/avi", "video/x-msvideo", "video/x-flv", "video/webm", "video/wmv"),
        *("video/x-ms-wmv", "video/3gpp", "application/pdf", "application/json"),
        *("application/rtf", "application/x-javascript", "application/x-python"),
        *("application/javascript", "application/xml", "application/x-yaml", "application/yaml"),
    }
)
# Fields of a part beside its data (discovery document; google-genai 3.4.0, `types.Part`).
_BESIDE: Final = frozenset(
    {
        "videoMetadata",
        "mediaResolution",
        "mediaProcessing",
        "partMetadata",
        "audioTranscription",
        "documentMetadata",
        "spreadsheetMetadata",
        "audioMetadata",
    }
)
_FILES_API: Final = "https://generativelanguage.googleapis.com/"
_YOUTUBE: Final = frozenset({"youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be"})


def is_vendor_uri(uri: str) -> bool:
    """Whether `uri` means something to Google alone: a Files API file, gs://, a YouTube video."""
    if uri.startswith((_FILES_API, "gs://", "files/")):
        return True
    try:
        return urlsplit(uri).hostname in _YOUTUBE
    except ValueError:
        return False


def encode_media(media: Media, facts: Model, path: str, losses: Losses) -> dict[str, object] | None:
    """The part for `media`, or None where it had to be left out (a semantic loss says why)."""
    if facts.modalities_in and media.kind not in facts.modalities_in:
        why = f"{facts.id} takes no {media.kind}: it takes {', '.join(facts.modalities_in)}"
        losses.semantic(path, f"{media.kind}_input", why)
        return None
    part = _data(media, facts, path, losses)
    if part is None:
        return None
    if media.extra:
        _beside(media.extra, part, path, losses)
    signature = own_signature(media.signature, path, losses)
    if signature is not None:
        part["thoughtSignature"] = signature
    _name_hints(media, path, losses)
    return part


def _data(media: Media, facts: Model, path: str, losses: Losses) -> dict[str, object] | None:
    mime = media.mime
    match media.source:
        case Base64(data):
            mime = mime or sniff(data) or ""
            if not mime:
                hint = "say the MIME type, or send a format that its first bytes show"
                message = "has no MIME type, and Gemini demands one"
                raise Failure(Problem("unsupported", message, path, hint=hint))
        case PlainText(text):
            mime, data = mime or "text/plain", b64encode(text.encode()).decode()
        case FileRef(dialect, uri):
            if dialect != "gemini":
                why = f"the file {uri!r} was uploaded to another vendor"
                losses.semantic(path, "file_reference", why)
                return None
            return {"fileData": {"mimeType": mime, "fileUri": uri} if mime else {"fileUri": uri}}
        case Url(uri):
            if not is_vendor_uri(uri) and "media_urls" not in facts.features:
                why = "the model doesn't fetch web addresses, and this one was not fetched for it"
                losses.semantic(path, "media_url", why)
                return None
            return {"fileData": {"mimeType": mime, "fileUri": uri} if mime else {"fileUri": uri}}
    base = mime.partition(";")[0].lower()
    if base not in _TYPES and not base.startswith("text/"):
        losses.semantic(path, f"media_type:{base}", f"Gemini reads no {base}")
        return None
    return {"inlineData": {"mimeType": mime, "data": data}}


def _beside(extra: bytes, part: dict[str, object], path: str, losses: Losses) -> None:
    try:
        fields = OBJECT.decode(extra)
    except msgspec.DecodeError:
        fields = {"extra": Raw(extra)}
    for name, raw in fields.items():
        if name in _BESIDE:
            part[name] = raw
        else:
            losses.cosmetic(path, f"media_{name}", "Gemini has no such field on media")


def _name_hints(media: Media, path: str, losses: Losses) -> None:
    if media.name is not None:
        why = "the Gemini API takes no file names (Blob.displayName is for prompt management only)"
        losses.cosmetic(path, "file_name", why)
    if media.detail not in (None, "auto"):
        losses.cosmetic(path, "image_detail", "Gemini has no low/high detail of OpenAI's kind")
    if media.title is not None:
        losses.cosmetic(path, "document_title", "Gemini has no document titles")
    if media.context is not None:
        losses.semantic(path, "document_context", "Gemini has no context field on documents")
    if media.citations:
        losses.cosmetic(path, "document_citations", "Gemini cites no given documents")
    if media.cache is not None:
        losses.cosmetic(path, "cache_breakpoint", "Gemini caches prefixes by itself")
