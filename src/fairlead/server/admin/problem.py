"""Errors of the admin API."""

import msgspec

from fairlead.canon import Problem

__all__ = ["problem_json"]


def problem_json(problem: Problem) -> bytes:
    """An error in plain JSON: what is wrong, where, and what to do."""
    facts = {
        "kind": problem.kind,
        "message": problem.message,
        "param": problem.param,
        "hint": problem.hint,
    }
    return msgspec.json.encode({"error": {k: v for k, v in facts.items() if v is not None}})
