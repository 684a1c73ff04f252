"""Shared by all tests: Hypothesis profiles and the way to the recordings."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples at each run, so that what lands does not hang on luck; `make fuzz` seeks new ones.
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "fuzz", deadline=None, max_examples=3000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with facts, recordings and routing data; tests that need it skip without it."""
    folder = Path(os.environ.get("FAIRLEAD_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"../shared is absent: {folder} is no folder")
    return folder
