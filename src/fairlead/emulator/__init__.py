"""The vendors' HTTP APIs on loopback, for development, tests, demos and benchmarks.

It answers as Gemini, Anthropic and OpenAI do, without a model behind it, and says so in every
answer. It imports none of Fairlead's other rooms: a codec's mistake must not confirm itself.
"""

from fairlead.emulator.books import Entry
from fairlead.emulator.faults import BadRule, FaultBook, FaultRule
from fairlead.emulator.replay import BadRecordings
from fairlead.emulator.scripts import BadScript, Played, Run, Script, ScriptBook
from fairlead.emulator.server import Emulator, EmulatorThread, run
from fairlead.emulator.settings import (
    BadSetting,
    EmulatorSettings,
    parse_aws_keys,
    parse_fault_files,
    parse_faults,
    parse_scripts,
    parse_tps,
    parse_ttft,
)

__all__ = [
    "BadRecordings",
    "BadRule",
    "BadScript",
    "BadSetting",
    "Emulator",
    "EmulatorSettings",
    "EmulatorThread",
    "Entry",
    "FaultBook",
    "FaultRule",
    "Played",
    "Run",
    "Script",
    "ScriptBook",
    "parse_aws_keys",
    "parse_fault_files",
    "parse_faults",
    "parse_scripts",
    "parse_tps",
    "parse_ttft",
    "run",
]
