"""`GET /v1/models`, `GET /v1beta/models` and one of them: what a client may put into `model`.

`auto` first, then each model of a configured vendor, then each alias that leads to one; in the
shape of the client's own dialect, paged as that dialect pages.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from fairlead.canon import Dialect, Failure
from fairlead.catalog.model import Model
from fairlead.engine.plan import AUTO
from fairlead.engine.snapshot import Snapshot

__all__ = ["model_list", "one_model"]

_ENCODE = msgspec.json.Encoder().encode
# "created_at: RFC 3339 datetime string representing the time at which the model was released. May
# be set to an epoch value if the release date is unknown" (anthropic SDK, types/model_info.py).
_EPOCH = "1970-01-01T00:00:00Z"
_ANTHROPIC_MOST = 1000  # "limit ... Ranges from 1 to 1000" (the same, model_list_params.py)
_GEMINI_PAGE, _GEMINI_MOST = 50, 1000  # https://ai.google.dev/api/models#method:-models.list


class _Entry(Struct, frozen=True):
    """One name: the model that it stands for, None for `auto`."""

    name: str
    model: Model | None
    now: int

    @property
    def owner(self) -> str:
        return "fairlead" if self.model is None else self.model.vendor

    @property
    def alias_of(self) -> str | None:
        return None if self.model is None or self.model.id == self.name else self.model.id


def model_list(snapshot: Snapshot, now: float, dialect: Dialect, query: bytes = b"") -> bytes:
    """The list, or the page of it that the query asks for.

    Raises:
        Failure: the query makes no sense.
    """
    asked = {k: v[-1] for k, v in parse_qs(query.decode("latin-1")).items()}
    return _ENCODE(_LISTS.get(dialect, _openai_list)(_entries(snapshot, now), asked))


def one_model(snapshot: Snapshot, name: str, now: float, dialect: Dialect) -> bytes:
    """One row of the list.

    Raises:
        Failure: nobody knows the name, or its vendor is not configured.
    """
    model = None
    if name != AUTO:
        model = snapshot.model(name, _today(now))
        snapshot.upstream(model)
    return _ENCODE(_ROWS.get(dialect, _openai_row)(_Entry(name, model, int(now))))


def _today(now: float) -> date:
    return datetime.fromtimestamp(now, UTC).date()


def _entries(snapshot: Snapshot, now: float) -> list[_Entry]:
    served, at = snapshot.serves, int(now)
    entries = [_Entry(AUTO, None, at)]
    entries += [_Entry(m.id, m, at) for m in snapshot.catalog.models.values() if served(m)]
    for name in sorted(set(snapshot.catalog.names) - set(snapshot.catalog.models)):
        try:
            model = snapshot.model(name, _today(now))
        except Failure:
            continue  # an alias to a vendor that is not configured
        if served(model):
            entries.append(_Entry(name, model, at))
    return entries


def _openai_row(entry: _Entry) -> dict[str, object]:
    created = entry.now if entry.model is None else 0
    row = {"id": entry.name, "object": "model", "created": created, "owned_by": entry.owner}
    return row if entry.alias_of is None else {**row, "alias_of": entry.alias_of}


def _anthropic_row(entry: _Entry) -> dict[str, object]:
    return {
        "type": "model",
        "id": entry.name,
        "display_name": _display(entry),
        "created_at": _EPOCH,
        **_anthropic_limits(entry.model),
    }


def _anthropic_limits(model: Model | None) -> dict[str, object]:
    if model is None:
        return {}
    limits = {
        "max_input_tokens": model.limits.context_window,
        "max_tokens": model.limits.max_output,
    }
    return {name: value for name, value in limits.items() if value is not None}


def _gemini_row(entry: _Entry) -> dict[str, object]:
    limits = entry.model.limits if entry.model is not None else None
    row: dict[str, object] = {
        "name": f"models/{entry.name}",
        "version": entry.alias_of or entry.name,
        "displayName": _display(entry),
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }
    if limits is not None and limits.context_window is not None:
        row["inputTokenLimit"] = limits.context_window
    if limits is not None and limits.max_output is not None:
        row["outputTokenLimit"] = limits.max_output
    return row


def _display(entry: _Entry) -> str:
    if entry.model is None:
        return "Fairlead: the model that fits the request"
    return f"{entry.name} ({entry.alias_of})" if entry.alias_of else entry.name


def _openai_list(entries: list[_Entry], _asked: dict[str, str]) -> dict[str, object]:
    return {"object": "list", "data": [_openai_row(entry) for entry in entries]}


def _anthropic_list(entries: list[_Entry], asked: dict[str, str]) -> dict[str, object]:
    most = _number(asked, "limit", _ANTHROPIC_MOST, _ANTHROPIC_MOST)
    names = [entry.name for entry in entries]
    first, end = 0, len(entries)
    if (after := asked.get("after_id")) is not None:
        first = _place(names, after, "after_id") + 1
    if (before := asked.get("before_id")) is not None:
        end = _place(names, before, "before_id")
        first = max(first, end - most)
    page = entries[first : min(end, first + most)]
    more = first > 0 if before is not None else first + most < end
    return {
        "data": [_anthropic_row(entry) for entry in page],
        "has_more": more,
        "first_id": page[0].name if page else None,
        "last_id": page[-1].name if page else None,
    }


def _gemini_list(entries: list[_Entry], asked: dict[str, str]) -> dict[str, object]:
    size = _number(asked, "pageSize", _GEMINI_PAGE, _GEMINI_MOST)
    token = asked.get("pageToken", "")
    names = [entry.name for entry in entries]
    first = _place(names, token, "pageToken") + 1 if token else 0
    page = entries[first : first + size]
    found: dict[str, object] = {"models": [_gemini_row(entry) for entry in page]}
    if first + size < len(entries):
        found["nextPageToken"] = page[-1].name
    return found


def _number(asked: dict[str, str], name: str, default: int, most: int) -> int:
    text = asked.get(name)
    if text is None:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise Failure.invalid(f"{name}: {text[:40]!r} is no number from 1 to {most}", name)
    return int(text)


def _place(names: list[str], name: str, where: str) -> int:
    if name not in names:
        raise Failure.invalid(f"{where}: there is no model {name[:100]!r} in the list", where)
    return names.index(name)


_ROWS: dict[Dialect, Callable[[_Entry], dict[str, object]]] = {
    "anthropic": _anthropic_row,
    "gemini": _gemini_row,
}
_LISTS: dict[Dialect, Callable[[list[_Entry], dict[str, str]], dict[str, object]]] = {
    "anthropic": _anthropic_list,
    "gemini": _gemini_list,
}
