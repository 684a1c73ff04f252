"""The Gemini face through a plain HTTP client: the wire as it is."""

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from fairlead.emulator import EmulatorThread

FLASH = "/v1beta/models/gemini-2.5-flash"
NEWER = "/v1beta/models/gemini-3.8-flash"
WEATHER = {
    "functionDeclarations": [
        {
            "name": "get_weather",
            "description": "Weather",
            "parameters": {
                "type": "OBJECT",
                "properties": {"city": {"type": "STRING"}},
                "required": ["city"],
            },
        }
    ]
}
NO_THINKING = {"thinkingConfig": {"thinkingBudget": 0}}


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorThread]:
    with EmulatorThread(port=0) as running:
        yield running


def call(
    emulator: EmulatorThread,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
    method: str | None = None,
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=30)
    try:
        sent = headers if headers is not None else {"x-goog-api-key": "key"}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method or ("GET" if body is None else "POST"), path, data, sent)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def generate(emulator: EmulatorThread, path: str, body: Any) -> Any:
    status, headers, raw = call(emulator, path, body)
    assert status == 200, raw
    assert headers["x-fairlead-emulated"] == "true"
    return json.loads(raw)


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}]} | more


def parts(answer: Any) -> list[Any]:
    return answer["candidates"][0]["content"]["parts"]


def fold(chunks: list[Any]) -> tuple[str, list[Any], Any, Any]:
    made = [part for c in chunks for part in c["candidates"][0].get("content", {}).get("parts", [])]
    text = "".join(p["text"] for p in made if "text" in p and not p.get("thought"))
    calls = [p["functionCall"] for p in made if "functionCall" in p]
    last = chunks[-1]
    return text, calls, last["candidates"][0]["finishReason"], last["usageMetadata"]


def add_up(usage: dict[str, int]) -> None:
    kinds = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    assert usage["totalTokenCount"] == sum(usage.get(kind, 0) for kind in kinds)


def test_text(emulator: EmulatorThread):
    answer = generate(emulator, FLASH + ":generateContent", said("Why is the sky blue?"))
    text = parts(answer)[0]["text"]
    assert "emulated" in text
    assert "Why is the sky blue?" in text
    assert answer["candidates"][0]["finishReason"] == "STOP"
    assert answer["modelVersion"] == "gemini-2.5-flash"
    add_up(answer["usageMetadata"])


@pytest.mark.parametrize(
    "body",
    [
        said("Say hello"),
        said("What is the weather in Paris and Berlin?", tools=[WEATHER]),
        said("Hi", generationConfig={"thinkingConfig": {"includeThoughts": True}}),
        said("Hi", generationConfig={"maxOutputTokens": 5}),
        said("Hi", generationConfig={**NO_THINKING, "stopSequences": ["place"]}),
        said("Write about 400 words"),
    ],
    ids=["text", "calls", "thoughts", "limit", "stop", "long"],
)
@pytest.mark.parametrize("model", [FLASH, "/v1/models/gemini-2.5-flash"])
def test_streams_fold_to_the_whole(emulator: EmulatorThread, body: Any, model: str):
    whole = generate(emulator, model + ":generateContent", body)
    status, headers, raw = call(emulator, model + ":streamGenerateContent?alt=sse", body)
    assert status == 200
    assert headers["content-type"] == "text/event-stream"
    assert headers["transfer-encoding"] == "chunked"
    events = raw.split(b"\r\n\r\n")
    assert events.pop() == b""
    assert all(event.startswith(b"data: {") for event in events)
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events]
    assert fold(chunks) == fold([whole])
    for chunk in chunks:
        add_up(chunk["usageMetadata"])
    array = generate(emulator, model + ":streamGenerateContent", body)
    assert array == chunks


def test_the_array_is_laid_out_as_the_vendor_does(emulator: EmulatorThread):
    _, headers, raw = call(emulator, FLASH + ":streamGenerateContent", said("Write 200 words"))
    assert headers["content-type"] == "application/json; charset=UTF-8"
    assert raw.startswith(b'[{\n  "candidates": [\n')
    assert b"\n}\n,\r\n{\n" in raw
    assert raw.endswith(b"\n}\n]")


def test_calls_of_2_5_have_no_ids_and_the_first_is_signed(emulator: EmulatorThread):
    body = said("What is the weather in Paris and Berlin?", tools=[WEATHER])
    made = parts(generate(emulator, FLASH + ":generateContent", body))
    assert [part["functionCall"]["args"]["city"] for part in made] == ["Paris", "Berlin"]
    assert all("id" not in part["functionCall"] for part in made)
    assert ["thoughtSignature" in part for part in made] == [True, False]


def test_calls_of_3_have_ids_and_must_come_back_signed(emulator: EmulatorThread):
    body = said("What is the weather in Paris and Berlin?", tools=[WEATHER])
    made = parts(generate(emulator, NEWER + ":generateContent", body))
    calls = [part["functionCall"] for part in made]
    assert len({call["id"] for call in calls}) == 2
    results = [
        {"functionResponse": {"id": c["id"], "name": c["name"], "response": {"degrees": 20}}}
        for c in calls
    ]
    loop = {
        **body,
        "contents": [
            *body["contents"],
            {"role": "model", "parts": made},
            {"role": "user", "parts": results},
        ],
    }
    text = parts(generate(emulator, NEWER + ":generateContent", loop))[0]["text"]
    assert "Tool result of get_weather" in text
    unsigned = json.loads(json.dumps(loop))
    del unsigned["contents"][1]["parts"][0]["thoughtSignature"]
    status, _, raw = call(emulator, NEWER + ":generateContent", unsigned)
    assert status == 400
    assert b"missing a thought_signature" in raw


def test_thinking(emulator: EmulatorThread):
    config = {"thinkingConfig": {"thinkingBudget": 500, "includeThoughts": True}}
    shown = generate(emulator, FLASH + ":generateContent", said("Hi", generationConfig=config))
    assert parts(shown)[0]["thought"] is True
    assert shown["usageMetadata"]["thoughtsTokenCount"] > 0
    off = generate(emulator, FLASH + ":generateContent", said("Hi", generationConfig=NO_THINKING))
    assert "thoughtsTokenCount" not in off["usageMetadata"]
    lite = "/v1beta/models/gemini-2.5-flash-lite:generateContent"
    assert "thoughtsTokenCount" not in generate(emulator, lite, said("Hi"))["usageMetadata"]


def test_thinking_eats_the_output(emulator: EmulatorThread):
    config = {"maxOutputTokens": 10}
    answer = generate(emulator, FLASH + ":generateContent", said("Hi", generationConfig=config))
    candidate = answer["candidates"][0]
    assert candidate["finishReason"] == "MAX_TOKENS"
    assert "parts" not in candidate["content"]
    assert answer["usageMetadata"]["thoughtsTokenCount"] == 10


@pytest.mark.parametrize(
    "spelling", ["responseSchema", "responseJsonSchema", "response_json_schema"]
)
def test_json_under_a_schema(emulator: EmulatorThread, spelling: str):
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["n", "tags"],
    }
    config = {"responseMimeType": "application/json", spelling: schema}
    answer = generate(emulator, FLASH + ":generateContent", said("Rome", generationConfig=config))
    assert jsonschema_rs.is_valid(schema, json.loads(parts(answer)[0]["text"]))


def test_json_mode(emulator: EmulatorThread):
    config = {"responseMimeType": "application/json"}
    answer = generate(emulator, FLASH + ":generateContent", said("Rome", generationConfig=config))
    assert json.loads(parts(answer)[0]["text"])["emulated"] is True


def test_candidates(emulator: EmulatorThread):
    config = {"candidateCount": 3, **NO_THINKING}
    answer = generate(emulator, FLASH + ":generateContent", said("Hi", generationConfig=config))
    assert [candidate["index"] for candidate in answer["candidates"]] == [0, 1, 2]
    assert len({json.dumps(candidate["content"]) for candidate in answer["candidates"]}) == 3


def test_blocks(emulator: EmulatorThread):
    blocked = generate(emulator, FLASH + ":generateContent", said("[emulate: block]"))
    assert "candidates" not in blocked
    assert blocked["promptFeedback"]["blockReason"] == "SAFETY"
    refused = generate(emulator, FLASH + ":generateContent", said("[emulate: refuse]"))
    assert refused["candidates"][0]["finishReason"] == "SAFETY"
    assert "content" not in refused["candidates"][0]


def test_media_is_seen_and_counted(emulator: EmulatorThread):
    data = base64.b64encode(b"\0" * 1000).decode()
    body = {"contents": [{"parts": [
        {"text": "What is it?"}, {"inline_data": {"mime_type": "audio/wav", "data": data}},
    ]}]}  # fmt: skip
    answer = generate(emulator, FLASH + ":generateContent", body)
    assert "audio/wav (1000 bytes)" in parts(answer)[0]["text"]
    kinds = [one["modality"] for one in answer["usageMetadata"]["promptTokensDetails"]]
    assert "AUDIO" in kinds


def test_count_tokens_equals_the_usage(emulator: EmulatorThread):
    body = said("How many tokens is this?", tools=[WEATHER])
    inner = {"generateContentRequest": {"model": "models/gemini-2.5-flash", **body}}
    counted = generate(emulator, FLASH + ":countTokens", inner)
    usage = generate(emulator, FLASH + ":generateContent", body)["usageMetadata"]
    assert counted["totalTokens"] == usage["promptTokenCount"]


def test_implicit_cache(emulator: EmulatorThread):
    long = {"role": "user", "parts": [{"text": "A long story about ships. " * 2000}]}
    answers = [
        generate(
            emulator,
            FLASH + ":generateContent",
            {"contents": [long, {"role": "user", "parts": [{"text": f"Question {n}"}]}]},
        )["usageMetadata"]
        for n in range(2)
    ]
    assert "cachedContentTokenCount" not in answers[0]
    assert 2048 <= answers[1]["cachedContentTokenCount"] < answers[1]["promptTokenCount"]
    add_up(answers[1])


def test_models(emulator: EmulatorThread):
    names = [model["name"] for model in generate(emulator, "/v1beta/models", None)["models"]]
    assert "models/gemini-2.5-flash" in names
    one = generate(emulator, FLASH, None)
    assert one["inputTokenLimit"] == 1_048_576
    assert call(emulator, "/v1beta/models/gemini-none")[0] == 404


@pytest.mark.parametrize(
    ("path", "headers", "status", "reason"),
    [
        (FLASH + ":generateContent?key=good", {}, 200, None),
        (FLASH + ":generateContent", {"x-goog-api-key": "bad-one"}, 400, "API_KEY_INVALID"),
        (FLASH + ":generateContent", {}, 403, "PERMISSION_DENIED"),
        ("/v1beta/models/gemini-none:generateContent", {"x-goog-api-key": "k"}, 404, "NOT_FOUND"),
        (FLASH + ":doSomething", {"x-goog-api-key": "k"}, 404, "NOT_FOUND"),
        ("/v1beta/elsewhere", {"x-goog-api-key": "k"}, 404, "NOT_FOUND"),
    ],
)
def test_keys_and_places(
    emulator: EmulatorThread, path: str, headers: dict[str, str], status: int, reason: str | None
):
    got, answered, raw = call(emulator, path, said("Hi"), headers)
    assert got == status
    assert answered["x-fairlead-emulated"] == "true"
    if reason is not None:
        error = json.loads(raw)["error"]
        assert error["code"] == status
        assert reason in json.dumps(error)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Invalid JSON payload received"),
        (b"", "Invalid JSON payload received"),
        (b"[" * 100_000, "Invalid JSON payload received"),
        (b'{"contents": "\xff"}', "Invalid JSON payload received"),
        (b'{"contnts": []}', "contnts"),
        (b"[1]", ""),
        (b"null", ""),
    ],
)
def test_bad_bodies(emulator: EmulatorThread, body: bytes, message: str):
    status, _, raw = call(emulator, FLASH + ":generateContent", body)
    error = json.loads(raw)["error"]
    assert (status, error["status"]) == (400, "INVALID_ARGUMENT")
    assert message in error["message"]


def test_429_by_rule_has_retry_info(emulator: EmulatorThread):
    headers = {"x-goog-api-key": "k", "x-emulate-fault": "429 retry_after=48"}
    status, _, raw = call(emulator, FLASH + ":generateContent", said("Hi"), headers)
    error = json.loads(raw)["error"]
    assert (status, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert error["details"][0]["retryDelay"] == "48s"


def test_an_error_in_mid_stream_is_bare_json(emulator: EmulatorThread):
    headers = {"x-goog-api-key": "k", "x-emulate-fault": "stream_error after=400"}
    path = FLASH + ":streamGenerateContent?alt=sse"
    _, _, raw = call(emulator, path, said("Write 300 words"), headers)
    *events, error = raw.split(b"\r\n\r\n")
    assert events
    assert all(event.startswith(b"data: ") for event in events)
    assert json.loads(error)["error"]["status"] == "UNAVAILABLE"


def test_answers_are_the_same_for_the_same_request(emulator: EmulatorThread):
    path = FLASH + ":streamGenerateContent?alt=sse"
    body = said("Weather in Paris?", tools=[WEATHER])
    with EmulatorThread(port=0) as other:
        assert call(emulator, path, body)[2] == call(emulator, path, body)[2]
        assert call(emulator, path, body)[2] == call(other, path, body)[2]


def test_a_refused_array_is_an_array(emulator: EmulatorThread):
    status, _, raw = call(emulator, FLASH + ":streamGenerateContent", {"contnts": []})
    assert status == 400
    assert json.loads(raw)[0]["error"]["status"] == "INVALID_ARGUMENT"


def test_an_enum_comes_bare(emulator: EmulatorThread):
    schema = {"type": "STRING", "enum": ["red", "green"]}
    config = {"responseMimeType": "text/x.enum", "responseSchema": schema}
    answer = generate(emulator, FLASH + ":generateContent", said("Hi", generationConfig=config))
    assert parts(answer)[0]["text"] in ("red", "green")
