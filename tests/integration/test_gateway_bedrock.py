"""The gateway as a process, before the emulated Bedrock: credentials of the environment, both
APIs, and a reload under which no request goes without a signature.
"""

import json
import signal
import time

import pytest

from fairlead.emulator.aws_identity import EXAMPLE

pytest.importorskip("botocore")

MODEL = "claude-haiku-4-5"
ENV = {
    "AWS_ACCESS_KEY_ID": EXAMPLE.id,
    "AWS_SECRET_ACCESS_KEY": EXAMPLE.secret,
    "AWS_EC2_METADATA_DISABLED": "true",
    "ANTHROPIC_API_KEY": "unset",
    "GEMINI_API_KEY": "unset",
    "OPENAI_API_KEY": "unset",
}
ASK = {"model": MODEL, "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}


def config(url: str, api: str) -> str:
    return (
        f'[upstreams.bedrock]\nregion = "us-east-1"\napi = "{api}"\nbase_url = "{url}"\n'
        "[routing]\nprompt_caching = 'auto'\n"
    )


@pytest.mark.parametrize("api", ["converse"])
def test_a_reload_leaves_no_request_without_credentials(emulator, start, api) -> None:
    gateway = start(ENV, config(emulator.url, api))
    assert gateway.chat(ASK).status == 200
    record = gateway.newest(asked_model=MODEL)
    assert record.upstream == "bedrock"
    assert record.cost_usd is not None
    gateway.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 60
    while gateway.log.read_text().count("reloaded") == 0:
        assert gateway.chat(ASK).status == 200
        assert time.monotonic() < deadline
    assert gateway.chat(ASK).status == 200
    assert EXAMPLE.secret not in gateway.log.read_text()


def test_credentials_that_are_missing_are_told_and_come_back(emulator, start, tmp_path) -> None:
    shared = tmp_path / "credentials"
    env = {
        **ENV,
        "AWS_SHARED_CREDENTIALS_FILE": str(shared),
        "AWS_CONFIG_FILE": str(tmp_path / "c"),
    }
    env |= {"AWS_ACCESS_KEY_ID": "unset", "AWS_SECRET_ACCESS_KEY": "unset"}
    gateway = start(env, config(emulator.url, "invoke"))
    refused = gateway.request("POST", "/v1/messages", json.dumps(ASK).encode())
    assert refused.status == 502
    assert "credentials" in refused.json()["error"]["message"]
    assert "no AWS credentials were found" in gateway.log.read_text()
    shared.write_text(
        f"[default]\naws_access_key_id = {EXAMPLE.id}\naws_secret_access_key = {EXAMPLE.secret}\n"
    )
    deadline = time.monotonic() + 30
    while gateway.chat(ASK).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
