"""Pictures, sound and files: what they are, and whether the model takes them."""

from collections.abc import Iterator
from typing import Any

from fairlead.emulator.counting.media import decoded, image_type, pdf_pages
from fairlead.emulator.rules.openai.request import Request, refuse
from fairlead.emulator.rules.rejection import Rejection

__all__ = ["media"]

Part = dict[str, Any]
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
UNSUPPORTED_IMAGE = (  # [R]
    "You uploaded an unsupported image. Please make sure your image has of one the following "
    "formats: ['png', 'jpeg', 'gif', 'webp']."
)
_MODALITIES = {
    "image_url": "image",
    "input_image": "image",
    "input_audio": "audio",
    "file": "pdf",
    "input_file": "pdf",
}


def media(request: Request) -> Rejection | None:
    """The first part that is not what it says, or that the model doesn't take."""
    for place, part in _parts(request):
        wanted = _MODALITIES.get(str(part.get("type")))
        if wanted is None:
            continue
        if wanted not in request.model.modalities:
            return refuse(  # [O] of image_url
                f"Invalid content type. {part['type']} is only supported by certain models.",
                f"{place}.type",
            )
        found = _CHECKS[wanted](request, place, part)
        if found is not None:
            return found
    return None


def _parts(request: Request) -> Iterator[tuple[str, Part]]:
    top = "messages" if request.chat else "input"
    turns = request.body["messages"] if request.chat else request.known.items
    for number, turn in enumerate(turns):
        for key in ("content", "output"):
            parts = turn.get(key)
            for index, part in enumerate(parts if isinstance(parts, list) else ()):
                if isinstance(part, dict):
                    yield f"{top}.[{number}].{key}.[{index}]", part


def _image(request: Request, place: str, part: Part) -> Rejection | None:
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    if url is None:
        return _uploaded(request, part.get("file_id"))
    if not url.startswith("data:"):
        if url.startswith(("http://", "https://")):
            return None
        return refuse(
            f"Invalid '{place}.image_url'. Expected a valid URL, but got a value with an invalid "
            "format.",
            f"{place}.image_url",
            "invalid_value",
        )
    data = decoded(url.partition(",")[2])
    if data is None:
        return refuse("Invalid base64 image_url.", place, "invalid_base64")
    if image_type(data) not in PICTURES:
        return refuse(UNSUPPORTED_IMAGE, None, "invalid_image_format")
    return None


def _sound(request: Request, place: str, part: Part) -> Rejection | None:
    del request
    data = decoded(str((part.get("input_audio") or {}).get("data", "")))
    if not data:
        return refuse(
            f"Invalid value: '{place}.input_audio.data' is no base64 of a sound.",
            f"{place}.input_audio.data",
            "invalid_value",
        )
    return None


def _file(request: Request, place: str, part: Part) -> Rejection | None:
    """A PDF as a data URL, or a file that was uploaded [D]."""
    inner: Part = part.get("file") or part if part["type"] == "file" else part
    given = inner.get("file_data")
    if given is None:
        return _uploaded(request, inner.get("file_id"))
    data = decoded(given.partition(",")[2] if given.startswith("data:") else given)
    if data is None:
        return refuse(
            f"Invalid '{place}.file_data': expected a base64-encoded data URL.",
            f"{place}.file_data",
            "invalid_value",
        )
    if "application/pdf" in given[:40] and pdf_pages(data) is None:
        return refuse("The file you uploaded is not a valid PDF.", f"{place}.file_data")
    return None


def _uploaded(request: Request, ident: str | None) -> Rejection | None:
    if ident is None or request.known.file(ident):
        return None
    return refuse(f"File '{ident}' not found.", None, None, 404)


_CHECKS = {"image": _image, "audio": _sound, "pdf": _file}
