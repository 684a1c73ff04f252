"""Which addresses and host spellings count as private."""

import ipaddress
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.upstream.address import literal_address, why_private, why_private_host

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.0.1",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:c0a8:101::",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "100::1",
    "5f00::1",
    "4000::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2001:4860:4860::8888",
    "2a00:1450:4001::1",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses(address: str) -> None:
    assert why_private(address)
    assert why_private_host(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert why_private(address) is None
    assert why_private_host(address) is None
    assert why_private_host(f"[{address}]") is None


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7F.0.0.1",
        "0177.0.0.01",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0",
        "0x",
        "127.0.0.1.",
        "127.0.0.%31",
        "%31%32%37.0.0.1",
        "\uff11\uff12\uff17.0.0.1",
        "127\u30020\u30020\u30021",
        "127\uff0e0\uff0e0\uff0e1",
        "\u2460\u2461\u2466.1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:7f00:1]",
        "[fe80::1%25eth0]",
        "2852039166",
        "0xa9fea9fe",
        "99999999999",
        "256.1.1.1",
        "1.2.3.4.5",
        "08.0.0.1",
        "example.0x",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "printer.local",
        "metadata.google.internal",
        "x.localdomain",
        "nas.home.arpa",
        "intranet",
        "metadata",
        "",
        ".",
    ],
)
def test_private_spellings(host: str) -> None:
    assert why_private_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "EXAMPLE.com.",
        "m\xfcnchen.example",
        "10.example.com",
        "local.example.com",
        "notlocalhost.com",
        "x-internal.com",
        "134744072",
        "8.8.2056",
        "0x8.8.8.8",
    ],
)
def test_spellings_that_nothing_speaks_against(host: str) -> None:
    assert why_private_host(host) is None


@settings(max_examples=150)
@given(
    st.lists(st.integers(0, 2**32 + 5), min_size=1, max_size=4),
    st.lists(st.sampled_from(["{}", "0x{:x}", "0{:o}", "0X{:X}"]), min_size=4, max_size=4),
)
def test_literals_are_read_as_the_system_reads_them(values: list[int], forms: list[str]) -> None:
    """The system's inet_aton is the authority where it accepts; what it refuses is private."""
    host = ".".join(form.format(v) for form, v in zip(forms, values, strict=False))
    try:
        expected = ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        expected = ipaddress.IPv4Address(0)
    assert literal_address(host) == expected


@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1))
def test_embedded_addresses_are_judged_as_what_they_hold(value: int) -> None:
    plain = ipaddress.IPv4Address(value)
    mapped = ipaddress.IPv6Address((0xFFFF << 32) | value)
    nat64 = ipaddress.IPv6Address((0x64FF9B << 96) | value)
    six = ipaddress.IPv6Address((0x2002 << 112) | (value << 80) | 1)
    assert why_private(mapped) == why_private(nat64) == why_private(six) == why_private(plain)
    if why_private(plain) is None:
        assert plain.is_global
