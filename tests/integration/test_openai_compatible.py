"""An API aggregator before a real gateway process: its own address, names, prices and gaps."""

import json
from contextlib import ExitStack
from decimal import Decimal

import openai
import pytest

from fairlead.emulator import EmulatorThread
from fairlead.ledger.record import STATED

HAIKU = "claude-haiku-4-5-20251001"
ASK = [{"role": "user", "content": "What is a monad?"}]
NO_KEYS = {"GEMINI_API_KEY": "unset", "ANTHROPIC_API_KEY": "unset", "OPENAI_API_KEY": "unset"}
CONFIG = """
[upstreams.mesh]
kind = "openai_compatible"
base_url = "{url}/openai/v1"
api_key_env = "MESH_KEY"
lacks = ["developer", "seed", "json_schema", "stream_options"]
[upstreams.mesh.models]
"claude-haiku-4-5-20251001" = "gpt-5-mini"
"mesh-small" = "gpt-4.1-mini"
[models.mesh-small]
vendor = "mesh"
"price.input" = 0.05
"price.output" = 0.20
"""


@pytest.fixture(scope="module")
def emulator():
    with EmulatorThread() as running:
        yield running


@pytest.fixture
def connect():
    """Clients of gateways, closed at the end."""
    with ExitStack() as stack:
        yield lambda house: stack.enter_context(
            openai.OpenAI(base_url=f"{house.url}/v1", api_key="any")
        )


@pytest.fixture
def mesh(start, emulator):
    return start({**NO_KEYS, "MESH_KEY": "mesh-key"}, CONFIG.format(url=emulator.url))


def test_names_prices_prefix_and_gaps(mesh, emulator, connect) -> None:
    client = connect(mesh)

    told = client.chat.completions.create(model=HAIKU, messages=ASK, seed=7)
    assert "in place of gpt-5-mini" in (told.choices[0].message.content or "")
    record = mesh.newest(model=HAIKU)
    assert record.upstream == "mesh"
    assert [loss.what for loss in record.losses] == ["seed"]

    client.chat.completions.create(model="mesh-small", messages=ASK)
    own = mesh.newest(model="mesh-small")
    assert own.cost_usd is not None
    assert own.cost_usd > 0

    listed = client.chat.completions.create(
        model="mesh/gpt-4.1-nano", messages=[{"role": "developer", "content": "Be brief."}, *ASK]
    )
    assert "gpt-4.1-nano" in (listed.choices[0].message.content or "")
    unknown = mesh.newest(model="mesh/gpt-4.1-nano")
    assert unknown.cost_usd is None
    assert unknown.usage is not None
    assert unknown.usage.input > 0

    stream = client.chat.completions.create(model="mesh/gpt-4.1-nano", messages=ASK, stream=True)
    assert "emulated" in "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
    streamed = mesh.newest(stream=True)
    assert streamed.usage is not None
    assert streamed.usage.estimated  # the endpoint tells a stream's usage to nobody

    schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    with pytest.raises(openai.BadRequestError, match="by no schema"):
        client.chat.completions.create(
            model="mesh/gpt-4.1-nano", messages=ASK, response_format=schema
        )

    with pytest.raises(openai.NotFoundError, match="does not exist here"):
        client.chat.completions.create(model="elsewhere/gpt-4.1-nano", messages=ASK)
    assert not [entry for entry in emulator.requests if entry.outcome == "error"]


def test_no_key_is_sent_where_none_is_given(start, emulator) -> None:
    config = CONFIG.format(url=emulator.url).replace('api_key_env = "MESH_KEY"\n', "")
    house = start(NO_KEYS, config)
    reply = house.chat({"model": "mesh/gpt-4.1-nano", "messages": ASK})
    assert reply.status == 502
    assert "refuses the gateway's own account" in json.loads(reply.body)["error"]["message"]


def test_embeddings_and_responses(start, emulator, connect) -> None:
    config = CONFIG.format(url=emulator.url).replace("lacks", 'api = "responses"\nlacks')
    house = start({**NO_KEYS, "MESH_KEY": "mesh-key"}, config)
    client = connect(house)
    vector = client.embeddings.create(model="mesh/text-embedding-3-small", input="a cat")
    assert len(vector.data[0].embedding) == 1536
    told = client.responses.create(model="mesh/gpt-5-mini", input="What is a monad?")
    assert "emulated" in told.output_text
    paths = [entry.path for entry in emulator.requests]
    assert "/v1/embeddings" in paths
    assert "/v1/responses" in paths


def test_the_emulated_aggregator(start, emulator, connect) -> None:
    config = f"""
[upstreams.broker]
kind = "openai_compatible"
base_url = "{emulator.url}/aggregator/api/v1"
api_key = "any"
lacks = ["developer", "seed"]
"""
    house = start(NO_KEYS, config)
    client = connect(house)
    turns = [{"role": "developer", "content": "Be brief."}, *ASK]
    told = client.chat.completions.create(
        model="broker/openai/gpt-4.1-mini", messages=turns, seed=7
    )
    assert "in place of gpt-4.1-mini" in (told.choices[0].message.content or "")
    with pytest.raises(openai.NotFoundError, match="No endpoints found"):
        client.chat.completions.create(model="broker/gpt-4.1-mini", messages=ASK)


AGGREGATOR = """
[upstreams.mesh]
kind = "openai_compatible"
base_url = "{url}/aggregator/api/v1"
api_key_env = "MESH_KEY"
lacks = ["developer", "seed"]
[upstreams.mesh.models]
"mesh-small" = "openai/gpt-4.1-mini"
[models.mesh-small]
vendor = "mesh"
"price.input" = 0.05
"price.output" = 0.20
"""


def test_what_an_aggregator_says_that_it_cost_is_kept(start, emulator, connect) -> None:
    mesh = start({**NO_KEYS, "MESH_KEY": "mesh-key"}, AGGREGATOR.format(url=emulator.url))
    client = connect(mesh)
    told = client.chat.completions.with_raw_response.create(model="mesh-small", messages=ASK)
    usage = json.loads(told.text)["usage"]
    own = mesh.newest(model="mesh-small")
    assert str(own.usage.stated_usd) == format(Decimal(str(usage["cost"])), "f")
    assert own.cost_usd not in {None, own.usage.stated_usd}, "ours is by our own prices"
    assert own.price_version != STATED

    name = "mesh/openai/gpt-4.1-nano"
    answered = client.chat.completions.with_raw_response.create(model=name, messages=ASK)
    unknown = mesh.newest(model=name)
    assert unknown.usage.stated_usd == unknown.cost_usd > 0
    assert unknown.price_version == STATED
    assert Decimal(answered.headers["x-fairlead-cost-usd"]) == unknown.cost_usd

    stream = client.chat.completions.create(model=name, messages=ASK, stream=True)
    assert "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
    streamed = mesh.newest(stream=True)
    assert streamed.usage.stated_usd == streamed.cost_usd > 0
    assert not streamed.usage.estimated
