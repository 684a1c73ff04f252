"""Words, tool names and marks that tell what a request is about: data, no logic.

A word's weight says how much it tells: 3 all but settles the task, 1 is a hint that needs company.
Matching is by whole words in lower case; `vocabulary_beyond` has what is not ASCII.
"""

import re
from typing import Final

from fairlead.routing.decision import Task

__all__ = [
    "CODE_MARKS",
    "COURTESIES",
    "FORMULAS",
    "LEADS",
    "ORDER",
    "PHRASES",
    "SOURCE_FILES",
    "SUM",
    "TOOLS",
    "TYPESET",
    "WORDS",
]

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
        3: "refactor traceback stacktrace segfault segmentation codebase unittest pytest docstring "
        "linter typescript javascript golang kotlin regexp nullpointerexception "
        "mutex dockerfile kubernetes webpack npm numpy pandas django react stdin "
        "stdout makefile leetcode postgresql mysql sqlite mongodb graphql jquery css3 html5 def",
        2: "coding python java c++ c# php sql html css bash bugs debug "
        "compile compiler regex algorithm recursion api endpoint git diff repo "
        "repository programming snippet async await docker "
        "semaphore deadlock goroutine callback middleware backend frontend nginx "
        "runtime struct pointer enum hashmap boolean perl awk sed linux xml yaml subclass "
        "dependency dependencies refactoring cpu gpu thread threads nodejs vue angular",
        1: "code bug patch commit commits rust ruby swift staged "
        "function functions method class variable loop array arrays script database query "
        "server test tests module library framework implement exception review error type cache "
        "object string index build branch merge memory package parser stack queue hook syntax "
        "null undefined input output executable data complexity binary program software",
    },
    "automation": {
        3: "automate screenshot webdriver selenium playwright crontab",
        2: "click browser terminal shell cron desktop navigate login inbox scroll "
        "mute unmute reboot ssh tab tabs",
        1: "automation workflow button window mouse keyboard folder folders download upload "
        "install restart website form submit settings lights calendar reminder alarm backup "
        "phone app server file files photos rename log",
    },
    "math": {
        3: "theorem integral derivative algebra geometry calculus trigonometry polynomial "
        "eigenvalue eigenvalues eigenvector eigenvectors lemma mathematics mathematical arithmetic "
        "combinatorics determinant abelian homomorphism isomorphic subgroup diagonalize "
        "factorial hypotenuse quadratic bijective injective surjective asymptote modulo "
        "antiderivative logarithmic cosine",
        2: "prove equation equations probability math maths matrix fraction logarithm divisible "
        "triangle solve dice perpendicular parabola hyperbola ellipse radius diameter "
        "circumference polygon hexagon converge converges convergence denominator numerator "
        "divisor divisors multiples decimal rectangle rectangular vertex vertices "
        "sin cos compounded inequality subset finite coefficient coefficients remainder quotient "
        "integer integers permutation permutations graph",
        1: "calculate compute sum average multiply divide proof prime percent square root circle "
        "area perimeter angle degrees product digits digit odds dollars cents profit discount "
        "altogether dozen mean median estimate zero function sequence series",
    },
    "science": {
        3: "physics chemistry biology quantum thermodynamics molecule molecules photosynthesis "
        "enzyme enzymes genome relativity astrophysics neuroscience electron electrons entropy "
        "stoichiometry mitochondria mitosis meiosis antibiotic antibiotics crispr neuron neurons "
        "chromosome chromosomes electromagnetic spectroscopy spectrometry covalent proton protons "
        "neutron photon photons hormone hormones insulin antibody antibodies pathogen ribosome "
        "cytoplasm chlorophyll catalyst oxidation titration radioactive seismic tectonic "
        "pathophysiology carcinoma metabolism homeostasis phenotype genotype allele alleles",
        2: "science scientific atom atoms protein proteins reaction velocity hypothesis "
        "species evolution gravity gravitational isotope orbital wavelength bacteria bacterial dna "
        "rna virus viruses viral vaccine vaccines immune symptoms syndrome tumor cancer artery "
        "muscle muscles nerve nerves tissue gland blood serum membrane glucose oxygen hydrogen "
        "carbon nitrogen sodium calcium helium ions acid acids ph molar mol aqueous alkali "
        "equilibrium voltage friction momentum acceleration accelerates capacitor resistor "
        "circuit magnetic galaxy telescope asteroid solar planet planets climate volcano "
        "earthquake fossil fossils dinosaurs ecosystem organism organisms predator photosynthetic "
        "infection disease diseases diagnosis patients mutation gene genes genetic genetics "
        "mri anatomy kidney liver lung lungs heart brain bone bones fetus embryo "
        "hormonal polymer crystal superconductor laser fluorescence boiling kinetic "
        "amino peptide receptor receptors inhibitor secretion transplantation antigen",
        1: "ion experiment "
        "energy temperature mass theory cell cells liquid gas solid ice water heat "
        "light plant plants animals moon earth star stars sun sky ocean force forces charge "
        "charges wave waves frequency pressure metal skin stomach sugar float floats "
        "sound magnet insects motion constant",
    },
    "translation": {
        3: "translate translating translation translations translated traduire traduis traduce "
        "traducir traduzir localize",
        1: "english french german spanish chinese japanese korean portuguese italian russian "
        "arabic dutch polish turkish latin hindi swedish czech greek vietnamese thai "
        "subtitles render",
    },
    "extraction": {
        3: "extract extraction extracting classify categorize categorise annotate",
        2: "entities sentiment label fields parse tagging tag spam normalize pull "
        "classification deduplicate",
        1: "list table json csv column columns invoice invoices address addresses receipt dates "
        "amounts emails positive negative neutral identify key values category "
        "categories review tweet ticket tickets phone match convert record records resume cv "
        "object",
    },
    "document": {
        3: "summarize summarise summary summarizing tldr condense abridge",
        2: "document report contract transcript chapter pdf article whitepaper passage "
        "minutes attached attachment nda clause clauses excerpt textbook lease appendix "
        "paraphrase thread",
        1: "pages section sections paragraph paragraphs text policy paper agreement findings key "
        "author pasted manual brief shorten notes page limitation audit handbook memo essay",
    },
    "creative": {
        3: "poem poems poetry sonnet limerick screenplay lyrics slogan slogans haiku haikus "
        "tagline taglines fanfiction fanfic worldbuilding",
        2: "story novel fiction creative headline blog rhyme fairy tale chorus song monologue "
        "invent villain dialogue stanza verse ballad parody mythology fantasy "
        "campaign pun puns fictional protagonist playful compose",
        1: "write imagine character essay style scene describe draft continue funny names plot "
        "humorous whimsical tone description rewrite magical dragon wizard actors brand",
    },
    "agent": {
        3: "subagent subagents orchestrator",
        2: "agent agents delegate orchestrate coordinator handoff tool tools specialist",
        1: "plan steps coordinate step search research verify fetch execute call calling "
        "carry assistants team goal tasks task current now weather available sources monitor",
    },
    "chat": {
        3: "lol haha hahaha howdy",
        2: "hello hi hey thanks thank joke jokes goodnight bored lonely",
        1: "chat recommend feel feeling talk sad happy favourite favorite friend tired excited "
        "fun nice love guess cool ok sleep ",
    },
}

WORDS: Final[dict[str, tuple[tuple[Task, int], ...]]] = {}
"""A word to the tasks it tells of, each with its weight."""
for _task, _by_weight in _WORDS.items():
    for _weight, _words in _by_weight.items():
        for _word in _words.split():
            WORDS[_word] = (*WORDS.get(_word, ()), (_task, _weight))

_LEADS: dict[Task, dict[int, str]] = {
    "coding": {2: "implement refactor debug port compile", 1: "fix"},
    "automation": {
        3: "click drag rename reboot restart mute scroll",
        2: "open close install uninstall book turn switch go navigate download upload fill submit "
        "play log move delete schedule every",
        1: "set take send check order",
    },
    "math": {
        3: "solve evaluate simplify compute calculate prove",
        2: "find add show estimate determine factor",
        1: "let if given",
    },
    "science": {1: "why how which explain describe"},
    "translation": {3: "translate", 1: "into render"},
    "extraction": {
        3: "classify extract label tag parse",
        2: "list pull get return identify match turn",
        1: "is does which convert",
    },
    "document": {
        3: "summarize summarise condense shorten",
        1: "compare read according based",
    },
    "creative": {
        3: "compose invent",
        2: "imagine continue describe write rewrite draft",
        1: "make give create",
    },
    "agent": {2: "plan research delegate monitor use keep act coordinate", 1: "look decide"},
    "chat": {2: "hi hey hello lol thanks", 1: "do tell guess my ok"},
}

LEADS: Final[dict[str, tuple[tuple[Task, int], ...]]] = {}
"""A word with which a request begins (courtesies aside) to the tasks that it asks for."""
for _task, _by_weight in _LEADS.items():
    for _weight, _words in _by_weight.items():
        for _word in _words.split():
            LEADS[_word] = (*LEADS.get(_word, ()), (_task, _weight))

_COURTESIES = (
    "please can could would you kindly help me i i'd want need to just now then so also the a we "
    "us like your task and"
)
COURTESIES: Final = frozenset(_COURTESIES.split())
"""Words before the one that says what is to be done."""

_PHRASES: tuple[tuple[str, Task, int], ...] = (
    *((mark, "math", 2) for mark in ("f(x)", "lim(", "sin(", "cos(", "x =")),
    ("pull-request", "coding", 3),
    ("stack-trace", "coding", 3),
    ("unit-test", "coding", 3),
    ("json schema", "coding", 2),
    ("node.js", "coding", 2),
    ("x-ray", "science", 2),
    ("half-life", "science", 2),
    ("e-mail", "extraction", 1),
    ("tl;dr", "document", 3),
    ("sub-agent", "agent", 3),
    ("multi-agent", "agent", 3),
    ("i'm", "chat", 1),
    ("pull request", "coding", 3),
    ("source code", "coding", 3),
    ("write code", "coding", 3),
    ("this code", "coding", 3),
    ("my code", "coding", 3),
    ("the code", "coding", 2),
    ("code review", "coding", 3),
    ("code reviewer", "coding", 3),
    ("unit test", "coding", 3),
    ("stack trace", "coding", 3),
    ("linked list", "coding", 3),
    ("for loop", "coding", 3),
    ("shell script", "coding", 3),
    ("design pattern", "coding", 2),
    ("time complexity", "coding", 2),
    ("python function", "coding", 3),
    ("core dumped", "coding", 3),
    ("bash one-liner", "coding", 3),
    ("every morning", "automation", 2),
    ("turn off", "automation", 3),
    ("turn on", "automation", 3),
    ("log in", "automation", 2),
    ("log into", "automation", 2),
    ("fill in", "automation", 2),
    ("fill out", "automation", 2),
    ("web page", "automation", 1),
    ("how many", "math", 2),
    ("how much", "math", 1),
    ("how far", "math", 1),
    ("km/h", "math", 2),
    ("last digit", "math", 3),
    ("how old", "math", 2),
    ("step by step", "math", 1),
    ("square root", "math", 2),
    ("in total", "math", 1),
    ("what happens", "science", 1),
    ("black hole", "science", 3),
    ("why does", "science", 1),
    ("why do", "science", 1),
    ("nervous system", "science", 3),
    ("how do you say", "translation", 3),
    ("how to say", "translation", 3),
    ("into english", "translation", 2),
    ("in english", "translation", 2),
    ("in french", "translation", 2),
    ("in spanish", "translation", 2),
    ("in japanese", "translation", 2),
    ("in german", "translation", 2),
    ("in italian", "translation", 2),
    ("in korean", "translation", 2),
    ("in chinese", "translation", 2),
    ("word for", "translation", 2),
    ("english version", "translation", 3),
    ("positive or negative", "extraction", 3),
    ("json object", "extraction", 2),
    ("as json", "extraction", 2),
    ("key points", "document", 2),
    ("bullet points", "document", 2),
    ("following context", "document", 4),
    ("following passage", "document", 4),
    ("based on the text", "document", 2),
    ("based on the transcript", "document", 3),
    ("according to the", "document", 2),
    ("key findings", "document", 2),
    ("too long", "document", 1),
    ("write a poem", "creative", 3),
    ("short story", "creative", 3),
    ("bedtime story", "creative", 3),
    ("write a story", "creative", 3),
    ("in the style of", "creative", 3),
    ("point of view", "creative", 2),
    ("product description", "creative", 3),
    ("role play", "creative", 2),
    ("make up", "creative", 2),
    ("the tool", "agent", 2),
    ("available tools", "agent", 3),
    ("your tools", "agent", 3),
    ("web search", "agent", 2),
    ("right now", "agent", 1),
    ("break it into", "agent", 2),
    ("how are you", "chat", 3),
    ("how's it going", "chat", 3),
    ("good morning", "chat", 2),
    ("good night", "chat", 3),
    ("who are you", "chat", 3),
    ("your name", "chat", 2),
    ("are you a", "chat", 2),
    ("do you like", "chat", 2),
    ("do you ever", "chat", 3),
    ("tell me about yourself", "chat", 3),
    ("my day", "chat", 2),
    ("i feel", "chat", 2),
    ("i'm so", "chat", 2),
    ("talk to", "chat", 1),
    ("let's play", "chat", 3),
)

PHRASES: Final[dict[str, tuple[tuple[str, Task, int], ...]]] = {}
"""Several words that tell more together, by their longest: they are looked for where it occurs."""
for _phrase in _PHRASES:
    _longest = max(re.findall(r"[a-z0-9+#]+", _phrase[0]), key=len)
    PHRASES[_longest] = (*PHRASES.get(_longest, ()), _phrase)

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

FORMULAS: Final[tuple[str, ...]] = (
    *("x^2", "^2", "^{", "\\frac", "\\sqrt", "\\int", "\\sum", "\\le", "√", "∫", "²", "f(x)"),
    *("x =", "lim(", "sin(", "cos(", "∑", "≤", "π"),
)
"""Strings that formulas have and prose has not."""

TYPESET: Final = tuple([mark for mark in FORMULAS if "^" in mark or "\\" in mark])
"""Those of them that hold a sign which hardly anything else does."""

SUM: Final = r"\d ?[-+*×÷] ?\d|\d[a-z]? ?[-+*=] ?\d+[a-z]? ?[-+*=]"
"""Something to be reckoned out."""
