"""LangChain's own integration suite for chat models: each class, with its base URL at Fairlead, on
each model. What a class says that it supports is what the class and the model can do; a False has
its reason beside it.
"""

import base64
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests, chat_models
from shelf import WAV

FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
# Longer than the least that any of the models caches (4,096 tokens on Haiku).
LONG = "You answer questions about the rigging of ships. " * 1200


class Suite(ChatModelIntegrationTests):
    """What all have in common. `setting` and `suffix` say where the class takes its base URL."""

    kind: type[BaseChatModel]
    name_of_model: str
    setting = "base_url"
    suffix = ""
    params: ClassVar[dict[str, Any]] = {}
    thinking: ClassVar[dict[str, Any]] = {}
    details: ClassVar[tuple[str, ...]] = ()
    url = ""

    supports_image_inputs = True
    supports_image_urls = True
    supports_image_tool_message = True
    supports_pdf_inputs = True
    supports_pdf_tool_message = True
    supports_audio_inputs = True
    supports_anthropic_inputs = True
    supports_json_mode = False

    @pytest.fixture(autouse=True)
    def _at_the_gateway(self, gateway: str, shelf: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The files that the suite loads from the internet come from loopback instead."""
        type(self).url = gateway

        def get(url: str, **more: Any) -> httpx.Response:
            return httpx.get(f"{shelf}/{url.rsplit('/', 1)[-1]}", **more)

        def message(content: Any, **more: Any) -> HumanMessage:
            parts = content if isinstance(content, list) else []
            at_home = [
                {**part, "url": f"{shelf}/{part['url'].rsplit('/', 1)[-1]}"}
                if "url" in part
                else part
                for part in parts
            ]
            return HumanMessage(at_home or content, **more)

        monkeypatch.setattr(chat_models, "httpx", SimpleNamespace(get=get))
        monkeypatch.setattr(chat_models, "HumanMessage", message)

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return self.kind

    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        return {"max_tokens": 2000, "timeout": 60, "max_retries": 0}

    @property
    def chat_model_params(self) -> dict[str, Any]:
        at = {"model": self.name_of_model, "api_key": "any", self.setting: self.url + self.suffix}
        return at | self.params

    @property
    def model_override_value(self) -> str:
        """The other vendor's model: the class needs not know."""
        return HAIKU if self.name_of_model == FLASH else FLASH

    @property
    def supported_usage_metadata_details(self) -> dict[str, list[str]]:
        return {"invoke": list(self.details), "stream": list(self.details)}

    def asked(
        self, stream: bool, messages: list[Any], times: int = 1, **params: Any
    ) -> AIMessage:
        """The answer, or the last of several, whole or as the sum of its chunks."""
        standard = self.standard_chat_model_params | self.chat_model_params
        model = self.kind(**(standard | params))
        for _ in range(times):
            answer = model.invoke(messages)
        if not stream:
            return answer
        first, *rest = model.stream(messages)
        for chunk in rest:
            first += chunk
        return first

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> AIMessage:
        return self.asked(stream, [HumanMessage("Why is a fairlead round?")], **self.thinking)

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        return self.asked(stream, self.long_conversation(), times=2)

    def invoke_with_cache_creation_input(self, *, stream: bool = False) -> AIMessage:
        return self.asked(stream, self.long_conversation())

    def long_conversation(self) -> list[Any]:
        """Told what to cache, for the model that caches only what it is told."""
        told = [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]
        return [SystemMessage(told), HumanMessage("What is a fairlead?")]

    def invoke_with_audio_input(self, *, stream: bool = False) -> AIMessage:
        sound = base64.b64encode(WAV).decode()
        parts = [{"type": "audio", "base64": sound, "mime_type": "audio/wav"}]
        return self.asked(stream, [HumanMessage(parts)])


class OpenAISuite(Suite):
    kind, suffix = ChatOpenAI, "/v1"
    # LangChain leaves the usage of streams out where the base URL is not OpenAI's own.
    params: ClassVar = {"stream_usage": True}
    thinking: ClassVar = {"reasoning_effort": "low"}
    details = ("reasoning_output", "cache_read_input")
    supports_json_mode = True


class ResponsesSuite(OpenAISuite):
    params: ClassVar = {"use_responses_api": True}


class AnthropicSuite(Suite):
    kind = ChatAnthropic
    details = ("cache_read_input", "cache_creation_input")
    supports_audio_inputs = False  # the class: "Block of type audio is not supported"


class GeminiSuite(Suite):
    kind = ChatGoogleGenerativeAI
    thinking: ClassVar = {"thinking_budget": 1024}
    details = ("reasoning_output", "cache_read_input", "audio_input")
    supports_json_mode = True
    supports_anthropic_inputs = False  # the class: "Unrecognized message part type: image"
    supports_model_override = False  # the class takes it for a setting of generateContent


class TestOpenAIOnFlash(OpenAISuite):
    name_of_model = FLASH


class TestOpenAIOnHaiku(OpenAISuite):
    name_of_model = HAIKU
    supports_audio_inputs = False  # the model takes none


class TestResponsesOnFlash(ResponsesSuite):
    name_of_model = FLASH


class TestResponsesOnHaiku(ResponsesSuite):
    name_of_model = HAIKU


class TestAnthropicOnFlash(AnthropicSuite):
    name_of_model = FLASH


class TestAnthropicOnHaiku(AnthropicSuite):
    name_of_model = HAIKU


class TestGeminiOnFlash(GeminiSuite):
    name_of_model = FLASH


class TestGeminiOnHaiku(GeminiSuite):
    name_of_model = HAIKU
    supports_audio_inputs = False  # the model takes none
