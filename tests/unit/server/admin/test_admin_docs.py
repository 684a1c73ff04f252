"""docs/admin.md is the whole truth about the admin API's routes and their parameters."""

import re
from pathlib import Path

import msgspec

from fairlead.server.admin.answers import ASKED
from fairlead.server.routes import ROUTES

PAGE = Path(__file__).parents[4] / "docs" / "admin.md"


def test_every_route_and_parameter_is_in_the_table_and_no_other() -> None:
    rows = re.findall(
        r"^\| (GET|POST) \| `(\S+)` \| (.*?) \|", PAGE.read_text("utf-8"), re.MULTILINE
    )
    told = {(method, path): set(re.findall(r"`(\w+)`", names)) for method, path, names in rows}
    there = {
        (route.method, route.path): {
            field.name
            for field in msgspec.structs.fields(ASKED[route.name.removeprefix("admin.")][0])
        }
        for route in ROUTES
        if route.name.startswith("admin.")
    }
    assert told == there
