"""`fairlead choose`: the article's questions for a use case, a recommendation, and its policy."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import asdict
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from fairlead.canon import Failure
from fairlead.cli.currency import in_own_currency
from fairlead.cli.day import day_of
from fairlead.cli.output import console, new_table, print_json, rate_told
from fairlead.cost.display import currency_name, dollars
from fairlead.cost.scenario import COMBINATIONS
from fairlead.cost.sentences import amount
from fairlead.lab.choose.answers import answers_from, parse_answers, read_answer
from fairlead.lab.choose.monthly import Month, Monthly
from fairlead.lab.choose.questions import QUESTIONS, Question
from fairlead.lab.choose.recommend import recommend
from fairlead.lab.choose.recommendation import Recommendation
from fairlead.lab.compare.text import cell_told
from fairlead.lab.compare.words import Words
from fairlead.server.catalogs import compile_catalog
from fairlead.server.config import ConfigError, load, read_text
from fairlead.server.policies import read_policy_file

__all__ = ["choose"]

_TITLES = {
    "plain": "no cache, no batches",
    "cached": "with caching",
    "batched": "with batches",
    "both": "with caching and batches",
}


def choose(
    task: Annotated[str | None, typer.Option(help=", ".join(QUESTIONS["task"].words) + ".")] = None,
    largest_prompt: Annotated[
        str | None, typer.Option(help="Tokens of the largest prompt.")
    ] = None,
    media: Annotated[
        str | None, typer.Option(help="In most requests: `image,audio,video,document`.")
    ] = None,
    sometimes: Annotated[str | None, typer.Option(help="In some requests: as `--media`.")] = None,
    latency: Annotated[str | None, typer.Option(help="interactive, normal, batch.")] = None,
    budget: Annotated[str | None, typer.Option(help="tight, normal.")] = None,
    largest_answer: Annotated[
        str | None, typer.Option(help="Tokens of the longest answer.")
    ] = None,
    requests_per_day: Annotated[str | None, typer.Option(help="Requests a day.")] = None,
    input_tokens: Annotated[
        str | None, typer.Option("--input", help="Tokens of a usual prompt.")
    ] = None,
    output_tokens: Annotated[
        str | None, typer.Option("--output", help="Tokens of a usual answer.")
    ] = None,
    thinking_tokens: Annotated[
        str | None, typer.Option("--thinking", help="Tokens of a usual answer's thinking.")
    ] = None,
    cached_share: Annotated[
        str | None, typer.Option(help="Share of each prompt that is always the same, 0 to 1.")
    ] = None,
    batch_share: Annotated[
        str | None, typer.Option(help="Share of the requests that can wait, 0 to 1.")
    ] = None,
    mainland_china: Annotated[
        str | None, typer.Option(help="yes: it is called from mainland China.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(help="A TOML or JSON file of answers; flags go before it.")
    ] = None,
    ask: Annotated[
        bool | None,
        typer.Option(
            "--ask/--no-ask", help="Ask for what is not given. Default: where nothing is given."
        ),
    ] = None,
    questions: Annotated[bool, typer.Option("--questions", help="Print the questions.")] = False,
    write: Annotated[
        Path | None, typer.Option(help="Write the policy that does it to this file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite that file.")] = False,
    name: Annotated[str, typer.Option(help="The policy's name. Default: `choose-<task>`.")] = "",
    on: Annotated[
        str | None, typer.Option(help="The day whose facts count. Default: today.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Choose a model for a use case: questions, recommendation, cost and policy."""
    if questions:
        _print_questions(json)
        return
    flags: dict[str, str | None] = {
        "task": task,
        "largest_prompt": largest_prompt,
        "media": media,
        "sometimes": sometimes,
        "latency": latency,
        "budget": budget,
        "largest_answer": largest_answer,
        "requests_per_day": requests_per_day,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "thinking_tokens": thinking_tokens,
        "cached_share": cached_share,
        "batch_share": batch_share,
        "mainland_china": mainland_china,
    }
    given, where = _given(flags, answers)
    if ask or (ask is None and not given and sys.stdin.isatty()):
        _interview(given)
    loaded = in_own_currency(load(config), json=json)
    catalog = compile_catalog(loaded)
    made = recommend(answers_from(given, where), catalog, day_of(on), name)
    if write is not None:
        _write(write, made.policy_text, force=force)
        read_policy_file(write, loaded, catalog)
    if json:
        print_json(_machine(made, write))
    else:
        _print(made, write)


def _given(
    flags: dict[str, str | None], file: Path | None
) -> tuple[dict[str, object], dict[str, str]]:
    """What was answered, and where each answer stands; flags go before the file."""
    given: dict[str, object] = {}
    where: dict[str, str] = {}
    if file is not None:
        given = parse_answers(read_text(file), str(file))
        where = {key: f"{file}: {key}" for key in given}
    for key, value in flags.items():
        if value is not None:
            given[key], where[key] = value, f"--{key.removesuffix('_tokens').replace('_', '-')}"
    return given, where


def _write(path: Path, text: str, *, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ConfigError(f"{path}: is there already; --force overwrites it") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error


# --- the interview --------------------------------------------------------------------------------


def _interview(given: dict[str, object]) -> None:
    """Ask for what is not given, on standard error, so that standard output holds the answer."""
    out = Console(stderr=True, highlight=False, emoji=False)
    out.print("[dim]Enter takes what stands in brackets.[/]")
    for number, question in enumerate(QUESTIONS.values(), 1):
        if question.key in given:
            continue
        out.print(f"\n[bold]{number}. {escape(question.ask)}[/]")
        out.print(f"[dim]{escape(question.why)} ({question.source})[/]")
        for word, meaning in question.words.items():
            out.print(f"   [cyan]{word}[/]  {escape(meaning)}")
        if question.form == "words":
            out.print("   [dim]several with commas[/]")
        answer = _asked(out, question)
        if answer is not None:
            given[question.key] = answer


def _asked(out: Console, question: Question) -> object:
    """One answer, asked again until it fits; None: left out."""
    without = "" if question.needed else f" [dim]({escape(question.without)})[/]"
    while True:
        try:
            text = out.input(f"  >{without} ").strip()
        except EOFError as error:
            said = f"the input ended before it was answered: {question.ask}"
            raise Failure.invalid(said, question.key) from error
        if not text and not question.needed:
            return None
        try:
            return read_answer(question, text, "")
        except Failure as failure:
            hint = f" ({failure.problem.hint})" if failure.problem.hint else ""
            out.print(f"  [red]{escape(failure.problem.message + hint)}[/]")


def _print_questions(json: bool) -> None:
    if json:
        print_json([asdict(each) for each in QUESTIONS.values()])
        return
    table = new_table("key", "question", "why it matters", "answers", "left out", lines=True)
    for each in QUESTIONS.values():
        answers = ", ".join(each.words) or {"share": "0 to 1", "flag": "yes, no"}.get(
            each.form, "tokens" if "request" not in each.key else "a number"
        )
        left_out = "must be answered" if each.needed else each.without
        why = f"{each.why} [{each.source}]"
        table.add_row(each.key, each.ask, why, answers, left_out)
    console().print(table)


# --- for machines ---------------------------------------------------------------------------------


def _machine(made: Recommendation, written: Path | None) -> dict[str, object]:
    costs = made.monthly
    own = costs.of(made.model)
    return {
        "object": "recommendation",
        "on": made.at,
        "answers": made.answers,
        "model": made.model,
        "family": made.family,
        "reason": made.reason,
        "source": made.source,
        "path": made.path,
        "considered": made.considered,
        "exceptional": made.exceptional,
        "evidence": made.evidence.rows,
        "evidence_models": made.evidence.models,
        "undisclosed": made.evidence.undisclosed,
        "sources": made.evidence.sources,
        "usd_per_month": None if own is None else amount(own.total),
        "cost": _costs(costs),
        "advice": made.advice,
        "notes": made.notes,
        "warnings": made.warnings,
        "policy": {
            "name": made.policy_name,
            "text": made.policy_text,
            "file": None if written is None else str(written),
        },
    }


def _costs(costs: Monthly) -> dict[str, object]:
    def row(each: Month) -> dict[str, object]:
        return asdict(each) | {
            "total": amount(each.total),
            "input": amount(each.input),
            "output": amount(each.output),
        }

    return {
        "combination": costs.combination,
        "reason": costs.reason,
        "models": [row(each) for each in costs.models],
        "unpriced": costs.unpriced,
        "notes": costs.notes,
    }


# --- for people -----------------------------------------------------------------------------------


def _print(made: Recommendation, written: Path | None) -> None:
    out = console()
    out.print(f"\n[bold green]{escape(made.model)}[/] [dim](family {made.family}, on {made.at})[/]")
    out.print(f"{made.reason} [{made.source}]\n", markup=False)
    table = new_table("question", "answer", "because", title="How it was decided")
    for step in made.path:
        table.add_row(step.question, "yes" if step.answer else "no", step.because)
    out.print(table)
    for each in made.considered:
        if each.ruled_out:
            out.print(f"{each.model} cannot take the usual request: {each.ruled_out}", markup=False)
    for special in made.exceptional:
        said = f"{special.what} go to {special.model}: {special.question}"
        out.print(f"  - {said}", markup=False)
    _print_evidence(out, made)
    _print_costs(out, made)
    for title, lines in (("On cost", made.advice), ("To know", made.notes)):
        if lines:
            out.print(f"\n[bold]{title}[/]")
        for line in lines:
            out.print(f"  - {line}", markup=False)
    for warning in made.warnings:
        out.print(f"[yellow]warning:[/] {escape(warning)}")
    out.print()
    if written is None:
        out.print("[bold]The policy that does it[/] [dim](--write FILE)[/]\n")
        sys.stdout.write(made.policy_text)
    else:
        out.print(f"wrote {written}: policy {made.policy_name}", markup=False)
        out.print("[dim]put it into `routing.policies_dir` and name it in `routing.policy`[/]")
    rate_told()


def _print_evidence(out: Console, made: Recommendation) -> None:
    if not made.evidence.rows:
        return
    words = Words("en")
    table = new_table("", *made.evidence.models, title="What is known")
    for row in made.evidence.rows:
        cells = []
        for cell in row.cells:
            told = cell_told(cell, row.unit, words)
            lines = [Text(told.value, "bold" if told.known else "dim")]
            lines += [Text(told.origin, "dim")] if told.origin else []
            lines += [Text(f"but {said}", "dim") for said in told.dissent[:2]]
            cells.append(Text("\n").join(lines))
        label = Text(row.label)
        if row.unit not in {"", "stars"}:
            label.append(f"\n{row.unit}", "dim")
        table.add_row(label, *cells, end_section=True)
    out.print()
    out.print(table)
    for key, title in made.evidence.sources.items():
        out.print(f"[dim]{escape(key)}: {escape(title)}[/]")
    if made.evidence.undisclosed:
        said = "; ".join(made.evidence.undisclosed)
        out.print(f"not disclosed: {said}", markup=False)


def _print_costs(out: Console, made: Recommendation) -> None:
    costs = made.monthly
    if costs.reason is not None:
        out.print(f"\nno monthly cost: {costs.reason}", markup=False)
        return
    told = f"{currency_name()} a month, {_TITLES[costs.combination]}"
    table = new_table("model", numbers=("input", "output", "total"), title=told)
    table.add_column("")
    for each in costs.models:
        mark = "recommended" if each.model == made.model else each.stands_in_way or ""
        mark = ", ".join(filter(None, (mark, *_missing(costs, each))))
        sums = (dollars(one, 2) for one in (each.input, each.output, each.total))
        table.add_row(each.model, *sums, mark)
    out.print()
    out.print(table)
    for model in costs.unpriced:
        out.print(f"{model}: unpriced", markup=False)
    said: dict[str, list[str]] = {}
    for model, notes in costs.notes.items():
        for note in notes if costs.of(model) is not None else ():
            said.setdefault(note, []).append(model)
    for note, models in said.items():
        out.print(f"  - {', '.join(models)}: {note}", markup=False)


def _missing(costs: Monthly, each: Month) -> list[str]:
    """What was asked for and did not take effect."""
    cache, batch = COMBINATIONS[costs.combination]
    lacking = ["no cache"] if cache and not each.cached else []
    return lacking + (["no batches"] if batch and not each.batched else [])
