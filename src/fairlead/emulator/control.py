"""The emulator's own addresses, below `/_emulator`.

GET  /_emulator            what is here
GET  /_emulator/bill       tokens by vendor, model and key
GET  /_emulator/requests   the last requests
GET  /_emulator/faults     the rules in force and how often each has struck
PUT  /_emulator/faults     put other rules in their place
POST /_emulator/faults     add rules
POST /_emulator/reset      books, caches and faults as at the start
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fairlead.emulator.faults import BadRule, read_rules
from fairlead.emulator.http11.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairlead.emulator.desk import Desk
    from fairlead.emulator.http11.request import Request

__all__ = ["answer"]


def answer(desk: Desk, request: Request) -> Reply:
    """The answer to a request below `/_emulator`."""
    handler = _ROUTES.get((request.method, request.path.rstrip("/")))
    if handler is None:
        known = [f"{method} {path}" for method, path in _ROUTES]
        return _json({"error": f"no {request.method} {request.path}", "known": known}, 404)
    return handler(desk, request)


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status, body=msgspec.json.encode(value))


def _index(desk: Desk, _: Request) -> Reply:
    return _json(
        {
            "emulated": True,
            "what": "the fairlead emulator of the vendors' HTTP APIs; no model is called",
            "known": [f"{method} {path}" for method, path in _ROUTES],
            "recordings": len(desk.recordings),
            "faults": len(desk.faults),
        }
    )


def _bill(desk: Desk, _: Request) -> Reply:
    return _json(desk.books.bill())


def _requests(desk: Desk, _: Request) -> Reply:
    return _json({"emulated": True, "requests": list(desk.books.requests)})


def _faults(desk: Desk, _: Request) -> Reply:
    rules = zip(desk.faults.rules, desk.faults.hits, strict=True)
    return _json({"faults": [{"rule": rule, "hits": hits} for rule, hits in rules]})


def _put_faults(desk: Desk, request: Request) -> Reply:
    return _take_faults(desk, request, replace=True)


def _post_faults(desk: Desk, request: Request) -> Reply:
    return _take_faults(desk, request, replace=False)


def _take_faults(desk: Desk, request: Request, *, replace: bool) -> Reply:
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


def _reset(desk: Desk, _: Request) -> Reply:
    desk.reset()
    return _json({"reset": True})


_ROUTES: dict[tuple[str, str], Callable[[Desk, Request], Reply]] = {
    ("GET", "/_emulator"): _index,
    ("GET", "/_emulator/bill"): _bill,
    ("GET", "/_emulator/requests"): _requests,
    ("GET", "/_emulator/faults"): _faults,
    ("PUT", "/_emulator/faults"): _put_faults,
    ("POST", "/_emulator/faults"): _post_faults,
    ("POST", "/_emulator/reset"): _reset,
}
