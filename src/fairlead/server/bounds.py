"""Bounds that several settings have."""

from typing import Annotated

from msgspec import Meta

__all__ = ["Bytes", "Count", "Days", "Seconds", "SecondsOrOff", "Upload"]

Seconds = Annotated[float, Meta(gt=0, le=86_400)]
SecondsOrOff = Annotated[float, Meta(ge=0, le=86_400)]
"""With a word for what 0 means."""
Days = Annotated[float, Meta(gt=0, le=3650)]
Count = Annotated[int, Meta(ge=0, le=100_000)]
"""Of requests at once, with a word for what 0 means."""
Bytes = Annotated[int, Meta(ge=1024, le=1 << 30)]
Upload = Annotated[int, Meta(ge=1024, le=64 << 20)]
"""Bytes of what is read whole and looked through."""
