"""From a request to an answer: tools, JSON or text, then thinking, then the limits."""

import msgspec

from fairlead.emulator.answer.ask import Answer, Ask, Cue
from fairlead.emulator.answer.calls import call_of, calls_for
from fairlead.emulator.answer.schema_value import value_for
from fairlead.emulator.answer.subjects import subjects
from fairlead.emulator.answer.tokens import pieces
from fairlead.emulator.answer.wishes import Wishes, wishes_of
from fairlead.emulator.answer.wording import (
    echo,
    fill,
    prelude_of,
    refusal_of,
    seed_of,
    text_of,
    thinking_of,
)

__all__ = ["compose", "perform"]


def compose(ask: Ask, index: int = 0) -> Answer:
    """The answer to a request, or its candidate number `index`. Depends on nothing else."""
    wishes = wishes_of(ask.text)
    if wishes.block:
        return Answer(stop="blocked")
    if wishes.refuse:
        return Answer(text=pieces(refusal_of(ask)), stop="refusal")
    seed = seed_of(ask, index)
    answer = Answer(calls=calls_for(ask, seed), redacted=wishes.redact)
    if answer.calls:
        answer.stop = "calls"
        if ask.prelude and ask.choice == "auto":
            answer.text = pieces(prelude_of([call.name for call in answer.calls]))
    else:
        answer.text = pieces(_words(ask, wishes, seed, index))
        if wishes.pieces:
            answer.per_event = max(1, -(-len(answer.text) // wishes.pieces))
    answer.thinking = _thinking(ask, wishes, seed)
    _stop(ask, answer)
    _limit(ask, answer)
    return answer


def perform(ask: Ask, cue: Cue) -> Answer:
    """The answer that a script wants, within the limits that the request sets."""
    answer = Answer(
        text=pieces(cue.say),
        calls=[call_of(name, arguments) for name, arguments in cue.calls],
        stop="calls" if cue.calls else "end",
    )
    if cue.think is None or ask.budget == 0:
        answer.thinking = _thinking(ask, Wishes(), seed_of(ask))
    else:
        answer.thinking = pieces(cue.think)[: ask.budget]
    _stop(ask, answer)
    _limit(ask, answer)
    return answer


def _words(ask: Ask, wishes: Wishes, seed: bytes, index: int) -> str:
    if ask.json == "schema":
        about = subjects(ask.text)
        number = int.from_bytes(seed[:6])
        value = value_for(ask.schema, number, about[0] if about else "")
        if ask.bare and isinstance(value, str):
            return value
        return msgspec.json.encode(value).decode()
    if wishes.keys:
        return msgspec.json.encode({key: f"emulated {key}" for key in wishes.keys}).decode()
    if ask.json == "object":
        said = {"emulated": True, "model": ask.model, "asked": echo(ask.text), "turns": ask.turns}
        return msgspec.json.encode(said).decode()
    text = text_of(ask, index)
    return text if wishes.words is None else fill(text, wishes.words, seed)


def _thinking(ask: Ask, wishes: Wishes, seed: bytes) -> list[str]:
    if ask.budget == 0:
        return []
    if wishes.think is None:
        made = pieces(thinking_of(ask))
    else:
        made = pieces(fill(thinking_of(ask), wishes.think, seed))[: wishes.think]
    return made if ask.budget is None else made[: ask.budget]


def _stop(ask: Ask, answer: Answer) -> None:
    """Cut at the earliest stop sequence; it is not part of the answer."""
    if not ask.stop:
        return
    text = "".join(answer.text)
    found = [(text.find(s), s) for s in ask.stop if s and s in text]
    if found:
        at, answer.sequence = min(found)
        answer.text = pieces(text[:at])
        answer.stop = "sequence"
        answer.calls = []


def _limit(ask: Ask, answer: Answer) -> None:
    """Cut to max_tokens. Thinking eats first; a call that does not fit whole is left out."""
    left = ask.max_tokens
    if left is None or left >= answer.thinking_tokens + answer.spoken_tokens:
        return
    answer.stop = "limit"
    answer.sequence = None
    answer.thinking = answer.thinking[:left]
    left -= len(answer.thinking)
    answer.text = answer.text[:left]
    left -= len(answer.text)
    kept = []
    for call in answer.calls:
        if call.tokens > left:
            break
        kept.append(call)
        left -= call.tokens
    answer.calls = kept
