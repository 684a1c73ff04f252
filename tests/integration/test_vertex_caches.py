"""Cached contents of Vertex AI through a gateway: Google's SDK in both of its modes, whichever door
keeps them; the ledger has what the emulator bills; another key has no right to one.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials
from tests.integration.conftest import start_gateway

from fairlead.cost.price import BUCKETS, PriceTable
from fairlead.ledger.query import tail
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import load

FLASH = "gemini-3.5-flash-lite"
LONG = "The handbook describes hygiene of cassettes and drift of formats. " * 300
CONFIG = """
[upstreams.vertex]
base_url = "{url}"
credentials_file = "{file}"
region = "europe-west1"
"""
OTHERS = {"ANTHROPIC_API_KEY": "unset", "OPENAI_API_KEY": "unset"}


@pytest.fixture(scope="module")
def alone(emulator, tmp_path_factory):
    """A gateway that has Vertex AI alone."""
    folder = tmp_path_factory.mktemp("alone")
    with ExitStack() as stack:
        config = _config(emulator, folder)
        yield start_gateway(stack, folder, emulator, {"GEMINI_API_KEY": "unset", **OTHERS}, config)


def _config(emulator, folder) -> str:
    file = folder / "account.json"
    file.write_text(json.dumps(emulator.service_account("proj-1")))
    return CONFIG.format(url=emulator.url, file=file)


@pytest.fixture
def client():
    """Google's SDK: `client(gateway, vertexai=...)`."""
    with ExitStack() as stack:

        def _client(gateway, *, vertexai: bool, key: str = "any") -> genai.Client:
            options = types.HttpOptions(base_url=gateway.url)
            made = (
                genai.Client(
                    vertexai=True, project="any-1", location="us-central1",
                    credentials=Credentials(key), http_options=options,
                )
                if vertexai
                else genai.Client(api_key=key, http_options=options)
            )  # fmt: skip
            stack.callback(made.close)
            return made

        yield _client


def _made(client: genai.Client, ttl: str = "3600s") -> types.CachedContent:
    config = types.CreateCachedContentConfig(contents=LONG, ttl=ttl, display_name="handbook")
    return client.caches.create(model=FLASH, config=config)


def _asked(client: genai.Client, name: str | None) -> int | None:
    said = client.models.generate_content(
        model=FLASH, contents="Why?", config={"cached_content": name}
    )
    return said.usage_metadata.cached_content_token_count


@pytest.mark.parametrize("vertexai", [False, True])
def test_a_clients_whole_day_is_the_emulators_bill(alone, client, vertexai) -> None:
    gateway, began = alone, time.time()
    before = Counter(gateway.emulator.bill()["total"]["usage"])
    google = client(gateway, vertexai=vertexai)
    page = _made(google)
    assert page.name.partition("/")[0] == "cachedContents"
    assert page.model == f"models/{FLASH}"
    held = page.usage_metadata.total_token_count
    assert google.caches.get(name=page.name) == page
    assert [one.name for one in google.caches.list()] == [page.name]
    assert _asked(google, page.name) == held
    streamed = google.models.generate_content_stream(
        model=FLASH, contents="Why?", config={"cached_content": page.name}
    )
    assert [*streamed][-1].usage_metadata.cached_content_token_count == held
    moved = google.caches.update(name=page.name, config={"ttl": "7200s"})
    assert moved.expire_time > page.expire_time
    google.caches.delete(name=page.name)
    with pytest.raises(errors.ClientError, match="Not found") as gone:
        google.caches.get(name=page.name)
    assert gone.value.code == 404

    paths = {entry.path for entry in gateway.emulator.requests if "cachedContents" in entry.path}
    root = "/v1/projects/proj-1/locations/europe-west1/cachedContents"
    assert {root, f"{root}/{page.name.rpartition('/')[2]}"} <= paths
    assert all(path.startswith(root) for path in paths)
    billed = Counter(gateway.emulator.bill()["total"]["usage"]) - before
    gateway.newest(op="generate", stream=True, since=began)  # waits for it
    told: Counter[str] = Counter()
    booked = [one for one in tail(gateway.database, 99) if one.usage and one.at >= began]
    for record in booked:
        assert not record.usage.estimated
        told.update({kind: getattr(record.usage, kind) for kind in BUCKETS})
        told.update(dict(record.usage.server_calls))
    assert +told == billed
    assert billed["cache_storage"] > 0
    today = datetime.now(UTC).date()
    table = PriceTable(compile_catalog(load(None, gateway.env)).resolve(FLASH, today), today)
    due = sum(count * table.usd_per_million(kind) / 1_000_000 for kind, count in billed.items())
    assert sum(one.cost_usd or 0 for one in booked) == due  # with the region's surcharge


def test_each_is_at_the_door_that_made_it(start, emulator, tmp_path, client) -> None:
    """Of two doors the first one of the configuration makes them; a client of Vertex AI's is taken
    at its word; requests go where what they name is.
    """
    gateway = start(OTHERS, "[upstreams.gemini]\n" + _config(emulator, tmp_path))
    emulator.reset()
    studio, cloud = (client(gateway, vertexai=which) for which in (False, True))
    theirs, ours = _made(studio).name, _made(cloud).name
    assert theirs is not None
    assert ours is not None
    assert ours.partition("/")[2].isdecimal()
    assert not theirs.partition("/")[2].isdecimal()
    for name in (theirs, ours):
        assert _asked(studio, name)
        assert studio.caches.get(name=name).name == name
    assert [one.name for one in studio.caches.list()] == [theirs]
    assert [one.name for one in cloud.caches.list()] == [ours]
    for name in (theirs, ours):
        studio.caches.delete(name=name)
    doors = [e.vendor for e in gateway.emulator.requests if e.op in ("generate", "cache_create")]
    assert doors == ["gemini", "vertex", "gemini", "vertex"]


def test_what_cannot_be_kept_there_is_told(alone, client) -> None:
    gateway = alone
    google = client(gateway, vertexai=False)
    with pytest.raises(errors.ClientError, match="BigQuery"):
        google.batches.list()[0]
    config = types.CreateCachedContentConfig(contents="short")
    with pytest.raises(errors.ClientError, match="2048"):
        google.caches.create(model=FLASH, config=config)
    config = types.CreateCachedContentConfig(
        contents=types.Part.from_uri(file_uri="files/abc", mime_type="text/plain")
    )
    with pytest.raises(errors.ClientError, match="gs://") as refused:
        google.caches.create(model=FLASH, config=config)
    assert refused.value.code == 400
    jobs = "/v1beta1/projects/p/locations/global/batchPredictionJobs"
    reply = gateway.request("POST", jobs, b"{}")
    assert reply.status == 404
    assert b"BigQuery" in reply.body


def test_another_key_has_no_right_to_it_by_any_name(alone, client) -> None:
    """The last one: from here on this gateway wants keys."""
    gateway = alone
    keys = [_key(gateway, name) for name in ("ann", "ben")]
    ann, ben = (client(gateway, vertexai=False, key=key) for key in keys)
    name = _made(ann).name
    assert _asked(ann, name)
    whole = f"projects/proj-1/locations/europe-west1/{name}"
    for asked in (name, whole):
        with pytest.raises(errors.ClientError) as refused:
            _asked(ben, asked)
        assert refused.value.code == 404
    with pytest.raises(errors.ClientError, match="among the cachedContents of this key"):
        ben.caches.get(name=name)
    assert list(ben.caches.list()) == []
    assert [one.name for one in ann.caches.list()] == [name]
    assert _asked(ann, whole)


def _key(gateway, name: str) -> str:
    made = subprocess.run(
        [sys.executable, "-m", "fairlead", "keys", "create", name, "--json"],
        env=gateway.env, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    key: str = json.loads(made.stdout)["key"]
    deadline = time.monotonic() + 30  # a running gateway looks for new keys now and then
    while _refused(gateway, key) or not _refused(gateway, "nobody's"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return key


def _refused(gateway, key: str) -> bool:
    reply = gateway.request("GET", "/v1beta/models", headers={"x-goog-api-key": key})
    return reply.status == 401
