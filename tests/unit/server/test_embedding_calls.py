"""Embeddings on a fake transport: as they came to the vendor's own, said anew to another."""

import base64
import json
import struct
from decimal import Decimal

import pytest
from tests.unit.server.side_house import HAIKU, SideHouse, whole

from fairlead.upstream.fake import Answer

SMALL, GOOGLES = "text-embedding-3-small", "gemini-embedding-001"
PATH = "/v1/embeddings"
OPENAIS = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.1, -2.5e-3]}],
    "model": SMALL,
    "usage": {"prompt_tokens": 7, "total_tokens": 7},
}


def gemini(model: str, verb: str = "batchEmbedContents") -> str:
    return f"/v1beta/models/{model}:{verb}"


def content(text: str) -> dict:
    return {"parts": [{"text": text}]}


@pytest.mark.parametrize(
    ("path", "body", "url"),
    [
        (PATH, {"model": SMALL, "input": [[1, 2], [3]], "user": "u", "new": 1.0},
         "http://openai.test/v1/embeddings"),
        (gemini(GOOGLES), {"requests": [{"model": f"models/{GOOGLES}", "content": content("x")}]},
         "http://gemini.test" + gemini(GOOGLES)),
        (gemini(GOOGLES, "embedContent"), {"content": content("x"), "taskType": "CLUSTERING"},
         "http://gemini.test" + gemini(GOOGLES, "embedContent")),
    ],
)  # fmt: skip
async def test_one_dialect_is_identical_to_the_byte_both_ways(path, body, url) -> None:
    said = json.dumps(body, indent=3).encode()
    answer = json.dumps(OPENAIS, indent=1).encode()
    reply = await SideHouse().ask("POST", path, said, whole(answer))
    assert (reply.status, reply.body) == (200, answer)
    assert [(r.method, r.url, r.body) for r in reply.sent] == [("POST", url, said)]
    record = reply.record
    assert (record.op, record.outcome) == ("embeddings", "ok")
    assert record.usage.input > 0
    assert record.cost_usd is None, "no price is known for it, and none is made up"


async def test_usage_is_the_vendors_or_marked() -> None:
    told = await SideHouse().ask("POST", PATH, {"model": SMALL, "input": "x"}, whole(OPENAIS))
    assert (told.record.usage.input, told.record.usage.estimated) == (7, False)
    body = {"requests": [{"content": content("How many boats lie in the harbour?")}]}
    answer = {"embeddings": [{"values": [1]}]}
    silent = await SideHouse().ask("POST", gemini(GOOGLES), body, whole(answer))
    assert silent.record.usage.estimated
    assert 5 <= silent.record.usage.input <= 20
    answer["usageMetadata"] = {"promptTokenCount": 8}
    told = await SideHouse().ask("POST", gemini(GOOGLES), body, whole(answer))
    assert (told.record.usage.input, told.record.usage.estimated) == (8, False)


async def test_openais_words_to_google() -> None:
    body = {"model": GOOGLES, "input": ["x", "y"], "dimensions": 256, "user": "u"}
    answer = b'{"embeddings":[{"values":[0.10, 1E-3]},{"values":[ -2.5 ]}]}'
    reply = await SideHouse().ask("POST", PATH, body, whole(answer))
    (sent,) = reply.sent
    assert sent.url == "http://gemini.test" + gemini(GOOGLES)
    one = {"model": f"models/{GOOGLES}", "outputDimensionality": 256}
    assert json.loads(sent.body) == {
        "requests": [{**one, "content": content("x")}, {**one, "content": content("y")}]
    }
    assert b'"embedding":[0.10, 1E-3]' in reply.body, "no digit changes on the way"
    said = reply.json()
    assert [one["index"] for one in said["data"]] == [0, 1]
    assert (said["object"], said["model"]) == ("list", GOOGLES)
    assert said["usage"] == {"prompt_tokens": 2, "total_tokens": 2}
    assert reply.headers["x-fairlead-estimated"] == "true"
    assert reply.headers["x-fairlead-losses"] == "user"
    assert [loss.what for loss in reply.record.losses] == ["user"]


async def test_base64_is_made_of_little_endian_floats() -> None:
    body = {"model": GOOGLES, "input": "x", "encoding_format": "base64"}
    answer = whole({"embeddings": [{"values": [0.5, -2, 1e-3]}]})
    reply = await SideHouse().ask("POST", PATH, body, answer)
    (one,) = reply.json()["data"]
    assert base64.b64decode(one["embedding"]) == struct.pack("<3f", 0.5, -2, 1e-3)


async def test_googles_words_to_openai() -> None:
    body = {
        "requests": [
            {"content": content("x"), "taskType": "CLUSTERING", "output_dimensionality": 64},
            {"content": content("y"), "title": "t", "outputDimensionality": 64},
        ]
    }
    backwards = {
        "data": [{"index": 1, "embedding": [2]}, {"index": 0, "embedding": [1]}],
        "usage": {"prompt_tokens": 3},
    }
    reply = await SideHouse().ask("POST", gemini(SMALL), body, whole(backwards))
    (sent,) = reply.sent
    assert sent.url == "http://openai.test/v1/embeddings"
    assert json.loads(sent.body) == {
        "model": SMALL, "input": ["x", "y"], "dimensions": 64, "encoding_format": "float",
    }  # fmt: skip
    assert reply.json() == {
        "embeddings": [{"values": [1]}, {"values": [2]}],
        "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3},
    }
    assert reply.headers["x-fairlead-losses"] == "task_type, title"
    lone = await SideHouse().ask(
        "POST", gemini(SMALL, "embedContent"), {"content": content("x")}, whole(OPENAIS)
    )
    assert lone.json()["embedding"] == {"values": [0.1, -2.5e-3]}


async def test_many_texts_take_several_calls_whose_usage_is_summed() -> None:
    body = {"model": GOOGLES, "input": [f"t{at}" for at in range(201)]}
    answers = [
        whole({
            "embeddings": [{"values": [at]} for at in range(start, min(start + 100, 201))],
            "usageMetadata": {"promptTokenCount": 10},
        })
        for start in (0, 100, 200)
    ]  # fmt: skip
    reply = await SideHouse().ask("POST", PATH, body, *answers)
    assert [len(json.loads(r.body)["requests"]) for r in reply.sent] == [100, 100, 1]
    assert [one["embedding"] for one in reply.json()["data"]] == [[at] for at in range(201)]
    assert reply.record.usage.input == 30


@pytest.mark.parametrize(
    ("path", "body", "param", "words"),
    [
        (PATH, {"model": HAIKU, "input": "x"}, "model", "name an embedding model of: google, openai"),
        (PATH, {"model": "auto", "input": "x"}, "model", "don't mix"),
        (PATH, {"model": GOOGLES, "input": [1, 2]}, "input", "tokenizer"),
        (PATH, {"model": GOOGLES, "input": [[1], [2]]}, "input", "tokenizer"),
        (PATH, {"model": GOOGLES, "input": []}, "input", "empty"),
        (PATH, {"model": GOOGLES, "input": ["x", None]}, "input[1]", "string"),
        (PATH, {"model": GOOGLES, "input": {"a": 1}}, "input", "string"),
        (PATH, {"model": GOOGLES}, "input", ""),
        (PATH, {"input": "x"}, "model", ""),
        (PATH, {"model": GOOGLES, "input": "x", "dimensions": 0}, "dimensions", "from 1"),
        (PATH, {"model": GOOGLES, "input": "x", "encoding_format": "hex"}, "encoding_format", ""),
        (PATH, {"model": GOOGLES, "input": "x", "colour": 1}, "colour", "no field for colour"),
        (gemini(SMALL), {"requests": []}, "requests", "empty"),
        (gemini(SMALL), {"requests": [{"content": content("x")}, {}]}, "requests[1].content", ""),
        (gemini(SMALL), {"requests": [{"content": {"parts": [{"inlineData": {}}]}}]},
         "requests[0].content.parts[0]", "inlineData cannot be embedded"),
        (gemini(SMALL), {"requests": [{"content": content("x")},
         {"content": content("x"), "outputDimensionality": 5}]},
         "requests[1].outputDimensionality", "different sizes"),
        (gemini(SMALL), {"requests": [{"content": content("x"), "autoTruncate": True}]},
         "requests[0].autoTruncate", "no field"),
        (gemini(SMALL, "embedContent"), {"content": {"parts": [{"text": "a"}, {"text": "b"}]}},
         "content.parts", "joins several texts"),
        (gemini(HAIKU), {"requests": []}, "model", "name an embedding model"),
    ],
)  # fmt: skip
async def test_what_is_refused_and_where(path, body, param, words) -> None:
    reply = await SideHouse().ask("POST", path, body)
    assert (reply.status, reply.sent) == (400, [])
    error = reply.json()["error"]
    found = error["details"][0]["metadata"]["param"] if "details" in error else error["param"]
    assert (found, reply.record.op) == (param, "embeddings")
    assert words in reply.body.decode()


async def test_losses_may_be_allowed() -> None:
    body = {"model": GOOGLES, "input": "x", "colour": 1, "fairlead": {"allow_loss": True}}
    reply = await SideHouse().ask("POST", PATH, body, whole({"embeddings": [{"values": [1]}]}))
    assert (reply.status, reply.headers["x-fairlead-losses"]) == (200, "colour")
    body = {"content": {"parts": [{"text": "a"}, {"text": "b"}]}}
    reply = await SideHouse(allow_loss=True).ask(
        "POST", gemini(SMALL, "embedContent"), body, whole(OPENAIS)
    )
    assert json.loads(reply.sent[0].body)["input"] == ["a\nb"]


@pytest.mark.parametrize("answer", [b"", b"{}", b'{"embeddings":[]}', b'{"embeddings":[1]}', b"["])
async def test_an_unreadable_answer_is_the_vendors_fault(answer) -> None:
    reply = await SideHouse().ask("POST", PATH, {"model": GOOGLES, "input": "x"}, whole(answer))
    assert (reply.status, reply.record.outcome) == (502, "upstream_error")


async def test_errors_are_the_vendors_own_in_one_dialect_and_ours_across() -> None:
    error = {
        "error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}
    }
    reply = await SideHouse().ask("POST", PATH, {"model": SMALL, "input": "x"}, whole(error, 400))
    assert (reply.status, reply.json()) == (400, error)
    error = {"error": {"code": 400, "message": "too long", "status": "INVALID_ARGUMENT"}}
    reply = await SideHouse().ask("POST", PATH, {"model": GOOGLES, "input": "x"}, whole(error, 400))
    assert (reply.status, reply.json()["error"]["type"]) == (400, "invalid_request_error")
    moved = Answer(302, {"location": "http://elsewhere"})
    reply = await SideHouse().ask("POST", PATH, {"model": SMALL, "input": "x"}, moved)
    assert (reply.status, len(reply.sent)) == (502, 1)


async def test_a_model_that_makes_none_is_the_clients_fault() -> None:
    message = "You are not allowed to generate embeddings from this model"
    error = {
        "error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    }
    body = {"model": "gpt-5-mini", "input": "x"}
    reply = await SideHouse().ask("POST", PATH, body, whole(error, 403))
    assert (reply.status, reply.json()) == (403, error)
    body = {"requests": [{"content": content("x")}]}
    reply = await SideHouse().ask("POST", gemini("gpt-5-mini"), body, whole(error, 403))
    assert reply.status == 400
    assert message in reply.json()["error"]["message"]
    error["error"]["message"] = "Country, region, or territory not supported"
    reply = await SideHouse().ask("POST", PATH, {"model": SMALL, "input": "x"}, whole(error, 403))
    assert reply.status == 502, "what the gateway's account may not do is its operator's"


async def test_an_alias_is_named_by_its_id_inside_too() -> None:
    body = {"model": "openai/text-embedding-3-small", "input": "x"}
    reply = await SideHouse().ask("POST", PATH, body, whole(OPENAIS))
    assert json.loads(reply.sent[0].body)["model"] == SMALL
    named = {"requests": [{"model": "models/google/gemini-embedding-001", "content": content("x")}]}
    path = gemini("google/gemini-embedding-001")
    reply = await SideHouse().ask("POST", path, named, whole({"embeddings": [{"values": [1]}]}))
    assert json.loads(reply.sent[0].body)["requests"][0]["model"] == f"models/{GOOGLES}"


async def test_a_known_price_is_charged() -> None:
    """No embedding model ships in the catalogue; one of the operator's own has a price."""
    house = SideHouse()
    flash = house.plane.snapshot.catalog.models["gemini-2.5-flash"]
    body = {"requests": [{"content": content("x")}]}
    answer = {"embeddings": [{"values": [1]}], "usageMetadata": {"promptTokenCount": 1000}}
    reply = await house.ask("POST", gemini(flash.id), body, whole(answer))
    assert reply.record.cost_usd == Decimal("0.0003")
