"""Configuration: one TOML file and the environment, validated, each value with its origin.

Order, the later wins: defaults, the file, `FAIRLEAD_<SECTION>_<KEY>` variables. Vendors' addresses
and keys have variables of their own (`ANTHROPIC_API_KEY`, `FAIRLEAD_ANTHROPIC_BASE_URL`, ...): a
vendor whose key is set is configured, without any file. An error names the file, line and key.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec import inspect as shape

from fairlead.canon import FairleadError
from fairlead.canon.toml_text import NOT_TOML, not_toml
from fairlead.server.settings import Settings
from fairlead.upstream.kinds.identity import IDENTITIES

__all__ = ["ConfigError", "Loaded", "load", "placed", "read_text", "scalar_sections", "variable"]

DEFAULT_FILE = "fairlead.toml"
RESERVED = {
    "FAIRLEAD_ADMIN_KEY",
    "FAIRLEAD_CONFIG",
    "FAIRLEAD_SHARED",
    *(kind.url_env for kind in IDENTITIES.values()),
}
_HEADER = re.compile(r"^\s*\[+\s*([^\]]+?)\s*\]+\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[A-Za-z0-9_"'-]+)*)\s*=""")


class ConfigError(FairleadError):
    """The configuration is at fault; the message says file, line, key and what to do."""


class Loaded(Struct, frozen=True):
    """What is in force, and where each value came from (`server.port` -> `fairlead.toml:3`).

    A setting that is absent from `origins` has its default. `warnings` are for people.
    """

    settings: Settings
    origins: dict[str, str]
    path: Path | None = None
    warnings: tuple[str, ...] = ()


def variable(section: str, key: str) -> str:
    """The environment variable of a setting."""
    return f"FAIRLEAD_{section}_{key}".upper()


def scalar_sections() -> dict[str, type[Struct]]:
    """Sections whose settings have environment variables."""
    return {
        f.name: f.type
        for f in msgspec.structs.fields(Settings)
        if isinstance(f.type, type) and issubclass(f.type, Struct)
    }


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Loaded:
    """Read and validate the configuration.

    Args:
        path: the file; None looks at `FAIRLEAD_CONFIG`, then `./fairlead.toml`, then does without.
        environ: the environment, `os.environ` if None.

    Raises:
        ConfigError: the file cannot be read, or a value is wrong.
    """
    env = os.environ if environ is None else environ
    path = _find(path, env)
    raw: dict[str, Any] = {}
    origins: dict[str, str] = {}
    lines: dict[str, int] = {}
    if path is not None:
        text = read_text(path)
        try:
            raw = tomllib.loads(text)
        except NOT_TOML as error:
            raise ConfigError(not_toml(error, text, str(path))) from error
        lines = _lines(text)
        origins = {key: f"{path.name}:{line}" for key, line in lines.items()}
    _overlay(raw, origins, env)
    try:
        settings = msgspec.convert(raw, Settings)
    except msgspec.ValidationError as error:
        told = _by_name(str(error), raw)
        raise ConfigError(_explain(told, path, lines, origins)) from error
    return Loaded(settings, origins, path, _unknown_variables(env))


def _find(path: Path | None, env: Mapping[str, str]) -> Path | None:
    if path is not None:
        return path
    if named := env.get("FAIRLEAD_CONFIG"):
        return Path(named)
    here = Path(DEFAULT_FILE)
    return here if here.is_file() else None


def read_text(path: Path) -> str:
    """A file that people wrote for the gateway.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def _lines(text: str) -> dict[str, int]:
    """Line of each key and table header, by dotted path. Good for pointing, not for parsing."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _plain(header.group(1))
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            name = _plain(key.group(1))
            found.setdefault(f"{table}.{name}" if table else name, number)
    return found


def _plain(dotted: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in dotted.split("."))


def _overlay(raw: dict[str, Any], origins: dict[str, str], env: Mapping[str, str]) -> None:
    """Lay `FAIRLEAD_<SECTION>_<KEY>` over the file."""
    for section, struct in scalar_sections().items():
        for field in msgspec.structs.fields(struct):
            name = variable(section, field.encode_name)
            if name not in env:
                continue
            table = raw.setdefault(section, {})
            if not isinstance(table, dict):
                continue  # the validation below says what is wrong with it
            table[field.encode_name] = _from_text(env[name], field.type, name)
            origins[f"{section}.{field.encode_name}"] = f"environment {name}"


def _from_text(text: str, kind: object, name: str) -> object:
    info = shape.type_info(kind)
    if isinstance(info.type if isinstance(info, shape.Metadata) else info, shape.VarTupleType):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        value: object = msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"environment variable {name}: {error}") from error
    return value


def _by_name(message: str, raw: dict[str, Any]) -> str:
    """Msgspec's error with the name of the user's own that it leaves out: the first table of that
    section that fails in the same way by itself.
    """
    found = re.search(r"at `\$\.(\w+)\[\.\.\.\]", message)
    tables = raw.get(found.group(1)) if found else None
    if found is None or not isinstance(tables, dict):
        return message
    for name, table in tables.items():
        try:
            msgspec.convert({found.group(1): {name: table}}, Settings)
        except msgspec.ValidationError as error:
            if str(error) == message:
                return message.replace("[...]", f".{name}", 1)
    return message


def _explain(
    message: str, path: Path | None, lines: dict[str, int], origins: dict[str, str]
) -> str:
    """Msgspec's error with the file and line of the key at fault, and the nearest known name."""
    what, _, where = message.partition(" - at `")
    key = where.rstrip("`").removeprefix("$").lstrip(".").replace("[...]", "")
    if unknown := re.search(r"unknown field `([^`]+)`", what):
        key = f"{key}.{unknown.group(1)}".strip(".")
        what = f"unknown setting{_near(key)}"
    if not key and path is None:
        return what
    origin = origins.get(key, "")
    if origin.startswith("environment"):
        return f"{origin}: {key}: {what}"
    key = _spelled(key, lines)
    line = next((lines[k] for k in _prefixes(key) if k in lines), None)
    place = f"{path}:{line}" if line else f"{path}"
    return f"{place}: {key}: {what}"


def _spelled(key: str, lines: dict[str, int]) -> str:
    """The key with the user's own name in it, which msgspec leaves out (`prices.factor` for
    `prices.NAME.factor`), where only one line can be meant.
    """
    section, _, name = key.partition(".")
    meant = [k for k in lines if k.startswith(f"{section}.") and k.endswith(f".{name}")]
    return meant[0] if name and key not in lines and len(meant) == 1 else key


def _prefixes(key: str) -> list[str]:
    parts = key.split(".")
    return [".".join(parts[:n]) for n in range(len(parts), 0, -1)]


def placed(loaded: Loaded, message: str) -> str:
    """A message that begins with a setting's key (`aliases.fast: ...`), with the file and the line
    of that key before it, where it stands in the file.
    """
    key = message.partition(": ")[0]
    origin = next((loaded.origins[k] for k in _prefixes(key) if k in loaded.origins), None)
    return message if origin is None else f"{origin}: {message}"


def _near(key: str) -> str:
    section, _, name = key.rpartition(".")
    struct = scalar_sections().get(section)
    if not section:
        known = [f.encode_name for f in msgspec.structs.fields(Settings)]
    elif struct is not None:
        known = [f.encode_name for f in msgspec.structs.fields(struct)]
    else:
        return ""
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean `{close[0]}`?" if close else f"; known here: {', '.join(known)}"


def _unknown_variables(env: Mapping[str, str]) -> tuple[str, ...]:
    known = RESERVED | {
        variable(section, f.encode_name)
        for section, struct in scalar_sections().items()
        for f in msgspec.structs.fields(struct)
    }
    strangers = sorted(name for name in env if name.startswith("FAIRLEAD_") and name not in known)
    return tuple(f"environment variable {name} is not known and was ignored" for name in strangers)
