"""Keeping what a client cannot carry, and putting it back where it was.

An answer's parts are stored as *slots* in their order: a thought whole, of a text its length and
signature, of a tool call its id and signature, of anything else only that it stood there. An
assistant turn that comes back in a later request is found by its tool-call ids, or else by its
visible text; then the slots are gone through in order, and each takes from the turn what it names.
So each signature goes back into the part that it came in, and thoughts stand before the very calls
that they led to. The vendors' words when they don't: "Function call is missing a
thought_signature in functionCall parts." (Gemini 3), "messages.1.content.0.type: Expected
`thinking` or `redacted_thinking`, but found `tool_use`" (Anthropic). Signed media are not kept: no
other dialect lets a client send a model's image back.

What the client sent is never dropped and never changed, with one exception: its echo of thoughts
(`reasoning_content`, or OpenRouter's `reasoning_details`, which tell signatures and not where they
stood) gives way to the kept ones. A turn that holds a signature that is not kept is left alone.
Text that was changed gets no signature; a call that was left out takes its own away,
and where the vendor binds a thought to what followed it, the thought too ("Item 'rs_...' of type
'reasoning' was provided without its required following item.", OpenAI's 400).

Some clients make several turns of one answer (Gemini CLI: a Content for its text and one for each
call). Encoders join assistant's turns that stand in a row, so thoughts that were put before the
calls of the second would stand behind the text of the first. So such a run is looked at as one
turn, or as several where it holds calls of several answers, and what was put back is dealt out.

A text is a weak name: "Done." ends many conversations of one key. So `keep` is given the request
that was answered, and the name then covers all that was said before (system prompts apart). Two
conversations with the same words so far share their thoughts, others don't.

Most turns of most histories are not kept, so asking must be cheap: names are made of checksums
(CRC-32, some tenths of a microsecond), and only what is found under one is compared by a
cryptographic hash.
"""

from collections.abc import Callable
from itertools import pairwise

from msgspec import DecodeError, ValidationError
from msgspec.structs import replace

from fairlead.canon import Part, Request, Response, ToolCall, Turn
from fairlead.vault.slots import Kept, decode_kept, encode_kept, rebuilt, signed, slots_of, unsigned
from fairlead.vault.spoken import History, hash_of, text_key, visible

__all__ = ["keep", "keys_of", "restore"]

Lookup = Callable[[str], bytes | None]


def keys_of(parts: tuple[Part, ...], before: int | None = None) -> tuple[str, ...]:
    """The names under which a turn is kept: its tool-call ids, or else its visible text.

    `before` is the checksum of what was said before, None if that is not known. A turn without
    calls and text has no name.
    """
    calls = _call_keys(parts)
    if calls:
        return calls
    text = visible(parts)
    return (text_key(text, before),) if text else ()


def keep(response: Response, request: Request | None = None) -> list[tuple[str, bytes]]:
    """What to put into the vault for an answer: `(key, parts)`; nothing for most answers.

    `request` is what was answered, without which answers in plain text are kept under their text
    alone (see the module).
    """
    signed = [c.parts for c in response.candidates if _any_signed(c.parts)]
    if not signed:
        return []
    checksum, before = None, b""
    if request is not None:
        history = History(request.turns)
        checksum, before = history.checksum(len(request.turns)), history.hash(len(request.turns))
    kept: list[tuple[str, bytes]] = []
    for parts in signed:
        stored = encode_kept(Kept(hash_of(visible(parts)), before, slots_of(parts)))
        kept.extend((key, stored) for key in dict.fromkeys(keys_of(parts, checksum)))
    return kept


def restore(request: Request, lookup: Lookup) -> Request:
    """The request with kept thoughts and signatures back in its assistant turns.

    The same object if nothing was missing or nothing is known. An entry that cannot be read counts
    as not there.
    """
    history: History | None = None
    turns: list[Turn] | None = None
    end, count = 0, len(request.turns)
    for at, first in enumerate(request.turns):
        if at < end or first.role != "assistant":
            continue
        end = at + 1
        while end < count and request.turns[end].role == "assistant":
            end += 1
        if history is None:
            history = History(request.turns)
        changed = _restored_run(request.turns[at:end], at, history, lookup)
        if changed is not None:
            turns = list(request.turns) if turns is None else turns
            turns[at:end] = changed
    return request if turns is None else replace(request, turns=tuple(turns))


def _restored_run(
    run: tuple[Turn, ...], at: int, history: History, lookup: Lookup
) -> list[Turn] | None:
    """Assistant's turns in a row, the first of which stands at `at`; None if none changes."""
    if len(run) == 1:
        parts = _restored(run[0].parts, history, at, lookup)
        return None if parts is None else [replace(run[0], parts=parts)]
    turns = list(run)
    for first, end in _answers(run, lookup):
        parts = _restored(_joined(run[first:end]), history, at + first, lookup)
        if parts is not None:
            turns[first:end] = _dealt_out(run[first:end], parts)
            if end == len(run) and first == 0:
                break  # all of it is one answer
    return turns if any(a is not b for a, b in zip(turns, run, strict=True)) else None


def _joined(turns: tuple[Turn, ...]) -> tuple[Part, ...]:
    return tuple(part for turn in turns for part in turn.parts)


def _answers(run: tuple[Turn, ...], lookup: Lookup) -> list[tuple[int, int]]:
    """Where the answers in a run of turns begin and end: behind the calls of one, before another's.

    Text goes with the calls behind it, as models speak before they call. Without any kept calls
    the turns may be one answer, or else one each.
    """
    kept = [_by_calls(turn.parts, lookup) for turn in run]
    if not any(kept):
        return [(0, len(run)), *((number, number + 1) for number in range(len(run)))]
    bounds = [0]
    last = None
    for number, found in enumerate(kept):
        if found is None:
            continue
        if last is not None and found != kept[last]:
            bounds.append(last + 1)
        last = number
    return list(pairwise([*bounds, len(run)]))


def _by_calls(parts: tuple[Part, ...], lookup: Lookup) -> bytes | None:
    for key in _call_keys(parts):
        found = lookup(key)
        if found is not None:
            return found
    return None


def _dealt_out(group: tuple[Turn, ...], parts: tuple[Part, ...]) -> list[Turn]:
    """The parts in their order, each in the turn that it came from, a new one in that of the next.

    Encoders join the turns of one answer again: the order counts, and where a turn ends matters
    for the paths of losses only.
    """
    home = {_name(part): at for at, turn in enumerate(group) for part in turn.parts}
    dealt: list[list[Part]] = [[] for _ in group]
    now = 0
    new: list[Part] = []
    for part in parts:
        found = home.get(_name(part))
        if found is None:
            new.append(part)
            continue
        now = max(now, found)
        dealt[now] += [*new, part]
        new = []
    dealt[now] += new
    return [replace(turn, parts=tuple(d)) for turn, d in zip(group, dealt, strict=True)]


def _name(part: Part) -> object:
    return part.id if isinstance(part, ToolCall) else id(part)


def _restored(
    parts: tuple[Part, ...], history: History, at: int, lookup: Lookup
) -> tuple[Part, ...] | None:
    """The parts of one answer as they were; None if nothing is to be done."""
    kept = _find(parts, history, at, lookup)
    if kept is None:
        return None
    bare = parts
    if _any_signed(parts):
        bare = unsigned(parts, kept)
        if _any_signed(bare):
            return None
    whole = rebuilt(bare, kept)
    return None if whole == parts else whole


def _find(parts: tuple[Part, ...], history: "History", at: int, lookup: Lookup) -> Kept | None:
    keys = _call_keys(parts)
    text = None
    if not keys:
        text = visible(parts)
        if not text:
            return None
        bare = text_key(text, None)
        keys = (f"{bare}{history.checksum(at)}", bare)
    for key in keys:
        found = lookup(key)
        if found is None:
            continue
        try:
            kept = decode_kept(found)
        except (DecodeError, ValidationError):
            continue
        if text is None:
            return kept
        if kept.text == hash_of(text) and kept.before in {b"", history.hash(at)}:
            return kept
    return None


def _any_signed(parts: tuple[Part, ...]) -> bool:
    for part in parts:  # noqa: SIM110 - `any` over a generator takes three times as long
        if signed(part):
            return True
    return False


def _call_keys(parts: tuple[Part, ...]) -> tuple[str, ...]:
    return tuple([f"call:{part.id}" for part in parts if type(part) is ToolCall and part.id])
