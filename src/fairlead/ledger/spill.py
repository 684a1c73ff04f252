"""The spill file: where entries go that the database would not take, one JSON line each.

It lies beside the database and is named for the instance that writes it, so that several processes
never share one. It is read back when the database takes writes again, or by the next process that
opens the ledger after its owner has died. A line that was cut short by a kill is skipped.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import DecodeError, Raw, json

from fairlead.ledger.record import Accepted, Record
from fairlead.ledger.verdict import Verdict

__all__ = ["Entry", "Spill"]

Entry = Accepted | Record | Verdict

_encode = json.Encoder().encode
_line = json.Decoder(tuple[str, Raw])
_KINDS: dict[type[Entry], str] = {Accepted: "accepted", Record: "record", Verdict: "verdict"}
_decoders: dict[str, json.Decoder[Accepted] | json.Decoder[Record] | json.Decoder[Verdict]] = {
    "accepted": json.Decoder(Accepted),
    "record": json.Decoder(Record),
    "verdict": json.Decoder(Verdict),
}


class Spill:
    """One instance's spill file beside the database `path`."""

    def __init__(self, path: Path, instance: str) -> None:
        self.instance = instance
        self.path = path.with_name(f"{path.name}.spill-{instance}.jsonl")

    @classmethod
    def beside(cls, path: Path) -> "list[Spill]":
        """All spill files that lie beside the database, of whichever instance."""
        prefix, suffix = f"{path.name}.spill-", ".jsonl"
        names = (f.name for f in path.parent.iterdir())
        found = (n for n in sorted(names) if n.startswith(prefix) and n.endswith(suffix))
        return [cls(path, name[len(prefix) : -len(suffix)]) for name in found]

    def append(self, entries: Iterable[Entry]) -> None:
        """Write entries at the end of the file; OSError when the disk refuses that too."""
        kinds = ((_KINDS[type(e)], e) for e in entries)
        with self.path.open("ab") as file:
            file.write(b"".join(_encode(pair) + b"\n" for pair in kinds))

    def read(self) -> Iterator[Entry]:
        """The entries in the file, none if there is no file."""
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return
        for line in text.splitlines():
            try:
                kind, raw = _line.decode(line)
                yield _decoders[kind].decode(raw)
            except (DecodeError, KeyError):
                continue

    def remove(self) -> None:
        """The entries are in the database: the file may go."""
        self.path.unlink(missing_ok=True)
