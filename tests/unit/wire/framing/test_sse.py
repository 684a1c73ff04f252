"""One list of cases, fed whole, byte by byte, and cut at random."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.wire.framing.sse import SseEvent, SseParser, SseTooLong

CASES: list[tuple[bytes, list[SseEvent]]] = [
    (b"data: a\n\n", [SseEvent(None, b"a")]),
    (b"data:a\n\n", [SseEvent(None, b"a")]),
    (b"data:  a\n\n", [SseEvent(None, b" a")]),
    (b"data: a\r\n\r\n", [SseEvent(None, b"a")]),
    (b"data: a\r\rdata: b\r\r", [SseEvent(None, b"a"), SseEvent(None, b"b")]),
    (b"\xef\xbb\xbfdata: a\n\n", [SseEvent(None, b"a")]),
    (b"event: ping\ndata: {}\n\n", [SseEvent("ping", b"{}")]),
    (b"event: ping\n\ndata: 1\n\n", [SseEvent(None, b"1")]),
    (b"data: a\ndata: b\n\n", [SseEvent(None, b"a\nb")]),
    (b"data\ndata\n\n", [SseEvent(None, b"\n")]),
    (b": comment\n\ndata: a\n\n", [SseEvent(None, b"a")]),
    (b"id: 7\nretry: 10\ndata: a\n\n", [SseEvent(None, b"a")]),
    (b"\n\n\n", []),
    (b"data: [DONE]", [SseEvent(None, b"[DONE]")]),
    (b'{\n"error": 1\n}\n', [SseEvent(None, b'{\n"error": 1\n}', field=False)]),
    (b"data: a\n\n{}\n\n", [SseEvent(None, b"a"), SseEvent(None, b"{}", field=False)]),
    ("data: \u00e9\u4e2d\n\n".encode(), [SseEvent(None, "\u00e9\u4e2d".encode())]),
]


def parse(pieces: list[bytes]) -> list[SseEvent]:
    parser = SseParser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.close()


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_whole(data: bytes, expected: list[SseEvent]) -> None:
    assert parse([data]) == expected


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_byte_by_byte(data: bytes, expected: list[SseEvent]) -> None:
    assert parse([data[i : i + 1] for i in range(len(data))]) == expected


@given(st.data())
def test_any_cut_of_any_soup_gives_the_same(data: st.DataObject) -> None:
    words = st.sampled_from([b"data:", b" ", b"a", b"\n", b"\r", b"\r\n", b"event: x", b":", b"{}"])
    soup = b"".join(data.draw(st.lists(words, max_size=40)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(soup)), max_size=8)))
    pieces = [soup[i:j] for i, j in zip([0, *cuts], [*cuts, len(soup)], strict=True)]
    assert parse(pieces) == parse([soup])


@given(st.data())
def test_whole_events_read_as_they_do_byte_by_byte(data: st.DataObject) -> None:
    words = [b"data: a\n\n", b"event: x\ndata: b\n\n", b"data: c\r\n\r\n", b"\n", b"data: \n\n"]
    more = [b"event: x\r\ndata: d\r\n\r\n", b": c\n\n", b"{}\n\n", b"data: e\ndata: f\n\n", b"\r"]
    drawn = data.draw(st.lists(st.sampled_from(words + more), max_size=8))
    chunks = data.draw(st.permutations([*drawn, b"".join(drawn)]))
    stream = b"".join(chunks)
    assert parse(chunks) == parse([stream[i : i + 1] for i in range(len(stream))])
    assert parse([stream]) == parse(chunks)


def test_a_line_past_the_limit_is_refused() -> None:
    parser = SseParser(limit=64)
    parser.feed(b"data: " + b"x" * 50)
    with pytest.raises(SseTooLong):
        parser.feed(b"x" * 50)
