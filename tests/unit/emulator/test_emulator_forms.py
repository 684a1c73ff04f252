"""Multipart bodies, as SDKs and curl write them."""

import pytest

from fairlead.emulator.form import Part, parts_of

BODY = (
    b'--x y\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
    b"Content-Type: text/csv; charset=utf-8\r\n\r\na,b\r\n\r\n1,2\r\n"
    b'--x y\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x y--\r\nrubbish'
)


def test_parts_keep_their_bytes():
    assert parts_of('multipart/form-data; boundary="x y"', BODY) == [
        Part("file", "a.csv", "text/csv", b"a,b\r\n\r\n1,2"),
        Part("purpose", "", "", b"batch"),
    ]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", BODY),
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=z", BODY),
        ("multipart/form-data; boundary=z", b""),
    ],
)
def test_what_is_no_form_has_no_parts(content_type: str, body: bytes):
    assert parts_of(content_type, body) == []


def test_a_part_without_a_head():
    assert parts_of("multipart/related; boundary=b", b"--b\r\nx\r\n--b--") == [
        Part("", "", "", b"")
    ]
