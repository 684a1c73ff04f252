"""Media on a private host that the operator allowed: fetched here, for vendors that fetch too."""

import base64
import http.server
import threading

import pytest

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
MODELS = ["claude-haiku-4-5-20251001", "gemini-2.5-flash"]


class Images(http.server.BaseHTTPRequestHandler):
    """`/x.png` is an image, `/to?URL` redirects."""

    def do_GET(self) -> None:
        _, _, target = self.path.partition("?")
        self.send_response(302 if target else 200)
        self.send_header("location" if target else "content-type", target or "image/png")
        body = b"" if target else PNG
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def images():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Images) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def ask(model: str, url: str) -> dict:
    parts = [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"model": model, "messages": [{"role": "user", "content": parts}]}


@pytest.mark.parametrize("model", MODELS)
def test_an_allowed_private_host(start, images: int, model: str) -> None:
    gateway = start(env={"FAIRLEAD_MEDIA_ALLOW_PRIVATE": f"127.0.0.1:{images}"})
    base = f"http://127.0.0.1:{images}"
    for url in (f"{base}/x.png", f"{base}/to?{base}/x.png"):
        reply = gateway.chat(ask(model, url))
        assert reply.status == 200, reply.body
        assert "image/png" in reply.json()["choices"][0]["message"]["content"]
    for url in ("http://127.0.0.1:1/x", f"{base}/to?http://169.254.169.254/"):
        reply = gateway.chat(ask(model, url))
        assert (reply.status, reply.json()["error"]["code"]) == (400, "url_refused")
