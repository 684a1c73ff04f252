"""Change single top-level values of a JSON object and leave every other value verbatim."""

import msgspec

from fairlead.canon import Failure

__all__ = ["splice"]

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODER = msgspec.json.Encoder()


def splice(
    body: bytes, values: dict[str, bytes], drop: frozenset[str] | tuple[str, ...] = ()
) -> bytes:
    """`body` with the given top-level values (as JSON) replaced or added, and others dropped.

    Returns the very same bytes where nothing changes.

    Raises:
        Failure: `body` is no JSON object.
    """
    try:
        fields = _OBJECT.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Failure.invalid(f"the body is no JSON object: {error}") from error
    changed = False
    for name in drop:
        if fields.pop(name, None) is not None:
            changed = True
    for name, value in values.items():
        old = fields.get(name)
        if old is None or bytes(old) != value:
            fields[name] = msgspec.Raw(value)
            changed = True
    return _ENCODER.encode(fields) if changed else body
