"""Material for the demo: the standard library's sources, and small media made on the spot."""

import base64
import math
import struct
import sysconfig
import wave
import zlib
from io import BytesIO
from pathlib import Path

__all__ = ["data_url", "document", "pdf", "png", "source", "video", "wav"]

STDLIB = Path(sysconfig.get_paths()["stdlib"])


def source(name: str, limit: int = 12_000) -> str:
    """The source of a module of the standard library, cut at `limit` characters."""
    return (STDLIB / name).read_text(encoding="utf-8")[:limit]


def document(characters: int) -> str:
    """One long document made of the standard library's sources, in order of their names."""
    pieces: list[str] = []
    size = 0
    for path in sorted(STDLIB.glob("*.py")) + sorted(STDLIB.glob("*/*.py")):
        if "test" in str(path.relative_to(STDLIB)) or "site-packages" in path.parts:
            continue
        text = f"\n\n=== {path.name} ===\n{path.read_text(encoding='utf-8', errors='replace')}"
        pieces.append(text)
        size += len(text)
        if size >= characters:
            break
    return "".join(pieces)[:characters]


def png(width: int = 320, height: int = 200) -> bytes:
    """A picture: a gradient with a disc on it."""

    def row(y: int) -> bytes:
        pixels = bytearray(b"\0")
        for x in range(width):
            inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 3) ** 2
            pixels += bytes((220, 60, 40) if inside else (x * 255 // width, y * 255 // height, 160))
        return bytes(pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(row(y) for y in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def wav(seconds: float = 1.5, rate: int = 16_000) -> bytes:
    """A sound: a tone that rises from 220 Hz."""
    samples = bytearray()
    for i in range(int(seconds * rate)):
        tone = math.sin(2 * math.pi * (220 + 110 * i / rate) * i / rate)
        samples += struct.pack("<h", int(12_000 * tone))
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(samples))
    return out.getvalue()


def pdf(lines: tuple[str, ...]) -> bytes:
    """A one-page PDF with these lines of text (ASCII without brackets)."""
    text = "BT /F1 12 Tf 72 760 Td 16 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            " /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += (
        f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    )
    return bytes(out)


def video(frames: int = 15, size: int = 48, per_second: int = 5) -> bytes:
    """A short film: an uncompressed AVI in which a bar moves to the right.

    Layout as in Microsoft's "AVI RIFF File Reference": RIFF AVI > LIST hdrl (avih, LIST strl
    (strh, strf)) > LIST movi (00db a frame) > idx1.
    """

    def frame(t: int) -> bytes:
        line = b"".join(
            bytes((255, 255, 255) if abs(x - t * size // frames) < 4 else (90, 30, 30))
            for x in range(size)
        )
        return line * size

    def chunk(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)

    pixels = size * size * 3
    avih = struct.pack("<14I", 1_000_000 // per_second, pixels * per_second, 0, 0x10,
                       frames, 0, 1, pixels, size, size, 0, 0, 0, 0)  # fmt: skip
    strh = struct.pack("<4s4sIHHIIIIIIII4H", b"vids", b"DIB ", 0, 0, 0, 0, 1, per_second, 0,
                       frames, pixels, 0xFFFFFFFF, 0, 0, 0, size, size)  # fmt: skip
    strf = struct.pack("<IiiHHIIiiII", 40, size, size, 1, 24, 0, pixels, 0, 0, 0, 0)
    strl = chunk(b"LIST", b"strl" + chunk(b"strh", strh) + chunk(b"strf", strf))
    head = chunk(b"LIST", b"hdrl" + chunk(b"avih", avih) + strl)
    movie = b"movi" + b"".join(chunk(b"00db", frame(t)) for t in range(frames))
    step = pixels + pixels % 2 + 8
    index = b"".join(struct.pack("<4sIII", b"00db", 0x10, 4 + t * step, pixels)
                     for t in range(frames))  # fmt: skip
    return chunk(b"RIFF", b"AVI " + head + chunk(b"LIST", movie) + chunk(b"idx1", index))


def data_url(mime: str, data: bytes) -> str:
    """Bytes as a `data:` URL."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
