"""The fold: whatever way an answer is told, it is the same answer."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.canon import (
    Candidate,
    Citation,
    Delta,
    Finish,
    Finished,
    Folder,
    Logprobs,
    Media,
    Opaque,
    PartStart,
    PartStop,
    Problem,
    Refusal,
    Response,
    Signature,
    Start,
    StreamError,
    Text,
    Thinking,
    ToolCall,
    Url,
    Usage,
    UsageUpdate,
    fold,
    unfold,
)

signatures = st.none() | st.builds(Signature, st.just("gemini"), st.text(min_size=1))
parts = st.one_of(
    st.builds(Text, st.text(), signature=signatures),
    st.builds(Refusal, st.text()),
    st.builds(Thinking, st.text(), signatures, st.booleans()),
    st.builds(ToolCall, st.text(min_size=1), st.text(min_size=1), st.text(), signature=signatures),
    st.builds(Opaque, st.just("gemini"), st.text(), st.binary()),
    st.just(Media("image", "image/png", Url("https://example.com/a.png"))),
)
usages = st.none() | st.builds(Usage, st.integers(0, 10**6), output=st.integers(0, 10**6))
finishes = st.none() | st.builds(Finish, st.sampled_from(["stop", "length", "tool_calls"]))
candidates = st.builds(
    Candidate, parts=st.lists(parts, max_size=5).map(tuple), finish=finishes
)  # fmt: skip


@st.composite
def responses(draw: st.DrawFn) -> Response:
    several = draw(st.lists(candidates, max_size=3))
    # A candidate of which nothing is told is not there: events cannot tell of it.
    told = [c for c in several if c.parts or c.finish]
    numbered = tuple(Candidate(index=i, parts=c.parts, finish=c.finish) for i, c in enumerate(told))
    return Response(
        id=draw(st.text()), model=draw(st.text()), created=draw(st.none() | st.integers(0, 10**9)),
        candidates=numbered, usage=draw(usages),
    )  # fmt: skip


@given(responses())
def test_fold_undoes_unfold(response: Response) -> None:
    assert fold(unfold(response)) == response


@given(responses(), st.data())
def test_how_texts_are_cut_changes_nothing(response: Response, data: st.DataObject) -> None:
    folder = Folder()
    for event in unfold(response):
        if isinstance(event, Delta) and len(event.text) > 1:
            cut = data.draw(st.integers(1, len(event.text) - 1))
            folder.add(Delta(event.index, event.text[:cut], candidate=event.candidate))
            folder.add(Delta(event.index, event.text[cut:], candidate=event.candidate))
        else:
            folder.add(event)
    assert folder.response() == response


def test_the_last_usage_counts_and_the_first_start() -> None:
    events = [Start("a", "m", 1), UsageUpdate(Usage(1)), Start("b", "n", 2), UsageUpdate(Usage(7))]
    assert fold(events) == Response(id="a", model="m", created=1, usage=Usage(7))


def test_parallel_calls_may_interleave() -> None:
    events = [
        PartStart(0, ToolCall("a", "f", "")),
        PartStart(1, ToolCall("b", "f", "")),
        Delta(0, '{"x"'),
        Delta(1, '{"y"'),
        Delta(0, ":1}"),
        Delta(1, ":2}"),
        PartStop(0),
        PartStop(1),
        Finished(Finish("tool_calls")),
    ]
    parts = fold(events).candidates[0].parts
    assert parts == (ToolCall("a", "f", '{"x":1}'), ToolCall("b", "f", '{"y":2}'))


def test_citations_are_appended_and_a_signature_is_set() -> None:
    note = Citation("anthropic", b"{}")
    mine = Signature("anthropic", "s")
    events = [PartStart(0, Text("")), Delta(0, "a", citation=note), Delta(0, signature=mine)]
    assert fold(events).candidates[0].parts == (Text("a", mine, (note,)),)


def test_logprobs_of_several_chunks_are_one_array() -> None:
    events = [Logprobs("openai_chat", b"[1,2]"), Logprobs("openai_chat", b"[]"),
              Logprobs("openai_chat", b" [3] ")]  # fmt: skip
    assert fold(events).candidates[0].logprobs == ("openai_chat", b"[1,2,3]")


def test_an_error_is_kept_beside_what_came_before() -> None:
    folder = Folder()
    folder.add(Delta(0, "half"))
    folder.add(StreamError(Problem("upstream", "gone")))
    assert folder.problem == Problem("upstream", "gone")
    assert folder.response().candidates[0].parts == (Text("half"),)


def test_usage_adds_up() -> None:
    usage = Usage(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
    assert (usage.prompt_total, usage.completion_total, usage.total) == (28, 38, 66)
