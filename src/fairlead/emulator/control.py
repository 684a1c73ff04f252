"""The emulator's own addresses, below `/_emulator`.

GET  /_emulator            what is here
GET  /_emulator/bill       tokens by vendor, model and key
GET  /_emulator/requests   the last requests
GET  /_emulator/faults     the rules in force and how often each has struck
PUT  /_emulator/faults     put other rules in their place
POST /_emulator/faults     add rules
GET  /_emulator/scripts    the scripts in force and what was played of each
PUT  /_emulator/scripts    put other scripts in their place: TOML, or JSON if content-type says so
POST /_emulator/scripts    add scripts
POST /_emulator/reset      books, caches, faults and scripts as at the start
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from fairlead.emulator.books import Books
from fairlead.emulator.faults import BadRule, FaultBook, read_rules
from fairlead.emulator.http11.reply import Reply
from fairlead.emulator.http11.request import Request
from fairlead.emulator.json_value import JsonValue
from fairlead.emulator.scripts import BadScript, Script, ScriptBook, read_scripts
from fairlead.emulator.scripts.reading import from_text

__all__ = ["Controlled", "answer"]


class Controlled(Protocol):
    """What can be looked at and changed from here: the desk."""

    books: Books
    faults: FaultBook
    scripts: ScriptBook

    def reset(self) -> None:
        """Books, caches, faults and scripts as at the start."""
        ...


def answer(desk: Controlled, request: Request) -> Reply:
    """The answer to a request below `/_emulator`."""
    handler = _ROUTES.get((request.method, request.path.rstrip("/")))
    if handler is None:
        known = [f"{method} {path}" for method, path in _ROUTES]
        return _json({"error": f"no {request.method} {request.path}", "known": known}, 404)
    return handler(desk, request)


def _json(value: JsonValue, status: int = 200) -> Reply:
    return Reply(status, body=msgspec.json.encode(value))


def _index(desk: Controlled, _: Request) -> Reply:
    return _json(
        {
            "emulated": True,
            "what": "the fairlead emulator of the vendors' HTTP APIs; no model is called",
            "known": [f"{method} {path}" for method, path in _ROUTES],
            "faults": len(desk.faults),
            "scripts": len(desk.scripts),
        }
    )


def _bill(desk: Controlled, _: Request) -> Reply:
    return _json(desk.books.bill())


def _requests(desk: Controlled, _: Request) -> Reply:
    return _json({"emulated": True, "requests": list(desk.books.requests)})


def _faults(desk: Controlled, _: Request) -> Reply:
    rules = zip(desk.faults.rules, desk.faults.hits, strict=True)
    return _json({"faults": [{"rule": rule, "hits": hits} for rule, hits in rules]})


def _put_faults(desk: Controlled, request: Request) -> Reply:
    return _take_faults(desk, request, replace=True)


def _post_faults(desk: Controlled, request: Request) -> Reply:
    return _take_faults(desk, request, replace=False)


def _take_faults(desk: Controlled, request: Request, *, replace: bool) -> Reply:
    try:
        rules = read_rules(msgspec.json.decode(request.body), "faults")
    except msgspec.DecodeError as error:
        return _json({"error": f"not valid JSON: {error}"}, 400)
    except BadRule as error:
        return _json({"error": str(error)}, 400)
    if replace:
        desk.faults.replace(rules)
    else:
        for rule in rules:
            desk.faults.add(rule)
    return _faults(desk, request)


def _scripts(desk: Controlled, _: Request) -> Reply:
    return _json({"emulated": True, "scripts": list(desk.scripts.runs)})


def _put_scripts(desk: Controlled, request: Request) -> Reply:
    return _take_scripts(desk, request, desk.scripts.replace)


def _post_scripts(desk: Controlled, request: Request) -> Reply:
    return _take_scripts(desk, request, desk.scripts.add)


def _take_scripts(
    desk: Controlled, request: Request, take: Callable[[tuple[Script, ...]], None]
) -> Reply:
    try:
        if "json" in request.headers.get("content-type", ""):
            scripts = read_scripts(msgspec.json.decode(request.body), "scripts")
        else:
            scripts = from_text(request.body.decode(), "scripts")
        take(scripts)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _json({"error": f"scripts: {error}"}, 400)
    except BadScript as error:
        return _json({"error": str(error)}, 400)
    return _scripts(desk, request)


def _reset(desk: Controlled, _: Request) -> Reply:
    desk.reset()
    return _json({"reset": True})


_ROUTES: dict[tuple[str, str], Callable[[Controlled, Request], Reply]] = {
    ("GET", "/_emulator"): _index,
    ("GET", "/_emulator/bill"): _bill,
    ("GET", "/_emulator/requests"): _requests,
    ("GET", "/_emulator/faults"): _faults,
    ("PUT", "/_emulator/faults"): _put_faults,
    ("POST", "/_emulator/faults"): _post_faults,
    ("GET", "/_emulator/scripts"): _scripts,
    ("PUT", "/_emulator/scripts"): _put_scripts,
    ("POST", "/_emulator/scripts"): _post_scripts,
    ("POST", "/_emulator/reset"): _reset,
}
