"""LangChain's own integration suite for chat models: three classes, each on both models."""

from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"


class Suite(ChatModelIntegrationTests):
    """What all have in common. `setting` and `suffix` say where the class takes its base URL."""

    kind: type[BaseChatModel]
    model: str
    setting: str
    suffix = ""
    url = ""

    @pytest.fixture(autouse=True)
    def _at_the_gateway(self, gateway: str) -> None:
        type(self).url = gateway

    @pytest.fixture
    def model(self, gateway: str, request: Any) -> BaseChatModel:
        type(self).url = gateway
        extra = getattr(request, "param", None) or {}
        return self.chat_model_class(**{**self.standard_chat_model_params, **self.chat_model_params, **extra})

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return self.kind

    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        return {"max_tokens": 2000}

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "model": self.name_of_model,
            "api_key": "any",
            self.setting: self.url + self.suffix,
            "max_retries": 0,
        }

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_json_mode(self) -> bool:
        return self.json_mode

    json_mode = False


class OpenAISuite(Suite):
    kind, setting, suffix = ChatOpenAI, "base_url", "/v1"


class AnthropicSuite(Suite):
    kind, setting = ChatAnthropic, "base_url"


class GeminiSuite(Suite):
    kind, setting = ChatGoogleGenerativeAI, "base_url"


class TestOpenAIOnFlash(OpenAISuite):
    name_of_model = FLASH


class TestOpenAIOnHaiku(OpenAISuite):
    name_of_model = HAIKU


class TestAnthropicOnFlash(AnthropicSuite):
    name_of_model = FLASH


class TestAnthropicOnHaiku(AnthropicSuite):
    name_of_model = HAIKU


class TestGeminiOnFlash(GeminiSuite):
    name_of_model = FLASH


class TestGeminiOnHaiku(GeminiSuite):
    name_of_model = HAIKU
