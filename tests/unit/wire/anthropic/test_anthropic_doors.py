"""One walk for every cloud's door: what its table names is told, where it stands, and no more."""

from pathlib import Path

import msgspec
import pytest

from fairlead.wire.anthropic.doors import Door, kept_tools, lost_at
from fairlead.wire.bedrock.not_taken import BEDROCK
from fairlead.wire.vertex.claude import VERTEX

DOCS = Path(__file__).resolve().parents[4] / "docs" / "upstreams.md"

DOOR = Door(
    fields={"speed": ("cosmetic", "slow here"), "container": ("semantic", "none here")},
    server_tools=("web_fetch_",),
    runs_no="fetches nothing",
    blocks={"container_upload": "none here"},
    sources={"file": "keeps none"},
)
OPEN = Door(fields={}, server_tools=(), runs_no="", blocks={}, sources={})
UPLOAD = {"type": "container_upload", "file_id": "f1"}
IMAGE = {"type": "image", "source": {"type": "file", "file_id": "f2"}}
BODY = {
    "speed": "fast",
    "container": None,
    "tools": [{"name": "own"}, {"type": "web_fetch_20250910", "name": "web_fetch"}],
    "messages": [
        {"role": "user", "content": "file"},
        {"role": "user", "content": [UPLOAD, {"type": "text", "text": '"file"'}, IMAGE]},
        {"role": "user", "content": [{"type": "tool_result", "content": [IMAGE]}]},
    ],
}


def _told(door: Door, body: object) -> list[tuple[str, str, str]]:
    return [(loss.kind, loss.path, loss.what) for loss in lost_at(door, msgspec.json.encode(body))]


def test_each_row_of_the_table_is_found_where_it_stands() -> None:
    assert _told(DOOR, BODY) == [
        ("cosmetic", "speed", "speed"),
        ("semantic", "tools[1]", "server_tool:web_fetch_20250910"),
        ("semantic", "messages[1].content[0]", "block:container_upload"),
        ("semantic", "messages[1].content[2]", "image_file"),
        ("semantic", "messages[2].content[0].content[0]", "image_file"),
    ]


def test_a_door_that_takes_everything_loses_nothing() -> None:
    assert _told(OPEN, BODY) == []


def test_the_reasons_are_the_tables() -> None:
    whys = {loss.why for loss in lost_at(DOOR, msgspec.json.encode(BODY))}
    assert whys == {"slow here", "fetches nothing", "none here", "keeps none"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"tools": 1, "messages": "file"}',
        b'{"messages": [{"content": [1, "file"]}]}',
        b'{"messages": [{"content": [{"type": 5, "x": "file"}]}]}',
    ],
)
def test_what_cannot_be_read_is_the_vendors_to_refuse(body: bytes) -> None:
    assert list(lost_at(DOOR, body)) == []


def test_own_tools_stay_as_they_were_written() -> None:
    body = b'{"tools": [{"name":  "own"}, {"type": "web_fetch_20250910"}, {"type": null}]}'
    assert [bytes(raw) for raw in kept_tools(DOOR, body)] == [
        b'{"name":  "own"}',
        b'{"type": null}',
    ]


@pytest.mark.parametrize(
    ("door", "section"), [(VERTEX, "\n## Vertex AI\n"), (BEDROCK, "\n## AWS Bedrock\n")]
)
def test_each_field_that_a_door_does_not_take_is_documented_there(door: Door, section: str) -> None:
    text = DOCS.read_text("utf-8").partition(section)[2].partition("\n## ")[0]
    assert [name for name in door.fields if f"`{name}`" not in text] == []
