"""A cost profile as a table for a terminal."""

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table

from simulator.costs.profile import QUANTILE_LEVELS, Ceilings, CostLaw, Point, Profile, Work
from simulator.rankers.two_tower_ivf import TwoTowerIVF
from simulator.report.tables import new_table
from simulator.scenario.ranker_names import is_own
from simulator.units import format_duration

__all__ = ["profile_table"]

GIGA = 1e9


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
    parts = [table] if profile.ceilings is None else [table, _work_table(profile, profile.ceilings)]
    return Group(*parts, f"Written to {path}. Measured on: {origin}.")


def _work_table(profile: Profile, ceilings: Ceilings) -> Table:
    """Return what the largest calls reach of what one thread can do."""
    table = new_table("What the largest call reaches")
    table.add_column("ranker", overflow="fold")
    for head in ("candidates", "median", "GFLOP/s", "GB/s", "bound by", "x the bound"):
        table.add_column(head, justify="right", no_wrap=True)
    for name, cost in profile.rankers.items():
        if cost.work is not None:
            table.add_row(name, *_work_cells(cost.busy.points[-1], cost.work, ceilings))
    table.caption = (
        f"one thread here at best: {ceilings.flops_per_s / GIGA:.3g} GFLOP/s in a product of matrices, "
        f"{ceilings.bytes_per_s / GIGA:.3g} GB/s read\n"
        "x the bound: the time over what the operations, or the bytes of the candidates' rows, take at best;\n"
        "selecting the best is in every time, and so are rows that lie scattered where candidates are a list of ids\n"
        f"{TwoTowerIVF.name}: by the vectors that a search looks at"
    )
    table.caption_justify = "left"
    return table


def _work_cells(point: Point, work: Work, ceilings: Ceilings) -> list[str]:
    """Return the row of a ranker whose largest calls are `point` and take `work`."""
    seconds = point.quantile(0.5)
    by_flops, by_bytes = work.flops / ceilings.flops_per_s, work.bytes / ceilings.bytes_per_s
    return [
        f"{point.candidates:,}",
        format_duration(seconds),
        f"{work.flops / seconds / GIGA:.3g}",
        f"{work.bytes / seconds / GIGA:.3g}",
        "operations" if by_flops > by_bytes else "bytes",
        f"{seconds / max(by_flops, by_bytes):.2g}",
    ]


def _cells(law: CostLaw, idle: str) -> list[str]:
    """Return a law's row; sizes beyond ten times the measured are left empty."""
    most = law.points[-1].candidates
    sizes = [format_duration(law.curve.at(n)) if n <= 10 * most else "" for n in (1, 1000, 100_000)]
    tail = law.noise.ratios[QUANTILE_LEVELS.index(0.99)]
    return [*sizes, idle, f"{tail:.2f}", law.form, str(min(point.calls for point in law.points))]
