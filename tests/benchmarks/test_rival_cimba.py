"""The same models here and in cimba, side by side; the extra `benchmarks` brings it."""

import pytest

# Imported while tests are collected: what cimba teaches Numba is not heard once the first kernel has run.
pytest.importorskip("cimba", reason="pip install -e '.[benchmarks]' brings cimba")

from tests.benchmarks.rival_cimba import cimba_fork_join
from tests.benchmarks.test_rivals import compared


@pytest.mark.filterwarnings("default")  # its compiler takes a warning that is an error for a failure
@pytest.mark.parametrize(("shards", "queries", "least"), [(1, 200_000, 1), (100, 10_000, 50)])
def test_against_cimba(shards, queries, least):
    """The compiled event loop of cimba is slower with one queue, and by a factor of 50 with a hundred."""
    assert compared("cimba", shards, queries, lambda: cimba_fork_join(queries, shards)) > least
