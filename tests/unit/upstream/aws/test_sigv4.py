import re
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.upstream.aws import sigv4
from fairlead.upstream.secret import Secret

auth = pytest.importorskip("botocore.auth")
awsrequest = pytest.importorskip("botocore.awsrequest")
credentials = pytest.importorskip("botocore.credentials")

AT = "20261123T055000Z"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SEGMENT = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="?#"), max_size=40
)
NAME = st.from_regex(r"x-[a-z0-9-]{1,20}", fullmatch=True)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
HOSTS = st.sampled_from(
    ["bedrock-runtime.us-east-1.amazonaws.com", "127.0.0.1:8099", "vpce-1.example.com:443"]
)


def theirs(method, url, headers, body, token, region) -> str:
    """Botocore's signature of the same request at the same second."""
    keys = credentials.Credentials("AKID", SECRET, token)
    signer = auth.SigV4Auth(keys, "bedrock", region)
    request = awsrequest.AWSRequest(method, url, headers=dict(headers), data=body)
    request.context["timestamp"] = AT
    signer._modify_request_before_signing(request)  # sets the date of the context
    canonical = signer.canonical_request(request)
    signer._inject_signature_to_request(
        request, signer.signature(signer.string_to_sign(request, canonical), request)
    )
    return request.headers["Authorization"]


def ours(method, url, headers, body, token, region) -> str:
    told = sigv4.sign(
        method, url, headers, body, access_key="AKID", secret_key=Secret(SECRET), token=token,
        region=region, service="bedrock", at=AT,
    )  # fmt: skip
    assert dict(told)["x-amz-date"] == AT
    return dict(told)["authorization"]


@given(
    segments=st.lists(SEGMENT, min_size=1, max_size=4),
    host=HOSTS,
    headers=st.dictionaries(NAME, VALUE, max_size=5),
    body=st.binary(max_size=200),
    token=st.sampled_from([None, "IQoJb3JpZ2luX2VjE//+=="]),
    region=st.sampled_from(["us-east-1", "eu-central-1"]),
    scheme=st.sampled_from(["http", "https"]),
)
@settings(max_examples=100, deadline=None)
def test_it_is_botocores(segments, host, headers, body, token, region, scheme) -> None:
    path = "/".join(quote(segment, safe="") or "x" for segment in segments)
    # A path of dots is normalised by signers and refused by the transport.
    url = f"{scheme}://{host}/{re.sub(r'(^|/)[.]+(?=/|$)', 'd', path)}"
    args = ("POST", url, tuple(headers.items()), body, token, region)
    assert ours(*args) == theirs(*args)


def test_a_query_is_signed_in_order() -> None:
    args = ("GET", "https://h.example.com/a?b=2&a=1&a=0", (), b"", None, "us-east-1")
    assert ours(*args) == theirs(*args)


def test_an_old_proof_is_replaced_and_headers_stay() -> None:
    told = sigv4.sign(
        "POST", "https://h.example.com/", (("authorization", "old"), ("accept", "application/json")),
        b"", access_key="AKID", secret_key=Secret(SECRET), token=None, region="us-east-1",
        service="bedrock", at=AT,
    )  # fmt: skip
    assert [name for name, _ in told] == ["accept", "x-amz-date", "authorization"]
    assert SECRET not in repr(told)


def test_the_example_of_awss_documentation() -> None:
    """docs.aws.amazon.com, "Create a signed AWS API request": the key of the day is derived once."""
    key = sigv4._key_of_day(
        Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), "20150830", "us-east-1", "iam"
    )
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
