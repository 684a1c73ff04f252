"""Fairlead: a self-hosted gateway and laboratory for small, fast language models."""

from fairlead.version import VERSION

__all__ = ["VERSION"]
