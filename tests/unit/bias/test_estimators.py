"""Values of a policy from another's log: exact means and variances over replications, hand cases, refusals."""

import math

import numpy as np
import pytest

from simulator.bias.estimators import (
    Logged,
    RewardModel,
    clipped,
    doubly_robust,
    estimates,
    ips,
    naive,
    self_normalised,
)
from simulator.errors import InputError

L = np.array([0.6, 0.25, 0.1, 0.05])
"""What the policy that wrote the log does."""
T = np.array([0.1, 0.2, 0.3, 0.4])
"""What the policy in question does."""
MU = np.array([0.2, 0.5, 0.7, 0.4])
"""Clicks of each action, 0 or 1."""
V = float(T @ MU)
N, R = 1000, 4000


def drawn(seed: int, chances=L, rows=N, target=T):
    """A log of `rows` rows by the policy `chances`, and what was done."""
    rng = np.random.default_rng(seed)
    action = rng.choice(len(chances), size=rows, p=chances)
    return Logged((rng.random(rows) < MU[action]).astype(float), target[action], chances[action]), action


@pytest.fixture(scope="module")
def replications():
    """Every estimator's value in each of R replications, with the log's true model."""
    values = {}
    for seed in range(R):
        log, action = drawn(seed)
        for found in estimates(log, RewardModel(MU[action], np.full(N, V)), largest=2.0):
            values.setdefault(found.method, []).append(found.estimate)
    return values


def moments(found):
    """Mean, its standard error, variance, and the variance's standard error, of the values."""
    values = np.array([one.value for one in found])
    squares = (values - values.mean()) ** 2
    return values.mean(), values.std() / math.sqrt(R), squares.mean(), squares.std() / math.sqrt(R)


@pytest.mark.parametrize("method", ["ips", "doubly_robust"])
def test_weighting_is_unbiased(replications, method):
    """The mean of R estimates is the policy's value within 4 standard errors (Horvitz & Thompson 1952)."""
    mean, error, _, _ = moments(replications[method])
    assert abs(mean - V) < 4 * error


def test_the_naive_mean_is_the_value_of_the_log(replications):
    """It is sum l mu, far from the policy's value."""
    mean, error, _, _ = moments(replications["naive"])
    assert abs(mean - L @ MU) < 4 * error < abs(mean - V) / 4


def test_the_variance_of_ips_is_exact(replications):
    """(sum t^2 / l mu - V^2) / n for clicks, whose square is themselves."""
    _, _, variance, error = moments(replications["ips"])
    assert abs(variance - ((T**2 / L) @ MU - V**2) / N) < 4 * error


def test_the_true_model_leaves_the_noise_of_clicks_alone(replications):
    """Doubly robust with the truth: (sum t^2 / l mu (1 - mu)) / n, the part of actions gone (Dudík et al. 2011)."""
    _, _, variance, error = moments(replications["doubly_robust"])
    assert abs(variance - (T**2 / L) @ (MU * (1 - MU)) / N) < 4 * error


def test_clipping_has_the_bias_it_says(replications):
    """At 2 the estimate is too low by sum (t - 2 l)+ mu (Ionides 2008)."""
    mean, error, _, _ = moments(replications["clipped"])
    bias = np.maximum(T - 2 * L, 0) @ MU
    assert abs(mean - (V - bias)) < 4 * error < bias / 4


@pytest.mark.parametrize("method", ["naive", "ips", "self_normalised", "clipped", "doubly_robust"])
def test_intervals_cover_as_often_as_they_say(replications, method):
    """95% of intervals of 1,000 rows cover what the estimator aims at, within 4 standard errors."""
    aim = {"naive": L @ MU, "clipped": np.minimum(T, 2 * L) @ MU}.get(method, V)
    covered = np.mean([one.low <= aim <= one.high for one in replications[method]])
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / R)


def test_self_normalised_by_hand():
    """Weights 1, 2, 5 and rewards 1, 0, 1 give 6/8, ESS 64/30, error sqrt(1/16 + 4 * 9/16 + 25/16) / 8."""
    found = self_normalised(Logged(np.array([1.0, 0, 1]), np.array([0.1, 0.2, 0.5]), np.full(3, 0.1)))
    assert found.estimate.value == pytest.approx(0.75)
    assert found.effective_sample_size == pytest.approx(64 / 30)
    assert (found.largest_weight, found.mean_weight) == pytest.approx((5, 8 / 3))
    half = 4.302652729911275 * math.sqrt(1 / 16 + 4 * 9 / 16 + 25 / 16) / 8
    assert found.estimate.high - found.estimate.value == pytest.approx(half)


def test_a_model_that_knows_rewards_without_noise_is_certain():
    """Where rewards follow from the action and the model has them, weights cancel: no interval at all."""
    rng = np.random.default_rng(5)
    action = rng.choice(4, size=N, p=L)
    found = doubly_robust(Logged(MU[action], T[action], L[action]), RewardModel(MU[action], np.full(N, V)))
    assert found.estimate.value == pytest.approx(V, abs=1e-12)
    assert found.estimate.high - found.estimate.low < 1e-12


def test_a_share_e_of_random_rows_is_worth_e_n_of_them():
    """For a policy that avoids the locked item, the variance is that of IPS on e n rows of random traffic alone.

    (K / e sum t^2 mu - V^2) / n beside (K sum t^2 mu - V^2) / (e n): apart by V^2 (1 - e) / (e n), under 2% here.
    """
    K, e, rows, replications = 50, 0.1, 2000, 2000
    target, mu = np.zeros(K), np.full(K, 0.1)
    target[1:5] = 0.25
    chances = np.full(K, e / K)
    chances[0] += 1 - e
    rng = np.random.default_rng(6)
    found = []
    for _ in range(replications):
        action = rng.choice(K, size=rows, p=chances)
        reward = (rng.random(rows) < mu[action]).astype(float)
        found.append(ips(Logged(reward, target[action], chances[action])).estimate.value)
    squares = (np.array(found) - np.mean(found)) ** 2
    logged = (K / e * target**2 @ mu - 0.01) / rows
    uniform = (K * target**2 @ mu - 0.01) / (e * rows)
    assert abs(squares.mean() - logged) < 4 * squares.std() / math.sqrt(replications)
    assert logged == pytest.approx(uniform, rel=0.02)


def test_the_effective_sample_size_of_exploration_is_near_e_n():
    """For random lists as the policy in question it is n / sum t^2 / l: between e n and e n / (1 - k/K)."""
    K, k, e, rows, replications = 200, 2, 0.05, 20_000, 200
    chances = np.full(K, e / K)
    chances[:k] += (1 - e) / k
    expected = 1 / (1 / K**2 / chances).sum()
    assert e < expected < e / (1 - k / K)
    rng = np.random.default_rng(7)
    found = []
    for _ in range(replications):
        action = rng.choice(K, size=rows, p=chances)
        log = Logged(np.zeros(rows), np.full(rows, 1 / K), chances[action])
        found.append(ips(log).effective_sample_size / rows)
    assert abs(np.mean(found) - expected) < 4 * np.std(found) / math.sqrt(replications)


def test_a_log_of_the_policy_itself_needs_no_weights():
    """Where both policies are one, every estimator gives the mean of the log, and nothing speaks against it."""
    log, _ = drawn(8, target=L)
    found = estimates(log)
    assert [one.method for one in found] == ["naive", "ips", "self_normalised", "clipped"]
    for one in found:
        assert one.estimate.value == pytest.approx(log.reward.mean())
        assert one.effective_sample_size == pytest.approx(N)
        assert one.holds


def test_few_effective_rows_are_doubted():
    """One row of weight 1,000 among 999 of weight 1 makes 4 effective rows of 1,000, and that is said."""
    propensity = np.full(1000, 0.5)
    propensity[7] = 0.0005
    found = ips(Logged(np.ones(1000), np.full(1000, 0.5), propensity))
    assert found.effective_sample_size == pytest.approx(1999**2 / (999 + 1000**2))
    assert not found.holds
    assert found.doubts[0].startswith("1,000 rows tell as much as 4.0 of equal weight would, under 30: the largest")


def test_29_effective_rows_are_doubted_and_30_are_not():
    """The line is at 30 rows of equal weight."""
    few, enough = (Logged(np.ones(n), np.full(n, 0.5), np.full(n, 0.5)) for n in (29, 30))
    assert not ips(few).holds
    assert ips(enough).holds


def test_a_mean_weight_off_1_is_doubted():
    """Where the log never shows what the policy mostly does, the mean weight is 0.2 and every value says so."""
    log, _ = drawn(9, chances=np.array([0.5, 0.5, 0, 0]), target=np.array([0.1, 0.1, 0.4, 0.4]))
    for found in estimates(log)[1:]:
        assert "the mean weight is 0.200 and should be 1" in found.doubts[-1]


@pytest.mark.parametrize(("away", "holds"), [(2.9, True), (3.1, False), (-2.9, True), (-3.1, False)])
def test_the_line_is_at_three_standard_errors(away, holds):
    """100 weights of mean 1 + away standard errors: doubted beyond 3 on either side."""
    spread = np.tile([-0.1, 0.1], 50)
    weight = 1 + away * spread.std(ddof=1) / 10 + spread
    assert ips(Logged(np.ones(100), weight / 2, np.full(100, 0.5))).holds == holds


def test_true_weights_are_seldom_doubted():
    """Off by over 3 standard errors is about 1 in 370 by a normal law: of 1,000 good logs of 2,000 rows, under 10."""
    doubted = sum(not ips(drawn(seed, rows=2000)[0]).holds for seed in range(1000))
    assert doubted < 2.7 + 4 * math.sqrt(2.7)


def test_clipping_says_what_it_cut():
    """Weights 1 and 9, clipped at 3, lose (9 - 3)/2 of their mean; the root of the rows is the bound unless given."""
    log = Logged(np.array([1.0, 1]), np.array([0.1, 0.9]), np.full(2, 0.1))
    assert clipped(log, 3).cut == pytest.approx(3)
    assert clipped(log).largest_weight == pytest.approx(math.sqrt(2))
    with pytest.raises(InputError, match="above 0; got 0"):
        clipped(log, 0)


def test_without_propensities_the_mean_of_the_log_is_all_there_is():
    """The naive mean, with the doubt that it is of the log's own policy; weighting is refused with what to do."""
    log = Logged(np.array([1.0, 0, 1, 1]), np.full(4, 0.2))
    (found,) = estimates(log)
    assert (found.method, found.estimate.value) == ("naive", 0.75)
    assert "not of the one asked for" in found.doubts[0]
    assert "give a share of traffic random lists" in found.doubts[1]
    with pytest.raises(InputError, match="the log has no propensities"):
        ips(log)


def test_random_rows_without_propensities_still_rank_policies():
    """On random traffic the unknown 1/K cancels: the self-normalised mean is the one with propensities, to the bit."""
    chances = np.full(4, 0.25)
    known, _ = drawn(10, chances=chances)
    others = np.zeros(50)
    log = Logged(
        np.append(known.reward, others), np.append(known.target, others), None, np.append(np.full(N, True), others > 0)
    )
    of_random, weighted = estimates(log)
    assert of_random.estimate.value == known.reward.mean()
    assert "value of random lists" in of_random.doubts[0]
    assert weighted.holds
    assert weighted.estimate.value == pytest.approx(self_normalised(known).estimate.value, rel=1e-12)
    assert weighted.estimate.high == pytest.approx(self_normalised(known).estimate.high, rel=1e-12)


def test_a_policy_that_no_row_speaks_of_has_no_value():
    """All weights zero: no effective row, a mean weight of 0 and no self-normalised mean."""
    log = Logged(np.ones(100), np.zeros(100), np.full(100, 0.5))
    assert math.isnan(self_normalised(log).estimate.value)
    assert ips(log).effective_sample_size == 0
    assert len(ips(log).doubts) == 2


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"propensity": np.array([0.5, 0.0])}, r"propensity is a chance above 0 and at most 1; got 0\.0 in row 2"),
        ({"propensity": np.array([np.nan, 0.5])}, "propensity is a chance above 0 and at most 1; got nan in row 1"),
        ({"propensity": np.array([1.5, 0.5])}, r"got 1\.5 in row 1 \(1 rows in all\)"),
        ({"propensity": np.array([0.5, 1e-320])}, r"whose weight is at most 1e\+100; got 1e-320 in row 2"),
        ({"propensity": np.array([0.5])}, r"one value a column .* 'propensity': \(1,\)"),
        ({"target": np.array([0.5, np.nan])}, "target is a chance from 0 to 1; got nan in row 2"),
        ({"reward": np.array([np.inf, 0])}, "reward is a finite number; got inf in row 1"),
        ({"random": np.array([True])}, r"'random': \(1,\)"),
    ],
)
def test_what_cannot_be_weighted_is_named(changed, message):
    """Zero, NaN or missing propensities, weights that overflow and wrong columns are told with their row."""
    columns = {"reward": np.ones(2), "target": np.full(2, 0.5), "propensity": np.full(2, 0.5)}
    with pytest.raises(InputError, match=message):
        Logged(**(columns | changed))


def test_a_model_of_other_rows_is_refused():
    """The model's columns are as long as the log's, and finite."""
    log, action = drawn(11)
    with pytest.raises(InputError, match=r"model.target has a value for each row"):
        doubly_robust(log, RewardModel(MU[action], np.zeros(3)))
    with pytest.raises(InputError, match=r"model.logged is a finite number; got nan in row 1"):
        doubly_robust(log, RewardModel(np.full(N, np.nan), np.zeros(N)))


def test_naive_holds_only_for_its_own_policy():
    """A log written by another policy is doubted however many rows it has."""
    log, _ = drawn(12)
    assert not naive(log).holds
