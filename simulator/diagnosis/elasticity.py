"""What to change next: each stage a little cheaper, with one more worker or replica, half the fan-out, or no fault.

Every change is simulated alone, under the luck of the scenario itself (common random numbers): differences are those of
replications, with their intervals.
"""

import math
from dataclasses import dataclass
from typing import Any

from simulator.capacity.compare import Comparison, Row, compare, significant
from simulator.capacity.price import cost_per_hour
from simulator.engine.replications import Progress
from simulator.errors import Interrupted
from simulator.scenario.grid import Cell, Grid
from simulator.scenario.model import Scenario, Stage
from simulator.statistics.intervals import Estimate

__all__ = ["CHEAPER", "Change", "Elasticities", "find_elasticities"]

CHEAPER = 0.1
"""By how much less a call of a stage takes."""


@dataclass(frozen=True, eq=False)
class Change:
    """What one change does.

    Attributes
    ----------
    stage, what
        The stage that is changed, and how.
    settings
        The change as settings by path; none where a fault is taken out.
    p99, max_qps
        The p99 in seconds and the maximum load with the change less those without; NaN where either is not known.
    relative_p99, relative_max_qps
        The same as shares of the scenario's own.
    workers, per_hour
        Workers more than before, and what they cost an hour; None without prices.
    """

    stage: str
    what: str
    settings: dict[str, Any]
    p99: Estimate
    max_qps: Estimate
    relative_p99: Estimate
    relative_max_qps: Estimate
    workers: float
    per_hour: float | None

    @property
    def helps(self) -> bool:
        """Whether it makes the p99 lower beyond luck."""
        return significant(self.p99) is True and self.p99.value < 0

    @property
    def carries_more(self) -> bool:
        """Whether it makes the maximum load higher beyond luck."""
        return significant(self.max_qps) is True and self.max_qps.value > 0


@dataclass(frozen=True, eq=False)
class Elasticities:
    """The changes, those first that lower the p99 most."""

    changes: tuple[Change, ...]

    @property
    def next(self) -> Change | None:
        """What to change next: what lowers the p99 most, else what raises the maximum load most, else None."""
        helping = [one for one in self.changes if one.helps]
        if helping:
            return helping[0]
        carrying = [one for one in self.changes if one.carries_more]
        return max(carrying, key=lambda one: one.max_qps.value, default=None)


def find_elasticities(
    scenario: Scenario, engine: str = "compiled", on_progress: Progress | None = None
) -> Elasticities:
    """Return what changes to `scenario` do to its p99 and to its maximum load.

    Raises
    ------
    InputError
        If the scenario, or one of the changes, cannot be simulated.
    Interrupted
        On Ctrl-C, with the changes that were simulated by then.
    """
    cells = [Cell({}, {}, {}, scenario), *_cells(scenario)]
    try:
        return _elasticities(compare(Grid(scenario, (), tuple(cells)), engine, on_progress))
    except KeyboardInterrupt as interrupt:
        found = getattr(interrupt, "found", None)
        known = _elasticities(found) if isinstance(found, Comparison) else Elasticities(())
        raise Interrupted(known) from interrupt


def _elasticities(comparison: Comparison) -> Elasticities:
    """Return the changes that the rows after the first make."""
    changes = [_change(comparison, row) for row in comparison.rows[1:]]
    return Elasticities(tuple(sorted(changes, key=_order)))


def _cells(scenario: Scenario) -> list[Cell]:
    """Return a scenario for each change."""
    cells = []
    for s, stage in enumerate(scenario.funnel):
        for what, update in _changes(stage):
            changed = stage.model_copy(update=update)
            funnel = (*scenario.funnel[:s], changed, *scenario.funnel[s + 1 :])
            settings = {f"funnel.{stage.name}.{key}": value for key, value in update.items()}
            texts = {path: f"{value:g}" for path, value in settings.items()}
            named = {"stage": stage.name, "what": what}
            cells.append(Cell(texts, named, settings, scenario.model_copy(update={"funnel": funnel})))
    for number, fault in enumerate(scenario.faults):
        faults = (*scenario.faults[:number], *scenario.faults[number + 1 :])
        named = {"stage": fault.stage, "what": f"without its {fault.kind} fault"}
        cells.append(Cell({"faults": named["what"]}, named, {}, scenario.model_copy(update={"faults": faults})))
    return cells


def _changes(stage: Stage) -> list[tuple[str, dict[str, float]]]:
    """Return what can be changed about a stage, in words and as its keys."""
    found: list[tuple[str, dict[str, float]]] = [
        (f"{CHEAPER:.0%} less cost", {"speed": stage.speed / (1 - CHEAPER)}),
        ("one more worker", {"workers": stage.workers + 1}),
    ]
    if stage.autoscaling is None:
        found.append(("one more replica", {"replicas": stage.replicas + 1}))
    if stage.shards > 1:
        found.append(("half the fan-out", {"shards": math.ceil(stage.shards / 2)}))
    return found


def _change(comparison: Comparison, row: Row) -> Change:
    """Return what the change of `row` does."""
    base = comparison.rows[0]
    found = row.difference
    unknown = Estimate(math.nan, math.nan, math.nan)
    p99, max_qps = (found.p99, found.max_qps) if found else (unknown, unknown)
    most = base.maximum.qps.value if base.maximum and base.maximum.outcome == "found" else math.nan
    workers = row.workers - base.workers
    return Change(
        stage=row.cell.shown["stage"],
        what=row.cell.shown["what"],
        settings=row.cell.settings,
        p99=p99,
        max_qps=max_qps,
        relative_p99=p99.scaled(1 / base.run.latency["p99"].value) if base.run.latency["p99"].value else unknown,
        relative_max_qps=max_qps.scaled(1 / most) if most else unknown,
        workers=workers,
        per_hour=cost_per_hour(comparison.grid.base, workers),
    )


def _order(change: Change) -> tuple[bool, float, float]:
    """Return what to rank a change by: a lower p99 beyond luck, then how much lower, then fewer workers."""
    p99 = change.p99.value
    return (not change.helps, math.inf if math.isnan(p99) else p99, change.workers)
