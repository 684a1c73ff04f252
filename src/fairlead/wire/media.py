"""Media as it travels in JSON: data URLs, base64 text, and what the bytes really are.

Pure, and bounded on hostile bodies: text of n characters costs a fixed number of passes over it
and at most three copies; only the first `HEAD` characters are ever decoded for sniffing; a plain
(percent-encoded) data URL is refused beyond `PLAIN_MAX`, because each escape costs an object.
Nothing here puts a client's data into an error message.
"""

import binascii
from base64 import b64encode
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_to_bytes

from fairlead.canon import Failure, MediaKind

__all__ = [
    "AUDIO_FORMATS",
    "check_base64",
    "format_of",
    "is_data_url",
    "kind_of",
    "mime_of_format",
    "parse_data_url",
    "sniff",
    "verify",
]

HEAD: Final = 4096
PLAIN_MAX: Final = 1 << 20
_MEDIA_TYPE_MAX: Final = 512

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_WHITE: Final = b" \t\r\n\f\v"
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
# RFC 2397 lets base64 data be percent-encoded; only these characters of it ever need to be.
_ESCAPES: Final = (
    (b"%2B", b"+"),
    (b"%2b", b"+"),
    (b"%2F", b"/"),
    (b"%2f", b"/"),
    (b"%3D", b"="),
    (b"%3d", b"="),
    (b"%0A", b""),
    (b"%0a", b""),
    (b"%0D", b""),
    (b"%0d", b""),
    (b"%20", b""),
)

AUDIO_FORMATS: Final[dict[str, str]] = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "m4a": "audio/mp4",
    "mp4": "audio/mp4",
    "webm": "audio/webm",
    "pcm16": "audio/l16",
    "pcm": "audio/l16",
}
"""`input_audio.format` of the chat dialect to a MIME type. OpenAI takes wav and mp3; aggregators
take the rest (OpenRouter's audio documentation)."""

_FORMAT_OF: Final[dict[str, str]] = {
    **{mime: name for name, mime in reversed(AUDIO_FORMATS.items())},
    "audio/mp3": "mp3",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/x-flac": "flac",
    "audio/x-aiff": "aiff",
    "audio/x-m4a": "m4a",
    "audio/m4a": "m4a",
    "audio/opus": "opus",
}
# Without a header in the bytes there is nothing to sniff; a chance match would be a guess.
_HEADERLESS: Final = frozenset({"audio/l16", "audio/pcm", "audio/basic", "audio/l24"})
_UNDECLARED: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})


def mime_of_format(name: str, path: str) -> str:
    """The MIME type of an `input_audio` format; an unknown one is a `Failure` at `path`."""
    mime = AUDIO_FORMATS.get(name.lower())
    if mime is None:
        known = ", ".join(AUDIO_FORMATS)
        raise Failure.invalid(f"unknown audio format {name[:40]!r}", path, hint=f"known: {known}")
    return mime


def format_of(mime: str) -> str | None:
    """The `input_audio` format of a MIME type, or None when the chat dialect has none."""
    return _FORMAT_OF.get(mime)


def kind_of(mime: str) -> MediaKind:
    """Image, audio or video by the type's first half; everything else is a document."""
    return _KINDS.get(mime.partition("/")[0].lower(), "document")


_KINDS: Final[dict[str, MediaKind]] = {"image": "image", "audio": "audio", "video": "video"}


def is_data_url(url: str) -> bool:
    """Whether `url` is a `data:` URL (schemes are case-insensitive)."""
    return url[:5].lower() == "data:"


def parse_data_url(url: str, path: str) -> tuple[str, str]:
    """The MIME type (lower case, without parameters) and standard padded base64 of a data URL.

    RFC 2397: `data:[<mediatype>][;base64],<data>`; the type defaults to text/plain. Parameters are
    kept only where the bytes mean nothing without them (`audio/l16;rate=24000`). Raises `Failure`
    at `path` if `url` is none.
    """
    comma = url.find(",", 0, _MEDIA_TYPE_MAX)
    if not is_data_url(url) or comma < 0:
        raise Failure.invalid(
            "is not a data URL",
            path,
            hint="a data URL has the form data:<mime type>;base64,<data>",
        )
    mime, *parameters = (piece.strip() for piece in url[5:comma].lower().split(";"))
    mime = mime or "text/plain"
    is_base64 = bool(parameters) and parameters[-1] == "base64"
    if "/" not in mime:
        raise Failure.invalid(f"{mime[:80]!r} is not a MIME type", path)
    if mime in _HEADERLESS:
        mime = ";".join((mime, *(p for p in parameters if p != "base64")))
    data = url[comma + 1 :]
    if is_base64:
        return mime, check_base64(data, path)
    return mime, _from_plain(data, path)


def _from_plain(data: str, path: str) -> str:
    if len(data) > PLAIN_MAX:
        raise Failure.invalid(
            f"a data URL of more than {PLAIN_MAX} characters has to be base64",
            path,
            hint="data:<mime type>;base64,<data>",
        )
    try:
        return b64encode(unquote_to_bytes(data)).decode("ascii")
    except UnicodeEncodeError:
        raise Failure.invalid("holds a lone surrogate", path) from None


def check_base64(data: str, path: str) -> str:
    """`data` as standard, padded base64 text, or a `Failure` at `path`.

    Takes both alphabets, missing padding, line breaks, and percent-encoded `+`, `/` and `=`. Text
    that is already as it should be is returned as it is.
    """
    try:
        raw = data.encode("ascii")
    except UnicodeEncodeError as error:
        raise _not_base64(data, error.start, path) from None
    rest = raw.translate(None, _ALPHABET)
    if len(raw) % 4 == 0 and rest in (b"", b"=", b"==") and raw.endswith(rest):
        return data
    if b"%" in rest:
        for escape, plain in _ESCAPES:
            raw = raw.replace(escape, plain)
    raw = raw.translate(_URL_SAFE, _WHITE).rstrip(b"=")
    if rest := raw.translate(None, _ALPHABET):
        raise _not_base64(data, data.find(chr(rest[0])), path)
    if len(raw) % 4 == 1:
        raise Failure.invalid(
            f"is not base64: {len(raw)} characters cannot be whole bytes (truncated?)", path
        )
    return (raw + b"=" * (-len(raw) % 4)).decode("ascii")


def _not_base64(data: str, at: int, path: str) -> Failure:
    return Failure.invalid(f"is not base64: character {data[at]!a} at offset {at}", path)


def sniff(data: str) -> str | None:
    """The MIME type that the first bytes of base64 text show, or None if they show none.

    Expects standard base64 (see `check_base64`); reads no more than `HEAD` characters.
    """
    try:
        head = binascii.a2b_base64(data[:HEAD])
    except (binascii.Error, ValueError):
        return None
    for offset, magic, verdict in _MAGIC:
        if head.startswith(magic, offset):
            found = verdict if isinstance(verdict, str) else verdict(head)
            if found is not None:
                return found
    return _sniff_loose(head)


def verify(kind: MediaKind, mime: str, data: str, path: str) -> str:
    """The true MIME type of base64 `data` that was declared to be a `mime` of `kind`.

    An image has to be one, a PDF too; sound and video may not be an image or a PDF, and keep the
    declared type where the bytes don't show theirs. Raises `Failure` at `path` otherwise. Wrong
    labels are put right, since vendors refuse them (Anthropic: "Image does not match the provided
    media type").
    """
    if not data:
        raise Failure.invalid(f"is not {_ARTICLE[kind]}: it is empty", path)
    if mime.partition(";")[0] in _HEADERLESS:
        return mime
    found = sniff(data)
    must_be_pdf = kind == "document" and mime == "application/pdf"
    if kind == "document" and not must_be_pdf:
        return (found or "application/octet-stream") if mime in _UNDECLARED else mime
    if found is None:
        if kind == "image" or must_be_pdf:
            what = "a PDF" if must_be_pdf else _ARTICLE[kind]
            raise Failure.invalid(f"is not {what}: its first bytes are of no known format", path)
        return mime
    shown = kind_of(found)
    if shown == kind and (not must_be_pdf or found == mime):
        return found
    if {shown, kind} == {"audio", "video"}:
        return mime  # one container holds either (MP4, WebM, Ogg): the client knows which
    what = "a PDF" if must_be_pdf else _ARTICLE[kind]
    raise Failure.invalid(f"is not {what}: its bytes are {found}", path)


_ARTICLE: Final[dict[MediaKind, str]] = {
    "image": "an image",
    "audio": "a sound",
    "video": "a video",
    "document": "a document",
}


def _riff(head: bytes) -> str | None:
    return {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}.get(head[8:12])


def _aiff(head: bytes) -> str | None:
    return "audio/aiff" if head[8:12] in (b"AIFF", b"AIFC") else None


def _bmp(head: bytes) -> str | None:
    # "BM" alone is two letters; the size of the header that follows makes it a bitmap.
    known = (12, 16, 40, 52, 56, 64, 108, 124)
    return "image/bmp" if int.from_bytes(head[14:18], "little") in known else None


def _ebml(head: bytes) -> str:
    return "video/webm" if b"webm" in head[:64] else "video/x-matroska"


def _ogg(head: bytes) -> str:
    return "video/ogg" if b"theora" in head[:256] else "audio/ogg"


_BRANDS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"avif", "image/avif"),
    (b"avis", "image/avif"),
    (b"hei", "image/heic"),
    (b"hev", "image/heic"),
    (b"mif1", "image/heif"),
    (b"msf1", "image/heif"),
    (b"M4A", "audio/mp4"),
    (b"M4B", "audio/mp4"),
    (b"qt", "video/quicktime"),
    (b"3g", "video/3gpp"),
)


def _ftyp(head: bytes) -> str:
    brand = head[8:12]
    if brand in (b"mif1", b"msf1") and b"heic" in head[16:48]:
        return "image/heic"
    return next((mime for start, mime in _BRANDS if brand.startswith(start)), "video/mp4")


_Verdict = str | Callable[[bytes], str | None]
_MAGIC: Final[tuple[tuple[int, bytes, _Verdict], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"RIFF", _riff),
    (0, b"RF64", _riff),
    (0, b"%PDF-", "application/pdf"),
    (4, b"ftyp", _ftyp),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"II+\x00", "image/tiff"),
    (0, b"MM\x00+", "image/tiff"),
    (0, b"BM", _bmp),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", _ogg),
    (0, b"FORM", _aiff),
    (0, b"ADIF", "audio/aac"),
    (0, b"\x1a\x45\xdf\xa3", _ebml),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-wmv"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x00\x00\x01\xb3", "video/mpeg"),
    # QuickTime files of before `ftyp` begin with one of these atoms.
    (4, b"moov", "video/quicktime"),
    (4, b"mdat", "video/quicktime"),
    (4, b"wide", "video/quicktime"),
)
"""(offset, bytes, MIME type or a closer look). The first row that answers wins."""


def _sniff_loose(head: bytes) -> str | None:
    """Formats whose sign is a few bits, or stands anywhere near the start."""
    if len(head) > 3 and head[0] == 0xFF:
        if head[1] & 0xF6 == 0xF0:
            return "audio/aac"  # ADTS: twelve bits of sync, layer 0
        if head[1] & 0xE0 == 0xE0 and head[1] & 0x18 != 0x08 and head[1] & 0x06:
            return "audio/mpeg"  # eleven bits of sync, no reserved version or layer
    if len(head) > 188 and head[0] == head[188] == 0x47:
        return "video/mpeg"  # a transport stream: packets of 188 bytes
    if b"%PDF-" in head[:1024]:
        return "application/pdf"  # ISO 32000-1, annex H: readers look in the first 1024 bytes
    if b"<svg" in head[:1024]:
        return "image/svg+xml"
    return None
