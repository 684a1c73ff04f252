import time
from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.canon import Failure
from fairlead.wire import media

PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
HEADS = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "image/gif": b"GIF89a" + bytes(8),
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "image/heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    "image/heif": b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1jpeg",
    "image/avif": b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00mif1",
    "image/bmp": b"BM" + bytes(12) + (40).to_bytes(4, "little") + bytes(8),
    "image/tiff": b"II*\x00\x08\x00\x00\x00",
    "image/svg+xml": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "application/pdf": b"%PDF-1.7\n%\xe2\xe3",
    "audio/wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "audio/mpeg": b"ID3\x04\x00\x00\x00\x00",
    "audio/flac": b"fLaC\x00\x00\x00\x22",
    "audio/ogg": b"OggS\x00\x02" + bytes(22) + b"OpusHead",
    "audio/aac": b"\xff\xf1\x50\x80\x02\x1f\xfc",
    "audio/aiff": b"FORM\x00\x00\x00\x2eAIFFCOMM",
    "audio/mp4": b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00",
    "video/mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00",
    "video/quicktime": b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00",
    "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
    "video/x-matroska": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska",
    "video/x-msvideo": b"RIFF\x24\x00\x00\x00AVI LIST",
    "video/mpeg": b"\x00\x00\x01\xba\x44\x00",
    "video/3gpp": b"\x00\x00\x00\x14ftyp3gp4\x00\x00\x00\x00",
    "video/x-flv": b"FLV\x01\x05\x00\x00\x00\x09",
    "video/x-ms-wmv": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
}


def text(data: bytes) -> str:
    return b64encode(data).decode()


@pytest.mark.parametrize(("mime", "head"), HEADS.items(), ids=HEADS)
def test_sniff_knows(mime, head):
    assert media.sniff(text(head)) == mime


@pytest.mark.parametrize(
    ("mime", "head"),
    [
        ("audio/mpeg", b"\xff\xfb\x90\x64\x00"),
        ("video/mpeg", b"\x47" + bytes(187) + b"\x47" + bytes(10)),
        ("application/pdf", b"junk before\n%PDF-1.4"),
        ("image/tiff", b"MM\x00*\x00"),
        (None, b"hello, world"),
        (None, b"BMW is a car, not a bitmap"),
        (None, b""),
        (None, b"\xff"),
        (None, b"RIFF"),
    ],
)
def test_sniff_at_the_edges(mime, head):
    assert media.sniff(text(head)) == mime


def test_sniff_of_what_is_not_base64_is_none():
    assert media.sniff("*") is None
    assert media.sniff("é") is None


DATA_URLS = [
    ("data:image/png;base64,iVBORw==", "image/png", "iVBORw=="),
    ("DATA:Image/PNG;BASE64,iVBORw==", "image/png", "iVBORw=="),
    ("data:image/png;charset=utf-8;base64,iVBORw", "image/png", "iVBORw=="),
    ("data:application/pdf;base64,-_-_", "application/pdf", "+/+/"),
    ("data:image/png;base64,iVBO%0ARw%3D%3d", "image/png", "iVBORw=="),
    ("data:image/png;base64,iVBO\r\nRw==\n", "image/png", "iVBORw=="),
    ("data:,hello%20world", "text/plain", text(b"hello world")),
    ("data:;base64,aGk=", "text/plain", "aGk="),
    ("data:text/plain;charset=utf-8,na%C3%AFve", "text/plain", text("naïve".encode())),
    ("data:text/plain,naïve", "text/plain", text("naïve".encode())),
    ("data:text/csv,a,b", "text/csv", text(b"a,b")),
    ("data:audio/L16;rate=24000;base64,AAAA", "audio/l16;rate=24000", "AAAA"),
]


@pytest.mark.parametrize(("url", "mime", "data"), DATA_URLS)
def test_data_url(url, mime, data):
    assert media.parse_data_url(url, "p") == (mime, data)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://example.com/a.png", "is not a data URL"),
        ("data:image/png;base64", "is not a data URL"),
        ("data:nonsense;base64,AAAA", "is not a MIME type"),
        ("data:image/png;base64,AA*A", "character '*' at offset 2"),
        ("data:image/png;base64,AAAéAAAA", "offset 3"),
        ("data:image/png;base64,A=AA", "is not base64"),
        ("data:image/png;base64,AAAAA", "truncated"),
        ("data:image/png;base64,AA%41A", "is not base64"),
        ("data:,\ud800", "surrogate"),
        ("data:," + "a" * (media.PLAIN_MAX + 1), "has to be base64"),
    ],
)
def test_bad_data_url_says_where_and_why(url, says):
    with pytest.raises(Failure) as caught:
        media.parse_data_url(url, "messages[0].content[1].image_url.url")
    problem = caught.value.problem
    assert says in problem.message
    assert problem.param == "messages[0].content[1].image_url.url"


@given(st.binary(max_size=200))
def test_every_spelling_gives_the_same_text(data):
    standard = text(data)
    assert media.check_base64(standard, "p") is standard
    assert media.check_base64(urlsafe_b64encode(data).decode().rstrip("="), "p") == standard
    wrapped = "\n".join(standard[i : i + 76] for i in range(0, len(standard), 76))
    assert media.check_base64(wrapped, "p") == standard


@given(st.text(max_size=60))
def test_rubbish_is_text_or_a_failure(rubbish):
    good, problem = outcome(media.check_base64, rubbish, "p")
    assert (len(good) % 4 == 0) if problem is None else (problem.param == "p")


@pytest.mark.parametrize(
    ("kind", "mime", "head", "true"),
    [
        ("image", "image/jpg", "image/png", "image/png"),
        ("image", "", "image/webp", "image/webp"),
        ("audio", "audio/x-wav", "audio/wav", "audio/wav"),
        ("audio", "audio/webm", "video/webm", "audio/webm"),
        ("audio", "audio/l16;rate=24000", "image/png", "audio/l16;rate=24000"),
        ("video", "video/mp4", "video/quicktime", "video/quicktime"),
        ("document", "application/pdf", "application/pdf", "application/pdf"),
        ("document", "", "application/pdf", "application/pdf"),
        ("document", "text/csv", "image/png", "text/csv"),
    ],
)
def test_verify_gives_the_true_type(kind, mime, head, true):
    assert media.verify(kind, mime, text(HEADS[head]), "p") == true


def test_verify_keeps_a_declared_sound_that_shows_no_sign():
    assert media.verify("audio", "audio/mpeg", text(b"no sign of it"), "p") == "audio/mpeg"
    assert media.verify("document", "", text(b"?"), "p") == "application/octet-stream"


@pytest.mark.parametrize(
    ("kind", "mime", "data", "says"),
    [
        ("image", "image/png", text(b"not a picture"), "is not an image: its first bytes"),
        ("image", "image/png", text(HEADS["application/pdf"]), "its bytes are application/pdf"),
        ("image", "image/png", "", "is not an image: it is empty"),
        ("document", "application/pdf", text(b"hello"), "is not a PDF"),
        ("document", "application/pdf", text(PNG), "is not a PDF: its bytes are image/png"),
        ("audio", "audio/wav", text(PNG), "is not a sound: its bytes are image/png"),
        ("video", "video/mp4", text(HEADS["application/pdf"]), "is not a video"),
    ],
)
def test_verify_refuses_what_is_not(kind, mime, data, says):
    with pytest.raises(Failure, match=says) as caught:
        media.verify(kind, mime, data, "here")
    assert caught.value.problem.param == "here"


def test_kinds_and_formats():
    assert media.kind_of("image/png") == "image"
    assert media.kind_of("Audio/wav") == "audio"
    assert media.kind_of("text/plain") == media.kind_of("") == "document"
    assert media.mime_of_format("MP3", "p") == "audio/mpeg"
    for name in ("wav", "mp3", "flac", "ogg", "aac", "aiff", "m4a", "webm"):
        assert media.format_of(media.AUDIO_FORMATS[name]) == name
    assert media.format_of("video/mp4") is None
    with pytest.raises(Failure, match="unknown audio format") as caught:
        media.mime_of_format("x" * 1000, "messages[0].content[0].input_audio.format")
    assert len(caught.value.problem.message) < 100


def outcome(call, *arguments):
    try:
        return call(*arguments), None
    except Failure as failure:
        return None, failure.problem


@pytest.mark.parametrize("unit", ["QUJD", "QUJ ", "%%%%"])
def test_a_body_of_32_mib_is_read_in_bounded_time(unit):
    data = unit * ((32 << 20) // len(unit))
    begun = time.process_time()
    good, problem = outcome(media.check_base64, data, "p")
    if problem is None:
        _, problem = outcome(media.verify, "image", "image/png", good, "p")
    assert len(problem.message) < 200
    assert time.process_time() - begun < 60  # no stopwatch: what hangs takes hours
