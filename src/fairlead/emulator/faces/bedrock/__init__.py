"""Amazon Bedrock: Claude by InvokeModel and Converse, whole and as event streams."""

from fairlead.emulator.faces.bedrock.bodies import unwrap
from fairlead.emulator.faces.bedrock.face import BedrockFace

__all__ = ["BedrockFace", "unwrap"]
