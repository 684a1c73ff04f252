from datetime import date

import pytest

from fairlead.server.compile import compile_snapshot
from fairlead.server.config import ConfigError, load

pytest.importorskip("botocore")

TODAY = date(2026, 11, 23)
KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s"}


@pytest.fixture
def compiled(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)

    def _compiled(text: str, **env: str):
        path = tmp_path / "fairlead.toml"
        path.write_text(text)
        return compile_snapshot(load(path, KEYS | env), KEYS | env)

    return _compiled


@pytest.mark.parametrize(
    ("text", "region", "named"),
    [
        ('region = "us-east-1"', "us", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ('region = "eu-west-1"', "", "eu.anthropic.claude-haiku-4-5-20251001-v1:0"),
        (
            'region = "us-east-1"\ninference_profile = "global"',
            "",
            "global.anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
        (
            'region = "us-east-1"\nmodels = { "claude-haiku-4-5-20251001" = "arn:aws:bedrock:x" }',
            "us",
            "arn:aws:bedrock:x",
        ),
    ],
)
def test_names_and_prices_follow_the_inference_profile(compiled, text, region, named) -> None:
    snapshot = compiled(f"[upstreams.bedrock]\n{text}\n")
    model = snapshot.model("claude-haiku-4-5", TODAY)
    (upstream,) = snapshot.upstreams.values()
    assert (upstream.door, upstream.region) == ("bedrock", region)
    assert upstream.model_id(model) == named
    assert upstream.signer is not None
    assert "authorization" not in dict(upstream.headers)


def test_a_key_of_bedrocks_in_the_environment_is_enough(compiled) -> None:
    snapshot = compiled("", AWS_BEARER_TOKEN_BEDROCK="token", AWS_REGION="eu-central-1")
    upstream = snapshot.upstreams["bedrock"]
    assert upstream.signer is None
    assert upstream.base_url == "https://bedrock-runtime.eu-central-1.amazonaws.com"
    assert dict(upstream.headers)["authorization"] == "Bearer token"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[upstreams.bedrock]\n", "set `region`, or AWS_REGION"),
        ('[upstreams.bedrock]\nregion = "nowhere"\n', "is no AWS region"),
        ('[upstreams.bedrock]\nregion = "us-east-1"\nprofile = "nobody"\n', "no profile 'nobody'"),
        ('[upstreams.anthropic]\napi_key = "k"\napi = "converse"\n', "has one API alone"),
        ('[upstreams.bedrock]\napi = "chat"\n', "api"),
        ('[upstreams.bedrock]\nregion = "us-east-1"\napi_key_env = "GONE"\n', "variable GONE"),
    ],
)
def test_what_cannot_work_is_told_at_the_start(compiled, text, words) -> None:
    with pytest.raises(ConfigError, match=words):
        compiled(text)
