import pytest

from fairlead.server.routes import ROUTES, Router, client_dialect

ROUTER = Router()


def where(method: str, path: str) -> tuple[str, str | None, dict[str, str]] | None:
    found = ROUTER.plain.get((method, path)) or ROUTER.find(method, path)
    return None if found is None else (found.route.path, found.dialect, found.variables)


CHAT = ("/v1/chat/completions", "openai_chat", {})
MESSAGES = ("/v1/messages", "anthropic", {})


def gemini(model: str, verb: str = "generateContent") -> tuple[str, str, dict[str, str]]:
    return (f"/v1beta/models/{{model}}:{verb}", "gemini", {"model": model})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/v1/chat/completions", CHAT),
        ("/chat/completions", CHAT),
        ("/v1/chat/completions/", CHAT),
        ("/openai/v1/chat/completions", CHAT),
        ("/openai/chat/completions", CHAT),
        ("/v1beta/openai/chat/completions", CHAT),
        ("/responses", ("/v1/responses", "openai_responses", {})),
        ("/v1/messages", MESSAGES),
        ("/messages", MESSAGES),
        ("/anthropic/v1/messages", MESSAGES),
        ("/v1/v1/messages", MESSAGES),
        ("/v1beta/models/gemini-2.5-flash:generateContent", gemini("gemini-2.5-flash")),
        ("/v1/models/auto:streamGenerateContent", gemini("auto", "streamGenerateContent")),
        ("/v1alpha/models/m:generateContent", gemini("m")),
        ("/gemini/v1beta/models/m:generateContent", gemini("m")),
        ("/v1/v1beta/models/m:generateContent", gemini("m")),
        ("/v1beta/v1beta/models/m:generateContent", gemini("m")),
        ("/v1beta/models/models/m:generateContent", gemini("m")),
        ("/v1beta1/publishers/google/models/m:generateContent", gemini("m")),
        (
            "/v1beta1/projects/p/locations/eu/publishers/google/models/m:generateContent",
            gemini("m"),
        ),
        ("/v1beta/models/openai/gpt-4o:generateContent", gemini("openai/gpt-4o")),
    ],
)
def test_each_sdks_spelling_leads_to_its_endpoint(path, found) -> None:
    assert where("POST", path) == found
    assert where("POST", path) == found  # also from memory


@pytest.mark.parametrize(
    ("path", "dialect", "model"),
    [
        ("/v1/models/claude-haiku-4-5", None, "claude-haiku-4-5"),
        ("/anthropic/v1/models/claude-haiku-4-5", "anthropic", "claude-haiku-4-5"),
        ("/v1beta/models/gemini-2.5-flash", "gemini", "gemini-2.5-flash"),
        ("/v1/models/us.anthropic.claude-haiku-4-5-20251001-v1:0", None,
         "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
    ],
)  # fmt: skip
def test_one_model(path, dialect, model) -> None:
    found = where("GET", path)
    assert found is not None
    assert found[1:] == (dialect, {"model": model})


@pytest.mark.parametrize(
    "path",
    ["/", "", "/v2/messages", "/v1/chat", "/v1beta/models/m:destroyContent", "/v1/messagesX",
     "/v1/responses/a/b/c", "/../v1/messages", "/v1beta/models/:generateContent"],
)  # fmt: skip
def test_what_is_not_served_is_not_found(path) -> None:
    assert where("POST", path) is None


def test_methods_of_a_path_are_known_in_each_spelling() -> None:
    assert ROUTER.methods("/v1/responses/resp_1") == ["GET", "DELETE"]
    assert ROUTER.methods("/openai/models") == ["GET"]
    assert ROUTER.methods("/nowhere") == []


def test_paths_of_clients_do_not_fill_the_memory() -> None:
    router = Router()
    for at in range(5000):
        router.find("GET", f"/v1/responses/resp_{at}")
        router.find("POST", f"/v1beta/models/m{at}:generateContent")
    assert len(router._known) <= 1024


def test_no_route_hides_another() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize(
    ("headers", "query", "dialect"),
    [
        ([], b"", "openai_chat"),
        ([(b"anthropic-version", b"2023-06-01")], b"", "anthropic"),
        ([(b"x-goog-api-key", b"k")], b"", "gemini"),
        ([], b"pageSize=2&key=k", "gemini"),
        ([], b"monkey=k", "openai_chat"),
    ],
)
def test_a_shared_path_is_told_apart_by_headers(headers, query, dialect) -> None:
    assert client_dialect(headers, query) == dialect


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/v1/chat/completion", "/v1/chat/completions"),
        ("/v1/mesages", "/v1/messages"),
        ("/anthropic/v1/message", "/v1/messages"),
        ("/v1beta/model", "/v1beta/models"),
    ],
)
def test_a_wrong_path_is_told_what_looks_like_it(path, near) -> None:
    assert near in ROUTER.nearest(path)
    assert len(ROUTER.nearest(path)) <= 3


def test_an_endless_path_is_not_compared_whole() -> None:
    assert ROUTER.nearest("/x" * 100_000) == []


@pytest.mark.parametrize("path", ["/", "/docs", "/dashboard", "/metrics"])
def test_what_looks_like_nothing_is_told_no_other(path) -> None:
    assert ROUTER.nearest(path) == []


@pytest.mark.parametrize("prefix", ["/v1", "", "/v1/v1", "/anthropic/v1"])
def test_claude_as_on_vertex_ai(prefix) -> None:
    root = "/projects/p-1/locations/europe-west1/publishers/anthropic/models"
    table = "/v1/projects/{project}/locations/{location}/publishers/anthropic/models"
    place = {"project": "p-1", "location": "europe-west1"}
    model = {**place, "model": "claude-haiku-4-5@20251001"}
    for verb in ("rawPredict", "streamRawPredict"):
        found = where("POST", f"{prefix}{root}/claude-haiku-4-5@20251001:{verb}")
        assert found == (f"{table}/{{model}}:{verb}", "anthropic", model)
    found = where("POST", f"{prefix}{root}/count-tokens:rawPredict")
    assert found == (f"{table}/count-tokens:rawPredict", "anthropic", place)
