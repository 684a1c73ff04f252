"""Probabilities of tokens, made up: shapes as OpenAI's, values that depend on the token alone."""

from typing import Any

__all__ = ["logprobs"]


def logprobs(tokens: list[str], most: int) -> list[dict[str, Any]]:
    """One entry a token, each with `most` of the likeliest ones."""
    return [_entry(token, most) for token in tokens]


def _entry(token: str, most: int) -> dict[str, Any]:
    raw = token.encode("utf-8", "surrogatepass")
    likely = -(1 + sum(raw) % 97) / 1000
    top = [_one(token, likely)]
    top += [_one(f"{token}{rank}", likely - rank) for rank in range(1, most)]
    return {**_one(token, likely), "top_logprobs": top[:most]}


def _one(token: str, likely: float) -> dict[str, Any]:
    raw = token.encode("utf-8", "surrogatepass")
    return {"token": token, "logprob": round(likely, 4), "bytes": list(raw)}
