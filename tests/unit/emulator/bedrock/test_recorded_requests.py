"""Requests that the service took, against botocore's model as the emulator reads it."""

import pytest
from tests.unit.wire.bedrock.recorded_bedrock import asked, rows

from fairlead.emulator.authority.bedrock import bedrock_faults, model_id_fault

pytest.importorskip("botocore")

NOVAS = {"86a9c31816baaf32"}
"""Nova took `video/mp4` as a format, which the model's list does not have."""
OPERATIONS = {
    ("converse", False): "Converse",
    ("converse", True): "ConverseStream",
    ("count_tokens", False): "CountTokens",
}


def test_what_the_service_took_is_in_order() -> None:
    seen = 0
    for row in rows():
        operation = OPERATIONS.get((row["op"], row["stream"]))
        body = asked(row)
        if operation is None or not body or row["id"] in NOVAS:
            continue
        assert list(bedrock_faults(operation, body)) == [], row["id"]
        assert model_id_fault(operation, row["model"]) is None, row["model"]
        seen += 1
    assert seen > 190


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "additionalModelRequestFields"),
        ({"messages": "x"}, "messages: must be a list"),
        ({"messages": [{"role": "user"}]}, "content"),
        ({"messages": [{"role": "tool", "content": []}]}, "enum value set"),
        ({"messages": [{"role": "user", "content": [{"text": "a", "image": {}}]}]}, "exactly one"),
        ({"messages": [{"role": "user", "content": [{"txt": "a"}]}]}, "extraneous key"),
        ({"inferenceConfig": {"maxTokens": 0}}, "greater than or equal to 1"),
        ({"inferenceConfig": {"maxTokens": 1.5}}, "whole number"),
        ({"inferenceConfig": {"topP": 2}}, "less than or equal to 1"),
        ({"toolConfig": {"tools": []}}, "length greater"),
        ({"toolConfig": {"tools": [{"toolSpec": {"name": "a b", "inputSchema": {}}}]}}, "pattern"),
        (
            {"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": "ü"}}}]}]},
            "base64",
        ),
        ({"modelId": "m"}, "extraneous key"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(body, words) -> None:
    found = "; ".join(
        bedrock_faults("Converse", {"additionalModelRequestFields": {"any": [1]}} | body)
    )
    assert words in found or (not body and not found)
