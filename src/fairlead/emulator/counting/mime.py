"""Media types that the Gemini API takes, and the kind of input that each is."""

__all__ = ["modality_of"]

# Supported types of images, documents, audio and video [D].
MODALITIES = {
    "image/png": "image",
    "image/jpeg": "image",
    "image/jpg": "image",
    "image/webp": "image",
    "image/heic": "image",
    "image/heif": "image",
    "image/gif": "image",
    "application/pdf": "pdf",
    "application/json": "text",
    "application/xml": "text",
    "application/x-javascript": "text",
    "application/x-python": "text",
    "application/javascript": "text",
    "application/rtf": "text",
}
FAMILIES = {"audio": "audio", "video": "video", "text": "text"}


def modality_of(mime: str) -> str | None:
    """The kind of input that a media type is; None for one that the API doesn't know."""
    plain = mime.split(";", maxsplit=1)[0].strip().lower()
    return MODALITIES.get(plain) or FAMILIES.get(plain.split("/")[0])
