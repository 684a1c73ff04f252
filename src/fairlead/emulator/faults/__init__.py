"""Faults by rule: what goes wrong, for which requests, how often."""

from fairlead.emulator.faults.book import FaultBook
from fairlead.emulator.faults.reading import BadRule, read_rule, read_rules, rules_from_file
from fairlead.emulator.faults.rule import FaultRule
from fairlead.emulator.faults.shaping import Outage, apply

__all__ = [
    "BadRule",
    "FaultBook",
    "FaultRule",
    "Outage",
    "apply",
    "read_rule",
    "read_rules",
    "rules_from_file",
]
