"""A batch of rows, summed in memory by hour and group before the sums go to the database.

The groups are those of the view `record_parts` (see `migration_5_sums`), made here from the rows as
they were written: whoever writes has them at hand, and reading them back costs ten times as much.
A test holds the two together. Most of the work per row is done by `itemgetter` and `map(sum, zip)`,
without bytecode: about 1 us a row.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any

from fairlead.ledger.rows import PLAIN_COLUMNS, RECORD_COLUMNS
from fairlead.ledger.sizes import SIZES, reuse_size_of, size_of

__all__ = ["COUNTS", "KEYS", "Group", "Tally"]

KEYS = (
    *("model", "route", "outcome", "policy", "upstream", "key_id", "op", "size", "reuse_size"),
    *("told", "priced", "comparable", "thinking_known", "emulated"),
)
"""What makes a group, in the order of the table `sum_groups`."""

_PROMPT = (
    *("input", "input_audio", "cache_read", "cache_read_audio", "cache_write_5m"),
    *("cache_write_1h", "tool_input"),
)
_SUMMED = (
    *("estimated", "cost_pico_usd", *_PROMPT, "output", "output_audio", "output_image"),
    *("thinking", "reuse_5m", "reuse_1h"),
)
COUNTS = ("requests", *_SUMMED)
"""What is summed, in the order of the table `sums`."""

Group = tuple[str | int, ...]
_HOUR, _DAY = 3600, 86_400
_LATEST = 2.0**62  # what a clock would have to say for an hour that SQLite cannot hold

_AT = 2  # in both kinds of rows: seq, id, at
_NAMES = ("model", "asked_model", "route", "outcome", "policy", "upstream", "key_id")


def _places(columns: tuple[str, ...], names: Iterable[str]) -> "itemgetter[tuple[Any, ...]]":
    return itemgetter(*(columns.index(name) + 1 for name in names))


# A plain row is told and priced, without fees, of the op `generate` and of unknown reuse.
_PLAIN_SUMMED = ("cost_pico_usd", "input", "cache_read", "cache_write_5m", "output", "thinking")
_plain_key = _places(PLAIN_COLUMNS, (*_NAMES, "thinking_known", "emulated"))
_plain_counts = _places(PLAIN_COLUMNS, _PLAIN_SUMMED)
_plain_places = tuple(COUNTS.index(name) for name in _PLAIN_SUMMED)
_full_key = _places(
    RECORD_COLUMNS, (*_NAMES, "op", "cost_pico_usd", "server_calls", "thinking_known", "emulated")
)
_full_counts = _places(RECORD_COLUMNS, _SUMMED)
_prompt = _places(_SUMMED, _PROMPT)
_WIDTH = len(COUNTS)


class Tally:
    """Sums of rows by hour and group."""

    def __init__(self) -> None:
        self._hours: dict[tuple[int, Group], list[int]] = {}
        self._plain: defaultdict[tuple[int, int, tuple[Any, ...]], list[tuple[int, ...]]]
        self._plain = defaultdict(list)

    def add_plain(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows of `rows.plain_row`."""
        held, class_of = self._plain, bisect_left
        for row in rows:
            at, counts = row[_AT], _plain_counts(row)
            _, fresh, read, written, _, _ = counts
            hour = int(at) // _HOUR if 0 <= at < _LATEST else _hour(at)
            held[hour, class_of(SIZES, fresh + read + written), _plain_key(row)].append(counts)

    def add_full(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows of `rows.full_row`."""
        for row in rows:
            *names, op, cost, calls, known, emulated = _full_key(row)
            counts = _full_counts(row)
            told = _given(counts[2])
            flags = (
                size_of(sum(_prompt((0, *counts)))) if told else 0,
                reuse_size_of(counts[-1]) if _given(counts[-1]) else -1,
                int(told),
                int(_given(cost)),
                int(_given(cost) and not _given(calls)),
                known if _given(known) else 0,
                emulated,
            )
            sums = [1, *(count if _given(count) else 0 for count in counts)]
            self._add(_hour(row[_AT]), (*_named(names, op), *flags), sums)

    def add_parts(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows of the view `record_parts`: seq, at, day, `KEYS`, `COUNTS`."""
        first = 3 + len(KEYS)
        for row in rows:
            self._add(_hour(row[1]), row[3:first], row[first:])

    def _add(self, hour: int, group: Group, counts: Iterable[int]) -> None:
        held = self._hours.get((hour, group))
        self._hours[hour, group] = (
            list(counts) if held is None else [a + b for a, b in zip(held, counts, strict=True)]
        )

    def _sum_plain(self) -> None:
        for (hour, above, key), counted in self._plain.items():
            *names, thinking_known, emulated = key
            size = SIZES[max(above - 1, 0)]
            group = (*_named(names, "generate"), size, -1, 1, 1, 1, thinking_known, emulated)
            sums = [0] * _WIDTH
            sums[0] = len(counted)
            columns = map(sum, zip(*counted, strict=True))
            for place, summed in zip(_plain_places, columns, strict=True):
                sums[place] = summed
            self._add(hour, group, sums)
        self._plain.clear()

    def steps(self) -> Iterator[tuple[int, int, Group, list[int]]]:
        """For the table `sums`: the step in seconds, its number since 1970, the group, `COUNTS`."""
        self._sum_plain()
        days: dict[tuple[int, Group], list[int]] = {}
        for (hour, group), counts in self._hours.items():
            yield _HOUR, hour, group, counts
            of = hour // (_DAY // _HOUR), group
            held = days.get(of)
            days[of] = (
                counts if held is None else [a + b for a, b in zip(held, counts, strict=True)]
            )
        for (day, group), counts in days.items():
            yield _DAY, day, group, counts


def _hour(at: float) -> int:
    return int(min(at, _LATEST)) // _HOUR if at >= 0 else -1


def _given(value: object) -> bool:
    """NULL goes to SQLite as a NaN: the only value that is not itself."""
    return value == value  # noqa: PLR0124 - see above


def _named(names: list[str], op: str) -> Group:
    model, asked, route, outcome, policy, upstream, key_id = names
    if not _given(model):
        model = asked if asked or op == "generate" else f"({op})"
    texts = (each if _given(each) else "" for each in (policy, upstream, key_id))
    return (model, route, outcome, *texts, op)
