"""What all commands share in speaking to people and machines."""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from textwrap import fill
from typing import Any

import msgspec
from rich.box import SIMPLE
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from fairlead.canon import Failure
from fairlead.cost.amounts import encode
from fairlead.cost.display import dollars, marked, shown

__all__ = [
    "WholeConsole",
    "complain",
    "console",
    "money",
    "new_table",
    "number_column",
    "print_json",
    "rate_told",
    "save",
]


def rate_told() -> None:
    """The foot of a page whose amounts are in another currency: its rate."""
    display = shown()
    if display is not None:
        console().print(display.told())


WORDS = 8
"""What a column of words keeps of its width, however narrow the terminal is."""


class WholeConsole(Console):
    """Cuts nothing off: a line that is too long is broken by the terminal."""

    def print(self, *objects: Any, crop: bool = False, **how: Any) -> None:  # noqa: ANN401  # rich's
        """As rich's, which crops unless it is told not to."""
        super().print(*objects, crop=crop, **how)


class _WholeTable(Table):
    """Is wider than a terminal in which its numbers have no room: half a number is another one.

    What stands in it is told as it is: names come from clients and vendors too, and
    `claude-opus-5[1m]` has no markup. Cells that are marked are `Text`.
    """

    def add_row(self, *cells: RenderableType | None, **how: Any) -> None:  # noqa: ANN401  # rich's
        """As rich's, without its markup."""
        super().add_row(*(Text(c) if isinstance(c, str) else c for c in cells), **how)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(options.max_width, self._least(console))
        return super().__rich_console__(console, options.update_width(width))

    def _least(self, console: Console) -> int:
        total = 0
        for column in self.columns:
            told = [column.header, column.footer, *column.cells]
            full = max(console.measure(each).maximum for each in told)
            total += 2 + (full if column.no_wrap else min(full, WORDS))
        return total - 2


def console() -> Console:
    """The terminal; a wide one where output goes to a file, so that tables don't break. Without
    rich's emoji: `llama:free: unpriced` has none.
    """
    width = None if sys.stdout.isatty() else 160
    return WholeConsole(width=width, highlight=False, emoji=False)


def number_column(heading: str, footer: str = "") -> Column:
    """A column of numbers, which are never broken; a long heading takes several lines."""
    return Column(
        fill(heading, WORDS, break_long_words=False), footer, justify="right", no_wrap=True
    )


def new_table(
    *headings: str | Column,
    numbers: Iterable[str] = (),
    title: str | None = None,
    footer: bool = False,
    lines: bool = False,
) -> Table:
    """A table without frames, so that more of it fits in a terminal of 80 columns; a word that is
    longer than its column is broken, never shortened: half a model's name is another model's too.
    Columns of `numbers` stand behind the others.
    """
    return _WholeTable(
        *(Column(escape(h), overflow="fold") if isinstance(h, str) else h for h in headings),
        *(number_column(heading) for heading in numbers),
        title=None if title is None else escape(title),
        title_justify="left",
        box=SIMPLE,
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
        show_footer=footer,
        show_lines=lines,
    )


def complain(message: str) -> None:
    """Say on standard error what is wrong."""
    Console(stderr=True, soft_wrap=True).print(Text.assemble(("error:", "bold red"), " ", message))


def print_json(value: object) -> None:
    """One JSON document, amounts as decimal strings."""
    document = marked(encode(value))
    sys.stdout.write(msgspec.json.format(document, indent=2).decode() + "\n")


def save(path: Path, content: str | bytes, param: str) -> None:
    """Write what an option or a setting (`param`) asks for, in a folder that is made if it must be;
    whole or not at all: a gateway may be reading it. Raises Failure with the path.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a device or a pipe is no file to be replaced; a folder refuses
        else:
            _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise Failure.invalid(message, param) from error


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(data)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise


def money(amount: Decimal | float | None, digits: int = 6) -> str:
    """US dollars for a table, in the currency that is shown."""
    return dollars(None if amount is None else Decimal(str(amount)), digits)
