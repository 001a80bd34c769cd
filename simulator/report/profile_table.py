"""A cost profile as a table for a terminal."""

from pathlib import Path

from rich.console import Group, RenderableType

from simulator.costs.profile import QUANTILE_LEVELS, CostLaw, Profile
from simulator.report.tables import new_table
from simulator.scenario.ranker_names import is_own
from simulator.units import format_duration

__all__ = ["profile_table"]


def profile_table(profile: Profile, path: Path) -> RenderableType:
    """Return what calls cost by `profile`, which was written to `path`."""
    table = new_table(f"Cost of a call: {profile.name}")
    table.add_column("ranker", overflow="fold")  # the names of users' own rankers may be long
    for head in ("1", "1,000", "100,000", "idle: +", "p99/mean", "fit", "calls"):
        table.add_column(head, justify="right", no_wrap=True)
    for name, cost in profile.rankers.items():
        table.add_row(name, *_cells(cost.busy, format_duration(cost.idle.curve.at(1) - cost.busy.curve.at(1), 2)))
    table.add_row("merge", *_cells(profile.merge, "–"))
    table.caption = "1 to 100,000 candidates (the merge: lists); idle: + what a call after a gap adds"
    if any(is_own(name) for name in profile.rankers):
        table.caption += "\nmodule:Class is your own ranker, measured here as it is"
    table.caption_justify = "left"
    origin = ", ".join(f"{key} {value}" for key, value in profile.provenance.items())
    return Group(table, f"Written to {path}. Measured on: {origin}.")


def _cells(law: CostLaw, idle: str) -> list[str]:
    """Return a law's row; sizes beyond ten times the measured are left empty."""
    most = law.points[-1].candidates
    sizes = [format_duration(law.curve.at(n)) if n <= 10 * most else "" for n in (1, 1000, 100_000)]
    tail = law.noise.ratios[QUANTILE_LEVELS.index(0.99)]
    return [*sizes, idle, f"{tail:.2f}", law.form, str(min(point.calls for point in law.points))]
