"""Which model a request goes to, and why. Pure: features in, a decision out.

`extract` reads the features off a request, `parse_policy` checks a policy's file, `options_for`
resolves its candidates for a day, `decide` (or `named`) gives the decision. A `Chooser` is a policy
with its options, compiled for the request path: it says the same as `decide`.
"""

from fairlead.routing.chooser import Chooser
from fairlead.routing.decide import Predict, decide, named
from fairlead.routing.decision import (
    Candidate,
    Decision,
    Features,
    Hints,
    Latency,
    Step,
    Task,
)
from fairlead.routing.features import extract, prompt_tokens_for, prompt_tokens_of
from fairlead.routing.options import Option, options_for
from fairlead.routing.policy import Policy, PolicyError, Rule, parse_policy

__all__ = [
    "Candidate",
    "Chooser",
    "Decision",
    "Features",
    "Hints",
    "Latency",
    "Option",
    "Policy",
    "PolicyError",
    "Predict",
    "Rule",
    "Step",
    "Task",
    "decide",
    "extract",
    "named",
    "options_for",
    "parse_policy",
    "prompt_tokens_for",
    "prompt_tokens_of",
]
