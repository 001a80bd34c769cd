"""How far the distribution of each feature moved between two tables, and whether that is more than luck.

PSI is the sum over bins of (q - p) ln(q / p), the bins being quantiles of the reference. Where nothing changed it is
about (1/N + 1/M) times a chi-squared of B - 1 degrees (Yurdakul & Naranjo, "Statistical properties of the population
stability index", J. Risk Model Validation 14(4), 2020), so its size alone says nothing: 0.1 is a flood of evidence at
a million rows and luck at a hundred. The 0.1 and 0.25 of the folklore are therefore labels here, and the verdict a
test, with false discoveries controlled over features (Benjamini & Hochberg 1995).

Shapes: N reference rows, M rows beside them, B bins.
"""

from dataclasses import dataclass, replace
from math import nan
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2, chi2_contingency, false_discovery_control, ks_2samp, wasserstein_distance

from simulator.data.features import FloatArray
from simulator.diagnosis.tables import Tables, is_number, numbers_of

__all__ = [
    "BINS",
    "LARGE",
    "MODERATE",
    "FeatureDrift",
    "Size",
    "find_drift",
    "independent",
    "kolmogorov_smirnov",
    "psi",
    "psi_p_value",
    "shares_of",
]

BINS = 10
MOST_CATEGORIES = 50
MODERATE, LARGE = 0.1, 0.25
FALSE_DISCOVERIES = 0.05
FEWEST_PER_BIN = 5.0
UNIQUE, IDENTIFIER = 0.9, "an identifier"
"""The share of different values from which on a column of text names rows, and has no distribution to compare."""

SMOOTHING = 0.5
"""Rows added to each bin of either table, so that an empty one has a logarithm; shares are normalised again."""

Size = Literal["small", "moderate", "large"]
Verdict = Literal["drifted", "steady", "inconclusive"]


@dataclass(frozen=True)
class FeatureDrift:
    """What happened to one feature.

    Attributes
    ----------
    feature, numeric
        Its name, and whether it holds numbers, else categories.
    rows
        Rows of either table that count: one a query where all rows of a query hold the same value.
    psi
        The index, missing values being a bin of their own where there are any.
    p_value, q_value
        Of the PSI if nothing changed, and the same with false discoveries controlled over all features.
    ks, wasserstein
        The largest distance of the distribution functions, and the area between them in standard deviations of the
        reference; NaN of categories.
    chi_squared
        The p-value of the chi-squared test that both tables draw the same categories; NaN of numbers.
    missing
        The share of missing values in either table.
    verdict
        "inconclusive" where there are too few rows: a drift called large could be luck.
    note
        What is odd about the feature; "" for nothing.
    """

    feature: str
    numeric: bool
    rows: tuple[int, int]
    psi: float
    p_value: float
    q_value: float
    ks: float
    wasserstein: float
    chi_squared: float
    missing: tuple[float, float]
    verdict: Verdict
    note: str = ""

    @property
    def size(self) -> Size:
        """What the folklore calls this PSI."""
        return "large" if self.psi >= LARGE else "moderate" if self.psi >= MODERATE else "small"


def psi(reference: FloatArray, other: FloatArray) -> float:
    """Return the population stability index of two sets of shares, shape (B,), each above 0 and adding up to 1."""
    return float(np.sum((other - reference) * np.log(other / reference)))


def psi_p_value(found: float, rows: tuple[int, int], bins: int) -> float:
    """Return the chance of a PSI of at least `found` if nothing changed."""
    if bins < 2:
        return 1.0
    n, m = rows
    return float(chi2.sf(found / (1 / n + 1 / m), bins - 1))


def shares_of(reference: pd.Series, other: pd.Series) -> tuple[FloatArray, FloatArray]:
    """Return the shares of both in each bin, shape (B,), smoothed; missing values have a bin where there are any.

    Numbers fall between quantiles of the reference, of which equal ones count once; of categories the 50 most frequent
    have a bin each, and the others one together.
    """
    numeric = is_number(reference) and is_number(other)
    codes = _number_codes(reference, other) if numeric else _category_codes(reference, other)
    counts = [np.bincount(code, minlength=int(max(part.max() for part in codes)) + 1) for code in codes]
    met = (counts[0] + counts[1]) > 0
    smoothed = [count[met] + SMOOTHING for count in counts]
    one, two = (count / count.sum() for count in smoothed)
    return one, two


def _number_codes(reference: pd.Series, other: pd.Series) -> list[NDArray[np.int64]]:
    """Return the bin of each number, 0 where it is missing."""
    values = [numbers_of(column) for column in (reference, other)]
    known = values[0][np.isfinite(values[0])]
    inner = np.arange(1, BINS) / BINS
    edges = np.unique(np.quantile(known, inner, method="inverted_cdf")) if known.size else np.zeros(0)
    return [np.where(np.isnan(one), 0, 1 + np.searchsorted(edges, one, side="left")) for one in values]


def _category_codes(reference: pd.Series, other: pd.Series) -> list[NDArray[np.int64]]:
    """Return the bin of each category, 0 where it is missing, 1 of the rare ones."""
    texts = [column.astype("string") for column in (reference, other)]
    frequent = pd.concat(texts).value_counts().index[:MOST_CATEGORIES]
    places = pd.Index(frequent)
    return [
        np.where(text.isna().to_numpy(), 0, np.asarray(places.get_indexer(pd.Index(text))) + 2).astype(np.int64)
        for text in texts
    ]


def find_drift(tables: Tables) -> tuple[FeatureDrift, ...]:
    """Return what happened to each feature of `tables`, those first whose drift is sure and large."""
    drafts = [_drift(tables, name) for name in tables.features]
    found = [one for one, _ in drafts]
    tested = [one for one in found if np.isfinite(one.p_value)]
    chances = [one.p_value for one in tested]
    adjusted = false_discovery_control(chances).tolist() if chances else chances
    by_name = dict(zip((one.feature for one in tested), adjusted, strict=True))
    judged = [_judged(one, float(by_name.get(one.feature, np.nan)), bins) for one, bins in drafts]
    return tuple(sorted(judged, key=lambda one: (one.verdict != "drifted", -_finite(one.psi))))


def _finite(value: float) -> float:
    """Return a number to sort by."""
    return value if np.isfinite(value) else -1.0


def _drift(tables: Tables, name: str) -> tuple[FeatureDrift, int]:
    """Return what happened to one feature, not yet judged, and in how many bins."""
    columns = [independent(table, name, tables.roles.query) for table in (tables.train, tables.serve)]
    one, two = columns
    numeric = is_number(one) and is_number(two)
    missing = tuple(float(column.isna().mean()) for column in columns)
    rows = (len(one), len(two))
    note = _note(one, two, tables.names)
    if note == IDENTIFIER or one.isna().all() or two.isna().all():
        nothing = FeatureDrift(
            name, numeric, rows, nan, nan, nan, nan, nan, nan, (missing[0], missing[1]), "inconclusive", note
        )
        return nothing, 1
    shares = shares_of(one, two)
    index = psi(*shares)
    values = [numbers_of(column.dropna()) if numeric else np.zeros(0) for column in columns]
    spread = float(np.std(values[0])) if numeric else 0.0
    found = FeatureDrift(
        feature=name,
        numeric=numeric,
        rows=rows,
        psi=index,
        p_value=psi_p_value(index, rows, shares[0].size),
        q_value=nan,
        ks=kolmogorov_smirnov(one, two) if numeric else nan,
        wasserstein=float(wasserstein_distance(*values) / spread) if spread > 0 else nan,
        chi_squared=nan if numeric else _chi_squared(one, two),
        missing=(missing[0], missing[1]),
        verdict="inconclusive",
        note=note,
    )
    return found, shares[0].size


def kolmogorov_smirnov(one: pd.Series, two: pd.Series) -> float:
    """Return the largest distance of the distribution functions of two columns of numbers; 0 where one has none."""
    first, second = (numbers_of(column.dropna()) for column in (one, two))
    return float(ks_2samp(first, second, method="asymp").statistic) if first.size and second.size else 0.0


def independent(table: pd.DataFrame, name: str, query: str | None) -> pd.Series:
    """Return the values that count once: one a query where a query's rows all hold the same."""
    column = table[name]
    if query is None or query not in table.columns:
        return column
    groups = column.groupby(table[query], sort=False)
    return groups.first() if bool(groups.nunique(dropna=False).max() <= 1) else column


def _note(one: pd.Series, two: pd.Series, names: tuple[str, str]) -> str:
    """Return what is odd about a feature."""
    if is_number(one) != is_number(two):
        numbers = names[0] if is_number(one) else names[1]
        return f"numbers in {numbers} only"
    for column, name in zip((one, two), names, strict=True):
        if column.isna().all():
            return f"all missing in {name}"
    if all(not is_number(column) and column.nunique() > UNIQUE * len(column) for column in (one, two)):
        return IDENTIFIER
    if len(pd.concat([one, two]).unique()) == 1:
        return "constant"
    return ""


def _chi_squared(one: pd.Series, two: pd.Series) -> float:
    """Return the p-value of the chi-squared test of homogeneity over categories, the rare ones together."""
    codes = _category_codes(one, two)
    counts = np.array([np.bincount(code, minlength=int(max(part.max() for part in codes)) + 1) for code in codes])
    counts = counts[:, counts.sum(axis=0) > 0]
    return float(chi2_contingency(counts, correction=False).pvalue) if counts.shape[1] > 1 else 1.0


def _judged(found: FeatureDrift, q_value: float, bins: int) -> FeatureDrift:
    """Return a feature with its verdict."""
    verdict: Verdict = "steady"
    n, m = found.rows
    luck = (1 / n + 1 / m) * float(chi2.ppf(1 - FALSE_DISCOVERIES, max(1, bins - 1)))
    if not np.isfinite(found.psi) or min(n, m) < FEWEST_PER_BIN * bins:
        verdict = "inconclusive"
    elif q_value < FALSE_DISCOVERIES:
        verdict = "drifted"
    elif luck > LARGE:
        verdict = "inconclusive"
    return replace(found, q_value=q_value, verdict=verdict)
