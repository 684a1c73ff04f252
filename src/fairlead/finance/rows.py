"""A vendor's export as rows, each knowing its place in the file: JSON, JSON lines or CSV.

A file at fault gives a Failure that names the line (CSV, JSON lines, broken JSON) or the path
(`data[3].results[0].amount`; a JSON document has no lines of its own).
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NoReturn

from msgspec import Struct

from fairlead.canon import Failure

__all__ = ["MAX_BYTES", "Document", "Row", "parse_export", "read_export"]

MAX_BYTES = 64 * 1024 * 1024
"""A larger export is refused: ask the vendor for fewer days."""

_MAX_CELL = 1024 * 1024
_LARGEST = 10**15


class Row(Struct, frozen=True):
    """One row. Names may be dotted (`usage.amount`); in CSV a dot may be written `_` too."""

    place: str
    fields: dict[str, object]

    def fail(self, name: str, message: str, hint: str | None = None) -> NoReturn:
        """Raise for a field of this row."""
        raise Failure.invalid(f"{self.place}: {name}: {message}", "file", hint=hint)

    def get(self, name: str) -> object:
        """The value, None where it is absent, null or an empty cell."""
        found: object = self.fields
        if name not in self.fields:
            for step in name.split("."):
                found = found.get(step) if isinstance(found, dict) else None
            if found is None:
                found = self.fields.get(name.replace(".", "_"))
        else:
            found = self.fields[name]
        return None if isinstance(found, str) and not found.strip() else found

    def text(self, name: str) -> str | None:
        """A string, stripped."""
        found = self.get(name)
        if found is not None and not isinstance(found, str):
            self.fail(name, "must be a string")
        return None if found is None else found.strip()

    def number(self, name: str) -> Decimal | None:
        """A finite number below 10^15, written as one or as a string."""
        found = self.get(name)
        if found is None:
            return None
        try:
            value = Decimal(str(found)) if not isinstance(found, bool) else Decimal("NaN")
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or abs(value) > _LARGEST:
            self.fail(name, f"{str(found)[:40]!r} is no amount")
        return value

    def count(self, name: str) -> int:
        """A whole number of tokens; 0 where it is absent."""
        value = self.number(name) or Decimal(0)
        if value < 0 or value != value.to_integral_value():
            self.fail(name, f"{value} is no number of tokens")
        return int(value)

    def day(self, name: str) -> date:
        """The UTC day of a date, a time (`2026-11-20T08:00:00Z`, `... UTC`) or Unix seconds."""
        found = self.get(name)
        if found is None:
            self.fail(
                name,
                "is missing",
                "is this the vendor's export? docs/finance.md lists what is read",
            )
        try:
            if isinstance(found, int) and not isinstance(found, bool):
                return datetime.fromtimestamp(found, UTC).date()
            moment = datetime.fromisoformat(str(found).strip().replace(" UTC", "+00:00"))
        except (ValueError, OverflowError, OSError):
            self.fail(name, f"{str(found)[:40]!r} is no time")
        return moment.astimezone(UTC).date() if moment.tzinfo else moment.date()


class Document(Struct, frozen=True):
    """The rows of an export, and whether it was a table (CSV, JSON lines) or one JSON document."""

    rows: tuple[Row, ...]
    columns: frozenset[str]
    more: bool = False


def read_export(path: Path) -> Document:
    """The rows of a file. Failure where it is no export, LedgerError never."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Failure.invalid(
                f"{path.name} is larger than {MAX_BYTES // 1024 // 1024} MiB", "file",
                hint="export fewer days at a time",
            )  # fmt: skip
        data = path.read_bytes()
    except OSError as error:
        raise Failure.invalid(f"{path.name} cannot be read: {error.strerror}", "file") from error
    return parse_export(data, path.name)


def parse_export(data: bytes, name: str) -> Document:
    """As `read_export`, of what a file holds; `name` is what it is called in errors."""
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        return (_json if text.lstrip()[:1] in {"{", "["} else _csv)(text)
    except UnicodeDecodeError as error:
        raise Failure.invalid(f"{name} is no UTF-8 text", "file") from error
    except RecursionError as error:
        raise Failure.invalid(f"{name} is nested too deeply", "file") from error


def _json(text: str) -> Document:
    try:
        found = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise Failure.invalid(f"line {error.lineno}: {error.msg}", "file") from error
        return _document(list(_lines(text)))
    except ValueError as error:  # a number of too many digits
        raise Failure.invalid(f"no JSON: {str(error)[:80]}", "file") from error
    if isinstance(found, list) and found and isinstance(found[0], dict) and "data" in found[0]:
        pages = [_page(page, f"[{at}].") for at, page in enumerate(found)]  # pages put together
        rows = [row for page in pages for row in page.rows]
        return _document(rows, more=pages[-1].more)
    if isinstance(found, dict) and "data" in found:
        return _page(found, "")
    listed = found if isinstance(found, list) else [found]
    return _document([_row(each, f"[{at}]") for at, each in enumerate(listed)])


def _lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield _row(json.loads(line, parse_float=Decimal), f"line {number}")
            except ValueError as error:
                raise Failure.invalid(f"line {number}: no JSON object", "file") from error


def _page(page: object, where: str) -> Document:
    """A page of the vendors' usage APIs: buckets of time with results, each given its bucket's."""
    rows: list[Row] = []
    top = _row(page, where or "the document").fields
    for at, bucket in enumerate(_listed(top.get("data"), f"{where}data")):
        of = _row(bucket, f"{where}data[{at}]")
        results = _listed(of.fields.get("results"), f"{of.place}.results")
        outer = {f"bucket.{name}": value for name, value in of.fields.items() if name != "results"}
        for number, result in enumerate(results):
            row = _row(result, f"{of.place}.results[{number}]")
            rows.append(Row(row.place, outer | row.fields))
    return _document(rows, more=top.get("has_more") is True)


def _listed(found: object, place: str) -> list[object]:
    if not isinstance(found, list):
        raise Failure.invalid(f"{place}: must be a list", "file")
    return found


def _row(found: object, place: str) -> Row:
    if not isinstance(found, dict):
        raise Failure.invalid(f"{place}: must be an object", "file")
    return Row(place, found)


def _csv(text: str) -> Document:
    limit: Callable[[int], int] = csv.field_size_limit
    before = limit(_MAX_CELL)
    reader = csv.DictReader(io.StringIO(text), strict=True)
    rows: list[Row] = []
    try:
        for fields in reader:
            if None in fields or None in fields.values():
                raise Failure.invalid(
                    f"line {reader.line_num}: not as many cells as the header has", "file"
                )
            rows.append(Row(f"line {reader.line_num}", dict(fields)))
    except csv.Error as error:
        raise Failure.invalid(f"line {reader.line_num}: {error}", "file") from error
    finally:
        limit(before)
    return Document(tuple(rows), frozenset(reader.fieldnames or ()))


def _document(rows: list[Row], *, more: bool = False) -> Document:
    return Document(tuple(rows), frozenset(name for row in rows for name in row.fields), more)
