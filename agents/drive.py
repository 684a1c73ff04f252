"""Drive real command-line agents through the gateway, with the models emulated.

    make agents           python agents/drive.py [--agent NAME] [--model MODEL] [--keep]

Claude Code speaks Anthropic's dialect, Gemini CLI Gemini's, Codex CLI OpenAI's Responses. Each gets
the same task on each model: read a file, run a check, read two files, edit both in parallel, run
the check again, write a report, answer. What the model does is a script (`task.toml`) of the
emulator; everything else is real: the agents, their tools, the gateway, the files on the disk.
A run is good if the agent ended well and said the answer, the files are right, the script saw all
that it expected, and the ledger shows the model that was asked for with nothing broken.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fairlead.demo.processes import environment, free_port, running, wait_ready
from fairlead.emulator import EmulatorThread
from fairlead.ledger.query import tail
from fairlead.ledger.record import Record

HERE = Path(__file__).resolve().parent
BIN = HERE / "node_modules" / ".bin"
MODELS = ("gemini-2.5-flash", "claude-haiku-4-5-20251001")
PROMPT = "Mend the greetings in this folder as notes.txt says, then tell me what you did."
ANSWER = "Ada and Bob are greeted with Good morning"
TURNS = 7
LIMIT = 180.0
ZERO = Decimal(0)
FILES = {
    "notes.txt": "Greet with: Good morning\n",
    "ada.py": 'print("Hello, Ada")\n',
    "bob.py": 'print("Hello, Bob")\n',
    "check.py": (
        "import pathlib, sys\n"
        "files = ['ada.py', 'bob.py']\n"
        "wrong = [f for f in files if 'Good morning' not in pathlib.Path(f).read_text()]\n"
        "print(f'{len(wrong)} of 2 greetings are wrong' if wrong else 'all greetings are right')\n"
    ),
}
WANTED = {
    "ada.py": 'print("Good morning, Ada")\n',
    "bob.py": 'print("Good morning, Bob")\n',
    "report.txt": "Both greet with Good morning.\n",
}


@dataclass
class Agent:
    """A command-line agent: how it is started, and what it needs in its home and environment."""

    name: str
    title: str
    dialect: str
    command: Callable[[str, str], list[str]]
    environment: Callable[[str, Path], dict[str, str]]
    settings: dict[str, str]


@dataclass
class Run:
    """What became of one task."""

    agent: str
    model: str
    faults: list[str]
    seconds: float
    requests: int
    cost_usd: str
    losses: list[str]


def claude(model: str, _url: str) -> list[str]:
    """Claude Code, headless; root may not skip permissions, so the tools are named."""
    tools = "Bash Read Edit Write"
    return [str(BIN / "claude"), "-p", PROMPT, "--model", model, "--allowedTools", tools]


def claude_environment(url: str, _home: Path) -> dict[str, str]:
    """Where Claude Code finds the gateway."""
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "any",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }


def gemini(model: str, _url: str) -> list[str]:
    """Gemini CLI, headless."""
    return [str(BIN / "gemini"), "-m", model, "-p", PROMPT, "--yolo"]


def gemini_environment(url: str, _home: Path) -> dict[str, str]:
    """Where Gemini CLI finds the gateway."""
    return {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": "any"}


def codex(model: str, url: str) -> list[str]:
    """Codex CLI, headless. Its web search runs at OpenAI only, so it is switched off."""
    provider = (
        f'{{name="Fairlead",base_url="{url}/v1",env_key="FAIRLEAD_KEY",wire_api="responses"}}'
    )
    options = {
        "model_provider": "fairlead",
        "model_providers.fairlead": provider,
        "web_search": '"disabled"',
    }
    flags = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
    return [
        str(BIN / "codex"), "exec", "--skip-git-repo-check", "--sandbox", "danger-full-access",
        *flags, "-m", model, PROMPT,
    ]  # fmt: skip


def codex_environment(_url: str, home: Path) -> dict[str, str]:
    """Codex's own home and key."""
    return {"CODEX_HOME": str(home / ".codex"), "FAIRLEAD_KEY": "any"}


GEMINI_SETTINGS = {
    "security": {
        "auth": {"selectedType": "gemini-api-key"},
        "folderTrust": {"enabled": False},
    },
    "general": {"enableAutoUpdate": False},
    "privacy": {"usageStatisticsEnabled": False},
}
AGENTS = {
    agent.name: agent
    for agent in (
        Agent("claude", "Claude Code", "anthropic", claude, claude_environment, {}),
        Agent(
            "gemini", "Gemini CLI", "gemini", gemini, gemini_environment,
            {".gemini/settings.json": json.dumps(GEMINI_SETTINGS)},
        ),
        Agent(
            "codex", "Codex CLI", "openai_responses", codex, codex_environment,
            {".codex/config.toml": ""},
        ),
    )
}  # fmt: skip


def drive(agent: Agent, model: str, folder: Path) -> Run:
    """One agent, one model, one task, before an emulator and a gateway of its own."""
    work, home = folder / "work", folder / "home"
    for name, text in FILES.items():
        _write(work / name, text)
    for name, text in agent.settings.items():
        _write(home / name, text)
    began = time.monotonic()
    with ExitStack() as stack:
        emulator = stack.enter_context(EmulatorThread(port=0, script=HERE / "task.toml"))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        env = environment(folder, emulator.url)
        log = folder / "gateway.log"
        gateway = stack.enter_context(running(["serve", "--port", str(port)], env, log))
        wait_ready(gateway, f"{url}/ready", log)
        code, said = _run(agent, model, url, work, home)
        played = [
            (run.script, list(run.played), list(run.problems)) for run in emulator.scripts.runs
        ]
    records: list[Record] = tail(folder / "fairlead.db", 1000)
    (folder / "output.txt").write_text(said)
    return Run(
        agent=agent.title,
        model=model,
        faults=[
            *_faults_of_the_end(code, said, work),
            *_faults_of_the_script(played),
            *_faults_of_the_ledger(agent, model, records),
        ],
        seconds=round(time.monotonic() - began, 1),
        requests=len(records),
        cost_usd=format(sum((r.cost_usd or ZERO for r in records), start=ZERO), "f"),
        losses=sorted({loss.what for record in records for loss in record.losses}),
    )


def _run(agent: Agent, model: str, url: str, work: Path, home: Path) -> tuple[int, str]:
    own = agent.environment(url, home)
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "dumb", "NO_COLOR": "1", **own}
    try:
        done = subprocess.run(
            agent.command(model, url), cwd=work, env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        return -1, (error.stdout or b"").decode(errors="replace")
    return done.returncode, done.stdout.decode(errors="replace")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _faults_of_the_end(code: int, said: str, work: Path) -> list[str]:
    faults = [] if code == 0 else [f"it ended with {code}" if code > 0 else f"over {LIMIT:.0f} s"]
    if ANSWER not in said:
        faults.append(f"it did not say the answer; its last words: {said.strip()[-300:]!r}")
    for name, wanted in WANTED.items():
        path = work / name
        found = path.read_text() if path.exists() else None
        if found != wanted:
            faults.append(f"{name} holds {found!r}")
    return faults


def _faults_of_the_script(played: list[tuple[str, list[int], list[str]]]) -> list[str]:
    if not played:
        return ["the script was never asked for"]
    faults: list[str] = []
    for _, turns, problems in played:
        faults += problems
        if sum(1 for count in turns if count) != TURNS:
            faults.append(f"turns played: {turns}")
    return faults


def _faults_of_the_ledger(agent: Agent, model: str, records: list[Record]) -> list[str]:
    faults = [f"{r.outcome}: {r.error_message}" for r in records if r.outcome != "ok"]
    others = {str(r.model) for r in records if r.outcome == "ok"} - {model}
    if others:
        faults.append(f"models that were not asked for: {', '.join(sorted(others))}")
    dialects = {r.dialect for r in records} - {agent.dialect}
    if dialects:
        faults.append(f"dialects: {', '.join(sorted(dialects))}")
    return faults


def show(runs: list[Run], console: Console) -> None:
    """A table of the runs, and what went wrong."""
    table = Table("agent", "model", "", "requests", "seconds", "cost (emulated)")
    for run in runs:
        mark = "[green]good" if not run.faults else "[red]bad"
        table.add_row(
            run.agent, run.model, mark, str(run.requests), str(run.seconds),
            f"$ {run.cost_usd}",
        )  # fmt: skip
    console.print(table)
    for run in runs:
        if run.losses:
            console.print(f"{run.agent} on {run.model}: named losses: {', '.join(run.losses)}")
        for fault in run.faults:
            console.print(f"{run.agent} on {run.model}: {fault}", style="red", markup=False)


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Drive real agents through the gateway.")
    parser.add_argument("--agent", choices=AGENTS, action="append")
    parser.add_argument("--model", action="append")
    parser.add_argument("--keep", action="store_true", help="leave the folders of the runs")
    parser.add_argument("--json", type=Path, help="write the runs to a file")
    asked = parser.parse_args()
    console = Console()
    if not BIN.is_dir():
        console.print("the agents are not installed: run `make agents`", style="red")
        return 2
    runs: list[Run] = []
    folder = Path(tempfile.mkdtemp(prefix="fairlead-agents-"))
    try:
        for name in asked.agent or AGENTS:
            for model in asked.model or MODELS:
                agent = AGENTS[name]
                with console.status(f"{agent.title} on {model}"):
                    runs.append(drive(agent, model, folder / f"{name}-{model}"))
                verdict = "good" if not runs[-1].faults else "bad"
                console.print(f"{agent.title} on {model}: {verdict}, {runs[-1].seconds} s")
        show(runs, console)
        if asked.json:
            asked.json.write_text(json.dumps([vars(run) for run in runs], indent=1))
    finally:
        if asked.keep:
            console.print(f"folders: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if any(run.faults for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
