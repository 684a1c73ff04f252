"""The data files that ship with the package: sources, models, families, policies."""

import tomllib
from importlib import resources

__all__ = ["read", "sheets", "shipped_policies"]

_HERE = resources.files("fairlead.catalog")


def read(name: str) -> str:
    """A data file's text, by its name below `catalog/data`."""
    return _HERE.joinpath("data", name).read_text(encoding="utf-8")


def sheets() -> dict[str, str]:
    """The models' files: name to text, in the order of their names."""
    files = (f for f in _HERE.joinpath("data", "models").iterdir() if f.name.endswith(".toml"))
    return {f.name: f.read_text(encoding="utf-8") for f in sorted(files, key=lambda f: f.name)}


def shipped_policies() -> dict[str, str]:
    """The routing policies that ship with Fairlead: a policy's name to its TOML text.

    `routing.policy.parse_policy` reads them; routing itself touches no file.
    """
    files = (f for f in _HERE.joinpath("policies").iterdir() if f.name.endswith(".toml"))
    texts = [f.read_text(encoding="utf-8") for f in sorted(files, key=lambda f: f.name)]
    return {str(tomllib.loads(text)["name"]): text for text in texts}
