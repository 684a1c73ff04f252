"""Which addresses and hosts are private: refused for media URLs unless the operator allows them.

Pure. Two questions: is this resolved address one that must not be reached (`why_private`), and
does this host, as it is written in a URL, stand for such an address (`why_private_host`), in any
notation that some resolver or browser accepts: `2130706433`, `0x7f.1`, `0177.0.0.1`, `127.1`,
full-width digits, percent-encoding, a dot at the end.
"""

import re
import unicodedata
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import Final
from urllib.parse import unquote

__all__ = ["canonical_host", "literal_address", "why_private", "why_private_host"]

# IANA's special-purpose registries. Written out beside `is_global`, whose list differs between
# the patch releases of one Python version (CVE-2024-4032).
_V4: Final[tuple[tuple[IPv4Network, str], ...]] = tuple(
    (IPv4Network(network), why)
    for network, why in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a carrier's internal address"),
        ("127.0.0.0/8", "a loopback address"),
        ("168.63.129.16/32", "a cloud's internal address"),  # Azure's, though it looks public
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "a documentation address"),
        ("192.88.99.0/24", "a relay address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "a benchmark address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)
_V6: Final[tuple[tuple[IPv6Network, str], ...]] = tuple(
    (IPv6Network(network), why)
    for network, why in (
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("ff00::/8", "a multicast address"),
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "a documentation address"),
        ("3fff::/20", "a documentation address"),
    )
)
# Addresses that hold an IPv4 address: at which bit from the right it ends.
_EMBEDDING: Final = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
_PRIVATE_NAMES: Final = (
    "localhost",
    "local",
    "internal",
    "localdomain",
    "intranet",
    "lan",
    "home.arpa",
)
_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")


def why_private(address: str | IPv4Address | IPv6Address) -> str | None:
    """What kind of address it is that must not be reached; None for a public one.

    Raises:
        ValueError: not an address in its usual notation.
    """
    ip = ip_address(address) if isinstance(address, str) else address
    if isinstance(ip, IPv4Address):
        for network4, why in _V4:
            if ip in network4:
                return why
        return None if ip.is_global else "a reserved address"
    for embedding, shift in _EMBEDDING:
        if ip in embedding:
            return why_private(IPv4Address(int(ip) >> shift & 0xFFFFFFFF))
    for network6, why in _V6:
        if ip in network6:
            return why
    return None if ip in _GLOBAL_V6 and ip.is_global else "a reserved address"


def why_private_host(host: str) -> str | None:
    """Why a host must not be reached, from its spelling alone; None if nothing speaks against it.

    A name says nothing of where it leads: who connects has to check the addresses too.
    """
    name = canonical_host(host)
    if not name:
        return "no host"
    address = literal_address(name)
    if address is not None:
        return why_private(address)
    if "." not in name:
        return "a name without a domain, known only inside a network"
    if any(name == private or name.endswith("." + private) for private in _PRIVATE_NAMES):
        return "a name known only inside a network"
    return None


def canonical_host(host: str) -> str:
    """The host as a resolver would see it: decoded, compatibility forms folded, lower case."""
    name = unicodedata.normalize("NFKC", unquote(host)).replace("\u3002", ".")
    return name.strip().strip("[]").rstrip(".").lower()


def literal_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a canonical host spells, None for a name.

    IPv4 as in inet_aton(3) and WHATWG URL, "ends in a number": one to four parts, each decimal,
    octal or hexadecimal, the last one filling what is left. A number too large for its place can
    be no name either, and reads as the unspecified address.
    """
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    parts = host.split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return IPv4Address(0)
    try:
        *heads, tail = [_number(part) for part in parts]
    except ValueError:
        return IPv4Address(0)
    if any(head > 255 for head in heads) or tail >= 256 ** (5 - len(parts)):
        return IPv4Address(0)
    value = tail
    for place, head in enumerate(heads):
        value += head << (8 * (3 - place))
    return IPv4Address(value)


def _number(text: str) -> int:
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if text[0] == "0" and len(text) > 1 else int(text)
