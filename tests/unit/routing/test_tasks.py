"""Tasks recognised from hints, tools, media, wording and shape, in that order."""

import argparse
import inspect
import re
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.canon import (
    Base64,
    FunctionTool,
    Media,
    Request,
    ServerTool,
    Text,
    Tool,
    Turn,
)
from fairlead.routing import Hints, extract, tasks
from fairlead.routing.tasks import words_of
from fairlead.routing.vocabulary import (
    COURTESIES,
    LEADS,
    ORDER,
    TOOLS,
    WORDS,
)
from fairlead.routing.vocabulary_beyond import BEYOND_ASCII, BY_FIRST
from fairlead.routing.vocabulary_phrases import PHRASES
from fairlead.routing.vocabulary_signs import (
    CODE_MARKS,
    EXTENSIONS,
    FORMULAS,
    SOURCE_FILES,
    SUM,
    TYPESET,
)

SOURCE = inspect.getsource(argparse)


def ask(text: str, *tools: Tool, system: str = "") -> Request:
    turns = (Turn("user", (Text(text),)),)
    if system:
        turns = (Turn("system", (Text(system),)), *turns)
    return Request(model="auto", turns=turns, tools=tools)


WORDING = [
    ("Write a Python function that reverses a linked list.", "coding"),
    ("Why does this fail?\n```python\nprint(undefined)\n```", "coding"),
    ("Review this function: def f(x): return x+1", "coding"),
    ("Review this module:\n" + SOURCE[:20_000], "coding"),
    (SOURCE[:20_000] + "\n\nFind the bugs.", "coding"),
    ("What does config.yaml in my repository do?", "coding"),
    ("请帮我调试这段代码，它报错了。", "coding"),
    ("Prove that the square root of 2 is irrational.", "math"),
    ("Find the integral of x^2 e^x.", "math"),
    ("What is the derivative of sin(x)/x? Explain step by step.", "math"),
    ("一个袋子里有3个红球和2个蓝球，求两次都取到红球的概率。", "math"),
    ("Why is the sky blue? Explain the physics of scattering.", "science"),
    ("How does photosynthesis turn light into chemical energy?", "science"),
    ("请解释量子纠缠的物理原理。", "science"),
    ("Translate this sentence into French: Good morning.", "translation"),
    ("把下面这句话翻译成英文：今天天气很好。", "translation"),
    ("Extract the invoice number and the address as a list.", "extraction"),
    ("Summarize the following report in five sentences.", "document"),
    ("请总结这份合同的要点。", "document"),
    ("Write a poem about the sea.", "creative"),
    ("给我讲一个关于月亮的故事。", "creative"),
    ("Open the browser, navigate to the page and click the button.", "automation"),
    ("Turn off the lights in the living room.", "automation"),
    ("把客厅的窗帘拉上，空调调到26度。", "automation"),
    ("How would you say 'see you soon' in Polish?", "translation"),
    ("Keep going until all of it is done, then report back.", "agent"),
    ("I had a long week and I'm so tired.", "chat"),
    ("What is the capital of France?", "other"),
    ("Which postal code has Washington, D.C.?", "other"),
    ("", "other"),
]


@pytest.mark.parametrize(("text", "task"), WORDING)
def test_wording(text: str, task: str) -> None:
    features = extract(ask(text))
    assert features.task == task
    assert bool(features.task_evidence) == (task != "other")
    assert len(features.task_evidence) < 160


@pytest.mark.parametrize(
    ("tools", "task"),
    [
        ((FunctionTool("computer"),), "automation"),
        ((FunctionTool("bash"),), "automation"),
        ((FunctionTool("mcp__desktop__screenshot"),), "automation"),
        ((FunctionTool("bash"), FunctionTool("edit_file")), "coding"),
        ((FunctionTool("apply_patch"),), "coding"),
        ((ServerTool("anthropic", "bash_20250124", b"{}"),), "automation"),
        ((ServerTool("anthropic", "code_execution_20250825", b"{}"),), "coding"),
        ((FunctionTool("get_weather"),), "agent"),
    ],
)
def test_tools(tools: tuple[Tool, ...], task: str) -> None:
    assert extract(ask("Do it.", *tools)).task == task


@pytest.mark.parametrize(
    ("kind", "mime", "task"),
    [
        ("video", "video/mp4", "video"),
        ("audio", "audio/wav", "audio"),
        ("document", "application/pdf", "document"),
        ("image", "image/png", "image"),
    ],
)
def test_media(kind: str, mime: str, task: str) -> None:
    media = Media(kind, mime, Base64("AAAA"))  # type: ignore[arg-type]
    turns = (Turn("user", (Text("What is in this?"), media)),)
    assert extract(Request(model="auto", turns=turns)).task == task


def test_the_clients_word_counts_most() -> None:
    assert extract(ask("Write a Python function."), Hints(task="creative")).task == "creative"


def test_a_system_prompt_tells_too() -> None:
    system = "You are an expert in Python refactoring. Answer with source code."
    assert extract(ask("What do you think?", system=system)).task == "coding"


def test_only_the_last_question_counts() -> None:
    turns = (
        Turn("user", (Text("Write a Python function that sorts a list."),)),
        Turn("assistant", (Text("def f(x): return sorted(x)"),)),
        Turn("user", (Text("Lovely. How was your day?"),)),
    )
    features = extract(Request(model="auto", turns=turns))
    assert (features.task, features.task_evidence) == ("chat", "a conversation of 3 turns")


def test_size_makes_a_document_where_nothing_else_is_said() -> None:
    assert extract(ask("lorem ipsum dolor " * 20_000)).task == "document"


def test_the_evidence_is_the_same_in_every_process() -> None:
    text = "Please refactor, debug and compile this Java class; the traceback is attached."
    assert extract(ask(text)).task_evidence == "says refactor, traceback, compile, debug"


def test_the_tables_are_sound() -> None:
    votes = [vote for each in WORDS.values() for vote in each]
    assert all(weight in {1, 2, 3} for _, weight in votes)
    assert {task for task, _ in votes} <= {*ORDER, "other"}
    assert all(len({task for task, _ in each}) == len(each) for each in WORDS.values())
    assert all(words_of(word) == [word.encode()] for word in (*WORDS, *PHRASES, *LEADS))
    assert all(weight in {1, 2, 3} for _, weight in BEYOND_ASCII.values())
    assert not any(phrase.isascii() for phrase in BEYOND_ASCII)
    assert all(phrase == phrase.lower() for phrase in BEYOND_ASCII)
    assert {phrase for each in BY_FIRST.values() for phrase, _, _ in each} == set(BEYOND_ASCII)
    assert all(weight in range(5) for each in PHRASES.values() for _, _, weight in each)
    assert all(word in phrase for word, each in PHRASES.items() for phrase, _, _ in each)
    assert not COURTESIES.intersection(LEADS)
    assert all(name == name.lower() for name in TOOLS)


def test_a_phrase_is_looked_for_at_its_rarest_word() -> None:
    at = {phrase: word for word, each in PHRASES.items() for phrase, _, _ in each}
    assert (at["the sum of"], at["into french"], at["who wrote"]) == ("sum", "french", "wrote")
    assert "the" not in PHRASES
    assert all(len(words_of(phrase)) > 1 or not phrase.isalnum() for phrase in at)


def test_source_files_are_recognised_without_a_word_about_code() -> None:
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files]
    asked = [extract(ask(f"What do you think of this?\n{text}")) for text in texts]
    found = sum(features.task == "coding" for features in asked)
    assert len(asked) > 50
    assert found / len(asked) > 0.9


@pytest.mark.parametrize("ending", [*EXTENSIONS, "py#L10", "h+"])
def test_a_source_files_name_tells_of_coding(ending: str) -> None:
    features = extract(ask(f"Where is it, in quorum.{ending}?"))
    assert (features.task, features.task_evidence[:11]) == ("coding", "says quorum")


spellings = st.text(st.sampled_from("abz019+#'-. \n\x1c\u0130\u00e9\u6570\ud800"), max_size=40)


@settings(max_examples=100, deadline=None)
@given(spellings)
def test_words_are_what_stands_between_other_characters(text: str) -> None:
    plain = text.lower()
    assert [word.decode() for word in words_of(plain)] == re.findall(r"[a-z0-9+#]+", plain)


# --- the quick reading is the plain one -----------------------------------------------------------

RANKED = [*ORDER, "other"]
SAID = [*WORDS, *PHRASES, *(phrase for each in PHRASES.values() for phrase, _, _ in each)]
SIGNS = [
    *FORMULAS,
    *CODE_MARKS,
    "\n",
    "3 + 4 =",
    "a.py",
    "main.py#L10",
    "main.c+",
    "```",
    "'quoted'",
    "- 2nd",
    "和 代码",
    "İ",
]
said = st.lists(
    st.sampled_from([*COURTESIES, *SAID, *LEADS, *SIGNS, "harbour", "2019"]), max_size=60
)


def plainly(text: str) -> tuple[dict[str, int], set[str]]:
    """Scores by task, and what was told for it, with nothing but the tables."""
    words = re.findall(r"[a-z0-9+#]+", text)
    votes = [(t, tasks.POINTS[n], w) for w in set(words) for t, n in WORDS.get(w, ())]
    phrases = [each for word in set(words) for each in PHRASES.get(word, ())]
    phrases += [(word, *vote) for word, vote in BEYOND_ASCII.items()]
    votes += [(task, tasks.POINTS[weight], p) for p, task, weight in phrases if p in text]
    formula = next((mark for mark in TYPESET if mark in text), None)
    if formula is not None:
        votes.append(("math", tasks.MARK, repr(formula)))
    sums = [a_sum for sign in "=+*" for a_sum in [about(sign, text)] if a_sum]
    votes += [("math", tasks.MARK, each) for each in sums[:1]]
    first = next((w for w in words if w not in COURTESIES), "") if text[:1].isascii() else ""
    votes += [(task, tasks.LEAD_POINTS[weight], first) for task, weight in LEADS.get(first, ())]
    if "```" in text:
        votes.append(("coding", 12, "a code fence"))
    if found := re.search(SOURCE_FILES, text):
        whole = text[max(0, found.start() - 24) : found.end()].rsplit(maxsplit=1)[-1]
        votes += [("coding", tasks.MARK, whole)] if len(whole) > 4 else []
    marks = sum(text.count(mark) for mark in CODE_MARKS)
    signs = sum(character in "(){}[];=<>_" for character in text)
    if len(text) > 200 and set("={<") & set(text) and signs * 60 >= len(text):
        votes += [("coding", min(24, 4 + 2 * marks), "source code")] * (marks * 300 >= len(text))
    scores: dict[str, int] = {}
    for task, weight, _ in votes:
        scores[task] = scores.get(task, 0) + weight
    return scores, {f"{task} {word}" for task, _, word in votes}


def about(sign: str, text: str) -> str:
    """What is to be reckoned about the first or the last such sign."""
    for at in (text.find(sign), text.rfind(sign)):
        if at >= 0 and (
            found := re.search(SUM, text[max(0, at - tasks.AROUND) : at + tasks.AROUND])
        ):
            return found[0]
    return ""


@settings(max_examples=100, deadline=None)
@given(said, st.sampled_from([" ", "  ", "\n", ", "]))
def test_the_quick_reading_is_the_plain_one(parts: list[str], between: str) -> None:
    text = between.join(parts).lower()[: tasks.HEAD + tasks.TAIL]
    scores, told = plainly(text)
    found = tasks._by_words(ask(text))
    best = max(scores, key=lambda task: (scores[task], -RANKED.index(task)), default=None)
    if best in {None, "other"} or scores[best] < tasks.ENOUGH:
        assert found is None
        return
    assert found is not None
    assert found.task == best
    evidence = found.evidence.removeprefix("says ")
    assert any(f"{best} {evidence}".startswith(each) for each in told)
