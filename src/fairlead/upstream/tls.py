"""TLS: the context, built once from settings, and the layer between socket and parser.

The layer is sans-I/O (`ssl.SSLObject` over two memory buffers) instead of the event loop's own,
for two reasons. First, the bound on what is buffered is then ours: the loop's layer reads up to
256 KiB of ciphertext ahead of a paused protocol, whatever its limits say (CPython 3.11
`asyncio/sslproto.py`, `max_size`; uvloop `sslproto.pyx`, `SSL_READ_MAX_SIZE`). Second, it runs over
whatever transport a dialer yields, also one that leads through a proxy.

A connection that ends without TLS's close_notify may have been cut by someone in between, so
`clean_end` tells the two apart (RFC 8446, 6.1: closure alerts, truncation attack).
"""

import ssl
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

__all__ = ["TlsLayer", "TlsSettings", "tls_context"]

_READ = 65536


class TlsSettings(Struct, frozen=True):
    """What an upstream is verified with. System CAs always count; `ca_file` adds to them.

    `client_cert` (PEM, may hold the key too) and `client_key` are for upstreams that want mutual
    TLS. `server_name` overrides the name that is asked for and verified.
    """

    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    server_name: str | None = None


def tls_context(settings: TlsSettings) -> ssl.SSLContext:
    """The context for `settings`: verification on, TLS 1.2 or later, ALPN http/1.1.

    Made once, and anew when one of the files has changed: certificates get renewed in place.

    Raises:
        ValueError: a file cannot be read or holds no usable certificate; the message names it.
    """
    files = (settings.ca_file, settings.client_cert, settings.client_key)
    return _build(settings, tuple(_stamp(file) for file in files if file is not None))


def _stamp(file: str) -> tuple[int, int]:
    try:
        facts = Path(file).stat()
    except OSError:
        return (0, 0)  # what is wrong with it comes out when it is loaded
    return (facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=64)
def _build(settings: TlsSettings, _stamps: tuple[tuple[int, int], ...]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    if settings.ca_file is not None:
        try:
            context.load_verify_locations(settings.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"CA file {settings.ca_file}: {error}") from error
    if settings.client_cert is not None:
        try:
            context.load_cert_chain(settings.client_cert, settings.client_key)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"client certificate {settings.client_cert}: {error}") from error
    return context


class TlsLayer:
    """One connection's TLS state. Feed ciphertext in, take plaintext out, and the reverse."""

    __slots__ = ("_in", "_out", "_ssl", "clean_end", "ready")

    def __init__(self, context: ssl.SSLContext, server_name: str) -> None:
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._ssl = context.wrap_bio(self._in, self._out, server_hostname=server_name)
        self.ready = False
        self.clean_end = False

    def handshake(self) -> bool:
        """Go on with the handshake; true when it is through.

        Raises:
            ssl.SSLError: it failed (`SSLCertVerificationError`: the peer is not who it should be).
        """
        try:
            self._ssl.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.ready = True
        return True

    def feed(self, data: memoryview) -> None:
        """Take in ciphertext."""
        self._in.write(data)

    def feed_eof(self) -> None:
        """The socket has ended."""
        self._in.write_eof()

    def plaintext(self) -> bytes:
        """The next piece, `b""` when there is none yet or no more (then `clean_end` is set).

        Raises:
            ssl.SSLError: a broken record, an alert, or the socket's end in mid-connection.
        """
        try:
            data = self._ssl.read(_READ)
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLZeroReturnError:
            data = b""
        if not data:
            self.clean_end = True
        return data

    def encrypt(self, data: bytes | memoryview) -> bytes:
        """The records for `data`."""
        view = memoryview(data)
        while view:
            view = view[self._ssl.write(view) :]
        return self._out.read()

    def outgoing(self) -> bytes:
        """What the handshake, a key update or an alert wants to have sent."""
        return self._out.read() if self._out.pending else b""

    def close_notify(self) -> bytes:
        """The closure alert, to be sent before the socket is closed."""
        with suppress(ssl.SSLError, ValueError):  # the peer's own alert is not waited for
            self._ssl.unwrap()
        return self.outgoing()
