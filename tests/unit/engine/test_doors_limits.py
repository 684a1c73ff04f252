"""A model's deployments whose limits differ: what one of them cannot take never goes there."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairlead.canon import Failure
from fairlead.engine.beginnings import Beginnings
from fairlead.engine.exchange import Exchange
from fairlead.engine.learning import PromptCounts
from fairlead.engine.live import Live
from fairlead.engine.plan import plan
from fairlead.engine.snapshot import Snapshot
from fairlead.routing.moment import Moment
from fairlead.server.compile import CODECS, compile_snapshot
from fairlead.server.config import load

AT = datetime(2026, 10, 10, 12, tzinfo=UTC).timestamp()
KEYS = {"OWN_KEY": "k" * 20, "OTHER": "k" * 20}
OWN = '[upstreams.own]\nkind = "anthropic"\napi_key_env = "OWN_KEY"\n'
CLOUD = '[upstreams.cloud]\nkind = "anthropic"\napi_key_env = "OTHER"\ndoor = "vertex"\n'
LARGE = 6_000_000
"""Bytes of an image that Anthropic takes (8 MB as base64, of 10), and Vertex AI does not (5)."""


def compiled(folder: Path, upstreams: str) -> Snapshot:
    file = folder / "fairlead.toml"
    overlay = f'[catalog]\noverlay = "{folder}/none.toml"\nlong_tail = false\n'
    file.write_text(upstreams + overlay, encoding="utf-8")
    return compile_snapshot(load(file, {}), KEYS)


def ways(snapshot: Snapshot, image: int, model: str = "auto") -> list[str]:
    """The deployments that a request with such an image may go to."""
    data = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(image - 8)).decode()
    url = {"url": f"data:image/png;base64,{data}"}
    content = [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": url}]
    body = {"model": model, "messages": [{"role": "user", "content": content}]}
    x = Exchange("r", CODECS["openai_chat"], snapshot, (), json.dumps(body).encode(), at=AT)
    x.model_name = model
    live = Live(Beginnings(b"0" * 32))
    lanes = plan(x, PromptCounts(), lambda *_: Moment(), live.outside)
    return [upstream.name for model, upstream in lanes if model.vendor == "anthropic"]


@pytest.mark.parametrize("model", ["auto", "claude-haiku-4-5"])
@pytest.mark.parametrize("order", [OWN + CLOUD, CLOUD + OWN])
def test_only_the_deployments_that_take_an_image_are_asked(tmp_path, model, order) -> None:
    snapshot = compiled(tmp_path, order)
    assert ways(snapshot, LARGE, model) == ["own"]
    assert sorted(ways(snapshot, 1_000, model)) == ["cloud", "own"]


@pytest.mark.parametrize("model", ["auto", "claude-haiku-4-5"])
def test_what_no_deployment_takes_is_refused(tmp_path, model) -> None:
    with pytest.raises(Failure, match="no model can take this request"):
        ways(compiled(tmp_path, CLOUD), LARGE, model)
    with pytest.raises(Failure, match="no model can take this request"):
        ways(compiled(tmp_path, OWN + CLOUD), 2 * LARGE, model)
