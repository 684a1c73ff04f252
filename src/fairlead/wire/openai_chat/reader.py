"""Reading a client's JSON strictly: what both of OpenAI's dialects share."""

from fairlead.wire.strict_json import Reader, Unknown, check_text, join

__all__ = ["Reader", "Unknown", "check_text", "join"]
