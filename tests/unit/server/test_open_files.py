"""As many open files as the system lets this process have."""

import logging
import subprocess
import sys

import pytest

from fairlead.server import open_files
from fairlead.server.open_files import raise_limit
from fairlead.server.settings import ServerSettings
from fairlead.upstream.origin_pool import PoolLimits

resource = pytest.importorskip("resource")
SCRIPT = """
import resource
from fairlead.server.open_files import raise_limit
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
assert raise_limit(10) == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 128
"""


class Limits:
    """A system's limits of its own; `most` is what it takes at most."""

    RLIMIT_NOFILE = RLIM_INFINITY = -1

    def __init__(self, soft: int, hard: int, most: int = 1 << 30) -> None:
        self.limits, self.most = (soft, hard), most

    def getrlimit(self, _which):
        return self.limits

    def setrlimit(self, _which, limits) -> None:
        if limits[0] > self.most:
            raise ValueError("current limit exceeds maximum limit")
        self.limits = limits


def test_the_soft_limit_goes_up_to_the_hard_one() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)


@pytest.mark.parametrize(
    ("soft", "hard", "after"),
    [
        (1024, 524_288, 524_288),
        (1024, -1, 1 << 20),
        (-1, -1, -1),
        (4096, 4096, 4096),
        (1 << 21, 1 << 22, 1 << 21),
    ],
)
def test_how_far(monkeypatch, caplog, soft, hard, after) -> None:
    limits = Limits(soft, hard)
    monkeypatch.setattr(open_files, "resource", limits)
    assert raise_limit(1000) == after
    assert limits.limits == (after, hard)
    assert not caplog.records


def test_too_few_are_told_and_do_not_stop_it(monkeypatch, caplog) -> None:
    monkeypatch.setattr(open_files, "resource", Limits(256, -1, most=10_240))
    with caplog.at_level(logging.WARNING):
        assert raise_limit(2000) == 256
    assert "some 64 requests at once" in caplog.text


def test_connections_to_an_upstream_are_not_the_first_bound() -> None:
    assert PoolLimits().max_connections > ServerSettings().max_requests
