"""A search for the cheapest system as tables for a terminal of 80 columns."""

from collections import Counter

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.capacity.size import SizeAnswer, Winner, total_workers
from simulator.capacity.size_bounds import REASONS, Reason
from simulator.capacity.size_trial import Trial
from simulator.report.size_text import (
    advice,
    assumptions,
    nearest_miss,
    shown_design,
    shown_found,
    shown_setting,
    size_sentence,
)
from simulator.report.tables import new_table, percent, shares, spread
from simulator.units import format_duration

__all__ = ["size_tables"]

SHOWN = 10
"""Designs listed of those tried, the last ones."""

_COLOURS = {"met": "green", "missed": "red", "inconclusive": "yellow"}


def size_tables(answer: SizeAnswer) -> RenderableType:
    """Return what was looked at, skipped and tried, the winner and why it won, or the nearest miss and what helps."""
    blocks: list[RenderableType] = [_heading(answer), _space(answer), Text(_steps(answer))]
    if answer.tried:
        blocks.append(_tried(answer))
    if answer.winner:
        blocks += [_chosen(answer, answer.winner), Text(_why(answer, answer.winner)), _cases(answer.winner)]
    elif answer.complete:
        blocks.append(Text(f"Nearest miss: {nearest_miss(answer)}."))
        blocks.append(Text("What would help: " + "; ".join(advice(answer)) + "."))
    blocks.append(Text("Taken for granted: " + "; ".join(assumptions(answer)) + ".", style="dim"))
    blocks.append(Text(size_sentence(answer), style="bold"))
    return Group(*blocks)


def _heading(answer: SizeAnswer) -> Text:
    """Return what is sized, and for what."""
    text = Text(answer.scenario.name, style="bold")
    objectives = answer.scenario.sla.objectives if answer.scenario.sla else ()
    asked = ", ".join(objective.text for objective in objectives)
    text.append(f"  {answer.target_qps:,g} QPS; {asked}; seed {answer.scenario.seed}", style="default")
    return text


def _space(answer: SizeAnswer) -> RenderableType:
    """Return each stage's space and how much of it theory left, and why it skipped the rest."""
    table = new_table("Settings, and those that theory left")
    table.add_column("stage")
    for head in ("shards", "replicas", "workers", "settings", "left"):
        table.add_column(head, justify="right", no_wrap=True)
    skipped: Counter[Reason] = Counter()
    for stage in answer.bounds:
        space = stage.space
        ranges = [_range(counts) for counts in (space.shards, space.replicas, space.workers)]
        table.add_row(space.name, *ranges, f"{space.count:,}", f"{len(stage.settings):,}")
        skipped.update(stage.reasons())
    if not skipped:
        return table
    told = new_table("Skipped without a simulation")
    told.add_column("settings", justify="right")
    told.add_column("why")
    for reason, meaning in REASONS.items():
        if skipped[reason]:
            told.add_row(f"{skipped[reason]:,}", f"{reason}: {meaning}")
    return Group(table, told)


def _range(counts: tuple[int, ...]) -> str:
    """Return from where to where counts go."""
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]}-{counts[-1]}"


def _steps(answer: SizeAnswer) -> str:
    """Return how many designs each step of the search dealt with."""
    steps, tried = answer.steps, len(answer.tried)
    text = (
        f"Of {steps.grid:,} designs theory left {steps.left:,}. Looked at, from the cheapest up: {steps.looked_at:,}, "
        f"{steps.by_part:,} of them ruled out by a part that missed before. Simulated whole: {tried:,} "
        f"({tried / steps.grid:.1g} of all); parts of designs: {steps.parts:,}; runs: {steps.simulations:,}"
    )
    ended = {
        "screened out": steps.screened_out,
        "missed": steps.missed,
        "undecided": steps.inconclusive,
        "not confirmed by fresh seeds": steps.unconfirmed,
    }
    told = ", ".join(f"{count:,} {how}" for how, count in ended.items() if count)
    return f"{text}; {told}.\n" if told else f"{text}.\n"


def _tried(answer: SizeAnswer) -> Table:
    """Return the last designs that were simulated, each with the simulation that decided."""
    left_out = max(0, len(answer.tried) - SHOWN)
    table = new_table(f"Simulated whole, the last {SHOWN} of {len(answer.tried)}" if left_out else "Simulated whole")
    table.add_column("workers", justify="right")
    table.add_column("SxRxW of each stage")
    table.add_column("decided by")
    table.add_column("found")
    for trial in answer.tried[left_out:]:
        where = f" (lost: {trial.lost})" if trial.lost else ""
        found = shown_found(trial) + where
        table.add_row(f"{total_workers(trial.design):,}", shown_design(trial.design), _decided(trial), found)
    return table


def _decided(trial: Trial) -> Text:
    """Return which simulation decided, and how."""
    depth = {"screened": "short run", "simulated": "full run", "confirmed": "fresh seeds"}[trial.depth]
    return Text(f"{depth}: {trial.verdict}", style=_COLOURS[trial.verdict])


def _chosen(answer: SizeAnswer, winner: Winner) -> RenderableType:
    """Return the winner stage by stage, as it ran whole with fresh seeds."""
    table = new_table("The cheapest design")
    table.add_column("stage")
    for head in ("SxRxW", "workers", "busy", "p99"):
        table.add_column(head, justify="right", no_wrap=True)
    for stage, setting, ran in zip(answer.bounds, winner.design, winner.cases[0][1].stages, strict=True):
        row = (f"{setting.total_workers:,}", percent(ran.utilization), format_duration(ran.p99.value))
        table.add_row(stage.space.name, shown_setting(setting), *row)
    return table


def _why(answer: SizeAnswer, winner: Winner) -> str:
    """Return what became of the settings of fewer workers than the winner's, stage by stage."""
    lines = []
    for stage, setting in zip(answer.bounds, winner.design, strict=True):
        reasons = stage.reasons(cheaper_than=setting.total_workers)
        left = sum(one.total_workers < setting.total_workers for one in stage.settings)
        told = [f"{count:,} {reason}" for reason, count in reasons.items()]
        told += [f"{left:,} only in designs that miss when simulated"] if left else []
        name = stage.space.name
        lines.append(f"{name}: " + (f"with fewer workers {', '.join(told)}" if told else "none has fewer workers"))
    return "\n".join(lines) + "\n"


def _cases(winner: Winner) -> Table:
    """Return what fresh seeds say of the winner, whole and after each loss: the objective nearest to its limit."""
    table = new_table("With fresh seeds")
    table.add_column("case", no_wrap=True)
    table.add_column("nearest to a limit")
    table.add_column("95% interval", justify="right", no_wrap=True)
    table.add_column("all objectives")
    for trial, _ in winner.cases:
        objective, found = trial.objective, trial.found
        is_time = objective is not None and objective.metric in ("percentile", "mean", "max")
        interval = spread(found) if is_time else shares(found)
        case = f"{trial.lost}: replicas lost" if trial.lost else "whole"
        table.add_row(case, shown_found(trial), interval, Text(trial.verdict, style=_COLOURS[trial.verdict]))
    return table
