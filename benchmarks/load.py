"""The load of the benchmarks: keep-alive connections that send one request after the other.

    python -m benchmarks.load URL_PORT PATH REQUESTS CONNECTIONS stream|whole

Prints the seconds that it took. Raw sockets, so that the load costs less than what it measures.
"""

import asyncio
import json
import sys
import time

import uvloop

PROMPT = "Suggest a good name for a small sailing boat, and say in one sentence why you like it."


def request(path: str, *, stream: bool) -> bytes:
    """One OpenAI chat request as bytes."""
    wish = {"model": "auto", "messages": [{"role": "user", "content": PROMPT}], "max_tokens": 256}
    if stream:
        wish |= {"stream": True, "stream_options": {"include_usage": True}}
    body = json.dumps(wish, separators=(",", ":")).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer none\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _worker(port: int, data: bytes, count: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    for _ in range(count):
        writer.write(data)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            body = await reader.read(500)
            raise SystemExit(f"load: not a 200: {head!r} {body!r}")
        if b"content-length:" in head:
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        else:
            await reader.readuntil(b"\r\n0\r\n\r\n")
    writer.close()


async def main(port: int, path: str, requests: int, connections: int, *, stream: bool) -> None:
    """Send `requests` over `connections`."""
    data = request(path, stream=stream)
    begun = time.perf_counter()
    share = requests // connections
    await asyncio.gather(*(_worker(port, data, share) for _ in range(connections)))
    print(time.perf_counter() - begun)


if __name__ == "__main__":
    PORT, PATH, REQUESTS, CONNECTIONS, KIND = sys.argv[1:6]
    uvloop.run(main(int(PORT), PATH, int(REQUESTS), int(CONNECTIONS), stream=KIND == "stream"))
