"""The commands: told by the words of their own files, and imported when they are asked for."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from fairlead.cli.main import COMMANDS, app, command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says_of_itself(name: str) -> None:
    told = command(name).help
    assert " ".join(told.partition("\n\n")[0].split()) == COMMANDS[name]


def test_help_lists_all_commands_and_a_typo_is_told_what_looks_like_it() -> None:
    listed = CliRunner().invoke(app, ["--help"])
    assert listed.exit_code == 0
    assert all(f"│ {name} " in listed.output for name in COMMANDS)
    typo = CliRunner().invoke(app, ["serv"])
    assert typo.exit_code == 2
    assert "Did you mean 'serve'?" in typo.output


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        ("from fairlead.cli.main import app; app(['--help'])", ("emulator", "engine", "wire")),
        (
            "from fairlead.cli.main import app; app(['serve', '--help'])",
            # of finance only what looks after canaries: no replay, no forecast, no NumPy
            ("emulator", "demo", "lab", "finance.whatif", "finance.replay", "finance.series"),
        ),
    ],
)
def test_a_command_imports_what_it_needs(program: str, absent: tuple[str, ...]) -> None:
    told = f"import sys\ntry:\n    {program}\nfinally:\n    print('\\n', *sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    loaded = done.stderr.split()
    assert "fairlead.cli.main" in loaded
    assert [
        name for name in loaded if name.startswith(tuple(f"fairlead.{a}" for a in absent))
    ] == []
    assert "genai_prices" not in loaded


def test_commands_that_read_the_ledger_or_settings_load_no_gateway() -> None:
    names = (
        *("usage", "receipt", "whatif", "forecast", "reconcile", "feedback", "quality"),
        *("cost", "choose", "keys", "catalog", "models"),
    )
    told = (
        "import sys\nfrom fairlead.cli.main import command\n"
        f"for name in {names!r}:\n    command(name)\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "fairlead.server.config" in loaded
    heavy = ("asyncio", "ssl", "numpy", "botocore", "google.auth", "uvicorn", "httptools")
    own = ("wire.gemini", "wire.openai_chat", "wire.anthropic", "wire.bedrock", "engine.engine")
    assert loaded.isdisjoint({*heavy, "genai_prices", *(f"fairlead.{name}" for name in own)})


@pytest.mark.parametrize("args", [[], ["usage"], ["policy"], ["policy", "lint"]])
def test_a_flag_is_not_told_as_if_it_took_a_value(args: list[str]) -> None:
    told = CliRunner().invoke(app, [*args, "--help"]).output
    assert "--help" in told
    assert "<bool>" not in told


@pytest.mark.parametrize("args", [[name] for name in COMMANDS])
def test_the_help_cuts_no_name_in_a_terminal_of_80_columns(args: list[str]) -> None:
    told = CliRunner(env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).invoke(app, [*args, "--help"])
    assert "…" not in told.output
    assert "[[" not in told.output, "typer brackets what may be left out itself"


def test_a_port_that_is_none_is_told() -> None:
    told = CliRunner().invoke(app, ["emulate", "--port", "70000"])
    assert told.exit_code == 2
    assert "70000 is no port" in told.output
