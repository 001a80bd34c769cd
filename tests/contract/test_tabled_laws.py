"""Every law, once tabled for the engines, still draws what its quantile function says."""

import numpy as np
import pytest

from simulator.distributions.registry import LAWS
from simulator.draws import stream_of, uniforms
from simulator.engine.law import query_values, tabulate, value_at

# One form of each law with two moments or more, so that a sample mean has a standard error.
EXAMPLES = {
    "constant": {"mean": 0.3},
    "uniform": {"low": 1.0, "high": 4.0},
    "exponential": {"mean": 3.0},
    "lognormal": {"mean": 3.0, "cv": 1.5},
    "gamma": {"mean": 3.0, "cv": 0.7},
    "hyperexponential": {"mean": 3.0, "cv": 4.0},
    "pareto": {"mean": 3.0, "alpha": 4.5},
    "empirical": {"file": "samples.txt"},
    "percentiles": {"p0": 1.0, "p50": 5.0, "p99": 40.0, "p99.9": 90.0, "tail": 4.0},
}
QUERIES = 1_000_000
STREAM = stream_of(7, 0, "service", "stage")
LEVELS = [0.5, 0.99, 0.999]


@pytest.fixture(scope="module", params=sorted(LAWS))
def law(request, tmp_path_factory):
    """Return each law of the registry in turn; one without an example fails."""
    folder = tmp_path_factory.mktemp("samples")
    (folder / "samples.txt").write_text("\n".join(str(0.5 + i**1.5) for i in range(1000)))
    return LAWS[request.param].model_validate(EXAMPLES[request.param], context={"folder": folder})


@pytest.fixture(scope="module")
def values(law):
    """Return a million values of the tabled law, shape (Q,)."""
    return query_values(tabulate([law]), 0, STREAM, QUERIES)


def test_tabled_percentiles_are_the_laws(law, values):
    """p50, p99 and p99.9 of a million draws are, to 1e-4, the exact quantiles of those percentiles' uniform numbers."""
    u = np.quantile(uniforms(STREAM, QUERIES), LEVELS, method="inverted_cdf")
    found = np.quantile(values, LEVELS, method="inverted_cdf")
    assert found == pytest.approx(law.quantile(u, 1 - u), rel=1e-4)


def test_the_mean_of_a_million_draws_is_the_laws(law, values):
    """The sample mean is within 4 standard errors of mean_value, and the table carries that mean."""
    error = values.std(ddof=1) / np.sqrt(QUERIES)
    assert abs(values.mean() - law.mean_value()) <= 4 * error + 1e-12 * law.mean_value()
    assert tabulate([law]).mean.tolist() == [law.mean_value()]


def test_one_value_is_the_same_alone_and_in_a_row(law, values):
    """value_at(query) is that query's entry of query_values, whichever law stands before it in the tables."""
    tables = tabulate([LAWS["exponential"].model_validate({"mean": 1.0}), law])
    assert [value_at(tables, 1, STREAM, query, 0) for query in range(50)] == values[:50].tolist()


def test_eight_times_the_magnitudes_are_eight_times_the_values(law, values):
    """A tabled law scales by a power of two exactly, as its quantile function does."""
    shapes = {"cv", "alpha", "tail", "file", "distribution"}
    keys = EXAMPLES[law.distribution]
    eightfold = {key: value if key in shapes else 8 * value for key, value in keys.items()}
    if "file" in keys:
        larger = law.model_copy()
        larger._samples = tuple(8 * sample for sample in law.samples)
    else:
        larger = LAWS[law.distribution].model_validate(eightfold)
    assert np.array_equal(query_values(tabulate([larger]), 0, STREAM, QUERIES), 8 * values)
