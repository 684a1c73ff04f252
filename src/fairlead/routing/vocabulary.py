"""Words, tool names and marks that tell what a request is about: data, no logic.

A word's weight says how much it tells: 3 all but settles the task, 1 is a hint that needs company.
Matching is by whole words in lower case; Chinese has no spaces, so its phrases (and a few words
with letters beyond ASCII) match anywhere, and are only looked for where a text goes beyond ASCII.
"""

from typing import Final

from fairlead.routing.decision import Task

__all__ = ["BEYOND_ASCII", "CODE_MARKS", "ORDER", "PHRASES", "SOURCE_FILES", "TOOLS", "WORDS"]

ORDER: Final[tuple[Task, ...]] = (
    "coding",
    "automation",
    "math",
    "science",
    "translation",
    "extraction",
    "document",
    "creative",
    "agent",
    "chat",
)
"""Where two tasks score alike, the one that stands first here is taken."""

_WORDS: dict[Task, dict[int, str]] = {
    "coding": {
        3: "refactor traceback stacktrace segfault codebase unittest pytest docstring linter "
        "typescript javascript golang kotlin pull-request regexp nullpointerexception",
        2: "code coding python java rust c++ c# php ruby swift sql html css bash bug bugs debug "
        "compile compiler regex algorithm recursion api endpoint git commit diff patch repo "
        "repository programming snippet stack-trace exception async unit-test",
        1: "function method class variable loop array script database query server test tests "
        "module library framework implement exception review",
    },
    "automation": {
        3: "automate screenshot webdriver selenium playwright",
        2: "click browser terminal shell cron desktop navigate login",
        1: "automation workflow button window mouse keyboard",
    },
    "math": {
        3: "theorem integral derivative algebra geometry calculus trigonometry polynomial "
        "eigenvalue lemma mathematics arithmetic combinatorics",
        2: "prove proof equation probability math maths matrix fraction logarithm prime divisible "
        "triangle solve percent",
        1: "calculate compute sum total number numbers average multiply divide remainder "
        "integer integers square root",
    },
    "science": {
        3: "physics chemistry biology quantum thermodynamics molecule photosynthesis enzyme genome "
        "relativity astrophysics neuroscience electron entropy stoichiometry mitochondria",
        2: "science scientific atom atoms protein cell cells reaction velocity hypothesis species "
        "evolution gravity isotope orbital wavelength bacteria dna rna",
        1: "experiment energy temperature mass theory acid planet",
    },
    "translation": {
        3: "translate translation translated traduire traduce",
        1: "english french german spanish chinese japanese korean portuguese italian",
    },
    "extraction": {
        3: "extract extraction classify categorize categorise",
        2: "entities sentiment label fields parse tagging",
        1: "list table json csv column invoice address",
    },
    "document": {
        3: "summarize summarise summary",
        2: "document report contract transcript chapter pdf article whitepaper",
        1: "pages section paragraph text attached",
    },
    "creative": {
        3: "poem sonnet limerick screenplay lyrics slogan haiku-poem",
        2: "story novel fiction creative tagline headline blog rhyme fairy tale",
        1: "write imagine character essay style",
    },
    "agent": {
        3: "subagent subagents multi-agent orchestrator",
        2: "agent agents delegate orchestrate",
        1: "plan steps coordinate",
    },
    "chat": {
        3: "",
        2: "hello hi hey thanks thank",
        1: "joke chat recommend feel",
    },
}

WORDS: Final[dict[str, tuple[Task, int]]] = {
    word: (task, weight)
    for task, by_weight in reversed(_WORDS.items())
    for weight, words in sorted(by_weight.items())
    for word in words.split()
}
"""A word to the task it tells of and its weight."""

PHRASES: Final[tuple[tuple[str, Task, int], ...]] = (
    ("pull request", "coding", 3),
    ("source code", "coding", 3),
    ("unit test", "coding", 3),
    ("stack trace", "coding", 3),
    ("how many", "math", 1),
    ("step by step", "math", 1),
    ("write a poem", "creative", 3),
    ("short story", "creative", 3),
)
"""Several words that tell more together."""

BEYOND_ASCII: Final[tuple[tuple[str, Task, int], ...]] = (
    ("代码", "coding", 3),
    ("编程", "coding", 3),
    ("函数", "coding", 2),
    ("调试", "coding", 3),
    ("重构", "coding", 3),
    ("报错", "coding", 2),
    ("脚本", "coding", 2),
    ("数据库", "coding", 1),
    ("自动化", "automation", 3),
    ("浏览器", "automation", 2),
    ("点击", "automation", 2),
    ("截图", "automation", 2),
    ("数学", "math", 3),
    ("方程", "math", 3),
    ("积分", "math", 3),
    ("导数", "math", 3),
    ("概率", "math", 2),
    ("证明", "math", 2),
    ("求解", "math", 2),
    ("计算", "math", 1),
    ("多少", "math", 1),
    ("物理", "science", 3),
    ("化学", "science", 3),
    ("生物", "science", 3),
    ("量子", "science", 3),
    ("分子", "science", 2),
    ("实验", "science", 1),
    ("übersetz", "translation", 3),
    ("翻译", "translation", 3),
    ("译成", "translation", 3),
    ("提取", "extraction", 3),
    ("抽取", "extraction", 3),
    ("分类", "extraction", 2),
    ("总结", "document", 3),
    ("摘要", "document", 3),
    ("文档", "document", 2),
    ("合同", "document", 2),
    ("报告", "document", 1),
    ("写一首", "creative", 3),
    ("小说", "creative", 3),
    ("故事", "creative", 2),
    ("文案", "creative", 2),
    ("诗", "creative", 2),
    ("智能体", "agent", 3),
    ("你好", "chat", 2),
    ("谢谢", "chat", 2),
)

TOOLS: Final[dict[str, Task]] = {
    "computer": "automation",
    "browser": "automation",
    "screenshot": "automation",
    "click": "automation",
    "type_text": "automation",
    "navigate": "automation",
    "bash": "automation",
    "shell": "automation",
    "local_shell": "automation",
    "terminal": "automation",
    "execute_command": "automation",
    "run_command": "automation",
    "edit": "coding",
    "edit_file": "coding",
    "read_file": "coding",
    "write_file": "coding",
    "create_file": "coding",
    "multiedit": "coding",
    "apply_patch": "coding",
    "str_replace_editor": "coding",
    "str_replace_based_edit_tool": "coding",
    "text_editor": "coding",
    "replace_in_file": "coding",
    "search_code": "coding",
    "run_tests": "coding",
    "code_execution": "coding",
    "code_interpreter": "coding",
}
"""A tool's name (or a server tool's kind) to the task it is made for."""

CODE_MARKS: Final[tuple[str, ...]] = (
    "):\n",
    "{\n",
    ";\n",
    "import ",
    "def ",
    "return ",
    "self.",
    "#include",
    "=> ",
    "const ",
    " == ",
    "</",
)
"""Strings that are frequent in source code and rare in prose."""

SOURCE_FILES: Final = (
    r"\.(?:py|pyi|js|jsx|ts|tsx|go|rs|java|kt|c|cc|cpp|h|hpp|cs|rb|php|swift|scala|sql|sh"
    r"|yaml|yml|toml|ipynb|vue)\b"
)
"""The end of a source file's name. It begins with a literal, so that a search runs fast."""
