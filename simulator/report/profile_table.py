"""A cost profile as a table for a terminal."""

from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from simulator.costs.profile import CostLaw, Profile
from simulator.units import format_duration

__all__ = ["profile_table"]


def profile_table(profile: Profile, path: Path) -> RenderableType:
    """Return what calls cost by `profile`, which was written to `path`."""
    table = Table(title=f"Cost of a call: {profile.name}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("ranker")
    for head in ("n = 1", "n = 1,000", "at most", "idle", "p99/mean", "fit off", "calls"):
        table.add_column(head, justify="right")
    for name, cost in profile.rankers.items():
        ratio = sum(cost.idle.curve.at(n) / cost.busy.curve.at(n) for n in (1, 1000)) / 2
        table.add_row(name, *_cells(cost.busy, f"x {ratio:.2f}"))
    table.add_row("merge", *_cells(profile.merge, "–"))
    origin = ", ".join(f"{key} {value}" for key, value in profile.provenance.items())
    return Group(table, f"Written to {path}. Measured on: {origin}.")


def _cells(law: CostLaw, idle: str) -> list[str]:
    """Return a law's row."""
    most = law.points[-1].candidates
    return [
        format_duration(law.curve.at(1)),
        format_duration(law.curve.at(1000)),
        f"{format_duration(law.curve.at(most))} ({most:,})",
        idle,
        f"{law.noise.ratios[-4]:.2f}",
        f"{law.fit_error:.0%}",
        str(min(point.calls for point in law.points)),
    ]
