"""Each signature goes back into the part that it came in, and nothing else changes."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fairlead.canon import (
    Base64,
    CacheMark,
    Candidate,
    Media,
    Opaque,
    Part,
    Refusal,
    Request,
    Response,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from fairlead.vault.turns import keep, keys_of, restore

SIGNED = Signature("anthropic", "c2ln")
OTHER = Signature("gemini", "b3RoZXI=")
USER = Turn("user", (Text("What is the weather?"),), path="messages[0]")
CALL = ToolCall("call_1", "weather", '{"city":"Oslo"}')
RESULT = Turn("tool", (ToolResult("call_1", (Text("rain"),)),), path="messages[2]")


def answer(*parts: Part) -> Response:
    return Response(candidates=(Candidate(parts=parts),))


def asked(*turns: Turn) -> Request:
    return Request(model="m", turns=turns)


def echoed(*parts: Part) -> Turn:
    return Turn("assistant", parts, path="messages[1]")


def restored(kept: tuple[Part, ...], *sent: Part) -> tuple[Part, ...]:
    """An answer of `kept` is given to USER; the client comes back with `sent`."""
    held = dict(keep(answer(*kept), asked(USER)))
    return restore(asked(USER, echoed(*sent), RESULT), held.get).turns[1].parts


THOUGHT = Thinking("Oslo ...", SIGNED)
REDACTED = Thinking("", Signature("anthropic", "ZGF0YQ=="), redacted=True)


@pytest.mark.parametrize(
    ("kept", "sent", "expected"),
    [
        # Anthropic: thoughts in front of the call, echoed ones replaced, redacted ones kept.
        ((THOUGHT, CALL), (CALL,), (THOUGHT, CALL)),
        ((THOUGHT, CALL), (Thinking("Oslo ..."), CALL), (THOUGHT, CALL)),
        ((THOUGHT, REDACTED, CALL), (CALL,), (THOUGHT, REDACTED, CALL)),
        ((REDACTED, Text("hi"), CALL), (Text("hi"), CALL), (REDACTED, Text("hi"), CALL)),
        # Interleaved: each thought before its own call, though the client sends text first.
        (
            (THOUGHT, Text("a"), CALL, REDACTED, Text("b"), replace(CALL, id="call_2")),
            (Text("ab"), CALL, replace(CALL, id="call_2")),
            (THOUGHT, Text("a"), CALL, REDACTED, Text("b"), replace(CALL, id="call_2")),
        ),
        # Gemini: on the first of parallel calls only; on text; on an empty text at the end.
        (
            (replace(CALL, signature=OTHER), replace(CALL, id="call_2")),
            (CALL, replace(CALL, id="call_2")),
            (replace(CALL, signature=OTHER), replace(CALL, id="call_2")),
        ),
        ((Text("Rain.", OTHER),), (Text("Rain."),), (Text("Rain.", OTHER),)),
        ((Text("Rain."), Text("", OTHER)), (Text("Rain."),), (Text("Rain."), Text("", OTHER))),
        ((Text("Ra"), Text("in.", OTHER)), (Text("Rain."),), (Text("Ra"), Text("in.", OTHER))),
        ((Text("", OTHER), CALL), (CALL,), (Text("", OTHER), CALL)),
        # Unsigned thoughts beside a signed call are the client's to echo or not.
        (
            (Thinking("hm"), replace(CALL, signature=OTHER)),
            (CALL,),
            (replace(CALL, signature=OTHER),),
        ),
        (
            (Thinking("hm"), replace(CALL, signature=OTHER)),
            (Thinking("hm"), CALL),
            (Thinking("hm"), replace(CALL, signature=OTHER)),
        ),
        # The client changed something: what it sent stays, what no longer fits stays away.
        ((THOUGHT, Text("Rain."), CALL), (Text("Snow."), CALL), (THOUGHT, Text("Snow."), CALL)),
        ((Text("Rain.", OTHER), CALL), (Text("Snow."), CALL), (Text("Snow."), CALL)),
        (
            (THOUGHT, CALL),
            (CALL, replace(CALL, id="mine")),
            (THOUGHT, CALL, replace(CALL, id="mine")),
        ),
        (
            (THOUGHT, CALL, REDACTED, replace(CALL, id="call_2", signature=OTHER)),
            (CALL,),
            (THOUGHT, CALL, REDACTED),
        ),
        (
            (THOUGHT, CALL),
            (CALL, Opaque("anthropic", "x", b"{}"), Refusal("no")),
            (THOUGHT, CALL, Opaque("anthropic", "x", b"{}"), Refusal("no")),
        ),
        # The client's own marks stay: cache breakpoints, its form of the arguments.
        (
            (THOUGHT, Text("Rain.")),
            (Text("Ra"), Text("in.", cache=CacheMark())),
            (THOUGHT, Text("Ra"), Text("in.", cache=CacheMark())),
        ),
        (
            (Text("Ra"), Text("in.", OTHER)),
            (Text("Rain.", cache=CacheMark()),),
            (Text("Ra"), Text("in.", OTHER, cache=CacheMark())),
        ),
        (
            (replace(CALL, signature=OTHER),),
            (replace(CALL, arguments='{ "city": "Oslo" }'),),
            (replace(CALL, arguments='{ "city": "Oslo" }', signature=OTHER),),
        ),
    ],
)
def test_parts_come_back_in_place(kept, sent, expected) -> None:
    assert restored(kept, *sent) == expected


@pytest.mark.parametrize(
    "parts",
    [
        (Text("Rain."),),
        (Thinking("unsigned"), Text("Rain.")),
        (CALL, replace(CALL, id="call_2")),
        (),
        (Media("image", "image/png", Base64("AA=="), signature=OTHER),),
    ],
)
def test_an_answer_without_signatures_is_not_kept(parts) -> None:
    assert keep(answer(*parts), asked(USER)) == []


def test_keys_are_call_ids_or_else_the_text() -> None:
    assert keys_of((Text("hi"), CALL, replace(CALL, id="b"))) == ("call:call_1", "call:b")
    (by_text,) = keys_of((Text("h"), Text("i"), Thinking("hm")))
    assert (by_text,) == keys_of((Text("hi"),))
    assert (by_text,) != keys_of((Text("hi"),), 7)
    assert keys_of((Thinking("hm"), Text(""))) == ()
    assert keys_of(()) == ()


def test_every_call_of_a_turn_finds_it() -> None:
    second = replace(CALL, id="call_2")
    assert restored((THOUGHT, CALL, second), second) == (THOUGHT, second)


def test_each_of_several_candidates_is_kept() -> None:
    both = Response(
        candidates=(
            Candidate(0, (THOUGHT, Text("one"))),
            Candidate(1, (REDACTED, Text("two"))),
            Candidate(2, (Text("three"),)),
        )
    )
    held = dict(keep(both, asked(USER)))
    assert len(held) == 2
    for text, thought in (("one", THOUGHT), ("two", REDACTED)):
        got = restore(asked(USER, echoed(Text(text))), held.get)
        assert got.turns[1].parts == (thought, Text(text))


def test_the_same_words_in_another_conversation_get_nothing() -> None:
    held = dict(keep(answer(THOUGHT, Text("Done.")), asked(USER)))
    other = Turn("user", (Text("Another question"),))
    request = asked(other, echoed(Text("Done.")))
    assert restore(request, held.get) is request
    mine = asked(Turn("system", (Text("It is noon."),)), USER, echoed(Text("Done.")))
    assert restore(mine, held.get).turns[2].parts == (THOUGHT, Text("Done."))


def test_a_checksum_that_fits_by_chance_is_found_out() -> None:
    ((_, stored),) = keep(answer(THOUGHT, Text("Done.")), asked(USER))
    for said, text in ((USER, "Gone."), (Turn("user", (Text("?"),)), "Done.")):
        request = asked(said, echoed(Text(text)))
        assert restore(request, lambda key: stored) is request
    request = asked(USER, echoed(Text("Done.")))
    assert restore(request, lambda key: stored) is not request


def test_an_answer_kept_without_its_request_is_found_by_its_text_alone() -> None:
    held = dict(keep(answer(THOUGHT, Text("Done."))))
    got = restore(asked(USER, echoed(Text("Done."))), held.get)
    assert got.turns[1].parts == (THOUGHT, Text("Done."))


def test_a_name_alone_is_not_enough_for_a_call() -> None:
    held = dict(keep(answer(replace(CALL, signature=OTHER)), asked(USER)))
    request = asked(USER, echoed(replace(CALL, name="another")))
    assert restore(request, held.get) is request


@pytest.mark.parametrize(
    "turn",
    [
        echoed(THOUGHT, CALL),
        echoed(replace(CALL, signature=OTHER)),
        echoed(REDACTED, CALL),
        echoed(Text("never kept")),
        echoed(Thinking("hm")),
        echoed(),
        Turn("user", (CALL,)),
    ],
)
def test_a_turn_that_lacks_nothing_leaves_the_request_the_same_object(turn: Turn) -> None:
    held = dict(keep(answer(THOUGHT, CALL), asked(USER)))
    request = asked(USER, turn, RESULT)
    assert restore(request, held.get) is request


def test_without_assistant_turns_nothing_is_looked_up() -> None:
    def never(key: str) -> bytes | None:
        raise AssertionError(key)

    request = asked(Turn("system", (Text("Be brief."),)), USER, RESULT)
    assert restore(request, never) is request


@pytest.mark.parametrize("rubbish", [b"", b"\xc1", b"{}", b"\x92\xc4\x01a\x91\x91\x63"])
def test_an_unreadable_entry_counts_as_not_there(rubbish: bytes) -> None:
    request = asked(USER, echoed(CALL))
    assert restore(request, lambda key: rubbish) is request


def test_several_turns_each_get_their_own() -> None:
    first, second = replace(CALL, id="a"), replace(CALL, id="b")
    one, two = Thinking("one", SIGNED), Thinking("two", SIGNED)
    held = dict(keep(answer(one, first)) + keep(answer(two, second)))
    got = restore(asked(USER, echoed(first), RESULT, echoed(second), RESULT), held.get)
    assert [t.parts for t in got.turns if t.role == "assistant"] == [(one, first), (two, second)]
    assert [t.path for t in got.turns] == ["messages[0]", "messages[1]", "messages[2]"] * 1 + [
        "messages[1]",
        "messages[2]",
    ]


OPENAI = Thinking("hm", Signature("openai_responses", '{"type":"reasoning"}'))
SECOND = replace(CALL, id="call_2")


@pytest.mark.parametrize(
    ("kept", "sent", "expected"),
    [
        # "was provided without its required following item": no thought without what it led to.
        ((OPENAI, CALL), (CALL,), (OPENAI, CALL)),
        ((OPENAI, CALL, SECOND), (SECOND,), (SECOND,)),
        ((OPENAI, CALL, OPENAI, SECOND), (CALL,), (OPENAI, CALL)),
        ((OPENAI, Text("Rain.")), (Text("Rain."),), (OPENAI, Text("Rain."))),
        ((Text("Rain."), OPENAI), (Text("Rain."),), (Text("Rain."),)),
        # Words that the client put before the calls stay there, behind the first thoughts.
        ((THOUGHT, CALL), (Text("note"), CALL), (THOUGHT, Text("note"), CALL)),
        ((THOUGHT, CALL), (CALL, Text("note")), (THOUGHT, CALL, Text("note"))),
    ],
)
def test_what_belongs_together_stays_together(kept, sent, expected) -> None:
    assert restored(kept, *sent) == expected


@pytest.mark.parametrize(
    ("answers", "sent", "expected"),
    [
        # One answer in several turns: thoughts stand before its text, once.
        (
            [(THOUGHT, Text("a"), CALL, SECOND)],
            [(Text("a"),), (CALL,), (SECOND,)],
            [(THOUGHT, Text("a")), (CALL,), (SECOND,)],
        ),
        (
            [(THOUGHT, CALL, REDACTED, SECOND)],
            [(CALL,), (SECOND,)],
            [(THOUGHT, CALL), (REDACTED, SECOND)],
        ),
        # Gemini: only the first of parallel calls is signed, in whichever turn it is.
        (
            [(replace(CALL, signature=OTHER), SECOND)],
            [(CALL,), (SECOND,)],
            [(replace(CALL, signature=OTHER), SECOND)[:1], (SECOND,)],
        ),
        # Two answers in a row, each with its own.
        (
            [(THOUGHT, CALL), (REDACTED, Text("b"), SECOND)],
            [(CALL,), (Text("b"),), (SECOND,)],
            [(THOUGHT, CALL), (REDACTED, Text("b")), (SECOND,)],
        ),
        # What nobody kept is left alone.
        ([(THOUGHT, CALL)], [(Text("x"),), (Text("y"),)], [(Text("x"),), (Text("y"),)]),
    ],
)
def test_turns_in_a_row_are_looked_at_together(answers, sent, expected) -> None:
    held = {key: parts for each in answers for key, parts in keep(answer(*each), asked(USER))}
    request = asked(USER, *(echoed(*parts) for parts in sent), RESULT)
    got = restore(request, held.get)
    assert [turn.parts for turn in got.turns[1:-1]] == expected
    assert [turn.path for turn in got.turns] == [turn.path for turn in request.turns]


signatures = st.sampled_from([None, None, SIGNED, OTHER])
texts = st.builds(Text, st.text(min_size=1, max_size=4), signatures) | st.just(Text("", OTHER))
thoughts = st.builds(Thinking, st.text(max_size=4), signatures) | st.just(REDACTED)
calls = st.builds(
    ToolCall, st.just("?"), st.sampled_from(["f", "g"]), st.just("{}"), signature=signatures
)
others = st.sampled_from([Refusal("no"), Opaque("gemini", "code", b"{}")])


@st.composite
def turns(draw) -> tuple[Part, ...]:
    parts = draw(st.lists(texts | thoughts | calls | others, min_size=1, max_size=8))
    prefix = draw(st.text("abc", min_size=1, max_size=3))
    return tuple(
        replace(p, id=f"{prefix}{at}") if isinstance(p, ToolCall) else p
        for at, p in enumerate(parts)
    )


def signed(part: Part) -> bool:
    return bool(getattr(part, "signature", None)) or getattr(part, "redacted", False)


def bare(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """What a client can hold of them that knows no signatures, each part in its place."""
    drop = any(isinstance(p, Thinking) and signed(p) for p in parts)
    kept = [p for p in parts if not (isinstance(p, Thinking) and drop)]
    without = [replace(p, signature=None) if signed(p) else p for p in kept]
    return tuple(p for p in without if p != Text(""))


def as_chat(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The same as one chat message: thoughts, then the joined text, then calls."""
    flat = bare(parts)
    text = "".join(p.text for p in flat if isinstance(p, Text))
    return (
        *(p for p in flat if isinstance(p, Thinking)),
        *((Text(text),) if text else ()),
        *(p for p in flat if isinstance(p, ToolCall)),
        *(p for p in flat if not isinstance(p, Text | ToolCall | Thinking)),
    )


@pytest.mark.parametrize("strip", [bare, as_chat])
@settings(max_examples=100, deadline=None)
@given(turns(), turns())
def test_what_was_stripped_is_restored(strip: Callable, first, second) -> None:
    held: dict[str, bytes] = {}
    history: list[Turn] = [USER]
    sent: list[Turn] = [USER]
    expected: list[tuple[Part, ...]] = []
    for number, drawn in enumerate((first, second)):
        parts = tuple(
            replace(p, id=f"{number}{p.id}") if isinstance(p, ToolCall) else p for p in drawn
        )
        held.update(keep(answer(*parts), asked(*sent)))
        named = bool(keys_of(strip(parts))) and any(map(signed, parts))
        expected.append(parts if named else strip(parts))
        sent += [echoed(*strip(parts)), RESULT]
        history += [echoed(*expected[-1]), RESULT]
    got = restore(asked(*sent), held.get)
    assert got == asked(*history)
    assert restore(got, held.get) is got


@settings(max_examples=100, deadline=None)
@given(turns(), turns())
def test_nothing_of_the_client_is_lost_or_doubled(kept, sent) -> None:
    sent = bare(sent)
    got = restored(kept, *sent)
    plain = [p for p in got if not isinstance(p, Thinking)]
    assert "".join(p.text for p in plain if isinstance(p, Text)) == "".join(
        p.text for p in sent if isinstance(p, Text)
    )
    for kind in (ToolCall, Refusal, Opaque):
        ours = [
            replace(p, signature=None) if kind is ToolCall else p
            for p in plain
            if isinstance(p, kind)
        ]
        theirs = [p for p in sent if isinstance(p, kind)]
        assert sorted(map(repr, ours)) == sorted(map(repr, theirs))
