"""Sends the demo's cases through the official `openai` SDK and judges the answers."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fairlead.demo.cases import Answer, Case

if TYPE_CHECKING:
    from openai import OpenAI

__all__ = ["Result", "Sender", "run_case"]

HEADERS = ("request-id", "model", "upstream", "route", "losses", "cost-usd", "emulated", "warning")


@dataclass(frozen=True)
class Result:
    """What became of one request. `fault` is empty where all was as expected."""

    case: str
    request_id: str
    model: str
    route: str
    expected: str
    fault: str
    seconds: float
    first_token: float | None
    text: str
    error: str | None = None
    losses: str = ""
    emulated: bool = False
    warning: str = ""
    cost_usd: Decimal | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True)
class _Sent:
    answer: Answer
    headers: dict[str, str]
    seconds: float
    first_token: float | None
    message: dict[str, Any] | None = None
    model: str = ""


class Sender:
    """One `openai` client at the gateway. `families` maps a family to today's model id."""

    def __init__(self, client: "OpenAI", families: dict[str, str]) -> None:
        self.client = client
        self.families = families

    def send(self, case: Case, messages: list[dict[str, Any]]) -> _Sent:
        """One request, streamed or not; an API error becomes an `Answer` with `error`."""
        from openai import APIStatusError  # noqa: PLC0415 - an extra, needed by the demo only

        options: dict[str, Any] = dict(case.options)
        if case.hints:
            options["extra_body"] = {"fairlead": case.hints}
        begun = time.perf_counter()
        # The SDK's overloads want literals; what is sent here is data.
        create: Callable[..., Any] = self.client.chat.completions.with_raw_response.create
        try:
            raw = create(model=case.model, messages=messages, stream=case.stream, **options)
            if case.stream:
                return _streamed(raw, begun)
        except APIStatusError as error:
            body = error.body if isinstance(error.body, dict) else {}
            told = str(body.get("message", error.message))
            seconds = time.perf_counter() - begun
            return _Sent(Answer(error=told), _headers(error.response.headers), seconds, None)
        done = raw.parse()
        seconds = time.perf_counter() - begun
        message = done.choices[0].message
        calls = tuple(
            (c.id, c.function.name, c.function.arguments) for c in message.tool_calls or []
        )
        total = done.usage.total_tokens if done.usage else None
        answer = Answer(message.content or "", calls, usage_total=total)
        whole = message.model_dump(exclude_none=True)
        return _Sent(answer, _headers(raw.headers), seconds, seconds, whole, done.model)


def _headers(headers: Any) -> dict[str, str]:  # noqa: ANN401 - the SDK's own type
    return {name: headers.get(f"x-fairlead-{name}", "") for name in HEADERS}


def _streamed(raw: Any, begun: float) -> _Sent:  # noqa: ANN401 - the SDK's own type
    first: float | None = None
    texts: list[str] = []
    calls: dict[int, list[str]] = {}
    total: int | None = None
    model = ""
    for chunk in raw.parse():
        model = chunk.model
        if chunk.usage is not None:
            total = chunk.usage.total_tokens
        for choice in chunk.choices:
            delta = choice.delta
            if first is None and (delta.content or delta.tool_calls):
                first = time.perf_counter() - begun
            texts.append(delta.content or "")
            for call in delta.tool_calls or []:
                entry = calls.setdefault(call.index, ["", "", ""])
                entry[0] = call.id or entry[0]
                if call.function is not None:
                    entry[1] = call.function.name or entry[1]
                    entry[2] += call.function.arguments or ""
    made = tuple((c[0], c[1], c[2]) for _, c in sorted(calls.items()))
    answer = Answer("".join(texts), made, usage_total=total)
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if made:
        message["tool_calls"] = [
            {"id": i, "type": "function", "function": {"name": n, "arguments": a}}
            for i, n, a in made
        ]
    seconds = time.perf_counter() - begun
    return _Sent(answer, _headers(raw.headers), seconds, first, message, model)


def run_case(sender: Sender, case: Case, done: Callable[[Result], None]) -> None:
    """Run a case, its follow-up too; `done` gets a result for each request."""
    sent = sender.send(case, case.messages)
    done(_judge(case, case.name, sent, sender.families, case.check(sent.answer)))
    if not case.results or sent.message is None or not sent.answer.tool_calls:
        return
    history = [*case.messages, sent.message]
    history += [
        {"role": "tool", "tool_call_id": call_id, "content": case.results.get(name, "no such tool")}
        for call_id, name, _ in sent.answer.tool_calls
    ]
    sent = sender.send(case, history)
    fault = "" if sent.answer.text.strip() else f"no text after the results: {sent.answer}"
    done(_judge(case, f"{case.name}, results", sent, sender.families, fault))


def _judge(case: Case, name: str, sent: _Sent, families: dict[str, str], fault: str) -> Result:
    headers, answer = sent.headers, sent.answer
    chosen = headers["model"]
    expected = families.get(case.expect, case.expect)
    if case.expect == "error":
        fault = fault if answer.error else f"an error was expected, {chosen} answered"
        chosen = ""
    elif answer.error:
        fault = answer.error
    elif chosen != expected:
        fault = f"{chosen} was chosen, {expected} expected"
    elif sent.model != chosen:
        fault = f"the answer names {sent.model!r}, the header {chosen!r}"
    return Result(
        case=name,
        request_id=headers["request-id"],
        model=chosen,
        route=headers["route"],
        expected=expected,
        fault=fault if headers["request-id"] else f"no request id; {fault}",
        seconds=round(sent.seconds, 4),
        first_token=None if sent.first_token is None else round(sent.first_token, 4),
        text=json.dumps(answer.tool_calls) if answer.tool_calls else answer.text[:400],
        error=answer.error,
        losses=headers["losses"],
        emulated=headers["emulated"] == "true",
        warning=headers["warning"],
    )
