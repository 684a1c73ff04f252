"""From answers to a recommendation. Pure: catalogue, day and answers in, a value out.

The article's decision tree is asked with the features of the usual request. Where none of its
questions says yes, its stars for the application decide; where the budget's question decides and
the workload is known, the cost engine does. Then the same is asked with what only some requests
bring (the largest prompt, other media): the question that sends those elsewhere becomes a rule of
the policy. Hard limits hold throughout, as they do for a request.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from fairlead.canon import Failure
from fairlead.catalog.catalog import Catalog
from fairlead.catalog.shipped import shipped_policies
from fairlead.cost.display import dollars
from fairlead.lab.choose.advice import advice
from fairlead.lab.choose.answers import Answers
from fairlead.lab.choose.evidence import Stars, evidence, stars
from fairlead.lab.choose.monthly import Monthly, monthly
from fairlead.lab.choose.policy_text import checked_name, policy_text
from fairlead.lab.choose.questions import ARTICLE
from fairlead.lab.choose.recommendation import Considered, Exceptional, Recommendation
from fairlead.routing.decide import decide
from fairlead.routing.decision import Decision, Features, Step
from fairlead.routing.options import Option, options_for, takes_on
from fairlead.routing.policy import Policy
from fairlead.routing.policy_file import parse_policy
from fairlead.routing.rule import Rule

__all__ = ["TREE", "recommend"]

TREE = "article-tree"


class _Verdict(NamedTuple):
    """The option that is recommended, why and who says so, and the steps that led there."""

    option: Option
    reason: str
    source: str
    path: tuple[Step, ...]


class _Elsewhere(NamedTuple):
    """Requests that go elsewhere than the rest, and the rule that sends them (None: a limit)."""

    told: Exceptional
    rule: Rule | None


def recommend(answers: Answers, catalog: Catalog, at: date, name: str = "") -> Recommendation:
    """What the answers come to on the day `at`; `name` is the policy's (else by the task).

    Raises `Failure` where no model can take the usual request, or for a bad name.
    """
    shipped = shipped_policies()
    name = checked_name(name or f"choose-{answers.task}", shipped)
    tree = parse_policy(shipped[TREE], f"{TREE}.toml", catalog)
    options = options_for(tree, catalog, at, lambda _: True)
    usual = _features(answers)
    try:
        decision = decide(usual, tree, options)
    except Failure as failure:  # the field that it names is one of a request's body
        raise Failure(replace(failure.problem, param=None)) from failure
    limits = {each.model: each.ruled_out for each in decision.candidates}
    costs = monthly(answers, catalog, at, limits)
    verdict = _verdict(answers, catalog, tree, options, decision, costs)
    elsewhere, unserved = _exceptions(answers, usual, tree, options, verdict.option)
    text = _policy(answers, name, tree, verdict, elsewhere)
    parse_policy(text, f"{name}.toml", catalog, takes_on(catalog, at))
    model = verdict.option.model.id
    return Recommendation(
        at=at,
        answers=answers,
        model=model,
        family=verdict.option.names[0],
        reason=verdict.reason,
        source=verdict.source,
        path=verdict.path,
        considered=tuple(_considered(options, limits, verdict)),
        exceptional=tuple(each.told for each in elsewhere),
        evidence=evidence(answers, catalog, tuple(o.model.id for o in options), at),
        monthly=costs,
        policy_name=name,
        policy_text=text,
        advice=tuple(advice(answers)),
        notes=(*_notes(answers, costs, model, elsewhere), *unserved),
        warnings=tuple(dict.fromkeys((*verdict.option.warnings, *decision.warnings))),
    )


def _features(answers: Answers) -> Features:
    """The usual request; where its prompt is not stated, the largest stands for it."""
    usual = answers.input_tokens
    prompt = answers.largest_prompt or 0 if usual is None else usual
    return Features(
        prompt_tokens=prompt,
        prompt_tokens_high=prompt,
        max_tokens=answers.largest_answer or answers.output_tokens,
        modalities=("text", *answers.media),
        task=answers.task,
        latency=answers.latency,
        budget=answers.budget,
    )


def _verdict(
    answers: Answers,
    catalog: Catalog,
    tree: Policy,
    options: Sequence[Option],
    decision: Decision,
    costs: Monthly,
) -> _Verdict:
    rule = _decider(tree, decision)
    chosen = _option(options, decision.ranked[0])
    fit = [each for each in options if each.model.id in decision.ranked]
    plain = _Verdict(chosen, decision.reason, ARTICLE, decision.path)
    if rule is None:
        return _by_stars(stars(answers.task, catalog), catalog, fit, plain)
    if any(each.feature == "budget" for each in rule.when):
        return _by_cost(costs, fit, plain)
    return plain


def _by_stars(
    given: Stars | None, catalog: Catalog, fit: Sequence[Option], plain: _Verdict
) -> _Verdict:
    """None of the tree's questions said yes: the stars for the application, where there are any."""
    best = None if given is None else given.best
    rated = None if best is None else catalog.models.get(best)
    if given is None or rated is None:
        return plain
    found = next((each for each in fit if rated.family in each.names), None)
    if found is None:
        return plain
    said = ", ".join(f"{model} {count} of 5" for model, count in given.by_model.items())
    step = Step(f"the article's stars for {given.scenario}?", answer=True, because=said)
    reason = f"none of the tree's questions decided; stars for {given.scenario}: {said}"
    if found.model.id not in given.by_model:
        reason += f" (its family's place is taken by {found.model.id} now, which has no stars)"
    return _Verdict(found, reason, given.source, (*plain.path, step))


def _by_cost(costs: Monthly, fit: Sequence[Option], plain: _Verdict) -> _Verdict:
    """The budget decides: the lower bill, where the workload is known."""
    months = [(costs.of(each.model.id), each) for each in fit]
    known = [(month.total, month, each) for month, each in months if month is not None]
    if len(known) < len(fit) or len(known) < 2:
        return plain
    known.sort(key=lambda row: row[0])
    _, _, cheapest = known[0]
    said = " < ".join(f"{month.model} {dollars(month.total, 2)}" for _, month, _ in known)
    step = Step("lowest cost a month?", answer=True, because=said)
    if cheapest is plain.option:
        return plain._replace(path=(*plain.path, step))
    reason = f"a very tight budget; the article takes {plain.option.model.id}, but {said} a month"
    return _Verdict(cheapest, reason, "fairlead", (*plain.path, step))


def _exceptions(
    answers: Answers, usual: Features, tree: Policy, options: Sequence[Option], main: Option
) -> tuple[list[_Elsewhere], list[str]]:
    """What only some requests bring, where that goes elsewhere; and what no model can take."""
    found: list[_Elsewhere] = []
    unserved: list[str] = []
    # The general question is put to requests of no special kind, so that only the question about
    # what is special can say yes.
    bare = replace(usual, task="other", latency="normal", budget="normal")
    for what, features in _special(answers, bare):
        try:
            decision = decide(features, tree, options)
        except Failure as failure:
            unserved.append(f"{what}: {failure.problem.message}")
            continue
        rule, first = _decider(tree, decision), decision.ranked[0]
        barred = any(c.model == main.model.id and c.ruled_out for c in decision.candidates)
        if first == main.model.id or (rule is None and not barred):
            continue
        question = f"a hard limit of {main.model.id}" if rule is None else rule.question
        found.append(_Elsewhere(Exceptional(what, first, question), rule))
    return found, unserved


def _special(answers: Answers, bare: Features) -> Iterator[tuple[str, Features]]:
    largest = answers.largest_prompt
    if largest is not None and largest > bare.prompt_tokens:
        wide = replace(bare, prompt_tokens=largest, prompt_tokens_high=largest)
        yield f"prompts of up to {largest:,} tokens", wide
    for kind in answers.sometimes:
        if kind not in answers.media:
            held = replace(bare, modalities=(*bare.modalities, kind))
            yield f"requests with {_KINDS[kind]}", held


_KINDS = {"image": "images", "audio": "audio", "video": "video", "document": "PDFs"}


def _decider(tree: Policy, decision: Decision) -> Rule | None:
    """The rule that said yes; None where none did."""
    if decision.path and decision.path[-1].answer:
        return tree.rules[len(decision.path) - 1]
    return None


def _option(options: Sequence[Option], model: str) -> Option:
    return next(each for each in options if each.model.id == model)


def _considered(
    options: Sequence[Option], limits: dict[str, str | None], verdict: _Verdict
) -> Iterator[Considered]:
    for each in options:
        barred = limits.get(each.model.id)
        why = "recommended" if each is verdict.option else barred or "the other one is recommended"
        yield Considered(each.names[0], each.model.id, why, barred)


def _notes(
    answers: Answers, costs: Monthly, model: str, elsewhere: Sequence[_Elsewhere]
) -> Iterator[str]:
    own = costs.of(model)
    if own is not None:
        cheaper = [
            f"{each.model} by {dollars(own.total - each.total, 2)}"
            for each in costs.models
            if each.total < own.total and each.stands_in_way is None
        ]
        if cheaper:
            yield (
                f"cheaper a month than {model}: {', '.join(cheaper)}; whether they do as well is to"
                " be tried on your own requests"
            )
        if elsewhere:
            yield (
                "the monthly cost takes every request for a usual one: how many go elsewhere is"
                " not stated"
            )
    if answers.mainland_china:
        yield "mainland China: what each source says of access stands among the evidence"
    if answers.latency == "interactive":
        yield (
            "no source gives comparable figures for the first token: measure with your own"
            " traffic (`fairlead models compare`)"
        )


def _policy(
    answers: Answers,
    name: str,
    tree: Policy,
    verdict: _Verdict,
    elsewhere: Sequence[_Elsewhere],
) -> str:
    """The file: a rule for what goes elsewhere, the recommended one for the rest."""
    wanted = {id(each.rule): each.rule for each in elsewhere if each.rule is not None}
    main = verdict.option.names[0]
    others = [each for each in tree.candidates if each != main]
    return policy_text(
        name,
        f"{answers.task}: {verdict.option.names[0]}, as `fairlead choose` recommends.",
        [rule for rule in tree.rules if id(rule) in wanted],
        (main, *others),
        f"recommended for {answers.task}",
        (
            f"Written by `fairlead choose` for {answers.task}: {main}.",
            f"{verdict.reason} [{verdict.source}]",
            "Edit it as you like: docs/policies.md has the keys.",
        ),
    )
