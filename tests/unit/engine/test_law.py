"""Tabled laws against the exact quantile functions that they stand for."""

import math

import numpy as np
import pytest

from simulator.distributions.constant import Constant
from simulator.distributions.empirical import Empirical
from simulator.distributions.exponential import Exponential
from simulator.distributions.lognormal import Lognormal
from simulator.draws import stream_of, uniforms
from simulator.engine.law import fill_shards, fill_twins, query_values, tabulate, value_at

COUNT = 200_000


def span(low: int, high: int) -> tuple[np.uint64, np.uint64]:
    """Shards from low to before high, as the kernels take them."""
    return np.uint64(low), np.uint64(high)


STREAM = stream_of(1, 0, "service", "s")


@pytest.mark.parametrize("law", [Exponential(mean=3.0), Lognormal(mean=3.0, cv=0.7)], ids=lambda law: law.distribution)
def test_tabled_values_are_the_laws_own_inverse(law):
    """Each value is the exact quantile of its uniform number within 2e-4 of it, in the body and in both tails."""
    u = uniforms(STREAM, COUNT)
    exact = law.quantile(u, 1 - u)
    assert np.abs(query_values(tabulate([law]), 0, STREAM, COUNT) / exact - 1).max() < 2e-4


def test_a_constant_is_exact():
    """A constant law gives its value to the last bit."""
    assert set(query_values(tabulate([Constant(mean=0.1)]), 0, STREAM, 100)) == {0.1}


def test_an_empirical_law_draws_only_its_samples(tmp_path):
    """An empirical law gives values of the file alone, each as often as it stands there (within 4 standard errors)."""
    (tmp_path / "times.txt").write_text("1\n2\n2\n5\n")
    law = Empirical.model_validate({"file": "times.txt"}, context={"folder": tmp_path})
    values = query_values(tabulate([law]), 0, STREAM, COUNT)
    assert set(values) == {1.0, 2.0, 5.0}
    assert abs((values == 2.0).mean() - 0.5) < 4 * math.sqrt(0.25 / COUNT)


def test_scaling_by_a_power_of_two_is_exact():
    """A law of eight times the mean gives exactly eight times each value."""
    one, eight = (query_values(tabulate([Lognormal(mean=m, cv=2.0)]), 0, STREAM, COUNT) for m in (0.3, 2.4))
    assert np.array_equal(8 * one, eight)


def test_laws_of_one_plan_do_not_mix():
    """Law number i of a table is the i-th that was put in, whatever stands around it."""
    laws = [Constant(mean=7.0), Exponential(mean=1.0), Lognormal(mean=5.0, cv=0.1)]
    together = tabulate(laws)
    for i, law in enumerate(laws):
        alone = query_values(tabulate([law]), 0, STREAM, 50)
        assert np.array_equal(query_values(together, i, STREAM, 50), alone)


def test_filling_shards_is_drawing_them_one_by_one():
    """A row of shards filled at once holds what each shard draws alone."""
    tables, row = tabulate([Exponential(mean=1.0)]), np.empty(37)
    fill_shards(row, np.empty(row.size, dtype=np.uint32), span(0, row.size), tables, 0, (STREAM, 5))
    assert row.tolist() == [value_at(tables, 0, STREAM, 5, j) for j in range(37)]


@pytest.mark.parametrize("other", [Lognormal(mean=2.0, cv=0.5), Constant(mean=3.0)])
def test_filling_twins_is_filling_each_alone(other):
    """Two laws on the same draws get the values that each gets alone, and nothing outside the span is touched."""
    tables, cells = tabulate([Exponential(mean=1.0), other]), np.empty(37, dtype=np.uint32)
    rows = np.zeros(37), np.zeros(37)
    fill_twins(rows, cells, span(5, 30), tables, (0, 1), (STREAM, 5))
    for law, row in enumerate(rows):
        assert row[5:30].tolist() == [value_at(tables, law, STREAM, 5, j) for j in range(5, 30)]
        assert not row[:5].any()
        assert not row[30:].any()
