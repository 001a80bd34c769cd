"""What the judge makes of a sample: each quantity that rows name, of a handful of queries counted by hand."""

import numpy as np
import pytest

from simulator.engine.compiled import blocks
from tests.theory.judge import Model, funnel, judged
from tests.theory.sample import Sample, value_of

# Four queries to two shards: the third was turned away, the fourth lacks a shard; a request was sent again.
HANDFUL = Sample(
    sojourn=np.array([1.0, 2.0, 0.0, 5.0]),
    wait=np.array([0.0, 1.0, 0.0, 2.0]),
    completed=np.array([True, True, False, True]),
    whole=np.array([True, True, False, False]),
    calls=8.0,
    attempts=9.0,
    coverage=2.5,
    busy_s=3.0,
)


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        ("E[T]", 2.0),
        ("E[max]", 2.0),
        ("E[X_(k:N)]", 2.0),
        ("E[T] item", 2.0),
        ("E[T | accepted]", 8 / 3),
        ("E[W]", 0.75),
        ("E[W | accepted]", 1.0),
        ("T p50", 1.0),
        ("T p50 | accepted", 2.0),
        ("T p99 | accepted", 5.0),
        ("W p99", 2.0),
        ("sd[W]", np.sqrt(11) / 4),
        ("P(wait)", 0.5),
        ("P(arrival finds system empty)", 0.5),
        ("P(block)", 0.25),
        ("P(abandon)", 0.25),
        ("P(T>tau)", 0.25),
        ("P(miss deadline)", 0.5),
        ("P(complete by D)", 0.25),
        ("mean completeness (fraction of shards answered by D)", 0.625),
        ("extra fraction", 0.125),
    ],
)
def test_a_quantity_is_what_its_name_says(quantity, value):
    """Means, percentiles and shares of four queries are those counted by hand."""
    row = {"quantity": quantity, "params": {"tau": 4.0, "D": 1.5}}
    assert value_of(row, HANDFUL) == pytest.approx(value)


@pytest.mark.parametrize("quantity", ["E[W | served]", "P(block) | accepted", "P(offered wait>0)", "utilization"])
def test_what_the_columns_do_not_tell_is_refused(quantity):
    """A quantity or a condition that the judge cannot see is no quantity, rather than a number close to it."""
    with pytest.raises(AssertionError, match="no such"):
        value_of({"quantity": quantity, "params": {}}, HANDFUL)


def test_a_sample_is_the_measured_queries_of_all_blocks():
    """Blocks of any size, the warm-up within one of them or not, make the same sample; all of it is answered once."""
    model = Model(funnel({"shards": 3, "cost": "1s"}, {"cost": "1s"}), 0.5, settle_s=500)
    plan = model.plan(1_000, 1)
    one, many = (Sample.of(blocks(plan, 0, size), plan.warmup) for size in (plan.total_queries, 100))
    assert one.sojourn.size == 1_000
    assert np.array_equal(one.sojourn, many.sojourn)
    assert np.array_equal(one.wait, many.wait)
    assert (one.completed & one.whole).all()
    for sample in (one, many):
        assert (sample.calls, sample.attempts, sample.coverage) == (4_000.0, 4_000.0, 1_000.0)
        assert sample.busy_s == pytest.approx(4_000.0)


@pytest.mark.parametrize(
    ("kind", "quantity", "value", "error", "complaint"),
    [
        ("exact", "E[T]", 1.02, 0.006, ""),
        ("exact", "E[T]", 1.03, 0.006, "+5.0 standard errors"),
        ("exact", "E[T]", 0.97, 0.006, "-5.0 standard errors"),
        ("exact", "E[T]", 1.00, 0.009, "run longer"),
        ("bound", "E[T] upper bound", 0.5, 0.006, ""),
        ("bound", "E[T] upper bound", 1.03, 0.006, "standard errors"),
        ("bound", "E[T] lower bound", 1.5, 0.006, ""),
        ("bound", "E[T] lower bound", 0.97, 0.006, "standard errors"),
    ],
)
def test_an_estimate_is_judged_by_its_error(kind, quantity, value, error, complaint):
    """Beyond four standard errors of the value, or beyond its side of a bound, is a complaint; so is a wide error."""
    row = {"id": "one", "quantity": quantity, "kind": kind, "value": 1.0, "source": "none"}
    found = judged(row, value, error)
    assert complaint in found
    assert bool(found) == bool(complaint)
