"""Errors: what both of OpenAI's dialects share."""

from fairlead.wire.openai_errors import decode_error, encode_error, problem_of

__all__ = ["decode_error", "encode_error", "problem_of"]
