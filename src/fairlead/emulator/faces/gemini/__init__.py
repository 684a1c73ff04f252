"""Gemini's API: generateContent and its batches, countTokens, caches, files, embeddings, models."""

from fairlead.emulator.faces.gemini.face import GeminiFace

__all__ = ["GeminiFace"]
