"""Which session a request belongs to: by what its client says, else by what it begins with.

Every turn of a conversation sends the same instructions and the same first words of the user again.
So these, with whose key it is, tell sessions apart; two of one key that begin alike count as one,
which is what shares want: the same beginning draws the same model, and finds its cache warm.

Coding agents begin every conversation of a project alike, but state their session: Claude Code "on
every message, the same value across turns" (github.com/yvgude/lean-ctx/issues/1730), Codex in
`session-id` (github.com/KarpelesLab/teamclaude/pull/352). `prompt_cache_key` names what shares a
cache, not a session, and is not taken for one.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from fairlead.canon import Part, Request, Text

__all__ = ["HEADERS", "session_of", "stated"]

READ: Final = 512
"""Characters of the instructions and of the first turn that are looked at, from either end."""


HEADERS: Final = (
    b"x-claude-code-session-id",
    b"session-id",
    b"session_id",
    b"x-session-id",
    b"x-session-affinity",
    b"x-opencode-session",
)
"""Where clients say their session, what is surest first."""
_NAMES = frozenset(HEADERS)
_IN_USER: Final = "_session_"
"""Older Claude Code: `metadata.user_id` is `user_<hash>_account_<id>_session_<id>`."""


def stated(headers: Iterable[tuple[bytes, bytes]], user: str | None) -> bytes | None:
    """The session that a client names in a header (in lower case), or within `user`."""
    found = {name: value for name, value in headers if name in _NAMES and value}
    for name in HEADERS if found else ():
        if name in found:
            return found[name]
    if user is not None and _IN_USER in user:
        return user.rpartition(_IN_USER)[2].encode("utf-8", "surrogatepass") or None
    return None


def session_of(request: Request, scope: str, said: bytes | None = None) -> int:
    """A number that a session's requests share. `scope` is the key's id, so that two users of the
    same prompt are two sessions; `said` is what the client calls its session.
    """
    hashing = blake2b(scope.encode(), digest_size=7)
    if said is not None:
        hashing.update(b"\2" + said)
        return int.from_bytes(hashing.digest(), "big")
    for part in request.instructions:
        hashing.update(_read(part))
    for turn in request.turns:
        if turn.role == "user":
            for part in turn.parts:
                hashing.update(_read(part))
            break
    return int.from_bytes(hashing.digest(), "big")


def _read(part: Part) -> bytes:
    if type(part) is not Text:
        return b"\0" + type(part).__name__.encode()
    text = part.text
    if len(text) > 2 * READ:
        text = f"{text[:READ]}\0{text[-READ:]}\0{len(text)}"
    return b"\1" + text.encode("utf-8", "surrogatepass")
