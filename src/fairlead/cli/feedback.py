"""`fairlead feedback`: a rating of an answer, or a grader's verdicts out of a file."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from fairlead.canon import Failure, Problem
from fairlead.cli.output import console, new_table, print_json
from fairlead.ledger.sqlite import SqliteLedger
from fairlead.ledger.verdict import Verdict
from fairlead.ledger.verdicts import request as look_up
from fairlead.ledger.verdicts import verdicts_on
from fairlead.server.config import load
from fairlead.server.paths import database_path
from fairlead.server.rating import Said, read_said, refused, verdict_of
from fairlead.server.settings import QualitySettings

__all__ = ["feedback"]

_AT_ONCE = 10_000
_TOLD = 20
"""Lines that were left out, told one by one."""


def feedback(
    request_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The request's id, for a single word.")
    ] = None,
    rating: Annotated[
        str | None, typer.Option(help="up, down, pass, fail, or a number from 0 to 1.")
    ] = None,
    grader: Annotated[str | None, typer.Option(help="Who says so; else it is a user's.")] = None,
    task: Annotated[str | None, typer.Option(help="What the request really was.")] = None,
    comment: Annotated[str | None, typer.Option(help="Kept where the configuration says.")] = None,
    file: Annotated[
        Path | None, typer.Option("--import", help="JSON Lines, each a body of POST /v1/feedback.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file, as for `fairlead serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for machines.")] = False,
) -> None:
    """Rate an answer by its request's id, or take in graders' verdicts from a file.

    They go into the ledger, for whichever key. With an ID alone: what was said of it.
    """
    if (request_id is None) == (file is None):
        raise Failure.invalid("give the ID of a request, or --import FILE", "ID")
    settings = load(config).settings
    if file is not None:
        words = _read(file)
    elif all(each is None for each in (rating, grader, task, comment)):
        _show(database_path(settings), str(request_id), json=json)
        return
    else:
        words = [("ID", _said(request_id, rating, grader, task, comment))]
    left_out = _take(database_path(settings), words, settings.quality)
    taken = len(words) - len(left_out)
    if json:
        out = [{"where": where, "why": problem.message} for where, problem in left_out]
        print_json({"taken": taken, "left_out": out})
    elif file is None and left_out:
        raise Failure(left_out[0][1])
    else:
        told = console()
        for where, problem in left_out[:_TOLD]:
            told.print(f"{where}: left out: {problem.message}", markup=False)
        if len(left_out) > _TOLD:
            told.print(f"... and {len(left_out) - _TOLD} more")
        told.print(f"{taken} of {len(words)} taken")
    if left_out:
        raise typer.Exit(1)


def _show(path: Path, request_id: str, *, json: bool) -> None:
    """What was said of an answer, the oldest first."""
    said = verdicts_on(path, request_id)
    if json:
        print_json({"request_id": request_id, "verdicts": said})
        return
    table = new_table("when", "who", "score", "task")
    for one in said:
        at = datetime.fromtimestamp(one.at, UTC).isoformat(timespec="seconds")
        score = "" if one.score is None else f"{one.score:g}"
        table.add_row(at, one.source, score, one.task or "")
    console().print(table if said else f"nothing was said of {request_id}", markup=False)


def _said(
    request_id: str | None,
    rating: str | None,
    grader: str | None,
    task: str | None,
    comment: str | None,
) -> Said:
    """The options as a body, so that both are checked alike."""
    number: str | float | None = rating
    with suppress(ValueError):
        number = None if rating is None else float(rating)
    body: dict[str, Any] = {
        "request_id": request_id,
        "rating": number,
        "grader": grader,
        "task": task,
        "comment": comment,
    }
    return read_said(msgspec.json.encode({k: v for k, v in body.items() if v is not None}))


def _read(file: Path) -> list[tuple[str, Said]]:
    """The file's words with where they stand. A line at fault refuses all of it."""
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise Failure.invalid(f"{file} cannot be read: {error.strerror}", "--import") from error
    words = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            words.append((f"{file}:{number}", read_said(line)))
        except Failure as failure:
            problem = failure.problem
            key = f"{problem.param}: " if problem.param else ""
            raise Failure.invalid(
                f"{file}:{number}: {key}{problem.message}; nothing was taken", "--import"
            ) from failure
    return words


def _take(
    path: Path, words: list[tuple[str, Said]], settings: QualitySettings
) -> list[tuple[str, Problem]]:
    """Write what may be said; what may not, with the reason."""
    now = time.time()
    left_out: list[tuple[str, Problem]] = []
    kept: list[Verdict] = []
    for where, said in words:
        found = look_up(path, said.request_id)
        problem = _unknown(said, path)
        if found is not None:
            problem = refused(found, said, now, settings.feedback_days)
        if problem is None:
            kept.append(verdict_of(said, now, comments=settings.comments))
        else:
            left_out.append((where, problem))
    if kept:
        ledger = SqliteLedger(path)
        for number, verdict in enumerate(kept, 1):
            ledger.judge(verdict)
            if number % _AT_ONCE == 0:
                ledger.flush()
        ledger.close()
    return left_out


def _unknown(said: Said, path: Path) -> Problem | None:
    return Problem("not_found", f"no request '{said.request_id}' in {path}", "request_id")
