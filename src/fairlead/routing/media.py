"""How many tokens an image, sound, video or document takes, from its first bytes and its size.

Vendors state their rules: Anthropic counts an image as width x height / 750 and scales it down to
about 1,600 tokens at most (documentation, "Vision"), a PDF page as 1,500 to 3,000 tokens of text
plus its image ("PDF support"); Gemini counts 258 tokens a tile of 768 x 768 or a PDF page, 32 a
second of audio, 263 a second of video plus its sound (documentation, "Understand and count
tokens"). Dimensions and duration are read where a header gives them, else guessed from the size of
the file; what is given by address is taken for a typical file.
"""

from collections.abc import Callable
from typing import NamedTuple

from fairlead.canon import Base64, Media, MediaKind
from fairlead.tokens.headers import HEADER, PAGES_READ, head, image_size

__all__ = ["Bounds", "Measured", "Sizes", "image_size", "measure"]

IMAGE_PIXELS_PER_TOKEN, IMAGE_MOST = 750, 1_600
TILE, TILE_TOKENS = 768, 258
IMAGE_FIXED = 1_290  # Gemini 3 takes about as much for any image at its default resolution
AUDIO_PER_SECOND, VIDEO_PER_SECOND = 32, 295
AUDIO_BYTES_PER_SECOND = 16_000  # 128 kbit/s, the usual MP3
VIDEO_BYTES_PER_SECOND = 150_000  # 1.2 Mbit/s
PAGE_TOKENS, PAGE_MOST, PAGE_BYTES = 1_600, 3_000, 50_000
PDF_BASE64 = "JVBERi"
"""`%PDF` and the bits that follow."""


class Bounds(NamedTuple):
    """Tokens: the best estimate, and one that real counts rarely exceed."""

    best: int
    high: int


class Measured(NamedTuple):
    """Tokens of a piece of media, and the pages that were found where it is a PDF."""

    best: int
    high: int
    pages: int = 0


class Sizes:
    """What the media of a request weigh, against vendors' limits: counts, bytes, pages.

    The fields are those of `Features` with the same names, and mean the same.
    """

    __slots__ = (
        "document_bytes",
        "document_pages",
        "image_bytes",
        "images",
        "inline_bytes",
        "pages",
        "videos",
    )

    def __init__(self) -> None:
        self.images = self.image_bytes = self.videos = 0
        self.document_bytes = self.document_pages = self.pages = self.inline_bytes = 0

    def add(self, media: Media, pages: int) -> None:
        """Count one more piece of media, of which `pages` pages were found."""
        self.images += media.kind == "image"
        self.videos += media.kind == "video"
        if not isinstance(media.source, Base64):
            return
        data = media.source.data
        self.inline_bytes += len(data)
        if media.kind == "image":
            self.image_bytes = max(self.image_bytes, _decoded_size(data))
        elif media.kind == "document" and (
            media.mime == "application/pdf" or data.startswith(PDF_BASE64)
        ):
            self.document_bytes = max(self.document_bytes, _decoded_size(data))
            self.document_pages = max(self.document_pages, pages)
            self.pages += pages


def _decoded_size(data: str) -> int:
    """Bytes that base64 stands for, without decoding it."""
    return len(data) * 3 // 4 - data.endswith("=") - data.endswith("==")


TYPICAL: dict[MediaKind, Bounds] = {
    "image": Bounds(1_100, IMAGE_MOST),
    "audio": Bounds(60 * AUDIO_PER_SECOND, 600 * AUDIO_PER_SECOND),
    "video": Bounds(60 * VIDEO_PER_SECOND, 600 * VIDEO_PER_SECOND),
    "document": Bounds(10 * PAGE_TOKENS, 30 * PAGE_TOKENS),
}
"""A file that is only named: its size is not known before it is fetched."""


def measure(media: Media) -> Measured:
    """Tokens and pages in one go: a document is only read once. A broken file counts as a typical
    one: others will refuse it.
    """
    if not isinstance(media.source, Base64):
        return Measured(*TYPICAL[media.kind])
    data = media.source.data
    return SIZED[media.kind](data, len(data) * 3 // 4)


def _image(data: str, size: int) -> Measured:
    # Only JPEG has its size behind segments of any length (previews, colour profiles).
    found = image_size(head(data, HEADER if data.startswith("/9j/") else 64))
    if found is None:
        # A photograph has about a byte for every five pixels.
        best = max(1, min(IMAGE_MOST, size * 5 // IMAGE_PIXELS_PER_TOKEN))
        return Measured(best, IMAGE_MOST)
    width, height = found
    best = max(TILE_TOKENS, min(IMAGE_MOST, width * height // IMAGE_PIXELS_PER_TOKEN))
    tiles = -(-width // TILE) * -(-height // TILE)
    return Measured(best, max(best, IMAGE_FIXED, min(tiles, 64) * TILE_TOKENS))


def _audio(data: str, size: int) -> Measured:
    start = head(data, 64)
    rate = AUDIO_BYTES_PER_SECOND
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE" and len(start) >= 32:
        rate = int.from_bytes(start[28:32], "little") or rate
        seconds = size // rate + 1
        return Measured(seconds * AUDIO_PER_SECOND, (seconds + 1) * AUDIO_PER_SECOND)
    seconds = size // rate + 1
    return Measured(seconds * AUDIO_PER_SECOND, 4 * seconds * AUDIO_PER_SECOND)


def _video(_: str, size: int) -> Measured:
    seconds = size // VIDEO_BYTES_PER_SECOND + 1
    return Measured(seconds * VIDEO_PER_SECOND, (5 * seconds + 10) * VIDEO_PER_SECOND)


def _document(data: str, size: int) -> Measured:
    content = head(data, PAGES_READ)
    if not content.startswith(b"%PDF"):
        return Measured(size // 3 + 1, size + 1)
    marked = content.count(b"/Type /Page") + content.count(b"/Type/Page")
    marked -= content.count(b"/Type /Pages") + content.count(b"/Type/Pages")
    found = max(0, marked)  # none where the pages stand in compressed object streams
    pages = found or size // PAGE_BYTES + 1
    return Measured(pages * PAGE_TOKENS, max(pages, size // PAGE_BYTES) * PAGE_MOST, found)


SIZED: dict[MediaKind, Callable[[str, int], Measured]] = {
    "image": _image,
    "audio": _audio,
    "video": _video,
    "document": _document,
}
