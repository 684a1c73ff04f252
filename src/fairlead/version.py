"""The version, in one place for the package, the CLI and the `server` header."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["VERSION"]

try:
    VERSION = version("fairlead")
except PackageNotFoundError:  # run from a source tree that nobody installed
    VERSION = "0+unknown"
