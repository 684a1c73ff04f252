"""Which of a vendor's objects a request names, wherever it does."""

import json

import pytest

from fairlead.engine.named_objects import named_objects, refuse_others
from fairlead.vault.ownership import MemoryOwnership

GOOGLES = "https://generativelanguage.googleapis.com/v1beta/files/abc"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"messages": [{"content": [{"type": "file", "file": {"file_id": "file-1"}}]}]},
         {("files", "file-1")}),
        ({"input": [{"content": [{"type": "input_image", "file_id": "file-1"}]}],
          "tools": [{"container": {"type": "auto", "file_ids": ["file-2", "file-3"]}}]},
         {("files", "file-1"), ("files", "file-2"), ("files", "file-3")}),
        ({"source": {"type": "file", "file_id": "file_1"}}, {("files", "file_1")}),
        ({"fileData": {"fileUri": GOOGLES}}, {("files", "files/abc")}),
        ({"file_data": {"file_uri": GOOGLES + "?alt=x"}}, {("files", GOOGLES + "?alt=x")}),
        ({"fileData": {"fileUri": "https://youtu.be/x"}}, {("files", "https://youtu.be/x")}),
        ({"cachedContent": "cachedContents/c"}, {("cachedContents", "cachedContents/c")}),
        ({"cached_content": "cachedContents/c"}, {("cachedContents", "cachedContents/c")}),
        ({"cachedContent": "projects/1/locations/l/cachedContents/2"},
         {("cachedContents", "cachedContents/2")}),
        ({"input_file_id": "file-1"}, {("files", "file-1")}),
        ({"text": "my file_id is file-1, cached"}, set()),
        ({"file_id": 7, "file_ids": []}, set()),
    ],
)  # fmt: skip
def test_found(body, found) -> None:
    assert named_objects(json.dumps(body).encode()) == found
    assert named_objects(json.dumps(body, indent=2).encode()) == found
    assert named_objects(json.dumps(body, separators=(",", ":")).encode()) == found


def test_no_escape_hides_one() -> None:
    assert named_objects(rb'{"file\u005fid":"file-1"}') == {("files", "file-1")}
    assert named_objects(rb'{"file_id":"file\u002d1"}') == {("files", "file-1")}
    assert named_objects(rb'{"fileUri":"https:\/\/x\/v1beta\/files\/abc"}') == {
        ("files", "files/abc")
    }
    assert named_objects(rb'{"file_id":"\ud800"}') == set()
    assert named_objects(b'{"file_id":"\xff"}') == set()
    assert named_objects(rb'\u0000 "file_id":"file-1"') == set()


async def test_only_anothers_is_refused() -> None:
    owners = MemoryOwnership()
    await owners.put("ann", "openai", "files", "file-1")
    body = b'{"file_id":"file-1"}'
    await refuse_others("ann", "openai", body, owners)
    await refuse_others("ben", "other", body, owners)
    await refuse_others("ben", "openai", b'{"file_id":"file-2"}', owners)
    with pytest.raises(Exception, match="file-1"):
        await refuse_others("ben", "openai", body, owners)
