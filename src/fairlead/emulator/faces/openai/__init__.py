"""OpenAI: chat completions, responses, embeddings, models, files and batches."""

from fairlead.emulator.faces.openai.face import OpenAIFace

__all__ = ["OpenAIFace"]
