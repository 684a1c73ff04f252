"""A request's body read for how its prompt begins: the boundaries with their fingerprints.

Theory. A vendor's prompt cache holds beginnings of prompts: "Cache hits are only possible for exact
prefix matches within a prompt" (developers.openai.com/api/docs/guides/prompt-caching, 2026-11);
Anthropic's order is tools, system, messages (platform.claude.com, Prompt caching). So a prompt is
read as blocks in that order, and each block's end is a *boundary*: a fingerprint of all that stands
before it, with the tokens that this is likely to be. Two prompts share the longest beginning at
whose boundary they have the same fingerprint; nothing behind it can be cached between them.

Boundaries are where prompts end or part: behind the tools, the system prompt and each turn but the
model's own, and behind each block of the last turns and of the system prompt.

What is read is the client's JSON as it came, cut into blocks but not decoded: what differs in the
slightest is another block. Two things that change no content are levelled out, for clients that set
breakpoints change them from one request to the next: the breakpoints (`cache_control` wanders to
the last message), and the list of one text that a string becomes to carry one.

A fingerprint is a running CRC-32 and the length, encrypted as it were by BLAKE2b under a salt that
never leaves the installation. The CRC makes it cheap (a cryptographic hash of all bytes costs three
times as much) and tells any two prompts of one client apart but for one chance in four billion; the
keyed hash makes it say nothing about the text, not even whether a guess is right.
"""

import re
import struct
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from zlib import crc32

import msgspec
from msgspec import Raw, Struct

from fairlead.tokens.prefix import MOST, SYSTEM, TOOLS, WHOLE, Prefix

__all__ = ["SMALLEST", "prefix_of"]

SMALLEST = 1_536
"""Bytes of a body below which nothing is read. The least that any vendor caches is 512 tokens (the
catalogue's `limits.min_cacheable`): as much as the densest usual text, Chinese in UTF-8, has."""

FIRST, LAST = 12, 32
"""Boundaries that are always kept of more than `MOST`; of those between every second, fourth,
eighth, ... so that prompts of different lengths keep the same ones."""
BETWEEN = MOST - FIRST - LAST

PER_BYTE = 0.25
"""Tokens of a byte of JSON, frame and escapes included; only the share that a beginning has of its
own prompt is ever used, so that what they have in common cancels out."""
PER_BYTE_BEYOND = 0.37
"""Of a byte that is no ASCII: a Chinese character has three and is a token."""
TOOLS_ONCE = 1_320
"""In bytes: the prompt that Anthropic adds where there are tools (recorded: 313 to 346 tokens)."""
PER_IMAGE = 1_000
BYTES_OF_MEDIA = 40
"""Base64 characters to a token of sound, film and documents: a page of some 60,000 is 1,500."""

INNER_TURNS = 2
"""So many turns at the end are cut into their blocks, if they have `INNER_BYTES`."""
INNER_BYTES = 512
MARKED_TURNS = 4
"""So many turns at the end are searched for breakpoints."""
_NEAR = 160
_FINGERPRINT = 8


class _Body(Struct):
    """What of a request's body a vendor's model reads, in whichever dialect it is written."""

    tools: Raw = Raw(b"")
    functions: Raw = Raw(b"")
    system: Raw = Raw(b"")
    instructions: Raw = Raw(b"")
    systemInstruction: Raw = Raw(b"")  # noqa: N815 - the dialect's own name
    system_instruction: Raw = Raw(b"")
    cachedContent: Raw = Raw(b"")  # noqa: N815 - the dialect's own name
    thinking: Raw = Raw(b"")
    output_config: Raw = Raw(b"")
    tool_choice: Raw = Raw(b"")
    messages: list[Raw] = []
    input: list[Raw] | str = []
    contents: list[Raw] = []


class _Turn(Struct):
    content: list[Raw] | str | None = None
    parts: list[Raw] | None = None


class _Text(Struct, forbid_unknown_fields=True):
    type: str
    text: Raw


_BODY = msgspec.json.Decoder(_Body).decode
_TURN = msgspec.json.Decoder(_Turn).decode
_TEXTS = msgspec.json.Decoder(list[_Text]).decode
_LIST = msgspec.json.Decoder(list[Raw]).decode
_MARK_OF = struct.Struct("<IQ").pack
_INSTRUCTIONS = (
    "system",
    "instructions",
    "systemInstruction",
    "system_instruction",
    "cachedContent",
)

_MARK = b'"cache_control"'
# A quote within a JSON string has a backslash before it, so this cannot match inside a text.
_CONTROL = re.compile(rb'"cache_control"\s*:\s*(?:null|\{[^{}]*\})')
_ANSWERS = tuple(
    form % role for role in (b"assistant", b"model") for form in (b'{"role":"%s"', b'{"role": "%s"')
)
"""How the model's own turns begin. Of one that is written otherwise the end is kept as a boundary
too, which no prompt has its end at."""
_FAR = 96
"""Bytes within which a turn's content begins; written otherwise it is not levelled out."""
_LONG = 4_096
_BASE64 = (
    re.compile(rb'"([A-Za-z0-9+/_=-]{2048,})"'),
    re.compile(rb'base64,([A-Za-z0-9+/_=-]{2048,})"'),
)
_GLANCES, _GLANCE = 6, 64


class _Ends:
    """Boundaries as they are met: checksum, bytes and weight (bytes, as text has them) so far."""

    __slots__ = ("blocks", "check", "checks", "extra", "plain", "size", "sizes", "turns", "weights")

    def __init__(self, *, plain: bool) -> None:
        self.plain = plain  # whether there is nothing but ASCII
        self.check = self.size = self.extra = 0
        self.checks: list[int] = []
        self.sizes: list[int] = []
        self.weights: list[int] = []
        self.turns: list[int] = []
        self.blocks: list[int] = []

    def add(self, block: bytes) -> None:
        """Read on."""
        self.check = crc32(block, self.check)
        self.size += len(block)
        if not self.plain or len(block) >= _LONG:
            self.extra += _extra(block)

    def end(self, turn: int, block: int = WHOLE) -> None:
        """Here is a boundary."""
        self.checks.append(self.check)
        self.sizes.append(self.size)
        self.weights.append(self.size + self.extra)
        self.turns.append(turn)
        self.blocks.append(block)

    def cut(self, block: bytes, cuts: Iterator[int], turn: int) -> None:
        """A block with boundaries inside."""
        before = 0
        for number, at in enumerate(cuts):
            self.add(block[before:at])
            self.end(turn, number)
            before = at
        self.add(block[before:] if before else block)


def _extra(block: bytes) -> int:
    """By how much a block's weight differs from its bytes: it is long, so that media may be in it,
    or no ASCII.
    """
    size, extra = len(block), 0
    # A glance here and there: text has blanks, media have none. What is missed is a small part.
    glances = range(_GLANCE, size - _GLANCE, max(1, size // _GLANCES))
    if size >= _LONG and any(block.find(b" ", n, n + _GLANCE) < 0 for n in glances):
        for found in chain.from_iterable(form.finditer(block) for form in _BASE64):
            begin, end = found.span(1)
            near = block[max(0, begin - _NEAR) : begin] + block[end : end + _NEAR]
            media = PER_IMAGE if b"image" in near else (end - begin) // BYTES_OF_MEDIA
            extra += int(media / PER_BYTE) - (end - begin)
    if not block.isascii():
        beyond = size - len(block.decode("ascii", "ignore"))
        extra += int(beyond * (PER_BYTE_BEYOND / PER_BYTE - 1))
    return extra


def prefix_of(body: bytes, salt: bytes) -> Prefix | None:
    """The boundaries of the prompt that a request's body holds, in any dialect.

    `salt` keys the fingerprints, 16 to 64 bytes. None for bodies below `SMALLEST`, which costs
    nothing, and for such as are no request. Linear in the body's size.
    """
    if len(body) < SMALLEST:
        return None
    try:
        said = _BODY(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    ends = _Ends(plain=body.isascii())
    turns = said.messages or said.contents or said.input
    if isinstance(turns, str):
        _before_turns(said, ends, marked=False)
        ends.add(turns.encode("utf-8", "surrogatepass"))
        ends.end(0)
    else:
        # Whoever sets breakpoints sets one in one of these.
        where = (said.tools, said.system, *turns[:1], *turns[-MARKED_TURNS:])
        marked = any(bytes(raw).find(_MARK) >= 0 for raw in where)
        _before_turns(said, ends, marked=marked)
        _turns(turns, ends, marked=marked)
    return _keyed(ends, salt) if ends.checks else None


def _before_turns(said: _Body, ends: _Ends, *, marked: bool) -> None:
    for raw in (said.tools, said.functions):
        if len(raw) > 2:
            ends.add(b"\0tools" + (_level(bytes(raw)) if marked else bytes(raw)))
            if raw is said.tools and b'"input_schema"' in bytes(raw):
                ends.extra += TOOLS_ONCE
            ends.end(TOOLS)
    for name in _INSTRUCTIONS:
        if len(raw := getattr(said, name)) > 2:
            block = _level(bytes(raw)) if marked else bytes(raw)
            ends.add(b"\0system")
            ends.cut(block, _cuts(block, _LIST(block)) if block[:1] == b"[" else iter(()), SYSTEM)
            ends.end(SYSTEM)
    # A change of these invalidates the messages, though not always what stands before them
    # (platform.claude.com, Prompt caching, What invalidates the cache).
    settings = (said.thinking, said.output_config, said.tool_choice)
    ends.check = crc32(b"\0turns" + b"\0".join(map(bytes, settings)), ends.check)


def _turns(turns: list[Raw], ends: _Ends, *, marked: bool) -> None:
    check, size, plain = ends.check, ends.size, ends.plain
    far = max(0, len(turns) - INNER_TURNS)
    for number in range(far):
        # As `add` and `end`, in line: there may be thousands.
        block = bytes(turns[number])
        if marked:
            block = _level(block)
        check = crc32(block, check)
        size += len(block)
        if not plain or len(block) >= _LONG:
            ends.extra += _extra(block)
        if not block.startswith(_ANSWERS):
            ends.checks.append(check)
            ends.sizes.append(size)
            ends.weights.append(size + ends.extra)
            ends.turns.append(number)
    ends.check, ends.size = check, size
    ends.blocks += (WHOLE,) * (len(ends.turns) - len(ends.blocks))
    last = len(turns) - 1
    for number in range(far, len(turns)):
        block = _level(bytes(turns[number])) if marked else bytes(turns[number])
        if number == last or not block.startswith(_ANSWERS):
            ends.cut(block, _inner(block), number)
            ends.end(number)
        else:
            ends.add(block)


def _inner(block: bytes) -> Iterator[int]:
    """Where the blocks of a turn end, but for the last one."""
    if len(block) < INNER_BYTES or block.find(b"[", 0, _FAR) < 0:
        return iter(())
    try:
        turn = _TURN(block)
    except (msgspec.DecodeError, RecursionError):
        return iter(())
    parts = turn.parts if turn.parts is not None else turn.content
    return _cuts(block, parts) if isinstance(parts, list) else iter(())


def _cuts(block: bytes, parts: list[Raw]) -> Iterator[int]:
    at = 0
    for part in parts[:-1]:
        text = bytes(part)
        found = block.find(text, at)
        if found < 0:
            return
        at = found + len(text)
        yield at


def _level(block: bytes) -> bytes:
    """The block without breakpoints, and a lone text as a string."""
    begin = block.find(b"[", 0, _FAR)
    if begin < 0:
        return block  # a string has no breakpoint
    block = _unmarked(block)
    tail = 1 if block.endswith(b"}]}") else 0
    if not block.endswith(b"}]", begin, len(block) - tail):
        return block
    try:
        texts = _TEXTS(block[begin : len(block) - tail])
    except (msgspec.DecodeError, RecursionError):
        return block  # not text alone
    if len(texts) != 1:
        return block
    return block[:begin] + bytes(texts[0].text) + block[len(block) - tail :]


def _unmarked(block: bytes) -> bytes:
    at = block.find(_MARK)
    while at >= 0:
        if found := _CONTROL.match(block, at):
            before, after = block[:at].rstrip(), block[found.end() :].lstrip()
            if before.endswith(b","):
                before = before[:-1].rstrip()
            else:
                after = after.removeprefix(b",").lstrip()
            block, at = before + after, len(before) - 1
        at = block.find(_MARK, at + 1)
    return block


@lru_cache(maxsize=8)
def _keyed_with(salt: bytes) -> "blake2b":
    return blake2b(digest_size=_FINGERPRINT, key=salt)


def _keyed(ends: _Ends, salt: bytes) -> Prefix:
    """The boundaries that are kept, with their fingerprints."""
    columns = [ends.checks, ends.sizes, ends.weights, ends.turns, ends.blocks]
    if len(ends.checks) > MOST:
        kept = list(_kept(len(ends.checks)))
        columns = [[column[at] for at in kept] for column in columns]
    checks, sizes, weights, turns, blocks = columns
    copy, digests = _keyed_with(salt).copy, []
    for mark in map(_MARK_OF, checks, sizes):
        hashing = copy()
        hashing.update(mark)
        digests.append(hashing.digest())
    return Prefix(
        struct.unpack(f"<{len(digests)}Q", b"".join(digests)),
        tuple([int(weight * PER_BYTE) for weight in weights]),
        tuple(turns),
        tuple(blocks),
    )


def _kept(count: int) -> Iterator[int]:
    """Which of more than `MOST` boundaries are kept."""
    stop = count - LAST
    step = 1
    while (stop - FIRST) // step > BETWEEN - 1:
        step *= 2
    yield from range(FIRST)
    yield from range(-(-FIRST // step) * step, stop, step)
    yield from range(stop, count)
