"""Faults as a client's socket sees them."""

import json
import socket
import time
from collections.abc import Iterator

import pytest

from fairlead.emulator import EmulatorThread

LONG = "Please write about 300 words"


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread(port=0) as running:
        yield running


def request(fault: str, *, stream: bool = True, more: str = "") -> bytes:
    body = json.dumps(
        {
            "model": "claude-haiku-4-5",
            "max_tokens": 3000,
            "stream": stream,
            "messages": [{"role": "user", "content": LONG}],
        }
    ).encode()
    own = f"x-emulate-fault: {fault}\r\n" if fault else ""
    head = (
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\n"
        f"anthropic-version: 2023-06-01\r\n{own}{more}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def connect(emulator: EmulatorThread) -> socket.socket:
    return socket.create_connection(("127.0.0.1", emulator.port), timeout=30)


def read_all(sock: socket.socket) -> tuple[bytes, BaseException | None]:
    """All that comes, and what it ended with: None for a clean end."""
    got = b""
    while True:
        try:
            data = sock.recv(65536)
        except OSError as error:
            return got, error
        if not data:
            return got, None
        got += data


def ask(
    emulator: EmulatorThread, fault: str, *, stream: bool = True
) -> tuple[bytes, bytes, object]:
    with connect(emulator) as sock:
        sock.sendall(request(fault, stream=stream, more="connection: close\r\n"))
        got, ending = read_all(sock)
    head, _, rest = got.partition(b"\r\n\r\n")
    return head, rest, ending


def unchunk(raw: bytes) -> tuple[bytes, bool]:
    """The payload, and whether its last chunk came."""
    out: list[bytes] = []
    at = 0
    while at < len(raw):
        end = raw.index(b"\r\n", at)
        number = int(raw[at:end], 16)
        if number == 0:
            return b"".join(out), True
        out.append(raw[end + 2 : end + 2 + number])
        at = end + number + 4
    return b"".join(out), False


def test_without_a_fault_all_is_well(emulator: EmulatorThread):
    head, rest, ending = ask(emulator, "")
    payload, complete = unchunk(rest)
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert complete
    assert payload.endswith(b'event: message_stop\ndata: {"type":"message_stop"     }\n\n')
    assert ending is None


def test_reset_before_the_head(emulator: EmulatorThread):
    head, _, ending = ask(emulator, "reset")
    assert head == b""
    assert isinstance(ending, ConnectionResetError)


@pytest.mark.parametrize("after", [0, 1, 777])
def test_reset_after_bytes_of_the_body(emulator: EmulatorThread, after: int):
    head, rest, ending = ask(emulator, f"reset after={after}")
    payload, complete = unchunk(rest)
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert len(payload) == after
    assert not complete
    assert isinstance(ending, ConnectionResetError)


@pytest.mark.parametrize("stream", [True, False])
def test_close_after_bytes(emulator: EmulatorThread, *, stream: bool):
    head, rest, ending = ask(emulator, "close after=100", stream=stream)
    payload = unchunk(rest)[0] if stream else rest
    assert len(payload) == 100
    assert ending is None
    if not stream:
        announced = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert announced > 100


def test_stall_before_the_head(emulator: EmulatorThread):
    start = time.monotonic()
    head, rest, _ = ask(emulator, "stall seconds=0.3")
    assert time.monotonic() - start >= 0.3
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert unchunk(rest)[1]


def test_stall_in_the_body(emulator: EmulatorThread):
    with connect(emulator) as sock:
        start = time.monotonic()
        sock.sendall(request("stall seconds=0.4 after=500", more="connection: close\r\n"))
        first = sock.recv(65536)
        rest, _ = read_all(sock)
        took = time.monotonic() - start
    assert took >= 0.4
    payload, complete = unchunk((first + rest).partition(b"\r\n\r\n")[2])
    assert complete
    assert payload.endswith(b"\n\n")


def test_malformed_chunk(emulator: EmulatorThread):
    _, rest, ending = ask(emulator, "malformed_chunk after=200")
    good, _, bad = rest.partition(b"zz\r\n")
    assert len(unchunk(good)[0]) == 200
    assert bad
    assert ending is None


def test_malformed_event(emulator: EmulatorThread):
    _, rest, _ = ask(emulator, "malformed_event after=1000")
    payload, complete = unchunk(rest)
    assert complete
    broken = 0
    for event in payload.split(b"\n\n")[:-1]:
        data = event.partition(b"data: ")[2]
        try:
            json.loads(data)
        except ValueError:
            broken += 1
    assert broken == 1


def test_malformed_json_of_a_whole_answer(emulator: EmulatorThread):
    head, rest, _ = ask(emulator, "malformed_event", stream=False)
    assert f"content-length: {len(rest)}".encode() in head
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(rest)


@pytest.mark.parametrize("delta", [10, -10])
def test_wrong_length(emulator: EmulatorThread, delta: int):
    head, rest, ending = ask(emulator, f"wrong_length delta={delta}", stream=False)
    announced = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    assert announced == len(rest) + delta
    assert ending is None


def test_slow_drip(emulator: EmulatorThread):
    start = time.monotonic()
    _, rest, _ = ask(emulator, "drip bytes=400 interval=0.01")
    took = time.monotonic() - start
    payload, complete = unchunk(rest)
    assert complete
    assert max(int(line, 16) for line in rest.split(b"\r\n")[:1]) == 400
    assert took >= len(payload) / 400 * 0.01 * 0.9


def test_a_bad_rule_in_the_header_is_said(emulator: EmulatorThread):
    head, rest, _ = ask(emulator, "explode")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"'explode' is not one of" in rest


def test_tokens_take_their_time():
    with EmulatorThread(port=0, ttft={"claude-*": 0.1}, tps={"claude-haiku-4-5": 1500.0}) as slow:
        with connect(slow) as sock:
            start = time.monotonic()
            sock.sendall(request("", more="connection: close\r\n"))
            first = sock.recv(1)
            came = time.monotonic() - start
            rest, _ = read_all(sock)
            took = time.monotonic() - start
        assert first == b"H"
        made = slow.requests[0].usage["output"]
        assert made > 300
        assert came >= 0.1
        assert took + 0.02 >= 0.1 + made / 1500
        assert unchunk(rest.partition(b"\r\n\r\n")[2])[1]


def test_a_client_that_leaves_pays_for_what_was_made():
    with EmulatorThread(port=0, tps={"*": 10.0}) as slow:
        with connect(slow) as sock:
            sock.sendall(request(""))
            got = b""
            while got.count(b"text_delta") < 5:
                got += sock.recv(65536)
        deadline = time.monotonic() + 30
        while slow.requests[0].outcome != "abandoned" and time.monotonic() < deadline:
            time.sleep(0.01)
        entry = slow.requests[0]
        assert entry.outcome == "abandoned"
        assert 5 <= entry.usage["output"] < 300  # of more than 300, which take half a minute
        assert entry.usage["input"] > 0
        total = slow.bill()["total"]
        assert total["abandoned"] == 1
        assert total["usage"]["output"] == entry.usage["output"]


def test_many_requests_on_one_connection(emulator: EmulatorThread):
    one = request("", stream=False)
    with connect(emulator) as sock:
        sock.sendall(one * 5)
        got = b""
        while got.count(b"HTTP/1.1 200 OK") < 5 or not got.endswith(b"}"):
            got += sock.recv(65536)
    assert got.count(b'"type":"message"') == 5


def test_pipelined_requests_wait_for_a_stream_in_time():
    with EmulatorThread(port=0, ttft={"*": 0.05}) as slow, connect(slow) as sock:
        sock.sendall(request("", more="") + request("", stream=False, more="connection: close\r\n"))
        got, ending = read_all(sock)
    assert ending is None
    assert got.count(b"HTTP/1.1 200 OK") == 2
    assert got.index(b"message_stop") < got.rindex(b"HTTP/1.1")


def test_chunked_request_with_expect(emulator: EmulatorThread):
    body = request("", stream=False).partition(b"\r\n\r\n")[2]
    head = (
        b"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\nanthropic-version: 2023-06-01\r\n"
        b"expect: 100-continue\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    with connect(emulator) as sock:
        sock.sendall(head)
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        for at in range(0, len(body), 50):
            part = body[at : at + 50]
            sock.sendall(b"%x\r\n%b\r\n" % (len(part), part))
        sock.sendall(b"0\r\n\r\n")
        got, _ = read_all(sock)
    assert got.startswith(b"HTTP/1.1 200 OK")


def test_too_large_is_refused_before_it_is_read():
    with EmulatorThread(port=0, size_limit=1000) as small:
        with connect(small) as sock:
            sock.sendall(
                b"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\n"
                b"content-length: 1001\r\nexpect: 100-continue\r\n\r\n"
            )
            got, _ = read_all(sock)
        assert got.startswith(b"HTTP/1.1 413")
        assert b"request_too_large" in got
        with connect(small) as sock:
            sock.sendall(
                b"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\n"
                b"transfer-encoding: chunked\r\n\r\n" + (b"190\r\n" + b"x" * 400 + b"\r\n") * 3
            )
            got, _ = read_all(sock)
        assert got.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"HELLO\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: " + b"b" * 100_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_request(emulator: EmulatorThread, raw: bytes):
    with connect(emulator) as sock:
        sock.sendall(raw)
        got, _ = read_all(sock)
    assert got.startswith(b"HTTP/1.1 400")
    assert b"not a valid HTTP/1.1 request" in got


def test_a_slow_reader_is_waited_for(emulator: EmulatorThread):
    text = json.dumps(
        {
            "model": "claude-haiku-4-5",
            "max_tokens": 64_000,
            "stream": True,
            "messages": [{"role": "user", "content": "[emulate: words=30000 pieces=20000]"}],
        }
    ).encode()
    head = (
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\nconnection: close\r\n"
        "x-emulate-fault: stall seconds=0.05 after=0\r\n"
        f"anthropic-version: 2023-06-01\r\ncontent-length: {len(text)}\r\n\r\n"
    )
    with connect(emulator) as sock:
        sock.sendall(head.encode() + text)
        time.sleep(0.3)
        got, ending = read_all(sock)
    payload, complete = unchunk(got.partition(b"\r\n\r\n")[2])
    assert ending is None
    assert complete
    assert payload.count(b"text_delta") > 10_000


def test_head_gets_a_head_only(emulator: EmulatorThread):
    with connect(emulator) as sock:
        sock.sendall(b"HEAD /_emulator HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        got, _ = read_all(sock)
    assert got.startswith(b"HTTP/1.1 404")
    assert got.endswith(b"\r\n\r\n")
