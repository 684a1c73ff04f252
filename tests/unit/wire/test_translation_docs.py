"""docs/translation.md names every loss that an encoder can state, and its tables are true."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from fairlead.canon import Effort, Reasoning, Request, Text, Turn
from fairlead.catalog import load
from fairlead.wire import anthropic, gemini
from fairlead.wire.codec import Target

REPO = Path(__file__).resolve().parents[3]
TEXT = (REPO / "docs" / "translation.md").read_text("utf-8")
WIRE = REPO / "src" / "fairlead" / "wire"
NAMES = {
    "gemini": ("Gemini",),
    "anthropic": ("Anthropic",),
    "openai_chat": ("OpenAI",),
    "openai_responses": ("Responses",),
    "openai": ("OpenAI", "Responses"),
}
# What several encoders say through a module of their own: (file, code, kind, to whom).
SHARED = {
    ("free_text.py", "custom_tool:<>", "cosmetic", ("Gemini", "Anthropic")),
    ("in_words.py", "in_words:<>", "cosmetic", ("Gemini", "OpenAI")),
    ("json_mode.py", "json_word", "cosmetic", ("OpenAI", "Responses")),
}
# docs/endpoints.md has those of embeddings, docs/upstreams.md those of clouds' doors.
ELSEWHERE = {"embeddings.py", "doors.py"}
ROW = re.compile(r"^\| (`.+?`) \| ([A-Za-z, ]+) \| ([a-z, ]+) \| (.+) \|$", re.MULTILINE)

KNOBS = ("temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty")
# What stands in a call instead of a literal: the codes that it can hold.
VARIABLES = {
    ("gemini", "name"): KNOBS,
    ("gemini", "what"): ("<field>",),
    ("anthropic", "knob"): KNOBS,
    ("anthropic", "extra.path"): ("<field>",),
    ("openai", "knob"): (*KNOBS, "stop"),
    ("openai_chat", "path"): ("<field>",),
    ("openai_chat", "word"): ("<field>",),
    ("openai_responses", "knob"): (*KNOBS, "stop"),
    ("openai_responses", "path"): ("<field>",),
}
# Assigned before the call: `what` of these files, found by their assignments below.
ASSIGNED = {"what"}


def documented() -> set[tuple[str, str, str]]:
    """(dialect's name, code, kind) of the tables of losses."""
    _, _, tables = TEXT.partition("\n## Losses\n")
    return {
        (to, code, kind)
        for codes, tos, kinds, _ in ROW.findall(tables)
        for code in re.findall(r"`(.+?)`", codes)
        for to in tos.split(", ")
        for kind in kinds.split(", ")
    }


def codes_of(node: ast.expr, dialect: str, tree: ast.AST) -> Iterator[str]:
    """The codes that an expression can be, `<...>` where a name of the request is put in."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(
            str(piece.value) if isinstance(piece, ast.Constant) else "<>" for piece in node.values
        )
    elif isinstance(node, ast.IfExp):
        yield from codes_of(node.body, dialect, tree)
        yield from codes_of(node.orelse, dialect, tree)
    elif (dialect, ast.unparse(node)) in VARIABLES:
        yield from VARIABLES[dialect, ast.unparse(node)]
    elif isinstance(node, ast.Name) and node.id in ASSIGNED:
        yield from assigned(node.id, dialect, tree)
    elif ast.unparse(node) == "type(part).__name__":
        yield "<part>"
    else:
        pytest.fail(f"{dialect}: which codes can {ast.unparse(node)!r} hold? Tell VARIABLES")


def assigned(name: str, dialect: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            for left, right in pairs:
                if isinstance(left, ast.Name) and left.id == name:
                    yield from codes_of(right, dialect, tree)


def kinds_of(call: ast.Call) -> tuple[list[str], ast.expr] | None:
    """Kinds and code of a call that states a loss."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    kind = name.removeprefix("_")
    if kind in ("cosmetic", "semantic") and len(call.args) == 3:
        return [kind], call.args[1]
    if name in ("lose", "add") and len(call.args) == 3:
        return ["cosmetic", "semantic"], call.args[1]
    if name == "Loss" and len(call.args) >= 3:
        kinds = re.findall(r"'(cosmetic|semantic)'", ast.unparse(call.args[0]))
        return kinds, call.args[2]
    return None


def stated() -> set[tuple[str, str, str]]:
    """(dialect's name, code, kind) of every call in the sources."""
    found = set()
    for dialect, names in NAMES.items():
        for path in sorted((WIRE / dialect).glob("*.py")):
            if path.name in ELSEWHERE:
                continue
            tree = ast.parse(path.read_text("utf-8"))
            for node in ast.walk(tree):
                loss = kinds_of(node) if isinstance(node, ast.Call) else None
                if loss is None or passes_on(tree, node):
                    continue
                for code in codes_of(loss[1], dialect, tree):
                    found |= {(name, code, kind) for name in names for kind in loss[0]}
    for name, code, kind, targets in SHARED:
        tree = ast.parse((WIRE / name).read_text("utf-8"))
        losses = [kinds_of(node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
        told = [(kinds, list(codes_of(node, "", tree))) for kinds, node in filter(None, losses)]
        assert told == [([kind], [code])]
        found |= {(target, code, kind) for target in targets}
    return found


def passes_on(tree: ast.AST, call: ast.Call) -> bool:
    """A method such as `cosmetic(path, what, why)`, whose callers name the code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.removeprefix("_") in (
            "cosmetic",
            "semantic",
        ):
            return any(inner is call for inner in ast.walk(node))
    return False


def fits(code: str, other: str) -> bool:
    """Whether one code is the other, or a form that the other's placeholder can take."""
    if re.fullmatch(r"<\w+>", code) or re.fullmatch(r"<\w+>", other):
        return code == other
    one, two = (re.sub(r"<\w*>", "<>", each) for each in (code, other))
    return one == two or any(
        "<>" in form and re.fullmatch(re.escape(form).replace("<>", r"\w+"), literal)
        for form, literal in ((one, two), (two, one))
    )


def missing(
    rows: set[tuple[str, str, str]], others: set[tuple[str, str, str]]
) -> list[tuple[str, str, str]]:
    return sorted(
        (to, code, kind)
        for to, code, kind in rows
        if not any(to == t and kind == k and fits(code, c) for t, c, k in others)
    )


def test_every_loss_is_documented_with_its_kind():
    found = stated()
    assert len(found) > 120
    assert missing(found, documented()) == []


def test_no_loss_is_documented_that_there_is_not():
    assert missing(documented(), stated()) == []


def effort_rows() -> dict[str, dict[str, str]]:
    """Model -> effort -> what the table says."""
    lines = [line.split("|")[1:-1] for line in TEXT.splitlines() if line.startswith("| `")]
    head = next(line for line in TEXT.splitlines() if line.startswith("| effort |"))
    models = [cell.strip() for cell in head.split("|")[2:-1]]
    table: dict[str, dict[str, str]] = {model: {} for model in models}
    for line in lines:
        effort = line[0].strip().strip("`")
        if effort in get_args(Effort) and len(line) == len(models) + 1:
            for model, cell in zip(models, line[1:], strict=True):
                table[model][effort] = cell.strip()
    return table


@pytest.mark.parametrize("effort", get_args(Effort))
@pytest.mark.parametrize("model", effort_rows())
def test_the_table_of_efforts_is_what_is_sent(model: str, effort: str):
    facts = load().models[model]
    codec = {"google": gemini, "anthropic": anthropic}[facts.vendor].CODEC
    asked = Request(
        model=model,
        turns=(Turn("user", (Text("Hi"),), path="messages[0]"),),
        reasoning=Reasoning(effort=effort),
    )
    body = msgspec.json.decode(codec.encode_request(asked, Target(model, facts)).body)
    thinking = body.get("generationConfig", {}).get("thinkingConfig", {}) | body.get("thinking", {})
    sent = thinking.get("thinkingBudget", thinking.get("budget_tokens"))
    if sent is None:
        sent = thinking.get("thinkingLevel") or body.get("output_config", {}).get("effort")
    if thinking.get("type") == "disabled":
        sent = "off"
    said = f"{sent:,}" if isinstance(sent, int) else str(sent).lower()
    assert effort_rows()[model][effort] == said
