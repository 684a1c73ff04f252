"""LangChain's own integration suite for chat models: each class, with its base URL at Fairlead, on
each model. What a class says that it supports is what the class and the model can do; a False has
its reason beside it.
"""

import base64
import functools
import operator
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests, chat_models
from shelf import FILES, PNG

FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
# Longer than the least that any of the models caches (4,096 tokens on Haiku).
LONG = "You answer questions about the rigging of ships. " * 1200
SHOWN = {
    kind: {
        "type": {"image/png": "image", "audio/wav": "audio"}.get(kind, "file"),
        "base64": base64.b64encode(data).decode(),
        "mime_type": kind,
    }
    for kind, data in FILES.items()
}
SHOWN["application/pdf"]["filename"] = "notes.pdf"


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


@tool
def draw() -> str:
    """Draw something."""
    return ""


class Suite(ChatModelIntegrationTests):
    """What all have in common. `setting` and `suffix` say where the class takes its base URL."""

    kind: type[BaseChatModel]
    name_of_model: str
    setting = "base_url"
    suffix = ""
    params: ClassVar[dict[str, Any]] = {}
    thinking: ClassVar[dict[str, Any]] = {}
    details: ClassVar[tuple[str, ...]] = ()
    barring: ClassVar[Any] = "none"
    caches = True
    shows_thinking = True
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

    def asked(self, stream: bool, messages: list[Any], **params: Any) -> AIMessage:
        """The answer, whole or as the sum of its chunks."""
        model = self.made(**params)
        if stream:
            return functools.reduce(operator.add, model.stream(messages))
        return model.invoke(messages)

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> AIMessage:
        return self.asked(stream, [HumanMessage("Why is a fairlead round?")], **self.thinking)

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        self.asked(stream, self.long_conversation())
        return self.asked(stream, self.long_conversation())

    def invoke_with_cache_creation_input(self, *, stream: bool = False) -> AIMessage:
        return self.asked(stream, self.long_conversation())

    def long_conversation(self) -> list[Any]:
        """Told what to cache, for the model that caches only what it is told."""
        told = [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]
        return [SystemMessage(told), HumanMessage("What is a fairlead?")]

    def invoke_with_audio_input(self, *, stream: bool = False) -> AIMessage:
        return self.asked(stream, [HumanMessage([SHOWN["audio/wav"]])])

    # What the suite asks only to end without an error is looked at: the emulated models tell what
    # they were given.

    def made(self, **params: Any) -> BaseChatModel:
        standard = self.standard_chat_model_params | self.chat_model_params
        return self.kind(**(standard | params))

    def test_what_is_shown_is_seen(self, model: BaseChatModel) -> None:
        said = model.invoke([HumanMessage([{"type": "text", "text": "See:"}, *self.shown()])]).text
        for kind, part in SHOWN.items():
            if part in self.shown():
                assert f"{kind} ({len(FILES[kind])} bytes)" in said

    def shown(self) -> list[dict[str, str]]:
        kinds = ["image/png", "application/pdf"]
        if self.supports_audio_inputs:
            kinds.append("audio/wav")
        return [SHOWN[kind] for kind in kinds]

    def test_what_a_tool_shows_is_seen(self, model: BaseChatModel) -> None:
        call = {"type": "tool_call", "id": "call_1", "name": "draw", "args": {}}
        parts = [{"type": "text", "text": "drawn in orange"}, SHOWN["image/png"]]
        said = (
            model.bind_tools([draw])
            .invoke(
                [
                    HumanMessage("Draw something."),
                    AIMessage("", tool_calls=[call]),
                    ToolMessage(parts, tool_call_id="call_1", name="draw"),
                ]
            )
            .text
        )
        assert "drawn in orange" in said
        assert f"image/png ({len(PNG)} bytes)" in said

    @pytest.mark.parametrize("streamed", [False, True])
    def test_parallel_calls_whose_results_another_model_reads(self, streamed: bool) -> None:
        """The calls come from this class's model, the answer from the other vendor's."""
        asked = HumanMessage("What is the weather in Rome and Paris?")
        first = self.made().bind_tools([weather])
        calling = (
            functools.reduce(operator.add, first.stream([asked]))
            if streamed
            else first.invoke([asked])
        )
        assert [call["args"] for call in calling.tool_calls] == [
            {"city": "Rome"},
            {"city": "Paris"},
        ]
        results = [weather.invoke(call) for call in calling.tool_calls]
        second = self.made(model=self.model_override_value).bind_tools([weather])
        said = second.invoke([asked, calling, *results]).text
        assert "sunny in Rome" in said
        assert "sunny in Paris" in said

    @pytest.mark.parametrize("streamed", [False, True])
    def test_thinking_goes_back_with_the_results(self, streamed: bool) -> None:
        """The emulated vendors check their signatures, and that none is missing."""
        asked = HumanMessage("What is the weather in Rome and Paris?")
        model = self.made(**self.thinking).bind_tools([weather])
        messages: list[Any] = [asked]
        for _ in range(2):
            calling = (
                functools.reduce(operator.add, model.stream(messages))
                if streamed
                else model.invoke(messages)
            )
            messages.append(calling)
            messages += [weather.invoke(call) for call in calling.tool_calls]
            messages += [] if calling.tool_calls else [asked]
        kinds = [block["type"] for block in messages[1].content_blocks]
        assert kinds.count("tool_call") == 2
        assert ("reasoning" in kinds) == self.shows_thinking
        assert "sunny in Paris" in messages[4].text

    def test_tokens_read_from_the_cache_are_told(self) -> None:
        if not self.caches:
            pytest.skip("this model caches what it is told to, and the class can't tell it")
        told = self.invoke_with_cache_read_input().usage_metadata["input_token_details"]
        assert told["cache_read"] > 4_000

    @pytest.mark.parametrize("stream", [False, True])
    def test_reasoning_is_told(self, stream: bool) -> None:
        if "reasoning_output" not in self.details:
            pytest.skip("the class has no count of thinking tokens")
        told = self.invoke_with_reasoning_output(stream=stream).usage_metadata
        assert told["output_tokens"] > told["output_token_details"]["reasoning"] > 0

    def test_streams_count_as_whole_answers_do(self) -> None:
        messages = [HumanMessage("What is a fairlead?")]
        whole, streamed = (self.asked(stream, messages) for stream in (False, True))
        for count in ("input_tokens", "output_tokens", "total_tokens"):
            assert streamed.usage_metadata[count] == whole.usage_metadata[count] > 0
        assert streamed.text == whole.text

    @pytest.mark.parametrize("tool_choice", ["none", "draw"])
    def test_tools_that_are_barred_or_forced(self, tool_choice: str) -> None:
        choice = self.barring if tool_choice == "none" else tool_choice
        bound = self.made().bind_tools([weather, draw], tool_choice=choice)
        calls = bound.invoke("What is the weather in Rome?").tool_calls
        assert [call["name"] for call in calls] == ([] if tool_choice == "none" else ["draw"])

    def test_a_model_that_is_not_there(self) -> None:
        with pytest.raises(Exception, match="no-such-model") as caught:
            self.made(model="no-such-model").invoke("Hello")
        assert "404" in str(caught.value)

    async def test_auto(self) -> None:
        model = self.made(model="auto")
        assert "emulated answer" in (await model.ainvoke("What is a fairlead?")).text

    async def test_auto_streamed(self) -> None:
        model = self.made(model="auto")
        said = [chunk.text async for chunk in model.astream("What is a fairlead?")]
        assert len(said) > 2
        assert "emulated answer" in "".join(said)


class OpenAISuite(Suite):
    kind, suffix = ChatOpenAI, "/v1"
    # LangChain leaves the usage of streams out where the base URL is not OpenAI's own.
    params: ClassVar = {"stream_usage": True}
    thinking: ClassVar = {"reasoning_effort": "low"}
    shows_thinking = False  # chat completions have no place for it
    details = ("reasoning_output", "cache_read_input")
    supports_json_mode = True


class ResponsesSuite(OpenAISuite):
    params: ClassVar = {"use_responses_api": True}
    thinking: ClassVar = {"reasoning": {"effort": "low", "summary": "auto"}}
    shows_thinking = True
    supports_audio_inputs = False  # the class leaves such blocks out of what it sends

    @pytest.mark.parametrize("streamed", [False, True])
    def test_thinking_goes_back_unstored(self, streamed: bool) -> None:
        """The client carries the items of reasoning; what a vendor signed stays in the vault."""
        asked = HumanMessage("What is the weather in Rome?")
        kept: dict[str, Any] = {"store": False, "include": ["reasoning.encrypted_content"]}
        model = self.made(**self.thinking, **kept).bind_tools([weather])
        calling = (
            functools.reduce(operator.add, model.stream([asked]))
            if streamed
            else model.invoke([asked])
        )
        assert [block["type"] for block in calling.content].count("reasoning") == 1
        results = [weather.invoke(call) for call in calling.tool_calls]
        assert "sunny in Rome" in model.invoke([asked, calling, *results]).text

    def test_a_stored_answer_is_gone_on_from_by_another_model(self) -> None:
        first = self.made(use_previous_response_id=True).invoke("What is a fairlead?")
        second = self.made(model=self.model_override_value, use_previous_response_id=True)
        said = second.invoke([HumanMessage("?"), first, HumanMessage("And where is it?")]).text
        assert "And where is it?" in said
        assert "Turns: 3" in said


class AnthropicSuite(Suite):
    kind = ChatAnthropic
    thinking: ClassVar = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    barring: ClassVar[Any] = {"type": "none"}  # the class takes "none" for a tool's name
    details = ("cache_read_input", "cache_creation_input")
    supports_audio_inputs = False  # the class: "Block of type audio is not supported"


class GeminiSuite(Suite):
    kind = ChatGoogleGenerativeAI
    thinking: ClassVar = {"thinking_budget": 1024, "include_thoughts": True}
    details = ("reasoning_output", "cache_read_input")
    supports_json_mode = True
    supports_anthropic_inputs = False  # the class: "Unrecognized message part type: image"
    supports_model_override = False  # the class takes it for a setting of generateContent


class TestOpenAIOnFlash(OpenAISuite):
    name_of_model = FLASH
    details = (*OpenAISuite.details, "audio_input")


class TestOpenAIOnHaiku(OpenAISuite):
    name_of_model = HAIKU
    supports_audio_inputs = False  # the model takes none


class TestResponsesOnFlash(ResponsesSuite):
    name_of_model = FLASH


class TestResponsesOnHaiku(ResponsesSuite):
    name_of_model = HAIKU
    caches = False


class TestAnthropicOnFlash(AnthropicSuite):
    name_of_model = FLASH


class TestAnthropicOnHaiku(AnthropicSuite):
    name_of_model = HAIKU


class TestGeminiOnFlash(GeminiSuite):
    name_of_model = FLASH


class TestGeminiOnHaiku(GeminiSuite):
    name_of_model = HAIKU
    caches = False
    supports_audio_inputs = False  # the model takes none
