"""Tables in a terminal of 80 columns: nothing is cut off, numbers stay whole."""

import io
import os
from pathlib import Path

import pytest

from fairlead.canon import Failure
from fairlead.cli.output import WholeConsole, complain, console, new_table, number_column, save

MODELS = ("claude-haiku-4-5-20251001", "gemini-3.5-flash-lite")
NUMBERS = ("requests", "errors", "input", "cache read", "cache write", "output", "cost")
SUMS = ("1,234,567", "12", "123,456,789", "98,765,432", "1,234,567", "45,678,901", "$1,234.567890")


def printed(width: int) -> str:
    table = new_table("model", "day", *(number_column(heading) for heading in NUMBERS))
    for model in MODELS:
        table.add_row(model, "2026-11-23", *SUMS)
    out = WholeConsole(file=io.StringIO(), width=width)
    out.print(table)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_names_are_broken_and_never_shortened() -> None:
    told = printed(110)
    assert "…" not in told
    first = "".join(line.split(" ")[0] for line in told.splitlines()[3:])
    assert first.startswith("claude-haiku-4-5-20251001gemini-3.5-flash-lite")


@pytest.mark.parametrize("width", [110, 80, 20])
def test_numbers_stay_whole(width: int) -> None:
    lines = [line for line in printed(width).splitlines() if "$" in line]
    assert [line.split()[-len(SUMS) :] for line in lines] == [list(SUMS)] * len(MODELS)


def test_where_there_is_room_a_row_is_a_line() -> None:
    assert len(printed(140).splitlines()) == 2 + 1 + len(MODELS)


def test_numbers_stand_behind_words() -> None:
    table = new_table("name", numbers=("first token", "difference"))
    heads = [str(column.header) for column in table.columns]
    assert heads == ["name", "first\ntoken", "difference"]
    assert [column.justify for column in table.columns] == ["left", "right", "right"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path) -> None:
    path = tmp_path / "deep" / "out.toml"
    save(path, "a = 1", "--out")
    assert path.read_text() == "a = 1"
    with pytest.raises(Failure, match=f"{path.parent} cannot be written: Is a directory$"):
        save(path.parent, "a = 2", "--out")
    assert [each.name for each in tmp_path.iterdir()] == ["deep"]


@pytest.mark.parametrize("path", [".", "..", "/"])
def test_a_folder_is_no_file(path) -> None:
    with pytest.raises(Failure, match=r" cannot be written: Is a directory$"):
        save(Path(path), "a = 1", "--out")


def test_a_link_stays_a_link(tmp_path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "link.toml"
    link.symlink_to(real)
    for text in ("a = 1", "a = 2"):
        save(link, text, "--out")
        assert real.read_text() == text
    assert link.is_symlink()
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        save(pipe, b"a = 1", "--out")
        assert os.read(end, 9) == b"a = 1"
    finally:
        os.close(end)
    assert pipe.is_fifo()


def test_what_stands_in_a_table_has_no_markup() -> None:
    table = new_table("by [1m]", numbers=("cost",), title="in /[b]/x.db")
    table.add_row("claude-opus-5[1m]", "[/bold]")
    out = WholeConsole(file=io.StringIO(), width=80)
    out.print(table)
    assert isinstance(out.file, io.StringIO)
    for told in ("by [1m]", "in /[b]/x.db", "claude-opus-5[1m]", "[/bold]"):
        assert told in out.file.getvalue()


def test_a_name_holds_no_emoji(capsys) -> None:
    console().print("llama:free: unpriced", markup=False)
    complain("llama:free: [1m] unknown in C:\\[a]")
    told = capsys.readouterr()
    assert told.out == "llama:free: unpriced\n"
    assert told.err == "error: llama:free: [1m] unknown in C:\\[a]\n"
