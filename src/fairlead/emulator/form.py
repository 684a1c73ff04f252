"""The parts of a multipart body."""

import re

from msgspec import Struct

__all__ = ["Part", "parts_of"]

_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^";,\s]+))', re.IGNORECASE)
_PARAMETER = re.compile(r'\b(\w+)="([^"]*)"')


class Part(Struct, frozen=True):
    """One part: the name of its field and of its file, its type, its bytes."""

    name: str
    filename: str
    media_type: str
    content: bytes


def parts_of(content_type: str, body: bytes) -> list[Part]:
    """The parts of a body in their order; none if there is no boundary."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        return []
    boundary = (found[1] or found[2]).encode("latin-1", "replace")
    parts = []
    for piece in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        if piece.startswith(b"--"):
            break
        head, _, content = piece.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace").splitlines()
        headers = {k.strip().lower(): v.strip() for k, _, v in (x.partition(":") for x in lines)}
        said = dict(_PARAMETER.findall(headers.get("content-disposition", "")))
        media_type = headers.get("content-type", "").partition(";")[0].strip()
        parts.append(Part(said.get("name", ""), said.get("filename", ""), media_type, content))
    return parts
