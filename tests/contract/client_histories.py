"""Clients that hold a conversation in their own dialect and send it back as SDKs do.

A client that `carries` sends back every field that it got; the others send what their dialect's
documents name: no `reasoning_details`, no `extra_content`, no item ids, no thoughts.
"""

import json
from typing import Any

Json = dict[str, Any]

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


class ChatClient:
    """OpenAI's chat completions."""

    dialect = "openai_chat"

    def __init__(self, *, carries: bool, thinks: bool) -> None:
        self.carries, self.thinks = carries, thinks
        self.said: list[Json] = []
        self.open: list[tuple[str, str]] = []

    def ask(self, text: str) -> None:
        self.said.append({"role": "user", "content": text})

    def give_results(self) -> None:
        for id_, name in self.open:
            self.said.append({"role": "tool", "tool_call_id": id_, "content": f"{name} is done"})
        self.open = []

    def body(self, model: str) -> Json:
        tool = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
        more = {"reasoning_effort": "medium"} if self.thinks else {}
        return {"model": model, "messages": self.said, "tools": [tool], **more}

    def take(self, body: bytes) -> tuple[str, list[str]]:
        """Take an answer in: its visible text, and the ids of its calls."""
        message = json.loads(body)["choices"][0]["message"]
        calls = message.get("tool_calls") or []
        if not self.carries:
            plain = ("id", "type", "function")
            calls = [{k: call[k] for k in plain} for call in calls]
            message = {"role": "assistant", "content": message["content"]}
            if calls:
                message["tool_calls"] = calls
        self.said.append(message)
        self.open = [(call["id"], call["function"]["name"]) for call in calls]
        return message["content"] or "", [id_ for id_, _ in self.open]


class AnthropicClient(ChatClient):
    """Anthropic's messages."""

    dialect = "anthropic"

    def give_results(self) -> None:
        results = [
            {"type": "tool_result", "tool_use_id": id_, "content": f"{name} is done"}
            for id_, name in self.open
        ]
        self.said.append({"role": "user", "content": results})
        self.open = []

    def body(self, model: str) -> Json:
        tool = {"name": "look", "input_schema": SCHEMA}
        more = {"thinking": {"type": "enabled", "budget_tokens": 2000}} if self.thinks else {}
        return {
            "model": model, "max_tokens": 8000, "messages": self.said, "tools": [tool], **more,
        }  # fmt: skip

    def take(self, body: bytes) -> tuple[str, list[str]]:
        blocks = json.loads(body)["content"]
        self.said.append({"role": "assistant", "content": blocks})
        self.open = [(b["id"], b["name"]) for b in blocks if b["type"] == "tool_use"]
        text = "".join(b["text"] for b in blocks if b["type"] == "text")
        return text, [id_ for id_, _ in self.open]


class GeminiClient(ChatClient):
    """Gemini's generateContent. One that does not carry makes a Content of each part, as the
    Gemini CLI does, and leaves thoughts away."""

    dialect = "gemini"

    def ask(self, text: str) -> None:
        self.said.append({"role": "user", "parts": [{"text": text}]})

    def give_results(self) -> None:
        results: list[Json] = [
            {"name": name, "response": {"output": "done"}, **({"id": id_} if id_ else {})}
            for id_, name in self.open
        ]
        self.said.append({"role": "user", "parts": [{"functionResponse": r} for r in results]})
        self.open = []

    def body(self, model: str) -> Json:
        del model  # it is in the path
        tool = {"functionDeclarations": [{"name": "look", "parametersJsonSchema": SCHEMA}]}
        config: Json = {"maxOutputTokens": 8000}
        if self.thinks:
            config["thinkingConfig"] = {"includeThoughts": True, "thinkingBudget": 2000}
        return {"contents": self.said, "tools": [tool], "generationConfig": config}

    def take(self, body: bytes) -> tuple[str, list[str]]:
        parts = json.loads(body)["candidates"][0]["content"]["parts"]
        if self.carries:
            self.said.append({"role": "model", "parts": parts})
        else:
            shown = [part for part in parts if not part.get("thought")]
            self.said += [{"role": "model", "parts": [part]} for part in shown]
        calls = [part["functionCall"] for part in parts if "functionCall" in part]
        self.open = [(call.get("id", ""), call["name"]) for call in calls]
        text = "".join(p["text"] for p in parts if "text" in p and not p.get("thought"))
        return text, [id_ for id_, _ in self.open if id_]


class ResponsesClient(ChatClient):
    """OpenAI's Responses, stateless: every item goes back."""

    dialect = "openai_responses"

    def give_results(self) -> None:
        for id_, name in self.open:
            output = {"type": "function_call_output", "call_id": id_, "output": f"{name} is done"}
            self.said.append(output)
        self.open = []

    def body(self, model: str) -> Json:
        tool = {"type": "function", "name": "look", "parameters": SCHEMA, "strict": False}
        more: Json = {"reasoning": {"effort": "medium"}} if self.thinks else {}
        more |= {"store": False, "include": ["reasoning.encrypted_content"]}
        return {"model": model, "input": self.said, "tools": [tool], **more}

    def take(self, body: bytes) -> tuple[str, list[str]]:
        items = json.loads(body)["output"]
        if self.carries:
            self.said += items
        else:  # as Codex: no ids of items
            self.said += [{k: v for k, v in item.items() if k != "id"} for item in items]
        self.open = [(i["call_id"], i["name"]) for i in items if i["type"] == "function_call"]
        texts = [p["text"] for i in items if i["type"] == "message" for p in i["content"]]
        return "".join(texts), [id_ for id_, _ in self.open]


CLIENTS: dict[str, type[ChatClient]] = {
    client.dialect: client
    for client in (ChatClient, AnthropicClient, GeminiClient, ResponsesClient)
}
