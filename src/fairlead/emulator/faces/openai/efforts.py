"""How much is thought for an effort."""

from fairlead.emulator import judge

__all__ = ["budget_of"]

# Most tokens of thinking; None is dynamic. OpenAI states none: these only keep the order.
_BUDGETS = {"none": 0, "minimal": 16}


def budget_of(model: str, effort: str | None) -> int | None:
    """The budget for an effort, or for the model's own without a word."""
    return _BUDGETS.get(effort or judge.openai_facts(model).effort_default or "none")
