"""Hard limits on media: how many, how large, how long. The guards ask these after the plain ones.

A row of `CAPS` is one limit: what the request has, what the model takes, and how it is told.
Vendors count an image and a request as they travel, in base64 (Anthropic, "Vision": "10 MB
(base64-encoded)"; its 400: "image exceeds 10 MB maximum: 10896644 bytes > 10485760 bytes"), a PDF
as a file (Gemini, "File input methods": "50 MB for PDFs"). The media of a request are less than the
whole of it, so a limit on the request that they break is broken for certain.

Pages are counted by their marks in the file, where an edited PDF can hold a page twice: a limit on
them is *doubtful*, and the vendor has the last word where no other model can serve.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import NamedTuple

from fairlead.catalog.model import Model
from fairlead.routing.decision import Features

__all__ = ["CAPS", "Cap", "caps_of", "in_base64"]


def in_base64(size: int) -> int:
    """Characters of base64 that `size` bytes take, padding included."""
    return (size + 2) // 3 * 4


class Cap(NamedTuple):
    """One limit: its name among `Limits`, the figure that it is held against, the sentence.

    `why` is filled with `most`, `has` and the features as `of`.
    """

    limit: str
    has: Callable[[Features], int]
    why: str
    certain: bool = True


CAPS: tuple[Cap, ...] = (
    Cap(
        "images_max",
        attrgetter("images"),
        "takes at most {most:,} images in a request, this one has {has:,}",
    ),
    Cap(
        "image_base64_bytes",
        lambda features: in_base64(features.image_bytes),
        "takes images of at most {most:,} bytes as base64, the largest here has {has:,} "
        "({of.image_bytes:,} decoded)",
    ),
    Cap(
        "videos_max",
        attrgetter("videos"),
        "takes at most {most:,} videos in a request, this one has {has:,}",
    ),
    Cap(
        "document_bytes",
        attrgetter("document_bytes"),
        "takes PDFs of at most {most:,} bytes, the largest here has {has:,}",
    ),
    Cap(
        "request_bytes",
        attrgetter("inline_bytes"),
        "takes requests of at most {most:,} bytes, the media alone have {has:,} as base64",
    ),
    Cap(
        "document_pages",
        attrgetter("document_pages"),
        "takes PDFs of at most {most:,} pages, the longest here has about {has:,}",
        certain=False,
    ),
    Cap(
        "request_pages",
        attrgetter("pages"),
        "takes at most {most:,} pages of PDF in a request, this one has about {has:,}",
        certain=False,
    ),
)


def caps_of(model: Model) -> tuple[tuple[Cap, int], ...]:
    """The limits on media that sources state about this model."""
    stated = [(cap, getattr(model.limits, cap.limit)) for cap in CAPS]
    return tuple([(cap, most) for cap, most in stated if most is not None])
