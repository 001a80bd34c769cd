"""A bias answer as rows and sentences, for the terminal and for reports alike."""

import math

from simulator.bias.answer import ArmAnswer, BiasAnswer
from simulator.bias.experiment import ExperimentAnswer
from simulator.bias.logging_load import LoggingLoad
from simulator.scenario.model import Scenario
from simulator.statistics.intervals import Estimate

__all__ = [
    "EXPOSURE_HEADS",
    "LOGGING_HEADS",
    "WORTH_HEADS",
    "bias_heading",
    "bias_sentence",
    "experiment_rows",
    "experiment_sentence",
    "exposure_rows",
    "logging_rows",
    "new_items_rows",
    "position_rows",
    "worth_rows",
]

EXPOSURE_HEADS = ("arm", "clicks/request", "regret", "Gini", "coverage", "top 1%", "Kendall", "found")
WORTH_HEADS = ("arm", "random", "cost/request", "worth", "weight", "list learnt")


def bias_heading(answer: BiasAnswer) -> str:
    """Return what was simulated."""
    bias = answer.bias
    items = f"{answer.items[0]:,} items" + (
        f" growing to {answer.items[1]:,}" if answer.items[1] > answer.items[0] else ""
    )
    world = "" if bias.world == "synthetic" else f"{bias.world}: "
    return (
        f"{answer.study.name}: {world}{answer.users:,} users, {items}, lists of {bias.slots}, {bias.steps:,} steps, "
        f"{bias.replications:,} replications, seed {answer.study.seed}"
    )


def exposure_rows(answer: BiasAnswer) -> list[tuple[str, ...]]:
    """Return the cells of every arm under EXPOSURE_HEADS."""
    return [
        (
            arm.name,
            number(arm.totals["click_rate"], 3),
            f"{arm.totals['regret'].value:.3f}",
            f"{arm.totals['exposure_gini'].value:.3f}",
            f"{arm.totals['coverage'].value:.1%}",
            f"{arm.totals['top_share'].value:.1%}",
            f"{arm.totals['kendall'].value:+.2f}",
            f"{arm.totals['discovered'].value:.1%}",
        )
        for arm in answer.arms
    ]


def worth_rows(answer: BiasAnswer) -> list[tuple[str, ...]]:
    """Return the cells of every arm under WORTH_HEADS: what exploration cost beside what its log is worth."""
    return [
        (
            arm.name,
            f"{arm.random_rows.value / arm.rows:.1%}",
            number(arm.cost, 3) if arm.cost.value else "0",
            "nothing" if _blind(arm) else f"{arm.effective.value:,.0f}",
            f"{arm.largest_weight.value:,.3g}",
            percent(arm.learnt),
        )
        for arm in answer.arms
    ]


def position_rows(answer: BiasAnswer) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return heads and rows of how often each place is looked at, by the arms with random lists; no rows without."""
    arms = [arm for arm in answer.arms if arm.looks]
    known = next((arm.true_looks for arm in arms if arm.true_looks), None)
    rows = []
    for place in range(answer.bias.slots if arms else 0):
        cells = [number(arm.looks[place], 3) for arm in arms if arm.looks]
        rows.append((f"{place + 1}", *cells, *([f"{known[place]:.3f}"] if known else [])))
    return ("place", *(arm.name for arm in arms), *(["truth"] if known else [])), rows


def new_items_rows(answer: BiasAnswer) -> list[tuple[str, ...]]:
    """Return (arm, share found, steps until then) of new items; none where none come."""
    return [
        (arm.name, percent(arm.found), number(arm.found_after, 1))
        for arm in answer.arms
        if arm.found and arm.found_after
    ]


def experiment_rows(found: ExperimentAnswer) -> list[tuple[str, str]]:
    """Return what an experiment shows, by row."""
    asked = found.experiment
    wanted = "–" if found.wanted_users is None else f"{found.wanted_users:,}"
    rows = [
        ("Users", f"{found.users[1]:,.0f} with {asked.treatment}, {found.users[0]:,.0f} keep {asked.control}"),
        ("Clicks per request", f"{number(found.treatment, 4)} against {number(found.control, 4)}"),
        ("Difference seen", signed(found.seen)),
        ("Difference that shipping makes", signed(found.truth)),
        ("Seen less true", signed(found.gap)),
        ("Experiments that find a difference", f"{found.found:.0%}; {found.found_adjusted:.0%} with CUPED"),
        ("Variance that CUPED leaves", f"{found.variance_left:.0%}"),
        ("Power for the true difference", f"{found.powered:.0%}; 80% takes {wanted} users an arm"),
        ("Experiments with a wrong split", f"{found.mismatched:.1%}"),
    ]
    if found.looking:
        look = found.looking
        rows.append((f"Found in {look.looks} looks", f"{look.naive:.0%} uncorrected, {look.corrected:.0%} corrected"))
        rows.append(("False alarms of so many looks", f"{look.inflation:.1%} uncorrected, 5.0% corrected"))
    if found.novelty:
        fit = found.novelty
        rows.append(("Difference once novelty is gone", signed(fit.steady)))
        if fit.novelty.value:
            tau = f"{fit.tau.value:.1f} steps to 37%"
            rows.append(("Novelty at the start", f"{signed(fit.novelty)}, {tau}"))
    return rows


LOGGING_HEADS = ("arm", "rows/day", "random rows/day", "storage/day", "training set", "trainings/day")


def logging_rows(answer: BiasAnswer) -> list[tuple[str, ...]]:
    """Return the cells of every arm under LOGGING_HEADS, at the scenario's load."""
    return [
        (
            one.name,
            f"{one.rows:,.3g}",
            f"{one.random_rows:,.3g}",
            f"{one.bytes / 1e9:,.1f} GB",
            "–" if one.days is None else "never" if one.days == math.inf else f"{one.days:,.1f} days",
            f"{one.trainings:,.3g}" + _training_cost(answer, one),
        )
        for one in answer.load
    ]


def _training_cost(answer: BiasAnswer, load: LoggingLoad) -> str:
    """Return what a day's trainings cost, or take; nothing where no time is known."""
    if not load.worker_hours:
        return ""
    prices = answer.study.prices if isinstance(answer.study, Scenario) else None
    return (
        f", {load.worker_hours:,.3g} h"
        if load.cost is None
        else f", {load.cost:,.2f} {prices.currency if prices else ''}"
    )


def bias_sentence(answer: BiasAnswer) -> str:
    """Return the answer in words."""
    if len(answer.arms) == 1:
        return _one(answer.arms[0])
    best = max(answer.arms, key=lambda arm: arm.totals["click_rate"].value)
    first = answer.arms[0]
    if best is first or best.difference is None:
        rivals = [arm for arm in answer.arms[1:] if arm.difference is not None and arm.difference.high >= 0]
        tied = f", within chance of {', '.join(arm.name for arm in rivals)}" if rivals else ""
        return f"{first.name} brings the most clicks, {number(first.totals['click_rate'], 3)} a request{tied}."
    certain = "" if best.difference.low > 0 else " (not beyond chance)"
    return (
        f"{best.name} brings the most clicks, {number(best.totals['click_rate'], 3)} a request, "
        f"{signed(best.difference)} against {first.name}{certain}; Gini of exposure "
        f"{best.totals['exposure_gini'].value:.2f} instead of {first.totals['exposure_gini'].value:.2f}."
    )


def experiment_sentence(found: ExperimentAnswer) -> str:
    """Return what to believe of an experiment."""
    asked = found.experiment
    share = "every" if found.found == 1 else "no" if found.found == 0 else f"{found.found:.0%} of"
    return (
        f"{asked.treatment} against {asked.control}: {signed(found.seen)} clicks a request are seen, "
        f"{signed(found.truth)} is what shipping makes; {share} experiment{'s' if 0 < found.found < 1 else ''} "
        f"find{'' if 0 < found.found < 1 else 's'} a difference."
    )


def number(found: Estimate | None, digits: int) -> str:
    """Return an estimate with half its interval."""
    if found is None or found.value != found.value:
        return "–"
    half = (found.high - found.low) / 2
    return f"{found.value:.{digits}f}" + ("" if half != half else f" ± {half:.{digits}f}")


def signed(found: Estimate) -> str:
    """Return a difference with half its interval."""
    half = (found.high - found.low) / 2
    return f"{found.value:+.4f}" + ("" if half != half else f" ± {half:.4f}")


def percent(found: Estimate | None) -> str:
    """Return a share with half its interval."""
    if found is None or found.value != found.value:
        return "–"
    half = (found.high - found.low) / 2
    return f"{found.value:.1%}" + ("" if half != half else f" ± {half:.1%}")


def _one(arm: ArmAnswer) -> str:
    """Return what a single policy does."""
    gini, coverage = arm.totals["exposure_gini"], arm.totals["coverage"]
    return (
        f"{arm.name} shows {coverage.value:.0%} of the items, at a Gini of exposure of {gini.value:.2f}, and loses "
        f"{number(arm.totals['regret'], 3)} clicks a request against the best lists."
    )


def _blind(arm: ArmAnswer) -> bool:
    """Return whether the log says nothing of what it does not show."""
    return any("cannot say" in text for text in arm.warnings)
