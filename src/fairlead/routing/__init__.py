"""Which model a request goes to, and why. Pure: features in, a decision out.

`extract` reads the features off a request, `parse_policy` checks a policy's file, `options_for`
resolves its candidates for a day, `decide` (or `named`) gives the decision. A `Chooser` is a policy
with its options, compiled for the request path: it says the same as `decide`.
"""

from fairlead.routing.chooser import Chooser
from fairlead.routing.decide import decide, named
from fairlead.routing.decision import (
    Candidate,
    Decision,
    Features,
    Flip,
    Hints,
    Latency,
    Step,
    Task,
)
from fairlead.routing.expect import Predict, Predicted
from fairlead.routing.features import extract, prompt_tokens_for, prompt_tokens_of
from fairlead.routing.moment import NO_MOMENT, Moment, Pace, Quality, Warm
from fairlead.routing.options import Option, options_for, takes_on
from fairlead.routing.policy import ALWAYS, Policy, PolicyError, Rule, always, linked
from fairlead.routing.policy_file import parse_policies, parse_policy
from fairlead.routing.predictor import predictor

__all__ = [
    "ALWAYS",
    "NO_MOMENT",
    "Candidate",
    "Chooser",
    "Decision",
    "Features",
    "Flip",
    "Hints",
    "Latency",
    "Moment",
    "Option",
    "Pace",
    "Policy",
    "PolicyError",
    "Predict",
    "Predicted",
    "Quality",
    "Rule",
    "Step",
    "Task",
    "Warm",
    "always",
    "decide",
    "extract",
    "linked",
    "named",
    "options_for",
    "parse_policies",
    "parse_policy",
    "predictor",
    "prompt_tokens_for",
    "prompt_tokens_of",
    "takes_on",
]
