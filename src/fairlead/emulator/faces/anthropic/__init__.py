"""Anthropic: POST /v1/messages, /v1/messages/count_tokens, GET /v1/models."""

from fairlead.emulator.faces.anthropic.face import AnthropicFace

__all__ = ["AnthropicFace"]
