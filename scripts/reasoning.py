"""Write docs/reasoning.md: what each wish about thinking becomes, for every model that ships.

    python scripts/reasoning.py           write the page
    python scripts/reasoning.py --check   exit 1 if it is not what would be written

The tables are what the encoders send for the catalogue's facts, so that they cannot be wrong.
"""

import sys
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from fairlead.canon import Effort, Loss, Reasoning, Request, Text, Turn
from fairlead.catalog import load
from fairlead.catalog.model import Model
from fairlead.wire import anthropic, gemini, openai_chat
from fairlead.wire.codec import Codec, Target

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reasoning.md"
MARK: Final = "<!-- Written by `make docs` from the catalogue; edit that, not this file. -->"
CODECS: Final[dict[str, Codec]] = {
    "anthropic": anthropic.CODEC,
    "google": gemini.CODEC,
    "openai": openai_chat.CODEC,
}
BUDGETS: Final = (-1, 0, 500, 1_024, 2_000, 8_192, 16_384, 24_576, 32_000)
LEVELS: Final = ("minimal", "low", "medium", "high")

TEXT: Final = """# How much a model shall think

{mark}

Every vendor has its own way of saying how much a model shall think, and every model takes one of
them. A client says it in the words of its dialect; Fairlead says it to the model in the model's.
What a model takes, and the mapping, are facts of the [catalogue](catalog.md) (`thinking.*`), each
with its source; the tables below are what the encoders make of them.

| in the client's dialect | said as |
|---|---|
| OpenAI chat, Responses | `reasoning_effort`, `reasoning.effort`: none, minimal, low, medium, high, xhigh, max |
| Anthropic | `thinking: {{type: enabled, budget_tokens}}`, `{{type: disabled}}`, `{{type: adaptive}}`; `output_config.effort`: low to max |
| Gemini | `thinkingConfig.thinkingBudget` (0 is off, -1 leaves it to the model) or `.thinkingLevel`, never both |

Five rules:

- **Nothing said is nothing sent**, but for clients whose dialect does not think unasked: they are
  not made to pay for another model's thinking ([translation](translation.md)).
- **Off means off.** A model that cannot be switched off gets its least, and the loss says so
  (`thinking_not_off`, `thinking_stays_on`); the ledger shows what it thought all the same.
- **A budget is the most that the client would pay for.** For a model without budgets it becomes
  the largest effort whose own budget is not above it, or the least (`thinking_budget`).
- **An effort that the model has not** becomes the nearest that it has (`reasoning_effort`).
- **What the vendor would refuse gives way.** On a Claude with budgets the budget stays below
  `max_tokens`; a forced tool, a prefill and a tool loop that began without signed thinking switch
  it off (`thinking_off:...`). Adaptive thinking lives with all but the prefill.

A cell shows what is sent; `*` marks one that comes with a loss, named in `x-fairlead-losses`.

## From an effort

{efforts}

## From a budget

{budgets}

## From a level, or left to the model

{levels}

## What the models take

{facts}
"""  # noqa: E501  # rows of Markdown tables cannot be broken


def page() -> str:
    """The whole page."""
    models = [model for _, model in sorted(load().models.items())]
    efforts = [(f"`{word}`", Reasoning(effort=word)) for word in get_args(Effort)]
    budgets = [(f"{budget:,}", Reasoning(budget=budget)) for budget in BUDGETS]
    levels = [(f"`{word}`", Reasoning(level=word)) for word in LEVELS]
    levels += [
        ("adaptive", Reasoning(adaptive=True)),
        ("adaptive, `high`", Reasoning(adaptive=True, effort="high")),
    ]
    return TEXT.format(
        mark=MARK,
        efforts=_table("effort", efforts, models),
        budgets=_table("tokens", budgets, models),
        levels=_table("wish", levels, models),
        facts=_facts(models),
    )


def _table(head: str, wishes: list[tuple[str, Reasoning]], models: list[Model]) -> str:
    rows = [[name, *(_cell(*_sent(wish, model)) for model in models)] for name, wish in wishes]
    return _rows([head, *(f"`{model.id}`" for model in models)], rows)


def _rows(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _sent(wish: Reasoning, model: Model) -> tuple[dict[str, Any], tuple[Loss, ...]]:
    """The part of a body that is about thinking, and what could not be said."""
    request = Request(
        model=model.id,
        turns=(Turn("user", (Text("Hi"),), path="messages[0]"),),
        reasoning=wish,
    )
    encoded = CODECS[model.vendor].encode_request(request, Target(model.id, model))
    body = msgspec.json.decode(encoded.body)
    told = {
        **body.get("thinking", {}),
        **body.get("generationConfig", {}).get("thinkingConfig", {}),
        "effort": body.get("output_config", {}).get("effort") or body.get("reasoning_effort"),
    }
    return {key: value for key, value in told.items() if value is not None}, encoded.losses


def _cell(told: dict[str, Any], losses: tuple[Loss, ...]) -> str:
    words = {"disabled": "off", "adaptive": "adaptive"}
    said = [words[told["type"]]] if told.get("type") in words else []
    for key in ("budget_tokens", "thinkingBudget"):
        if key in told:
            budget = told[key]
            said.append({0: "off", -1: "its own"}.get(budget, f"{budget:,}"))
    said += [str(told[key]).lower() for key in ("thinkingLevel", "effort") if key in told]
    return (", ".join(said) or "its own") + (" *" if losses else "")


def _facts(models: list[Model]) -> str:
    rows = []
    for model in models:
        facts = model.thinking
        span = f"{facts.budget_min:,} to {facts.budget_max:,}" if facts.budget_max else "none"
        rows.append(
            [
                f"`{model.id}`",
                facts.kind,
                span,
                ", ".join(facts.levels) or "none",
                "yes" if facts.off else "no",
                "yes" if facts.default_on else "no",
            ]
        )
    head = ["model", "kind", "budgets", "levels", "can be switched off", "thinks unasked"]
    return _rows(head, rows)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` compare it."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text("utf-8") == text:
        return 0
    sys.stderr.write(f"{PAGE} is out of date: run `make docs`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
