"""What answers say that they cost: digit by digit, in the shapes of those that say it."""

import json
from decimal import Decimal

import msgspec
import pytest
from tests.unit.wire.openai_chat.recordings_chat import rows

from fairlead.canon import Usage
from fairlead.wire.openai_chat.answers import UsageIn as ChatUsage
from fairlead.wire.openai_chat.usage import read_usage as read_chat
from fairlead.wire.openai_chat.usage import write_usage as write_chat
from fairlead.wire.openai_responses.answers import UsageIn as ResponsesUsage
from fairlead.wire.openai_responses.usage import read_usage as read_responses
from fairlead.wire.openai_responses.usage import write_usage as write_responses

STATED = [
    ('{"cost": 4e-05, "cost_details": {"upstream_inference_cost": 4e-05}}', "0.00004"),
    ('{"cost": 0.95, "is_byok": false, "cost_details": {"upstream_inference_cost": 19}}', "0.95"),
    ('{"cost": 0.95, "is_byok": true, "cost_details": {"upstream_inference_cost": 19}}', "19.95"),
    ('{"cost": 0.95, "is_byok": true, "cost_details": {"upstream_inference_cost": null}}', None),
    ('{"cost": 0.95, "is_byok": true}', None),
    ('{"cost": {"input_tokens_cost": 0.00001, "total_cost": 0.00502}}', "0.00502"),
    ('{"cost_in_usd_ticks": 37756000}', "0.0037756"),
    ('{"cost": 0}', "0"),
    ('{"cost": 0.1234567890123456789}', "0.1234567890123456789"),
    ("{}", None),
    ('{"cost": null, "cost_in_usd_ticks": null}', None),
    ('{"cost": "free"}', None),
    ('{"cost": true}', None),
    ('{"cost": [1]}', None),
    ('{"cost": {"sum": 1}}', None),
    ('{"cost": {"total_cost": "NaN"}}', None),
    ('{"cost": -0.1}', None),
    ('{"cost": 1e9}', None),
    ('{"cost": 1e-999999}', None),
    ('{"cost": 1e999999999999}', None),
    ('{"cost": "Infinity"}', None),
]


@pytest.mark.parametrize(("said", "usd"), STATED)
def test_what_is_stated(said, usd) -> None:
    for kind, read in ((ChatUsage, read_chat), (ResponsesUsage, read_responses)):
        found = read(msgspec.json.decode(said, type=kind)).stated_usd
        assert found == (None if usd is None else Decimal(usd))


@pytest.mark.parametrize("usd", ["0.00004", "4E-7", "0", "19.95", "0.1234567890123456789"])
def test_it_is_written_as_it_was_read(usd) -> None:
    usage = Usage(input=3, output=2, stated_usd=Decimal(usd))
    chat = msgspec.json.decode(msgspec.json.encode(write_chat(usage)), type=ChatUsage)
    assert read_chat(chat).stated_usd == Decimal(usd)
    responses = msgspec.json.decode(
        msgspec.json.encode(write_responses(usage)), type=ResponsesUsage
    )
    assert read_responses(responses).stated_usd == Decimal(usd)
    assert "cost" not in write_chat(Usage(input=3))


class _Answer(msgspec.Struct):
    usage: msgspec.Raw = msgspec.Raw()


def test_recorded_answers_state_it() -> None:
    stated = 0
    for row in rows():
        text = row["response"].get("body_text") or ""
        if not text.startswith("{") or '"cost"' not in text:
            continue
        usage = msgspec.json.decode(text, type=_Answer).usage
        said = json.loads(bytes(usage), parse_float=Decimal)
        cost = said.get("cost")
        if isinstance(cost, Decimal):
            found = read_chat(msgspec.json.decode(usage, type=ChatUsage)).stated_usd
            beside = said["cost_details"]["upstream_inference_cost"] if said.get("is_byok") else 0
            assert found == cost + beside
            stated += 1
    assert stated > 5
