"""One gateway process and one emulator for each file; clients that keep to loopback."""

from collections.abc import Iterator

import pytest
from openai import OpenAI
from tests.integration.conftest import emulator, gateway, no_faults_left, start

__all__ = ["emulator", "gateway", "no_faults_left", "start"]


@pytest.fixture(scope="module")
def client(gateway):
    """OpenAI's, of chat and of Responses; the files of other SDKs have their own."""
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as made:
        yield made


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Keys, addresses and proxies of whoever runs this must not reach an SDK."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OPENAI", "ANTHROPIC", "GEMINI", "GOOGLE"):
            for what in ("API_KEY", "BASE_URL", "AUTH_TOKEN", "ORG_ID", "PROJECT_ID"):
                patch.delenv(f"{name}_{what}", raising=False)
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield
