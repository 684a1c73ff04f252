"""What a policy takes over from a scorer's file, and how it chooses by what the scorer says.

    [scorer]
    file = "pair.scorer"        # beside the policy's file

Where both of the scorer's models may serve and the policy's questions leave both, the other model
is taken if it is likelier right than the base by more than the file's threshold: the rule that
`fairlead route train` has shown to do no harm. Where it has not shown that, the policy is read with
a note and decides as without the table. Models beside those two come behind, as the objective
orders them.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from fairlead.routing.decision import Flip

__all__ = ["ScorerRule", "by_scorer"]


class ScorerRule(Struct, frozen=True):
    """`hash` names the file's content. `other` is taken where its chance to be right is above that
    of `base` by more than `threshold` (0 to 1).
    """

    hash: str
    base: str
    other: str
    threshold: float


def by_scorer(
    rule: ScorerRule, chances: Mapping[str, float], order: Sequence[str]
) -> tuple[str, str, Flip] | None:
    """Whom the rule takes of these models, in words, and what would have flipped it; None where it
    has no say: one of its models is not among them, or the prompt was not scored.
    """
    if rule.base not in order or rule.other not in order or not chances:
        return None
    one, two = chances[rule.other], chances[rule.base]
    over = one - two > rule.threshold
    bound = 100 * rule.threshold
    told = (
        f"scorer: {rule.other} {100 * one:.1f}, {rule.base} {100 * two:.1f}: a lead of"
        f" {100 * (one - two):+.1f} points, {'over' if over else 'not over'} {bound:.1f}"
    )
    wish = f"a lead of {rule.other} {'not over' if over else 'over'} {bound:.1f} points"
    taken, left = (rule.other, rule.base) if over else (rule.base, rule.other)
    return taken, told, Flip(f"{wish} (scored {100 * (one - two):+.1f})", left)
