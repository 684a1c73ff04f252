"""Identities: whole, the same as what the registry has, and light to load."""

import subprocess
import sys
from typing import get_args, get_type_hints

from msgspec.structs import astuple, fields

from fairlead.server.settings import UpstreamSettings
from fairlead.upstream.kinds.identity import IDENTITIES, Identity
from fairlead.upstream.kinds.registry import KINDS


def test_every_kind_has_its_identity() -> None:
    known = len(fields(Identity))
    assert {name: astuple(kind)[:known] for name, kind in KINDS.items()} == {
        name: astuple(identity) for name, identity in IDENTITIES.items()
    }


def test_the_settings_name_every_kind() -> None:
    assert set(get_args(get_type_hints(UpstreamSettings)["kind"])) == {"", *IDENTITIES}


def test_names_load_no_codec_and_no_pool() -> None:
    told = "import sys, fairlead.upstream.kinds.identity; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    heavy = ("fairlead.wire", "fairlead.upstream.pool", "asyncio", "ssl", "botocore", "google")
    assert [name for name in loaded if name.startswith(heavy)] == []
