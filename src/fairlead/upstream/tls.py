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
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from fairlead.upstream.certificate import validity
from fairlead.upstream.secret import Secret

__all__ = [
    "TlsLayer",
    "TlsSettings",
    "client_validity",
    "refused_by_peer",
    "tls_context",
    "tls_reason",
]

_READ = 65536

# OpenSSL's names for the alerts by which a peer says what it has against our certificate
# (RFC 8446, 6.2).
_REFUSALS: Final[Mapping[str, str]] = {
    "CERTIFICATE_REQUIRED": "it wants a client certificate: `client_cert`",
    "CERTIFICATE_EXPIRED": "it refuses our client certificate, which has expired",
    "CERTIFICATE_REVOKED": "it refuses our client certificate, which was revoked",
    "CERTIFICATE_UNKNOWN": "it refuses our client certificate",
    "UNSUPPORTED_CERTIFICATE": "it refuses our client certificate's kind",
    "BAD_CERTIFICATE": "it refuses our client certificate, or wants one: `client_cert`",
    "UNKNOWN_CA": "it does not know the authority of our client certificate",
    "ACCESS_DENIED": "it does not let our client certificate in",
}
_REASONS: Final[Mapping[str, str]] = {
    "ALERT_HANDSHAKE_FAILURE": "it ended the handshake: it may want a client certificate"
    " (`client_cert`), or no cipher is known to both",
    "WRONG_VERSION_NUMBER": "what answers there speaks no TLS",
}


class TlsSettings(Struct, frozen=True, cache_hash=True):
    """What an upstream is verified with. System CAs always count; `ca_file` adds to them.

    `client_cert` (PEM, may hold the key too) and `client_key` are for upstreams that want mutual
    TLS; `key_password` decrypts the key. `server_name` overrides the name that is asked for and
    verified.
    """

    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    server_name: str | None = None
    key_password: Secret = Secret("")


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
        _load_client(context, settings, settings.client_cert)
    elif settings.client_key is not None:
        raise ValueError(f"client key {settings.client_key}: there is no client certificate to it")
    return context


def _load_client(context: ssl.SSLContext, settings: TlsSettings, cert: str) -> None:
    key = settings.client_key or cert
    _look_into(cert, "client certificate", "BEGIN CERTIFICATE-----", "certificate in PEM")
    _look_into(key, "client key", "PRIVATE KEY-----", "private key in PEM")
    asked = []

    def password() -> str:  # without one OpenSSL would ask at the terminal, and wait
        asked.append(True)
        return settings.key_password.reveal()

    try:
        context.load_cert_chain(cert, settings.client_key, password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            why = f"the key of {key} is not the certificate's"
        elif asked:
            what = "does not decrypt it" if settings.key_password else "is missing"
            why = (
                f"the key of {key} is encrypted, and its password {what}: `client_key_password_env`"
            )
        else:
            why = f"it cannot be used: {error.reason or error}"
        raise ValueError(f"client certificate {cert}: {why}") from error
    except (OSError, ValueError) as error:
        raise ValueError(f"client certificate {cert}: {error}") from error


def _look_into(file: str, what: str, mark: str, wanted: str) -> str:
    try:
        text = Path(file).read_text("ascii", "replace")
    except OSError as error:
        raise ValueError(f"{what} {file}: {error.strerror or error}") from error
    if mark not in text:
        raise ValueError(f"{what} {file}: it holds no {wanted}")
    return text


def client_validity(settings: TlsSettings) -> tuple[datetime, datetime] | None:
    """From when to when our own certificate holds; None where there is none.

    Raises:
        ValueError: it cannot be read; the message names the file.
    """
    file = settings.client_cert
    if file is None:
        return None
    try:
        return validity(_look_into(file, "client certificate", "BEGIN CERTIFICATE", "certificate"))
    except ValueError as error:
        told = str(error)
        raise ValueError(told if file in told else f"client certificate {file}: {told}") from error


def refused_by_peer(error: ssl.SSLError) -> bool:
    """Whether the peer's alert says that it does not accept our certificate, or wants one."""
    return any(f"ALERT_{name}" in _openssl(error) for name in _REFUSALS)


def tls_reason(error: ssl.SSLError) -> str:
    """What went wrong: in our words where they say what to do, else in OpenSSL's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLEOFError):
        return "the connection ended in the middle"
    told = _openssl(error)
    alerts = {f"ALERT_{name}": words for name, words in _REFUSALS.items()}
    found = next((words for name, words in {**alerts, **_REASONS}.items() if name in told), None)
    return found or str(error.reason or error)


def _openssl(error: ssl.SSLError) -> str:
    """OpenSSL's name of the reason; versions that Python has no name for are spelled out."""
    return (error.reason or str(error)).upper().replace(" ", "_")


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
