"""The answer's parser without a socket: how the bytes are cut changes nothing; rubbish never escapes."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.upstream.answer import BODY, DONE, FAILED, HEAD, AnswerParser, WireLimits
from fairlead.upstream.transport import TransportError, UpstreamReset

ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx: 1\r\nX: 2\r\n"
        b"\r\n3\r\nabc\r\n5;e=1\r\ndefgh\r\n0\r\ntrailer: t\r\n\r\n"
    ),
    b"HTTP/1.1 204 No Content\r\nserver: s\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 1\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel",
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n",
]


def parse(pieces: list[bytes]) -> tuple[object, ...]:
    parser = AnswerParser("upstream", WireLimits())
    parser.begin(head_only=False)
    body = b""
    for piece in pieces:
        parser.feed(piece)
        body += parser.take()
    reusable = parser.reusable
    parser.end(clean=True)
    kind = type(parser.error)
    return parser.state, parser.status, parser.headers, body, reusable, kind


@settings(max_examples=150)
@given(st.sampled_from(ANSWERS), st.lists(st.integers(0, 200), max_size=8))
def test_how_an_answer_is_cut_changes_nothing(answer: bytes, cuts: list[int]) -> None:
    places = sorted({min(cut, len(answer)) for cut in cuts} | {0, len(answer)})
    pieces = [answer[a:b] for a, b in itertools.pairwise(places)]
    assert parse(pieces) == parse([answer])


@settings(max_examples=150)
@given(st.lists(st.binary(max_size=60), max_size=5), st.sampled_from(ANSWERS), st.integers(0, 80))
def test_rubbish_is_an_error_and_nothing_else(rubbish: list[bytes], answer: bytes, at: int) -> None:
    parser = AnswerParser("upstream", WireLimits())
    parser.begin(head_only=False)
    parser.feed(answer[:at])
    for piece in rubbish:
        parser.feed(piece)
        assert parser.state in (HEAD, BODY, DONE, FAILED)
        assert (parser.state == FAILED) == isinstance(parser.error, TransportError)
    parser.end(clean=False)
    assert parser.state in (DONE, FAILED)


def test_pieces_before_a_fault_can_still_be_taken() -> None:
    parser = AnswerParser("upstream", WireLimits())
    parser.begin(head_only=False)
    parser.feed(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n")
    assert (parser.state, parser.status, parser.take()) == (FAILED, 200, b"ab")


@pytest.mark.parametrize("clean", [True, False])
def test_a_body_until_the_end_needs_a_clean_one(clean: bool) -> None:
    parser = AnswerParser("upstream", WireLimits())
    parser.begin(head_only=False)
    parser.feed(b"HTTP/1.1 200 OK\r\n\r\nhalf?")
    parser.end(clean=clean, how=" (reset)")
    assert parser.state == (DONE if clean else FAILED)
    if not clean:
        assert isinstance(parser.error, UpstreamReset)
        assert "(reset)" in str(parser.error)


def test_one_parser_reads_answer_after_answer() -> None:
    parser = AnswerParser("upstream", WireLimits())
    for head_only, body in ((False, b"hello"), (True, b""), (False, b"hello")):
        parser.begin(head_only=head_only)
        assert (parser.state, parser.status, parser.headers) == (HEAD, 0, {})
        parser.feed(ANSWERS[0][: None if not head_only else -5])
        assert (parser.state, parser.status, parser.take()) == (DONE, 200, body)
        assert parser.reusable
