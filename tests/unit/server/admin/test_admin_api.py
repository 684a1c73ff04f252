"""The admin API's door, and its workers: bounded, replaced, never in the gateway's way."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from tests.unit.server.side_house import SideHouse

from fairlead.canon import Failure
from fairlead.server.admin import office as office_module
from fairlead.server.admin.api import ADMIN_ROUTES, AdminApi, admin_key
from fairlead.server.admin.office import Office, Question
from fairlead.server.config import ConfigError, load
from fairlead.server.routes import ROUTES, Router
from fairlead.server.settings import AdminSettings

REAL = office_module._COMMAND
KEY = "an-admin-key-of-some-length"
MODELS = Question("models", query={"on": ["2026-11-23"]})


class _Client:
    started = gone = False

    def __init__(self) -> None:
        self.status, self.headers, self.body = 0, {}, b""

    async def respond(self, status, headers, body) -> None:
        assert b"content-length" not in dict(headers), "another answer's"
        headers.append((b"content-length", b"%d" % len(body)))  # as our protocol does
        self.status, self.headers, self.body = status, dict(headers), body

    def json(self) -> dict:
        return json.loads(self.body)


@pytest.fixture
async def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = AdminApi(KEY, AdminSettings(max_upload_bytes=2048))
    yield made
    await made.close()


async def ask(api: AdminApi, method: str, path: str, body: bytes = b"", key: str | None = KEY):
    path, _, query = path.partition("?")
    match = Router().find(method, path) or Router().plain[method, path]
    headers = [(b"host", b"gateway.test")]
    if key is not None:
        headers.append((b"authorization", key.encode()))
    scope = {"type": "http", "method": method, "path": path, "headers": headers,
             "query_string": query.encode()}  # fmt: skip

    async def receive():
        return {"type": "http.request", "body": body}

    client = _Client()
    await api.handle(match, scope, receive, client)
    return client


def _url(path: str) -> str:
    return path.replace("{", "").replace("}", "")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.name in ADMIN_ROUTES])
@pytest.mark.parametrize(
    "said", [None, "", KEY, "Bearer ", "Bearer wrong", f"Bearer {KEY}x", f"Basic {KEY}",
             "Bearer fl-a-virtual-key"],
)  # fmt: skip
async def test_nothing_is_told_without_the_key(api, route, said) -> None:
    client = await ask(api, route.method, _url(route.path), key=said)
    assert client.status == 401
    assert client.json()["error"]["kind"] == "authentication"
    assert KEY not in client.body.decode()
    assert client.headers[b"www-authenticate"] == b"Bearer"


@pytest.mark.parametrize("name", ADMIN_ROUTES)
async def test_without_a_key_of_its_own_the_api_is_off(name) -> None:
    route = next(route for route in ROUTES if route.name == name)
    closed = AdminApi(None)
    client = await ask(closed, route.method, _url(route.path), key="Bearer ")
    assert (client.status, client.json()["error"]["kind"]) == (403, "permission")
    assert "FAIRLEAD_ADMIN_KEY" in client.json()["error"]["hint"]


def test_the_key_comes_from_the_environment_and_cannot_be_short() -> None:
    loaded = load(None, {})
    assert admin_key(loaded, {}) is None
    assert admin_key(loaded, {"FAIRLEAD_ADMIN_KEY": KEY}) == KEY
    with pytest.raises(ConfigError, match="at least 16 characters"):
        admin_key(loaded, {"FAIRLEAD_ADMIN_KEY": "short"})
    named = load(None, {"FAIRLEAD_ADMIN_KEY_ENV": "OTHER", "FAIRLEAD_ADMIN_KEY": KEY})
    assert named.warnings == ()
    assert admin_key(named, {"OTHER": KEY * 2, "FAIRLEAD_ADMIN_KEY": KEY}) == KEY * 2


async def test_the_key_opens_and_the_answer_is_plain_json(api) -> None:
    client = await ask(api, "GET", "/admin/models?on=2026-11-23", key=f"bearer {KEY}")
    assert client.status == 200
    assert client.headers[b"content-type"] == b"application/json"
    assert client.headers[b"cache-control"] == b"no-store"
    assert {each["model"] for each in client.json()["models"]} >= {"gemini-2.5-flash"}
    shown = await ask(api, "GET", "/admin/models/flash", key=f"Bearer {KEY}")
    assert shown.json()["family"] == "flash"
    wrong = await ask(api, "GET", "/admin/usage?nonsense=1", key=f"Bearer {KEY}")
    assert (wrong.status, wrong.json()["error"]["param"]) == (400, "nonsense")
    large = await ask(api, "POST", "/admin/reconcile/google", b"x" * 3000, key=f"Bearer {KEY}")
    assert (large.status, large.json()["error"]["kind"]) == (413, "request_too_large")


def worker(monkeypatch: pytest.MonkeyPatch, program: str | None) -> None:
    """What is started as a worker from here on; None: the real one."""
    command = (sys.executable, "-S", "-c", program) if program else REAL
    monkeypatch.setattr(office_module, "_COMMAND", command)


async def test_a_worker_that_takes_too_long_or_dies_costs_its_question_only(monkeypatch) -> None:
    office = Office(workers=1, waiting=1, seconds=60)
    try:
        worker(monkeypatch, "pass")  # dead before it has answered
        with pytest.raises(Failure, match="died of this question"):
            await office.ask(MODELS)
        worker(monkeypatch, "import time; time.sleep(600)")
        office._seconds = 0.1
        with pytest.raises(Failure, match=r"more than 0\.1 s") as late:
            await office.ask(MODELS)
        assert late.value.problem.status == 408
        worker(monkeypatch, None)
        office._seconds = 60
        gone = asyncio.create_task(office.ask(MODELS))
        await asyncio.sleep(0)
        gone.cancel()  # its client leaves; its question is answered to nobody
        with pytest.raises(asyncio.CancelledError):
            await gone
        found = await office.ask(Question("model", variables={"model": "haiku"}))
        assert json.loads(found.body)["family"] == "haiku"
        assert len(office._idle) == 1
    finally:
        await office.close()
    assert office._idle == []


async def test_so_many_may_wait_and_no_more_and_closing_lets_them_go(monkeypatch) -> None:
    worker(monkeypatch, "import time; time.sleep(600)")
    office = Office(workers=1, waiting=1, seconds=60)
    asked = [asyncio.create_task(office.ask(MODELS)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Failure, match="too many questions") as full:
        await office.ask(MODELS)
    assert (full.value.problem.status, full.value.problem.retry_after) == (503, 2)
    await office.close()
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in ended)


async def test_a_path_that_there_is_not_is_told_in_plain_json() -> None:
    house = SideHouse()
    for method, path, status in (("GET", "/admin/usages", 404), ("PUT", "/admin/usage", 405)):
        reply = await house.ask(method, path)
        assert (reply.status, reply.json()["error"]["kind"]) == (status, "not_found")
        assert "usage" in reply.json()["error"]["hint"] or status == 405
