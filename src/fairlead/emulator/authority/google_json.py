"""Reading Google's JSON, in which a field may stand under either of its names."""

from typing import Any

from fairlead.emulator.authority.discovery import snake

__all__ = ["field", "listed"]


def field(message: dict[str, Any] | None, name: str) -> Any:  # noqa: ANN401 - any JSON value
    """A field by its camelCase name or its proto name; None when it is absent or null."""
    if not message:
        return None
    found = message.get(name)
    return message.get(snake(name)) if found is None else found


def listed(message: dict[str, Any] | None, name: str) -> list[Any]:
    """A repeated field as a list; a lone object is a list of one."""
    found = field(message, name)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]
