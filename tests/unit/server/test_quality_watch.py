"""Figures made beside a running gateway: put in force, or the last ones stay; never left running."""

import asyncio
import logging
import os
import stat
import sys

import pytest

from fairlead.catalog import load
from fairlead.server.made_quality import read_made
from fairlead.server.quality_watch import QualityWatch

KNOWN = load().models
GOOD = '[[figures]]\nmodel = "gemini-2.5-flash"\nscore = 1.0\nlow = 0.0\nhigh = 2.0\n'


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Stands in for Python: a shell script that is called as the command line would be."""

    def made(text: str) -> None:
        file = tmp_path / "program"
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(file.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setattr(sys, "executable", str(file))

    return made


def watching(tmp_path, used: list[int], *, wanted: bool = True) -> QualityWatch:
    path = tmp_path / "quality.toml"
    return QualityWatch(
        path, tmp_path / "own.toml", 0.01, lambda: wanted, lambda: used.append(len(read_made(path, KNOWN)))
    )  # fmt: skip


async def until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for is another process
            await asyncio.sleep(0.01)


async def test_what_was_made_is_put_in_force_again_and_again(tmp_path, program) -> None:
    words = tmp_path / "words"
    program(f'echo "$@" > {words}\ncat > "$6" <<END\n{GOOD}END')
    used: list[int] = []
    watch = watching(tmp_path, used)
    watch.start()
    await until(lambda: len(used) > 1)
    await watch.stop()
    assert used[0] == 1
    path, own = tmp_path / "quality.toml", tmp_path / "own.toml"
    assert words.read_text().split() == [
        "-m", "fairlead", "quality", "build", "--out", str(path), "--config", str(own),
    ]  # fmt: skip


async def test_a_failure_is_logged_and_the_last_figures_stay(tmp_path, program, caplog) -> None:
    caplog.set_level(logging.WARNING)
    program('echo "error: the ledger is locked" >&2; exit 1')
    used: list[int] = []
    watch = watching(tmp_path, used)
    watch.start()
    await until(lambda: "the ledger is locked" in caplog.text)
    await watch.stop()
    assert used == []


async def test_no_program_is_no_end(tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nonesuch"))
    watch = watching(tmp_path, [])
    watch.start()
    await until(lambda: caplog.text.count("cannot be made") > 1)
    await watch.stop()


async def test_a_making_does_not_outlive_the_gateway(tmp_path, program) -> None:
    number = tmp_path / "pid"
    program(f"echo $$ > {number}.new; mv {number}.new {number}; exec sleep 600")
    watch = watching(tmp_path, [])
    watch.start()
    await until(number.exists)
    await watch.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)


async def test_nothing_is_made_that_nobody_wants(tmp_path, program) -> None:
    program(f"touch {tmp_path}/made")
    watch = watching(tmp_path, [], wanted=False)
    watch.start()
    await asyncio.sleep(0.1)
    await watch.stop()
    assert not (tmp_path / "made").exists()
    await watching(tmp_path, []).stop()


def test_a_file_of_another_release_is_made_anew(tmp_path, caplog) -> None:
    path = tmp_path / "quality.toml"
    assert len(read_made(path, KNOWN)) == 0
    assert not caplog.text
    path.write_text(GOOD.replace("gemini-2.5-flash", "gone"))
    assert len(read_made(path, KNOWN)) == 0
    assert "no such model 'gone'" in caplog.text
