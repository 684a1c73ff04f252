"""Which of the tools that a request offers plays a call of the script."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from fairlead.emulator.json_value import JsonValue
from fairlead.emulator.scripts.failure import Unplayable
from fairlead.emulator.scripts.history import Offered
from fairlead.emulator.scripts.script import Alternative

__all__ = ["Fact", "cast", "fill"]

Fact = Callable[[str], str | None]
"""The value of a fact by its name; None for what is no fact of the script."""

_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def cast(
    call: Alternative | list[Alternative], offered: Mapping[str, Offered], fact: Fact
) -> tuple[str, dict[str, Any]]:
    """The tool and its arguments: the first alternative that is offered and whose arguments its
    schema takes.

    Raises:
        Unplayable: there is none.
    """
    misfits: list[str] = []
    names: list[str] = []
    for way in call if isinstance(call, list) else [call]:
        for name in way.names:
            names.append(name)
            tool = offered.get(name)
            if tool is None:
                continue
            misfit = _misfit(tool.schema, way.args)
            if misfit is None:
                args: dict[str, Any] = fill(way.args, fact)
                return name, args
            misfits.append(f"{name} is offered, but {misfit}")
    if misfits:
        raise Unplayable("; ".join(misfits))
    there = ", ".join(offered) or "none"
    raise Unplayable(f"it calls {' or '.join(names)}, and the request offers {there}")


def fill(value: JsonValue, fact: Fact) -> JsonValue:
    """The value with facts in place of `{name}` in its texts; other braces stay."""
    if isinstance(value, str):
        return _PLACE.sub(lambda found: _stand_in(found, fact), value)
    if isinstance(value, list):
        return [fill(one, fact) for one in value]
    if isinstance(value, dict):
        return {key: fill(one, fact) for key, one in value.items()}
    return value


def _stand_in(found: re.Match[str], fact: Fact) -> str:
    value = fact(found[1])
    return found[0] if value is None else value


def _misfit(schema: JsonValue, args: dict[str, Any]) -> str | None:
    """Why a tool does not take these arguments, as far as the top of its schema tells; two agents
    may give one name to tools that take different things.
    """
    if not isinstance(schema, dict):
        return None
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return None
    for name in schema.get("required") or ():
        if name not in args:
            return f"it wants {name!r}"
    for name, value in args.items():
        if name not in properties:
            if schema.get("additionalProperties") in (None, False):
                return f"it takes no {name!r} (it takes {', '.join(properties) or 'nothing'})"
            continue
        stated = properties[name]
        kinds = stated.get("type") if isinstance(stated, dict) else None
        if isinstance(kinds, str) and not _is(value, kinds.lower()):
            return f"its {name!r} is of type {kinds.lower()}"
    return None


def _is(value: JsonValue, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean" or kind not in _TYPES
    return isinstance(value, _TYPES.get(kind, (object,)))
