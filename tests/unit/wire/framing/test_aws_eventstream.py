import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.wire.bedrock.recorded_bedrock import rows, streamed

from fairlead.wire.framing.aws_eventstream import EventStreamBroken, EventStreamParser, Message


def framed(headers: bytes, payload: bytes, total: int | None = None) -> bytes:
    size = 16 + len(headers) + len(payload)
    prelude = struct.pack("!II", size if total is None else total, len(headers))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + payload
    return body + struct.pack("!I", zlib.crc32(body))


def header(name: str, value: str) -> bytes:
    raw = value.encode()
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(raw)) + raw


ONE = framed(header(":event-type", "chunk") + header(":message-type", "event"), b'{"a": 1}')
TOLD = Message({":event-type": "chunk", ":message-type": "event"}, b'{"a": 1}')


@given(st.lists(st.integers(0, 3 * len(ONE)), max_size=6))
def test_any_cut_gives_the_same_messages(cuts) -> None:
    data, parser, found = ONE * 3, EventStreamParser(), []
    at = 0
    for cut in [*sorted(cuts), len(data)]:
        found += parser.feed(data[at:cut])
        at = max(at, cut)
    assert found == [TOLD] * 3
    assert not parser.pending


@given(st.integers(0, len(ONE) - 1), st.integers(1, 255))
def test_no_changed_byte_is_believed(at, change) -> None:
    """Also where the change makes the message longer than what came."""
    broken = bytearray(ONE)
    broken[at] ^= change
    parser = EventStreamParser()
    with pytest.raises(EventStreamBroken):
        parser.feed(bytes(broken))
    with pytest.raises(EventStreamBroken):
        parser.feed(ONE)


def test_messages_before_a_broken_one_are_told() -> None:
    parser = EventStreamParser()
    assert parser.feed(ONE + ONE[:-1] + b"\0" * 9) == [TOLD]
    with pytest.raises(EventStreamBroken, match="checksum"):
        parser.check()


def test_a_message_that_is_not_over_is_pending() -> None:
    parser = EventStreamParser()
    assert parser.feed(ONE + ONE[:-1]) == [TOLD]
    assert parser.pending
    assert parser.feed(ONE[-1:]) == [TOLD]
    assert not parser.pending


@pytest.mark.parametrize(
    ("total", "headers"),
    [(25 * 1024 * 1024, b""), (15, b""), (4_000_000_000, b"")],
    ids=["too long", "too short", "absurd"],
)
def test_a_length_beyond_reason_ends_it_at_once(total, headers) -> None:
    data = framed(headers, b"x", total)
    with pytest.raises(EventStreamBroken, match="bytes"):
        EventStreamParser().feed(data[:12])


def test_headers_of_every_type_are_passed() -> None:
    values = {0: b"", 1: b"", 2: b"\x01", 3: b"\0\1", 4: b"\0" * 4, 5: b"\0" * 8, 8: b"\0" * 8,
              9: b"\0" * 16, 6: b"\0\2ab"}  # fmt: skip
    raw = b"".join(b"\x01k" + bytes([kind]) + value for kind, value in values.items())
    assert EventStreamParser().feed(framed(raw + header("z", "ü"), b"")) == [
        Message({"z": "ü"}, b"")
    ]


@pytest.mark.parametrize(
    "raw",
    [b"\x05ab", b"\x01a\x63", b"\x01a\x07\xff\xff", b"\x01a\x07\0\1\xff", b"\x01a", b"\x01a\x05\0"],
    ids=["name", "type", "length", "utf8", "no type", "short"],
)
def test_headers_that_cannot_be_read(raw) -> None:
    with pytest.raises(EventStreamBroken, match="headers"):
        EventStreamParser().feed(framed(raw, b"{}"))


def recorded() -> list[bytes]:
    return [streamed(row) for row in rows() if row["response"].get("body_base64")]


def test_recorded_streams_are_read_as_botocore_reads_them() -> None:
    eventstream = pytest.importorskip("botocore.eventstream")
    streams = recorded()
    assert len(streams) > 30
    for data in streams:
        buffer = eventstream.EventStreamBuffer()
        buffer.add_data(data)
        theirs = [Message(dict(m.headers), m.payload) for m in buffer]
        parser = EventStreamParser()
        assert parser.feed(data) == theirs
        assert not parser.pending


@given(st.data())
@settings(max_examples=60)
def test_recorded_streams_in_any_pieces(data) -> None:
    stream = data.draw(st.sampled_from(recorded()))
    size = data.draw(st.integers(1, 700))
    whole = EventStreamParser().feed(stream)
    parser, found = EventStreamParser(), []
    for at in range(0, len(stream), size):
        found += parser.feed(stream[at : at + size])
    assert found == whole
