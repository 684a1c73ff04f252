"""Every recorded request: decoded, encoded again, accepted by the vendor's schema, nothing lost."""

import json

import pytest
from tests.unit.wire.gemini.recorded import calls, target, target_of

from fairlead.canon import Failure, Request, ToolCall, ToolResult, Turn
from fairlead.emulator import authority
from fairlead.wire.gemini import CODEC
from fairlead.wire.gemini.signature import DUMMY_SIGNATURES

CALLS = calls()
# The vendor answered these with 400, and so do we, before it is asked.
REFUSED = {
    "78287249552d9b85": ("contents[0].role", "valid role"),
    "c10493a489a6938a": ("temperature", "temperature 1000"),
}
# Requests that come back in another, equivalent form; each with what differs and why.
NORMALISED = {
    "5cc569e3d45bf43c": "mode AUTO without functions says nothing",
    "a62bf9166aa5eea0": "two model turns in a row are merged",
    "c9a8e8f2480764de": "two model turns in a row are merged",
    "cddd265d0e82db0d": "two model turns in a row are merged",
    "88da129845690b28": "two model turns in a row are merged",
    "b388e7be316947d1": "an image beside a result goes to a Content of its own",
    "bf633c1410762723": "an empty text part is left out",
    "7cf100aee6172726": "the body names the model, which stands in the URL",
}
GOOD = [row for row in CALLS if row["id"] not in REFUSED]


def body(row) -> bytes:
    return json.dumps(row["request"]["body"], ensure_ascii=False).encode()


def test_there_are_enough_of_them():
    assert len(CALLS) >= 368


@pytest.mark.parametrize("row", GOOD, ids=lambda row: row["id"])
def test_comes_back_as_it_was(row):
    request = CODEC.decode_request(body(row))
    encoded = CODEC.encode_request(request, target_of(row))
    again = CODEC.decode_request(encoded.body)
    dummies = any(dummy.encode() in body(row) for dummy in DUMMY_SIGNATURES)
    assert {loss.what for loss in encoded.losses} <= ({"signature_missing"} if dummies else set())
    if row["id"] in NORMALISED:
        assert again.without_paths() != request.without_paths()
    else:
        assert again.without_paths() == request.without_paths()
    # What was normalised once stays as it is.
    twice = CODEC.encode_request(again, target_of(row))
    assert CODEC.decode_request(twice.body).without_paths() == again.without_paths()
    assert words(again) == words(request)


@pytest.mark.parametrize("row", GOOD, ids=lambda row: row["id"])
def test_is_accepted_by_the_vendors_schema(row):
    encoded = CODEC.encode_request(CODEC.decode_request(body(row)), target_of(row))
    assert authority.check(row["provider"], "generate", json.loads(encoded.body)) == []


@pytest.mark.parametrize("row", GOOD, ids=lambda row: row["id"])
def test_is_accepted_with_the_older_schemas_too(row):
    older = target(features=("json", "json_schema", "logprobs", "n", "media_urls"))
    encoded = CODEC.encode_request(CODEC.decode_request(body(row)), older)
    assert authority.check(row["provider"], "generate", json.loads(encoded.body)) == []


@pytest.mark.parametrize("id_", REFUSED)
def test_what_the_vendor_refused_is_refused(id_):
    (row,) = (row for row in CALLS if row["id"] == id_)
    param, words = REFUSED[id_]
    assert row["response"]["status"] == 400
    with pytest.raises(Failure, match=words) as caught:
        CODEC.encode_request(CODEC.decode_request(body(row)), target_of(row))
    assert caught.value.problem.param == param


def words(request: Request) -> list[object]:
    """All parts in order, results before what stands beside them, empty texts left out."""
    found: list[object] = []
    for turn in request.turns:
        found += sorted(turn.parts, key=lambda part: not isinstance(part, ToolResult))
    return [part for part in found if getattr(part, "text", "x")]


def test_results_name_a_call_that_is_there():
    checked = 0
    for row in GOOD:
        request = CODEC.decode_request(body(row))
        made = {p.id for t in request.turns for p in t.parts if isinstance(p, ToolCall)}
        for turn in request.turns:
            for result in results(turn):
                assert result.call_id in made
                assert len(result.call_id) <= 40
                checked += 1
    assert checked > 200


def results(turn: Turn) -> list[ToolResult]:
    return [part for part in turn.parts if isinstance(part, ToolResult)]
