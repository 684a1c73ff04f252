"""What Bedrock takes, by botocore's service model of `bedrock-runtime`.

The model is botocore's own data, read where botocore is installed; nothing of it is copied. Every
value is checked against its shape: type, required and unknown members, one member of a union, and
the bounds of length, range, enumeration and pattern, which botocore's own validator leaves to the
service. Bytes are base64, as on the wire.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

__all__ = ["MISSING", "bedrock_faults", "model_id_fault", "service_model"]

MISSING = (
    "emulator: Bedrock needs botocore, which is not installed: pip install 'fairlead[bedrock]'"
)
_SERVICE = "bedrock-runtime"


@cache
def service_model() -> Any:  # noqa: ANN401 - botocore has no types
    """Botocore's model of the service.

    Raises:
        ImportError: botocore is not installed.
    """
    loaders: Any = import_module("botocore.loaders")
    model: Any = import_module("botocore.model")
    return model.ServiceModel(loaders.Loader().load_service_model(_SERVICE, "service-2"), _SERVICE)


def bedrock_faults(operation: str, body: object) -> Iterator[str]:
    """What is wrong with a JSON body of an operation, in the service's words."""
    shape = service_model().operation_model(operation).input_shape
    in_path = {n for n, member in shape.members.items() if member.serialization.get("location")}
    yield from _structure(shape, body, "", without=in_path)


def model_id_fault(operation: str, said: str) -> str | None:
    """What is wrong with a model's id in a path."""
    shape = service_model().operation_model(operation).input_shape.members["modelId"]
    return next(_string(shape, said, "modelId"), None)


def _walk(shape: Any, value: object, path: str) -> Iterator[str]:  # noqa: ANN401
    if getattr(shape, "is_document_type", False):
        return
    checker = _CHECKS.get(shape.type_name)
    if checker is not None:
        yield from checker(shape, value, path)


def _structure(
    shape: Any,  # noqa: ANN401
    value: object,
    path: str,
    without: set[str] = frozenset(),  # type: ignore[assignment]
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path or 'the body'}: must be an object"
        return
    members = {_wire(name, member): member for name, member in shape.members.items()}
    required = {_wire(name, shape.members[name]) for name in shape.required_members}
    for name in required - value.keys() - without:
        yield f"Value at '{_at(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, inner in value.items():
        member = members.get(name)
        if member is None or name in without:
            yield f"{_at(path, name)}: extraneous key is not permitted"
        elif inner is not None:
            yield from _walk(member, inner, _at(path, name))
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"{path}: exactly one of {', '.join(members)} must be set"


def _wire(name: str, member: Any) -> str:  # noqa: ANN401
    return str(member.serialization.get("name", name))


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _list(shape: Any, value: object, path: str) -> Iterator[str]:  # noqa: ANN401
    if not isinstance(value, list):
        yield f"{path}: must be a list"
        return
    yield from _bounded(shape, len(value), path, "length")
    for index, inner in enumerate(value):
        yield from _walk(shape.member, inner, f"{path}.{index + 1}.member")


def _map(shape: Any, value: object, path: str) -> Iterator[str]:  # noqa: ANN401
    if not isinstance(value, dict):
        yield f"{path}: must be an object"
        return
    yield from _bounded(shape, len(value), path, "length")
    for name, inner in value.items():
        yield from _walk(shape.key, name, path)
        yield from _walk(shape.value, inner, _at(path, name))


def _string(shape: Any, value: object, path: str) -> Iterator[str]:  # noqa: ANN401
    if not isinstance(value, str):
        yield f"{path}: must be a string"
        return
    told = value[:80]
    if shape.enum and value not in shape.enum:
        known = ", ".join(shape.enum)
        yield _failed(told, path, f"Member must satisfy enum value set: [{known}]")
    yield from _bounded(shape, len(value), path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield _failed(told, path, f"Member must satisfy regular expression pattern: {pattern}")


def _number(shape: Any, value: object, path: str) -> Iterator[str]:  # noqa: ANN401
    whole = shape.type_name in ("integer", "long")
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        yield f"{path}: must be a{' whole' if whole else ''} number"
        return
    yield from _bounded(shape, value, path, "value")


def _boolean(_shape: Any, value: object, path: str) -> Iterator[str]:  # noqa: ANN401
    if not isinstance(value, bool):
        yield f"{path}: must be true or false"


def _blob(shape: Any, value: object, path: str) -> Iterator[str]:  # noqa: ANN401
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        data = None
    if data is None:
        yield f"{path}: must be base64"
        return
    yield from _bounded(shape, len(data), path, "length")


def _bounded(shape: Any, size: float, path: str, what: str) -> Iterator[str]:  # noqa: ANN401
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    said = f"Value at '{path}' failed to satisfy constraint: Member must have {what}"
    if least is not None and size < least:
        yield f"{said} greater than or equal to {least}"
    if most is not None and size > most:
        yield f"{said} less than or equal to {most}"


def _failed(value: str, path: str, why: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {why}"


_CHECKS: dict[str, Callable[[Any, object, str], Iterator[str]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "blob": _blob,
}
