"""Anthropic: messages, their count and their batches, files, models."""

from fairlead.emulator.faces.anthropic.face import AnthropicFace

__all__ = ["AnthropicFace"]
