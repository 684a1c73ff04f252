"""What is not served here is told with what to do in its place, in the client's dialect."""

import json

import pytest
from tests.unit.server.side_house import SideHouse

from fairlead.server.elsewhere import ELSEWHERE, elsewhere
from fairlead.server.routes import ROUTES, Router

VERTEX = "/v1beta1/projects/p/locations/global"


@pytest.mark.parametrize(
    ("method", "path", "dialect", "words"),
    [
        ("POST", f"{VERTEX}/batchPredictionJobs", "gemini", "batchGenerateContent"),
        ("POST", f"{VERTEX}/publishers/google/models/text-embedding-005:predict", "gemini",
         "embedContent"),
        ("POST", "/model/us.anthropic.claude-haiku-4-5-20251001-v1:0/invoke", "anthropic",
         "/v1/messages"),
        ("POST", "/model/m/invoke-with-response-stream", "anthropic", "virtual key"),
        ("POST", "/model/m/converse", "anthropic", "Converse"),
    ],
)  # fmt: skip
async def test_it_is_a_404_in_the_dialect_with_the_way_out(method, path, dialect, words) -> None:
    reply = await SideHouse().ask(method, path, {})
    assert (reply.status, reply.sent) == (404, [])
    said = reply.json()
    assert said.get("type", "gemini") == ("error" if dialect == "anthropic" else "gemini")
    assert words in json.dumps(said)


@pytest.mark.parametrize(
    "path", ["/v1/mesages", "/v1beta/cachedContents", "/model/m", "/model/" + "x" * 10_000]
)
def test_other_paths_are_left_alone(path) -> None:
    assert elsewhere(path) is None


def test_nothing_that_is_served_is_in_the_table() -> None:
    router = Router()
    for route in ROUTES:
        path = route.path.replace("{", "").replace("}", "")
        assert elsewhere(path) is None, route.path
        assert router.methods(path)
    assert len({hint for _, _, hint in ELSEWHERE}) == len(ELSEWHERE)
