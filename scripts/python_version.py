"""Refuse a Python that is too old, before anything is installed with it."""

import sys

LEAST = (3, 11)

if sys.version_info < LEAST:
    wanted, found = (".".join(map(str, v[:2])) for v in (LEAST, sys.version_info))
    sys.exit(
        "Fairlead needs Python " + wanted + " or later; " + sys.executable + " is " + found
        + ". Say `make PYTHON=python3.11 ...`."
    )  # fmt: skip
