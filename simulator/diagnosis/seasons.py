"""How distributions move over time, and what a ranker trained at one time costs at another.

Shapes: Q queries.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulator.diagnosis.drift import independent, psi, shares_of
from simulator.diagnosis.table_ranker import TableRanker, mean_of, ndcg_of
from simulator.diagnosis.tables import Tables, check_labels
from simulator.statistics.intervals import Estimate

__all__ = ["DriftCost", "Seasons", "cost_of_drift", "find_seasons"]

MOST_PERIODS = 24
FEWEST_QUERIES = 30
FEWEST_ROWS = 50


@dataclass(frozen=True)
class Seasons:
    """The PSI of each feature against training, by period; NaN where a period has too few rows.

    `values` has a row a feature and a column a period, those features first that move most.
    """

    features: tuple[str, ...]
    periods: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class DriftCost:
    """NDCG@10 on queries served: of the ranker as trained, of one trained on other queries served, and the loss."""

    queries: int
    stale: Estimate
    fresh: Estimate
    lost: Estimate


def find_seasons(tables: Tables) -> Seasons | None:
    """Return how the features moved over periods; None where nobody knows when rows are from, or all are of a time."""
    periods = tables.others or _periods(tables)
    if len(periods) < 2:
        return None
    rows = []
    for name in tables.features:
        if tables.train[name].isna().all():
            continue
        reference = independent(tables.train, name, tables.roles.query)
        course = tuple(_psi(reference, independent(table, name, tables.roles.query)) for table in periods.values())
        rows.append((name, course))
    rows.sort(key=lambda row: -max((value for value in row[1] if np.isfinite(value)), default=0.0))
    return Seasons(tuple(row[0] for row in rows), tuple(periods), tuple(row[1] for row in rows))


def _psi(reference: pd.Series, other: pd.Series) -> float:
    """Return the PSI of a period's values."""
    if len(other) < FEWEST_ROWS or other.isna().all():
        return float("nan")
    return psi(*shares_of(reference, other))


def _periods(tables: Tables) -> dict[str, pd.DataFrame]:
    """Return the rows served by period, in the order of time."""
    time = tables.roles.time
    if time is None or time not in tables.serve:
        return {}
    stamps = tables.serve[time]
    if stamps.nunique() > MOST_PERIODS:
        stamps = _coarser(stamps)
    names = [str(name) for name in sorted(stamps.dropna().unique())]
    return {name: tables.serve[stamps.astype("string") == name] for name in names}


def _coarser(stamps: pd.Series) -> pd.Series:
    """Return dates by hour, day, week, month, quarter or year, the finest that gives few enough periods."""
    numeric = pd.api.types.is_numeric_dtype(stamps)
    dates = pd.to_datetime(stamps, errors="coerce", unit="s" if numeric else None, utc=True).dt.tz_localize(None)
    coarse = dates.dt.to_period("Y")
    for unit in ("Q", "M", "W", "D", "h"):
        finer = dates.dt.to_period(unit)
        if finer.nunique() > MOST_PERIODS:
            break
        coarse = finer
    return coarse.astype("string")


def cost_of_drift(tables: Tables) -> DriftCost | None:
    """Return what serving other data than that learnt from costs; None without labels and queries of both."""
    label, query = tables.roles.label, tables.roles.query
    if (
        label is None
        or query is None
        or not all(name in table for name in (label, query) for table in (tables.train, tables.serve))
    ):
        return None
    clicked = check_labels(tables.serve[label], tables.names[1])
    _, lists = np.unique(tables.serve[query], return_inverse=True)
    held = lists % 2 == 1
    relevance = clicked.astype(np.float64) if tables.serve_truth is None else tables.serve_truth
    if min(np.unique(lists[held]).size, np.unique(lists[~held]).size) < FEWEST_QUERIES:
        return None
    learnt = check_labels(tables.train[label], tables.names[0])
    rankers = (
        TableRanker.train(tables.train, tables.used, learnt),
        TableRanker.train(tables.serve[~held], tables.used, clicked[~held]),
    )
    judged = tables.serve[held]
    stale, fresh = (ndcg_of(lists[held], relevance[held], one.probability(judged)) for one in rankers)
    return DriftCost(stale.size, mean_of(stale), mean_of(fresh), mean_of(stale - fresh))
