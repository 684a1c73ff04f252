"""Vertex AI: Gemini's generateContent and Claude's Messages behind Google Cloud's addresses."""

from fairlead.emulator.faces.vertex.claude import VertexClaudeFace, unwrap
from fairlead.emulator.faces.vertex.gemini import VertexGeminiFace
from fairlead.emulator.faces.vertex.resource import project_of

__all__ = ["VertexClaudeFace", "VertexGeminiFace", "project_of", "unwrap"]
