"""A logistic ranker on the columns of a table, to see what a drift, a skew or a missing feature costs.

Numbers are standardised, what is missing stands at the mean and has a column of its own where any was missing in
training; of categories the fifty most frequent have a column each. What was never seen in training changes nothing.

Shapes: R rows, F columns, Q queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from simulator.data.features import FloatArray
from simulator.diagnosis.tables import is_number, numbers_of
from simulator.rankers.examples import Examples
from simulator.rankers.logistic import fitted
from simulator.rankers.metrics import discounted_gain
from simulator.statistics.intervals import Estimate, estimate

__all__ = ["TOP_K", "TableRanker", "by_query", "mean_of", "ndcg_of"]

TOP_K = 10
MOST_CATEGORIES = 50
ALMOST = 1e-12


@dataclass(frozen=True)
class _Number:
    """A column of numbers: its mean and standard deviation in training, and whether any was missing."""

    name: str
    mean: float
    spread: float
    gaps: bool

    def columns(self, table: pd.DataFrame) -> list[FloatArray]:
        """Return the column of `table`, shape (R,), and where it is missing."""
        values = pd.to_numeric(table[self.name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        known = np.isfinite(values)
        standard = np.where(known, (values - self.mean) / self.spread, 0.0)
        return [standard, (~known).astype(np.float64)] if self.gaps else [standard]


@dataclass(frozen=True)
class _Category:
    """A column of categories, those of training that are told apart."""

    name: str
    values: tuple[str, ...]

    def columns(self, table: pd.DataFrame) -> list[FloatArray]:
        """Return a column of 0 and 1 for each value, shape (R,) each."""
        places = pd.Index(self.values).get_indexer(pd.Index(table[self.name].astype("string")))
        return [(places == place).astype(np.float64) for place in range(len(self.values))]


@dataclass(frozen=True)
class TableRanker:
    """A ranker that was trained on a table: how it reads columns, and its weights."""

    readers: tuple[_Number | _Category, ...]
    weights: FloatArray
    intercept: float

    @classmethod
    def train(cls, table: pd.DataFrame, features: Sequence[str], label: NDArray[np.bool_]) -> "TableRanker":
        """Return the ranker of `features` trained on the rows of `table`, whose labels have shape (R,)."""
        readers = tuple(_reader(table, name) for name in features)
        X = _rows(readers, table)
        parameters = fitted(Examples(X, label.astype(np.float64)))
        return cls(readers, parameters["w"], float(parameters["b"][0]))

    def probability(self, table: pd.DataFrame) -> FloatArray:
        """Return the probability of a click that it gives each row, shape (R,)."""
        return np.asarray(expit(_rows(self.readers, table) @ self.weights + self.intercept))


def _reader(table: pd.DataFrame, name: str) -> _Number | _Category:
    """Return how a column is read."""
    column = table[name]
    if not is_number(column):
        frequent = column.astype("string").value_counts().index[:MOST_CATEGORIES]
        return _Category(name, tuple(map(str, frequent)))
    values = numbers_of(column)
    known = values[np.isfinite(values)]
    spread = float(known.std()) if known.size else 0.0
    mean = float(known.mean()) if known.size else 0.0
    return _Number(name, mean, spread if spread > ALMOST else 1.0, known.size < values.size)


def _rows(readers: Sequence[_Number | _Category], table: pd.DataFrame) -> FloatArray:
    """Return the rows of a table as a ranker sees them, shape (R, F)."""
    columns = [column for reader in readers for column in reader.columns(table)]
    return np.column_stack(columns) if columns else np.zeros((len(table), 0))


def ndcg_of(query: NDArray[np.int64], relevance: FloatArray, scores: FloatArray) -> FloatArray:
    """Return NDCG@10 of each query that has a relevant row, shape (Q,) in ascending order of queries."""
    gain, ideal = (_gains(query, relevance, by) for by in (scores, relevance))
    return np.asarray(gain[ideal > 0] / ideal[ideal > 0])


def _gains(query: NDArray[np.int64], relevance: FloatArray, by: FloatArray) -> FloatArray:
    """Return the discounted gain at 10 of each query's rows, the best `by` first, shape (Q,)."""
    order = np.lexsort((-by, query))
    starts = np.flatnonzero(np.diff(query[order], prepend=query[order][0] - 1))
    rank = np.arange(query.size) - np.repeat(starts, np.diff(np.append(starts, query.size)))
    kept = order[rank < TOP_K]
    _, place = np.unique(query, return_inverse=True)
    lists = np.zeros((starts.size, TOP_K))
    lists[place[kept], rank[rank < TOP_K]] = relevance[kept]
    return discounted_gain(lists, TOP_K)


def by_query(query: NDArray[np.int64], values: FloatArray) -> FloatArray:
    """Return the mean of the values of each query's rows, shape (Q,): rows of one query are not independent."""
    _, place = np.unique(query, return_inverse=True)
    return np.asarray(np.bincount(place, weights=values) / np.bincount(place))


def mean_of(values: FloatArray) -> Estimate:
    """Return the mean of values of queries, shape (Q,), with its interval."""
    return estimate(values.tolist())
