"""What other cost calculators say of the recorded answers, at the same prices as the plain bill.

    python -m venv /tmp/calc && /tmp/calc/bin/pip install litellm genai-prices
    /tmp/calc/bin/python scripts/other_calculators.py

Neither package is a dependency of Fairlead: run it in an environment of its own. It prints, for
each calculator, how many whole answers of Anthropic, Google and OpenAI it prices as
tests/contract/plain_bill.py does, and lists the others. The bill is for tokens alone: LiteLLM reads
its fees from another object than the usage.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

from tests.acceptance.conformance.rows import Row, answers  # found by the line above
from tests.contract.plain_bill import count  # the same

PRICES = {
    "input": "1",
    "input_audio": "3",
    "cache_read": "0.10",
    "cache_read_audio": "0.30",
    "cache_write_5m": "1.25",
    "cache_write_1h": "2",
    "tool_input": "1",
    "output": "5",
    "output_audio": "20",
    "output_image": "5",
    "thinking": "5",
}
ADVISOR = Decimal(5)
VENDORS = ("anthropic", "gemini", "vertex_gemini", "openai")
NAME = "fairlead-fixed-prices"
Say = Callable[[str, Row, Any], Decimal]


def plain(counted: Counter[str]) -> Decimal:
    """Dollars of a plain count."""
    total = Decimal(0)
    for kind, number in counted.items():
        if kind.startswith("other:"):
            price = Decimal(PRICES[kind.removeprefix("other:")])
            total += number * price * ADVISOR / 1_000_000
        elif not kind.startswith("call:"):
            total += number * Decimal(PRICES[kind]) / 1_000_000
    return total


def litellm_says() -> Say:
    """LiteLLM's usage readers and its `generic_cost_per_token`, with its own search fees."""
    litellm = import_module("litellm")
    price_of = import_module("litellm.litellm_core_utils.llm_cost_calc.utils")
    of_anthropic = import_module("litellm.llms.anthropic.chat.transformation")
    of_gemini = import_module(
        "litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini"
    ).VertexGeminiConfig
    of_responses = import_module("litellm.responses.utils").ResponseAPILoggingUtils

    rates = {kind: float(usd) / 1e6 for kind, usd in PRICES.items()}
    facts = {
        "input_cost_per_token": rates["input"],
        "input_cost_per_audio_token": rates["input_audio"],
        "cache_read_input_token_cost": rates["cache_read"],
        "cache_read_input_audio_token_cost": rates["cache_read_audio"],
        "cache_creation_input_token_cost": rates["cache_write_5m"],
        "cache_creation_input_token_cost_above_1hr": rates["cache_write_1h"],
        "output_cost_per_token": rates["output"],
        "output_cost_per_reasoning_token": rates["thinking"],
        "output_cost_per_audio_token": rates["output_audio"],
        "mode": "chat",
    }
    vendors = {"anthropic": "anthropic", "gemini": "gemini"}
    for vendor in ("anthropic", "gemini", "openai"):
        name = NAME if vendor == "openai" else f"{vendor}/{NAME}"
        litellm.register_model({name: {**facts, "litellm_provider": vendor}})

    def usage_of(dialect: str, raw: Any) -> Any:  # noqa: ANN401  # JSON in, their object out
        if dialect == "anthropic":
            return of_anthropic.AnthropicConfig().calculate_usage(raw["usage"], None, raw)
        if dialect == "gemini":
            return of_gemini._calculate_usage(raw)  # noqa: SLF001  # it has no other door
        if dialect == "openai_responses":
            return of_responses.transform_response_api_usage_to_chat_usage(raw["usage"])
        return litellm.Usage(**raw["usage"])

    def say(dialect: str, _row: Row, raw: Any) -> Decimal:  # noqa: ANN401  # JSON
        usage = usage_of(dialect, raw)
        vendor = vendors.get(dialect, "openai")
        name = NAME if vendor == "openai" else f"{vendor}/{NAME}"
        cost = sum(price_of.generic_cost_per_token(name, usage, vendor))
        return Decimal(repr(round(cost, 12)))

    return say


def genai_says() -> Say:
    """genai-prices' `extract_usage` and a `ModelPrice` of the same prices."""
    extract_usage = import_module("genai_prices").extract_usage
    price_model = import_module("genai_prices.types").ModelPrice

    tokens = {
        "input_mtok": Decimal(PRICES["input"]),
        "cache_read_mtok": Decimal(PRICES["cache_read"]),
        "output_mtok": Decimal(PRICES["output"]),
    }
    writing = price_model(
        **tokens,
        cache_write_mtok=Decimal(PRICES["cache_write_5m"]),
        cache_write_1h_mtok=Decimal(PRICES["cache_write_1h"]),
    )
    # A price of cached audio demands one of written audio, which nobody has: two tables.
    hearing = price_model(
        **tokens,
        input_audio_mtok=Decimal(PRICES["input_audio"]),
        cache_audio_read_mtok=Decimal(PRICES["cache_read_audio"]),
        output_audio_mtok=Decimal(PRICES["output_audio"]),
    )
    prices = {"gemini": hearing, "openai_chat": hearing}
    doors = {
        "anthropic": ("anthropic", "default"),
        "gemini": ("google", "default"),
        "openai_chat": ("openai", "chat"),
        "openai_responses": ("openai", "responses"),
    }

    def say(dialect: str, _row: Row, raw: Any) -> Decimal:  # noqa: ANN401  # JSON
        provider, flavor = doors[dialect]
        told = extract_usage(raw, provider_id=provider, api_flavor=flavor)
        return Decimal(prices.get(dialect, writing).calc_price(told.usage)["total_price"])

    return say


def main() -> None:
    """Print how many agree, and the others."""
    for name, make in (("litellm", litellm_says), ("genai-prices", genai_says)):
        try:
            say = make()
        except ImportError as error:
            print(f"{name}: not installed ({error})")
            continue
        right, wrong = 0, []
        for dialect in ("anthropic", "gemini", "openai_chat", "openai_responses"):
            for row in answers(dialect):
                left = row.stream or row.provider not in VENDORS
                counted = None if left else count(dialect, row.answer.decode())
                if counted is None:
                    continue
                expected = plain(counted)
                try:
                    said = str(say(dialect, row, json.loads(row.answer)))
                except Exception as error:  # noqa: BLE001  # whatever it is, it is no price
                    said = f"{type(error).__name__}: {error}"[:60]
                if said[:1].isdigit() and abs(Decimal(said) - expected) < Decimal("1e-9"):
                    right += 1
                else:
                    told = {kind: number for kind, number in counted.items() if number}
                    wrong.append(f"  {row.id[:24]} {row.provider}: {said}, not {expected} {told}")
        print(f"{name}: {right} the same, {len(wrong)} not")
        print("\n".join(wrong))


if __name__ == "__main__":
    main()
