"""The policies that are in force, and one of them by what a user calls it."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from fairlead.canon import Failure
from fairlead.canon.toml_text import NOT_TOML, not_toml
from fairlead.catalog import Catalog, shipped_policies
from fairlead.routing import ALWAYS, Policy, PolicyError, always, parse_policies, takes_on
from fairlead.routing.quality import QualityTable, parse_quality
from fairlead.server.config import ConfigError, Loaded, read_text
from fairlead.server.made_quality import read_made
from fairlead.server.paths import quality_path
from fairlead.server.scorer_files import ScorerFiles

__all__ = [
    "OUTCOMES",
    "compile_policies",
    "compile_quality",
    "policy_of",
    "read_policy_file",
    "scorer_files",
]


OUTCOMES = "outcomes"
"""`routing.quality` for figures that the gateway makes by itself."""


def scorer_files(catalog: Catalog) -> ScorerFiles:
    """What reads the scorers' files that policies name, today."""
    return ScorerFiles(catalog, _today())


def compile_policies(
    loaded: Loaded, catalog: Catalog, scorers: ScorerFiles | None = None
) -> dict[str, Policy]:
    """The shipped policies and the user's, by name. `scorers` keeps the scorers that they use.

    Raises:
        ConfigError: a file is at fault; the message names file, line and key.
    """
    try:
        return parse_policies(
            _own(loaded),
            _shipped(),
            catalog,
            takes_on(catalog, _today()),
            loaded.settings.graders,
            scorers=scorers or scorer_files(catalog),
        )
    except PolicyError as error:
        raise ConfigError(str(error)) from error


def compile_quality(loaded: Loaded, catalog: Catalog) -> QualityTable:
    """The table of quality figures, empty where none is named.

    Raises:
        ConfigError: the file cannot be read, or is at fault.
    """
    name = loaded.settings.routing.quality
    if not name:
        return QualityTable()
    if name == OUTCOMES:
        return read_made(quality_path(loaded.settings), catalog.models)
    try:
        return parse_quality(Path(name).read_text(encoding="utf-8"), name, catalog.models)
    except (OSError, UnicodeDecodeError) as error:
        where = loaded.origins.get("routing.quality", "default")
        raise ConfigError(f"{where}: routing.quality: {name} cannot be read: {error}") from error
    except PolicyError as error:
        raise ConfigError(str(error)) from error


def read_policy_file(
    path: Path,
    loaded: Loaded,
    catalog: Catalog,
    scorers: ScorerFiles | None = None,
    *,
    draft: bool = False,
) -> Policy:
    """The policy of one file, which may name the others. A `draft` may have a cascade that nobody
    has accepted.

    Raises:
        ConfigError: it cannot be read, or is at fault.
    """
    text = read_text(path)
    try:
        name = _name(text, str(path))
        own = {
            where: other
            for where, other in _own(loaded).items()
            if Path(where) != path and _name(other, where) != name
        }
        takes = takes_on(catalog, _today())
        return parse_policies(
            own | {str(path): text},
            _shipped(),
            catalog,
            takes,
            loaded.settings.graders,
            draft=str(path) if draft else None,
            scorers=scorers or scorer_files(catalog),
        )[name]
    except PolicyError as error:
        raise ConfigError(str(error)) from error


def _name(text: str, where: str) -> str:
    """What a policy's file calls it. Raises `PolicyError`."""
    try:
        return str(tomllib.loads(text).get("name", ""))
    except NOT_TOML as error:
        raise PolicyError(not_toml(error, text, where)) from error


def policy_of(
    text: str,
    policies: Mapping[str, Policy],
    loaded: Loaded,
    catalog: Catalog,
    scorers: ScorerFiles | None = None,
) -> Policy:
    """What a user means: a policy's name, `always:<model>`, or a file. `scorers` keeps the scorer
    that a file names.

    Raises:
        Failure: there is none.
        ConfigError: the file is at fault.
    """
    found = policies.get(text)
    if found is not None:
        return found
    model = text.removeprefix(ALWAYS)
    if model != text:
        catalog.meant(model)
        return always(model)
    path = Path(text)
    if path.suffix == ".toml" or path.is_file():
        return read_policy_file(path, loaded, catalog, scorers)
    raise Failure.invalid(
        f"there is no policy '{text}'; there are: {', '.join(sorted(policies))}",
        "POLICY",
        hint="a name, `always:<model>`, or the path of a TOML file",
    )


def _own(loaded: Loaded) -> dict[str, str]:
    """The user's files: path to text."""
    folder = loaded.settings.routing.policies_dir
    if not folder:
        return {}
    path = Path(folder)
    if not path.is_dir():
        where = loaded.origins.get("routing.policies_dir", "default")
        raise ConfigError(f"{where}: routing.policies_dir: {folder} is no folder")
    try:
        return {str(f): f.read_text(encoding="utf-8") for f in sorted(path.glob("*.toml"))}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{folder}: a policy file cannot be read: {error}") from error


def _shipped() -> dict[str, str]:
    return {f"{name}.toml": text for name, text in shipped_policies().items()}


def _today() -> date:
    return datetime.now(UTC).date()
