"""The load of the benchmarks: keep-alive connections that send one request after the other.

    python -m benchmarks.load URL_PORT PATH REQUESTS CONNECTIONS stream|whole

Prints the seconds that it took. Raw sockets, so that the load costs less than what it measures.
The prompts differ in words and length, so that nothing is remembered from one to the next that real
traffic would not bring again.
"""

import asyncio
import json
import sys
import time

import uvloop

PROMPT = "Suggest a good name for a{} sailing boat {}, and say in one sentence why you like it."
SIZES = (
    "",
    " small",
    " rather small",
    " large",
    " very old",
    " fast and light",
    " wooden",
    " blue",
)
PLACES = (
    "on a lake", "at sea", "in a harbour of the north", "that was found in a barn",
    "which two children built in a summer", "for racing", "with a red sail",
    "that has been around the world twice", "in a museum", "of a fisherman", "on a river",
)  # fmt: skip


def prompt(number: int) -> str:
    """One of the 88 prompts."""
    return PROMPT.format(SIZES[number % len(SIZES)], PLACES[number % len(PLACES)])


def request(path: str, *, stream: bool, number: int = 0) -> bytes:
    """One OpenAI chat request as bytes."""
    said = [{"role": "user", "content": prompt(number)}]
    wish = {"model": "auto", "messages": said, "max_tokens": 256}
    if stream:
        wish |= {"stream": True, "stream_options": {"include_usage": True}}
    body = json.dumps(wish, separators=(",", ":")).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer none\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _worker(port: int, requests: list[bytes], count: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    for number in range(count):
        writer.write(requests[number % len(requests)])
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
    data = [
        request(path, stream=stream, number=number) for number in range(len(SIZES) * len(PLACES))
    ]
    begun = time.perf_counter()
    share = requests // connections
    await asyncio.gather(*(_worker(port, data, share) for _ in range(connections)))
    print(time.perf_counter() - begun)


if __name__ == "__main__":
    PORT, PATH, REQUESTS, CONNECTIONS, KIND = sys.argv[1:6]
    uvloop.run(main(int(PORT), PATH, int(REQUESTS), int(CONNECTIONS), stream=KIND == "stream"))
