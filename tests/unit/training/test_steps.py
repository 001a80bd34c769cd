"""Training steps: that they are real ones, and that their times are told as they are."""

from itertools import count

import numpy as np
import pytest

from simulator.costs.profile import load_profile
from simulator.errors import InputError
from simulator.rankers import mlp
from simulator.rankers.optimizers import Schedule, descend
from simulator.training.complexity import complexity_of, growth_of
from simulator.training.profile import StepPoint, load_training_profile
from simulator.training.step_recipes import RECIPES, Size
from simulator.training.step_time import fit_steps, measure_steps, own_point, sizes_of

SMALL = {name: Size(4, recipe.own.features, recipe.own.hidden) for name, recipe in RECIPES.items()}


@pytest.mark.parametrize("name", RECIPES)
def test_a_step_moves_every_block(name):
    """After one step no block of parameters is as it was, but for what the text of a ranking does not touch."""
    step = RECIPES[name].make(SMALL[name], 0)
    before = dict(step.parameters)
    step()
    still = {block for block in before if (before[block] == step.parameters[block]).all()}
    unread = {"bilstm": {"out", "out_b"}, "transformer": {"out_b", "S"}, "cross_encoder": {"out_b"}}.get(name, set())
    assert still <= unread


def test_a_step_is_that_of_training():
    """The first step of descent on the same batch at the same rate, to the last bit."""
    step = RECIPES["mlp"].make(SMALL["mlp"], 0)
    start, batch = step.parameters, step._make(0)
    step()
    schedule = Schedule(epochs=1, rate=1e-3)
    expected = descend(mlp.loss_and_gradient, start, lambda: [batch], batch, schedule)
    for block, values in expected.items():
        assert (step.parameters[block] == values).all()


@pytest.mark.parametrize(("features", "hidden"), [(25, 64), (49, 16)])
def test_parameters_are_counted(features, hidden):
    """F H + H + H K + K + K of two layers, the second half as wide."""
    K = hidden // 2
    assert RECIPES["mlp"].make(Size(2, features, hidden), 0).size == features * hidden + hidden + hidden * K + 2 * K


def point(batch, mean, features=25, hidden=64):
    """A point of steps that all take their mean."""
    return StepPoint(
        batch=batch, features=features, hidden=hidden, parameters=1, steps=2, mean_s=mean, quantiles_s=(mean,) * 21,
        peak_bytes=1,
    )  # fmt: skip


def test_the_fit_finds_what_was_planted():
    """1 ms and 10 us a sample: other widths do not disturb, and the noise is that of the ranker's own batch."""
    own = Size(64, 25, 64)
    measured = {point(B, 1e-3 + 1e-5 * B): np.array([1.0, 1.0]) for B in (1, 16, 64, 256)}
    measured[point(64, 1.0, hidden=512)] = np.array([0.5, 1.5])
    law = fit_steps(own, measured)
    assert (law.fixed_s, law.per_sample_s) == pytest.approx((1e-3, 1e-5))
    assert law.fit_error < 1e-6
    assert set(law.noise.ratios) == {1.0}
    assert own_point(law, own).batch == 64
    assert own_point(law, Size(80, 25, 64)).batch == 64


def test_every_size_is_timed_as_often():
    """A clock that ticks once a look gives every step one tick, ten or more of each size."""
    ticks = count()
    steps, complete = measure_steps(["logistic"], 1e9, clock=lambda: float(next(ticks)))
    assert complete
    found = steps["logistic"]
    assert {(p.batch, p.features, p.hidden) for p in found.points} == {
        (size.batch, size.features, size.hidden) for size in sizes_of(RECIPES["logistic"])
    }
    assert {p.steps for p in found.points} == {60}
    assert {p.mean_s for p in found.points} == {1.0}


def test_no_time_is_refused_with_what_would_do():
    """A thousandth of a second suffices for nothing."""
    with pytest.raises(InputError, match="give 60s or more, or fewer rankers"):
        measure_steps(["mlp"], 0.001)


def test_a_planted_growth_is_found():
    """n^1.5 with 10% of noise: the interval of the power covers 1.5 in 95% of 400 repeats, within 4 SE."""
    rng = np.random.default_rng(5)
    n = np.geomspace(1, 1024, 6)
    covered = 0
    for _ in range(400):
        growth = growth_of(n, n**1.5 * np.exp(0.1 * rng.standard_normal(6)))
        assert growth
        covered += growth.power.low <= 1.5 <= growth.power.high
    assert abs(covered / 400 - 0.95) < 4 * (0.95 * 0.05 / 400) ** 0.5


def test_a_fixed_part_is_outgrown():
    """1 + n/100 grows slower than n over all sizes, and nearly as n over the larger half."""
    growth = growth_of([1, 10, 100, 1_000, 10_000, 100_000], [1.01, 1.1, 2, 11, 101, 1001])
    assert growth
    assert growth.at_large
    assert growth.power.value < 0.8 < 0.95 < growth.at_large.value


def test_the_shipped_profile_tells_of_every_ranker():
    """Steps of all that are trained; a wider model takes longer; errors fall with samples where they were measured."""
    profile = load_training_profile("default")
    assert set(profile.rankers) == set(RECIPES)
    found = complexity_of(profile, load_profile("default"), [*RECIPES, "two_tower_ivf"])
    for one in found:
        assert one.in_batch
        assert one.in_batch.power.value > 0
        if one.in_width:
            assert one.in_width.power.low > 0
    for name in ("logistic", "mlp", "two_tower"):
        runs = profile.rankers[name].runs
        assert runs
        means = np.mean(runs.errors, axis=1)
        assert means[0] > means[len(means) // 2] >= means[-1]
    with pytest.raises(InputError, match="expected rankers whose steps"):
        complexity_of(profile, load_profile("default"), ["mine:Own"])
