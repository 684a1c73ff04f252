"""Settings of the emulator, and how its flags are read."""

import re
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from fairlead.emulator.aws_identity import AccessKey
from fairlead.emulator.faults import BadRule, FaultRule, read_rule, rules_from_file
from fairlead.emulator.scripts import BadScript, Script, ScriptBook, scripts_from_file

__all__ = [
    "BadSetting",
    "EmulatorSettings",
    "parse_aws_keys",
    "parse_fault_files",
    "parse_faults",
    "parse_scripts",
    "parse_tps",
    "parse_ttft",
]

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "": 1.0}
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|)")
LONGEST = 3600.0


class BadSetting(ValueError):
    """A setting that cannot be read; the text says which and why."""


class EmulatorSettings(Struct, frozen=True, kw_only=True):
    """How an emulator runs.

    `keys`: the keys accepted; None accepts any that does not start with "bad". `ttft` maps model
    ids or shell patterns to seconds until the first token, `tps` to tokens per second (0: as fast
    as possible). `scripts` say what the model does in conversations. `replay` is a file of
    recordings; with `replay_only` the rest is a 404. `seed` keys the signatures. `requests_kept`
    bounds the list of requests. `size_limit` overrules the vendors' own limits on request bodies,
    in bytes. `port` 0 takes a free one. `token_seconds`: how long Google's access tokens are good.
    `aws_keys` are good at Bedrock, beside the pair of AWS's documentation.
    """

    host: str = "127.0.0.1"
    port: int = 8099
    keys: tuple[str, ...] | None = None
    ttft: dict[str, float] = {}
    tps: dict[str, float] = {}
    faults: tuple[FaultRule, ...] = ()
    scripts: tuple[Script, ...] = ()
    replay: Path | None = None
    replay_only: bool = False
    seed: bytes = b"fairlead"
    requests_kept: int = 1000
    size_limit: int | None = None
    token_seconds: float = 3600.0
    aws_keys: tuple[AccessKey, ...] = ()


def parse_ttft(flags: Iterable[str]) -> dict[str, float]:
    """`gemini-2.5-flash=120ms` and the like to seconds by model; a bare `120ms` is for all models.

    Raises:
        BadSetting: a flag has no time, a negative or an absurd one.
    """
    table: dict[str, float] = {}
    for flag in flags:
        model, text = _pair(flag)
        found = _TIME.fullmatch(text)
        if found is None:
            raise BadSetting(f"--ttft {flag}: {text!r} is no time; write 120ms or 1.5s")
        seconds = float(found[1]) * _SECONDS[found[2]]
        if seconds > LONGEST:
            raise BadSetting(f"--ttft {flag}: more than an hour")
        table[model] = seconds
    return table


def parse_tps(flags: Iterable[str]) -> dict[str, float]:
    """`claude-haiku-4-5=150` and the like to tokens per second by model; a bare `150` for all.

    Raises:
        BadSetting: a flag has no number, or a negative one.
    """
    table: dict[str, float] = {}
    for flag in flags:
        model, text = _pair(flag)
        try:
            table[model] = float(text)
        except ValueError:
            raise BadSetting(f"--tps {flag}: {text!r} is no number of tokens per second") from None
        if not 0 <= table[model] < 1e9:
            raise BadSetting(f"--tps {flag}: must be 0 (as fast as possible) or more")
    return table


def _pair(flag: str) -> tuple[str, str]:
    model, equals, text = flag.rpartition("=")
    if equals and not model.strip():
        raise BadSetting(f"{flag!r}: no model before the =")
    return (model.strip() if equals else "*"), text.strip()


def parse_aws_keys(flags: Iterable[str]) -> tuple[AccessKey, ...]:
    """`ID:SECRET` or `ID:SECRET:SESSION-TOKEN`.

    Raises:
        BadSetting: a flag has another shape.
    """
    keys: list[AccessKey] = []
    for flag in flags:
        parts = flag.split(":", 2)
        if len(parts) < 2 or not all(parts):
            raise BadSetting("--aws-key: write an id and a secret, joined by a colon")
        keys.append(AccessKey(*parts))
    return tuple(keys)


def parse_faults(flags: Iterable[str]) -> tuple[FaultRule, ...]:
    """Rules as on the command line, or names of TOML files that hold them.

    Raises:
        BadSetting: a rule or a file is wrong; the text says where.
    """
    rules: list[FaultRule] = []
    for flag in flags:
        try:
            if flag.endswith(".toml") and "=" not in flag:
                rules.extend(rules_from_file(Path(flag)))
            else:
                rules.append(read_rule(flag))
        except BadRule as error:
            raise BadSetting(f"--fault: {error}") from None
    return tuple(rules)


def parse_fault_files(paths: Iterable[Path]) -> tuple[FaultRule, ...]:
    """The rules of TOML files with `[[fault]]` tables, in their order.

    Raises:
        BadSetting: a file is absent, is not TOML or holds a bad rule; the text says where.
    """
    try:
        return tuple(rule for path in paths for rule in rules_from_file(path))
    except BadRule as error:
        raise BadSetting(f"--fault-file: {error}") from None


def parse_scripts(paths: Iterable[Path]) -> tuple[Script, ...]:
    """The scripts of TOML files with `[[script]]` tables, in their order.

    Raises:
        BadSetting: a file is absent, is not TOML or holds a bad script; the text says where.
    """
    try:
        return tuple(ScriptBook(s for path in paths for s in scripts_from_file(path)).scripts)
    except BadScript as error:
        raise BadSetting(f"--script: {error}") from None
