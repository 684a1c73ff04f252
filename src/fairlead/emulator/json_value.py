"""A decoded JSON value: what `msgspec.json.decode` gives without a type."""

from typing import Any

__all__ = ["JsonValue"]

JsonValue = Any
