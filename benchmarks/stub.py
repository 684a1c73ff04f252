"""The upstream of the benchmarks: canned answers of Anthropic's API, as cheaply as can be.

    python -m benchmarks.stub PORT

A request whose body asks for a stream gets 200 text chunks, each written to the socket by itself.
"""

import asyncio
import contextlib
import sys

import uvloop

CHUNKS = 200
TEXT = "The quick brown fox jumps over the lazy dog, again and again."
BODY = (
    b'{"id":"msg_01Bench","type":"message","role":"assistant","model":"claude-haiku-4-5-20251001",'
    b'"content":[{"type":"text","text":"' + TEXT.encode() + b'"}],"stop_reason":"end_turn",'
    b'"stop_sequence":null,"usage":{"input_tokens":25,"output_tokens":14,'
    b'"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"service_tier":"standard"}}'
)
_LENGTH = b"%d" % len(BODY)
WHOLE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
    b"content-length: " + _LENGTH + b"\r\n\r\n" + BODY
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _event(name: str, data: str) -> bytes:
    text = f"event: {name}\ndata: {data}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(text), text)


OPENING = _event(
    "message_start",
    '{"type":"message_start","message":{"id":"msg_01Bench","type":"message","role":"assistant",'
    '"model":"claude-haiku-4-5-20251001","content":[],"stop_reason":null,"stop_sequence":null,'
    '"usage":{"input_tokens":25,"output_tokens":1}}}',
) + _event(
    "content_block_start",
    '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
)
DELTA = _event(
    "content_block_delta",
    '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" word"}}',
)
CLOSING = (
    _event("content_block_stop", '{"type":"content_block_stop","index":0}')
    + _event(
        "message_delta",
        '{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
        '"usage":{"output_tokens":200}}',
    )
    + _event("message_stop", '{"type":"message_stop"}')
    + b"0\r\n\r\n"
)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if b'"stream":true' not in body.replace(b" ", b""):
                writer.write(WHOLE)
                continue
            writer.write(HEAD + OPENING)
            for _ in range(CHUNKS):
                writer.write(DELTA)
                await asyncio.sleep(0)  # let the loop send it, so that chunks stay chunks
            writer.write(CLOSING)
            await writer.drain()
    writer.close()


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(_serve, "127.0.0.1", port, limit=1 << 20)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
