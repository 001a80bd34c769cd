"""What is kept of rows, against slow counting."""

import numpy as np
import pytest

from simulator.bias.impressions import Impressions
from simulator.bias.log import Weighing, new_log

R, U, K, ITEMS = 2, 60, 3, 8
CLIP = 4.0
ALIVE = np.array([8, 7])


def rows_of(seed):
    """Rows with any numbers, and the users whose they are."""
    rng = np.random.default_rng(seed)
    shape = (R, U, K)
    rows = Impressions(
        rng.integers(0, 7, shape).astype(np.int32),
        rng.uniform(0.01, 1, shape).astype(np.float32),
        rng.random(shape) < 0.3,
        rng.random(shape) < 0.4,
    )
    return rows, rng.random((R, U)) < 0.7


def logged(*seeds):
    """A log of several steps, and those steps."""
    log, steps = new_log((R, ITEMS, K), keeps=True), [rows_of(seed) for seed in seeds]
    for rows, mine in steps:
        log.add(rows, mine, Weighing(CLIP, ALIVE))
    return log, steps


def test_counts_are_those_of_a_slow_twin():
    """Rows, clicks and weights by item, and random rows by place, are sums over the counted users' rows."""
    log, steps = logged(1, 2, 3)
    for r in range(R):
        mine = [rows_and_mine[1][r] for rows_and_mine in steps]
        item, random, click = (
            np.concatenate([getattr(rows, part)[r][own] for (rows, _), own in zip(steps, mine, strict=True)])
            for part in ("item", "random", "click")
        )
        propensity = np.concatenate([rows.propensity[r][own] for (rows, _), own in zip(steps, mine, strict=True)])
        weight = np.minimum(1 / (propensity.astype(float) * ALIVE[r]), CLIP)
        for i in range(ITEMS):
            assert log.shown[r, i] == (item == i).sum()
            assert log.clicks[r, i] == (click & (item == i)).sum()
            assert log.weighed_shown[r, i] == pytest.approx(weight[item == i].sum())
            assert log.weighed_clicks[r, i] == pytest.approx(weight[click & (item == i)].sum())
        assert (log.tried[r] == random.sum(axis=0)).all()
        assert (log.hit[r] == (random & click).sum(axis=0)).all()
        sums = [item.size, random.sum(), weight.sum(), (weight**2).sum(), weight.max()]
        assert log.weights[r] == pytest.approx(sums)
        assert log.effective[r] == pytest.approx(weight.sum() ** 2 / (weight**2).sum())


def test_clicked_rows_are_kept_with_their_weights():
    """Who clicked on what, in which replication, with the clipped weight; nothing of others."""
    log, ((rows, mine),) = logged(4)
    (kept,) = log.clicked
    expected = [(r, u, rows.item[r, u, j]) for r, u, j in zip(*np.nonzero(rows.click), strict=True) if mine[r, u]]
    assert list(zip(kept.replication, kept.user, kept.item, strict=True)) == expected
    by_item = np.zeros((R, ITEMS))
    np.add.at(by_item, (kept.replication, kept.item), kept.weight)
    assert by_item == pytest.approx(log.weighed_clicks, rel=1e-5)


def test_two_logs_together_are_one():
    """Counts add up, and the largest weight is the larger of both."""
    together, whole = logged(1)[0].together(logged(2)[0]), logged(1, 2)[0]
    for part in ("shown", "clicks", "weighed_shown", "weighed_clicks", "tried", "hit", "weights"):
        assert getattr(together, part) == pytest.approx(getattr(whole, part))
    assert len(together.clicked) == 2


def test_an_empty_log_is_worth_nothing():
    """Without a row the effective sample size is 0, not NaN."""
    assert (new_log((R, ITEMS, K), keeps=False).effective == 0).all()
