"""Effects over time and what they settle at, on data whose truth is known."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from simulator.bias.backtest import EffectCourse, effect_over_time, fit_novelty
from simulator.errors import InputError


def course(steady, novelty, tau, seed, periods=28, error=0.002):
    """An effect over time with noise of a known error."""
    t = np.arange(periods, dtype=float)
    noise = np.random.default_rng(seed).normal(0, error, periods)
    return EffectCourse(t, steady + novelty * np.exp(-t / tau) + noise, np.full(periods, error))


@pytest.fixture(scope="module")
def fits():
    """Fits of 400 courses that settle at 2% from 4%, over 4 of 28 periods."""
    return [fit_novelty(course(0.02, 0.02, 4.0, seed)) for seed in range(400)]


@pytest.mark.parametrize(("name", "truth"), [("steady", 0.02), ("novelty", 0.02), ("tau", 4.0)])
def test_intervals_of_the_fit_cover_the_truth(fits, name, truth):
    """95% of intervals of each number, within 4 standard errors of 400 fits."""
    covered = np.mean([getattr(fit, name).low <= truth <= getattr(fit, name).high for fit in fits])
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 400)


def test_a_curve_without_noise_is_found_exactly():
    """Steady 3, novelty -2 (a change users get used to), 37% of it left after 5 periods."""
    t = np.arange(40.0)
    found = fit_novelty(EffectCourse(t, 3 - 2 * np.exp(-t / 5), np.full(40, 0.1)))
    assert (found.steady.value, found.novelty.value, found.tau.value) == pytest.approx((3, -2, 5), rel=1e-4)
    assert found.at(5) == pytest.approx(3 - 2 / math.e, rel=1e-4)
    assert found.doubts == ()


def test_intervals_are_those_of_the_errors_given():
    """The fit's linearisation at the truth, with errors that are known and not estimated from what is left."""
    t, fades = np.arange(40.0), np.exp(-np.arange(40.0) / 5)
    slopes = np.column_stack([np.ones(40), fades, -2 * fades * t / 5]) / 0.1
    errors = np.sqrt(np.diag(np.linalg.inv(slopes.T @ slopes)))
    found = fit_novelty(EffectCourse(t, 3 - 2 * fades, np.full(40, 0.1)))
    widths = [found.steady.high - found.steady.low, found.novelty.high - found.novelty.low]
    widths.append(math.log(found.tau.high / found.tau.low))
    assert widths == pytest.approx(2 * 1.959963984540054 * errors, rel=1e-4)


def test_a_steady_effect_has_no_novelty():
    """At most 5% of 400 constant effects are given a curve; the others are the weighted mean with its interval."""
    fits = [fit_novelty(course(0.02, 0.0, 1.0, seed)) for seed in range(400)]
    constant = [fit for fit in fits if fit.novelty.value == 0]
    assert len(fits) - len(constant) < 20 + 4 * math.sqrt(400 * 0.05 * 0.95)
    assert all(math.isnan(fit.tau.value) and fit.at(3) == fit.steady.value for fit in constant)
    covered = np.mean([fit.steady.low <= 0.02 <= fit.steady.high for fit in fits])
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 400)


def test_a_constant_weighs_periods_by_their_errors():
    """Weights 1 / error^2, and the error of the mean the root of one over their sum."""
    error = np.array([1.0, 1, 1, 1, 0.5])
    found = fit_novelty(EffectCourse(np.arange(5.0), np.array([0, 1, 0, 1, 2.0]), error))
    assert found.steady.value == pytest.approx((2 + 8) / 8)
    assert found.steady.high - found.steady.value == pytest.approx(1.959963984540054 / math.sqrt(8))
    assert found.fit_p == pytest.approx(chi2.sf(2 * 1.25**2 + 2 * 0.25**2 + (0.75 / 0.5) ** 2, 4))


def test_the_curve_is_the_best_of_all():
    """Weak decays are told from constants where a search over every tau tells them: 5.99 of chi-squared better."""
    weak = [course(0.02, 0.005, 4.0, seed) for seed in range(100)]
    t, taus = weak[0].period, np.geomspace(27 / 56, 5 * 27, 500)
    columns = np.stack([np.ones((500, 28)), np.exp(-t / taus[:, None])], axis=-1) / 0.002
    onto = columns @ np.linalg.pinv(columns)
    for one in weak:
        scaled = one.effect / 0.002
        best = ((scaled - onto @ scaled) ** 2).sum(axis=-1).min()
        better = ((scaled - scaled.mean()) ** 2).sum() - best
        if abs(better - 5.99) > 0.05:
            assert (fit_novelty(one).novelty.value != 0) == (better > 5.99)


def test_an_effect_that_is_still_falling_is_doubted():
    """A tau of 40 seen for 28 periods has no steady effect to tell, in 99 of 100 courses and more."""
    fits = [fit_novelty(course(0.02, 0.02, 40.0, seed)) for seed in range(200)]
    doubted = [fit for fit in fits if any("the steady effect is beyond the data" in doubt for doubt in fit.doubts)]
    assert len(doubted) >= 198


def test_effects_off_the_curve_are_doubted():
    """A jump in the middle is neither constant nor a decay, and the misfit says so; a good fit has a fair p-value."""
    bad = course(0.02, 0.02, 4.0, 1)
    bad.effect[14] += 0.02
    assert any("something else changed" in doubt for doubt in fit_novelty(bad).doubts)
    assert 0.001 < fit_novelty(course(0.02, 0.02, 4.0, 1)).fit_p < 1


def test_the_chance_of_a_misfit_is_uniform(fits):
    """Under the truth a p-value below one half is as likely as above, within 4 standard errors."""
    assert abs(np.mean([fit.fit_p < 0.5 for fit in fits]) - 0.5) < 4 * math.sqrt(0.25 / 400)


def test_an_effect_over_time_is_a_difference_a_period():
    """Means and errors of each period are those of its rows; a period without two rows of each arm is left out."""
    rng = np.random.default_rng(2)
    period, treated = rng.integers(0, 6, 400), rng.random(400) < 0.7
    treated[period == 3] = True
    treated[np.flatnonzero(period == 3)[0]] = False
    outcome = rng.normal(size=400) + treated
    found = effect_over_time(period, treated, outcome)
    assert found.period.tolist() == [0, 1, 2, 4, 5]
    for at, effect, error in zip(found.period, found.effect, found.standard_error, strict=True):
        one, other = (outcome[(period == at) & (treated == arm)] for arm in (True, False))
        assert effect == pytest.approx(one.mean() - other.mean())
        assert error == pytest.approx(math.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)))


def test_a_holdout_without_traffic_is_told():
    """No period with rows of both arms, nothing at all, and columns that differ."""
    with pytest.raises(InputError, match="without traffic an arm shows nothing; widen the holdout"):
        effect_over_time(np.zeros(5, dtype=int), np.full(5, True), np.ones(5))
    with pytest.raises(InputError, match="widen the holdout"):
        effect_over_time(np.empty(0, dtype=int), np.empty(0, dtype=bool), np.empty(0))
    with pytest.raises(InputError, match="a finite outcome for each row"):
        effect_over_time(np.zeros(5, dtype=int), np.full(5, True), np.full(5, np.nan))


def test_what_cannot_be_fitted_is_told():
    """Four periods, and an effect without an error."""
    with pytest.raises(InputError, match="5 periods or more; got 4"):
        fit_novelty(course(1, 1, 1, 0, periods=4))
    with pytest.raises(InputError, match="a standard error above 0"):
        fit_novelty(course(1, 1, 1, 0, error=0.0))
