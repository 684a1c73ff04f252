"""What all commands share in speaking to people and machines."""

import sys
from decimal import Decimal
from pathlib import Path

import msgspec
from rich.console import Console

from fairlead.canon import Failure
from fairlead.cost.amounts import encode
from fairlead.cost.display import dollars, marked, shown

__all__ = [
    "complain",
    "console",
    "money",
    "print_json",
    "rate_told",
    "save",
]


def rate_told() -> None:
    """The foot of a page whose amounts are in another currency: its rate."""
    display = shown()
    if display is not None:
        console().print(display.told())


def console() -> Console:
    """The terminal; a wide one where output goes to a file, so that tables don't break."""
    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def complain(message: str) -> None:
    """Say on standard error what is wrong."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"[bold red]error:[/] {message.replace('[', chr(92) + '[')}"
    )


def print_json(value: object) -> None:
    """One JSON document, amounts as decimal strings."""
    document = marked(encode(value))
    sys.stdout.write(msgspec.json.format(document, indent=2).decode() + "\n")


def save(path: Path, text: str, param: str) -> None:
    """Write what an option or a setting (`param`) asks for, in a folder that is made if it must be.
    Raises Failure with the path.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise Failure.invalid(message, param) from error


def money(amount: Decimal | float | None, digits: int = 6) -> str:
    """US dollars for a table, in the currency that is shown."""
    return dollars(None if amount is None else Decimal(str(amount)), digits)
