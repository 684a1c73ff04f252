"""Google's Gemini API: generateContent, streamGenerateContent, countTokens, models."""

from fairlead.emulator.faces.gemini.face import GeminiFace

__all__ = ["GeminiFace"]
