"""What a vendor's own schema says about a request body.

    check("anthropic", "messages", body) -> []            # accepted
    check("gemini", "generate", {"contnts": []}) -> [Fault('', 'Invalid JSON payload ...')]

Vendors: `anthropic` (operations `messages`, `count_tokens`, and the same with `_beta` behind them
for `?beta=true` or an `anthropic-beta` header), `gemini` and `vertex_gemini` (`generate`,
`count_tokens`), `openai` (`chat`, `responses`, `input_tokens`, `embeddings`, `batches`).
`jsonschema_rs` says whether a body fits, which is fast; only for one that doesn't
is it walked again in Python, to say what is wrong in the vendor's words. Schemas know nothing of
turn order, tool pairing, signatures or limits: that is `fairlead.emulator.rules`.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import islice

import jsonschema_rs

from fairlead.emulator.authority.anthropic import anthropic_definitions, anthropic_faults
from fairlead.emulator.authority.discovery import messages
from fairlead.emulator.authority.fault import Fault
from fairlead.emulator.authority.google import google_faults
from fairlead.emulator.authority.openai import openai_definitions, openai_faults

__all__ = ["Fault", "check"]

MAX_FAULTS = 100
TOO_DEEP = Fault("", "Request body is nested too deeply.")

Fits = Callable[[object], bool]
Explain = Callable[[object], Iterator[Fault]]


def check(vendor: str, op: str, body: object) -> list[Fault]:
    """What the vendor's schema has against a decoded JSON body; empty when it is accepted.

    At most 100 faults, in the order in which the vendor would name them.

    Raises:
        KeyError: no such vendor or operation.
    """
    fits, explain = _checker(vendor, op)
    try:
        if fits(body):
            return []
        return list(islice(explain(body), MAX_FAULTS)) or [Fault("", "Request body is invalid.")]
    except (RecursionError, ValueError):
        # jsonschema_rs refuses to convert what is nested beyond 255 levels.
        return [TOO_DEEP]


@cache
def _checker(vendor: str, op: str) -> tuple[Fits, Explain]:
    schema, explain = _VENDORS[vendor](op)
    return jsonschema_rs.Draft202012Validator(schema).is_valid, explain


def _anthropic(op: str) -> tuple[dict[str, object], Explain]:
    known = anthropic_definitions()
    return known.json_schema(op), partial(anthropic_faults, known, op)


def _google(vendor: str, op: str) -> tuple[dict[str, object], Explain]:
    known = messages(vendor)
    return known.json_schema(op), partial(google_faults, known, op)


def _openai(op: str) -> tuple[dict[str, object], Explain]:
    known = openai_definitions()
    return known.json_schema(op), partial(openai_faults, known, op)


_VENDORS: dict[str, Callable[[str], tuple[dict[str, object], Explain]]] = {
    "anthropic": _anthropic,
    "gemini": partial(_google, "gemini"),
    "vertex_gemini": partial(_google, "vertex_gemini"),
    "openai": _openai,
}
