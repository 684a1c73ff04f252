"""The version, in one place for the package and the command line.

Written here and read by the build (`tool.hatch.version`): asking the installed package's metadata
for it would cost every command the modules for mail and archives that read metadata.
"""

__all__ = ["VERSION"]

VERSION = "0.1.0"
