"""A bias answer as rows and sentences, for the terminal and for reports alike."""

import math

from simulator.bias.answer import ArmAnswer, BiasAnswer
from simulator.bias.experiment import ExperimentAnswer
from simulator.bias.logging_load import LoggingLoad
from simulator.report.text_table import TextTable
from simulator.scenario.model import Scenario
from simulator.statistics.intervals import Estimate

__all__ = ["bias_effort", "bias_text_tables", "number", "percent", "signed"]

EXPOSURE_HEADS = ("arm", "clicks", "regret", "Gini", "coverage", "top 1%", "Kendall", "found")
EXPOSURE_NOTE = (
    "Clicks a request, and how many the best lists would bring more, over the run; Gini of exposure, share of items "
    "shown, share of the most shown 1%, Kendall's tau of quality and exposure, and items with enough clicks to be "
    "known, at its end"
)
WORTH_HEADS = ("arm", "random", "cost", "worth", "weight", "list learnt")
WORTH_NOTE = (
    "Random: share of rows; cost: clicks a request that random items cost; worth: random rows the log is worth "
    "(effective sample size); weight: the largest, 1 is a random list's; list learnt: what a list learnt from the log "
    "brings of the best one list for all"
)
MOST_PLACES = 10
LOGGING_HEADS = ("arm", "rows", "random rows", "storage", "training set", "trainings")
LOGGING_NOTE = "Of a day; the training set is full of random rows after that long"


def bias_text_tables(answer: BiasAnswer) -> list[TextTable]:
    """Return the tables of `answer` that have rows, in the order of a reader's questions."""
    heads, places = _position_rows(answer)
    found = [
        TextTable(
            "Who is shown, and what it costs (± 95% interval)", EXPOSURE_HEADS, _exposure_rows(answer), EXPOSURE_NOTE
        ),
        TextTable(
            "New items",
            ("arm", "found", "steps until found"),
            _new_items_rows(answer),
            "Of items of the first half of the run, within half a run from their arrival; one that is not found counts "
            "with half a run",
        ),
        TextTable("What exploration costs, and what its log is worth", WORTH_HEADS, _worth_rows(answer), WORTH_NOTE),
        *(
            TextTable(
                title, ("", f"{one.experiment.treatment} against {one.experiment.control}"), _experiment_rows(one)
            )
            for title, one in (("A/B test", answer.ab_test), ("Holdout", answer.holdout))
            if one
        ),
        TextTable("Logging at the scenario's load", LOGGING_HEADS, _logging_rows(answer), LOGGING_NOTE),
        TextTable(
            "Position bias, estimated from random lists",
            heads,
            places,
            "Clicks by place over those of the first place, on random lists alone",
        ),
    ]
    return [table for table in found if table.rows]


def bias_effort(answer: BiasAnswer) -> str:
    """Return what was simulated."""
    bias = answer.bias
    items = f"{answer.items[0]:,} items" + (
        f" growing to {answer.items[1]:,}" if answer.items[1] > answer.items[0] else ""
    )
    world = "" if bias.world == "synthetic" else f"{bias.world}: "
    return (
        f"{world}{answer.users:,} users, {items}, lists of {bias.slots}, {bias.steps:,} steps, "
        f"{bias.replications:,} replications, seed {answer.study.seed}"
    )


def _exposure_rows(answer: BiasAnswer) -> list[tuple[str, ...]]:
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


def _worth_rows(answer: BiasAnswer) -> list[tuple[str, ...]]:
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


def _position_rows(answer: BiasAnswer) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return heads and rows of how often each place is looked at, by the arms with random lists; no rows without."""
    arms = [arm for arm in answer.arms if arm.looks]
    known = next((arm.true_looks for arm in arms if arm.true_looks), None)
    rows = []
    for place in range(min(answer.bias.slots, MOST_PLACES) if arms else 0):
        cells = [number(arm.looks[place], 3) for arm in arms if arm.looks]
        rows.append((f"{place + 1}", *cells, *([f"{known[place]:.3f}"] if known else [])))
    return ("place", *(arm.name for arm in arms), *(["truth"] if known else [])), rows


def _new_items_rows(answer: BiasAnswer) -> list[tuple[str, ...]]:
    """Return (arm, share found, steps until then) of new items; none where none come."""
    return [
        (arm.name, percent(arm.found), number(arm.found_after, 1))
        for arm in answer.arms
        if arm.found and arm.found_after
    ]


def _experiment_rows(found: ExperimentAnswer) -> list[tuple[str, ...]]:
    """Return what an experiment shows, by row."""
    wanted = "–" if found.wanted_users is None else f"{found.wanted_users:,}"
    rows: list[tuple[str, ...]] = [
        ("Users", f"{found.users[1]:,.0f} against {found.users[0]:,.0f}"),
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


def _logging_rows(answer: BiasAnswer) -> list[tuple[str, ...]]:
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


def _blind(arm: ArmAnswer) -> bool:
    """Return whether the log says nothing of what it does not show."""
    return any("cannot say" in text for text in arm.warnings)
