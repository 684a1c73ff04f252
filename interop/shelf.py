"""Small files of the kinds that the suites would load from the internet, served on loopback."""

import io
import threading
import wave
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["FILES", "PNG", "serving"]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def _png() -> bytes:
    """An orange square, 64 by 64."""
    rows = b"".join(b"\0" + b"\xf0\x90\x20" * 64 for _ in range(64))
    header = (64).to_bytes(4) * 2 + bytes((8, 2, 0, 0, 0))
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _pdf() -> bytes:
    """One page with one line on it."""
    line = b"BT /F1 24 Tf 72 700 Td (Dummy PDF file) Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(line), line),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    made, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 7\n0000000000 65535 f \n"
    tail = b"trailer\n<< /Size 7 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(made)
    return made + head + table + tail


def _wav() -> bytes:
    """A second of silence."""
    held = io.BytesIO()
    with wave.open(held, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return held.getvalue()


PNG = _png()
# Their bytes by their type, and the types by the endings of paths.
FILES = {"image/png": PNG, "application/pdf": _pdf(), "audio/wav": _wav()}
_ENDINGS = {"png": "image/png", "pdf": "application/pdf", "wav": "audio/wav"}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        mime = _ENDINGS[self.path.rsplit(".", 1)[-1]]
        data = FILES[mime]
        self.send_response(200)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """The tests' output is not the place for it."""


@contextmanager
def serving() -> Iterator[str]:
    """The address at which any path ending in .png, .pdf or .wav has such a file."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
