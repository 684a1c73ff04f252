"""Where Vertex AI is, what its models are called, and how a request for it looks."""

import json

import pytest

from fairlead.catalog.model import Model
from fairlead.upstream.account import Account
from fairlead.upstream.kinds.registry import KINDS
from fairlead.upstream.kinds.vertex import claude_name
from fairlead.upstream.secret import Secret
from fairlead.upstream.vendors import Upstream, prepare

NO_KEY = Secret("")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "login.json"
    path.write_text(json.dumps({"type": "authorized_user", "quota_project_id": "quota-1"}))
    return str(path)


def built(kind: str, file: str, base_url: str = "", **told: str) -> Upstream:
    account = Account(NO_KEY, credentials_file=file, **told)
    return Upstream.build(kind, KINDS[kind], NO_KEY, base_url or None, account=account)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("", "aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("europe-west1", "europe-west1-aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_each_location_has_its_host(file, region, host) -> None:
    upstream = built("vertex", file, region=region)
    where = f"/v1/projects/quota-1/locations/{region or 'global'}"
    assert upstream.base_url == f"https://{host}{where}"
    asked = prepare(upstream, "gemini", "gemini-2.5-flash", b"{}", "sse")
    tail = "/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert asked.url == f"https://{host}{where}{tail}"


@pytest.mark.parametrize("base", ["http://10.0.0.1:8099", "http://10.0.0.1:8099/v1"])
def test_a_private_endpoint_keeps_the_path(file, base) -> None:
    upstream = built("vertex-claude", file, base, region="global", project="proj-9")
    name = upstream.model_id(Model.unknown("claude-haiku-4-5-20251001", "anthropic"))
    root = "http://10.0.0.1:8099/v1/projects/proj-9/locations/global"
    for framing, verb in (("", "rawPredict"), ("sse", "streamRawPredict")):
        asked = prepare(upstream, "anthropic", name, b"{}", framing)
        tail = "/publishers/anthropic/models/claude-haiku-4-5@20251001"
        assert asked.url == f"{root}{tail}:{verb}"
        assert "authorization" not in dict(asked.headers)


def test_a_key_is_express_mode_which_has_no_project() -> None:
    key = Secret("k" * 39)
    upstream = Upstream.build("vertex", KINDS["vertex"], key, account=Account(key))
    asked = prepare(upstream, "gemini", "gemini-2.5-flash", b"{}", "")
    host = "https://aiplatform.googleapis.com/v1"
    assert asked.url == f"{host}/publishers/google/models/gemini-2.5-flash:generateContent"
    assert dict(asked.headers)["x-goog-api-key"] == "k" * 39
    assert upstream.signer is None


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"region": "Frankfurt"}, "'Frankfurt' is no location"),
        ({"region": "europe-west1/../x"}, "is no location"),
        ({"project": "a b"}, "is no project's id"),
        ({"project": "../x"}, "is no project's id"),
    ],
)
def test_what_would_break_the_address_is_refused(file, told, why) -> None:
    with pytest.raises(ValueError, match=why):
        built("vertex", file, **told)


def test_claudes_names_have_an_at_sign_before_the_date() -> None:
    assert claude_name("claude-haiku-4-5-20251001") == "claude-haiku-4-5@20251001"
    assert claude_name("claude-opus-4-6") == "claude-opus-4-6"
    assert claude_name("claude-haiku-4-5@20251001") == "claude-haiku-4-5@20251001"


def test_both_kinds_with_one_login_have_one_signer(file) -> None:
    one, two = built("vertex", file), built("vertex-claude", file)
    assert one.signer is two.signer
    assert one.signer is not None


def test_the_version_travels_in_the_body_and_betas_in_their_header(file) -> None:
    upstream = built("vertex-claude", file)
    asked = prepare(upstream, "anthropic", "m", b'{"model":"m","messages":[]}', "")
    headers = (("anthropic-version", "2026-10-21"), ("anthropic-beta", "x-2026"))
    asked = type(asked)(asked.method, asked.url, (*asked.headers, *headers), asked.body)
    assert upstream.kind.adapt is not None
    found = upstream.kind.adapt(asked, "anthropic", "").request
    assert json.loads(found.body) == {"messages": [], "anthropic_version": "2026-10-21"}
    assert "anthropic-version" not in dict(found.headers)
    assert dict(found.headers)["anthropic-beta"] == "x-2026"
