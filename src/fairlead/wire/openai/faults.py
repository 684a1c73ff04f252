"""What is wrong with a request, in the words of OpenAI's own server. Pure."""

from collections.abc import Iterable

from fairlead.canon import Failure

__all__ = ["missing", "not_among"]


def missing(path: str) -> Failure:
    """A field that has to be there is not."""
    return Failure.invalid(
        f"Missing required parameter: '{path}'.", path, code="missing_required_parameter"
    )


def not_among(value: str, path: str, known: Iterable[str]) -> Failure:
    """A field is none of the words that are known, which are named in their order."""
    names = ", ".join(f"'{name}'" for name in known)
    return Failure.invalid(
        f"Invalid value for '{path}': {value[:60]!r}. Supported values are: {names}.",
        path,
        code="invalid_value",
    )
