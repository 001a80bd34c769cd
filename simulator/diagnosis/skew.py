"""Whether the same entity has the same features offline, where the ranker was trained, and online, where it serves.

Rows are joined by key and compared feature by feature. What differs is told apart by how: missing on one side, a
default in place of a value, another scale, another type, or another value of the right kind, as of an older state.

Shapes: J rows that both paths know.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from simulator.data.features import FloatArray
from simulator.diagnosis.table_ranker import TableRanker, mean_of, ndcg_of
from simulator.diagnosis.tables import Tables, check_labels, is_number
from simulator.errors import InputError
from simulator.statistics.intervals import CONFIDENCE, Estimate

__all__ = ["FeatureSkew", "Kind", "Skew", "SkewCost", "find_skew", "wilson"]

Kind = Literal["", "missing", "default", "scale", "type", "stale", "other"]

TOLERANCE = 1e-6
ONE_VALUE, ONE_SCALE, ALIKE = 0.9, 0.01, 0.5
"""The share of one online value that makes it a default, the spread of ratios that makes it a scale, and the
correlation from which on a value counts as an older one of the same thing."""

FEWEST = 20


@dataclass(frozen=True)
class FeatureSkew:
    """One feature offline and online.

    Attributes
    ----------
    exact
        The share of rows with the same value, by Wilson's interval.
    within
        The share within the tolerance; of categories as `exact`.
    kind
        How most of the mismatches differ; "" without any.
    kinds
        How many rows differ in which way.
    detail
        What was found, such as the factor of a scale.
    """

    feature: str
    exact: Estimate
    within: float
    kind: Kind
    kinds: dict[Kind, int]
    detail: str


@dataclass(frozen=True)
class SkewCost:
    """NDCG@10 of the ranker trained offline, and of the fixes, on the rows that both paths know.

    Attributes
    ----------
    offline
        With the features of the offline path: what tests promised; also what one function for both paths gives.
    online
        With the features of the online path: what users get.
    lost
        The second less the first, paired by query.
    logged
        Trained on what was logged at serving, served as before, less `online`: what logging at serving wins back.
    """

    offline: Estimate
    online: Estimate
    lost: Estimate
    logged: Estimate


@dataclass(frozen=True)
class Skew:
    """The two paths beside each other, the features that differ most first.

    `joined` rows are known to both, of so many `offline_rows` and `online_rows`.
    """

    features: tuple[FeatureSkew, ...]
    joined: int
    offline_rows: int
    online_rows: int
    cost: SkewCost | None

    @property
    def worst(self) -> FeatureSkew | None:
        """The feature that differs most; None where all are the same."""
        first = self.features[0] if self.features else None
        return first if first is not None and first.kind else None


def wilson(hits: int, rows: int) -> Estimate:
    """Return a share with its 95% score interval (Wilson 1927)."""
    if rows == 0:
        return Estimate(float("nan"), float("nan"), float("nan"))
    interval = binomtest(hits, rows).proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(hits / rows, float(interval.low), float(interval.high))


def find_skew(tables: Tables, tolerance: float = TOLERANCE) -> Skew:
    """Return how the paths differ on the rows that both know by key.

    Parameters
    ----------
    tolerance
        How far numbers may be apart, as a share of the larger, and count as the same within tolerance.

    Raises
    ------
    InputError
        Where the tables have no key in common.
    """
    key = tables.roles.key
    if key is None:
        raise ValueError("tables with a key")
    offline = tables.train if tables.offline is None else tables.offline
    one, two = offline.set_index(key), tables.serve.set_index(key)
    if one.index.dtype != two.index.dtype:
        one.index, two.index = one.index.astype(str), two.index.astype(str)
    common = one.index.intersection(two.index, sort=False)
    if not len(common):
        raise InputError(
            f"{tables.names[0]} and {tables.names[1]}: expected rows with the same {key}, got none in common, such as "
            f"{one.index[0]} and {two.index[0]}; name the column that both paths share with --key, or leave it out"
        )
    one, two = one.loc[common], two.loc[common]
    found = [_feature(one[name], two[name], tolerance) for name in tables.features]
    order = sorted(found, key=lambda skew: (skew.exact.value, skew.within))
    cost = _cost(tables, one.reset_index(), two.reset_index())
    return Skew(tuple(order), len(common), len(offline), len(tables.serve), cost)


def _feature(offline: pd.Series, online: pd.Series, tolerance: float) -> FeatureSkew:
    """Return how one feature differs."""
    rows = len(offline)
    gone = offline.isna().to_numpy(), online.isna().to_numpy()
    both = ~gone[0] & ~gone[1]
    numbers = [pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64) for column in (offline, online)]
    numeric = [is_number(column) for column in (offline, online)]
    if all(numeric):
        equal = numbers[0] == numbers[1]
    else:
        equal = (offline.astype("string") == online.astype("string")).fillna(value=False).to_numpy(dtype=bool)
    equal = np.where(both, equal, gone[0] & gone[1])
    near = equal.copy()
    close = np.isclose(numbers[0], numbers[1], rtol=tolerance, atol=0.0)
    near |= close & both if any(numeric) else False
    kinds, detail = _kinds((offline, online), ~equal, (gone[0] != gone[1]), numbers)
    kind = max(kinds, key=lambda one: kinds[one]) if kinds else ""
    return FeatureSkew(str(offline.name), wilson(int(equal.sum()), rows), float(near.mean()), kind, kinds, detail)


def _kinds(
    columns: tuple[pd.Series, pd.Series],
    differs: NDArray[np.bool_],
    one_gone: NDArray[np.bool_],
    numbers: list[FloatArray],
) -> tuple[dict[Kind, int], str]:
    """Return how many rows differ in which way, and what there is to know of the most frequent way."""
    offline, online = columns
    kinds: dict[Kind, int] = {}
    if (count := int((differs & one_gone).sum())) > 0:
        kinds["missing"] = count
    rest = differs & ~one_gone
    count = int(rest.sum())
    if count == 0:
        return kinds, f"missing online in {int(online[one_gone].isna().sum()):,} rows" if kinds else ""
    kind, detail = _kind_of((offline[rest], online[rest]), [values[rest] for values in numbers], online)
    kinds[kind] = count
    if kinds.get("missing", 0) > count:
        detail = f"missing online in {int(online[one_gone].isna().sum()):,} rows"
    return kinds, detail


def _kind_of(columns: tuple[pd.Series, pd.Series], numbers: list[FloatArray], whole: pd.Series) -> tuple[Kind, str]:
    """Return in which way present values differ, given the rows that do, and the whole online column."""
    offline, online = columns
    if is_number(offline) != is_number(whole):
        return "type", f"{offline.dtype} offline, {whole.dtype} online, such as {online.iloc[0]!r}"
    values = online.value_counts(normalize=True)
    usual = float((whole == values.index[0]).mean())
    if values.iloc[0] >= ONE_VALUE and len(online) >= FEWEST and len(offline.unique()) > 1 and usual < 1:
        return "default", f"{values.index[0]!r} in its place"
    if not is_number(offline):
        return "other", f"{offline.iloc[0]!r} offline is {online.iloc[0]!r} online"
    one, two = numbers
    ratios = two[one != 0] / one[one != 0]
    if ratios.size >= FEWEST:
        low, middle, high = np.quantile(ratios, [0.05, 0.5, 0.95])
        if middle != 0 and (high - low) <= ONE_SCALE * abs(middle):
            return "scale", f"online {middle:.4g} times offline"
    if one.size >= FEWEST and one.std() > 0 and two.std() > 0 and np.corrcoef(one, two)[0, 1] >= ALIKE:
        return "stale", f"alike (correlation {np.corrcoef(one, two)[0, 1]:.2f}) and not the same"
    return "other", f"such as {one[0]:.4g} offline, {two[0]:.4g} online"


def _cost(tables: Tables, offline: pd.DataFrame, online: pd.DataFrame) -> SkewCost | None:
    """Return what the skew costs; None where nobody knows what was clicked, or in which lists."""
    label, query = tables.roles.label, tables.roles.query
    if label is None or query is None or label not in tables.train or query not in offline:
        return None
    clicks = next((table[label] for table in (offline, online) if label in table), None)
    if clicks is None:
        return None
    clicked = check_labels(clicks, "the joined rows")
    _, lists = np.unique(offline[query], return_inverse=True)
    held = lists % 2 == 1  # the other half of the queries is what logging at serving would have given
    relevance: FloatArray = clicked.astype(np.float64)
    if tables.serve_truth is not None and len(tables.serve_truth) == len(online):
        relevance = tables.serve_truth
    trained = TableRanker.train(tables.train, tables.used, check_labels(tables.train[label], tables.names[0]))
    again = TableRanker.train(online[~held], tables.used, clicked[~held])

    def ndcg(ranker: TableRanker, rows: pd.DataFrame) -> FloatArray:
        return ndcg_of(lists[held], relevance[held], ranker.probability(rows[held]))

    promised, served = ndcg(trained, offline), ndcg(trained, online)
    logged = ndcg(again, online)
    return SkewCost(mean_of(promised), mean_of(served), mean_of(served - promised), mean_of(logged - served))
