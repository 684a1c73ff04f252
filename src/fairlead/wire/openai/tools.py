"""What OpenAI's dialects demand of a tool that the client runs. Pure."""

from typing import Final

from msgspec import Raw

from fairlead.canon import Failure

__all__ = ["check_name", "parameters_in"]

_NOTHING: Final = (b"", b"null")


def check_name(name: str, path: str) -> None:
    """A tool's name is not empty.

    Raises:
        Failure: it is.
    """
    if not name:
        raise Failure.invalid(
            f"Invalid '{path}': empty string. Expected a string with minimum length 1, but got an "
            "empty string instead.",
            path,
            code="empty_string",
        )


def parameters_in(raw: Raw, path: str) -> bytes | None:
    """A function's `parameters`, None where there are none; `path` is the function's.

    Raises:
        Failure: they are no JSON object.
    """
    parameters = bytes(raw).strip()
    if parameters in _NOTHING:
        return None
    if not parameters.startswith(b"{"):
        raise Failure.invalid(
            f"Invalid type for '{path}.parameters': expected an object (a JSON Schema).",
            f"{path}.parameters",
            code="invalid_type",
        )
    return parameters
