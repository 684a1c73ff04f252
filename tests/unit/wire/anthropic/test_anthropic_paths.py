"""Canonical paths come back as fields of the body that a Messages client sent."""

import pytest

from fairlead.canon import Request
from fairlead.wire.anthropic.paths import client_path


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("messages[1].content[0]", "messages[1].content[0]"),
        ("tools[2].parameters.properties", "tools[2].input_schema.properties"),
        ("tools[2].name", "tools[2].name"),
        ("instructions[0]", "system[0]"),
        ("stop", "stop_sequences"),
        ("response_format.schema", "output_config.format.schema"),
        ("parallel_tool_calls", "tool_choice.disable_parallel_tool_use"),
        ("max_tokens", "max_tokens"),
        ("", ""),
    ],
)
def test_a_path_is_told_in_the_clients_words(path, told):
    assert client_path(path, Request(model="m", turns=())) == told
