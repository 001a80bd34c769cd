"""A bias answer in words."""

from simulator.bias.answer import ArmAnswer, BiasAnswer
from simulator.bias.experiment import ExperimentAnswer
from simulator.report.bias_text import number, percent, signed

__all__ = ["alike_but_for_exploration", "bias_sentence"]

FEWEST_SHARES = 3
"""Shares of exploration that make a comparison of them."""


def bias_sentence(answer: BiasAnswer) -> str:
    """Return the answer: what experiments tell, which new items are found, and what the arms do."""
    said = [
        *([_ab_test(answer.ab_test)] if answer.ab_test else []),
        *([_holdout(answer.holdout)] if answer.holdout else []),
        *_new_items(answer),
    ]
    explorers = alike_but_for_exploration(answer)
    if said and not explorers:
        said.append(_most(answer.arms))
    elif explorers:
        said.append(_exploration(explorers))
    elif len(answer.arms) == 1:
        said.append(_one(answer.arms[0]))
    else:
        said += [_one(answer.arms[0]), _most(answer.arms)]
    return " ".join(said)


def alike_but_for_exploration(answer: BiasAnswer) -> list[ArmAnswer]:
    """Return the arms that differ from the first in the share of exploration alone, by that; none of fewer than 3."""
    first = answer.arms[0].policy.model_dump(exclude={"exploration"})
    alike = [arm for arm in answer.arms if arm.policy.model_dump(exclude={"exploration"}) == first]
    by_share = {arm.policy.exploration: arm for arm in alike}
    return [by_share[share] for share in sorted(by_share)] if len(by_share) >= FEWEST_SHARES else []


def _ab_test(found: ExperimentAnswer) -> str:
    """Return what an A/B test shows of what is true."""
    asked = found.experiment
    return (
        f"The A/B test of {asked.treatment} against {asked.control} sees {signed(found.seen)} clicks a request; "
        f"shipping it brings {signed(found.truth)}."
    )


def _holdout(found: ExperimentAnswer) -> str:
    """Return what a holdout shows, at first and in the end."""
    text = f"The holdout of {found.experiment.control} sees {signed(found.seen)} over its {len(found.course[0])} steps"
    fit = found.novelty
    if fit is None:
        return f"{text}."
    if not fit.novelty.value:
        return f"{text}, and nothing that wears off."
    return f"{text}: {fit.at(0):+.3f} at first, {signed(fit.steady)} once the new has worn off."


def _new_items(answer: BiasAnswer) -> list[str]:
    """Return which arms find new items, the best first; nothing where none come."""
    arms = sorted((arm for arm in answer.arms if arm.found), key=lambda arm: -arm.found.value if arm.found else 0.0)
    if not arms:
        return []
    best, *others = [f"{arm.name} {percent(arm.found)}" for arm in arms]
    window = f"of the new items within {answer.bias.steps // 2} steps of their arrival"
    return [", ".join([f"{best.replace(' ', ' finds ', 1)} {window}", *others]) + "."]


def _exploration(arms: list[ArmAnswer]) -> str:
    """Return the least random traffic that brings as many clicks as any within chance, its cost and its worth."""
    none, most = arms[0], max(arms, key=_clicks)
    enough = next(arm for arm in arms if arm.totals["click_rate"].high >= most.totals["click_rate"].low or arm is most)
    if enough is none:
        return f"{_share(none)} of random traffic brings as many clicks as any, {_rate(none)} a request."
    rivals = "the most" if enough is most else f"within chance of the most, {_rate(most)} at {_share(most)}"
    return (
        f"{_share(enough)} of random traffic brings {_rate(enough)} clicks a request, {rivals}; {_share(none)} brings "
        f"{_rate(none)}. It costs {number(enough.cost, 3)} clicks a request, and a list learnt from its log brings "
        f"{percent(enough.learnt)} of the best one list for all."
    )


def _one(arm: ArmAnswer) -> str:
    """Return what a single policy does."""
    gini, coverage = arm.totals["exposure_gini"], arm.totals["coverage"]
    return (
        f"{arm.name} shows {coverage.value:.0%} of the items, at a Gini of exposure of {gini.value:.2f}, brings "
        f"{_rate(arm)} clicks a request and loses {number(arm.totals['regret'], 3)} against the best lists."
    )


def _most(arms: tuple[ArmAnswer, ...]) -> str:
    """Return which of the arms that can be built brings the most clicks, and what knowing the truth would bring."""
    oracle = [arm for arm in arms if arm.policy.recommender == "oracle"]
    built = [arm for arm in arms if arm not in oracle] or oracle
    best = max(built, key=_clicks)
    low = best.totals["click_rate"].low
    rivals = [arm.name for arm in built if arm is not best and arm.totals["click_rate"].high >= low]
    tied = f", within chance of {', '.join(rivals)}" if rivals else ""
    more = "" if best.difference is None else f" ({signed(best.difference)} against {arms[0].name})"
    truth = f"; {oracle[0].name}, which knows the truth, {_rate(oracle[0])}" if oracle and best not in oracle else ""
    return f"{best.name} brings the most clicks, {_rate(best)} a request{more}{tied}{truth}."


def _clicks(arm: ArmAnswer) -> float:
    """Return an arm's clicks per request."""
    return arm.totals["click_rate"].value


def _rate(arm: ArmAnswer) -> str:
    """Return an arm's clicks per request as text."""
    return number(arm.totals["click_rate"], 3)


def _share(arm: ArmAnswer) -> str:
    """Return an arm's share of exploration as text."""
    return f"{arm.policy.exploration * 100:g}%"
