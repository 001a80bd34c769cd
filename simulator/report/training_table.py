"""A training profile as a table for a terminal."""

from pathlib import Path

from rich.console import Group, RenderableType

from simulator.costs.profile import QUANTILE_LEVELS
from simulator.report.tables import new_table
from simulator.training.profile import RankerTraining, TrainingProfile
from simulator.training.step_recipes import RECIPES
from simulator.training.step_time import own_point
from simulator.units import format_duration

__all__ = ["training_table"]

MEGA = 1e6


def training_table(profile: TrainingProfile, path: Path) -> RenderableType:
    """Return what training steps cost by `profile`, which was written to `path`."""
    table = new_table(f"Time of a training step: {profile.name}")
    table.add_column("ranker", overflow="fold")
    for head in ("parameters", "batch", "step", "a sample", "p99/mean", "memory", "fit", "steps"):
        table.add_column(head, justify="right", no_wrap=True)
    for name, one in profile.rankers.items():
        table.add_row(name, *_cells(name, one))
    table.caption = (
        "step: of the ranker's own batch; a sample: what one more adds; memory: the most that a step takes;\n"
        "fit: how far the line over batches is from what was measured, on average"
    )
    table.caption_justify = "left"
    origin = ", ".join(f"{key} {value}" for key, value in profile.provenance.items())
    return Group(table, f"Written to {path}. Measured on: {origin}.")


def _cells(name: str, one: RankerTraining) -> list[str]:
    """Return a ranker's row."""
    own = own_point(one.step, RECIPES[name].own)
    return [
        f"{one.parameters:,}",
        f"{one.batch:,}",
        format_duration(one.step.at(one.batch)),
        format_duration(one.step.per_sample_s),
        f"{one.step.noise.ratios[QUANTILE_LEVELS.index(0.99)]:.2f}",
        f"{own.peak_bytes / MEGA:,.1f} MB",
        f"{one.step.fit_error:.0%}",
        str(min(point.steps for point in one.step.points)),
    ]
