"""OpenAI, as plain as can be: POST /v1/chat/completions, GET /v1/models."""

from fairlead.emulator.faces.openai.face import OpenAIFace

__all__ = ["OpenAIFace"]
