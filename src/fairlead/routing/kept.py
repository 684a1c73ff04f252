"""A decision by questions that is kept, for all requests that answer them alike.

What follows from the answers (who is taken, who is behind and why, what would have changed it) is
made once; the figures (the steps of the path that tell them, the reason's details, the predicted
costs) are each request's own. So a request costs the choice alone; what is told of it is made when
it is asked for. What comes out is what `decide` says, to the byte in the ledger (tested with
Hypothesis).

Which requests are alike: where every option can serve, a decision depends on whether each
condition holds, and not on by how much. So numbers are read as the class between two neighbouring
figures that the policy compares them with, words as they are.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Final

from msgspec import json
from msgspec.structs import replace

from fairlead.routing.branch import PredictOne
from fairlead.routing.conditions import FEATURES, Asking, Condition
from fairlead.routing.decide import header, why_ruled
from fairlead.routing.decision import Candidate, Decision, Features, Step
from fairlead.routing.expect import Predicted
from fairlead.routing.policy import Policy
from fairlead.routing.rule import Rule

__all__ = ["Kept", "alike"]

_encode = json.Encoder(decimal_format="string").encode

_FIGURES: Final = b',"cost_usd":"%b","prompt_tokens":%d,"output_tokens":%d}'

_UNKEPT: Final = frozenset(
    {
        # May be the client's own words.
        "needs",
        # What limits media is looked at as soon as there are any, whatever the policy asks.
        *("images", "image_bytes", "videos", "document_bytes", "document_pages", "pages"),
        "inline_bytes",
    }
)
"""Features that keep a policy from being kept."""

_SELF_TOLD: Final = frozenset({"task"})
"""Words that are told with more than themselves: the task, with its evidence."""


def alike(policy: Policy) -> Callable[[Features], object] | None:
    """What two requests that the policy decides alike have in common; None where it cannot be
    said: an objective looks at the figures themselves.
    """
    conditions = [each for rule in policy.rules for each in rule.when]
    asked = dict.fromkeys(each.feature for each in conditions)
    if policy.chooses or policy.canary is not None or _UNKEPT.intersection(asked):
        return None
    words = [name for name in asked if FEATURES[name].form != "number"]
    read: Callable[[Features], object] = attrgetter(*words) if words else _nothing
    numbers: list[tuple[Callable[[Features], int | None], list[int]]] = [
        (attrgetter(name), _edges(conditions, name)) for name in asked if name not in words
    ]

    def key(features: Features) -> object:
        found: list[object] = [read(features)]
        for get, edges in numbers:
            value = get(features)
            found.append(-1 if value is None else bisect_right(edges, value))
        return tuple(found)

    return key


def _nothing(_features: Features) -> None:
    return None


def _edges(conditions: list[Condition], name: str) -> list[int]:
    """The figures at which an answer about this number may change."""
    found: set[int] = set()
    for each in conditions:
        if each.feature == name and isinstance(each.wanted, int):
            found |= {each.wanted, each.wanted + 1}
    return sorted(found)


class Kept:
    """What `like`, a decision by `rule` (None: by none), has in common with those of all requests
    that answer as its did.
    """

    __slots__ = (
        "_asks",
        "_candidates",
        "_form",
        "_like",
        "_policy",
        "_predict",
        "_reason",
        "_rule",
    )

    def __init__(
        self, policy: Policy, like: Decision, predict: Mapping[str, PredictOne] | None
    ) -> None:
        rules = policy.rules[: len(like.path)]
        decided = bool(rules) and like.path[-1].answer
        self._policy, self._like = policy, like
        self._rule: Rule | None = rules[-1] if decided else None
        self._asks = [
            step if _constant(rule) else rule.ask
            for rule, step in zip(rules, like.path, strict=True)
        ]
        told = self._rule is not None and not _constant(self._rule)
        self._reason = None if told else like.reason
        self._predict = (
            None if predict is None else [predict[each.model] for each in like.candidates]
        )
        self._form: _Form | None = None

    def quick(self, features: Features) -> Decision:
        """The decision without its path, candidates and flips, which it tells when asked."""
        like, reason = self._like, self._reason
        if reason is None:
            reason = header(why_ruled(self._policy, self._rule, features))
        return Decision(
            like.policy,
            like.policy_hash,
            (),
            like.ranked,
            (),
            reason,
            features,
            like.warnings,
            (),
            None,
            like.route,
        ).kept_by(self)

    def whole(self, decision: Decision) -> Decision:
        """A quick decision with its path, candidates and flips."""
        features, like = decision.features, self._like
        candidates = like.candidates
        if self._predict is not None:
            figured = []
            for each, predict in zip(candidates, self._predict, strict=True):
                said = predict(features, None, None)
                figured.append(
                    Candidate(
                        each.model,
                        each.why,
                        None,
                        said.cost_usd,
                        said.prompt_tokens,
                        said.output_tokens,
                    )
                )
            candidates = tuple(figured)
        return Decision(
            like.policy,
            like.policy_hash,
            self._path(features),
            like.ranked,
            candidates,
            decision.reason,
            features,
            like.warnings,
            like.flip,
            like.moment,
            like.route,
        )

    def stored(self, decision: Decision) -> bytes:
        """The JSON of `whole`, without making it."""
        form = self._form
        if form is None:
            form = self._form = _Form(self._like, self._asks)
        features = decision.features
        out: list[bytes] = []
        for text, ask in form.path:
            out.append(text)
            if ask is not None:
                out.append(_encode(ask(features).because))
        out.append(form.ranked)
        if self._predict is None:
            out.append(form.candidates_bare)
        else:
            for text, predict in zip(form.candidates, self._predict, strict=True):
                out.append(text)
                out.append(_figures(predict(features, None, None)))
        if self._reason is None:
            out += (form.before_reason, _encode(decision.reason), form.after)
        else:
            out.append(form.reason)
        out.append(_encode(features))
        out.append(form.tail)
        return b"".join(out)

    def _path(self, features: Features) -> tuple[Step, ...]:
        return tuple([each if isinstance(each, Step) else each(features) for each in self._asks])


class _Form:
    """A decision's JSON without the words of the steps that tell figures, its candidates' figures,
    its reason and its features. `path` holds what stands before those words, and who says them.
    """

    __slots__ = (
        "after",
        "before_reason",
        "candidates",
        "candidates_bare",
        "path",
        "ranked",
        "reason",
        "tail",
    )

    def __init__(self, like: Decision, asks: Sequence[Step | Asking]) -> None:
        empty = replace(like, path=(), candidates=(), reason="", features=Features())
        # None of the marks can stand within a string, where quotes have a backslash before them.
        text, rest = _encode(empty).split(b'"path":[]')
        ranked, rest = rest.split(b'"candidates":[]')
        reason, rest = rest.split(b'"reason":""')
        features, self.tail = rest.split(b'"features":{}')
        text += b'"path":['
        self.path: list[tuple[bytes, Asking | None]] = []
        for number, (step, ask) in enumerate(zip(like.path, asks, strict=True)):
            text += b"," if number else b""
            if isinstance(ask, Step):
                text += _encode(step)
            else:
                told = _encode(replace(step, because=""))
                self.path.append((text + told[: -len(b'""}')], ask))
                text = b"}"
        self.path.append((text + b"]", None))
        self.ranked = ranked + b'"candidates":['
        self.before_reason = b"]" + reason + b'"reason":'
        self.after = features + b'"features":'
        self.reason = self.before_reason + _encode(like.reason) + self.after
        bare = [
            _encode(replace(each, cost_usd=None, prompt_tokens=None, output_tokens=None))
            for each in like.candidates
        ]
        self.candidates = [
            (b"," if number else b"") + text[:-1] for number, text in enumerate(bare)
        ]
        self.candidates_bare = b",".join(bare)


def _figures(said: Predicted) -> bytes:
    """The end of a candidate's JSON: its cost and tokens."""
    cost, prompt, output = said.cost_usd, said.prompt_tokens, said.output_tokens
    if cost is not None and prompt is not None and output is not None:
        return _FIGURES % (str(cost).encode(), prompt, output)
    told = ""
    if cost is not None:
        told = f',"cost_usd":"{cost!s}"'  # `format` of a Decimal takes twice as long
    if prompt is not None:
        told += f',"prompt_tokens":{prompt}'
    if output is not None:
        told += f',"output_tokens":{output}'
    return f"{told}}}".encode()


def _constant(rule: Rule) -> bool:
    """Whether alike requests answer in the same words."""
    return all(
        FEATURES[each.feature].form != "number" and each.feature not in _SELF_TOLD
        for each in rule.when
    )
