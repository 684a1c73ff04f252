"""Values of the formats that JSON Schema names."""

from datetime import UTC, datetime, timedelta

__all__ = ["formatted"]

_DAY = datetime(2026, 1, 1, 12, tzinfo=UTC)


def formatted(kind: str, number: int) -> str | None:
    """A text of a format, chosen by a number; None for a format that is not known."""
    day = _DAY + timedelta(days=number % 365)
    tail = f"{number % 2**48:012x}"
    table = {
        "date-time": day.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "date": day.strftime("%Y-%m-%d"),
        "time": day.strftime("%H:%M:%SZ"),
        "duration": "P1DT2H",
        "email": f"emulated-{tail}@example.com",
        "idn-email": f"emulated-{tail}@example.com",
        "hostname": "emulated.example.com",
        "idn-hostname": "emulated.example.com",
        "ipv4": f"192.0.2.{number % 256}",
        "ipv6": f"2001:db8::{number % 65536:x}",
        "uri": f"https://example.com/emulated/{tail}",
        "url": f"https://example.com/emulated/{tail}",
        "uri-reference": f"/emulated/{tail}",
        "iri": f"https://example.com/emulated/{tail}",
        "iri-reference": f"/emulated/{tail}",
        "uuid": f"00000000-0000-4000-8000-{tail}",
        "json-pointer": "/emulated",
        "relative-json-pointer": "0/emulated",
        "uri-template": "https://example.com/{id}",
        "regex": "^emulated$",
        "byte": "ZW11bGF0ZWQ=",
    }
    return table.get(kind)
