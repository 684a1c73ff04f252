"""What the Gemini API keeps, and its embeddings, by plain HTTP: caches, files, batches."""

import json
import math
import struct
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from fairlead.emulator import EmulatorThread

FLASH = "gemini-2.5-flash"
TEXT = "The handbook describes hygiene of cassettes and drift of formats. " * 300


class Clock:
    """Seconds that go on when they are told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


CLOCK = Clock()


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread(port=0, clock=CLOCK) as running:
        yield running


class Refused(Exception):
    def __init__(self, status: int, said: Any) -> None:
        super().__init__(f"{status} {said}")
        self.status, self.message = status, said["error"]["message"]


@pytest.fixture
def call(emulator: EmulatorThread) -> Any:
    emulator.reset()

    def asked(method: str, path: str, body: Any = None, **headers: str) -> Any:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if not path.startswith("http"):
            path = emulator.url + path
            names = {"x-goog-api-key": "one", **names}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(path, data, names, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert answer.headers["x-fairlead-emulated"] == "true"
                asked.headers = dict(answer.headers)
                raw = answer.read()
                return json.loads(raw) if raw else None
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, json.loads(error.read())) from None

    return asked


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], **more}


def refused(call: Any, *args: Any, **headers: str) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        call(*args, **headers)
    return caught.value.status, caught.value.message


def cached(call: Any, **more: Any) -> Any:
    return call(
        "POST", "/v1beta/cachedContents", {"model": f"models/{FLASH}", **said(TEXT), **more}
    )


GENERATE = f"/v1beta/models/{FLASH}:generateContent"


@pytest.mark.parametrize("spelling", ["cachedContent", "cached_content"])
def test_a_cached_content_is_read_and_counted(call: Any, spelling: str):
    page = cached(call, systemInstruction={"parts": [{"text": "Be brief."}]}, ttl="300s")
    assert set(page) == {
        "name",
        "model",
        "createTime",
        "updateTime",
        "expireTime",
        "displayName",
        "usageMetadata",
    }
    held = page["usageMetadata"]["totalTokenCount"]
    assert held > 2048
    body = said("And what now?", **{spelling: page["name"]})
    usage = call("POST", GENERATE, body)["usageMetadata"]
    assert usage["cachedContentTokenCount"] == held
    assert usage["cacheTokensDetails"] == [{"modality": "TEXT", "tokenCount": held}]
    plain = call("POST", GENERATE, said("And what now?"))["usageMetadata"]
    assert usage["promptTokenCount"] == held + plain["promptTokenCount"]
    kinds = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    assert usage["totalTokenCount"] == sum(usage.get(kind, 0) for kind in kinds)
    (line,) = call("GET", "/_emulator/bill")["lines"]
    assert line["usage"]["cache_read"] == held


def test_functions_of_a_cached_content_are_called(call: Any):
    tools = [{"functionDeclarations": [{"name": "weather", "parameters": {"type": "OBJECT"}}]}]
    page = cached(call, tools=tools)
    answer = call("POST", GENERATE, said("Use the weather tool.", cachedContent=page["name"]))
    (part,) = answer["candidates"][0]["content"]["parts"]
    assert part["functionCall"]["name"] == "weather"


def test_caches_expire_and_can_be_prolonged(call: Any):
    page = cached(call, ttl="300s")
    name = page["name"]
    life = datetime.fromisoformat(page["expireTime"]) - datetime.fromisoformat(page["createTime"])
    assert life.total_seconds() == pytest.approx(300)
    CLOCK.now += 200
    later = call("PATCH", f"/v1beta/{name}?updateMask=ttl", {"ttl": "200s"})
    assert later["expireTime"] > page["expireTime"]
    assert call("GET", f"/v1beta/{name}") == later
    assert call("GET", "/v1beta/cachedContents") == {"cachedContents": [later]}
    CLOCK.now += 201
    gone = (403, "CachedContent not found (or permission denied)")
    assert refused(call, "GET", f"/v1beta/{name}") == gone
    assert refused(call, "POST", GENERATE, said("Hi", cachedContent=name)) == gone
    assert call("GET", "/v1beta/cachedContents") == {}


def test_another_key_has_no_right_to_it_and_what_is_deleted_is_gone(call: Any):
    name = cached(call)["name"]
    assert refused(call, "GET", f"/v1beta/{name}", x_goog_api_key="two")[0] == 403
    assert refused(call, "DELETE", f"/v1beta/{name}", x_goog_api_key="two")[0] == 403
    assert call("DELETE", f"/v1beta/{name}") == {}
    assert refused(call, "DELETE", f"/v1beta/{name}")[0] == 403


@pytest.mark.parametrize(
    "more",
    [
        {"systemInstruction": {"parts": [{"text": "Be long."}]}},
        {"tools": [{"functionDeclarations": [{"name": "f"}]}]},
        {"tool_config": {"functionCallingConfig": {"mode": "NONE"}}},
    ],
)
def test_what_a_cache_holds_is_not_said_again(call: Any, more: dict[str, Any]):
    name = cached(call)["name"]
    status, words = refused(call, "POST", GENERATE, said("Hi", cachedContent=name, **more))
    assert status == 400
    assert words.startswith(
        "CachedContent can not be used with GenerateContent request setting system_instruction, "
        "tools or tool_config."
    )


def test_a_cache_is_for_one_model(call: Any):
    name = cached(call)["name"]
    path = "/v1beta/models/gemini-2.5-pro:generateContent"
    status, words = refused(call, "POST", path, said("Hi", cachedContent=name))
    assert status == 400
    assert words.endswith("(models/gemini-2.5-flash) has to be the same.")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (said("short", model=f"models/{FLASH}"), 400, "Cached content is too small. total_token"),
        (said(TEXT), 400, "* CreateCachedContentRequest.model: model is required"),
        (said(TEXT, model="models/none"), 404, "models/none is not found for API version v1beta"),
        (said(TEXT, model=FLASH, ttl="soon"), 400, "Invalid value at 'cached_content.ttl'"),
        (said(TEXT, model=FLASH, ttl="5s", expireTime="2030-01-01T00:00:00Z"), 400, "Only one of"),
        (said(TEXT, model=FLASH, expireTime="2020-01-01T00:00:00Z"), 400, "The expiration of"),
        (
            said(TEXT, model=FLASH, live=True),
            400,
            'Invalid JSON payload received. Unknown name "live"',
        ),
        (
            {"model": FLASH, "contents": [{"prts": []}]},
            400,
            "Invalid JSON payload received. Unknown",
        ),
        ([], 400, "Invalid JSON payload received. expected an object"),
    ],
)
def test_a_bad_cache(call: Any, body: Any, status: int, words: str):
    found = refused(call, "POST", "/v1beta/cachedContents", body)
    assert found[0] == status
    assert found[1].startswith(words)


def test_only_the_expiration_can_be_patched(call: Any):
    name = cached(call)["name"]
    words = refused(call, "PATCH", f"/v1beta/{name}", {"displayName": "x"})
    assert words == (400, "Only ttl or expire_time can be updated.")


def png(side: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


def begin(call: Any, media_type: str) -> str:
    about = {"file": {"display_name": "picture"}}
    start = {
        "x_goog_upload_protocol": "resumable",
        "x_goog_upload_command": "start",
        "x_goog_upload_header_content_type": media_type,
    }
    call("POST", "/upload/v1beta/files", about, **start)
    assert call.headers["x-goog-upload-status"] == "active"
    return str(call.headers["x-goog-upload-url"])


def test_a_resumable_upload_in_two_chunks_and_its_use(call: Any):
    where, data = begin(call, "image/png"), png(300)
    call("POST", where, data[:20], x_goog_upload_command="upload", x_goog_upload_offset="0")
    call("POST", where, b"", x_goog_upload_command="query")
    assert call.headers["x-goog-upload-size-received"] == "20"
    assert refused(call, "POST", where, b"x", x_goog_upload_offset="7")[0] == 400
    final = {"x_goog_upload_command": "upload, finalize", "x_goog_upload_offset": "20"}
    page = call("POST", where, data[20:], **final)["file"]
    assert call.headers["x-goog-upload-status"] == "final"
    assert (page["mimeType"], page["sizeBytes"], page["displayName"], page["state"]) == (
        "image/png",
        str(len(data)),
        "picture",
        "ACTIVE",
    )
    name = page["name"]
    assert call("GET", f"/v1beta/{name}") == page
    assert call("GET", "/v1beta/files?pageSize=1") == {"files": [page]}
    part = {"fileData": {"fileUri": page["uri"], "mimeType": "image/png"}}
    body = {"contents": [{"role": "user", "parts": [{"text": "What?"}, part]}]}
    answer = call("POST", GENERATE, body)
    details = {
        d["modality"]: d["tokenCount"] for d in answer["usageMetadata"]["promptTokensDetails"]
    }
    assert details["IMAGE"] == 258
    assert f"image/png ({len(data)} bytes)" in json.dumps(answer)
    ident = name.removeprefix("files/")
    gone = f"You do not have permission to access the File {ident} or it may not exist."
    assert refused(call, "POST", GENERATE, body, x_goog_api_key="two") == (403, gone)
    assert call("DELETE", f"/v1beta/{name}") == {}
    assert refused(call, "POST", GENERATE, body) == (403, gone)
    assert refused(call, "GET", f"/v1beta/{name}") == (403, gone)


def test_uploads_in_one_request(call: Any):
    raw = call(
        "POST",
        "/upload/v1beta/files?key=one",
        b"plum",
        content_type="text/plain",
        x_goog_upload_protocol="raw",
    )
    assert (raw["file"]["mimeType"], raw["file"]["sizeBytes"]) == ("text/plain", "4")
    form = (
        b"--b\r\nContent-Type: application/json\r\n\r\n"
        b'{"file": {"displayName": "n"}}\r\n--b\r\nContent-Type: text/csv\r\n\r\na,b\r\n--b--'
    )
    both = call("POST", "/upload/v1beta/files", form, content_type="multipart/related; boundary=b")
    assert (both["file"]["displayName"], both["file"]["mimeType"]) == ("n", "text/csv")
    assert both["file"]["sizeBytes"] == "3"
    assert len(call("GET", "/v1beta/files")["files"]) == 2


def test_an_address_that_was_never_given(call: Any, emulator: EmulatorThread):
    path = emulator.url + "/upload/v1beta/files?upload_id=emulated-b25l.x"
    assert refused(call, "POST", path, b"x")[0] == 404
    path = emulator.url + "/upload/v1beta/files?upload_id=other"
    assert refused(call, "POST", path, b"x")[0] == 403


def batch(call: Any, **config: Any) -> Any:
    path = f"/v1beta/models/{FLASH}:batchGenerateContent"
    return call("POST", path, {"batch": {"displayName": "b", "inputConfig": config}})


def test_a_batch_inline(call: Any):
    rows = [
        {"request": said("Hi"), "metadata": {"custom_id": "0"}},
        {"request": {"contents": []}, "metadata": {"custom_id": "1"}},
    ]
    made = batch(call, requests={"requests": rows})
    assert made["metadata"]["state"] == "BATCH_STATE_PENDING"
    assert "done" not in made
    done = call("GET", f"/v1beta/{made['name']}")
    assert done["done"] is True
    assert done["metadata"]["state"] == "BATCH_STATE_SUCCEEDED"
    assert done["metadata"]["batchStats"] == {
        "requestCount": "2",
        "successfulRequestCount": "1",
        "failedRequestCount": "1",
    }
    good, bad = done["response"]["inlinedResponses"]["inlinedResponses"]
    assert good["metadata"] == {"custom_id": "0"}
    assert good["response"]["candidates"][0]["finishReason"] == "STOP"
    assert bad["error"]["code"] == 3
    assert call("GET", f"/v1beta/{made['name']}") == done
    assert call("GET", "/v1beta/batches") == {"operations": [done]}
    assert call("DELETE", f"/v1beta/{made['name']}") == {}
    assert refused(call, "GET", f"/v1beta/{made['name']}")[0] == 404


def test_a_batch_from_a_file(call: Any):
    lines = b"\n".join(json.dumps({"key": k, "request": said("Hi")}).encode() for k in "ab")
    page = call("POST", "/upload/v1beta/files", lines, content_type="application/jsonl")["file"]
    made = batch(call, fileName=page["name"])
    done = call("GET", f"/v1beta/{made['name']}")
    results = done["response"]["responsesFile"]
    assert call("GET", f"/v1beta/{results}")["mimeType"] == "application/jsonl"
    assert (
        refused(call, "POST", f"/v1beta/models/{FLASH}:batchGenerateContent", {"batch": {}})[0]
        == 400
    )


def test_a_batch_that_is_cancelled_has_no_answers(call: Any):
    made = batch(call, requests={"requests": [{"request": said("Hi")}]})
    assert call("POST", f"/v1beta/{made['name']}:cancel", b"") == {}
    done = call("GET", f"/v1beta/{made['name']}")
    assert done["metadata"]["state"] == "BATCH_STATE_CANCELLED"
    assert "response" not in done


EMBED = "/v1beta/models/gemini-embedding-001"


def near(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_embeddings(call: Any):
    def embedded(text: str, **more: Any) -> list[float]:
        body = {"content": {"parts": [{"text": text}]}, **more}
        values: list[float] = call("POST", EMBED + ":embedContent", body)["embedding"]["values"]
        return values

    cats, dogs, tax = (
        embedded(t) for t in ("the grey cat sleeps", "the grey dog sleeps", "income tax 2026")
    )
    assert len(cats) == 3072
    assert math.isclose(near(cats, cats), 1.0, abs_tol=1e-4)
    assert near(cats, dogs) > near(cats, tax)
    assert len(embedded("x", outputDimensionality=768, taskType="RETRIEVAL_QUERY")) == 768
    rows = [
        {"model": "models/gemini-embedding-001", "content": {"parts": [{"text": t}]}}
        for t in ("the grey cat sleeps", "x")
    ]
    all_ = call("POST", EMBED + ":batchEmbedContents", {"requests": rows})["embeddings"]
    assert all_[0]["values"] == cats
    assert len(all_) == 2
    assert call("GET", EMBED)["supportedGenerationMethods"][0] == "embedContent"
    assert refused(call, "POST", EMBED + ":generateContent", said("Hi"))[0] == 404
    assert refused(call, "POST", f"/v1beta/models/{FLASH}:embedContent", rows[0])[0] == 404
    for body in (
        {},
        {"content": {"parts": []}},
        {"content": rows[0]["content"], "outputDimensionality": 9999},
        {"contnt": 1},
    ):
        assert refused(call, "POST", EMBED + ":embedContent", body)[0] == 400
    for body in ({}, {"requests": [{**rows[0], "model": "models/x"}]}, {"requests": rows * 51}):
        assert refused(call, "POST", EMBED + ":batchEmbedContents", body)[0] == 400
