"""A minimal request for each feature, as a client of each dialect writes it.

A feature that a dialect has no word for is missing from its table.
"""

import base64
import json
from typing import Any

from tests.acceptance.conformance.gateway import PDF, PNG

__all__ = ["FEATURES", "of"]

Body = dict[str, Any]
IMAGE = base64.b64encode(PNG).decode()
PAPER = base64.b64encode(PDF).decode()
SOUND = base64.b64encode(b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 28).decode()
FILM = base64.b64encode(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom").decode()
NOTE = "A note about the weather."
WORDS = base64.b64encode(NOTE.encode()).decode()
PICTURE_URL = "https://images.example.com/cat.png"
ASK = "What is the weather in Paris?"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "The city's name"}},
    "required": ["city"],
    "additionalProperties": False,
}
WHAT = "The weather in a city"
ARGS = {"city": "Paris"}
CITIES = ("Paris", "Rome")

FEATURES: dict[str, str] = {
    "text": "text",
    "system": "a system prompt",
    "system_later": "a system message in mid-conversation",
    "turns": "several turns",
    "prefill": "an answer's beginning (prefill)",
    "stream": "a stream",
    "image": "an image, inline",
    "image_url": "an image by its address",
    "image_detail": "an image's detail",
    "pdf": "a PDF, inline",
    "text_document": "a text document",
    "audio": "audio",
    "video": "video",
    "file": "an uploaded file",
    "tools": "tools",
    "tools_strict": "strict tools",
    "choice_required": "any tool demanded",
    "choice_named": "one tool demanded",
    "choice_none": "no tool allowed",
    "choice_allowed": "some of the tools allowed",
    "parallel_off": "one call at a time",
    "tool_loop": "a tool's result",
    "parallel_loop": "results of parallel calls",
    "tool_error": "a tool's failure",
    "tool_image": "an image in a tool's result",
    "custom_tool": "a free-text tool",
    "server_tool": "a tool that the vendor runs",
    "json_schema": "an answer by JSON schema",
    "json_schema_tools": "the same beside tools",
    "json_mode": "an answer in JSON",
    "reasoning": "reasoning, a level of effort",
    "reasoning_budget": "reasoning, a budget",
    "reasoning_off": "reasoning off",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "seed": "seed",
    "penalties": "penalties",
    "stop": "stop sequences",
    "max_tokens": "a limit on tokens",
    "n": "several answers",
    "logprobs": "log-probabilities",
    "cache": "a cache breakpoint",
    "user": "the end user's id",
    "tier": "a service tier (flex)",
    "stored": "a conversation kept by the vendor",
    "unknown": "a field that nobody knows",
}


def of(dialect: str) -> dict[str, Body]:
    """Feature to body, in the order of `FEATURES`."""
    made = _BY_DIALECT[dialect]()
    return {name: made[name] for name in FEATURES if name in made}


# ---- OpenAI chat ---------------------------------------------------------------------------------


def _chat() -> dict[str, Body]:
    function = {"name": "weather", "description": WHAT, "parameters": SCHEMA}
    tool = {"type": "function", "function": function}
    other = {"type": "function", "function": {**function, "name": "climate"}}
    tools = {"tools": [tool]}

    def said(*parts: Body) -> Body:
        return {"messages": [{"role": "user", "content": [{"type": "text", "text": ASK}, *parts]}]}

    def ask(**more: Any) -> Body:
        return {"messages": [{"role": "user", "content": ASK}], **more}

    def turn(*messages: Body, **more: Any) -> Body:
        return {"messages": [{"role": "user", "content": ASK}, *messages], **more}

    def data(mime: str, value: str) -> str:
        return f"data:{mime};base64,{value}"

    def loop(*cities: str, content: Any = "sunny") -> Body:
        calls = [
            {
                "id": f"call_{at}",
                "type": "function",
                "function": {"name": "weather", "arguments": json.dumps({"city": city})},
            }
            for at, city in enumerate(cities)
        ]
        results = [
            {"role": "tool", "tool_call_id": f"call_{at}", "content": content}
            for at in range(len(cities))
        ]
        return turn({"role": "assistant", "content": None, "tool_calls": calls}, *results, **tools)

    picture = {"type": "image_url", "image_url": {"url": data("image/png", IMAGE)}}
    allowed = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "weather"}}]}
    return {
        **_chat_knobs(tools),
        "text": ask(),
        "system": {"messages": [{"role": "system", "content": "Be brief."}, *ask()["messages"]]},
        "system_later": turn(
            {"role": "assistant", "content": "Fine."},
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "And in Rome?"},
        ),
        "turns": turn(
            {"role": "assistant", "content": "Fine."}, {"role": "user", "content": "Oh?"}
        ),
        "prefill": turn({"role": "assistant", "content": "It is"}),
        "stream": ask(stream=True),
        "image": said(picture),
        "image_url": said({"type": "image_url", "image_url": {"url": PICTURE_URL}}),
        "image_detail": said(
            {"type": "image_url", "image_url": {"url": data("image/png", IMAGE), "detail": "low"}}
        ),
        "pdf": said(
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": data("application/pdf", PAPER)},
            }
        ),
        "text_document": said(
            {"type": "file", "file": {"filename": "a.txt", "file_data": data("text/plain", WORDS)}}
        ),
        "audio": said({"type": "input_audio", "input_audio": {"data": SOUND, "format": "wav"}}),
        "video": said({"type": "video_url", "video_url": {"url": data("video/mp4", FILM)}}),
        "file": said({"type": "file", "file": {"file_id": "file-1"}}),
        "tools": ask(**tools),
        "tools_strict": ask(tools=[{"type": "function", "function": {**function, "strict": True}}]),
        "choice_required": ask(**tools, tool_choice="required"),
        "choice_named": ask(
            **tools, tool_choice={"type": "function", "function": {"name": "weather"}}
        ),
        "choice_none": ask(**tools, tool_choice="none"),
        "choice_allowed": ask(
            tools=[tool, other], tool_choice={"type": "allowed_tools", "allowed_tools": allowed}
        ),
        "parallel_off": ask(**tools, parallel_tool_calls=False),
        "tool_loop": loop("Paris"),
        "parallel_loop": loop(*CITIES),
        "tool_image": loop("Paris", content=[{"type": "text", "text": "see"}, picture]),
        "custom_tool": ask(tools=[{"type": "custom", "custom": {"name": "shout"}}]),
        "server_tool": ask(web_search_options={}),
        "cache": said({"type": "text", "text": NOTE, "cache_control": {"type": "ephemeral"}}),
    }


def _chat_knobs(tools: Body) -> dict[str, Body]:
    """What stands beside the messages."""

    def ask(**more: Any) -> Body:
        return {"messages": [{"role": "user", "content": ASK}], **more}

    answer = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}
    return {
        "json_schema": ask(response_format=answer),
        "json_schema_tools": ask(**tools, response_format=answer),
        "json_mode": {
            "messages": [{"role": "user", "content": "Answer in JSON."}],
            "response_format": {"type": "json_object"},
        },
        "reasoning": ask(reasoning_effort="medium"),
        "reasoning_off": ask(reasoning_effort="none"),
        "temperature": ask(temperature=0.5),
        "top_p": ask(top_p=0.9),
        "seed": ask(seed=7),
        "penalties": ask(frequency_penalty=0.5, presence_penalty=0.5),
        "stop": ask(stop=["END"]),
        "max_tokens": ask(max_completion_tokens=2_000),
        "n": ask(n=2),
        "logprobs": ask(logprobs=True, top_logprobs=2),
        "user": ask(user="u-1"),
        "tier": ask(service_tier="flex"),
        "unknown": ask(unheard_of=True),
    }


# ---- Anthropic -----------------------------------------------------------------------------------


def _anthropic() -> dict[str, Body]:
    tool = {"name": "weather", "description": WHAT, "input_schema": SCHEMA}
    tools = {"tools": [tool]}
    least = {"max_tokens": 2_000}

    def ask(**more: Any) -> Body:
        return {**least, "messages": [{"role": "user", "content": ASK}], **more}

    def said(*blocks: Body) -> Body:
        content = [{"type": "text", "text": ASK}, *blocks]
        return {**least, "messages": [{"role": "user", "content": content}]}

    def turn(*messages: Body, **more: Any) -> Body:
        return {**least, "messages": [{"role": "user", "content": ASK}, *messages], **more}

    def base64_(kind: str, mime: str, value: str) -> Body:
        return {"type": kind, "source": {"type": "base64", "media_type": mime, "data": value}}

    def loop(*cities: str, content: Any = "sunny", **more: Any) -> Body:
        calls = [
            {"type": "tool_use", "id": f"toolu_{at}", "name": "weather", "input": {"city": city}}
            for at, city in enumerate(cities)
        ]
        results = [
            {"type": "tool_result", "tool_use_id": f"toolu_{at}", "content": content, **more}
            for at in range(len(cities))
        ]
        return turn(
            {"role": "assistant", "content": calls}, {"role": "user", "content": results}, **tools
        )

    answer = {"format": {"type": "json_schema", "schema": SCHEMA}}
    picture = base64_("image", "image/png", IMAGE)
    document = {"type": "text", "media_type": "text/plain", "data": NOTE}
    return {
        "text": ask(),
        "system": ask(system="Be brief."),
        "turns": turn(
            {"role": "assistant", "content": "Fine."}, {"role": "user", "content": "Oh?"}
        ),
        "prefill": turn({"role": "assistant", "content": "It is"}),
        "stream": ask(stream=True),
        "image": said(picture),
        "image_url": said({"type": "image", "source": {"type": "url", "url": PICTURE_URL}}),
        "pdf": said(base64_("document", "application/pdf", PAPER)),
        "text_document": said({"type": "document", "source": document}),
        "file": said({"type": "document", "source": {"type": "file", "file_id": "file_1"}}),
        "tools": ask(**tools),
        "tools_strict": ask(tools=[{**tool, "strict": True}]),
        "choice_required": ask(**tools, tool_choice={"type": "any"}),
        "choice_named": ask(**tools, tool_choice={"type": "tool", "name": "weather"}),
        "choice_none": ask(**tools, tool_choice={"type": "none"}),
        "parallel_off": ask(
            **tools, tool_choice={"type": "auto", "disable_parallel_tool_use": True}
        ),
        "tool_loop": loop("Paris"),
        "parallel_loop": loop(*CITIES),
        "tool_error": loop("Paris", content="no such city", is_error=True),
        "tool_image": loop("Paris", content=[{"type": "text", "text": "see"}, picture]),
        "server_tool": ask(tools=[{"type": "web_search_20250305", "name": "web_search"}]),
        "json_schema": ask(output_config=answer),
        "json_schema_tools": ask(**tools, output_config=answer),
        "reasoning": ask(thinking={"type": "adaptive"}, output_config={"effort": "medium"}),
        "reasoning_budget": ask(thinking={"type": "enabled", "budget_tokens": 1_024}),
        "reasoning_off": ask(thinking={"type": "disabled"}),
        "temperature": ask(temperature=0.5),
        "top_p": ask(top_p=0.9),
        "top_k": ask(top_k=40),
        "stop": ask(stop_sequences=["END"]),
        "max_tokens": ask(),
        "cache": said({"type": "text", "text": NOTE, "cache_control": {"type": "ephemeral"}}),
        "user": ask(metadata={"user_id": "u-1"}),
        "stored": ask(container="container_1"),
        "unknown": ask(unheard_of=True),
    }


# ---- Gemini --------------------------------------------------------------------------------------


def _gemini() -> dict[str, Body]:
    function = {"name": "weather", "description": WHAT, "parametersJsonSchema": SCHEMA}
    other = {**function, "name": "climate"}
    tools = {"tools": [{"functionDeclarations": [function]}]}

    def said(*parts: Body, **more: Any) -> Body:
        return {"contents": [{"role": "user", "parts": [{"text": ASK}, *parts]}], **more}

    def turn(*contents: Body, **more: Any) -> Body:
        return {"contents": [{"role": "user", "parts": [{"text": ASK}]}, *contents], **more}

    def config(**more: Any) -> Body:
        return said(generationConfig=more)

    def calling(mode: str, *names: str) -> Body:
        said_ = {"mode": mode, **({"allowedFunctionNames": list(names)} if names else {})}
        return said(
            tools=[{"functionDeclarations": [function, other]}],
            toolConfig={"functionCallingConfig": said_},
        )

    def inline(mime: str, value: str) -> Body:
        return {"inlineData": {"mimeType": mime, "data": value}}

    def loop(*cities: str, key: str = "output", **more: Any) -> Body:
        calls = [{"functionCall": {"name": "weather", "args": {"city": c}}} for c in cities]
        response = {"name": "weather", "response": {key: "sunny"}, **more}
        results = [{"functionResponse": response} for _ in cities]
        return turn({"role": "model", "parts": calls}, {"role": "user", "parts": results}, **tools)

    model = {"role": "model", "parts": [{"text": "It is"}]}
    answer = {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    film = {"mimeType": "video/mp4", "fileUri": "https://generativelanguage.googleapis.com/files/1"}
    return {
        "text": said(),
        "system": said(systemInstruction={"parts": [{"text": "Be brief."}]}),
        "turns": turn(model, {"role": "user", "parts": [{"text": "Oh?"}]}),
        "prefill": turn(model),
        "stream": said(),
        "image": said(inline("image/png", IMAGE)),
        "image_url": said({"fileData": {"mimeType": "image/png", "fileUri": PICTURE_URL}}),
        "pdf": said(inline("application/pdf", PAPER)),
        "text_document": said(inline("text/plain", WORDS)),
        "audio": said(inline("audio/wav", SOUND)),
        "video": said(inline("video/mp4", FILM)),
        "file": said({"fileData": film}),
        "tools": said(**tools),
        "choice_required": calling("ANY"),
        "choice_named": calling("ANY", "weather"),
        "choice_none": calling("NONE"),
        "choice_allowed": calling("VALIDATED", "weather"),
        "tool_loop": loop("Paris"),
        "parallel_loop": loop(*CITIES),
        "tool_error": loop("Paris", key="error"),
        "tool_image": loop("Paris", parts=[inline("image/png", IMAGE)]),
        "server_tool": said(tools=[{"googleSearch": {}}]),
        "json_schema": config(**answer),
        "json_schema_tools": {**config(**answer), **tools},
        "json_mode": config(responseMimeType="application/json"),
        "reasoning": config(thinkingConfig={"thinkingLevel": "medium"}),
        "reasoning_budget": config(thinkingConfig={"thinkingBudget": 1_024}),
        "reasoning_off": config(thinkingConfig={"thinkingBudget": 0}),
        "temperature": config(temperature=0.5),
        "top_p": config(topP=0.9),
        "top_k": config(topK=40),
        "seed": config(seed=7),
        "penalties": config(frequencyPenalty=0.5, presencePenalty=0.5),
        "stop": config(stopSequences=["END"]),
        "max_tokens": config(maxOutputTokens=2_000),
        "n": config(candidateCount=2),
        "logprobs": config(responseLogprobs=True, logprobs=2),
        "tier": said(serviceTier="flex"),
        "stored": said(cachedContent="cachedContents/1"),
        "unknown": said(unheardOf=True),
    }


# ---- OpenAI responses ----------------------------------------------------------------------------


def _responses() -> dict[str, Body]:
    tool: Body = {"type": "function", "name": "weather", "description": WHAT, "strict": False}
    tool["parameters"] = SCHEMA
    other = {**tool, "name": "climate"}
    tools = {"tools": [tool]}

    def ask(**more: Any) -> Body:
        return {"input": ASK, **more}

    def said(*parts: Body) -> Body:
        return {
            "input": [{"role": "user", "content": [{"type": "input_text", "text": ASK}, *parts]}]
        }

    def turn(*items: Body, **more: Any) -> Body:
        return {"input": [{"role": "user", "content": ASK}, *items], **more}

    def loop(*cities: str, output: Any = "sunny") -> Body:
        calls = [
            {
                "type": "function_call",
                "call_id": f"call_{at}",
                "name": "weather",
                "arguments": json.dumps({"city": city}),
            }
            for at, city in enumerate(cities)
        ]
        results = [
            {"type": "function_call_output", "call_id": f"call_{at}", "output": output}
            for at in range(len(cities))
        ]
        return turn(*calls, *results, **tools)

    answer = {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA}}
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{IMAGE}"}
    allowed = {"type": "allowed_tools", "mode": "auto"}
    return {
        "text": ask(),
        "system": ask(instructions="Be brief."),
        "system_later": turn(
            {"role": "assistant", "content": "Fine."},
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "And in Rome?"},
        ),
        "turns": turn(
            {"role": "assistant", "content": "Fine."}, {"role": "user", "content": "Oh?"}
        ),
        "prefill": turn({"role": "assistant", "content": "It is"}),
        "stream": ask(stream=True),
        "image": said(picture),
        "image_url": said({"type": "input_image", "image_url": PICTURE_URL}),
        "image_detail": said({**picture, "detail": "low"}),
        "pdf": said(
            {
                "type": "input_file",
                "filename": "a.pdf",
                "file_data": f"data:application/pdf;base64,{PAPER}",
            }
        ),
        "text_document": said(
            {
                "type": "input_file",
                "filename": "a.txt",
                "file_data": f"data:text/plain;base64,{WORDS}",
            }
        ),
        "file": said({"type": "input_file", "file_id": "file-1"}),
        "tools": ask(**tools),
        "tools_strict": ask(tools=[{**tool, "strict": True}]),
        "choice_required": ask(**tools, tool_choice="required"),
        "choice_named": ask(**tools, tool_choice={"type": "function", "name": "weather"}),
        "choice_none": ask(**tools, tool_choice="none"),
        "choice_allowed": ask(
            tools=[tool, other],
            tool_choice={**allowed, "tools": [{"type": "function", "name": "weather"}]},
        ),
        "parallel_off": ask(**tools, parallel_tool_calls=False),
        "tool_loop": loop("Paris"),
        "parallel_loop": loop(*CITIES),
        "tool_image": loop("Paris", output=[{"type": "input_text", "text": "see"}, picture]),
        "custom_tool": ask(tools=[{"type": "custom", "name": "shout"}]),
        "server_tool": ask(tools=[{"type": "web_search"}]),
        "json_schema": ask(text=answer),
        "json_schema_tools": ask(**tools, text=answer),
        "json_mode": turn(
            {"role": "user", "content": "Answer in JSON."}, text={"format": {"type": "json_object"}}
        ),
        "reasoning": ask(reasoning={"effort": "medium"}),
        "reasoning_off": ask(reasoning={"effort": "none"}),
        "temperature": ask(temperature=0.5),
        "top_p": ask(top_p=0.9),
        "max_tokens": ask(max_output_tokens=2_000),
        "logprobs": ask(top_logprobs=2, include=["message.output_text.logprobs"]),
        "user": ask(user="u-1"),
        "tier": ask(service_tier="flex"),
        "stored": ask(conversation="conv_1"),
        "unknown": ask(unheard_of=True),
    }


_BY_DIALECT = {
    "openai_chat": _chat,
    "openai_responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
}
