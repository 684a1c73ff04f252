"""What a vendor says about the gateway's own account, fit to be told: short, and without secrets.

Vendors quote what they refuse: "Incorrect API key provided: sk-ab***yz", "project 123456789012",
"User: arn:aws:iam::...". The operator needs the sentence, nobody needs the quote. So what looks
like a part of a credential or of an account's name is left out, be it one or not:

- the key and the header values of the upstream, and words that begin as they do;
- words that begin as vendors' keys and tokens do, however short;
- words with stars or dots in their midst; long words that are no plain words; long numbers;
- addresses of mail.
"""

import re
from typing import Final

from fairlead.upstream.vendors import Upstream

__all__ = ["vendor_words"]

MOST: Final = 200
"""Characters that are told."""
LEFT_OUT: Final = "[...]"
_BEGINS: Final = 6
"""So many first characters of a secret give a word away."""
_SECRET_HEADERS: Final = re.compile(r"auth|key|token|secret|cookie|credential", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\s\"'`()<>\[\]{},;]+")
_KEY: Final = re.compile(
    r"(?:sk|pk|rk|xai|pplx|gsk|nvapi|fl)[-_]|AIza|AKIA|ASIA|ABSK|ya29\.|eyJ|hf_|gh[opsu]_"
)
_MASKED: Final = re.compile(r"\*{2,}|\w(?:\.{2,}|…)\w|x{4,}|X{4,}|•")
_MAIL: Final = re.compile(r"[^@]+@[^@]+\.[^@]+")
_NUMBER: Final = re.compile(r"\d{6,}")
_LONG: Final = re.compile(r"(?=.*\d)[\w\-./+=:~%&?#@$]{16,}|[\w\-+=]{20,}|[\w\-./+=:~%&?#@$]{80,}")


def vendor_words(text: str, upstream: Upstream) -> str:
    """The vendor's sentence about the account of this upstream; "" where nothing is left of it."""
    secrets = [upstream.key.reveal()]
    secrets += [value for name, value in upstream.headers if _SECRET_HEADERS.search(name)]
    secrets = [part for secret in secrets for part in secret.split() if len(part) > _BEGINS]
    text = "".join(c if c.isprintable() else " " for c in text[:4_000])
    for secret in secrets:
        text = text.replace(secret, LEFT_OUT)
    told = " ".join(_WORD.sub(lambda found: _told(found[0], secrets), text).split())
    if not told.replace(LEFT_OUT, "").strip(" .:,;"):
        return ""
    return told if len(told) <= MOST else told[: MOST - 3] + "..."


def _told(word: str, secrets: list[str]) -> str:
    bare = word.strip(".:!?")
    if not bare or word == LEFT_OUT:
        return word
    hidden = (
        _KEY.match(bare)
        or _MASKED.search(bare)
        or _MAIL.fullmatch(bare)
        or _NUMBER.search(bare)
        or _LONG.fullmatch(bare)
        or any(secret[:_BEGINS] in bare for secret in secrets)
    )
    return word.replace(bare, LEFT_OUT) if hidden else word
