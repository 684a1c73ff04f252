"""The questions: the article's, asked about a use case rather than a request, and why each matters.

A table: what is asked, the words that an answer may have, and whose reason it is. The order is the
order of the article's decision tree, behind the task, with the workload at the end.
"""

from typing import Final, Literal

from msgspec import Struct

__all__ = ["ARTICLE", "MEDIA", "QUESTIONS", "Form", "Question"]

ARTICLE: Final = "article-2025-10"
Form = Literal["word", "words", "count", "share", "flag"]


class Question(Struct, frozen=True, kw_only=True):
    """`ask` ends with a question mark; `why` says what the answer decides, in `source`'s view.

    `words` maps what may be answered to what it means. `needed`: there is no answer to fall back
    on; otherwise `without` says what is taken where the answer is left out.
    """

    key: str
    ask: str
    why: str
    form: Form
    source: str = ARTICLE
    words: dict[str, str] = {}
    needed: bool = False
    without: str = ""


TASKS: Final = {
    "chat": "conversation, customer service",
    "coding": "writing and changing code",
    "automation": "operating a desktop, a browser, a terminal",
    "agent": "steps of one agent among several",
    "document": "reading and analysing documents",
    "video": "understanding video",
    "audio": "understanding speech and sound",
    "image": "understanding images",
    "math": "mathematical reasoning",
    "science": "scientific reasoning",
    "creative": "writing content",
    "extraction": "taking fields out of text",
    "translation": "from one language to another",
    "other": "none of these",
}
MEDIA: Final = {
    "image": "pictures",
    "audio": "speech, sound",
    "video": "moving pictures",
    "document": "PDF files",
}

_ROWS: Final = (
    Question(
        key="task",
        ask="What is it mainly for?",
        why="Coding goes to Haiku (SWE-bench Verified), mathematics and science go to Flash; for"
        " other tasks the article's stars say which model it found better.",
        form="word",
        words=TASKS,
        needed=True,
    ),
    Question(
        key="largest_prompt",
        ask="How many tokens does the largest prompt have?",
        why="Over 200,000 tokens the article takes Flash: more does not fit into the window of"
        " Haiku 4.5.",
        form="count",
        without="no larger than the usual prompt",
    ),
    Question(
        key="media",
        ask="What do most requests hold beside text?",
        why="Of the two, only Flash takes audio and video.",
        form="words",
        words=MEDIA,
        without="text only",
    ),
    Question(
        key="sometimes",
        ask="And what do some requests hold?",
        why="A few requests with sound need not decide for all: they get a rule of their own.",
        form="words",
        source="fairlead",
        words=MEDIA,
        without="nothing else",
    ),
    Question(
        key="latency",
        ask="How soon is the answer needed?",
        why="For real-time interaction the article takes Haiku, without a figure for its first"
        " token. What can wait may go in batches at half the price.",
        form="word",
        words={
            "interactive": "somebody waits, in real time",
            "normal": "soon",
            "batch": "within a day",
        },
        without="normal",
    ),
    Question(
        key="budget",
        ask="How tight is the budget?",
        why="For a very tight budget the article takes Flash, the one with the lower list prices;"
        " here the cheaper one is reckoned, where the workload is known.",
        form="word",
        words={"tight": "cost goes before all else", "normal": "cost is one thing among others"},
        without="normal",
    ),
    Question(
        key="largest_answer",
        ask="How many tokens may the longest answer have?",
        why="Output limits are hard; the article takes Haiku for much output (64,000 tokens).",
        form="count",
        without="no limit is tested",
    ),
    Question(
        key="requests_per_day",
        ask="How many requests a day?",
        why="With the tokens of a request this is the month's bill, and how warm a cache stays.",
        form="count",
        without="no monthly cost",
    ),
    Question(
        key="input_tokens",
        ask="How many tokens does a usual prompt have?",
        why="Much input and little output speak for Flash in the article's view on cost.",
        form="count",
        without="no monthly cost",
    ),
    Question(
        key="output_tokens",
        ask="How many tokens does a usual answer have?",
        why="Output costs five to eight times as much as input.",
        form="count",
        without="no monthly cost",
    ),
    Question(
        key="thinking_tokens",
        ask="How many tokens of thinking does a usual answer take?",
        why="Thinking is billed as output.",
        form="count",
        without="none",
    ),
    Question(
        key="cached_share",
        ask="Which share of each prompt is always the same?",
        why="A fixed system prompt can be cached: reads cost a tenth. The article knew of a cache"
        " with Haiku only; both vendors have one.",
        form="share",
        without="0",
    ),
    Question(
        key="batch_share",
        ask="Which share of the requests can wait for a batch?",
        why="Batches cost half. The article knew of them with Haiku only; both vendors have them.",
        form="share",
        without="0, or 1 where latency is batch",
    ),
    Question(
        key="mainland_china",
        ask="Is it called from mainland China?",
        why="Neither vendor serves it directly: the article knows aggregators and proxies only.",
        form="flag",
        without="no",
    ),
)

QUESTIONS: Final[dict[str, Question]] = {row.key: row for row in _ROWS}
"""By key, in the order in which they are asked."""
