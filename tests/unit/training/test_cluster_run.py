"""Steps of a cluster on the serving engine against order statistics, plain sums, and workers that pause one by one."""

import math
from dataclasses import replace

import numpy as np
import pytest

from simulator.costs.profile import Residuals
from simulator.distributions.base import Law
from simulator.distributions.constant import Constant
from simulator.distributions.exponential import Exponential
from simulator.errors import InputError
from simulator.scenario.training import Cluster, Step
from simulator.training.cluster import daly_interval_s, expected_time_s
from simulator.training.cluster_run import AssumedStep, Job, run_cluster

GRADIENT = 1_000_000
STUDENT = 2.2622
"""Half of a 95% interval of ten replications, in standard errors."""


def asked(**keys) -> Cluster:
    """Return a cluster with a batch of 12 on links of 1 Gbit/s, unless `keys` say otherwise."""
    return Cluster.model_validate({"workers": [1, 2, 3], "batch": 12, "gigabits": 1, "hop": "1ms", **keys})


def job(noise: Law[float] | None = None, **keys) -> Job:
    """Return a job of 100 steps of 12 samples; a step takes 10 ms and 5 ms a sample."""
    step = AssumedStep(0.010, 0.005, noise or Constant(mean=1.0))
    return Job(**{"samples": 600, "epochs": 2, "step": step, "gradient_bytes": GRADIENT, **keys})


def error(estimate) -> float:
    """Return an estimate's standard error."""
    return (estimate.high - estimate.low) / 2 / STUDENT


def shared_s(workers: int) -> float:
    """Return the seconds of an all-reduce of GRADIENT bytes over 125 MB a second, with hops of 1 ms."""
    return 2 * (workers - 1) * (GRADIENT / workers / 125e6 + 0.001)


def test_steps_without_noise_are_exact():
    """A step is the largest part of the batch and the all-reduce; what others wait is their mean beside it."""
    answer = run_cluster(asked(workers=[1, 2, 5], speed=2), job(worker_hour=3.0), seed=1)
    assert answer.steps == 100
    for row, largest in zip(answer.rows, (12, 6, 3), strict=True):
        W, part = row.workers, (0.010 + 0.005 * largest) / 2
        step = part + shared_s(W)
        assert row.step.value == pytest.approx(step, rel=1e-12)
        assert row.part_s == pytest.approx((0.010 + 0.005 * 12 / W) / 2, rel=1e-12)
        assert row.slowest_share == pytest.approx((part - row.part_s) / step, abs=1e-12)
        assert row.time_s.value == pytest.approx(100 * step, rel=1e-12)
        assert row.speed_up.value == pytest.approx(0.035 / step, rel=1e-12)
        assert row.efficiency == pytest.approx(0.035 / step / W, rel=1e-12)
        assert row.worker_hours == pytest.approx(W * 100 * step / 3600, rel=1e-12)
        assert row.money == pytest.approx(3 * row.worker_hours, rel=1e-12)
        assert (row.checkpoint_interval_s, row.lost_s) == (None, pytest.approx(0, abs=1e-9))
        assert row.theory_s == (pytest.approx(step, rel=1e-9) if W < 5 else None)


def test_the_slowest_of_exponential_workers_is_a_harmonic_number():
    """With exponential noise a step is H_W times a part, and the all-reduce, within four standard errors."""
    answer = run_cluster(asked(workers=[1, 2, 4, 12], gigabits=10), job(Exponential(mean=1.0)), seed=3)
    for row in answer.rows:
        W = row.workers
        part, harmonic = 0.010 + 0.060 / W, sum(1 / i for i in range(1, W + 1))
        shared = 2 * (W - 1) * (GRADIENT / W / 1.25e9 + 0.001)
        step = part * harmonic + shared
        assert row.step.low < row.step.high
        assert abs(row.step.value - step) < 4 * error(row.step), W
        assert row.theory_s == pytest.approx(step, rel=1e-8)
        assert row.slowest_share == pytest.approx(part * (harmonic - 1) / step, abs=0.03)


def test_measured_residuals_are_the_noise():
    """With a table of measured residuals a step is that of its own order statistics, within four standard errors."""
    law = Residuals.of(np.random.default_rng(1).gamma(4.0, size=4000))
    for row in run_cluster(asked(workers=[1, 3, 6]), job(law), seed=5).rows:
        assert row.theory_s is not None
        assert abs(row.step.value - row.theory_s) < 4 * error(row.step), row.workers
        assert error(row.step) < 0.02 * row.theory_s


def test_a_scenarios_own_step_is_lognormal():
    """The step of a scenario has its times, and noise of its coefficient of variation."""
    step = AssumedStep.of(Step.model_validate({"fixed": "2ms", "per_sample": "3us", "cv": 0.4}))
    assert (step.fixed_s, step.per_sample_s, step.noise.cv) == (0.002, 3e-6, 0.4)
    assert AssumedStep.of(Step.model_validate({"fixed": "2ms"})).noise == Constant(mean=1.0)


def test_speed_up_is_paired():
    """The first worker has the same luck alone and among others, which narrows the interval of the speed-up."""
    alone, row = run_cluster(asked(workers=[1, 2], gigabits=100), job(Exponential(mean=1.0)), seed=2).rows
    assert alone.speed_up.value == alone.speed_up.low == alone.speed_up.high == 1
    assert row.speed_up.value == pytest.approx(alone.step.value / row.step.value, rel=1e-12)
    unpaired = row.speed_up.value * math.hypot(error(alone.step) / alone.step.value, error(row.step) / row.step.value)
    assert error(row.speed_up) < 0.8 * unpaired


def test_one_worker_that_pauses_loses_their_share():
    """Pauses of 30 ms after 300 ms of work on average add a tenth, within four standard errors."""
    (row,) = run_cluster(asked(workers=[1], pause={"every": "300ms", "for": "30ms"}), job(), seed=1).rows
    assert abs(row.step.value - 0.070 * 1.1) < 4 * error(row.step)
    assert row.part_s == pytest.approx(row.step.value, rel=1e-12)
    assert (row.slowest_share, row.theory_s) == (0, None)


def paced(workers: int, steps: int, pause: tuple[float, float], rng: np.random.Generator) -> float:
    """Return the mean step of workers without noise that pause each for itself, worked out minute by minute."""
    every, length = pause
    part, now = 0.010 + 0.060 / workers, 0.0
    starts = rng.exponential(every, size=workers)
    for _ in range(steps):
        ends = []
        for w in range(workers):
            at, left = now, part
            while starts[w] < at + left:
                left -= max(0.0, starts[w] - at)
                at = max(at, starts[w] + length)
                starts[w] += length + rng.exponential(every)
            ends.append(at + left)
        now = max(ends) + shared_s(workers)
    return now / steps


def test_workers_pause_each_for_itself():
    """Steps of three workers with pauses are those of a plain loop over workers, within four standard errors."""
    (row,) = run_cluster(asked(workers=[3], pause={"every": "400ms", "for": "50ms"}), job(), seed=1).rows
    means = [paced(3, 2000, (0.4, 0.05), np.random.default_rng(seed)) for seed in range(10)]
    off = math.hypot(error(row.step), float(np.std(means, ddof=1)) / 10**0.5)
    assert abs(row.step.value - np.mean(means)) < 4 * off
    assert row.step.value > 0.030 + shared_s(3) + 0.01


def test_pauses_too_rare_to_see_are_warned_of():
    """Pauses once in a month are hardly simulated, which is said; twice a minute they are seen."""
    often, rare = ({"every": every, "for": "1s"} for every in ("30s", "30d"))
    assert run_cluster(asked(workers=[2], pause=often), job(), seed=1).warnings == ()
    (warning,) = run_cluster(asked(workers=[2], pause=rare), job(), seed=1).warnings
    assert warning == "2 workers: pauses are so rare that few were simulated; the step may take longer"


def test_pauses_far_shorter_than_a_step_are_refused():
    """More than a thousand pauses in a step are none that anybody tells apart: they belong to the step's time."""
    pause = {"every": "60us", "for": "1us"}
    with pytest.raises(InputError, match=r"pause.every: expected at least a thousandth of a step of 70.0 ms, got 60.0"):
        run_cluster(asked(pause=pause), job(), seed=1)


def test_failures_add_what_they_cost():
    """Time is expected for the failures of all workers at Daly's interval, and lost is what is beyond the steps."""
    failures = {"mttf": "1min", "checkpoint": "200ms", "restart": "1s"}
    for row in run_cluster(asked(failures=failures), job(), seed=1).rows:
        mttf = 60 / row.workers
        interval = daly_interval_s(0.2, mttf)
        work = 100 * row.step.value
        assert row.checkpoint_interval_s == interval
        assert row.time_s.value == pytest.approx(expected_time_s(work, interval, 0.2, 1.0, mttf), rel=1e-12)
        assert row.lost_s == pytest.approx(row.time_s.value - work, rel=1e-9)
        assert row.speed_up.value == pytest.approx(
            expected_time_s(7.0, daly_interval_s(0.2, 60.0), 0.2, 1.0, 60.0) / row.time_s.value
        )


def test_the_interval_between_checkpoints_may_be_given():
    """The scenario's own interval is used, but for one shorter than a step: there is no checkpoint within a step."""
    given = {"mttf": "1h", "checkpoint": "1s", "interval": "5s"}
    (row,) = run_cluster(asked(workers=[1], failures=given), job(), seed=1).rows
    assert row.checkpoint_interval_s == 5
    (row,) = run_cluster(asked(workers=[1], failures={**given, "interval": "1ms"}), job(), seed=1).rows
    assert row.checkpoint_interval_s == pytest.approx(0.070)


def test_the_cheapest_number_that_makes_the_deadline_is_best():
    """One worker takes 7 s, two 5 s and three 4.5 s: within 6 s two are the cheapest, within a minute one is."""
    answer = run_cluster(asked(deadline="6s"), job(), seed=1)
    assert [round(row.time_s.value, 1) for row in answer.rows] == [7.0, 5.0, 4.5]
    assert answer.best is answer.rows[1]
    assert answer.fastest is answer.rows[2]
    assert answer.advice == ""
    assert run_cluster(asked(deadline="1min"), job(), seed=1).best.workers == 1
    assert run_cluster(asked(), job(), seed=1).best is None


def test_a_deadline_that_is_missed_is_missed_by_so_much():
    """Where no number of workers makes it, the fastest and what it lacks are named."""
    answer = run_cluster(asked(deadline="3s"), job(), seed=1)
    assert answer.best is None
    assert answer.advice == (
        "no number of workers makes the deadline of 3.00 s: the fastest, 3, takes 4.47 s, which is 1.47 s too long, "
        "and more may be faster"
    )


def test_a_deadline_inside_the_interval_is_not_made():
    """A deadline counts as made where the whole interval is within it; else the advice says how far it may be off."""
    noisy = job(Exponential(mean=1.0))
    time = run_cluster(asked(workers=[1]), noisy, seed=1).fastest.time_s
    between, after = (time.value + time.high) / 2, time.high * 1.001
    missed = run_cluster(asked(workers=[1], deadline=f"{between!r}s"), noisy, seed=1)
    assert missed.best is None
    assert f"takes {time.value:.2f} s, at most {time.high:.2f} s, which is" in missed.advice
    assert run_cluster(asked(workers=[1], deadline=f"{after!r}s"), noisy, seed=1).best is not None


SHORT_LINKS = {"hop": "0ms", "gigabits": 1000}
OFTEN = {"mttf": "1min", "checkpoint": "5s", "restart": "1min"}
NOW_AND_THEN = {"mttf": "1min", "checkpoint": "100ms"}


@pytest.mark.parametrize(
    ("keys", "noise", "fastest", "advice"),
    [
        (
            {"hop": "5ms"},
            0,
            2,
            "more than 2 workers are not faster: from 3 on the all-reduce takes more than is gained",
        ),
        ({"hop": "5ms", "failures": NOW_AND_THEN}, 0, 2, "from 3 on the all-reduce takes more than is gained"),
        ({"batch": 3, "workers": [1, 2], **SHORT_LINKS}, 1, 1, "from 2 on waiting for the slowest takes more than"),
        ({"failures": OFTEN}, 0, 1, "from 2 on failures and checkpoints take more than"),
    ],
)
def test_from_some_number_on_more_workers_do_not_help(keys, noise, fastest, advice):
    """Advice names the first number that is no faster, and what of it takes more than is gained."""
    answer = run_cluster(asked(**keys), job(Exponential(mean=1.0) if noise else None), seed=1)
    assert answer.fastest.workers == fastest
    assert advice in answer.advice


def test_where_samples_take_no_time_more_workers_are_of_no_use():
    """A step that is the same for any part of the batch stays as it is."""
    one = job(step=AssumedStep(0.01, 0.0, Constant(mean=1.0)), gradient_bytes=0)
    answer = run_cluster(asked(hop="0ms"), one, seed=1)
    assert answer.advice == "more than 1 workers are not faster: from 2 on what every step takes stays as it is"


def test_numbers_beyond_the_batch_are_left_out():
    """A worker without a sample is refused with a warning, and where no number is left there is no answer."""
    answer = run_cluster(asked(workers=[1, 12, 13, 20]), job(), seed=1)
    assert [row.workers for row in answer.rows] == [1, 12]
    assert answer.warnings == ("13, 20 workers are left out: a batch of 12 samples has none for some of them",)
    with pytest.raises(InputError, match=r"training.cluster.workers: expected numbers that can train; 13 workers are"):
        run_cluster(asked(workers=[13]), job(), seed=1)


def test_training_that_never_ends_is_left_out():
    """Where workers fail far more often than an interval lasts, their number is left out with the reason."""
    failures = {"mttf": "5s", "checkpoint": "1s", "interval": "30s"}
    answer = run_cluster(asked(workers=[1, 8], failures=failures), job(samples=6000), seed=1)
    assert [row.workers for row in answer.rows] == [1]
    assert answer.warnings == ("8 workers are left out: training takes them over 1,000 years",)


def test_equal_seeds_give_equal_answers_and_progress_is_told():
    """An answer hangs on its seed alone; progress counts the numbers of workers."""
    told = []
    one, two, other = (
        run_cluster(asked(workers=[1, 2]), job(Exponential(mean=1.0)), seed, lambda *done: told.append(done))
        for seed in (1, 1, 2)
    )
    assert one == two != other
    assert told[:3] == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"samples": 0}, "samples and epochs above 0, got 0 and 2"),
        ({"epochs": math.nan}, "got 600 and nan"),
        ({"step": AssumedStep(1.0, 0.0, Constant(mean=2.0))}, "a mean of 1, got 2"),
        ({"step": AssumedStep(0.0, 0.0, Constant(mean=1.0))}, "fixed or a sample's above 0; got 0 and 0"),
        ({"gradient_bytes": -1}, "at least 0 bytes, got -1"),
    ],
)
def test_impossible_jobs_are_refused(keys, message):
    """No samples, no passes, or a step that takes no time is named."""
    with pytest.raises(InputError, match=message):
        replace(job(), **keys)
