import pytest

from fairlead.upstream.account import Account
from fairlead.upstream.aws.names import naming, table
from fairlead.upstream.aws.region import geography, region_of
from fairlead.upstream.kinds.registry import KINDS
from fairlead.upstream.secret import Secret
from fairlead.upstream.vendors import Upstream, prepare

HAIKU = "claude-haiku-4-5-20251001"
KEY = Secret("bedrock-api-key-0123456789")


def account(region: str = "us-east-1", profile: str = "", **more: str) -> Account:
    return Account(KEY, region=region, inference_profile=profile, **more)


@pytest.mark.parametrize(
    ("region", "profile", "model", "named"),
    [
        ("us-east-1", "", HAIKU, "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("eu-central-1", "", HAIKU, "eu.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("ap-northeast-1", "", HAIKU, "jp.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("ap-south-1", "", HAIKU, "global.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("sa-east-1", "", HAIKU, "global.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("us-east-1", "global", HAIKU, "global.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("us-east-1", "none", HAIKU, "anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("eu-west-1", "", "claude-opus-4-1-20250805", "anthropic.claude-opus-4-1-20250805-v1:0"),
        ("ap-northeast-1", "", "claude-opus-4-6", "global.anthropic.claude-opus-4-6-v1"),
        ("ap-northeast-1", "", "claude-sonnet-5", "global.anthropic.claude-sonnet-5"),
        ("ap-southeast-2", "", "claude-sonnet-5", "au.anthropic.claude-sonnet-5"),
        ("ap-south-1", "", "claude-sonnet-5", "global.anthropic.claude-sonnet-5"),
        ("ap-northeast-3", "", "claude-sonnet-4-20250514",
         "apac.anthropic.claude-sonnet-4-20250514-v1:0"),
        ("ap-southeast-2", "", "claude-3-haiku-20240307",
         "apac.anthropic.claude-3-haiku-20240307-v1:0"),
        ("eu-west-1", "", "claude-nobody-9", "eu.anthropic.claude-nobody-9"),
        ("us-east-1", "", "claude-haiku-5-5", "us.anthropic.claude-haiku-5-5"),
        ("us-east-1", "none", "claude-haiku-5-5", "anthropic.claude-haiku-5-5"),
    ],
)  # fmt: skip
def test_names(region, profile, model, named) -> None:
    assert naming(account(region, profile))(model) == named


def test_every_row_of_the_table_is_one_of_anthropics() -> None:
    assert HAIKU in table()
    for row in table().values():
        assert row.id.startswith("anthropic.claude-")
        assert set(row.profiles) <= {"global", "us", "eu", "jp", "au", "apac"}


@pytest.mark.parametrize(
    ("said", "env", "region"),
    [
        ("us-west-2", {"AWS_REGION": "eu-west-1"}, "us-west-2"),
        ("", {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, "eu-west-1"),
        ("", {"AWS_DEFAULT_REGION": "us-gov-west-1"}, "us-gov-west-1"),
    ],
)
def test_the_region(said, env, region) -> None:
    assert region_of(Account(KEY, region=said, env=env)) == region


def test_what_is_no_region_is_refused() -> None:
    with pytest.raises(ValueError, match="no AWS region"):
        region_of(account("evil.example.com/"))
    with pytest.raises(ValueError, match="no AWS region"):
        region_of(Account(KEY))
    assert geography("us-gov-west-1") == "us-gov"


@pytest.mark.parametrize(
    ("api", "framing", "verb"),
    [
        ("invoke", "", "invoke"),
        ("invoke", "sse", "invoke-with-response-stream"),
        ("converse", "", "converse"),
        ("converse", "sse", "converse-stream"),
    ],
)
def test_addresses(api, framing, verb) -> None:
    kind = KINDS["bedrock"].apis[api]
    upstream = Upstream.build("b", kind, KEY, account=account("eu-central-1"))
    request = prepare(upstream, "anthropic", "us.anthropic.x-v1:0", b"{}", framing)
    where = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/us.anthropic.x-v1%3A0/"
    assert request.url == where + verb
    assert dict(request.headers)["authorization"] == f"Bearer {KEY.reveal()}"


def test_an_arn_is_one_step_of_the_path() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/mi1dadi0g15f"
    upstream = Upstream.build("b", KINDS["bedrock"], KEY, account=account())
    url = prepare(upstream, "anthropic", arn, b"{}", "").url
    assert url.endswith(
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile"
        "%2Fmi1dadi0g15f/invoke"
    )


def test_the_prices_of_profiles_over_the_us_are_its_own() -> None:
    priced = KINDS["bedrock"].priced_as
    assert priced is not None
    assert priced(account("us-east-1")) == "us"
    assert priced(account("us-east-1", "global")) == ""
    assert priced(account("eu-west-1")) == ""


def test_china_has_an_ending_of_its_own() -> None:
    upstream = Upstream.build("b", KINDS["bedrock"], KEY, account=account("cn-north-1"))
    assert upstream.base_url == "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"
