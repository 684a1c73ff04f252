"""Every recorded call: read, folded, counted, written again, and taken to other vendors."""

import json
from datetime import date

import pytest
from msgspec.structs import replace
from openai.types.responses import Response
from tests.unit.wire.openai_responses.recordings_responses import (
    answers,
    last_answer,
    requests,
    rows,
)

from fairlead.canon import Failure, FunctionTool, Opaque, Usage, fold, unfold
from fairlead.catalog import load
from fairlead.catalog.model import Model
from fairlead.emulator.authority import check
from fairlead.wire import anthropic, gemini
from fairlead.wire.codec import Reply, Target
from fairlead.wire.openai_responses import CODEC

WHEN = date(2026, 11, 20)
TARGETS = {
    "claude-haiku-4-5": (anthropic.CODEC, "messages"),
    "gemini-2.5-flash": (gemini.CODEC, "generate"),
}
# What a Responses request may say and others can't; anything new here wants a second look.
SEMANTIC = {
    *("background", "conversation", "moderation", "previous_response_id", "prompt"),
    *("server_tool", "file_reference", "media_url", "json_with_tools", "document_type"),
    *("media_type", "block", "compaction", "function_call_output", "prompt", "tool_choice"),
    *("web_search_call", "code_interpreter_call", "file_search_call", "image_generation_call"),
    *("mcp_list_tools", "mcp_call"),
}


def test_every_request_that_was_answered_is_read():
    found = requests()
    assert len(found) > 300
    for id_, body in found:
        request = CODEC.decode_request(body)
        assert request.turns, id_
        assert CODEC.peek(body).stream == request.stream


@pytest.mark.parametrize("name", TARGETS)
def test_every_request_is_taken_elsewhere_or_refused_by_name(name):
    facts = load().resolve(name, WHEN)
    codec, op = TARGETS[name]
    taken, refused = 0, []
    for id_, body in requests():
        request = CODEC.decode_request(body)
        encoded = codec.encode_request(request, Target(facts.id, facts))
        semantic = [loss for loss in encoded.losses if loss.kind == "semantic"]
        for loss in encoded.losses:
            assert loss.why, id_
            assert CODEC.client_path(loss.path, request), id_
        refused += [loss.what.partition(":")[0] for loss in semantic]
        if semantic:
            continue
        taken += 1
        assert check(codec.dialect, op, json.loads(encoded.body)) == [], id_
    assert set(refused) <= SEMANTIC
    assert taken > 250


def test_plain_requests_lose_nothing_that_matters():
    """Requests with functions and media at most are taken by both vendors."""
    exotic = {"previous_response_id", "conversation", "prompt", "background", "moderation"}
    count = 0
    for id_, body in requests():
        told = json.loads(body)
        items = told["input"] if isinstance(told.get("input"), list) else []
        kinds = {item.get("type", "message") for item in items}
        plain = {"message", "reasoning", "function_call", "function_call_output"}
        tools = {tool["type"] for tool in told.get("tools") or []}
        if any(told.get(field) for field in exotic) or kinds - plain or tools - {"function"}:
            continue
        if b'"file_id"' in body or b"input_file" in body or b"https://" in body:
            continue
        request = CODEC.decode_request(body)
        for name, (codec, _) in TARGETS.items():
            facts = load().resolve(name, WHEN)
            losses = codec.encode_request(request, Target(facts.id, facts)).losses
            semantic = [loss.what for loss in losses if loss.kind == "semantic"]
            assert semantic in ([], ["json_with_tools"]), (id_, name)
        count += 1
    assert count > 200


def without_marks(value):
    """JSON without what is the server's: ids and statuses of items, and defaults."""
    if isinstance(value, list):
        return [without_marks(item) for item in value]
    if not isinstance(value, dict):
        return value
    drop = {"id", "status"} if value.get("type") in KEPT else set()
    return {k: without_marks(v) for k, v in value.items() if k not in drop and v is not None}


def not_strict(request):
    """Where a function says nothing, it is written as not strict."""
    tools = [
        replace(tool, strict=bool(tool.strict))
        if isinstance(tool, FunctionTool) and not tool.custom
        else tool
        for tool in request.tools
    ]
    return replace(request, tools=tuple(tools))


KEPT = {"message", "function_call", "function_call_output"}


def test_what_is_written_again_is_what_was_read():
    same = 0
    for id_, body in requests():
        request = CODEC.decode_request(body)
        if not request.model:  # a stored prompt names it
            continue
        encoded = CODEC.encode_request(request, Target(request.model, Model.unknown("m", "v")))
        if encoded.losses:
            continue
        again = CODEC.decode_request(encoded.body)
        assert not_strict(again.without_paths()) == not_strict(request.without_paths()), id_
        assert check("openai", "responses", json.loads(encoded.body)) == [], id_
        told, first = json.loads(encoded.body), json.loads(body)
        if isinstance(first["input"], list):
            items = [item | {"type": item.get("type", "message")} for item in first["input"]]
            assert len(without_marks(told["input"])) == len(items), id_
        assert [t["type"] for t in told.get("tools", [])] == [
            t["type"] for t in first.get("tools") or []
        ], id_
        same += 1
    assert same > 230


@pytest.mark.parametrize("stream", [False, True])
def test_every_answer_is_read_and_its_usage_adds_up(stream):
    found = answers(stream=stream)
    assert len(found) > (50 if stream else 200)
    for row, body in found:
        whole = last_answer(body) if stream else body
        answer = CODEC.decode_response(whole)
        told = json.loads(whole).get("usage")
        tap = CODEC.usage_tap()
        tap.feed(body)
        assert tap.usage == answer.usage, row["id"]
        assert tap.final == whole.strip()
        if told is None:
            continue
        usage = answer.usage
        assert isinstance(usage, Usage)
        assert usage.prompt_total == told["input_tokens"], row["id"]
        assert usage.completion_total == told["output_tokens"], row["id"]
        assert usage.total == told["total_tokens"], row["id"]
        assert usage.thinking == told["output_tokens_details"]["reasoning_tokens"]
        assert usage.cache_read == told["input_tokens_details"]["cached_tokens"]


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_every_stream_folds_to_its_answer_however_it_is_cut(size):
    for row, body in answers(stream=True):
        if size == 1 and len(body) > 60_000:
            continue
        decoder = CODEC.stream_decoder()
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        events = [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()
        assert fold(events) == CODEC.decode_response(last_answer(body)), row["id"]


def test_every_answer_is_written_again_for_the_sdk():
    for row, body in [*answers(stream=False), *answers(stream=True)]:
        answer = CODEC.decode_response(last_answer(body) if row["stream"] else body)
        reply = Reply(answer.model, answer.created or 0, answer.id)
        encoded = CODEC.encode_response(answer, reply)
        assert encoded.losses == (), row["id"]
        again = CODEC.decode_response(encoded.body)
        assert parts(again) == parts(answer), row["id"]
        if not any(isinstance(part, Opaque) for part in parts(answer)):
            Response.model_validate_json(encoded.body)
        encoder = CODEC.stream_encoder(reply)
        stream = b"".join(encoder.encode(event) for event in unfold(answer)) + encoder.close()
        decoder = CODEC.stream_decoder()
        events = decoder.feed(stream) + decoder.close()
        assert told(fold(events)) == told(again), row["id"]


def parts(answer):
    return answer.candidates[0].parts


def told(answer):
    """An answer without line breaks between the values of JSON that is kept: none in a stream."""
    candidate = answer.candidates[0]
    said = repr((candidate.parts, candidate.finish, candidate.logprobs, answer.usage))
    return said.replace(r"\n", " ")


def test_every_refusal_is_a_problem_with_its_field():
    found = [row for row in rows() if row["response"]["status"] >= 400]
    assert found
    for row in found:
        status = row["response"]["status"]
        problem = CODEC.decode_error(status, {}, row["response"]["body_text"].encode())
        told = json.loads(row["response"]["body_text"])["error"]
        assert problem.message == told["message"]
        assert problem.param == told["param"]
        assert problem.upstream_status == status


def test_what_openai_refuses_is_refused():
    bad = next(row for row in rows() if row["id"] == "18edaac74a6ac4a3")
    with pytest.raises(Failure) as refused:
        CODEC.decode_request(json.dumps(bad["request"]["body"]).encode())
    assert refused.value.problem.param == "temperature"
    assert refused.value.problem.code == "decimal_below_min_value"
