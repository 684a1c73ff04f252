"""Files, batches and caches on a fake transport: verbatim, but for whose they are and where."""

import gzip
import json
import os
import re
from pathlib import Path

import pytest
from tests.unit.server.side_house import FLASH, OPERATORS_KEY, SideHouse, whole

from fairlead.engine.endpoints import ENDPOINTS
from fairlead.server.routes import ROUTES
from fairlead.server.side_calls import SIDE_ROUTES
from fairlead.upstream.fake import Answer, Pause
from fairlead.upstream.transport import UpstreamReset

CLAUDE = {"anthropic_version": "2023-06-01"}
GOOGLE = {"x_goog_upload_protocol": "resumable"}
OTHERS = re.compile("SearchStore|vector_stores")  # endpoints that the gateway does not have
SHARED = Path(os.environ.get("FAIRLEAD_SHARED", Path(__file__).parents[4] / "shared"))
RECORDINGS = SHARED / "wire" / "recordings.jsonl.gz"
RESOLVED = b'{"custom_id":"a","params":{"model":"claude-haiku-4-5-20251001","x":[ 1 ]}}'
BATCH = "https://api.anthropic.com/v1/messages/batches/msgbatch_1/results"


def test_every_route_has_its_endpoint() -> None:
    """The dialects of a shared path are told by headers, so one of them must know the name."""
    for route in ROUTES:
        if route.name in SIDE_ROUTES and "." in route.name:
            dialects = [route.dialect] if route.dialect else ["openai_chat", "anthropic", "gemini"]
            assert any((route.name, dialect) in ENDPOINTS for dialect in dialects), route
    named = {route.name for route in ROUTES}
    assert {name for name, _ in ENDPOINTS} <= named


# Method, path, the client's headers, address at the vendor.
VERBATIM = [
    ("POST", "/v1/files", {}, "http://openai.test/v1/files"),
    ("GET", "/v1/files?purpose=batch&after=%20x", {}, "http://openai.test/v1/files?purpose=batch&after=%20x"),
    ("GET", "/v1/files/file-1", {}, "http://openai.test/v1/files/file-1"),
    ("DELETE", "/openai/v1/files/file-1", {}, "http://openai.test/v1/files/file-1"),
    ("GET", "/files/file-1/content", {}, "http://openai.test/v1/files/file-1/content"),
    ("POST", "/v1/batches", {}, "http://openai.test/v1/batches"),
    ("POST", "/v1/batches/b/cancel", {}, "http://openai.test/v1/batches/b/cancel"),
    ("POST", "/v1/files?beta=true", CLAUDE, "http://anthropic.test/v1/files?beta=true"),
    ("GET", "/anthropic/v1/files", {}, "http://anthropic.test/v1/files"),
    ("GET", "/v1/files/f/content", CLAUDE, "http://anthropic.test/v1/files/f/content"),
    ("GET", "/v1/messages/batches", {}, "http://anthropic.test/v1/messages/batches"),
    ("DELETE", "/v1/messages/batches/b", {}, "http://anthropic.test/v1/messages/batches/b"),
    ("GET", "/v1/messages/batches/b/results", {}, "http://anthropic.test/v1/messages/batches/b/results"),
    ("GET", "/v1beta/files?pageSize=2&key=fl-x", {}, "http://gemini.test/v1beta/files?pageSize=2"),
    ("GET", "/v1/files", {"x_goog_api_key": "x"}, "http://gemini.test/v1beta/files"),
    ("GET", "/v1beta/files/a:download?alt=media", {}, "http://gemini.test/v1beta/files/a:download?alt=media"),
    ("PATCH", "/v1/cachedContents/c?updateMask=ttl", {}, "http://gemini.test/v1beta/cachedContents/c?updateMask=ttl"),
    ("POST", "/v1beta/batches/b:cancel", {}, "http://gemini.test/v1beta/batches/b:cancel"),
    ("DELETE", "/v1/batches/b", {"x_goog_api_key": "x"}, "http://gemini.test/v1beta/batches/b"),
    ("POST", "/v1beta/models/flash:batchGenerateContent", {},
     f"http://gemini.test/v1beta/models/{FLASH}:batchGenerateContent"),
    ("POST", "/gemini/upload/v1beta/files", GOOGLE, "http://gemini.test/upload/v1beta/files"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "headers", "url"), VERBATIM)
async def test_it_goes_on_and_comes_back_as_it_is(method, path, headers, url) -> None:
    body = b"--x\r\ncontent-type: text/csv\r\n\r\na,\xff\r\n--x--" if method != "GET" else b""
    answer = b'{ "id": "x",\n "n": 1.50 }\n'
    kind = "multipart/form-data; boundary=x"
    reply = await SideHouse().ask(
        method, path, body, Answer(201, {"content-type": "text/x; a=b"}, (answer,)),
        content_type=kind, **headers,
    )  # fmt: skip
    assert (reply.status, reply.body) == (201, answer)
    assert reply.headers["content-type"] == "text/x; a=b"
    (sent,) = reply.sent
    assert (sent.method, sent.url, sent.body) == (method, url, body)
    told = dict(sent.headers)
    assert told.get("content-type") == (kind if body else None)
    assert OPERATORS_KEY in " ".join(told.values())
    record = reply.record
    assert record.op in ("files", "batches", "caches")
    assert (record.outcome, record.status, record.usage, record.cost_usd) == ("ok", 201, None, None)


async def test_an_answer_without_content_stays_without() -> None:
    reply = await SideHouse().ask("DELETE", "/v1beta/files/a", b"", Answer(204))
    assert (reply.status, reply.body, reply.headers.get("content-type")) == (204, b"", None)


async def test_headers_go_and_come_that_mean_something() -> None:
    reply = await SideHouse().ask(
        "POST", "/v1/files", b"x",
        whole({}, **{"request-id": "r", "set-cookie": "s", "content-disposition": "attachment"}),
        anthropic_beta="files-api", cookie="c", **CLAUDE,
    )  # fmt: skip
    told = dict(reply.sent[0].headers)
    assert told["anthropic-beta"] == "files-api"
    assert "cookie" not in told
    assert reply.headers["request-id"] == "r"
    assert reply.headers["content-disposition"] == "attachment"
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    ("path", "answer", "status", "shown"),
    [
        ("/v1/files/f", whole({"error": {"message": "No such File object: f"}}, 404), 404, "No such"),
        ("/v1/files/f", Answer(302, {"location": "http://elsewhere"}), 502, "redirect"),
        ("/v1/files/f", whole({"error": {"message": "bad key", "code": "invalid_api_key"}}, 401),
         502, "own account"),
        ("/v1beta/cachedContents/c",
         whole({"error": {"code": 403, "status": "PERMISSION_DENIED",
                "message": "CachedContent not found (or permission denied)"}}, 403), 403, "not found"),
    ],
)  # fmt: skip
async def test_errors_are_the_vendors_own_but_for_the_operators(
    path, answer, status, shown
) -> None:
    reply = await SideHouse().ask("GET", path, b"", answer)
    assert reply.status == status
    assert shown in reply.body.decode()
    assert len(reply.sent) == 1
    assert reply.record.outcome != "ok"


async def test_a_dialect_that_has_no_such_thing_says_so() -> None:
    reply = await SideHouse().ask("DELETE", "/v1/batches/b")
    assert (reply.status, reply.sent) == (404, [])
    assert "openai_chat" in reply.json()["error"]["message"]
    reply = await SideHouse(without="anthropic").ask("GET", "/v1/messages/batches")
    assert (reply.status, reply.json()["type"]) == (404, "error")


@pytest.mark.parametrize(
    "path", ["/v1/files/..", "/v1/files/./content", "/v1beta/files/..:download"]
)
async def test_an_id_is_no_step_in_the_vendors_address(path) -> None:
    reply = await SideHouse().ask("GET", path)
    assert (reply.status, reply.sent) == (404, [])


async def test_a_download_comes_in_pieces_with_its_length() -> None:
    pieces = (b"a" * 1000, Pause(0.001), b"b" * 500)
    length = {"content-type": "application/octet-stream", "content-length": "1500"}
    reply = await SideHouse().ask("GET", "/v1/files/f/content", b"", Answer(200, length, pieces))
    assert reply.body == b"a" * 1000 + b"b" * 500
    assert (reply.headers["content-length"], reply.whole) == ("1500", True)


async def test_a_download_that_breaks_off_does_not_look_whole() -> None:
    broken = Answer(200, {}, (b"half", UpstreamReset("gone", sent=True)))
    reply = await SideHouse().ask("GET", "/v1/files/f/content", b"", broken)
    assert (reply.body, reply.whole) == (b"half", False)
    assert reply.record.outcome == "stream_broken"
    at_once = Answer(200, {}, (UpstreamReset("gone", sent=True),))
    reply = await SideHouse().ask("GET", "/v1/files/f/content", b"", at_once)
    assert (reply.status, reply.record.outcome) == (502, "upstream_error")


async def test_who_leaves_is_billed_nothing() -> None:
    slow = Answer(200, {}, (b"{}",), wait=30.0)
    reply = await SideHouse().ask("POST", "/v1/files", b"x" * 4000, slow, leave=True)
    assert (reply.record.outcome, reply.record.usage) == ("client_gone", None)


# --- models inside --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "sent"),
    [
        ("/v1beta/cachedContents", b'{"model":"models/flash", "ttl":"5s"}',
         b'{"model":"models/gemini-2.5-flash","ttl":"5s"}'),
        ("/v1beta/cachedContents", b'{ "model":"models/gemini-2.5-flash"}',
         b'{ "model":"models/gemini-2.5-flash"}'),
        ("/v1beta/cachedContents", b'{ "model":"models/new-one"}', b'{ "model":"models/new-one"}'),
        ("/v1beta/cachedContents", b'{ "model":7}', b'{ "model":7}'),
        ("/v1/messages/batches",
         b'{"requests":[ {"custom_id":"a","params":{"model":"haiku","x":[ 1 ]}}, {"params":{}}]}',
         b'{"requests":[%s,{"params":{}}]}' % RESOLVED),
        ("/v1/messages/batches", b'{"requests": 1}', b'{"requests": 1}'),
    ],
)  # fmt: skip
async def test_names_become_ids_where_a_body_names_one(path, body, sent) -> None:
    reply = await SideHouse().ask("POST", path, body, whole({"id": "x"}))
    assert [r.body for r in reply.sent] == [sent]


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1beta/cachedContents", {"model": "models/auto"}, "model"),
        ("/v1beta/cachedContents", {"model": "models/haiku"}, "model"),
        ("/v1beta/models/auto:batchGenerateContent", {}, "model"),
        ("/v1beta/models/haiku:batchGenerateContent", {}, "model"),
        ("/v1/messages/batches", {"requests": [{}, {"params": {"model": "auto"}}]},
         "requests[1].params.model"),
    ],
)  # fmt: skip
async def test_models_of_others_are_refused(path, body, param) -> None:
    reply = await SideHouse().ask("POST", path, body)
    assert (reply.status, reply.sent) == (400, [])
    assert param in reply.body.decode()


# --- addresses ------------------------------------------------------------------------------------


async def test_results_are_at_the_gateway() -> None:
    batch = b'{"id":"msgbatch_1", "results_url": "%s","n":[ 1 ]}' % BATCH.encode()
    reply = await SideHouse().ask(
        "GET", "/anthropic/v1/messages/batches/msgbatch_1", b"", whole(batch)
    )
    here = "http://localhost/anthropic/v1/messages/batches/msgbatch_1/results"
    assert reply.body == b'{"id":"msgbatch_1","results_url":"%s","n":[ 1 ]}' % here.encode()
    pages = b'{"data":[%s,{"id":"x","results_url":null}],"has_more":false}' % batch
    reply = await SideHouse().ask(
        "GET", "/v1/messages/batches", b"", whole(pages),
        x_forwarded_proto="https", x_forwarded_host="gateway.example",
    )  # fmt: skip
    found = [one["results_url"] for one in reply.json()["data"]]
    assert found == ["https://gateway.example/v1/messages/batches/msgbatch_1/results", None]
    unended = b'{"id":"msgbatch_1", "results_url": null}'
    reply = await SideHouse().ask("GET", "/v1/messages/batches/x", b"", whole(unended))
    assert reply.body == unended


VENDORS_UPLOAD = "https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=U1&key=K&upload_protocol=resumable"


def begun(**headers: str) -> Answer:
    return Answer(
        200, {"x-goog-upload-url": VENDORS_UPLOAD, "x-goog-upload-status": "active", **headers}
    )


async def test_an_upload_goes_on_at_the_gateway() -> None:
    house = SideHouse(keys=True)
    first = await house.ask(
        "POST", "/gemini/upload/v1beta/files", b'{"file":{}}', begun(), key="ann",
        x_goog_upload_command="start", **GOOGLE,
    )  # fmt: skip
    assert dict(first.sent[0].headers)["x-goog-upload-command"] == "start"
    assert first.headers["x-goog-upload-status"] == "active"
    address = first.headers["x-goog-upload-url"]
    assert address.startswith(
        "http://gateway.test/gemini/upload/v1beta/files?upload_id=U1&upload_protocol=resumable&"
    )
    assert OPERATORS_KEY not in str(first.headers)
    path = address.removeprefix("http://gateway.test")
    made = whole({"file": {"name": "files/abc"}}, **{"x-goog-upload-status": "final"})
    done = await house.ask("POST", path, b"data", made, x_goog_upload_command="upload, finalize")
    (sent,) = done.sent
    assert (
        sent.url == "http://gemini.test/upload/v1beta/files?upload_id=U1&upload_protocol=resumable"
    )
    assert (done.status, done.record.key_id) == (200, "ann")
    file = "/v1beta/files/abc"
    assert (await house.ask("GET", file, b"", whole({}), key="ann")).status == 200
    assert (await house.ask("GET", file, b"", key="ben")).status == 404


async def test_the_seal_is_checked() -> None:
    house = SideHouse(keys=True)
    first = await house.ask("POST", "/upload/v1beta/files", b"{}", begun(), key="ann")
    path = first.headers["x-goog-upload-url"].removeprefix("http://gateway.test")
    sealed, _, seal = path.partition("fairlead_upload=")
    scope, until, mac = seal.split(".")
    for wrong in (
        sealed,
        f"{sealed}fairlead_upload=",
        f"{sealed}fairlead_upload=ben.{until}.{mac}",
        f"{sealed}fairlead_upload={scope}.{int(until) + 1}.{mac}",
        f"{sealed}fairlead_upload={scope}.{until}.{mac[::-1]}",
        f"{sealed}fairlead_upload={scope}.x.{mac}",
        path.replace("U1", "U2"),
        path.replace("upload_id=U1", "upload%5Fid=U2"),
    ):
        assert (await house.ask("POST", wrong, b"data", key="ben")).status == 404, wrong
    house.door.revoked.add("ann")
    assert (await house.ask("POST", path, b"data")).status == 404
    house.door.revoked.clear()
    house.now += 25 * 3600
    assert (await house.ask("POST", path, b"data")).status == 404
    assert (await house.ask("POST", "/upload/v1beta/files", b"{}")).status == 401


# --- owners ---------------------------------------------------------------------------------------


async def made(house: SideHouse, key: str, id_: str) -> None:
    await house.ask("POST", "/v1/files", b"x", whole({"id": id_}), key=key)


async def test_what_another_key_made_is_not_there() -> None:
    house = SideHouse(keys=True)
    await made(house, "ann", "file-1")
    for method, path in (
        ("GET", "/v1/files/file-1"),
        ("GET", "/v1/files/file-1/content"),
        ("DELETE", "/v1/files/file-1"),
        ("GET", "/v1/files/file-2"),
        ("GET", "/v1/batches/file-1"),
    ):
        reply = await house.ask(method, path, b"", key="ben")
        assert (reply.status, reply.sent) == (404, []), path
        assert reply.json()["error"]["type"] == "invalid_request_error"
    named = {"input_file_id": "file-1"}
    refused = await house.ask("POST", "/v1/batches", named, key="ben")
    assert (refused.status, refused.sent) == (404, [])
    assert (await house.ask("POST", "/v1/batches", named, whole({}), key="ann")).status == 200
    assert (await house.ask("GET", "/v1/files/file-1", b"", whole({}), key="ann")).status == 200
    await house.ask("DELETE", "/v1/files/file-1", b"", whole({}), key="ann")
    assert (await house.ask("GET", "/v1/files/file-1", b"", key="ann")).status == 404


async def test_what_was_not_made_is_nobodys() -> None:
    house = SideHouse(keys=True)
    error = whole({"error": {"message": "no", "id": "file-1"}, "id": "file-1"}, 400)
    await house.ask("POST", "/v1/files", b"x", error, key="ann")
    assert (await house.ask("GET", "/v1/files/file-1", b"", key="ann")).status == 404


async def test_what_a_batch_wrote_belongs_to_its_owner() -> None:
    house = SideHouse(keys=True)
    await house.ask("POST", "/v1/batches", {}, whole({"id": "b"}), key="ann")
    ended = whole({"id": "b", "output_file_id": "file-o", "error_file_id": None})
    await house.ask("GET", "/v1/batches/b", b"", ended, key="ann")
    assert (
        await house.ask("GET", "/v1/files/file-o/content", b"", whole({}), key="ann")
    ).status == 200
    assert (await house.ask("GET", "/v1/files/file-o/content", b"", key="ben")).status == 404
    path = f"/v1beta/models/{FLASH}:batchGenerateContent"
    await house.ask("POST", path, {}, whole({"name": "batches/1"}), key="ben")
    ended = whole({"name": "batches/1", "metadata": {"output": {"responsesFile": "files/r"}}})
    await house.ask("GET", "/v1beta/batches/1", b"", ended, key="ben")
    download = "/v1beta/files/r:download?alt=media"
    assert (await house.ask("GET", download, b"", whole({}), key="ben")).status == 200
    used = {"batch": {"inputConfig": {"fileName": "files/r"}}}
    assert (await house.ask("POST", path, used, key="ann")).status == 404


async def test_a_list_names_the_keys_own_and_goes_on_until_there_is_some() -> None:
    house = SideHouse(keys=True)
    for key, id_ in (("ann", "1"), ("ben", "2"), ("ben", "3"), ("ann", "4"), ("ben", "5")):
        await made(house, key, id_)

    def page(*ids: str, more: bool) -> Answer:
        data = [{"id": id_, "n": 1.50} for id_ in ids]
        ends = {"first_id": ids[0], "last_id": ids[-1]}
        return whole({"object": "list", "data": data, **ends, "has_more": more})

    both = (page("3", "2", more=True), page("1", "0", more=True))
    reply = await house.ask("GET", "/v1/files?limit=2&after=x", b"", *both, key="ann")
    assert [r.url for r in reply.sent] == [
        "http://openai.test/v1/files?limit=2&after=x",
        "http://openai.test/v1/files?limit=2&after=2",
    ]
    assert reply.json() == {
        "object": "list", "data": [{"id": "1", "n": 1.5}], "first_id": "1", "last_id": "1",
        "has_more": True,
    }  # fmt: skip
    whole_page = page("5", "3", "2", more=False)
    reply = await house.ask("GET", "/v1/files", b"", whole_page, key="ben")
    assert reply.body == whole_page.steps[0], "nothing was others', so nothing was touched"
    reply = await house.ask("GET", "/v1/files", b"", page("4", "1", more=True), key="ann")
    assert reply.json()["has_more"] is False, "of further ones none is this key's"
    reply = await house.ask("GET", "/v1/files", b"", page("9", more=False), key="ann")
    assert (reply.json()["data"], reply.json()["first_id"]) == ([], None)


async def test_lists_of_the_other_vendors() -> None:
    house = SideHouse(keys=True)
    path = "/v1beta/cachedContents"
    for key, id_ in (("ann", "a"), ("ben", "b")):
        await house.ask("POST", path, {}, whole({"name": f"cachedContents/{id_}"}), key=key)
    both = {"cachedContents": [{"name": "cachedContents/a"}, {"name": "cachedContents/b"}]}
    reply = await house.ask("GET", path, b"", whole({**both, "nextPageToken": "t"}), key="ben")
    assert reply.json() == {"cachedContents": [{"name": "cachedContents/b"}]}
    one = {"cachedContents": [{"name": "cachedContents/a"}], "nextPageToken": "a b"}
    pages = (whole(one), whole({}))
    reply = await house.ask("GET", path + "?pageSize=1", b"", *pages, key="ben")
    assert reply.json() == {}
    assert reply.sent[1].url.endswith("?pageSize=1&pageToken=a+b")
    await house.ask("POST", "/v1/messages/batches", {}, whole({"id": "m1"}), key="ann")
    await house.ask("POST", "/v1/messages/batches", {}, whole({"id": "m2"}), key="ann")
    back = {"data": [{"id": "x"}, {"id": "y"}], "has_more": True, "first_id": "x", "last_id": "y"}
    pages = (whole(back), whole({"data": [{"id": "m1"}], "has_more": False}))
    reply = await house.ask("GET", "/v1/messages/batches?before_id=z", b"", *pages, key="ann")
    assert reply.sent[1].url.endswith("?before_id=x")
    await house.ask("POST", "/v1/files", b"x", whole({"id": "f"}), key="ann", **CLAUDE)
    pages = (whole({"data": [{"id": "g"}], "next_page": "p2"}), whole({"data": [{"id": "f"}]}))
    reply = await house.ask("GET", "/v1/files", b"", *pages, key="ann", **CLAUDE)
    assert reply.sent[1].url.endswith("?page=p2")
    assert [one["id"] for one in reply.json()["data"]] == ["f"]


async def test_an_endless_list_of_others_is_an_error_and_no_short_list() -> None:
    house = SideHouse(keys=True)
    await made(house, "ann", "1")
    pages = [whole({"data": [{"id": f"x{at}"}], "has_more": True}) for at in range(60)]
    reply = await house.ask("GET", "/v1/files", b"", *pages, key="ann")
    assert reply.status == 502
    assert "50 pages" in reply.body.decode()


async def test_an_unreadable_list_is_never_passed_on() -> None:
    house = SideHouse(keys=True)
    for body in (b"[]", b'{"data":{"id":"1"}}', b'{"data":["x"]}', b"<p>"):
        reply = await house.ask("GET", "/v1/files", b"", whole(body), key="ann")
        assert (reply.status, reply.record.outcome) == (502, "upstream_error")


# --- recorded traffic -----------------------------------------------------------------------------


def _recorded():
    if not RECORDINGS.exists():
        return []
    kept = {"files", "batches", "caches", "count_tokens"}
    hosts = {
        "api.openai.com": "openai",
        "api.anthropic.com": "anthropic",
        "generativelanguage.googleapis.com": "gemini",
    }
    rows = []
    with gzip.open(RECORDINGS, "rt") as lines:
        for row in map(json.loads, lines):
            host, _, path = row["request"]["url"].removeprefix("https://").partition("/")
            if row["op"] in kept and host in hosts and not OTHERS.search(path):
                rows.append(pytest.param(row, hosts[host], "/" + path, id=row["id"]))
    return rows


@pytest.mark.parametrize(("row", "kind", "path"), _recorded())
async def test_recorded_calls_go_through_verbatim(row, kind, path) -> None:
    request, response = row["request"], row["response"]
    body = request["body"]
    if body is None:
        data = b""
    elif isinstance(body, str):
        data = body.encode()
    elif body.keys() == {"base64"}:
        data = b"\x00\xff" + body["base64"].encode()
    else:
        data = json.dumps(body).encode()
    headers = {"content_type": request["content_type"]} if request["content_type"] else {}
    if kind == "anthropic":
        headers |= CLAUDE
    answer = (response.get("body_text") or "").encode()
    given = {"content-type": response["headers"].get("content-type", "application/json")}
    reply = await SideHouse().ask(
        request["method"], path, data, Answer(response["status"], given, (answer,)), **headers
    )
    assert reply.status == response["status"]
    if reply.record.error_kind == "model_not_found" and not reply.sent:
        return  # a name that nobody here knows is refused with the vendor's own status
    if b'"results_url":"http' not in answer:
        assert reply.body == answer
    else:
        theirs, ours = json.loads(answer), reply.json()
        assert ours.pop("results_url").startswith("http://localhost/v1/messages/batches/")
        assert theirs.pop("results_url")
        assert ours == theirs
    (sent,) = reply.sent
    assert sent.url.endswith(path)
    known = {"claude-haiku-4-5": "claude-haiku-4-5-20251001"}
    for name, id_ in known.items():  # aliases of the catalogue's
        data = data.replace(f'"model": "{name}"'.encode(), f'"model": "{id_}"'.encode())
    if data != sent.body:
        assert json.loads(sent.body) == json.loads(data)
    assert sent.method == request["method"]


def test_recordings_are_there() -> None:
    if not RECORDINGS.exists():
        pytest.skip(f"../shared is absent: {RECORDINGS}")
    assert len(_recorded()) > 30


# --- in requests for answers ----------------------------------------------------------------------

ANSWER = {
    "candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 1, "totalTokenCount": 8},
}


async def test_anothers_file_is_no_part_of_a_request_either() -> None:
    house = SideHouse(keys=True)
    await made(house, "ann", "file-1")
    cache = whole({"name": "cachedContents/c"})
    await house.ask("POST", "/v1beta/cachedContents", {}, cache, key="ann")
    cached = {"contents": [{"parts": [{"text": "x"}]}], "cachedContent": "cachedContents/c"}
    path = f"/v1beta/models/{FLASH}:generateContent"
    mine = await house.ask("POST", path, cached, whole(ANSWER), key="ann")
    assert (mine.status, mine.sent[0].body) == (200, json.dumps(cached).encode())
    for path_, body in (
        (path, cached),
        (f"/v1beta/models/{FLASH}:countTokens", {"generateContentRequest": cached}),
        ("/v1/responses", {"model": "gpt-5", "input": [{"type": "message", "role": "user",
         "content": [{"type": "input_file", "file_id": "file-1"}]}]}),
        ("/v1/chat/completions", {"model": "gpt-5", "messages": [{"role": "user",
         "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]}),
        ("/v1beta/cachedContents", {"cachedContent": "cachedContents/c"}),
    ):  # fmt: skip
        refused = await house.ask("POST", path_, body, key="ben")
        assert (refused.status, refused.sent) == (404, []), path_
    unknown = {**cached, "cachedContent": "cachedContents/of-a-tool"}
    assert (await house.ask("POST", path, unknown, whole(ANSWER), key="ben")).status == 200
