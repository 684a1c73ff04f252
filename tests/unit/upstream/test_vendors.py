import pytest

from fairlead.upstream.kinds.registry import KINDS
from fairlead.upstream.secret import Secret
from fairlead.upstream.vendors import Upstream, passed_on, prepare

KEY = Secret("sk-secret-0123456789")


@pytest.mark.parametrize(
    ("kind", "base_url", "stream", "url"),
    [
        (
            "gemini",
            None,
            False,
            "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent",
        ),
        (
            "gemini",
            "http://h:1/v1beta/",
            True,
            "http://h:1/v1beta/models/m:streamGenerateContent?alt=sse",
        ),
        ("anthropic", "http://h:1", False, "http://h:1/v1/messages"),
        ("anthropic", "http://h:1/v1", True, "http://h:1/v1/messages"),
        ("openai", "http://h:1/v1", False, "http://h:1/v1/chat/completions"),
        ("openai", "http://h:1/proxy", False, "http://h:1/proxy/v1/chat/completions"),
    ],
)
def test_addresses(kind, base_url, stream, url) -> None:
    upstream = Upstream.build("u", KINDS[kind], KEY, base_url)
    assert prepare(upstream, upstream.kind.dialect, "m", b"{}", "sse" if stream else "").url == url


@pytest.mark.parametrize(
    ("kind", "header", "value"),
    [
        ("gemini", "x-goog-api-key", "sk-secret-0123456789"),
        ("anthropic", "x-api-key", "sk-secret-0123456789"),
        ("openai", "authorization", "Bearer sk-secret-0123456789"),
    ],
)
def test_signing(kind, header, value) -> None:
    upstream = Upstream.build("u", KINDS[kind], KEY)
    headers = dict(prepare(upstream, upstream.kind.dialect, "m", b"", "").headers)
    assert headers[header] == value
    assert headers["content-type"] == "application/json"


def test_the_clients_dialect_is_kept_where_it_is_spoken() -> None:
    upstream = Upstream.build("u", KINDS["openai"], KEY, "http://h:1")
    assert upstream.dialect_for("openai_responses") == "openai_responses"
    assert upstream.dialect_for("anthropic") == "openai_chat"
    assert prepare(upstream, "openai_responses", "m", b"", "sse").url == "http://h:1/v1/responses"


def test_headers_that_mean_something_to_the_vendor_are_passed_on() -> None:
    upstream = Upstream.build("u", KINDS["anthropic"], KEY, "http://h:1")
    request = prepare(upstream, "anthropic", "m", b"", "")
    client = [(b"anthropic-version", b"2026-10-21"), (b"anthropic-beta", b"a,b"),
              (b"x-api-key", b"fl-secret"), (b"authorization", b"Bearer fl-secret"), (b"cookie", b"c")]  # fmt: skip
    passed = passed_on(request, upstream, client, b"beta=true&key=fl-secret")
    assert passed.url == "http://h:1/v1/messages?beta=true"
    headers = dict(passed.headers)
    assert headers["anthropic-version"] == "2026-10-21"
    assert headers["anthropic-beta"] == "a,b"
    assert headers["x-api-key"] == KEY.reveal()
    assert "fl-secret" not in repr(passed)
    assert passed_on(request, upstream, client[2:], b"") is request


def test_the_operators_headers_go_before_the_kinds_but_not_before_the_key() -> None:
    own = (("Anthropic-Version", "2026-10-21"), ("X-API-Key", "stolen"))
    headers = dict(Upstream.build("u", KINDS["anthropic"], KEY, headers=own).headers)
    assert headers["anthropic-version"] == "2026-10-21"
    assert headers["x-api-key"] == KEY.reveal()


def test_a_model_id_cannot_leave_its_place_in_the_path() -> None:
    upstream = Upstream.build("u", KINDS["gemini"], KEY, "http://h")
    url = prepare(upstream, "gemini", "../../x?key=1#", b"", "").url
    assert url == "http://h/v1beta/models/..%2F..%2Fx%3Fkey%3D1%23:generateContent"


@pytest.mark.parametrize("address", ["ftp://h", "h:80", "http://", "http://u:p@h", "http://h?x=1"])
def test_an_address_that_is_none_is_refused(address) -> None:
    with pytest.raises(ValueError, match=r"address|base URL"):
        Upstream.build("u", KINDS["openai"], KEY, address)


def test_a_secret_does_not_print() -> None:
    for text in (repr(KEY), str(KEY), f"{KEY}", repr([KEY])):
        assert "secret" not in text.lower().replace("secret(", "")
    assert KEY.masked() == "…6789"
    assert Secret("short").masked() == "…"
