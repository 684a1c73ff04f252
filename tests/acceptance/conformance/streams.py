"""Streams taken apart and put together again, by the SDKs' own accumulators where there are any."""

import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pydantic
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import RawMessageStreamEvent
from openai import omit
from openai._models import construct_type
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent

__all__ = ["ACCUMULATORS", "Broken", "events"]

Json = Any
_EVENT: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(RawMessageStreamEvent)
_RESPONSE_EVENT: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(ResponseStreamEvent)


class Broken(Exception):
    """A stream that is not what its dialect says a stream is."""


def events(data: bytes) -> Iterator[tuple[str, str]]:
    """Name and data of each server-sent event, by the rules of the HTML standard."""
    name, lines = "", list[str]()
    text = data.decode().replace("\r\n", "\n").replace("\r", "\n")
    for line in [*text.split("\n"), ""]:
        if not line:
            if lines:
                yield name, "\n".join(lines)
            name, lines = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            lines.append(value)


def chat(data: bytes) -> Json:
    """A chat completion out of its chunks, by `openai`'s accumulator."""
    state = ChatCompletionStreamState()
    ended = False
    seen_usage: Json = None
    for _, text in events(data):
        if text == "[DONE]":
            ended = True
            continue
        if ended:
            raise Broken("something follows [DONE]")
        raw = json.loads(text)
        if "error" in raw:
            raise Broken(f"error: {raw['error']}")
        chunk = construct_type(type_=ChatCompletionChunk, value=raw)  # as the SDK reads it
        assert isinstance(chunk, ChatCompletionChunk)
        seen_usage = raw.get("usage") or seen_usage
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state.handle_chunk(chunk)
    if not ended:
        raise Broken("no [DONE] at the end")
    whole: Json = state.current_completion_snapshot.model_dump(mode="json", warnings=False)
    whole["usage"] = seen_usage
    return whole


def anthropic(data: bytes) -> Json:
    """A message out of its events, by `anthropic`'s accumulator."""
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    last = ""
    for name, text in events(data):
        raw = json.loads(text)
        if name != raw["type"]:
            raise Broken(f"the event {name!r} says it is {raw['type']!r}")
        if name == "error":
            raise Broken(f"error: {raw['error']}")
        if name == "ping":
            continue
        event = _EVENT.validate_python(raw)
        snapshot = accumulate_event(event=event, current_snapshot=snapshot, json_bufs=buffers)
        last = name
    if last != "message_stop":
        raise Broken(f"the last event is {last!r}")
    whole: Json = snapshot.model_dump(mode="json", warnings=False)
    return whole


def gemini(data: bytes) -> Json:
    """One answer out of a stream of answers: parts in a row, the last word on the rest.

    The SDK has no accumulator: its chats append the contents as they come.
    """
    whole: Json = {}
    by_index: dict[int, Json] = {}
    for _, text in events(data):
        chunk = json.loads(text)
        if "error" in chunk:
            raise Broken(f"error: {chunk['error']}")
        for candidate in chunk.pop("candidates", None) or ():
            known = by_index.setdefault(candidate.get("index") or 0, {"content": {"parts": []}})
            parts = (candidate.pop("content", None) or {}).get("parts") or ()
            known["content"]["parts"] += parts
            known.update({key: value for key, value in candidate.items() if value is not None})
        whole.update({key: value for key, value in chunk.items() if value is not None})
    if by_index:
        whole["candidates"] = [by_index[index] for index in sorted(by_index)]
    return whole


def responses(data: bytes) -> Json:
    """A response out of its events, by `openai`'s accumulator."""
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    number = -1
    final: Any = None
    for name, text in events(data):
        if text == "[DONE]":
            raise Broken("[DONE] is chat's, not this dialect's")
        raw = json.loads(text)
        if name != raw["type"]:
            raise Broken(f"the event {name!r} says it is {raw['type']!r}")
        if raw.get("sequence_number") != number + 1:
            raise Broken(f"sequence_number {raw.get('sequence_number')} follows {number}")
        number += 1
        if name == "error":
            raise Broken(f"error: {raw}")
        event = _RESPONSE_EVENT.validate_python(raw)
        state.handle_event(event)
        if name in ("response.completed", "response.incomplete", "response.failed"):
            final = event.response
    if final is None:
        raise Broken("no response.completed at the end")
    whole: Json = final.model_dump(mode="json", warnings=False)
    return whole


ACCUMULATORS: dict[str, Callable[[bytes], Json]] = {
    "openai_chat": chat,
    "anthropic": anthropic,
    "gemini": gemini,
    "openai_responses": responses,
}
