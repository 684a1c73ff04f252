"""Vertex AI: Gemini's generateContent and Claude's Messages behind Google Cloud's addresses."""

from fairlead.emulator.faces.vertex.claude import VertexClaudeFace, unwrap
from fairlead.emulator.faces.vertex.gemini import VertexGeminiFace
from fairlead.emulator.faces.vertex.resource import number_of, project_of

__all__ = ["VertexClaudeFace", "VertexGeminiFace", "number_of", "project_of", "unwrap"]
