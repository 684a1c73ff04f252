"""When a certificate begins and ends to hold: two times out of its DER, and nothing else.

`ssl` tells them of a peer's certificate that was verified, never of one's own file.

    Certificate ::= SEQUENCE { tbsCertificate SEQUENCE {
        [0] version OPTIONAL, serialNumber, signature, issuer, validity SEQUENCE { Time, Time }, ...
                                                                               (RFC 5280, 4.1)
"""

import ssl
from datetime import UTC, datetime
from typing import Final

__all__ = ["validity"]

_END: Final = "-----END CERTIFICATE-----"
_UTC_TIME: Final = 0x17
_VERSION: Final = 0xA0


def validity(pem: str) -> tuple[datetime, datetime]:
    """From when to when the first certificate of a PEM file holds.

    Raises:
        ValueError: there is none, or it cannot be read.
    """
    begin = pem.find("-----BEGIN CERTIFICATE-----")
    end = pem.find(_END, begin)
    if begin < 0 or end < 0:
        raise ValueError("it holds no certificate in PEM")
    try:
        _, tbs, _ = _element(_element(ssl.PEM_cert_to_DER_cert(pem[begin : end + len(_END)]))[1])
        tag, _, rest = _element(tbs)
        for _ in range(3 if tag == _VERSION else 2):  # serial number, signature, issuer
            _, _, rest = _element(rest)
        _, times, _ = _element(rest)
        first, starts, behind = _element(times)
        second, ends, _ = _element(behind)
        return _time(first, starts), _time(second, ends)
    except (ValueError, IndexError) as error:
        raise ValueError("its certificate cannot be read") from error


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """The first element's tag and content, and what is behind it."""
    size, start = data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    return data[0], data[start : start + size], data[start + size :]


def _time(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME:  # RFC 5280, 4.1.2.5.1: years from 50 on are of the last century
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
