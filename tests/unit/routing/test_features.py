"""What is read off a request: modalities, needs, counts, hints."""

from base64 import b64encode

import msgspec
import pytest

from fairlead.canon import (
    Base64,
    FunctionTool,
    Media,
    OutputFormat,
    Request,
    Text,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
    Url,
)
from fairlead.catalog import load
from fairlead.catalog.keys import FEATURES as KNOWN
from fairlead.routing import Features, Hints, extract, prompt_tokens_for

HELLO = (Turn("user", (Text("hello there"),)),)
TOOL = FunctionTool("get_weather", "Weather of a city", b'{"type":"object"}')


def request(**rest: object) -> Request:
    return Request(**{"model": "auto", "turns": HELLO, **rest})  # type: ignore[arg-type]


def test_a_small_chat() -> None:
    features = extract(request(max_tokens=50, stream=True))
    assert features == Features(
        prompt_tokens=features.prompt_tokens,
        prompt_tokens_high=features.prompt_tokens_high,
        max_tokens=50,
        turns=1,
        stream=True,
        task="chat",
        task_evidence="says hello",
    )
    assert 5 <= features.prompt_tokens <= 20 <= features.prompt_tokens_high


def test_hints_are_taken() -> None:
    hints = Hints(task="science", latency="interactive", budget="tight")
    features = extract(request(), hints)
    assert (features.task, features.latency, features.budget) == ("science", "interactive", "tight")
    assert features.task_evidence == "the client says so"


@pytest.mark.parametrize(
    ("rest", "needs"),
    [
        ({}, ()),
        ({"tools": (TOOL,)}, ("tools",)),
        ({"tools": (TOOL,), "tool_choice": ToolChoice("auto")}, ("tools",)),
        ({"tools": (TOOL,), "tool_choice": ToolChoice("none")}, ()),
        ({"tools": (TOOL,), "tool_choice": ToolChoice("required")}, ("tools", "forced_tools")),
        (
            {"tools": (TOOL,), "tool_choice": ToolChoice("named", ("get_weather",))},
            ("tools", "forced_tools"),
        ),
        ({"output": OutputFormat("text")}, ()),
        ({"output": OutputFormat("json")}, ("json",)),
        ({"output": OutputFormat("json_schema", "s", b"{}")}, ("json_schema",)),
        ({"n": 1}, ()),
        ({"n": 3}, ("n",)),
        ({"logprobs": True}, ()),
        ({"modalities": ("text", "audio")}, ("audio_output",)),
        ({"turns": (*HELLO, Turn("assistant", (Text("I"),)))}, ("prefill",)),
    ],
)
def test_needs(rest: dict[str, object], needs: tuple[str, ...]) -> None:
    assert extract(request(**rest)).needs == needs


def test_needs_are_features_that_the_catalogue_knows() -> None:
    everything = request(
        tools=(TOOL,),
        tool_choice=ToolChoice("required"),
        output=OutputFormat("json_schema", "s", b"{}"),
        n=2,
        turns=(*HELLO, Turn("assistant", (Text("I"),))),
    )
    assert set(extract(everything).needs) <= set(KNOWN)


def test_modalities_are_found_wherever_they_stand() -> None:
    png = Media("image", "image/png", Url("https://example.org/a.png"))
    pdf = Media("document", "application/pdf", Base64("JVBERi0="))
    wav = Media("audio", "audio/wav", Base64("UklGRg=="))
    assert extract(request(turns=(Turn("user", (png,)),))).modalities == ("text", "image")
    inner = Turn("tool", (ToolResult("1", (Text("x"), pdf)),))
    assert extract(request(turns=(*HELLO, inner))).modalities == ("text", "document")
    both = extract(request(turns=(Turn("user", (wav, png)),), instructions=(pdf,)))
    assert both.modalities == ("text", "image", "audio", "document")


def test_media_are_weighed_wherever_they_stand() -> None:
    small, large = b"p" * 500, b"p" * 1_000
    given = [Base64(b64encode(data).decode()) for data in (small, large)]
    pdf = b"%PDF-1.7\n" + b"<< /Type /Page >>\n" * 3
    page = Media("document", "", Base64(b64encode(pdf).decode()))
    turns = (
        Turn("user", (Text("x"), Media("image", "image/png", given[0]), page)),
        Turn("tool", (ToolResult("1", (Media("image", "image/png", given[1]), page)),)),
        Turn("user", (Media("image", "", Url("https://example.org/a.png")),)),
        Turn("user", (Media("video", "video/mp4", Url("https://example.org/a.mp4")),)),
        Turn("user", (Media("document", "text/plain", given[1]),)),
    )
    features = extract(request(turns=turns))
    assert (features.images, features.image_bytes, features.videos) == (3, 1_000, 1)
    assert (features.document_bytes, features.document_pages, features.pages) == (len(pdf), 3, 6)
    assert features.inline_bytes == sum(
        len(b64encode(data)) for data in (small, large, large, pdf, pdf)
    )


def test_a_text_weighs_nothing_and_stores_nothing() -> None:
    stored = msgspec.to_builtins(extract(request()))
    assert not {"images", "image_bytes", "inline_bytes", "pages"} & set(stored)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 1_000])
def test_bytes_are_told_from_base64(size: int) -> None:
    image = Media("image", "image/png", Base64(b64encode(b"p" * size).decode()))
    assert extract(request(turns=(Turn("user", (image,)),))).image_bytes == size


def test_turns_are_those_of_user_and_assistant() -> None:
    turns = (
        Turn("system", (Text("Be kind."),)),
        *HELLO,
        Turn("assistant", (ToolCall("1", "f", "{}"),)),
        Turn("tool", (ToolResult("1", (Text("x"),)),)),
    )
    assert extract(request(turns=turns)).turns == 2


def test_an_estimate_for_one_model() -> None:
    models = load().models
    haiku, flash = models["claude-haiku-4-5-20251001"], models["gemini-2.5-flash"]
    features = Features(prompt_tokens=1_000, tools=1)
    assert prompt_tokens_for(features, haiku) == 1_000 + haiku.tool_overhead_tokens
    assert prompt_tokens_for(features, flash) == 900
    assert prompt_tokens_for(Features(prompt_tokens=1_000), haiku) == 1_000


def test_an_empty_request_is_no_accident() -> None:
    features = extract(Request(model="auto", turns=()))
    assert features.task == "other"
    assert features.prompt_tokens < 10
