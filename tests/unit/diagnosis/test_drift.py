"""Drift: PSI, its null, distances between Gaussians, and a planted drift among fifty features."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from simulator.diagnosis.drift import find_drift, psi, psi_p_value, shares_of
from simulator.diagnosis.tables import Roles, Tables


def tables(train, serve, **roles):
    """Two tables with roles."""
    return Tables(pd.DataFrame(train), pd.DataFrame(serve), Roles(**roles))


def one(train, serve):
    """The drift of one column."""
    return find_drift(tables({"x": train}, {"x": serve}))[0]


def test_a_shifted_gaussian_has_the_psi_and_distances_of_theory():
    """N(0, 1) against N(0.5, 1): PSI of deciles .2377, KS 2 Phi(d/2) - 1, Wasserstein d."""
    rng, rows, d = np.random.default_rng(3), 1_000_000, 0.5
    found = one(rng.standard_normal(rows), rng.standard_normal(rows) + d)
    assert found.psi == pytest.approx(0.2377492, abs=0.004)  # 4 standard errors
    assert found.ks == pytest.approx(2 * norm.cdf(d / 2) - 1, abs=0.004)
    assert found.wasserstein == pytest.approx(d, abs=0.006)
    assert (found.verdict, found.size) == ("drifted", "moderate")


def test_psi_of_exact_shares_is_the_limit():
    """Deciles' shares of both Gaussians, computed exactly, give PSI .2377492."""
    edges = norm.ppf(np.arange(1, 10) / 10)
    other = np.diff(np.concatenate([[0], norm.cdf(edges - 0.5), [1]]))
    assert psi(np.full(10, 0.1), other) == pytest.approx(0.2377492046862759, rel=1e-12)


@pytest.mark.parametrize(("rows", "runs"), [(200, 8_000), (2_000, 6_000), (200_000, 1_600)])
def test_the_null_rejects_five_percent(rows, runs):
    """Where nothing changed the 5% test of PSI rejects 4 to 6% at 200, 2,000 and 200,000 rows."""
    rng = np.random.default_rng(rows)
    rejected = 0
    for _ in range(runs):
        codes = _null_counts(rng, rows)
        rejected += psi_p_value(psi(*codes), (rows, rows), 10) < 0.05
    assert 0.04 <= rejected / runs <= 0.06


def _null_counts(rng, rows):
    """Shares of the bins of two samples of one law, binned by the quantiles of the first, as `shares_of` gives them.

    For many rows the second sample's counts are drawn given the true shares of the first one's bins, which are the
    spacings of its order statistics: the same law, without drawing the rows.
    """
    if rows <= 2_000:
        return shares_of(pd.Series(rng.standard_normal(rows)), pd.Series(rng.standard_normal(rows)))
    ranks = np.ceil(np.arange(1, 10) / 10 * rows)
    gaps = np.diff(np.concatenate([[0], ranks, [rows + 1]]))
    true = rng.gamma(gaps)
    counts = [np.diff(np.concatenate([[0], ranks, [rows]])), rng.multinomial(rows, true / true.sum())]
    smoothed = [count + 0.5 for count in counts]
    return tuple(count / count.sum() for count in smoothed)


def test_a_planted_drift_is_found_among_fifty_features():
    """One of fifty features shifted by a fifth of its spread is named first, and no other drifted, over ten seeds."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        train = {f"x{i}": rng.standard_normal(5_000) for i in range(50)}
        serve = {f"x{i}": rng.standard_normal(5_000) + (0.2 if i == 17 else 0.0) for i in range(50)}
        found = find_drift(tables(train, serve))
        assert found[0].feature == "x17"
        assert found[0].verdict == "drifted"
        assert sum(feature.verdict == "drifted" for feature in found) <= 2  # 5% of the discoveries may be false


def test_categories_are_tested_by_their_shares():
    """A category twice as frequent drifted, by PSI and chi-squared alike; numbers have no chi-squared."""
    rng = np.random.default_rng(1)
    found = one(rng.choice(list("abc"), 5_000, p=[0.5, 0.4, 0.1]), rng.choice(list("abc"), 5_000, p=[0.4, 0.4, 0.2]))
    assert found.verdict == "drifted"
    assert found.chi_squared < 1e-6
    assert np.isnan(found.ks)


def test_missing_values_are_a_bin_of_their_own():
    """A column that begins to be missing drifted although the values that are there did not."""
    rng = np.random.default_rng(2)
    serve = rng.standard_normal(5_000)
    serve[:500] = np.nan
    found = one(rng.standard_normal(5_000), serve)
    assert found.verdict == "drifted"
    assert found.ks < 0.04
    assert found.missing == (0.0, 0.1)


@pytest.mark.parametrize(
    ("train", "serve", "verdict", "note"),
    [
        (np.arange(8.0), np.arange(8.0) + 100, "inconclusive", ""),
        (np.ones(1_000), np.ones(1_000), "steady", "constant"),
        (np.full(1_000, np.nan), np.arange(1_000.0), "inconclusive", "all missing in training"),
        (np.arange(1_000.0), ["a"] * 1_000, "drifted", "numbers in training only"),
    ],
)
def test_odd_columns_are_said(train, serve, verdict, note):
    """Eight rows are too few; constant and missing columns and changed types are said, and nothing breaks."""
    found = one(train, serve)
    assert (found.verdict, found.note) == (verdict, note)


def test_rows_of_one_query_count_once():
    """A feature of users, repeated over the twenty rows of each query, is tested with a row a query."""
    rng = np.random.default_rng(5)
    query = np.repeat(np.arange(300), 20)
    train, serve = ({"q": query, "age": rng.standard_normal(300)[query], "x": rng.random(6_000)} for _ in range(2))
    found = {one.feature: one for one in find_drift(tables(train, serve, query="q"))}
    assert found["age"].rows == (300, 300)
    assert found["x"].rows == (6_000, 6_000)
    assert found["age"].verdict == "steady"
