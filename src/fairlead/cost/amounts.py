"""Amounts in JSON: decimal strings without an exponent.

`str(Decimal)` writes `5.1E-7` below a millionth and `0E-12` for a sum of nothing. Python reads
that; what people and other languages take for a decimal string does not have it.
"""

from decimal import Decimal
from typing import Any

import msgspec

__all__ = ["encode"]

_ENCODE = msgspec.json.Encoder().encode


def encode(value: object) -> bytes:
    """One JSON document; every Decimal in it as a string such as `"0.00000051"`."""
    return _ENCODE(_plain(msgspec.to_builtins(value, builtin_types=(Decimal,), str_keys=True)))


def _plain(value: Any) -> Any:  # noqa: ANN401  # JSON is anything
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
