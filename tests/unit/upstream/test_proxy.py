"""A proxy's address, and what the environment says of proxies."""

import pytest

from fairlead.upstream.proxy import parse_proxy, proxy_of_environment


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("http://proxy.corp:3128", "http://proxy.corp:3128"),
        ("http://proxy.corp:3128/", "http://proxy.corp:3128"),
        (" proxy.corp:3128 ", "http://proxy.corp:3128"),
        ("HTTP://u:p@Proxy.Corp:80", "http://proxy.corp:80"),
        ("https://proxy.corp", "https://proxy.corp:443"),
        ("socks5://[2001:db8::1]", "socks5://[2001:db8::1]:1080"),
        ("socks5h://u:p@10.0.0.1:9", "socks5h://10.0.0.1:9"),
    ],
)
def test_addresses(text: str, label: str) -> None:
    assert parse_proxy(text).label == label


def test_credentials_are_decoded_and_never_shown() -> None:
    proxy = parse_proxy("http://us%40er:geheim%3A%2F%C3%B6@h:1", "`proxy`")
    assert (proxy.user.reveal(), proxy.password.reveal()) == ("us@er", "geheim:/ö")
    # echo -n 'us@er:geheim:/ö' | base64
    assert proxy.authorization == "Basic dXNAZXI6Z2VoZWltOi/Dtg=="
    for shown in (repr(proxy), str(proxy), proxy.label, f"{proxy}"):
        assert "geheim" not in shown
        assert "us@er" not in shown
    assert parse_proxy("http://h:1").authorization == ""
    assert parse_proxy(proxy.reveal(), "`proxy`") == proxy


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ftp://h:1", "begin with one of http://, https://, socks5://, socks5h://"),
        ("socks4://geheim@h:1", "begin with one of"),
        ("http://geheim:p@h", "names no port"),
        ("http://:3128", "names no host"),
        ("http://h:99999", "cannot be read"),
        ("http://h:port", "cannot be read"),
        ("http://u:geheim/x@h:1", "cannot be read|something behind"),
        ("http://u:geheim#x@h:1", "cannot be read|something behind"),
        ("http://h:1/path", "something behind its port"),
        ("http://u:ge heim@h:1", "holds a space"),
        ("http://u:gehe%0D%0Aim@h:1", "control character"),
        ("http://a%3Ab:geheim@h:1", "holds a colon"),
        ("socks5://geheim@h:1", "1 to 255 bytes each"),
        (f"socks5://u:{'geheim' * 43}@h:1", "1 to 255 bytes each"),
    ],
)
def test_what_is_none_is_told_without_a_word_of_it(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        parse_proxy(text)
    assert "geheim" not in repr(caught.value)


HTTPS = "https://api.vendor.test/v1"


@pytest.mark.parametrize(
    ("env", "url", "label"),
    [
        ({}, HTTPS, None),
        ({"HTTPS_PROXY": "http://a:1"}, HTTPS, "http://a:1"),
        ({"HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:2"}, HTTPS, "http://b:2"),
        ({"HTTPS_PROXY": "http://a:1", "https_proxy": ""}, HTTPS, None),
        ({"HTTP_PROXY": "http://a:1"}, HTTPS, None),
        ({"HTTP_PROXY": "http://a:1"}, "http://vendor.test/", "http://a:1"),
        ({"HTTP_PROXY": "http://a:1", "REQUEST_METHOD": "GET"}, "http://vendor.test/", None),
        ({"http_proxy": "http://a:1", "REQUEST_METHOD": "GET"}, "http://v.test/", "http://a:1"),
        ({"ALL_PROXY": "socks5h://a:1"}, HTTPS, "socks5h://a:1"),
        ({"ALL_PROXY": "socks5h://a:1", "HTTPS_PROXY": "http://b:1"}, HTTPS, "http://b:1"),
        ({"ALL_PROXY": "http://a:1"}, "http://localhost:8080", None),
        ({"ALL_PROXY": "http://a:1"}, "http://127.9.9.9:8080", None),
        ({"ALL_PROXY": "http://a:1"}, "http://[::1]:8080", None),
        ({"ALL_PROXY": "http://a:1"}, "http://10.0.0.1:8080", "http://a:1"),
    ],
)
def test_the_environment(env: dict[str, str], url: str, label: str | None) -> None:
    found = proxy_of_environment(url, env)
    assert (found and found.label) == label


@pytest.mark.parametrize(
    ("rules", "url", "exempt"),
    [
        ("*", HTTPS, True),
        ("other.test, *", HTTPS, True),
        ("api.vendor.test", HTTPS, True),
        ("API.Vendor.Test", "https://API.vendor.TEST./", True),
        ("vendor.test", HTTPS, True),
        (".vendor.test", HTTPS, True),
        (".vendor.test", "https://vendor.test", True),
        ("*.vendor.test", HTTPS, True),
        ("vendor.test.", HTTPS, True),
        ("ndor.test", HTTPS, False),
        ("vendor.test.org", HTTPS, False),
        ("other.test vendor.test", HTTPS, True),
        ("vendor.test:443", HTTPS, True),
        ("vendor.test:8443", HTTPS, False),
        ("vendor.test:8443", "https://vendor.test:8443/", True),
        ("10.0.0.0/8", "https://10.1.2.3/", True),
        ("10.0.0.0/8", "https://11.1.2.3/", False),
        ("10.0.0.0/8", HTTPS, False),
        ("10.1.2.3", "https://10.1.2.3:8443/", True),
        ("10.1.2.3:443", "https://10.1.2.3:8443/", False),
        ("2001:db8::1", "https://[2001:db8::1]/", True),
        ("[2001:db8::1]", "https://[2001:db8::1]/", True),
        ("[2001:db8::1]:443", "https://[2001:db8::1]/", True),
        ("[2001:db8::1]:444", "https://[2001:db8::1]/", False),
        ("2001:db8::/32", "https://[2001:db8:1::1]/", True),
        ("2001:db8::/32", "https://10.1.2.3/", False),
        (", ,.,", HTTPS, False),
        ("", HTTPS, False),
    ],
)
def test_no_proxy(rules: str, url: str, exempt: bool) -> None:
    env = {"HTTPS_PROXY": "http://a:1", "NO_PROXY": rules}
    assert (proxy_of_environment(url, env) is None) == exempt
    env = {"HTTPS_PROXY": "http://a:1", "no_proxy": rules, "NO_PROXY": "*"}
    assert (proxy_of_environment(url, env) is None) == exempt, "lower case counts first"


def test_a_variable_that_holds_no_proxy_is_named() -> None:
    with pytest.raises(ValueError, match="environment variable all_proxy: ") as caught:
        proxy_of_environment(HTTPS, {"all_proxy": "socks4://geheim@a:1"})
    assert "geheim" not in str(caught.value)
    assert 'proxy = "none"' in str(caught.value)
