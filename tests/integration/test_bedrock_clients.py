"""AWS's own client and Anthropic's, over HTTP against the emulated Bedrock."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import anthropic
import pytest

from fairlead.emulator import EmulatorThread, FaultRule
from fairlead.emulator.aws_identity import EXAMPLE

boto3 = pytest.importorskip("boto3")
config = pytest.importorskip("botocore.config")
exceptions = pytest.importorskip("botocore.exceptions")

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
BASE = "anthropic.claude-haiku-4-5-20251001-v1:0"
HI = [{"role": "user", "content": [{"text": "What is a monad?"}]}]
NATIVE = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "What is a monad?"}],
}
TOOLS = {
    "tools": [
        {
            "toolSpec": {
                "name": "weather",
                "inputSchema": {
                    "json": {
                        "type": "object",
                        "properties": {"city": {"type": "string"}},
                        "required": ["city"],
                    }
                },
            }
        }
    ],
    "toolChoice": {"any": {}},
}


@pytest.fixture(scope="module")
def emulator():
    with EmulatorThread() as running:
        yield running


@pytest.fixture(autouse=True)
def clean(emulator):
    yield
    emulator.faults.clear()


@contextmanager
def aws(
    emulator: EmulatorThread, secret: str = EXAMPLE.secret, region: str = "us-east-1"
) -> Iterator[Any]:
    made = boto3.client(
        "bedrock-runtime",
        region_name=region,
        endpoint_url=emulator.url,
        aws_access_key_id=EXAMPLE.id,
        aws_secret_access_key=secret,
        config=config.Config(retries={"total_max_attempts": 1}),
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(emulator) -> Iterator[Any]:
    with aws(emulator) as made:
        yield made


def test_converse_whole_and_streamed_say_the_same(client) -> None:
    whole = client.converse(modelId=MODEL, messages=HI, inferenceConfig={"maxTokens": 200})
    text = whole["output"]["message"]["content"][0]["text"]
    assert "emulated" in text
    assert whole["stopReason"] == "end_turn"
    events = list(client.converse_stream(modelId=MODEL, messages=HI)["stream"])
    deltas = [e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e]
    assert "".join(deltas) == text
    assert events[0] == {"messageStart": {"role": "assistant"}}
    usage = events[-1]["metadata"]["usage"]
    assert usage == whole["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]


def test_converse_calls_tools(client) -> None:
    events = list(client.converse_stream(modelId=MODEL, messages=HI, toolConfig=TOOLS)["stream"])
    starts = [e["contentBlockStart"]["start"] for e in events if "contentBlockStart" in e]
    assert starts[0]["toolUse"]["name"] == "weather"
    whole = client.converse(modelId=MODEL, messages=HI, toolConfig=TOOLS)
    call = whole["output"]["message"]["content"][-1]["toolUse"]
    assert whole["stopReason"] == "tool_use"
    result = {"toolUseId": call["toolUseId"], "content": [{"json": {"degrees": 12}}]}
    turns = [*HI, whole["output"]["message"], {"role": "user", "content": [{"toolResult": result}]}]
    assert client.converse(modelId=MODEL, messages=turns, toolConfig=TOOLS)["stopReason"]


def test_converse_caches_what_a_point_marks(client) -> None:
    system = [{"text": "A long preamble. " * 4000}, {"cachePoint": {"type": "default"}}]
    first, second = (
        client.converse(modelId=MODEL, messages=HI, system=system)["usage"] for _ in range(2)
    )
    assert first["cacheWriteInputTokens"] == second["cacheReadInputTokens"] > 4096
    assert first["cacheDetails"][0]["ttl"] == "5m"


def test_invoke_model_whole_and_streamed(client) -> None:
    whole = client.invoke_model(modelId=MODEL, body=json.dumps(NATIVE))
    said = json.loads(whole["body"].read())
    assert said["id"].startswith("msg_bdrk_")
    counted = whole["ResponseMetadata"]["HTTPHeaders"]["x-amzn-bedrock-output-token-count"]
    assert int(counted) == said["usage"]["output_tokens"]
    stream = client.invoke_model_with_response_stream(modelId=MODEL, body=json.dumps(NATIVE))
    events = [json.loads(event["chunk"]["bytes"]) for event in stream["body"]]
    assert events[0]["type"] == "message_start"
    metrics = events[-1]["amazon-bedrock-invocationMetrics"]
    assert metrics["outputTokenCount"] == said["usage"]["output_tokens"]


def test_count_tokens(client) -> None:
    counted = client.count_tokens(modelId=BASE, input={"converse": {"messages": HI}})
    native = client.count_tokens(modelId=BASE, input={"invokeModel": {"body": json.dumps(NATIVE)}})
    assert counted["inputTokens"] == native["inputTokens"] > 0


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        ({"modelId": "us.nobody.knows-v1:0"}, "ValidationException", "identifier is invalid"),
        ({"modelId": BASE}, "ValidationException", "on-demand throughput"),
        ({"inferenceConfig": {"maxTokens": 10**6}}, "ValidationException", "max_tokens"),
        ({"additionalModelRequestFields": {"nonsense": 1}}, "ValidationException", "nonsense"),
        (
            {"additionalModelRequestFields": {"anthropic_beta": ["of-tomorrow"]}},
            "ValidationException",
            "invalid beta flag",
        ),
        (
            {"messages": [{"role": "user", "content": [{"video": {"format": "mp4", "source": {"bytes": b"x"}}}]}]},
            "ValidationException",
            "video content block",
        ),
    ],
)  # fmt: skip
def test_what_bedrock_refuses(client, change, name, words) -> None:
    asked = {"modelId": MODEL, "messages": HI} | change
    with pytest.raises(exceptions.ClientError) as caught:
        client.converse(**asked)
    assert caught.value.response["Error"]["Code"] == name
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"anthropic_version": "2026-10-21"}, "version"),
        ({"model": "m"}, r"\[model\]"),
        ({"service_tier": "auto"}, "service_tier"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "web_search"),
    ],
)
def test_what_invoke_model_refuses(client, change, words) -> None:
    with pytest.raises(exceptions.ClientError, match=words):
        client.invoke_model(modelId=MODEL, body=json.dumps(NATIVE | change))


def test_a_wrong_secret_is_refused_and_any_region_is_good(emulator) -> None:
    with (
        aws(emulator, secret="wrong") as stranger,
        pytest.raises(exceptions.ClientError, match="signature we calculated"),
    ):
        stranger.converse(modelId=MODEL, messages=HI)
    with aws(emulator, region="eu-west-3") as elsewhere:
        assert elsewhere.converse(modelId=MODEL, messages=HI)["stopReason"] == "end_turn"


def test_faults_reach_the_client_as_exceptions(emulator, client) -> None:
    emulator.faults.add(FaultRule(action="status", status=429, vendor="bedrock", times=1))
    with pytest.raises(exceptions.ClientError) as caught:
        client.converse(modelId=MODEL, messages=HI)
    assert caught.value.response["Error"]["Code"] == "ThrottlingException"
    emulator.faults.add(FaultRule(action="stream_error", after=300, vendor="bedrock"))
    stream = client.converse_stream(modelId=MODEL, messages=HI)["stream"]
    with pytest.raises(exceptions.EventStreamError), closing(stream):
        list(stream)


@pytest.mark.parametrize("bearer", [False, True], ids=["signed", "bearer"])
def test_anthropics_own_client(emulator, bearer) -> None:
    pair = {"aws_access_key": EXAMPLE.id, "aws_secret_key": EXAMPLE.secret}
    own = anthropic.AnthropicBedrock(
        **({"api_key": "any"} if bearer else pair),
        aws_region="us-east-1",
        base_url=emulator.url,
        max_retries=0,
    )
    # Since 2.0 it sends 2026-10-21, which Bedrock's versioned models do not take.
    asked = {
        "model": MODEL,
        "max_tokens": 64,
        "messages": NATIVE["messages"],
        "extra_body": {"anthropic_version": "bedrock-2023-05-31"},
    }
    with own:
        whole = own.messages.create(**asked)
        with own.messages.stream(**asked) as stream:
            streamed = stream.get_final_message()
        assert streamed.content[0].text == whole.content[0].text
        assert streamed.usage.output_tokens == whole.usage.output_tokens
        with pytest.raises(anthropic.BadRequestError, match="API version"):
            own.messages.create(**{**asked, "extra_body": {}})
