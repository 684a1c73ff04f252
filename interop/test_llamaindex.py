"""LlamaIndex's classes, each with its base URL at Fairlead, on each model.

OpenAI and Anthropic look their models up in tables of their own (context window, whether it chats,
whether it calls tools) and refuse the rest; `metadata` is where a user says it instead
(docs/clients.md).
"""

from typing import Any, ClassVar

import pytest
from llama_index.core.agent.workflow import AgentStream, FunctionAgent, ToolCallResult
from llama_index.core.base.llms.types import (
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    LLMMetadata,
    TextBlock,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.google_genai import GoogleGenAI
from llama_index.llms.openai import OpenAI, OpenAIResponses
from pydantic import BaseModel
from shelf import FILES, PNG

FLASH, HAIKU = "gemini-2.5-flash", "claude-haiku-4-5-20251001"
OTHER = {FLASH: HAIKU, HAIKU: FLASH}
QUESTION = "What is a fairlead?"


class OpenAIOfFairlead(OpenAI):
    """Any model that Fairlead knows, through chat completions."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=200_000,
            num_output=self.max_tokens or -1,
            is_chat_model=True,
            is_function_calling_model=True,
            model_name=self.model,
        )


class AnthropicOfFairlead(Anthropic):
    """Any model that Fairlead knows, through messages."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=200_000,
            num_output=self.max_tokens,
            is_chat_model=True,
            is_function_calling_model=True,
            model_name=self.model,
        )


class Weather(BaseModel):
    """The weather in a city."""

    city: str
    degrees: int


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


WEATHER = FunctionTool.from_defaults(weather)


def asked(*blocks: Any) -> ChatMessage:
    return ChatMessage(role="user", blocks=list(blocks))


class Classes:
    """What each class has to do. `made` takes a model's name."""

    name_of_model: ClassVar[str]
    made: Any
    url = ""

    @pytest.fixture(autouse=True)
    def _at_the_gateway(self, gateway: str) -> None:
        self.url = gateway

    @pytest.fixture
    def llm(self) -> FunctionCallingLLM:
        return self.made(self.name_of_model)

    def test_chat(self, llm: FunctionCallingLLM) -> None:
        system = ChatMessage(role="system", content="Be brief.")
        messages = [system, asked(TextBlock(text=QUESTION))]
        said = llm.chat(messages).message.content
        assert self.name_of_model in said
        assert QUESTION in said

    async def test_achat(self, llm: FunctionCallingLLM) -> None:
        said = (await llm.achat([asked(TextBlock(text=QUESTION))])).message.content
        assert self.name_of_model in said

    def test_complete(self, llm: FunctionCallingLLM) -> None:
        assert self.name_of_model in llm.complete(QUESTION).text

    def test_a_stream_says_what_the_answer_says(self, llm: FunctionCallingLLM) -> None:
        messages = [asked(TextBlock(text=QUESTION))]
        pieces = list(llm.stream_chat(messages))
        assert len(pieces) > 2
        assert pieces[-1].message.content == llm.chat(messages).message.content
        assert "".join(piece.delta or "" for piece in pieces) == pieces[-1].message.content

    async def test_astream_complete(self, llm: FunctionCallingLLM) -> None:
        pieces = [piece async for piece in await llm.astream_complete(QUESTION)]
        assert len(pieces) > 2
        assert self.name_of_model in pieces[-1].text

    @pytest.mark.parametrize("streamed", [False, True])
    def test_parallel_calls_whose_results_another_model_reads(
        self, llm: FunctionCallingLLM, streamed: bool
    ) -> None:
        """The calls come from this class's model, the answer from the other vendor's."""
        question = asked(TextBlock(text="What is the weather in Rome and Paris?"))
        how = {"chat_history": [question], "allow_parallel_tool_calls": True}
        calling = (
            list(llm.stream_chat_with_tools([WEATHER], **how))[-1]
            if streamed
            else llm.chat_with_tools([WEATHER], **how)
        )
        calls = llm.get_tool_calls_from_response(calling)
        assert [call.tool_kwargs for call in calls] == [{"city": "Rome"}, {"city": "Paris"}]
        results = [
            ChatMessage(
                role="tool",
                content=weather(**call.tool_kwargs),
                additional_kwargs={"tool_call_id": call.tool_id, "name": call.tool_name},
            )
            for call in calls
        ]
        second = self.made(OTHER[self.name_of_model])
        history = [question, calling.message, *results]
        said = second.chat_with_tools([WEATHER], chat_history=history).message.content
        assert "sunny in Rome" in said
        assert "sunny in Paris" in said

    def test_a_tool_that_is_required(self, llm: FunctionCallingLLM) -> None:
        answer = llm.chat_with_tools([WEATHER], user_msg="Hello", tool_required=True)
        assert [call.tool_name for call in llm.get_tool_calls_from_response(answer)] == ["weather"]

    async def test_an_agent(self, llm: FunctionCallingLLM) -> None:
        run = FunctionAgent(tools=[WEATHER], llm=llm, system_prompt="Use your tools.").run(
            "What is the weather in Rome?"
        )
        events = [event async for event in run.stream_events()]
        assert "sunny in Rome" in str(await run)
        results = [event for event in events if isinstance(event, ToolCallResult)]
        assert [str(result.tool_output) for result in results] == ["sunny in Rome"]
        assert any(isinstance(event, AgentStream) and event.delta for event in events)

    def test_structured_predict(self, llm: FunctionCallingLLM) -> None:
        prompt = PromptTemplate("What is the weather in {city}?")
        made = llm.structured_predict(Weather, prompt, city="Rome")
        assert made.city == "Rome"

    async def test_astructured_predict(self, llm: FunctionCallingLLM) -> None:
        prompt = PromptTemplate("What is the weather in {city}?")
        made = await llm.astructured_predict(Weather, prompt, city="Rome")
        assert made.city == "Rome"

    def test_a_picture(self, llm: FunctionCallingLLM) -> None:
        picture = ImageBlock(image=PNG, image_mimetype="image/png")
        said = llm.chat([asked(TextBlock(text="What is it?"), picture)]).message.content
        assert f"image/png ({len(PNG)} bytes)" in said

    def test_a_document(self, llm: FunctionCallingLLM) -> None:
        data = FILES["application/pdf"]
        paper = DocumentBlock(data=data, title="notes.pdf", document_mimetype="application/pdf")
        said = llm.chat([asked(TextBlock(text="What is it?"), paper)]).message.content
        assert f"application/pdf ({len(data)} bytes)" in said

    async def test_auto(self) -> None:
        said = (await self.made("auto").achat([asked(TextBlock(text=QUESTION))])).message.content
        assert "emulated answer" in said


class OpenAIClass(Classes):
    def made(self, model: str) -> OpenAI:
        return OpenAIOfFairlead(
            model=model, api_key="any", api_base=f"{self.url}/v1", max_retries=0
        )


class ResponsesClass(Classes):
    def made(self, model: str) -> OpenAIResponses:
        return OpenAIResponses(
            model=model,
            api_key="any",
            api_base=f"{self.url}/v1",
            max_retries=0,
            context_window=200_000,
        )


class AnthropicClass(Classes):
    def made(self, model: str) -> Anthropic:
        return AnthropicOfFairlead(model=model, api_key="any", base_url=self.url, max_retries=0)


class GeminiClass(Classes):
    def made(self, model: str) -> GoogleGenAI:
        """Asks Fairlead for the model's limits, since none are given."""
        return GoogleGenAI(
            model=model, api_key="any", http_options={"base_url": self.url}, max_retries=0
        )


class TestOpenAIOnFlash(OpenAIClass):
    name_of_model = FLASH


class TestOpenAIOnHaiku(OpenAIClass):
    name_of_model = HAIKU


class TestResponsesOnFlash(ResponsesClass):
    name_of_model = FLASH


class TestResponsesOnHaiku(ResponsesClass):
    name_of_model = HAIKU


class TestAnthropicOnFlash(AnthropicClass):
    name_of_model = FLASH


class TestAnthropicOnHaiku(AnthropicClass):
    name_of_model = HAIKU


class TestGeminiOnFlash(GeminiClass):
    name_of_model = FLASH


class TestGeminiOnHaiku(GeminiClass):
    name_of_model = HAIKU
